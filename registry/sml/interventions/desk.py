# SPDX-License-Identifier: Apache-2.0
"""Interventions as use cases: planned, asked for, approved by somebody else, refused, applied, undone.

Where the domain's `sml.four_eyes` names the power, whoever asks has to be an account, and another account approves: by
which session, token or certificate they come makes no difference. Where it doesn't, asking applies. In a domain one
intervention is applied at a time. Each method that writes is one transaction.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from registry.audit.events import record
from registry.errors import (
    AlreadyExistsError,
    ConflictError,
    NotFoundError,
    RegistryError,
    UnauthorizedError,
    ValidationError,
)
from registry.sml.interventions.blocking import Blocking, Unblocking
from registry.sml.interventions.four_eyes import wants_two
from registry.sml.interventions.jobs import Handler, handlers
from registry.sml.interventions.lifting import Lifting
from registry.sml.interventions.model import Kind, Operator, Plan, Power, Wanted, account_of
from registry.sml.interventions.suspension import ParticipantSuspension, PublisherSuspension
from registry.sml.interventions.transfer import Transfer
from registry.sml.interventions.undoing import Undoing
from registry.sml.plain import plainly
from registry.sml.publishers import Publishers
from registry.sml.registration import Registrar
from registry.storage.domain_directory import DomainDirectory, StoredDomain
from registry.storage.engine import Database, retried
from registry.storage.queries import blocked_certificates, interventions, quarantine
from registry.storage.queries.blocked_certificates import BlockedCertificate
from registry.storage.queries.interventions import InterventionRow, NewIntervention, State
from registry.storage.queries.quarantine import QuarantineRow
from registry.storage.unit_of_work import Connection, UnitOfWork

MAX_NAMED = 1000
"""The most participants or certificates that one intervention may name."""
_MAX_TEXT = {"order_reference": 200, "reason": 2_000}


@dataclass(frozen=True, slots=True)
class Intervention:
    """An intervention as its readers see it; people by what their accounts are called.

    `plan` is what it did, or while it waits what it would do now; None where that can't be said. `hindrance` says why
    it can't be applied now, or be undone any more; empty where nothing is known to stand against it.
    """

    row: InterventionRow
    wanted: Wanted
    asked_by: str
    approved_by: str | None
    refused_by: str | None
    undone_by: str | None
    plan: Plan | None = None
    hindrance: str = ""


class Interventions:
    """The powers of the operators of this instance's SML. Raises ConflictError in a domain that has none here."""

    def __init__(self, database: Database, registrar: Registrar, publishers: Publishers) -> None:
        self._database = database
        self._bulk = publishers.bulk
        self._transfer = Transfer(publishers, registrar)
        self._powers: dict[Kind, Power] = {
            Kind.SUSPEND_PUBLISHER: PublisherSuspension(publishers, suspends=True),
            Kind.RESUME_PUBLISHER: PublisherSuspension(publishers, suspends=False),
            Kind.SUSPEND_PARTICIPANT: ParticipantSuspension(registrar, suspends=True),
            Kind.RESUME_PARTICIPANT: ParticipantSuspension(registrar, suspends=False),
            Kind.TRANSFER: self._transfer,
            Kind.LIFT_QUARANTINE: Lifting(),
            Kind.BLOCK_CERTIFICATE: Blocking(),
            Kind.UNBLOCK_CERTIFICATE: Unblocking(),
        }
        self._undoing = Undoing(self._powers)

    def handlers(self, directory: DomainDirectory) -> dict[str, Handler]:
        """What does the jobs of transfers, by kind; for `TRANSFER` in place of what knows of no intervention."""
        return handlers(directory, self._transfer, self._bulk.handlers(directory))

    # Reading

    def plan(self, stored: StoredDomain, wanted: Wanted) -> Plan:
        """What an intervention would do now.

        Raises ValidationError, NotFoundError, ConflictError or AlreadyExistsError where it can't be done.
        """
        with plainly(stored), self._database.read() as connection:
            return self._plan(connection, stored, wanted, self._database.now())

    def needs_approval(self, stored: StoredDomain, wanted: Wanted) -> bool:
        """Whether asking for it isn't enough."""
        return wants_two(stored, wanted.kind)

    def undoing(self, stored: StoredDomain, number: int, reason: str = "") -> Wanted:
        """What to ask for so that an intervention is taken back: a use of the inverse power. Raises NotFoundError."""
        with self._database.read() as connection:
            kind = Kind(_found(connection, stored, number).kind).inverse
        return Wanted(kind, undoes=number, reason=reason)

    def page(self, stored: StoredDomain, state: State | None, before: int | None, size: int) -> list[Intervention]:
        """Up to `size` interventions with numbers below `before`, the newest first; without plans."""
        with self._database.read() as connection:
            return _named(connection, interventions.page(connection, stored.id, state, before, size))

    def one(self, stored: StoredDomain, number: int) -> Intervention:
        """One intervention, with what it did or would do. Raises NotFoundError."""
        with self._database.read() as connection:
            return self._shown(connection, stored, _found(connection, stored, number))

    def quarantined(self, stored: StoredDomain, after: tuple[str, str], size: int) -> list[QuarantineRow]:
        """Up to `size` participants in quarantine behind (scheme, value), in that order."""
        with self._database.read() as connection:
            return quarantine.page(connection, stored.id, after, size, self._database.now())

    def blocked(self, stored: StoredDomain, after: tuple[str, str], size: int) -> list[BlockedCertificate]:
        """Up to `size` blocked certificates behind (issuer, serial), in that order."""
        with self._database.read() as connection:
            return blocked_certificates.page(connection, stored.id, after, size)

    # Writing

    @retried
    def ask(self, by: Operator, stored: StoredDomain, wanted: Wanted) -> Intervention:
        """Ask for an intervention; it is applied at once, unless the domain wants a second person for it.

        Raises as `plan`; UnauthorizedError where a second person is wanted and the first one is no account;
        AlreadyExistsError where the same waits already.
        """
        with plainly(stored), self._database.write(by.actor) as work:
            interventions.one_at_a_time(work, stored.id)
            waits = self.needs_approval(stored, wanted)
            if waits and by.account_id is None:
                message = f"the domain wants a second person for {wanted.kind}: who asks has to be an account"
                raise UnauthorizedError(message)
            if waits:
                self._plan(work.connection, stored, wanted, work.now)
            if same := interventions.waiting_for(work.connection, stored.id, wanted.kind, wanted.content()):
                raise AlreadyExistsError(f"intervention {same} asks for the same, and waits")
            new = NewIntervention(
                stored.id,
                wanted.kind,
                wanted.subject,
                wanted.content(),
                wanted.order_reference or None,
                wanted.reason or None,
                by.name,
            )
            number = interventions.add(work, new)
            _record(work, stored, "sml:intervention:ask", number, wanted)
            if not waits:
                self._apply(work, stored, number, wanted)
            return self._shown(work.connection, stored, _found(work.connection, stored, number))

    @retried
    def approve(self, by: Operator, stored: StoredDomain, number: int) -> Intervention:
        """Approve an intervention, which applies it.

        Raises NotFoundError; ConflictError where it doesn't wait, or can't be done any more; UnauthorizedError for who
        asked for it, and for who is no account.
        """
        with plainly(stored), self._database.write(by.actor) as work:
            row = _waiting(work, stored, number)
            if by.account_id is None:
                raise UnauthorizedError("who approves has to be an account")
            if account_of(row.asked_by) is None or row.asked_by == by.name:
                raise UnauthorizedError("who asked can't approve: somebody else's account has to")
            wanted = _wanted(row)
            interventions.approve(work, number, by.name)
            _record(work, stored, "sml:intervention:approve", number, wanted)
            self._apply(work, stored, number, wanted)
            return self._shown(work.connection, stored, _found(work.connection, stored, number))

    @retried
    def refuse(self, by: Operator, stored: StoredDomain, number: int) -> Intervention:
        """Refuse an intervention, or withdraw one's own. Raises NotFoundError; ConflictError where it doesn't wait."""
        with plainly(stored), self._database.write(by.actor) as work:
            row = _waiting(work, stored, number)
            interventions.refuse(work, number, by.name)
            _record(work, stored, "sml:intervention:refuse", number, _wanted(row))
            return self._shown(work.connection, stored, _found(work.connection, stored, number))

    def undo(self, by: Operator, stored: StoredDomain, number: int, reason: str = "") -> Intervention:
        """Ask that an intervention be taken back. Raises as `ask`; NotFoundError."""
        return self.ask(by, stored, self.undoing(stored, number, reason))

    # helpers

    def _power(self, wanted: Wanted) -> Power:
        return self._powers[wanted.kind] if wanted.undoes is None else self._undoing

    def _plan(self, connection: Connection, stored: StoredDomain, wanted: Wanted, now: datetime) -> Plan:
        power = self._power(wanted)
        wanted.check(power.needs, power.takes)
        for name, most in _MAX_TEXT.items():
            if len(getattr(wanted, name)) > most:
                raise ValidationError.of("INTERVENTION-LENGTH", f"{name} has more than {most} characters")
        if max(len(wanted.participants), len(wanted.certificates)) > MAX_NAMED:
            raise ValidationError.of("INTERVENTION-LENGTH", f"{MAX_NAMED} is the most that one may name")
        return power.plan(connection, stored, wanted, now)

    def _apply(self, work: UnitOfWork, stored: StoredDomain, number: int, wanted: Wanted) -> None:
        plan = self._plan(work.connection, stored, wanted, work.now)
        applied = self._power(wanted).apply(work, stored, wanted, number)
        hours = 0 if wanted.undoes is not None else stored.domain.sml.undo_hours
        undo_until = work.now + timedelta(hours=hours) if hours else None
        before = {"power": applied.before, "plan": plan.to_json()}
        interventions.applied(work, number, before, undo_until, applied.job_id)
        tag = "sml:intervention:apply" if wanted.undoes is None else "sml:intervention:undo"
        _record(work, stored, tag, number, wanted, plan)

    def _shown(self, connection: Connection, stored: StoredDomain, row: InterventionRow) -> Intervention:
        (named,) = _named(connection, [row])
        now, wanted, hindrance, plan = self._database.now(), named.wanted, "", None
        try:
            if row.state is State.WAITING:
                plan = self._plan(connection, stored, wanted, now)
            elif row.before is not None:
                plan = Plan.read(row.before["plan"])
                self._undoing.check(connection, stored, row.id, now)
        except RegistryError as error:
            hindrance = str(error)
        return Intervention(
            row, wanted, named.asked_by, named.approved_by, named.refused_by, named.undone_by, plan, hindrance
        )


