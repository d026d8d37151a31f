"""Whether rows, history and outbox tell the same, seen in the tables themselves."""

from __future__ import annotations

from fieldstone_testing.apps import App

_CONTRADICTIONS = """
WITH told AS (
  SELECT record, version, action, id FROM main_system.history AS entry WHERE entity = '{entity}'
  AND NOT EXISTS (SELECT FROM main_system.history WHERE record = entry.record AND action = 'purge')
), sent AS (
  SELECT record, version, action FROM main_system.outbox AS entry WHERE entity = '{entity}'
  AND action <> 'recompute'
  AND NOT EXISTS (SELECT FROM main_system.history WHERE record = entry.record AND action = 'purge')
)
SELECT record, 'in the history and not in the outbox' FROM (
  SELECT record, version, action FROM told EXCEPT ALL SELECT record, version, action FROM sent) AS missing
UNION ALL
SELECT record, 'in the outbox and not in the history' FROM (
  SELECT record, version, action FROM sent EXCEPT ALL SELECT record, version, action FROM told) AS missing
UNION ALL
SELECT record, 'versions in the history: ' || array_agg(version ORDER BY id)::text FROM told
WHERE action NOT IN ('share', 'unshare') GROUP BY record
HAVING array_agg(version ORDER BY id) <> array(SELECT generate_series(1, count(version)::integer))
UNION ALL
SELECT coalesce(stored.id, newest.record), 'version of the row and of its history differ'
FROM main."{entity}" AS stored
FULL JOIN (SELECT record, max(version) AS version FROM told GROUP BY record) AS newest
  ON newest.record = stored.id
WHERE stored.version IS DISTINCT FROM newest.version
"""


def contradictions(app: App, *entities: str) -> list[tuple[object, ...]]:
    """Where rows of these entities, their history and the outbox tell different things: (record, what).

    Purged records are left out, and so are values computed anew because of others: only the feed tells of
    those. For entities without approvals, whose requests stand in the history alone.
    """
    return [tuple(found) for name in entities for found in app.sql(_CONTRADICTIONS.replace("{entity}", name))]


_UNEXPLAINED = """
WITH told AS (
  SELECT entry.id, record, field.key AS name, field.value->0 AS before, field.value->1 AS after,
    lag(field.value->1) OVER fields AS prior, lead(entry.id) OVER fields IS NULL AS newest
  FROM main_system.history AS entry, jsonb_each(entry.changes) AS field
  WHERE entity = '{entity}' AND field.key IN ({fields})
  WINDOW fields AS (PARTITION BY record, field.key ORDER BY entry.id)
)
SELECT told.record, told.name, 'does not begin where the change before ended' FROM told
WHERE coalesce(prior, 'null') <> before
UNION ALL
SELECT told.record, told.name, 'is not what the history tells last' FROM told
JOIN main."{entity}" AS stored ON stored.id = told.record
WHERE newest
AND coalesce(after->>'id', after#>>'{{}}') IS DISTINCT FROM to_jsonb(stored)->>told.name
"""


def unexplained(app: App, entity: str, *fields: str) -> list[tuple[object, ...]]:
    """Values that the history, replayed from its beginning, does not explain: (record, field, what).

    fields: texts, whole numbers, choices and references.
    """
    names = ", ".join(f"'{name}'" for name in fields)
    return [tuple(found) for found in app.sql(_UNEXPLAINED.format(entity=entity, fields=names))]
