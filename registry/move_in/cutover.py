# SPDX-License-Identifier: Apache-2.0
"""The cutover: from the last write at the old system to the first one here, with nothing lost between.

Look-ups are answered throughout: by the old system until the switch, by either until old TTLs are over, by us from then
on. Nobody may write from the freeze until our domains open; that is the time to keep short, so all that can be done
before is done before. Our domains open before the names are switched: whoever comes to us then can write, and what is
written goes back to the old system from there on (`registry.move_in.replay`).
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from registry.audit.chain import head, seal
from registry.dns.journal import ZoneJournal
from registry.dns.serials import serial_beyond
from registry.errors import ConflictError
from registry.move_in.outside import Outside
from registry.move_in.replay.replaying import KEPT, request_replay
from registry.move_in.standby import take_out_of_standby
from registry.move_in.states import State
from registry.move_in.steps import Came, Step, StepDone, carry_out, done_steps, is_under_way
from registry.serials import is_greater
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor, Database
from registry.storage.queries import move_ins, zones
from registry.storage.queries.move_ins import MoveInRow
from registry.storage.unit_of_work import UnitOfWork

CUTOVER: Final = "cutover"
OLD: Final = "old"
"""The name in the steps of a move for where the old system takes what is written here."""
OLD_TTL_S: Final = "old_ttl_s"
"""The name in what is told of `compare` for the longest TTL in the old zones, in seconds."""
OLD_SERIALS: Final = "old_serials"
"""The name in what is told of `open` for the last serials of the old zones."""
BACK_FOR: Final = timedelta(hours=72)
"""For how long what is written here goes back to the old system."""
_STARTS = frozenset({State.LOADED, State.SHADOW})
_NAP_S = 1.0


class Name(StrEnum):
    """The steps, in their order."""

    READY = "ready"
    CATCH_UP = "catch-up"
    FREEZE = "freeze"
    DELTA = "delta"
    UNCHANGED = "unchanged"
    COMPARE = "compare"
    OPEN = "open"
    SWITCH = "switch"
    REACHED = "reached"
    OLD_TTL = "old-ttl"


@dataclass(frozen=True, slots=True)
class Means:
    """How the steps are done, of which each may be done twice; those that give something give JSON values to tell.

    `check` says what is missing, `carry_over` loads what has changed and gives how many records that were, `compare`
    puts a sample of look-ups to both; all raise RegistryError where it may not go on. `old_serials` are those with
    which the old name servers answer for our zones. `reached` raises TechnicalError until look-ups come here by the
    public names. `old_ttl` is the longest time for which somebody may still have an answer of the old system.
    """

    check: Callable[[], Mapping[str, Any]]
    freeze: Outside
    carry_over: Callable[[], int]
    compare: Callable[[], Mapping[str, Any]]
    switch: Outside
    reached: Callable[[], Mapping[str, Any]]
    old_ttl: timedelta
    old: Mapping[str, Any] | None = None
    """Where the old system takes what is written here afterwards (`registry.app.move_in_replay`); None for nowhere."""
    old_serials: Callable[[], Mapping[str, Sequence[int]]] = dict
    back_for: timedelta = BACK_FOR
    catch_up: Callable[[], int] = int
    """As `carry_over`, before the freeze; by itself nothing."""
    nap: Callable[[float], None] = time.sleep


class Cutover:
    """The cutover of one move into these domains."""

    def __init__(self, database: Database, actor: Actor, number: int, domains: Sequence[StoredDomain], means: Means):
        self._database = database
        self._actor = actor
        self._number = number
        self._domains = domains
        self._means = means

    def run(self, told: Callable[[Step, StepDone | None], None] = lambda _step, _done: None) -> list[StepDone]:
        """Do what isn't done yet; gives all steps.

        Raises ConflictError where the move isn't loaded, is cut over already, or somebody else is at it; and what the
        steps raise, after which the same call goes on.
        """
        row = self._row()
        if not is_under_way(row, CUTOVER) and row.state not in _STARTS:
            raise ConflictError(_why_not(row))
        return carry_out(self._database, self._actor, self._number, CUTOVER, self.steps(), told)

    def steps(self) -> list[Step]:
        """The steps in their order."""
        return [
            Step(Name.READY, "look whether all is there that the switch needs", self._ready),
            Step(Name.CATCH_UP, "load what has changed since the last load", self._catch_up),
            Step(Name.FREEZE, "stop writes at the old system", self._freeze),
            Step(Name.DELTA, "load what has changed since then", self._delta),
            Step(Name.UNCHANGED, "look at the source again: nobody may have written", self._unchanged),
            Step(Name.COMPARE, "compare both once more", self._compare),
            Step(Name.OPEN, "open our domains for writing", self._open),
            Step(Name.SWITCH, "let the public names lead here", self._switch),
            Step(Name.REACHED, "look up by the public names", lambda: Came(self._means.reached())),
            Step(Name.OLD_TTL, "wait until no old answer is kept any more", self._wait_for_old_ttl),
        ]

    def _ready(self) -> Came:
        def write(work: UnitOfWork) -> None:
            row = move_ins.lock(work, self._number)
            move_ins.change(work, self._number, steps={**row.steps, OLD: self._means.old})

        return Came(self._means.check(), write)

    def _freeze(self) -> Came:
        told = self._means.freeze.do(self._number)
        return Came(told, lambda work: move_ins.change(work, self._number, state=State.FROZEN))

    def _catch_up(self) -> Came:
        return Came({"records": self._means.catch_up()})

    def _delta(self) -> Came:
        return Came({"records": self._means.carry_over()})

    def _unchanged(self) -> Came:
        changed = self._means.carry_over()
        if changed:
            raise ConflictError(
                f"{changed} records have changed at the old system after the freeze: somebody still writes there. Stop "
                "that, then run the same command again"
            )
        return Came({"records": 0})

    def _compare(self) -> Came:
        return Came(self._means.compare())

    def _open(self) -> Came:
        seal(self._database)
        position = head(self._database).position
        serials = {name: list(found) for name, found in self._means.old_serials().items()}
        begun = self._begun_zones(serials)

        def write(work: UnitOfWork) -> None:
            for stored in self._domains:
                take_out_of_standby(work, stored)
            for name, serial in begun.items():
                zone = next(each for each in zones.all_zones(work.connection) if each.name == name)
                ZoneJournal().begin_anew(work, zone, serial)
            values = {"event_at_cutover": position, "back_until": work.now + self._means.back_for}
            steps = {name: said for name, said in self._row().steps.items() if name != KEPT}
            move_ins.change(work, self._number, state=State.CUT_OVER, steps=steps, **values)
            if self._means.old is not None:
                request_replay(work, self._number)

        return Came({"event": position, OLD_SERIALS: serials, "begun_with": begun}, write)

    def _begun_zones(self, served: Mapping[str, Sequence[int]]) -> dict[str, int]:
        """The serial with which each zone goes on whose own isn't greater than those of the old system."""
        with self._database.read() as connection:
            held = {zone.name: zone.serial for zone in zones.all_zones(connection)}
        return {
            name: serial_beyond(held[name], found)
            for name, found in served.items()
            if not all(is_greater(held[name], serial) for serial in found)
        }

    def _switch(self) -> Came:
        return Came(self._means.switch.do(self._number))

    def _wait_for_old_ttl(self) -> Came:
        done = {each.name: each for each in done_steps(self._row(), CUTOVER)}
        found = timedelta(seconds=done[Name.COMPARE].told.get(OLD_TTL_S, 0))
        ttl = max(self._means.old_ttl, found)
        over = datetime.fromisoformat(done[Name.SWITCH].at) + ttl
        while (left := (over - self._database.now()).total_seconds()) > 0:
            self._means.nap(min(left, _NAP_S))
        return Came({"ttl_seconds": ttl.total_seconds()})

    def _row(self) -> MoveInRow:
        with self._database.read() as connection:
            return move_ins.by_id(connection, self._number)


def _why_not(row: MoveInRow) -> str:
    match row.state:
        case State.CUT_OVER:
            return f"the move {row.id} is cut over already"
        case State.PLANNED | State.LOADING | State.BACK:
            return f"the move {row.id} is {row.state}: load it to its end first (`registry move-in load`)"
        case _:
            return f"the move {row.id} is {row.state}: there is nothing to cut over"
