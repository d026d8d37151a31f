"""How the system tables came to be: numbered steps, each taken once per tenant, never changed afterwards.

A step that has shipped stays as it is; a change to a system table is a new step. A test compares the result
of all steps with `database.system`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from fieldstone.errors import FieldstoneError


class NewerData(FieldstoneError):
    """The data was written by a newer Fieldstone than this one; nothing was changed."""

    status, code, title = 503, "newer_data", "The data belongs to a newer Fieldstone"


@dataclass(frozen=True)
class Migration:
    """One step. statements: SQL for a tenant's two schemas, those of its data and of its system tables."""

    version: int
    statements: Callable[[str, str], tuple[str, ...]]


def migrate(connection: sa.Connection, tenant: str) -> None:
    """Bring the system tables of `tenant` up to date, inside the caller's transaction.

    Raises NewerData if they are ahead of this program.
    """
    share_extensions(connection)
    # Two processes that start at once would otherwise both create the schemas of the tenant.
    _lock(connection, f"fieldstone.migrate.{tenant}")
    system = f"{tenant}_system"
    done = _done(connection, system)
    newest = MIGRATIONS[-1].version
    if done > newest:
        raise NewerData(
            f"The data was written by a newer Fieldstone (its tables are at step {done}, this one knows "
            f"{newest}). Nothing was changed. Use the newer Fieldstone, or another FIELDSTONE_HOME or "
            "FIELDSTONE_DATABASE_URL."
        )
    for migration in MIGRATIONS[done:]:
        for statement in migration.statements(tenant, system):
            connection.exec_driver_sql(statement)
        connection.execute(
            sa.text(f'INSERT INTO "{system}".migration (version) VALUES (:version)'),  # noqa: S608  # tenant names are checked
            {"version": migration.version},
        )


def share_extensions(connection: sa.Connection) -> None:
    """Install what all tenants of a database use, if it is not there yet.

    Whoever installs it in a long transaction has everybody else wait, so such a one has it done before.
    """
    installed = sa.text("SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'")
    if connection.scalar(installed) is None:
        _lock(connection, "fieldstone.extensions")
        connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS pg_trgm")


def _lock(connection: sa.Connection, name: str) -> None:
    """Keep others who lock this name waiting until the transaction ends."""
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(name, 0))))


def is_up_to_date(connection: sa.Connection, tenant: str) -> bool:
    """Whether all steps have been taken for `tenant`."""
    return _done(connection, f"{tenant}_system") == MIGRATIONS[-1].version


def _done(connection: sa.Connection, system: str) -> int:
    # Asked of the catalog's rows: a name that another process has just made is not yet known by name.
    exists = sa.text(
        "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = :schema AND c.relname = 'migration'"
    )
    if connection.scalar(exists, {"schema": system}) is None:
        return 0
    found = connection.scalar(sa.text(f'SELECT max(version) FROM "{system}".migration'))  # noqa: S608  # tenant names are checked
    return int(found or 0)


_RIGHTS_CHANGED = """CREATE FUNCTION rights_changed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE "{system}".access SET epoch = epoch + 1;
        PERFORM pg_notify('{system}', 'access');
        RETURN NULL;
    END $$"""


