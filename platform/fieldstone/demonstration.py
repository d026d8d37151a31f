"""What a demonstration holds: a template, people to log in as, and generated records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from fieldstone import records
from fieldstone.access.system_user import SYSTEM_USER, system_context
from fieldstone.access.users import create_user, find_user, team_named
from fieldstone.context import Context
from fieldstone.database.database import Database
from fieldstone.database.joined import JoinedDatabase
from fieldstone.errors import Conflict
from fieldstone.model.model import Model
from fieldstone.plugins import plugin_manager
from fieldstone.publication.current import load_model
from fieldstone.publication.data import load_demo_data
from fieldstone.publication.store import current_version
from fieldstone_metadata import template_layer

PASSWORD = "fieldstone demo"  # noqa: S105  # printed for everybody; a demonstration has no secrets
HEAD_TEAM = "Sales"


@dataclass(frozen=True)
class LogIn:
    """Somebody to log in as.

    title: what the demonstration calls them. boss: the e-mail address of the manager.
    """

    title: str
    name: str
    email: str
    roles: tuple[str, ...]
    teams: tuple[str, ...] = ()
    boss: str | None = None


ADMIN = LogIn("Admin", "Ingrid Moen", "admin@northgate.example", ("admin",))
_MANAGER = LogIn("Manager", "Dana Petrova", "manager@northgate.example", ("sales_manager",), (HEAD_TEAM,))
LOG_INS = {
    "sales": (
        ADMIN,
        _MANAGER,
        LogIn("Rep", "Ann Keller", "rep@northgate.example", ("sales_rep",), ("North",), _MANAGER.email),
        LogIn("Rep", "Emil Sand", "rep2@northgate.example", ("sales_rep",), ("South",), _MANAGER.email),
    )
}
"""Template → the people of its demonstration; a template that is not named here has the admin only."""


def log_ins(template: str) -> tuple[LogIn, ...]:
    """The people of a template's demonstration, those with the most rights first."""
    return LOG_INS.get(template, (ADMIN,))


def publish_template(database: Database, template: str) -> Model:
    """Have the template published, if nothing is yet; the model in force.

    Raises Conflict where something else is published: a demonstration leaves other people's data alone.
    """
    with database.read() as connection:
        version = current_version(connection, database.system)
    if version == 0:
        from fieldstone.publication.apply import apply  # noqa: PLC0415  # costs half a second at every later start

        layers = [template_layer(template)]
        version = apply(database, layers, author=SYSTEM_USER, note=f"Demonstration of {template}").version
    model = load_model(database, version)
    if template not in model.application.apps:
        raise Conflict(
            f"This installation holds other apps than {template}, and they are left alone. "
            "Set FIELDSTONE_HOME to an empty folder for a demonstration.",
            code="not_a_demonstration",
        )
    return model


def has_people(database: Database, model: Model) -> bool:
    """Whether the demonstration was filled: the admin is made in the same transaction as all its records."""
    return find_user(database, model, ADMIN.email) is not None


def fill(database: Database, model: Model, template: str, size: str) -> int:
    """Make the people and the records of a demonstration, all or none; the number of records made."""
    with database.transaction() as connection:
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        context = system_context(JoinedDatabase(database, connection), model, source="import")
        context = replace(context, note="demonstration data")
        _make_people(context, log_ins(template))
        loaded = load_demo_data(context)
        made: list[int] = plugin_manager().hook.fieldstone_demo_data(
            context=context, template=template, size=size
        )
        return loaded + sum(made)


def _make_people(context: Context, people: Sequence[LogIn]) -> None:
    _make_teams(context, people)
    made: dict[str, UUID] = {}
    for person in people:
        made[person.email] = create_user(
            context,
            email=person.email,
            name=person.name,
            password=PASSWORD,
            roles=person.roles,
            teams=person.teams,
        )
    bosses = [
        records.Change(made[person.email], {"manager": {"id": str(made[person.boss]), "entity": "user"}})
        for person in people
        if person.boss
    ]
    if bosses:
        records.update(context, "user", bosses)


def _make_teams(context: Context, people: Sequence[LogIn]) -> None:
    """The teams of all people; all stand below the head team, so that its members see what they do."""
    names = dict.fromkeys(team for person in people for team in person.teams if team != HEAD_TEAM)
    if names:
        head = {"id": str(team_named(context, HEAD_TEAM)), "entity": "team"}
        records.create(context, "team", [{"name": name, "parent": head} for name in names])
