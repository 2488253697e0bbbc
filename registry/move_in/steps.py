# SPDX-License-Identifier: Apache-2.0
"""A cutover, and the way back, as steps that are done one after the other, each written down when it is done.

Whoever is broken off begins again at the step that isn't written down: every step may be done twice. Two operators at
once take turns; the second one hears that the first is at it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from registry.audit.events import record
from registry.move_in.moves import our_turn, subject_of
from registry.storage.engine import Actor, Database
from registry.storage.queries import move_ins
from registry.storage.queries.move_ins import MoveInRow
from registry.storage.unit_of_work import UnitOfWork

_BEGUN, _DONE, _ENDED = "begun", "done", "ended"


@dataclass(frozen=True, slots=True)
class Came:
    """What a step came to: what to tell of it (JSON values), and what to write together with its being done."""

    told: Mapping[str, Any] = field(default_factory=dict)
    write: Callable[[UnitOfWork], None] = lambda _work: None


@dataclass(frozen=True, slots=True)
class Step:
    """A step; `title` says for a reader what is done. `run` raises RegistryError where the next one may not come."""

    name: str
    title: str
    run: Callable[[], Came]


@dataclass(frozen=True, slots=True)
class StepDone:
    """A step that is written down: when it was done, how long it took in seconds, what it came to."""

    name: str
    at: str
    seconds: float
    told: Mapping[str, Any]


def done_steps(row: MoveInRow, procedure: str) -> list[StepDone]:
    """The steps of a procedure that are written down, in their order."""
    return [StepDone(**each) for each in _kept(row, procedure).get(_DONE, ())]


def is_under_way(row: MoveInRow, procedure: str) -> bool:
    """Whether a procedure has begun and not come to its end."""
    kept = _kept(row, procedure)
    return bool(kept) and kept[_ENDED] is None


def _kept(row: MoveInRow, procedure: str) -> Mapping[str, Any]:
    kept: Mapping[str, Any] = row.steps.get(procedure, {})
    return kept


def carry_out(
    database: Database,
    actor: Actor,
    number: int,
    procedure: str,
    steps: Sequence[Step],
    told: Callable[[Step, StepDone | None], None] = lambda _step, _done: None,
) -> list[StepDone]:
    """Do the steps of a procedure that aren't done yet; gives all. `told` hears of each before and after it.

    One that came to its end before is begun anew. Raises ConflictError where somebody else is at it, and what a step
    raises; what was done until then stays written down.
    """
    with our_turn(database, number):
        _begin(database, actor, number, procedure)
        for step in steps:
            with database.read() as connection:
                row = move_ins.by_id(connection, number)
            if any(done.name == step.name for done in done_steps(row, procedure)):
                continue
            told(step, None)
            began = database.now()
            came = step.run()
            with database.write(actor) as work:
                came.write(work)
                seconds = round((database.now() - began).total_seconds(), 3)
                done = StepDone(step.name, work.now.isoformat(), seconds, came.told)
                _write_down(work, number, procedure, done, last=step is steps[-1])
            told(step, done)
        with database.read() as connection:
            return done_steps(move_ins.by_id(connection, number), procedure)


def _begin(database: Database, actor: Actor, number: int, procedure: str) -> None:
    with database.write(actor) as work:
        row = move_ins.lock(work, number)
        if not is_under_way(row, procedure):
            begun: dict[str, Any] = {_BEGUN: work.now.isoformat(), _DONE: [], _ENDED: None}
            move_ins.change(work, number, steps={**row.steps, procedure: begun})
            record(work, "move-in:procedure:begin", subject_of(number), after={"procedure": procedure})


def _write_down(work: UnitOfWork, number: int, procedure: str, done: StepDone, *, last: bool) -> None:
    row = move_ins.lock(work, number)
    kept = row.steps[procedure]
    said = asdict(done)
    kept = {**kept, _DONE: [*kept[_DONE], said], _ENDED: done.at if last else None}
    move_ins.change(work, number, steps={**row.steps, procedure: kept})
    record(work, "move-in:procedure:step", subject_of(number), after={"procedure": procedure, **said})