def _first(data: str, system: str) -> tuple[str, ...]:
    return (
        "CREATE EXTENSION IF NOT EXISTS pg_trgm",
        f'CREATE SCHEMA "{data}"',
        f'CREATE SCHEMA "{system}"',
        f'SET LOCAL search_path = "{system}", public',
        """CREATE TABLE migration (
            version integer PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())""",
        """CREATE TABLE publication (
            version integer PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), author uuid NOT NULL,
            note text NOT NULL, fieldstone_version text NOT NULL, checksum text NOT NULL)""",
        """CREATE TABLE current (
            "only" boolean PRIMARY KEY DEFAULT true CHECK ("only"), version integer NOT NULL)""",
        """CREATE TABLE access (
            "only" boolean PRIMARY KEY DEFAULT true CHECK ("only"), epoch bigint NOT NULL)""",
        "CREATE TABLE content (checksum text PRIMARY KEY, text text NOT NULL)",
        """CREATE TABLE document (
            publication integer REFERENCES publication, layer_position integer, position integer,
            layer text NOT NULL, path text NOT NULL, checksum text NOT NULL REFERENCES content,
            PRIMARY KEY (publication, layer_position, position))""",
        """CREATE TABLE history (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, entity text NOT NULL, record uuid NOT NULL,
            version integer NOT NULL, at timestamptz NOT NULL DEFAULT now(), actor uuid NOT NULL,
            source text NOT NULL, note text, action text NOT NULL, transition text, changes jsonb NOT NULL,
            cause uuid)""",
        "CREATE INDEX history_of_a_record ON history (entity, record, id)",
        "CREATE INDEX history_by_cause ON history (cause) WHERE cause IS NOT NULL",
        """CREATE TABLE outbox (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(),
            entity text NOT NULL, record uuid NOT NULL, action text NOT NULL, version integer NOT NULL,
            actor uuid NOT NULL, transaction xid8 NOT NULL DEFAULT pg_current_xact_id())""",
        """CREATE TABLE counter (
            entity text, field text, period text, value bigint NOT NULL,
            PRIMARY KEY (entity, field, period))""",
        """CREATE TABLE idempotency (
            "user" uuid, key text, fingerprint bytea NOT NULL, status integer, headers jsonb, body bytea,
            at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY ("user", key))""",
        "CREATE INDEX idempotency_by_age ON idempotency (at)",
        """CREATE TABLE token (
            id uuid PRIMARY KEY DEFAULT uuidv7(), hash bytea NOT NULL UNIQUE, "user" uuid NOT NULL,
            name text NOT NULL, created_at timestamptz NOT NULL DEFAULT now(), created_by uuid NOT NULL,
            expires_at timestamptz, revoked_at timestamptz, entities text[], verbs text[])""",
        'CREATE INDEX token_of_a_user ON token ("user")',
        """CREATE TABLE credential (
            "user" uuid PRIMARY KEY, password_hash text NOT NULL, session_epoch integer NOT NULL DEFAULT 1,
            changed_at timestamptz NOT NULL DEFAULT now())""",
        "CREATE TABLE secret (name text PRIMARY KEY, value bytea NOT NULL)",
        "INSERT INTO current (version) VALUES (0)",
        "INSERT INTO access (epoch) VALUES (1)",
        _RIGHTS_CHANGED.replace("{system}", system),
        """CREATE TRIGGER rights_changed AFTER INSERT OR UPDATE OR DELETE ON token
            FOR EACH STATEMENT EXECUTE FUNCTION rights_changed()""",
        """CREATE TRIGGER rights_changed AFTER INSERT OR UPDATE OR DELETE ON credential
            FOR EACH STATEMENT EXECUTE FUNCTION rights_changed()""",
        "SET LOCAL search_path = DEFAULT",
    )


def _operations_and_feed(_data: str, system: str) -> tuple[str, ...]:
    """What one call did as a whole, and the places of changes in the feed."""
    return (
        f'SET LOCAL search_path = "{system}", public',
        """CREATE TABLE operation (
            id uuid PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), actor uuid NOT NULL,
            action text NOT NULL, entity text NOT NULL, note text, undoes uuid)""",
        "CREATE INDEX operation_undoing ON operation (undoes) WHERE undoes IS NOT NULL",
        "ALTER TABLE history ADD operation uuid",
        "CREATE INDEX history_of_an_operation ON history (operation, id) WHERE operation IS NOT NULL",
        "ALTER TABLE outbox ADD operation uuid",
        "ALTER TABLE outbox ADD place bigint",
        "CREATE UNIQUE INDEX outbox_by_place ON outbox (place)",
        "CREATE INDEX outbox_without_place ON outbox (id) WHERE place IS NULL",
        """CREATE TABLE feed (
            "only" boolean PRIMARY KEY DEFAULT true CHECK ("only"), place bigint NOT NULL)""",
        "INSERT INTO feed (place) VALUES (0)",
        "SET LOCAL search_path = DEFAULT",
    )


def _workflow(_data: str, system: str) -> tuple[str, ...]:
    """Approvals of transitions, and time limits of states."""
    return (
        f'SET LOCAL search_path = "{system}", public',
        """CREATE TABLE approval (
            id uuid PRIMARY KEY DEFAULT uuidv7(), entity text NOT NULL, record uuid NOT NULL,
            field text NOT NULL, transition text NOT NULL, requester uuid NOT NULL,
            requested_at timestamptz NOT NULL DEFAULT now(), sent jsonb NOT NULL, status text NOT NULL,
            round integer NOT NULL, step integer NOT NULL, closed_at timestamptz, closed_by uuid,
            reason text)""",
        "CREATE UNIQUE INDEX approval_pending ON approval (entity, record, field) WHERE status = 'pending'",
        "CREATE INDEX approval_waiting ON approval (requested_at) WHERE status = 'pending'",
        "CREATE INDEX approval_of_a_record ON approval (entity, record, id)",
        """CREATE TABLE approval_decision (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            approval uuid NOT NULL REFERENCES approval ON DELETE CASCADE, round integer NOT NULL,
            step integer NOT NULL, decider uuid NOT NULL, seats uuid[] NOT NULL, decision text NOT NULL,
            reason text, at timestamptz NOT NULL DEFAULT now())""",
        "CREATE INDEX decisions_of_an_approval ON approval_decision (approval, id)",
        """CREATE TABLE time_limit (
            entity text, record uuid, state text NOT NULL, entered_at timestamptz NOT NULL DEFAULT now(),
            due_at timestamptz NOT NULL, PRIMARY KEY (entity, record))""",
        "CREATE INDEX time_limit_by_moment ON time_limit (due_at)",
        "SET LOCAL search_path = DEFAULT",
    )


