# SPDX-License-Identifier: Apache-2.0
"""The way back: the old system has the say again, with all that was written here since the cutover.

Our domains are in standby from its first step on, so what is replayed then is the last of it. Before the domains were
opened, nothing has to be replayed: there, going back means to give the cutover up.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from registry.audit.events import record
from registry.errors import ConflictError
from registry.move_in.cutover import CUTOVER
from registry.move_in.moves import our_turn, subject_of
from registry.move_in.outside import Outside
from registry.move_in.replay.model import Replayed
from registry.move_in.standby import put_in_standby, wait_for_writers
from registry.move_in.states import State
from registry.move_in.steps import Came, Step, StepDone, carry_out, is_under_way
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor, Database
from registry.storage.queries import move_ins
from registry.storage.unit_of_work import UnitOfWork

BACK: Final = "back"


class Name(StrEnum):
    """The steps, in their order."""

    FREEZE = "freeze"
    REPLAY = "replay"
    COMPARE = "compare"
    SWITCH = "switch"


@dataclass(frozen=True, slots=True)
class Means:
    """How the steps are done, of which each may be done twice; see `registry.move_in.cutover.Means`.

    `replay` tells the old system all that is left. `accept_refused` goes on though it refuses some of that.
    """

    replay: Callable[[], Replayed]
    compare: Callable[[], Mapping[str, Any]]
    switch: Outside
    accept_refused: bool = False


def go_back(
    database: Database,
    actor: Actor,
    number: int,
    domains: Sequence[StoredDomain],
    means: Means,
    told: Callable[[Step, StepDone | None], None] = lambda _step, _done: None,
) -> list[StepDone]:
    """Do what isn't done yet; gives all steps.

    Raises ConflictError where the move isn't cut over or somebody else is at it, and what the steps raise, after which
    the same call goes on.
    """
    with database.read() as connection:
        row = move_ins.by_id(connection, number)
    if not is_under_way(row, BACK) and row.state != State.CUT_OVER:
        raise ConflictError(f"the move {number} is {row.state}: only from one that is cut over there is a way back")

    def freeze() -> Came:
        with database.write(actor) as work:
            for stored in domains:
                put_in_standby(work, stored)
        wait_for_writers(database)
        return Came()

    def replay() -> Came:
        done = means.replay()
        if done.refused and not means.accept_refused:
            some = "; ".join(f"event {at}: {why}" for at, why in sorted(done.refused.items())[:5])
            raise ConflictError(
                f"the old system refuses {len(done.refused)} changes: {some}. Put that right and run the same command "
                "again, or go on without them: --accept-refused"
            )
        return Came({"told": done.told, "refused": len(done.refused), "left_out": done.left_out})

    def end(work: UnitOfWork) -> None:
        move_ins.take_all_again(work, number)  # what was written here since the load isn't in its ledger
        move_ins.change(work, number, state=State.BACK, event_at_cutover=None, back_until=None)

    steps = [
        Step(Name.FREEZE, "stop writes here", freeze),
        Step(Name.REPLAY, "tell the old system what is left", replay),
        Step(Name.COMPARE, "compare both once more", lambda: Came(means.compare())),
        Step(Name.SWITCH, "let the public names lead to the old system", lambda: Came(means.switch.do(number), end)),
    ]
    return carry_out(database, actor, number, BACK, steps, told)


def give_up_cutover(database: Database, actor: Actor, number: int) -> None:
    """Forget a cutover that has begun and not opened our domains; nothing was written here, so nothing goes back.

    Raises ConflictError where there is no such cutover, or somebody else is at it.
    """
    with our_turn(database, number), database.write(actor) as work:
        row = move_ins.lock(work, number)
        if not is_under_way(row, CUTOVER) or row.state == State.CUT_OVER:
            raise ConflictError(f"the move {number} has no cutover that could be given up: it is {row.state}")
        steps = {name: said for name, said in row.steps.items() if name != CUTOVER}
        move_ins.change(work, number, state=State.LOADED, steps=steps)
        record(work, "move-in:cutover:give-up", subject_of(number), before={"state": row.state})
