# SPDX-License-Identifier: Apache-2.0
"""`/problems`: what somebody has to look at, and who does so already.

A problem of no domain is the system's.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import Field

from registry.accounts.permissions import SYSTEM, Action, Scope
from registry.alerts import book
from registry.alerts.words import told
from registry.api.v1 import rules
from registry.api.v1.call import Call, CallState
from registry.api.v1.context import no_domain
from registry.api.v1.cursors import Cursor, Limit, paged, read_cursor
from registry.api.v1.models import Model, Moment, Page, Paragraph
from registry.api.v1.routing import Resource
from registry.api.v1.rules import Within
from registry.errors import NotFoundError
from registry.storage.queries import problems
from registry.storage.queries.problems import ProblemFilter, ProblemRow

resource = Resource("problems", "What somebody has to look at: found again and again, until it is there no more.")
_PROBLEM = "/problems/{problem}"
_READ = Within(Action.PROBLEM_READ, rules.system)
Severity = Literal["error", "warning", "hint"]
Key = Annotated[str, Field(min_length=1, max_length=96, description="The key of a problem.")]


class ProblemItem(Model):
    """What is the matter."""

    key: Annotated[str, Field(description="The same for the same thing, whenever it is found.")]
    kind: Annotated[str, Field(examples=["certificate-ends"])]
    severity: Severity
    domain: Annotated[str | None, Field(description="Null where it concerns the whole installation.")]
    subject: Annotated[str, Field(description="What it is about; `*`: how many more of the kind there are.")]
    text: Annotated[str, Field(description="In words.")]
    remedy: Annotated[str, Field(description="What to do.")]
    parameters: Annotated[Mapping[str, Any], Field(description="What the words are made of, by kind.")]
    since: Moment
    first_seen: Moment
    last_seen: Moment
    ended_at: Moment | None
    acknowledged_by: Annotated[str | None, Field(description="Who looks after it, as the audit names them.")]
    acknowledged_at: Moment | None
    note: str | None


class Acknowledgement(Model):
    """That somebody looks after a problem."""

    note: Annotated[Paragraph, Field(max_length=book.MAX_NOTE, description="For the others.")] = ""


@resource.get("/problems", _READ, {200: Page[ProblemItem]})
def list_problems(
    call: Call,
    limit: Limit = 50,
    cursor: Cursor = None,
    kind: Annotated[str | None, Query(max_length=48, description="Only those of this kind.")] = None,
    severity: Annotated[Severity | None, Query(description="Only those that are so bad.")] = None,
    domain: Annotated[str | None, Query(max_length=64, description="Only those of this domain.")] = None,
    acknowledged: Annotated[bool | None, Query(description="Only those that somebody looks after, or nobody.")] = None,
    ended: Annotated[bool, Query(description="Those that have ended, instead of those that are open.")] = False,
) -> Page[ProblemItem]:
    """List the problems that the caller may see, the worst first."""
    wanted = ProblemFilter(kind, severity, _domains(call, domain), acknowledged, ended)
    behind = read_cursor(cursor, int, int)
    with call.context.database.read() as connection:
        rows = problems.page(connection, wanted, behind, limit + 1)
    part, following = paged(rows, limit, lambda row: row.place)
    return Page[ProblemItem](items=[_shown(call, row) for row in part], next_cursor=following)


@resource.get(_PROBLEM, _READ, {200: ProblemItem})
def read_problem(call: Call, problem: Key) -> ProblemItem:
    """Read a problem; of those with one key the newest."""
    with call.context.database.read() as connection:
        return _shown(call, _required(call, Action.PROBLEM_READ, problems.find(connection, problem)))


@resource.post(f"{_PROBLEM}/acknowledge", Within(Action.PROBLEM_ACKNOWLEDGE, rules.system), {200: ProblemItem})
def acknowledge_problem(call: Call, problem: Key, body: Acknowledgement) -> ProblemItem:
    """Say that one looks after a problem: nobody is told of it any more, until it becomes worse or ends."""
    with call.context.database.write(call.actor) as work:
        _required(call, Action.PROBLEM_ACKNOWLEDGE, problems.find_open(work.connection, problem))
        return _shown(call, book.acknowledge(work, problem, body.note))


def _domains(call: CallState, name: str | None) -> list[int] | None:
    """The domains whose problems the caller may see, or the named one of them; None: everything."""
    if name is not None:
        stored = call.context.domain(name)
        call.require(Action.PROBLEM_READ, Scope(stored.id), lambda: no_domain(name))
        return [stored.id]
    if call.may(Action.PROBLEM_READ, SYSTEM):
        return None
    return [stored.id for stored in call.context.directory.all() if call.may(Action.PROBLEM_READ, Scope(stored.id))]


def _required(call: CallState, action: Action, row: ProblemRow | None) -> ProblemRow:
    """A problem with which the caller may do something. Raises NotFoundError, UnauthorizedError."""
    call.narrowed = True
    scope = SYSTEM if row is None or row.domain_id is None else Scope(row.domain_id)
    if row is None or not call.may(Action.PROBLEM_READ, scope):
        raise NotFoundError("there is no such problem")
    call.require(action, scope)
    return row


def _shown(call: CallState, row: ProblemRow) -> ProblemItem:
    words = told(row)
    return ProblemItem(
        key=row.key,
        kind=row.kind,
        severity=book.severity_of(row).value,
        domain=None if row.domain_id is None else call.context.directory.by_id(row.domain_id).domain.name,
        subject=row.subject,
        text=words.what,
        remedy=words.remedy,
        parameters=row.parameters,
        since=row.since,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        ended_at=row.ended_at,
        acknowledged_by=row.acknowledged_by,
        acknowledged_at=row.acknowledged_at,
        note=row.note,
    )
