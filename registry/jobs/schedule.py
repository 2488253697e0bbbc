# SPDX-License-Identifier: Apache-2.0
"""Recurring work: whichever process looks first when it is due asks for the job."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from registry.jobs.queue import enqueue
from registry.storage.engine import Actor, Database
from registry.storage.queries import jobs


@dataclass(frozen=True, slots=True)
class Recurring:
    """Work that is done again and again; for the first time one period after it became known."""

    name: str
    kind: str
    every: timedelta
    payload: Mapping[str, Any] = field(default_factory=dict)

    def after(self, turn: datetime, now: datetime) -> datetime:
        """The time after now at which it is due, in step with an earlier turn."""
        missed = max((now - turn) // self.every, 0)
        return turn + (missed + 1) * self.every


class Schedule:
    """Asks for recurring work when it is due. Any number of processes may do so: each turn comes once."""

    def __init__(self, database: Database, work: Sequence[Recurring]) -> None:
        self._database = database
        self._work = tuple(work)

    def tick(self) -> int:
        """Ask for what is due; returns how many jobs. Turns that nobody was there for come once, not one by one."""
        now = self._database.now()
        with self._database.read() as connection:
            known = jobs.schedules(connection)
        waiting = [item for item in self._work if item.name not in known or known[item.name] <= now]
        if not waiting:
            return 0
        asked = 0
        with self._database.write(Actor("jobs:schedule")) as work:
            for item in waiting:
                if item.name not in known:
                    jobs.add_schedule(work, item.name, now + item.every)
                elif jobs.take_turn(work, item.name, item.after(known[item.name], now)):
                    enqueue(work, item.kind, item.payload, key=f"schedule:{item.name}")
                    asked += 1
        return asked
