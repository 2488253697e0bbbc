# SPDX-License-Identifier: Apache-2.0
"""Blocks certificates, by issuer and serial number, at once and for every SMP of the domain; and lets them in again.

It works before the authority has revoked a certificate, and where it never does.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from registry.audit.events import record_many
from registry.errors import AlreadyExistsError, ConflictError, NotFoundError
from registry.sml.errors import some_of
from registry.sml.interventions.model import Applied, CertificateName, Done, Plan, Wanted
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries import blocked_certificates
from registry.storage.queries.blocked_certificates import BlockedCertificate, Named
from registry.storage.unit_of_work import Connection, UnitOfWork


class Blocking:
    """Blocks certificates. Undone, only those are let in that this very intervention has blocked."""

    needs = frozenset({"certificates"})
    takes = frozenset[str]()

    def plan(self, connection: Connection, stored: StoredDomain, wanted: Wanted, now: datetime) -> Plan:
        """Who would lose access. Raises AlreadyExistsError where all of them are blocked."""
        names = _new(connection, stored, wanted)
        beside = blocked_certificates.speakers_beside(connection, stored.id, names, now)
        concerned = {speaker.smp_id for speaker in beside}
        held = blocked_certificates.find(connection, stored.id, [(row.issuer, row.serial) for row in beside])
        out = {*names, *(row.name for row in held)}
        speaking = {speaker.smp_id for speaker in beside if (speaker.issuer, speaker.serial) not in out}
        silenced = concerned - speaking
        counts = {"certificates": len(names), "publishers": len(concerned), "silenced": len(silenced)}
        return Plan(counts, tuple(_notes(stored, concerned, silenced)))

    def apply(self, work: UnitOfWork, stored: StoredDomain, wanted: Wanted, number: int) -> Applied:
        """Do it."""
        names = _new(work.connection, stored, wanted)
        rows = [BlockedCertificate(*name, work.now, number) for name in names]
        blocked_certificates.add(work, stored.id, rows)
        _record(work, stored, "sml:certificate:block", names)
        return Applied({"blocked": [list(name) for name in names]})

    def plan_undo(self, connection: Connection, stored: StoredDomain, done: Done, now: datetime) -> Plan:
        """Which are let in again. Raises ConflictError where none is blocked by this any more."""
        return _left(len(done.before["blocked"]), _blocked_by(connection, stored, done))

    def undo(self, work: UnitOfWork, stored: StoredDomain, done: Done, number: int) -> Applied:
        """Take it back."""
        names = _blocked_by(work.connection, stored, done)
        _left(len(done.before["blocked"]), names)
        blocked_certificates.remove(work, stored.id, names)
        _record(work, stored, "sml:certificate:unblock", names)
        return Applied()


class Unblocking:
    """Lets certificates in again."""

    needs = frozenset({"certificates"})
    takes = frozenset[str]()

    def plan(self, connection: Connection, stored: StoredDomain, wanted: Wanted, now: datetime) -> Plan:
        """For which SMPs they may speak again. Raises NotFoundError naming those that aren't blocked."""
        names = [row.name for row in _blocked(connection, stored, wanted)]
        beside = blocked_certificates.speakers_beside(connection, stored.id, names, now)
        concerned = {speaker.smp_id for speaker in beside}
        notes = [f"of {some_of(sorted(concerned))}"] if concerned else []
        return Plan({"certificates": len(names), "publishers": len(concerned)}, tuple(notes))

    def apply(self, work: UnitOfWork, stored: StoredDomain, wanted: Wanted, number: int) -> Applied:
        """Do it."""
        rows = _blocked(work.connection, stored, wanted)
        names = [row.name for row in rows]
        blocked_certificates.remove(work, stored.id, names)
        _record(work, stored, "sml:certificate:unblock", names)
        return Applied({"blocked": [[*row.name, row.blocked_at.isoformat(), row.intervention_id] for row in rows]})

    def plan_undo(self, connection: Connection, stored: StoredDomain, done: Done, now: datetime) -> Plan:
        """Which are blocked again. Raises ConflictError where all of them are."""
        return _left(len(done.before["blocked"]), [row.name for row in _unblocked(connection, stored, done)])

    def undo(self, work: UnitOfWork, stored: StoredDomain, done: Done, number: int) -> Applied:
        """Take it back: they are blocked by what had blocked them."""
        rows = _unblocked(work.connection, stored, done)
        names = [row.name for row in rows]
        _left(len(done.before["blocked"]), names)
        blocked_certificates.add(work, stored.id, rows)
        _record(work, stored, "sml:certificate:block", names)
        return Applied()


def _new(connection: Connection, stored: StoredDomain, wanted: Wanted) -> list[Named]:
    names = _names(wanted.certificates)
    held = {row.name for row in blocked_certificates.find(connection, stored.id, names)}
    if not (new := [name for name in names if name not in held]):
        raise AlreadyExistsError(f"blocked already: {some_of(str(each) for each in wanted.certificates)}")
    return new


def _blocked(connection: Connection, stored: StoredDomain, wanted: Wanted) -> list[BlockedCertificate]:
    rows = blocked_certificates.find(connection, stored.id, _names(wanted.certificates))
    held = {row.name for row in rows}
    if missing := [str(each) for each in wanted.certificates if (each.issuer, each.serial) not in held]:
        raise NotFoundError(f"not blocked: {some_of(missing)}")
    return rows


def _blocked_by(connection: Connection, stored: StoredDomain, done: Done) -> list[Named]:
    names = [(issuer, serial) for issuer, serial in done.before["blocked"]]
    rows = blocked_certificates.find(connection, stored.id, names)
    return [row.name for row in rows if row.intervention_id == done.number]


def _unblocked(connection: Connection, stored: StoredDomain, done: Done) -> list[BlockedCertificate]:
    every = [
        BlockedCertificate(issuer, serial, datetime.fromisoformat(at), intervention_id)
        for issuer, serial, at, intervention_id in done.before["blocked"]
    ]
    held = {row.name for row in blocked_certificates.find(connection, stored.id, [row.name for row in every])}
    return [row for row in every if row.name not in held]


def _left(there_were: int, names: Sequence[Named]) -> Plan:
    left = there_were - len(names)
    if not names:
        raise ConflictError("nothing is left that could be undone: other interventions came after this one")
    notes = [f"{left} stay as other interventions left them"] if left else []
    return Plan({"certificates": len(names), "left": left}, tuple(notes))


def _names(certificates: Iterable[CertificateName]) -> list[Named]:
    return list(dict.fromkeys((each.issuer, each.serial) for each in certificates))


def _notes(stored: StoredDomain, concerned: set[str], silenced: set[str]) -> Iterator[str]:
    if concerned:
        yield f"spoke for {some_of(sorted(concerned))}"
    if silenced:
        yield f"without any other certificate then: {some_of(sorted(silenced))}"
    if stored.domain.sml.identity == "issuer+subject":
        yield "the domain takes any certificate with the issuer and subject of a registered one; block each, or suspend"


def _record(work: UnitOfWork, stored: StoredDomain, tag: str, names: Iterable[Named]) -> None:
    told = [(str(CertificateName(*name)), None, None) for name in names]
    record_many(work, tag, told, domain_id=stored.id)