def _found(connection: Connection, stored: StoredDomain, number: int) -> InterventionRow:
    row = interventions.find(connection, stored.id, number)
    if row is None:
        raise NotFoundError(f"the domain {stored.domain.name} has no intervention {number}")
    return row


def _waiting(work: UnitOfWork, stored: StoredDomain, number: int) -> InterventionRow:
    interventions.one_at_a_time(work, stored.id)
    row = _found(work.connection, stored, number)
    if row.state is not State.WAITING:
        raise ConflictError(f"intervention {number} is {row.state} already")
    return row


def _wanted(row: InterventionRow) -> Wanted:
    return Wanted.read(row.kind, row.content, row.order_reference, row.reason)


def _named(connection: Connection, rows: list[InterventionRow]) -> list[Intervention]:
    people = {name for row in rows for name in (row.asked_by, row.approved_by, row.refused_by, row.undone_by) if name}
    numbers = {name: number for name in people if (number := account_of(name)) is not None}
    names = interventions.account_names(connection, numbers.values())

    def called(name: str | None) -> str | None:
        return names.get(numbers[name], name) if name in numbers else name

    return [
        Intervention(
            row,
            _wanted(row),
            called(row.asked_by) or row.asked_by,
            called(row.approved_by),
            called(row.refused_by),
            called(row.undone_by),
        )
        for row in rows
    ]


def _record(
    work: UnitOfWork, stored: StoredDomain, tag: str, number: int, wanted: Wanted, plan: Plan | None = None
) -> None:
    after = wanted.told | ({} if plan is None else {"counts": dict(plan.counts)})
    record(work, tag, f"intervention:{number}", domain_id=stored.id, after=after)
