# SPDX-License-Identifier: Apache-2.0
"""Takes the SMPs of an old SML in, with the certificates that speak for them.

A certificate that the domain doesn't accept is carried all the same, and told: who calls is decided on with each call,
and what the domain trusts may be put right afterwards. One whose change was planned speaks from that day on, beside the
present one (`registry.sml.publisher_certificates`).
"""

from collections.abc import Iterator, Sequence
from functools import partial

from registry.audit.events import record as record_event
from registry.errors import ConflictError, ValidationError
from registry.move_in.attempts import attempt
from registry.move_in.model import Kind, Result, SourceRecord, Verdict
from registry.move_in.sml_domains import SmlDomains
from registry.move_in.sml_records import PublisherRecord, SpeakingCertificate
from registry.sml.authorization import TrustOf
from registry.sml.interventions.model import Kind as Power
from registry.sml.interventions.model import Wanted
from registry.sml.interventions.suspension import PublisherSuspension
from registry.sml.model import Publisher
from registry.sml.publisher_certificates import PublisherCertificates, Window
from registry.sml.publishers import Publishers as SmlPublishers
from registry.storage.certificate_rows import certificate_row, certificate_sha256
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Database
from registry.storage.queries import certificates, publishers, sml_views
from registry.storage.queries.publishers import PublisherRow
from registry.storage.unit_of_work import UnitOfWork
from trust_lists.certificates.parsing import load_certificate
from trust_lists.errors import CertificateError
from trust_lists.evaluation.trust_configuration.model import Context


class Publishers:
    """Implements `registry.move_in.model.Receiver`."""

    kind = Kind.PUBLISHER

    def __init__(self, database: Database, domains: SmlDomains, known: SmlPublishers, trust_of: TrustOf) -> None:
        self._database = database
        self._domains = domains
        self._publishers = known
        self._certificates = PublisherCertificates(trust_of)
        self._trust_of = trust_of

    def apply(self, work: UnitOfWork, records: Sequence[SourceRecord], gone: Sequence[str]) -> Sequence[Result]:
        """See `Receiver.apply`. An SMP that is gone is removed once its participants are, or are another one's."""
        self._domains.refresh()
        taken = [
            attempt(self._database, work, each.key, partial(self._take, record=PublisherRecord.of(each)))
            for each in records
        ]
        left = [attempt(self._database, work, key, partial(self._remove, key=key)) for key in gone]
        return [*taken, *left]

    def _take(self, work: UnitOfWork, record: PublisherRecord) -> Result:
        stored = self._domains.of(record.sub_domain)
        publisher = Publisher(record.smp_id, record.logical_address, record.physical_address)
        row = self._locked(work, stored, record.smp_id)
        verdict, changed = Verdict.UPDATED, False
        if row is None:
            first = next((each.der for each in record.certificates if each.since is None), None)
            self._publishers.add(work, stored, publisher, first)
            row, verdict = self._locked(work, stored, record.smp_id), Verdict.CREATED
            assert row is not None  # noqa: S101 — just added
        elif row.smp_id != record.smp_id:
            message = f"the source has the SMPs {row.smp_id} and {record.smp_id}, which are one name in DNS"
            raise ValidationError.of("MOVE-IN-SMP-TWICE", message, "RFC 4343 §2")
        else:
            changed = self._publishers.change(work, stored, row, publisher.logical_address, publisher.physical_address)
        changed |= self._hold(work, stored, row, record.certificates)
        if row.suspended is not record.suspended:
            power = Power.SUSPEND_PUBLISHER if record.suspended else Power.RESUME_PUBLISHER
            suspension = PublisherSuspension(self._publishers, suspends=record.suspended)
            suspension.apply(work, stored, Wanted(power, smp_id=record.smp_id), 0)
            changed = True
        if verdict is Verdict.UPDATED and not changed:
            verdict = Verdict.UNCHANGED
        return Result(record.key, verdict, notes=(*record.notes, *self._notes(work, stored, record)))

    def _remove(self, work: UnitOfWork, key: str) -> Result:
        sub_domain, _, smp_id = key.partition("/")
        stored = self._domains.find(sub_domain)
        row = None if stored is None else self._locked(work, stored, smp_id)
        if stored is not None and row is not None and row.smp_id == smp_id:
            if number := publishers.registrations_of(work.connection, row.id):
                raise ConflictError(
                    f"it has {number} participants here still: once they are gone, the next load removes it"
                )
            self._publishers.remove(work, stored, row)
        return Result(key, Verdict.REMOVED)

    @staticmethod
    def _locked(work: UnitOfWork, stored: StoredDomain, smp_id: str) -> PublisherRow | None:
        publishers.lock(work.connection, [stored.id], smp_id)
        return next(iter(publishers.find(work.connection, [stored.id], smp_id)), None)

    def _hold(
        self, work: UnitOfWork, stored: StoredDomain, row: PublisherRow, wanted: Sequence[SpeakingCertificate]
    ) -> bool:
        """Let exactly these certificates speak for an SMP; whether others did."""
        held = {each.sha256: each for each in sml_views.certificates_of(work.connection, row.id)}
        kept, changed = set[str](), False
        for each in wanted:
            sha256 = certificate_sha256(each.der)
            kept.add(sha256)
            if sha256 not in held:
                self._add(work, stored, row, each)
                changed = True
            elif each.since is not None or held[sha256].usable_until is not None:
                window = Window(each.since)
                changed |= self._certificates.change(work, stored, row, sha256, window, last=True)
        for sha256, other in held.items():
            if sha256 not in kept and (other.usable_until is None or other.usable_until > work.now):
                self._certificates.end(work, stored, row, sha256, last=True)
                changed = True
        return changed

    @staticmethod
    def _add(work: UnitOfWork, stored: StoredDomain, row: PublisherRow, added: SpeakingCertificate) -> None:
        """As `PublisherCertificates.add`, whatever the domain says of the certificate."""
        values, begin = certificate_row(added.der), added.since or work.now
        certificates.put(work.connection, [values])
        publishers.add_certificate(work, row.id, values["sha256"], begin)
        publishers.touch(work, row.id)
        after = {"certificate": values["sha256"], "usable_from": begin.isoformat(), "usable_until": None}
        record_event(work, "sml:publisher-certificate:create", row.smp_id, domain_id=stored.id, after=after)

    def _notes(self, work: UnitOfWork, stored: StoredDomain, record: PublisherRecord) -> Iterator[str]:
        """What an operator should know of who speaks for an SMP."""
        if record.unknown:
            yield (
                f"the source has no certificate of {', '.join(record.unknown)}: it is to be added, or its SMP can't "
                "call (registry sml certificate add)"
            )
        for each in record.certificates:
            try:
                certificate = load_certificate(each.der)
            except CertificateError as error:
                yield f"the certificate {certificate_sha256(each.der)} can't be read: {error}"
                continue
            at = max(each.since or work.now, work.now)
            trust = self._trust_of(stored.domain)
            decision = trust.decide("sml-client", certificate, at, context={Context.SMP_ID: record.smp_id})
            if not decision.accepted:
                yield f"the domain doesn't accept the certificate {certificate_sha256(each.der)}: {decision.reason}"
