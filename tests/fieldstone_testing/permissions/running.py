"""Publishing a generated world and filling it: once for all endpoints and all users."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import Flask

from fieldstone import records
from fieldstone.access.users import team_named
from fieldstone.context import TokenLimits
from fieldstone.files.content import examine
from fieldstone.records import Change
from fieldstone_rules.types import Ref
from fieldstone_testing import ApiClient, App
from fieldstone_testing.permissions import writes
from fieldstone_testing.permissions.documents import APP, AROUND, FIELDS
from fieldstone_testing.permissions.probes import VIEWED, where
from fieldstone_testing.permissions.worlds import (
    ABOVE,
    Grant,
    Limits,
    Narrowing,
    Operation,
    Record,
    Role,
    State,
    World,
)

VERBS = ("create", "read", "update", "delete", "assign", "share")


@dataclass
class Running:
    """A published and filled world, with what the oracle knows of it.

    ids: name → id of records, users, teams and files. clients: user → their client. start: the place in the
    feed, from which on things happen. moments: the instants of the state's moments. bulks: the ids of bulk
    calls as operations. outcomes: what became of everything that was tried.
    """

    app: App
    web: Flask
    state: State
    clients: dict[str, ApiClient] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    start: str = ""
    moments: list[datetime] = field(default_factory=list)
    bulks: list[str | None] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)

    def is_later(self, moment: str) -> bool:
        """Whether something happened after the world was filled."""
        return datetime.fromisoformat(moment) > self.moments[0]

    def note_within(self, operation: Operation) -> None:
        """Remember which ids what was sent with a deal has."""
        if "lines" in operation.values:
            self._note_lines(operation.record)
        if "people" in operation.values:
            found = self.clients["observer"].get("/data/seat?limit=1000&fields=name").json["data"]
            self.ids |= {one["name"]: one["id"] for one in found}

    def _note_lines(self, deal: str) -> None:
        """What lives in a deal is called by what it says."""
        around = [self.clients["observer"].get(f"/data/deal/{self.ids[deal]}").json]
        while around:
            inner = around.pop()
            for one in (*inner.get("lines", ()), *inner.get("parts", ())):
                self.ids[one["item"]] = one["id"]
                around.append(one)

    def note_moment(self) -> None:
        """Remember how everything is at this moment."""
        self.state.note_moment()
        self.moments.append(datetime.now(UTC))

    def name_of(self, id_: str) -> str:
        """What something of this id is called."""
        return next((name for name, known in self.ids.items() if known == id_), id_)

    def sent(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Values with ids in place of names."""
        return {name: self._sent(value) for name, value in values.items()}

    def _sent(self, value: Any) -> Any:
        if isinstance(value, dict):
            return self.sent(value) | ({"item": value["item"]} if "item" in value else {})
        if isinstance(value, list):
            return [self._sent(one) for one in value]
        return self.ids.get(value, value) if isinstance(value, str) else value


def run(app: App, web: Flask, world: World) -> Running:
    """Publish the roles of a world, and make its users and records."""
    app.publish(APP + "".join(written_role(role) for role in world.roles))
    running = Running(app, web, State(world))
    _make_people(running, web)
    for entity in ("account", "contact", "deal", "seat", "line", "part"):
        _make_records(running, entity)
    _make_belongings(running)
    _make_views(running)
    running.start = str(running.clients["observer"].get("/events?after=now").json["next"])
    running.note_moment()
    for record in list(running.state.records.values()):
        if record.pop("doomed", False):
            remove(running, record)
            running.note_moment()
    return running


# -- roles as documents


def written_role(role: Role) -> str:
    """A role as a document. Everybody may read users and teams, to give records to them, and shared views."""
    lines = [
        "---",
        "kind: role",
        f"name: {role.name}",
        f"inherits: [{', '.join(role.inherits)}]",
        f"capabilities: [{', '.join(role.capabilities)}]",
        "entities:",
        "  user: {read: true}",
        "  team: {read: true}",
        "  saved_view: {read: shared}",
    ]
    for entity, grant in role.grants.items():
        lines += [f"  {entity}:", *(f"    {line}" for line in _written_grant(entity, grant))]
    return "\n".join(lines) + "\n"


