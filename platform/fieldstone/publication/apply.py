"""Publishing: documents come into force in one transaction with their tables and data, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from uuid import UUID

import sqlalchemy as sa

from fieldstone.access.stored_shares import refresh_sharers
from fieldstone.access.system_user import ensure_system_user, watch_rights
from fieldstone.database.database import Database
from fieldstone.database.failures import translate
from fieldstone.errors import Busy, FieldstoneError, InDoubt, Invalid, Unavailable
from fieldstone.model.compile import compile_model
from fieldstone.model.model import Model
from fieldstone.plugins import plugin_manager
from fieldstone.publication.afterwards.builds import lacking, table_of
from fieldstone.publication.afterwards.later_values import computed_later, fill
from fieldstone.publication.afterwards.promises import promised, take_back
from fieldstone.publication.afterwards.unfinished import TABLE, keep_promises, leave_builds, unfinished
from fieldstone.publication.alone.doubt import require_published
from fieldstone.publication.alone.exclusive import (
    base_moved,
    be_the_only_publisher,
    publishing_is_over,
    under_way,
)
from fieldstone.publication.alone.in_use import WAIT_MILLISECONDS, take_tables
from fieldstone.publication.alone.patience import USUAL, Patience, with_patience
from fieldstone.publication.changes import table_states
from fieldstone.publication.changes.statements import execute
from fieldstone.publication.current import load_model
from fieldstone.publication.data import load_publication_data
from fieldstone.publication.layers import combined_layers
from fieldstone.publication.plan import Difference, Plan, difference, make_plan
from fieldstone.publication.refusal import PlanRefused, Refusal
from fieldstone.publication.store import checksum, current_version, find_publication, load_layers, save
from fieldstone.publication.upgrades import (
    UNDECIDED,
    UpgradeConflicts,
    Upgrading,
    downgrades,
    upgrade,
    with_conflicts,
)
from fieldstone_metadata import Layer, Problem, check
from fieldstone_metadata.declarations import Application


class NotAccepted(Invalid):
    """The documents have errors. `problems` holds all that the check found, warnings included; so does
    details["problems"], for programs.
    """

    code, title = "not_accepted", "The documents have errors"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        errors = [problem for problem in problems if problem.severity == "error"]
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        told = [problem.as_json() for problem in problems]
        super().__init__(f"{errors[0]}{more}", details={"problems": told})


@dataclass(frozen=True)
class Proposal:
    """Checked layers with what they would do.

    between: the model in force, if there is one, and the one to come. allow_destructive: whether steps that
    lose data are wanted.
    """

    layers: tuple[Layer, ...]
    problems: tuple[Problem, ...]
    between: Difference
    plan: Plan
    allow_destructive: bool = False

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """What the plan refuses, with the steps that lose data unless they may."""
        return (*self.plan.refusals, *(() if self.allow_destructive else self.plan.destructive))

    @property
    def stopped(self) -> bool:
        """Whether it cannot be published as it is."""
        return bool(self.refusals or self.plan.conflicts)


@dataclass(frozen=True)
class Applied:
    """The outcome of a publication. unchanged: the documents were in force already, nothing was published."""

    version: int
    unchanged: bool
    plan: Plan
    problems: tuple[Problem, ...] = ()


Arrangement = Callable[[tuple[Layer, ...]], tuple[Layer, ...]]
"""The layers that are in force → those that are wanted."""


def propose(
    database: Database,
    given: Sequence[Layer],
    in_force: Model | None = None,
    upgrading: Upgrading = UNDECIDED,
) -> Proposal:
    """Check `given` over what is published and plan it.

    in_force: the model in force, where the caller has it; otherwise it is compiled from what is published,
    and so is where the check begins: only what differs from it is checked.
    upgrading: what was decided for conflicts between layers. Raises NotAccepted with all problems, and
    UpgradeConflicts where open conflicts are the reason for them, or where choices do not fit.
    """
    arrange = partial(combined_layers, given)
    return propose_layers(database, arrange, in_force, upgrading)


def propose_layers(
    database: Database,
    arrange: Arrangement,
    in_force: Model | None = None,
    upgrading: Upgrading | None = None,
) -> Proposal:
    """Check and plan the layers that `arrange` makes of those in force. Raises as `propose`.

    upgrading: None where layers are not upgraded but taken as they were, or out.
    """
    with database.read() as connection:
        version = current_version(connection, database.system)
        published = load_layers(connection, database.system, version)
    in_force = in_force or (load_model(database, version) if version else None)
    settled = upgrade(published, arrange(published), upgrading)
    layers = settled.layers
    with with_conflicts(settled.open):
        application, problems = accepted(layers, None if in_force is None else in_force.application)
    known = in_force is None or not version or in_force.version == version
    old = in_force if known else load_model(database, version, application)
    old = None if old is None else old.while_filling(frozenset())
    new = compile_model(application, version=version + 1, schema=database.schema)
    between = difference(old, new)
    plan = _plan_beside_others(database, between, layers)
    older = () if upgrading is None or upgrading.downgrade else downgrades(between)
    plan = replace(plan, refusals=(*older, *plan.refusals), conflicts=settled.open)
    return Proposal(layers, problems, between, plan)


def accepted(
    layers: Sequence[Layer], known: Application | None = None
) -> tuple[Application, tuple[Problem, ...]]:
    """The application that `layers` declare, with the warnings. Raises NotAccepted if there are errors.

    known: another one, if the caller has it: what is the same in this one is not checked again.
    """
    checked = check(layers, earlier=known)
    if checked.application is None:
        raise NotAccepted(checked.problems)
    return checked.application, checked.problems


def apply(
    database: Database,
    given: Sequence[Layer],
    *,
    author: UUID,
    note: str,
    base: int | None = None,
    allow_destructive: bool = False,
) -> Applied:
    """Publish `given` over what is in force: `propose` and `publish` in one.

    Raises NotAccepted (documents with errors), and what `publish` raises.
    """
    proposal = replace(propose(database, given), allow_destructive=allow_destructive)
    return publish(database, proposal, author=author, note=note, base=base)


def publish(
    database: Database,
    proposal: Proposal,
    *,
    author: UUID,
    note: str,
    base: int | None = None,
    patience: Patience = USUAL,
) -> Applied:
    """Bring what was proposed into force.

    author: the user who publishes. note: why, for the list of versions. base: the version that the author has
    seen; if another one is in force by now, nothing is published. patience: where others use the tables.
    Raises what `require_publishable` raises, Conflict (another publication is under way), TablesInUse (the
    tables stayed in use for too long), InDoubt (the connection broke at the very end, and the database
    cannot be asked what came of it).
    """
    require_publishable(proposal, base)
    if proposal.plan.unchanged:
        return Applied(proposal.plan.base, True, proposal.plan, proposal.problems)
    take_back(database)
    version, refuse = proposal.between.new.version, partial(_refuse_now, database, proposal)
    with promised(database, version, proposal.plan.early, refuse):
        model = with_patience(partial(_publish_or_learn, database, proposal, author, note), patience)
    if database.checks is not None:
        database.checks.keep(proposal.layers, model.application)
    plugin_manager().hook.fieldstone_after_publication(model=model)
    return Applied(model.version, False, proposal.plan, proposal.problems)


def require_publishable(proposal: Proposal, base: int | None = None) -> None:
    """Raises UpgradeConflicts (open ones), PlanRefused (steps that are refused, or lose data without leave),
    and Conflict where another version than `base` is in force.
    """
    if base is not None and base != proposal.plan.base:
        raise base_moved(base, proposal.plan.base)
    if proposal.plan.conflicts:
        raise UpgradeConflicts(proposal.plan.conflicts)
    _refuse(proposal)


def _refuse_now(database: Database, proposal: Proposal) -> None:
    """Raises PlanRefused for what the records that there are by now do not bear."""
    plan = _plan_beside_others(database, proposal.between, proposal.layers)
    _refuse(replace(proposal, plan=plan))


def _refuse(proposal: Proposal) -> None:
    if proposal.refusals:
        raise PlanRefused(proposal.refusals)


def _publish_or_learn(database: Database, proposal: Proposal, author: UUID, note: str) -> Model:
    """Publish; where nobody knows whether that was committed, look."""
    try:
        return _publish(database, proposal, author, note)
    except InDoubt:
        model = proposal.between.new
        require_published(database, model.version, checksum(proposal.layers), note)
        return model


def _publish(database: Database, proposal: Proposal, author: UUID, note: str) -> Model:
    old, model = proposal.between.old, proposal.between.new
    with database.transaction() as connection:
        be_the_only_publisher(connection, database, proposal.plan.base)
        take_tables(connection, proposal.plan.needed)
        plan = _plan(connection, database, proposal.between, proposal.layers)
        _refuse(replace(proposal, plan=plan))
        plugin_manager().hook.fieldstone_before_publication(model=model, version=model.version)
        _execute(connection, plan)
        table_states.remember(connection, database.system, model.schema, plan.drifting)
        save(connection, database.system, model.version, proposal.layers, author=author, note=note)
        ensure_system_user(connection, model)
        watch_rights(connection, database.system, model)
        refresh_sharers(connection, model)
        model = fill(connection, database, proposal.between)
        load_publication_data(connection, database, old, model)
        _leave_builds(connection, database, proposal.between, plan)
        keep_promises(connection, database.system)
    return model


def _plan_beside_others(database: Database, between: Difference, layers: Sequence[Layer]) -> Plan:
    """A plan; where a publisher keeps its tables from being read, that is told soon."""
    try:
        with database.transaction() as connection:
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {WAIT_MILLISECONDS}")
            plan = _plan(connection, database, between, layers)
            return replace(plan, computing=computed_later(connection, database, between))
    except Busy as error:
        with database.transaction() as connection:
            if not publishing_is_over(connection, database):
                raise under_way() from error
        raise


def _leave_builds(connection: sa.Connection, database: Database, between: Difference, plan: Plan) -> None:
    """Have built afterwards what tables lack: what this plan leaves, and what earlier ones left."""
    after = {move.before: move.after for move in between.moves}
    earlier = {one.table for one in unfinished(connection, database.system) if one.kind == TABLE}
    names = {}
    for name in sorted(plan.later | {after.get(table, table) for table in earlier}):
        table = table_of(between.new, name)
        names[name] = () if table is None else lacking(connection, table).names
    leave_builds(connection, database.system, between.new.version, names)


def _plan(
    connection: sa.Connection, database: Database, between: Difference, layers: Sequence[Layer]
) -> Plan:
    published = find_publication(connection, database.system, between.old.version if between.old else 0)
    return make_plan(connection, database, between, layers, published.checksum if published else None)


def _execute(connection: sa.Connection, plan: Plan) -> None:
    for statement in plan.statements:
        try:
            execute(connection, statement)
        except sa.exc.DBAPIError as error:
            translated = translate(error)
            if isinstance(translated, Unavailable) or type(translated) is FieldstoneError:
                raise
            raise PlanRefused([_violated(error, translated)]) from error


def _violated(error: sa.exc.DBAPIError, translated: FieldstoneError) -> Refusal:
    """Records that exist break a new constraint: a `unique` with duplicates, for one."""
    constraint = str(translated.details.get("constraint") or "the new constraint")
    detail = getattr(getattr(error.orig, "diag", None), "message_detail", None) or str(error.orig)
    message = f"Records that exist break it: {detail} Change them first."
    return Refusal(f"index {constraint}", "violated", message)
