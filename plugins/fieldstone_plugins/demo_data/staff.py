"""The demo's company: two teams below the sales team, each with a lead and its representatives."""

from __future__ import annotations

from uuid import UUID

from fieldstone import records
from fieldstone_plugins.demo_data.people import Person
from fieldstone_plugins.demo_data.story import Colleague, Story, reference

DOMAIN = "northgate.example"
TEAMS = {
    "North": (
        ("Katrin Vogt", "sales_manager"),
        "Hamburg",
        ("Jonas Östergren", "Mette Kjær", "Paweł Dąbrowski"),
    ),
    "South": (("Mateo Ibáñez", "sales_manager"), "Lyon", ("Chloé Béranger", "Luca Fontana", "Inês Carvalho")),
}
"""Team → its lead with role, its office, and the representatives beside those who log in."""

LEAD, REPRESENTATIVE, LOG_IN = 0.4, 1.0, 2.2
"""How many accounts and deals are theirs, compared with each other."""


def hire(story: Story) -> list[Colleague]:
    """Have the teams filled; everybody who sells."""
    known = _people(story)
    teams = {name: _team(story, name, office) for name, (_, office, _) in TEAMS.items()}
    for name, ((lead, role), _, others) in TEAMS.items():
        boss = _hire(story, lead, role, teams[name], known.get("Dana Petrova"))
        records.update(
            story.context, "team", [records.Change(teams[name], {"lead": reference("user", boss)})]
        )
        for other in others:
            _hire(story, other, "sales_rep", teams[name], boss)
    return _sellers(story)


def _people(story: Story) -> dict[str, UUID]:
    page = records.list(story.context, "user", records.Query(fields=("name",), limit=200))
    return {row["name"]: UUID(row["id"]) for row in page.data}


def _team(story: Story, name: str, office: str) -> UUID:
    found = records.list(story.context, "team", records.Query(where=f'name == "{name}"', limit=1)).data
    if found:
        team = UUID(found[0]["id"])
        records.update(story.context, "team", [records.Change(team, {"office": office})])
        return team
    story.made += 1
    return records.create(story.context, "team", [{"name": name, "office": office}])[0].id


def _hire(story: Story, name: str, role: str, team: UUID, manager: UUID | None) -> UUID:
    given, _, family = name.partition(" ")
    values = {
        "name": name,
        "email": Person(given, family).email(DOMAIN),
        "teams": [reference("team", team)],
        "manager": None if manager is None else reference("user", manager),
    }
    identity = records.create(story.context, "user", [values])[0].id
    holder = reference("user", identity)
    records.create(story.context, "role_assignment", [{"role": role, "holder": holder}])
    story.made += 2
    return identity


def _sellers(story: Story) -> list[Colleague]:
    """Everybody in one of the teams, those who log in with the most to show."""
    leads = {lead for (lead, _), _, _ in TEAMS.values()}
    hired = leads.union(*(others for _, _, others in TEAMS.values()))
    sellers = []
    page = records.list(story.context, "user", records.Query(fields=("name", "email", "teams"), limit=200))
    for row in page.data:
        teams = [team["title"] for team in row["teams"]]
        if not TEAMS.keys().isdisjoint(teams):
            weight = LEAD if row["name"] in leads else REPRESENTATIVE if row["name"] in hired else LOG_IN
            sellers.append(Colleague(UUID(row["id"]), row["name"], row["email"], teams[0], weight))
    return sorted(sellers, key=lambda colleague: colleague.name)