def _written_grant(entity: str, grant: Grant) -> list[str]:
    verbs = () if entity in AROUND else VERBS
    lines = [f"{verb}: {quoted(getattr(grant, verb).text)}" for verb in verbs]
    lines += ["fields:", *(f"  {name}: {_written(one)}" for name, one in grant.fields.items())]
    lines += ["deny:", *(f"  {verb}: {quoted(one.text)}" for verb, one in grant.deny.items())]
    return [line for line in lines if not _is_empty(line, grant)]


def _is_empty(line: str, grant: Grant) -> bool:
    return (line == "fields:" and not grant.fields) or (line == "deny:" and not grant.deny)


def _written(narrowing: Narrowing) -> str:
    told = {"read": narrowing.read, "update": narrowing.update}
    return (
        "{" + ", ".join(f"{verb}: {quoted(one.text)}" for verb, one in told.items() if one is not None) + "}"
    )


def quoted(text: str) -> str:
    """A text as YAML takes it."""
    return "'" + text.replace("'", "''") + "'"


def described(world: World) -> str:
    """A world as people read it, to see from a failure what it is about."""
    roles = [written_role(role) for role in world.roles]
    parts = (*world.members, *world.records, *world.operations)
    return "".join(roles) + "\n".join(map(str, (f"held by teams: {dict(world.team_roles)}", *parts)))


# -- people


def _make_people(running: Running, web: Flask) -> None:
    app, world = running.app, running.state.world
    for team in ABOVE:
        running.ids[team] = str(team_named(app.system, team))
    placed = [
        Change(UUID(running.ids[team]), {"parent": running.ids[over]}) for team, over in ABOVE.items() if over
    ]
    records.update(app.system, "team", placed)
    held = [
        {"holder": {"id": running.ids[team], "entity": "team"}, "role": role}
        for team, roles in world.team_roles.items()
        for role in roles
    ]
    records.create(app.system, "role_assignment", held)
    for member in world.members:
        token = app.token(member.name, member.roles, member.teams, _limits(member.limits))
        running.ids[member.name] = str(app.users[member.name])
        running.clients[member.name] = ApiClient(web, token)
    running.clients["observer"] = ApiClient(web, app.token("observer", ["admin"]))


def _limits(limits: Limits) -> TokenLimits:
    return TokenLimits(limits.entities, limits.verbs)


# -- records


def _make_records(running: Running, entity: str) -> None:
    made = [one for one in running.state.world.records if one["entity"] == entity]
    for one in made:
        record = deepcopy(one)
        own = ("owner", "team") if entity not in AROUND else ()
        values = {
            name: record.get(name)
            for name in (*FIELDS[entity], *own)
            if name not in {"double", "paper", "people"}
        }
        context = replace(running.app.system.with_source("import"), accepts_duplicates=True)
        [written] = records.create(context, entity, [running.sent(values)])
        running.ids[record["name"]] = str(written.id)
        running.state.records[record["name"]] = record


def _make_belongings(running: Running) -> None:
    """A comment on each deal, a file attached to it, and perhaps one in its field."""
    for deal in running.state.of("deal"):
        id_ = UUID(running.ids[deal["name"]])
        about = {"id": str(id_), "entity": "deal"}
        deal["said"] = [f"On {deal['name']}"]
        records.create(running.app.system, "comment", [{"body": deal["said"][0], "regarding": about}])
        for name in deal["files"]:
            _keep_file(running, name, Ref("deal", id_))
        if deal["paper"] is not None:
            _keep_file(running, deal["paper"], Ref("deal", id_), "paper")
        deal["version"] = records.get(running.app.system, "deal", id_)["version"]


def _make_views(running: Running) -> None:
    """Views that somebody who may read everything has saved for all."""
    views = [
        {"name": f"{name} {value}", "shows": "deal", "shared": True, "where": where(name, value)}
        for name, value in VIEWED
    ]
    records.create(running.app.system, "saved_view", views)


def _keep_file(running: Running, name: str, record: Ref, into: str | None = None) -> None:
    context = running.app.system
    received = context.database.files.receive([f"The content of {name}\n".encode()])
    content = examine(context.database.files, received, name)
    made = (
        records.upload(context, content, record)
        if into is None
        else records.upload_into(context, content, record, into)
    )
    running.ids[name] = str(made.id)


def remove(running: Running, record: Record) -> None:
    """Have the platform move a record to the bin."""
    records.delete(running.app.system, record["entity"], [UUID(running.ids[record["name"]])])
    writes.remove(running.state, record)
