"""Permissions against a naive oracle: generated worlds, and what every endpoint shows and lets each user do.

`fieldstone_testing.permissions` is the oracle, and readable as the specification of permissions. Without
`FIELDSTONE_WORLDS` the same few worlds are tried each time; with it so many new ones. A world that fails is
made smaller, told as documents, and comes first in the next run.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, event, given, note, settings
from hypothesis.internal.conjecture import engine

from fieldstone_testing import AppFactory, Cluster
from fieldstone_testing.permissions.acting import act
from fieldstone_testing.permissions.compared import differences
from fieldstone_testing.permissions.documents import BEFORE_ROLES
from fieldstone_testing.permissions.running import Running, described, run
from fieldstone_testing.permissions.strategies import worlds
from fieldstone_testing.webs import lent_webs

if TYPE_CHECKING:
    from fieldstone_testing.permissions.worlds import World

ASKED_FOR = os.environ.get("FIELDSTONE_WORLDS")
if ASKED_FOR:
    # A world in which much is tried takes more choices than Hypothesis makes, so only small ones were drawn.
    engine.BUFFER_SIZE = 128 * 1024
WORLDS = settings(
    max_examples=int(ASKED_FOR or 2),
    derandomize=ASKED_FOR is None,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)


@WORLDS
@given(world=worlds())
def test_every_endpoint_lets_each_user_do_and_see_exactly_what_the_oracle_says(
    cluster: Cluster, world: World
) -> None:
    note(described(world))
    with lent_webs() as web_of, AppFactory(cluster) as app_from:
        app = app_from(BEFORE_ROLES)
        running = run(app, web_of(app), world)
        wrong = act(running)
        wrong += [one for member in world.members for one in differences(running, member.name)]
    tell_how_open(running)
    assert not wrong, "\n".join(wrong)


def tell_how_open(running: Running) -> None:
    """Have `--hypothesis-show-statistics` tell whether the worlds are neither open nor closed."""
    done = len(running.state.events)
    event(f"{min(done, 5)} or more things happened" if done >= 5 else f"{done} things happened")
    for outcome in sorted(set(running.outcomes)):
        event(outcome)
    event("something is shared" if running.state.shares else "nothing is shared")
