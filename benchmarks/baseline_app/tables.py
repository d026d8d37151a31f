"""The tables as somebody would declare them by hand; only what the application uses."""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData(schema="main")

user = sa.Table(
    "user",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("name", sa.Text),
)
team = sa.Table(
    "team",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("name", sa.Text),
)
account = sa.Table(
    "account",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("name", sa.Text),
    sa.Column("deleted_at", sa.DateTime(timezone=True)),
)
opportunity = sa.Table(
    "opportunity",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True, server_default=sa.func.uuidv7()),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("account", sa.ForeignKey(account.c.id), nullable=False),
    sa.Column("stage", sa.Text, default="prospecting"),
    sa.Column("amount", sa.Numeric(19, 4)),
    sa.Column("currency", sa.String(3)),
    sa.Column("discount", sa.Numeric(12, 4), default=0),
    sa.Column("close_date", sa.Date),
    sa.Column("next_step", sa.Text),
    sa.Column("description", sa.Text),
    sa.Column("lost_reason", sa.Text),
    sa.Column("owner", sa.ForeignKey(user.c.id)),
    sa.Column("team", sa.Uuid),
    sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now()),
    sa.Column("created_by", sa.Uuid),
    sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.func.now()),
    sa.Column("updated_by", sa.Uuid),
    sa.Column("version", sa.Integer, server_default="1"),
    sa.Column("deleted_at", sa.DateTime(timezone=True)),
    sa.Column("_title", sa.Text),
)
token = sa.Table(
    "token",
    sa.MetaData(schema="main_system"),
    sa.Column("hash", sa.LargeBinary),
    sa.Column("user", sa.Uuid),
)