def _shares(_data: str, system: str) -> tuple[str, ...]:
    """Records that were shared one by one."""
    return (
        f'SET LOCAL search_path = "{system}", public',
        """CREATE TABLE share (
            id uuid PRIMARY KEY, entity text NOT NULL, record uuid NOT NULL, verb text NOT NULL,
            receiver uuid, receiver_entity text, role text, sharer uuid NOT NULL,
            sharer_roles text[] NOT NULL, sharer_teams uuid[] NOT NULL,
            at timestamptz NOT NULL DEFAULT now(), expires_at timestamptz,
            CHECK ((receiver IS NULL) <> (role IS NULL)))""",
        "CREATE INDEX share_of_a_record ON share (entity, record)",
        "CREATE INDEX share_by_receiver ON share (receiver, entity) WHERE receiver IS NOT NULL",
        "CREATE INDEX share_by_role ON share (role, entity) WHERE role IS NOT NULL",
        "CREATE INDEX share_by_sharer ON share (sharer)",
        "SET LOCAL search_path = DEFAULT",
    )


def _table_states(_data: str, system: str) -> tuple[str, ...]:
    """What publications left of each table."""
    return (f'CREATE TABLE "{system}".table_state (name text PRIMARY KEY, digest text NOT NULL)',)


def _ended_shares(_data: str, system: str) -> tuple[str, ...]:
    """Shares that were taken back or replaced: the feed tells by them who has lost sight of what."""
    return (f'ALTER TABLE "{system}".share ADD COLUMN ended_at timestamptz',)


def _drafts(_data: str, system: str) -> tuple[str, ...]:
    """What authors have changed and not published."""
    return (
        f"""CREATE TABLE "{system}".draft (
            author uuid, layer text, path text, text text, base text REFERENCES "{system}".content,
            at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (author, layer, path))""",
    )


def _archive(_data: str, system: str) -> tuple[str, ...]:
    """What publications removed."""
    return (
        f'CREATE SCHEMA "{system.removesuffix("_system")}_archive"',
        f"""CREATE TABLE "{system}".archive (
            name text PRIMARY KEY, publication integer NOT NULL, at timestamptz NOT NULL DEFAULT now(),
            kind text NOT NULL, entity text NOT NULL, field text, rows bigint NOT NULL)""",
    )


def _unfinished(_data: str, system: str) -> tuple[str, ...]:
    """What publications left to be done in the background."""
    return (
        f"""CREATE TABLE "{system}".unfinished (
            place bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, publication integer NOT NULL,
            at timestamptz NOT NULL DEFAULT now(), kind text NOT NULL, "table" text NOT NULL,
            names text[] NOT NULL, after uuid, done bigint NOT NULL DEFAULT 0,
            total bigint NOT NULL DEFAULT 0, problem text, UNIQUE (kind, "table"))""",
    )


def _names_of_the_archived(_data: str, system: str) -> tuple[str, ...]:
    """What rows call it, while `entity` and `field` say where it belongs: they follow later renames."""
    return (
        f'ALTER TABLE "{system}".archive ADD COLUMN called text',
        f'UPDATE "{system}".archive SET called = coalesce(field, entity)',  # noqa: S608  # tenant names are checked
        f'ALTER TABLE "{system}".archive ALTER COLUMN called SET NOT NULL',
    )


MIGRATIONS: tuple[Migration, ...] = (
    Migration(1, _first),
    Migration(2, _operations_and_feed),
    Migration(3, _workflow),
    Migration(4, _shares),
    Migration(5, _table_states),
    Migration(6, _ended_shares),
    Migration(7, _drafts),
    Migration(8, _archive),
    Migration(9, _unfinished),
    Migration(10, _names_of_the_archived),
)
