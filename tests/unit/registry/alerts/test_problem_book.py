# SPDX-License-Identifier: Apache-2.0
"""The book of problems: the same thing is one row from its beginning to its end, and somebody may look after it."""

from dataclasses import replace

import pytest

from registry.alerts import book
from registry.alerts.problem import Look, Problem, ProblemKind, Severity
from registry.audit.events import EventFilter, search
from registry.audit.retention import Policy, purge
from registry.errors import ConflictError, NotFoundError
from registry.storage.engine import Actor
from registry.storage.queries import problems
from registry.storage.queries.problems import ProblemFilter, ProblemRow
from tests.simulators.offline import ACTOR, OfflineInstance

DISK = Problem(ProblemKind.DISK, Severity.WARNING, parameters={"what": "little room", "remedy": "make some"})
BACKUP = Problem(ProblemKind.BACKUP_OLD, Severity.HINT)


def keep(offline: OfflineInstance, *found: Problem, blind: frozenset[ProblemKind] = frozenset()) -> book.Kept:
    with offline.instance.database.write(ACTOR) as work:
        return book.keep(work, Look(found, blind))


def rows(offline: OfflineInstance, *, ended: bool = False) -> list[ProblemRow]:
    with offline.instance.database.read() as connection:
        return problems.page(connection, ProblemFilter(ended=ended), None, 1_000)


def acknowledge(offline: OfflineInstance, key: str, actor: Actor = ACTOR) -> ProblemRow:
    with offline.instance.database.write(actor) as work:
        return book.acknowledge(work, key, "mine")


def test_same_thing_is_one_problem_as_long_as_it_is_found(offline: OfflineInstance) -> None:
    begun = offline.clock.now
    assert keep(offline, DISK, DISK) == book.Kept(1, 0, 0, 1)
    offline.clock.forward(hours=1)
    assert keep(offline, DISK) == book.Kept(0, 0, 0, 1)
    (row,) = rows(offline)
    assert (row.key, row.first_seen, row.last_seen, row.since) == (DISK.key, begun, offline.clock.now, begun)


def test_problem_ends_when_it_is_not_found_any_more_and_begins_anew(offline: OfflineInstance) -> None:
    keep(offline, DISK)
    offline.clock.forward(hours=1)
    assert keep(offline).ended == 1
    assert rows(offline) == []
    assert [row.ended_at for row in rows(offline, ended=True)] == [offline.clock.now]
    assert keep(offline, DISK).begun == 1
    assert len(rows(offline)) == 1


def test_problem_stays_open_while_nobody_can_look(offline: OfflineInstance) -> None:
    keep(offline, DISK, BACKUP)
    assert keep(offline, blind=frozenset({ProblemKind.DISK})).ended == 1
    assert [row.kind for row in rows(offline)] == ["disk"]


def test_worst_come_first_whatever_the_order_of_finding(offline: OfflineInstance) -> None:
    keep(offline, BACKUP, DISK, replace(DISK, severity=Severity.ERROR, subject="other"))
    assert [row.severity for row in rows(offline)] == ["error", "warning", "hint"]
    first = rows(offline)[0]
    with offline.instance.database.read() as connection:
        behind = problems.page(connection, ProblemFilter(), first.place, 10)
        assert problems.counts(connection, ProblemFilter()) == {"error": 1, "warning": 1, "hint": 1}
    assert behind == rows(offline)[1:]


def test_key_tells_subjects_domains_and_aspects_apart() -> None:
    others = [replace(DISK, subject="a"), replace(DISK, domain_id=1), replace(DISK, aspect="a"), BACKUP]
    assert len({problem.key for problem in [DISK, *others]}) == 5
    assert replace(DISK, severity=Severity.ERROR, parameters={}).key == DISK.key


def test_acknowledgement_tells_who_and_is_an_event_without_the_note(offline: OfflineInstance) -> None:
    keep(offline, DISK)
    row = acknowledge(offline, DISK.key)
    assert (row.acknowledged_by, row.acknowledged_at, row.note) == (ACTOR.name, offline.clock.now, "mine")
    (event,) = search(offline.instance.database, EventFilter(tag="alerts:problem:acknowledge")).events
    assert (event.subject, event.after) == (f"problem:{DISK.key}", {"kind": "disk"})
    with pytest.raises(ConflictError, match="looks after"):
        acknowledge(offline, DISK.key, Actor("somebody else"))
    with pytest.raises(NotFoundError):
        acknowledge(offline, BACKUP.key)


def test_acknowledgement_holds_until_the_problem_becomes_worse(offline: OfflineInstance) -> None:
    keep(offline, DISK)
    acknowledge(offline, DISK.key)
    keep(offline, replace(DISK, severity=Severity.HINT))
    assert rows(offline)[0].acknowledged_by == ACTOR.name
    keep(offline, replace(DISK, severity=Severity.ERROR))
    assert rows(offline)[0].acknowledged_by is None


def test_ended_problems_go_after_their_period(offline: OfflineInstance) -> None:
    keep(offline, DISK, BACKUP)
    keep(offline, BACKUP)
    offline.clock.forward(days=91)
    assert purge(offline.instance.database, Policy())["problem"] == 1
    assert [row.kind for row in rows(offline)] == ["backup-old"]
    assert rows(offline, ended=True) == []
