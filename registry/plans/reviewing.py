# SPDX-License-Identifier: Apache-2.0
"""Plans in a domain that wants a second person (ADR 0091): submitted by one account, approved or rejected by another.

A plan is a rehearsal that is kept, so there is nothing to edit between the approval and the publication: what was
approved is applied, and a row whose participant has changed meanwhile isn't (`PLAN-MEANWHILE`). By which session, token
or certificate an account comes makes no difference.
"""

from registry.accounts.accounts import Kind
from registry.accounts.names import name_key
from registry.audit.events import record
from registry.errors import ConflictError, ReviewRequiredError, UnauthorizedError, ValidationError
from registry.plans.model import CLAUSE, MAY_COME, TO_DO, PlanState
from registry.sml.interventions.model import Operator, account_of
from registry.storage.engine import Database, retried
from registry.storage.queries import accounts, plans, standby, tokens
from registry.storage.queries.plans import PlanRow
from registry.storage.unit_of_work import Connection, UnitOfWork

MAX_TEXT = 2_000


@retried
def submit(database: Database, by: Operator, plan_id: int) -> None:
    """Ask somebody else to look at a plan; who does answers for it from then on.

    Raises NotFoundError; ConflictError where the domain wants no review, nothing would change, or the plan is not one
    that waits for that; UnauthorizedError for who is no account.
    """
    with database.write(by.actor) as work:
        row = plans.required(work.connection, plan_id, lock=True)
        if not standby.wants_review(work.connection, row.domain_id):
            raise ConflictError("the domain wants no review: the plan can be applied as it is")
        if by.account_id is None:
            raise UnauthorizedError("who submits a plan has to be an account")
        lost = row.state in (PlanState.UNDER_REVIEW, PlanState.APPROVED) and not counts(work.connection, row)
        if row.state != PlanState.PLANNED and not lost:
            raise ConflictError(f"plan {plan_id} is {row.state}; only planned ones can be submitted")
        _check_time(work, row)
        if not any(row.counts.get(verdict.value, 0) for verdict in TO_DO):
            raise ConflictError(f"plan {plan_id} changes nothing")
        asked = {"submitted_by": by.name, "submitted_at": work.now}
        answered = {"decided_by": None, "decided_at": None, "decision": None}
        plans.change(work, plan_id, state=PlanState.UNDER_REVIEW.value, **asked, **answered)
        _record(work, "plans:plan:submit", row)


def approve(database: Database, by: Operator, plan_id: int, text: str = "") -> None:
    """Let a plan be applied. Raises as `reject`, and ConflictError where it has expired."""
    _decide(database, by, plan_id, text.strip(), approved=True)


def reject(database: Database, by: Operator, plan_id: int, text: str) -> None:
    """Let a plan not be applied, and say why.

    Raises NotFoundError; ValidationError without a text, or with too long a one; ConflictError where it doesn't wait
    for that, or who submitted it has no account any more; UnauthorizedError for who is no account, and for who made it
    or submitted it: those give it up.
    """
    if not text.strip():
        raise ValidationError.of("PLAN-REJECT", "say why it is rejected", CLAUSE)
    _decide(database, by, plan_id, text.strip(), approved=False)


@retried
def _decide(database: Database, by: Operator, plan_id: int, text: str, *, approved: bool) -> None:
    if len(text) > MAX_TEXT:
        raise ValidationError.of("PLAN-REJECT", f"the text has more than {MAX_TEXT} characters", CLAUSE)
    with database.write(by.actor) as work:
        row = plans.required(work.connection, plan_id, lock=True)
        submitted = row.submitted_by is not None and is_active(work.connection, row.submitted_by)
        again = row.state == PlanState.APPROVED and submitted and not counts(work.connection, row)
        if row.state != PlanState.UNDER_REVIEW and not again:
            raise ConflictError(f"plan {plan_id} is {row.state}; only those under review are decided about")
        if by.account_id is None:
            raise UnauthorizedError("who decides about a plan has to be an account")
        if is_own(work.connection, row, by):
            raise UnauthorizedError("who made a plan, or submitted it, can't decide about it: somebody else has to")
        if approved:
            _check_time(work, row)
            if not submitted:
                raise ConflictError("who submitted the plan has no account any more; it has to be submitted again")
        state = PlanState.APPROVED if approved else PlanState.REJECTED
        decided = {"decided_by": by.name, "decided_at": work.now, "decision": text or None}
        plans.change(work, plan_id, state=state.value, **decided)
        _record(work, "plans:plan:approve" if approved else "plans:plan:reject", row, text)


def is_own(connection: Connection, row: PlanRow, by: Operator) -> bool:
    """Whether somebody has made a plan, or submitted it."""
    if by.name == row.submitted_by or by.actor.name == row.actor:
        return True
    return by.account_id is not None and by.account_id == _program_of(connection, row.actor)


def _program_of(connection: Connection, actor: str) -> int | None:
    """The account of a program, which the audit calls by the token, or the certificate, with which it came."""
    kind, _, name = actor.partition(":")
    if kind == "token":
        token = tokens.by_name(connection, name)
        return None if token is None else token.account_id
    program = accounts.by_name(connection, name_key(name)) if kind == Kind.PROGRAM else None
    return None if program is None else program.id


def counts(connection: Connection, row: PlanRow) -> bool:
    """Whether everybody who has said yes to a plan until now has an account still."""
    said = [name for name in (row.submitted_by, row.decided_by) if name is not None]
    return all(is_active(connection, name) for name in said)


def is_active(connection: Connection, name: str) -> bool:
    """Whether an account, as an `Operator` is called, is neither disabled nor erased."""
    number = account_of(name)
    found = None if number is None else accounts.by_id(connection, number)
    return found is not None and found.state == "active"


def check_approved(work: UnitOfWork, row: PlanRow) -> None:
    """Raises ConflictError where a plan can't be applied yet, or any more; ReviewRequiredError where nobody else has
    approved it, but the domain wants that.
    """
    if row.state not in MAY_COME:
        raise ConflictError(f"plan {row.id} is {row.state}; it can't be applied")
    if standby.wants_review(work.connection, row.domain_id):
        if row.state != PlanState.APPROVED:
            todo = "somebody else has to approve it" if row.state == PlanState.UNDER_REVIEW else "submit it"
            raise ReviewRequiredError(f"plan {row.id} is {row.state}, and the domain wants a review: {todo}")
        if not counts(work.connection, row):
            message = f"plan {row.id} was approved, but one of the two accounts is disabled by now; submit it again"
            raise ReviewRequiredError(message)
    _check_time(work, row)


def check_counts(connection: Connection, row: PlanRow) -> None:
    """Raises ReviewRequiredError where a plan that is being applied was approved by accounts that aren't active now."""
    if row.decided_at is not None and standby.wants_review(connection, row.domain_id) and not counts(connection, row):
        message = f"plan {row.id} was broken off, and one of the two accounts is disabled by now; make another plan"
        raise ReviewRequiredError(message)


def _check_time(work: UnitOfWork, row: PlanRow) -> None:
    if row.expires_at <= work.now:
        raise ConflictError(f"plan {row.id} has expired on {row.expires_at:%Y-%m-%d}; make another one")


def _record(work: UnitOfWork, tag: str, row: PlanRow, text: str = "") -> None:
    told = {"counts": dict(row.counts)} | ({"text": text} if text else {})
    record(work, tag, f"plan:{row.id}", domain_id=row.domain_id, before={"state": row.state}, after=told)
