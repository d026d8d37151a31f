"""The platform's own tables: publications, history, outbox, tokens…, in the schema `{tenant}_system`.

They are fixed, unlike the tables of entities, and change only through `database.migrations`.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

_NOW = sa.func.now()


@dataclass(frozen=True)
class SystemTables:
    """The system tables of one tenant.

    current: one row, the version in force; writers share it, a publisher takes it alone.
    access: one row, the epoch, which changes whenever rights may have changed.
    history: cause is the record whose move to the recycle bin changed this one too; operation, the call that
    made the change among others.
    outbox: place is that in the feed, given after the commit. feed: one row, the last place given.
    operation: what one call did as a whole, such as an import; undoes is the operation that it took back.
    counter: the last number given to a sequence field, per period.
    share: a record opened to a user or team (receiver) or a role; sharer_roles, sharer_teams: what the one
    who did so holds now, because nobody may do more by a share than its sharer; ended_at: when it was
        taken back or replaced.
    content: texts of documents by their SHA-256, so that publications share what did not change.
    table_state: what the last publication left of each table of records, as a digest.
    unfinished: what publications left to be done in the background. kind: "values" (names: the kept values to
    compute for the records of `table`; after: the last one that has them; done, total: how many), "table"
    (names: the indexes and constraints still to build), "promised" (an index that is built before its
    publication); problem: what keeps it from being done.
    draft: files that an author has changed and not published; text is null for one that is to go, base the
    checksum of the published text that the change began from.
    archive: what publications removed, each in a table of the schema `archive_schema`. kind: "table", "links"
    or "columns" (of the field); rows: how many it held.
    approval: requests for the approval of a transition; at most one of a record and field is pending.
    time_limit: when a record becomes overdue in the state that it is in.
    """

    schema: str
    metadata: sa.MetaData
    migration: sa.Table
    publication: sa.Table
    current: sa.Table
    access: sa.Table
    content: sa.Table
    document: sa.Table
    table_state: sa.Table
    unfinished: sa.Table
    draft: sa.Table
    archive: sa.Table
    history: sa.Table
    outbox: sa.Table
    feed: sa.Table
    operation: sa.Table
    counter: sa.Table
    idempotency: sa.Table
    approval: sa.Table
    approval_decision: sa.Table
    time_limit: sa.Table
    token: sa.Table
    credential: sa.Table
    secret: sa.Table
    share: sa.Table

    @property
    def archive_schema(self) -> str:
        """Where the tables of the archive are."""
        return f"{self.schema.removesuffix('_system')}_archive"


@functools.cache
def system_tables(tenant: str) -> SystemTables:
    """The system tables of `tenant`, the same objects each time."""
    metadata = sa.MetaData(schema=f"{tenant}_system")
    return SystemTables(
        schema=f"{tenant}_system",
        metadata=metadata,
        migration=sa.Table("migration", metadata, _key("version", sa.Integer), _moment("at")),
        **_publication_tables(metadata),
        **_publishing_tables(metadata),
        **_history_tables(metadata),
        **_feed_tables(metadata),
        **_write_tables(metadata),
        **_workflow_tables(metadata),
        **_access_tables(metadata),
    )


def _publication_tables(metadata: sa.MetaData) -> dict[str, sa.Table]:
    schema = metadata.schema
    return {
        "publication": sa.Table(
            "publication",
            metadata,
            _key("version", sa.Integer),
            _moment("at"),
            sa.Column("author", UUID, nullable=False),
            sa.Column("note", sa.Text, nullable=False),
            sa.Column("fieldstone_version", sa.Text, nullable=False),
            sa.Column("checksum", sa.Text, nullable=False),
        ),
        "current": sa.Table(
            "current",
            metadata,
            _only_row(),
            sa.Column("version", sa.Integer, nullable=False),
        ),
        "content": sa.Table("content", metadata, _key("checksum", sa.Text), _text("text")),
        "document": sa.Table(
            "document",
            metadata,
            sa.Column("publication", sa.ForeignKey(f"{schema}.publication.version"), primary_key=True),
            _key("layer_position", sa.Integer),
            _key("position", sa.Integer),
            _text("layer"),
            _text("path"),
            sa.Column("checksum", sa.ForeignKey(f"{schema}.content.checksum"), nullable=False),
        ),
    }


def _publishing_tables(metadata: sa.MetaData) -> dict[str, sa.Table]:
    schema = metadata.schema
    return {
        "archive": sa.Table(
            "archive",
            metadata,
            _key("name", sa.Text),
            sa.Column("publication", sa.Integer, nullable=False),
            _moment("at"),
            _text("kind"),
            _text("entity"),
            sa.Column("field", sa.Text),
            sa.Column("rows", sa.BigInteger, nullable=False),
            _text("called"),
        ),
        "table_state": sa.Table("table_state", metadata, _key("name", sa.Text), _text("digest")),
        "unfinished": sa.Table(
            "unfinished",
            metadata,
            sa.Column("place", sa.BigInteger, sa.Identity(always=True), primary_key=True),
            sa.Column("publication", sa.Integer, nullable=False),
            _moment("at"),
            _text("kind"),
            _text("table"),
            sa.Column("names", ARRAY(sa.Text), nullable=False),
            sa.Column("after", UUID),
            sa.Column("done", sa.BigInteger, nullable=False, server_default=sa.text("0")),
            sa.Column("total", sa.BigInteger, nullable=False, server_default=sa.text("0")),
            sa.Column("problem", sa.Text),
            sa.UniqueConstraint("kind", "table"),
        ),
        "draft": sa.Table(
            "draft",
            metadata,
            _key("author", UUID),
            _key("layer", sa.Text),
            _key("path", sa.Text),
            sa.Column("text", sa.Text),
            sa.Column("base", sa.ForeignKey(f"{schema}.content.checksum")),
            _moment("at"),
        ),
    }


def _history_tables(metadata: sa.MetaData) -> dict[str, sa.Table]:
    return {
        "history": sa.Table(
            "history",
            metadata,
            sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
            _text("entity"),
            sa.Column("record", UUID, nullable=False),
            sa.Column("version", sa.Integer, nullable=False),
            _moment("at"),
            sa.Column("actor", UUID, nullable=False),
            _text("source"),
            sa.Column("note", sa.Text),
            _text("action"),
            sa.Column("transition", sa.Text),
            sa.Column("changes", JSONB, nullable=False),
            sa.Column("cause", UUID),
            sa.Column("operation", UUID),
            sa.Index("history_of_a_record", "entity", "record", "id"),
            sa.Index("history_by_cause", "cause", postgresql_where=sa.text("cause IS NOT NULL")),
            sa.Index(
                "history_of_an_operation",
                "operation",
                "id",
                postgresql_where=sa.text("operation IS NOT NULL"),
            ),
        ),
        "operation": sa.Table(
            "operation",
            metadata,
            _key("id", UUID),
            _moment("at"),
            sa.Column("actor", UUID, nullable=False),
            _text("action"),
            _text("entity"),
            sa.Column("note", sa.Text),
            sa.Column("undoes", UUID),
            sa.Index("operation_undoing", "undoes", postgresql_where=sa.text("undoes IS NOT NULL")),
        ),
    }


def _feed_tables(metadata: sa.MetaData) -> dict[str, sa.Table]:
    return {
        "outbox": sa.Table(
            "outbox",
            metadata,
            sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
            _moment("at"),
            _text("entity"),
            sa.Column("record", UUID, nullable=False),
            _text("action"),
            sa.Column("version", sa.Integer, nullable=False),
            sa.Column("actor", UUID, nullable=False),
            sa.Column(
                "transaction",
                XID8,
                nullable=False,
                server_default=sa.func.pg_current_xact_id(),
            ),
            sa.Column("operation", UUID),
            sa.Column("place", sa.BigInteger),
            sa.Index("outbox_by_place", "place", unique=True),
            sa.Index("outbox_without_place", "id", postgresql_where=sa.text("place IS NULL")),
        ),
        "feed": sa.Table("feed", metadata, _only_row(), sa.Column("place", sa.BigInteger, nullable=False)),
    }


def _write_tables(metadata: sa.MetaData) -> dict[str, sa.Table]:
    return {
        "counter": sa.Table(
            "counter",
            metadata,
            _key("entity", sa.Text),
            _key("field", sa.Text),
            _key("period", sa.Text),
            sa.Column("value", sa.BigInteger, nullable=False),
        ),
        "idempotency": sa.Table(
            "idempotency",
            metadata,
            _key("user", UUID),
            _key("key", sa.Text),
            sa.Column("fingerprint", sa.LargeBinary, nullable=False),
            sa.Column("status", sa.Integer),
            sa.Column("headers", JSONB),
            sa.Column("body", sa.LargeBinary),
            _moment("at"),
            sa.Index("idempotency_by_age", "at"),
        ),
    }


def _workflow_tables(metadata: sa.MetaData) -> dict[str, sa.Table]:
    pending = sa.text("status = 'pending'")
    return {
        "approval": sa.Table(
            "approval",
            metadata,
            _key("id", UUID, server_default=sa.func.uuidv7()),
            _text("entity"),
            sa.Column("record", UUID, nullable=False),
            _text("field"),
            _text("transition"),
            sa.Column("requester", UUID, nullable=False),
            _moment("requested_at"),
            sa.Column("sent", JSONB, nullable=False),
            _text("status"),
            sa.Column("round", sa.Integer, nullable=False),
            sa.Column("step", sa.Integer, nullable=False),
            sa.Column("closed_at", sa.DateTime(timezone=True)),
            sa.Column("closed_by", UUID),
            sa.Column("reason", sa.Text),
            sa.Index("approval_pending", "entity", "record", "field", unique=True, postgresql_where=pending),
            sa.Index("approval_waiting", "requested_at", postgresql_where=pending),
            sa.Index("approval_of_a_record", "entity", "record", "id"),
        ),
        "approval_decision": sa.Table(
            "approval_decision",
            metadata,
            sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
            sa.Column(
                "approval",
                sa.ForeignKey(f"{metadata.schema}.approval.id", ondelete="CASCADE"),
                nullable=False,
            ),
            sa.Column("round", sa.Integer, nullable=False),
            sa.Column("step", sa.Integer, nullable=False),
            sa.Column("decider", UUID, nullable=False),
            sa.Column("seats", ARRAY(UUID), nullable=False),
            _text("decision"),
            sa.Column("reason", sa.Text),
            _moment("at"),
            sa.Index("decisions_of_an_approval", "approval", "id"),
        ),
        "time_limit": sa.Table(
            "time_limit",
            metadata,
            _key("entity", sa.Text),
            _key("record", UUID),
            _text("state"),
            _moment("entered_at"),
            sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
            sa.Index("time_limit_by_moment", "due_at"),
        ),
    }


def _access_tables(metadata: sa.MetaData) -> dict[str, sa.Table]:
    return {
        "share": _share_table(metadata),
        "access": sa.Table(
            "access", metadata, _only_row(), sa.Column("epoch", sa.BigInteger, nullable=False)
        ),
        "token": sa.Table(
            "token",
            metadata,
            _key("id", UUID, server_default=sa.func.uuidv7()),
            sa.Column("hash", sa.LargeBinary, nullable=False, unique=True),
            sa.Column("user", UUID, nullable=False),
            _text("name"),
            _moment("created_at"),
            sa.Column("created_by", UUID, nullable=False),
            sa.Column("expires_at", sa.DateTime(timezone=True)),
            sa.Column("revoked_at", sa.DateTime(timezone=True)),
            sa.Column("entities", ARRAY(sa.Text)),
            sa.Column("verbs", ARRAY(sa.Text)),
            sa.Index("token_of_a_user", "user"),
        ),
        "credential": sa.Table(
            "credential",
            metadata,
            _key("user", UUID),
            _text("password_hash"),
            sa.Column("session_epoch", sa.Integer, nullable=False, server_default=sa.text("1")),
            _moment("changed_at"),
        ),
        "secret": sa.Table(
            "secret",
            metadata,
            _key("name", sa.Text),
            sa.Column("value", sa.LargeBinary, nullable=False),
        ),
    }


def _share_table(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "share",
        metadata,
        _key("id", UUID),
        _text("entity"),
        sa.Column("record", UUID, nullable=False),
        _text("verb"),
        sa.Column("receiver", UUID),
        sa.Column("receiver_entity", sa.Text),
        sa.Column("role", sa.Text),
        sa.Column("sharer", UUID, nullable=False),
        sa.Column("sharer_roles", ARRAY(sa.Text), nullable=False),
        sa.Column("sharer_teams", ARRAY(UUID), nullable=False),
        _moment("at"),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("(receiver IS NULL) <> (role IS NULL)"),
        sa.Index("share_of_a_record", "entity", "record"),
        sa.Index("share_by_receiver", "receiver", "entity", postgresql_where=sa.text("receiver IS NOT NULL")),
        sa.Index("share_by_role", "role", "entity", postgresql_where=sa.text("role IS NOT NULL")),
        sa.Index("share_by_sharer", "sharer"),
    )


class XID8(sa.types.UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction number."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The name of the type in DDL."""
        return "xid8"


def _key(name: str, kind: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=True, autoincrement=False, **options)


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=False)


def _moment(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, server_default=_NOW)


def _only_row() -> sa.Column[Any]:
    """The key of a table that has one row, and cannot have two."""
    return sa.Column(
        "only", sa.Boolean, sa.CheckConstraint("only"), primary_key=True, server_default=sa.true()
    )
