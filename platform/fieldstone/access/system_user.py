"""The user in whose name the platform itself works, and the watch over what decides about rights."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from fieldstone.context import Context, Principal
from fieldstone.database.database import Database
from fieldstone.database.system import SystemTables
from fieldstone.model.model import Model

SYSTEM_USER = UUID("00000000-0000-7000-8000-000000000001")
SYSTEM_NAME = "Fieldstone"
SYSTEM_EMAIL = "system@fieldstone.invalid"

RIGHTS_ENTITIES = ("user", "team", "role_assignment")
"""Entities whose records decide what somebody may do; so do the links of their many-to-many fields."""


def system_principal(model: Model) -> Principal:
    """The system user: holds every role, so that nothing it does for others stops half way."""
    capabilities = frozenset().union(*(role.capabilities for role in model.roles.values()))
    return Principal(
        SYSTEM_USER, SYSTEM_NAME, SYSTEM_EMAIL, roles=frozenset({"admin"}), capabilities=capabilities
    )


def system_context(
    database: Database, model: Model, *, source: str = "system", note: str | None = None
) -> Context:
    """A context in which the platform acts by itself; the history shows the system user and `source`."""
    return Context(model, database, system_principal(model), datetime.now(UTC), source=source, note=note)


def in_the_name_of_caller(context: Context, source: str, note: str | None = None) -> Context:
    """The context in which the platform writes with the rights of the system, in the name of whoever acts."""
    caller = context.acting or context.principal
    system = system_principal(context.model)
    powerful = replace(caller, roles=system.roles, capabilities=system.capabilities, limits=None)
    return replace(context, principal=powerful, acting=caller, source=source, note=note)


def ensure_system_user(connection: sa.Connection, model: Model) -> None:
    """Have the row of the system user, which every first record refers to as its creator."""
    table = model.entities["user"].table
    values = {
        "id": SYSTEM_USER,
        "name": SYSTEM_NAME,
        "email": SYSTEM_EMAIL,
        "active": False,
        "created_by": SYSTEM_USER,
        "updated_by": SYSTEM_USER,
        "_title": SYSTEM_NAME,
        "_search": SYSTEM_NAME.lower(),
    }
    known = {name: value for name, value in values.items() if name in table.c}
    connection.execute(insert(table).values(known).on_conflict_do_nothing())


def watch_rights(connection: sa.Connection, system: SystemTables, model: Model) -> None:
    """Have the database announce every change of users, teams and roles, on whatever way it was made."""
    for table in _rights_tables(model):
        quote = connection.dialect.identifier_preparer.format_table
        connection.exec_driver_sql(
            f"CREATE OR REPLACE TRIGGER rights_changed AFTER INSERT OR UPDATE OR DELETE ON {quote(table)} "
            f'FOR EACH STATEMENT EXECUTE FUNCTION "{system.schema}".rights_changed()'
        )


def _rights_tables(model: Model) -> list[sa.Table]:
    entities = [model.entities[name] for name in RIGHTS_ENTITIES if name in model.entities]
    links = [field.link.table for entity in entities for field in entity.fields.values() if field.link]
    return [*(entity.table for entity in entities), *links]
