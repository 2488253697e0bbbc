# SPDX-License-Identifier: Apache-2.0
"""The book of problems: what a look found is opened, seen again or ended; and somebody says that they look after it."""

from dataclasses import dataclass

from registry.alerts.problem import Look, Problem, Severity
from registry.audit.events import record
from registry.errors import ConflictError, NotFoundError
from registry.storage.queries import problems
from registry.storage.queries.problems import ProblemRow
from registry.storage.unit_of_work import UnitOfWork

MAX_NOTE = 2_000


@dataclass(frozen=True, slots=True)
class Kept:
    """What a look changed in the book: how many problems."""

    begun: int
    changed: int
    ended: int
    open: int


def keep(work: UnitOfWork, look: Look) -> Kept:
    """Write down what a look found. A problem that isn't found any more has ended, unless nobody could look."""
    problems.lock(work)
    held = problems.open_ones(work.connection)
    found = {problem.key: problem for problem in look.problems}
    new = [problem for key, problem in found.items() if key not in held]
    same, changed = [], 0
    for key in found.keys() & held.keys():
        row, problem = held[key], found[key]
        if (row.severity, row.parameters) == (problem.severity, problem.parameters):
            same.append(row.id)
        else:
            worse = problem.severity.rank < severity_of(row).rank
            problems.change(work, row.id, problem.severity, problem.parameters, anew=worse)
            changed += 1
    gone = [row.id for key, row in held.items() if key not in found and row.kind not in look.blind]
    problems.add(work, [_values(work, problem) for problem in new])
    problems.see_again(work, sorted(same))
    problems.end(work, sorted(gone))
    return Kept(len(new), changed, len(gone), len(held) + len(new) - len(gone))


def _values(work: UnitOfWork, problem: Problem) -> dict[str, object]:
    return {
        "key": problem.key,
        "kind": problem.kind.value,
        "severity": problem.severity.value,
        "domain_id": problem.domain_id,
        "subject": problem.subject,
        "parameters": dict(problem.parameters),
        "since": problem.since or work.now,
    }


def required(work: UnitOfWork, key: str) -> ProblemRow:
    """The open problem of a key. Raises NotFoundError."""
    row = problems.find_open(work.connection, key)
    if row is None:
        raise NotFoundError("there is no such problem, or it has ended")
    return row


def acknowledge(work: UnitOfWork, key: str, note: str) -> ProblemRow:
    """Say that somebody looks after a problem: nobody is told of it any more until it ends, or becomes worse.

    Raises NotFoundError, and ConflictError where somebody else does already.
    """
    row = required(work, key)
    if row.acknowledged_by is not None and row.acknowledged_by != work.actor:
        raise ConflictError(f"{row.acknowledged_by} looks after this problem already")
    problems.acknowledge(work, row.id, work.actor, note[:MAX_NOTE])
    # Not the note, in which people may write about people.
    record(work, "alerts:problem:acknowledge", f"problem:{key}", domain_id=row.domain_id, after={"kind": row.kind})
    return required(work, key)


def severity_of(row: ProblemRow) -> Severity:
    """How bad a stored problem is."""
    return Severity(row.severity)
