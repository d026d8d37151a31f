"""The application that somebody would write by hand: Flask, SQLAlchemy Core and marshmallow, with care.

It works on the very tables that Fieldstone made, keeps the caller of a token in memory, uses prepared
statements, asks for one record with one statement, and locks optimistically by `version`. It knows no
history, no outbox, no roles and no workflow: a representative sees what they own.
"""

from __future__ import annotations

import hashlib
import os
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from baseline_app.schemas import change_schema, created_schema, listed_schema, new_list_schema, new_schema
from baseline_app.tables import account, opportunity, team, token, user
from flask import Flask, Response, abort, g, request
from marshmallow import ValidationError

PAGE = 50

engine = sa.create_engine(
    sa.make_url(os.environ["BASELINE_DATABASE_URL"]).set(drivername="postgresql+psycopg"),
    isolation_level="AUTOCOMMIT",
    skip_autocommit_rollback=True,
    pool_size=10,
    pool_use_lifo=True,
    connect_args={"prepare_threshold": 2, "application_name": "baseline"},
)
writer = engine.execution_options(isolation_level="READ COMMITTED")
app = Flask("baseline")
app.json.sort_keys = False  # type: ignore[attr-defined]  # Flask types the provider too widely
callers: dict[str, UUID] = {}

creator, changer = user.alias("creator"), user.alias("changer")
SHOWN = (
    sa.select(
        opportunity,
        account.c.name.label("account_name"),
        user.c.name.label("owner_name"),
        team.c.name.label("team_name"),
        creator.c.name.label("created_by_name"),
        changer.c.name.label("updated_by_name"),
    )
    .join(account, account.c.id == opportunity.c.account)
    .join(user, user.c.id == opportunity.c.owner)
    .outerjoin(team, team.c.id == opportunity.c.team)
    .join(creator, creator.c.id == opportunity.c.created_by)
    .join(changer, changer.c.id == opportunity.c.updated_by)
    .where(opportunity.c.deleted_at.is_(None), opportunity.c.owner == sa.bindparam("caller"))
)
ONE = SHOWN.where(opportunity.c.id == sa.bindparam("wanted"))
FIRST_PAGE = SHOWN.order_by(opportunity.c.close_date.desc(), opportunity.c.id).limit(sa.bindparam("count"))
LATER_PAGE = FIRST_PAGE.offset(sa.bindparam("offset"))
SEARCHED = (opportunity.c.name, opportunity.c.next_step)
FOUND = FIRST_PAGE.where(sa.or_(*(text.icontains(sa.bindparam("part")) for text in SEARCHED)))


@app.before_request
def know_the_caller() -> None:
    """Who holds the bearer token; looked up once and remembered."""
    text = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if text not in callers:
        digest = hashlib.sha256(text.encode()).digest()
        with engine.connect() as connection:
            found = connection.scalar(sa.select(token.c.user).where(token.c.hash == digest))
        callers[text] = found or abort(401)
    g.caller = callers[text]


@app.errorhandler(ValidationError)
def refused(error: ValidationError) -> tuple[dict[str, Any], int]:
    """422 with the messages of marshmallow."""
    return {"errors": error.messages}, 422


@app.get("/opportunities/<uuid:wanted>")
def get(wanted: UUID) -> Response:
    """One record, with its version as ETag."""
    with engine.connect() as connection:
        row = connection.execute(ONE, {"wanted": wanted, "caller": g.caller}).mappings().first()
    return _one(row or abort(404))


@app.get("/opportunities")
def page() -> dict[str, Any]:
    """Fifty records of the caller, the latest close date first: after `offset`, or what contains `q`."""
    values: dict[str, Any] = {"caller": g.caller, "count": PAGE}
    statement = FIRST_PAGE
    if part := request.args.get("q"):
        statement = FOUND
        values["part"] = part
    elif offset := request.args.get("offset", 0, int):
        statement = LATER_PAGE
        values["offset"] = offset
    with engine.connect() as connection:
        rows = connection.execute(statement, values).mappings().all()
    return {"data": listed_schema.dump(rows)}


@app.post("/opportunities")
def create() -> tuple[Response, int]:
    """A new record of the caller. What belongs to it must exist."""
    values = new_schema.load(request.get_json())
    with writer.begin() as connection:
        if connection.scalar(sa.select(account.c.id).where(account.c.id == values["account"])) is None:
            raise ValidationError({"account": ["There is no such account."]})
        mine = {"owner": g.caller, "created_by": g.caller, "updated_by": g.caller, "currency": "EUR"}
        made = (
            opportunity.insert().values(**values, **mine, _title=values["name"]).returning(opportunity.c.id)
        )
        wanted = connection.scalar(made)
        row = connection.execute(ONE, {"wanted": wanted, "caller": g.caller}).mappings().one()
    return _one(row), 201


@app.post("/opportunities/bulk")
def create_many() -> tuple[dict[str, Any], int]:
    """New records of the caller, all or none, with one `insert` of many rows; their ids."""
    rows = new_list_schema.load(request.get_json())
    wanted = {values["account"] for values in rows}
    with writer.begin() as connection:
        known = connection.scalars(sa.select(account.c.id).where(account.c.id.in_(wanted)))
        if wanted - set(known):
            raise ValidationError({"account": ["There is no such account."]})
        mine = {"owner": g.caller, "created_by": g.caller, "updated_by": g.caller, "currency": "EUR"}
        new = [{**values, **mine, "_title": values["name"]} for values in rows]
        ids = connection.scalars(opportunity.insert().returning(opportunity.c.id), new).all()
    return {"ids": ids}, 201


@app.patch("/opportunities/<uuid:wanted>")
def update(wanted: UUID) -> Response:
    """Change fields; `If-Match` must name the present version."""
    values = change_schema.load(request.get_json())
    seen = int(request.headers["If-Match"].strip('"'))
    with writer.begin() as connection:
        mine = (
            opportunity.c.id == wanted,
            opportunity.c.owner == g.caller,
            opportunity.c.deleted_at.is_(None),
        )
        later = {"version": seen + 1, "updated_at": sa.func.now(), "updated_by": g.caller}
        changing = opportunity.update().where(*mine, opportunity.c.version == seen).values(**values, **later)
        changed = connection.execute(changing).rowcount
        row = connection.execute(ONE, {"wanted": wanted, "caller": g.caller}).mappings().first()
        if not changed:
            abort(404 if row is None else 412)
    return _one(row)


def _one(row: Any) -> Response:
    response = app.json.response(created_schema.dump(row))
    response.headers["ETag"] = f'"{row["version"]}"'
    return response
