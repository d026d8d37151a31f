"""What a database is like, read from the catalogue of PostgreSQL and from its rows, without the product."""

from __future__ import annotations

from fieldstone_testing.apps import App

OURS = "n.nspname LIKE 'main%'"
_CATALOGUE = f"""
    SELECT 'column', n.nspname, c.relname, concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod),
        a.attnotnull, a.attcollation::regcollation, pg_get_expr(d.adbin, d.adrelid))
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE {OURS} AND c.relkind IN ('r', 'p', 'v', 'S') AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT 'constraint', n.nspname, c.relname, concat_ws(' ', o.conname, o.convalidated, o.conenforced,
        pg_get_constraintdef(o.oid))
    FROM pg_constraint o JOIN pg_class c ON c.oid = o.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE {OURS}
    UNION ALL
    SELECT 'index', n.nspname, c.relname, concat_ws(' ', i.indisvalid, pg_get_indexdef(i.indexrelid))
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE {OURS}
    UNION ALL
    SELECT 'trigger', n.nspname, c.relname, concat_ws(' ', t.tgenabled, pg_get_triggerdef(t.oid))
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE {OURS} AND NOT t.tgisinternal
    ORDER BY 1, 2, 3, 4
"""
_TABLES = f"""
    SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE {OURS} AND c.relkind = 'r' ORDER BY 1
"""


def catalogue(app: App) -> list[tuple[object, ...]]:
    """All columns, constraints, indexes and triggers of an app: what they are and how they are defined."""
    return [tuple(row) for row in app.sql(_CATALOGUE.replace(":", r"\:"))]


def contents(app: App) -> dict[str, object]:
    """Table → what tells its rows from others, of all tables of an app."""
    tables = [str(name) for (name,) in app.sql(_TABLES)]
    digests = (
        f"SELECT '{name}', md5(string_agg(t::text, ' ' ORDER BY t::text)) FROM {name} t" for name in tables
    )
    return {str(name): digest for name, digest in app.sql(" UNION ALL ".join(digests).replace(":", r"\:"))}
