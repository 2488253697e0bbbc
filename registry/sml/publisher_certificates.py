# SPDX-License-Identifier: Apache-2.0
"""Which certificates speak for a publisher, from when and until when: the rules for whoever changes that.

Each certificate has its window, so the next one is accepted beside the present one, and nobody has to change over at an
agreed second. Callers are decided on before; all of this happens inside their transactions.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from registry.audit.events import record
from registry.errors import AlreadyExistsError, NotFoundError, Reason
from registry.sml.authorization import TrustOf
from registry.sml.errors import FaultKind, SmlError, bad_request, broken_rules, unauthorized
from registry.storage.certificate_rows import certificate_row
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries import certificates, publishers, sml_views
from registry.storage.queries import publisher_certificates as held_certificates
from registry.storage.queries.publishers import PublisherRow
from registry.storage.queries.sml_views import PublisherCertificate
from registry.storage.unit_of_work import UnitOfWork
from trust_lists.certificates.parsing import fingerprint, load_certificate
from trust_lists.errors import CertificateError
from trust_lists.evaluation.trust_configuration.model import Context


@dataclass(frozen=True, slots=True)
class Window:
    """From and until when a certificate may speak for a publisher; None: from now on, or without an end."""

    usable_from: datetime | None = None
    usable_until: datetime | None = None


class PublisherCertificates:
    """The certificates of the publishers of every domain, with their audit events."""

    def __init__(self, trust_of: TrustOf) -> None:
        self._trust_of = trust_of

    def add(
        self, work: UnitOfWork, stored: StoredDomain, row: PublisherRow, certificate: x509.Certificate, window: Window
    ) -> str:
        """Let a certificate speak for a publisher; returns its fingerprint.

        Raises SmlError (ERR-106): the domain wouldn't accept its bearer, its key is another publisher's, the publisher
        has it already.
        """
        begin = window.usable_from or work.now
        values = certificate_row(certificate.public_bytes(Encoding.DER))
        reasons = _window_reasons(begin, window.usable_until)
        reasons += self._refusals(stored, row, certificate, max(begin, work.now))
        if _is_of_another(work, row, str(values["key_sha256"])):
            message = "the key of this certificate is that of another SMP; the operator may end the present ones first"
            reasons.append(Reason("SML-CERTIFICATE-KEY", message))
        if reasons:
            raise broken_rules(reasons)
        certificates.put(work.connection, [values])
        sha256, added = str(values["sha256"]), Window(begin, window.usable_until)
        try:
            publishers.add_certificate(work, row.id, sha256, begin, window.usable_until)
        except AlreadyExistsError as error:
            raise bad_request(str(error), error) from error
        _changed(work, stored, row, "sml:publisher-certificate:create", after=_audited(sha256, added))
        return sha256

    def change(
        self,
        work: UnitOfWork,
        stored: StoredDomain,
        row: PublisherRow,
        sha256: str,
        window: Window,
        *,
        last: bool = False,
    ) -> bool:
        """Give a certificate another window, without `usable_from` with the begin that it had; whether it had another.

        Raises SmlError: there is no such certificate; ERR-106 for a window without an instant, and, without `last`,
        where nobody could speak for the publisher any more.
        """
        held = _held(work, row, sha256)
        changed = Window(window.usable_from or held.usable_from or work.now, window.usable_until)
        before = Window(held.usable_from, held.usable_until)
        if changed == before:
            return False
        if reasons := _window_reasons(changed.usable_from, changed.usable_until):
            raise broken_rules(reasons)
        if not (last or _is_within(changed, work.now)):
            _refuse_last(work, row, held)
        publishers.change_certificate(work, row.id, sha256, changed.usable_from, changed.usable_until)
        audited = {"before": _audited(sha256, before), "after": _audited(sha256, changed)}
        _changed(work, stored, row, "sml:publisher-certificate:update", **audited)
        return True

    def end(
        self, work: UnitOfWork, stored: StoredDomain, row: PublisherRow, sha256: str, *, last: bool = False
    ) -> None:
        """Let a certificate speak for a publisher no more, from now on; one that never spoke is forgotten.

        Raises SmlError: there is no such certificate; without `last`, ERR-106 for the only one that speaks for it now.
        """
        held = _held(work, row, sha256)
        if held.usable_until is not None and held.usable_until <= work.now:
            return
        if not last:
            _refuse_last(work, row, held)
        before, tag = _audited(sha256, Window(held.usable_from, held.usable_until)), "sml:publisher-certificate:end"
        if held.usable_from is not None and held.usable_from >= work.now:
            publishers.remove_certificate(work, row.id, sha256)
            _changed(work, stored, row, tag, before=before)
            return
        publishers.change_certificate(work, row.id, sha256, held.usable_from, work.now)
        after = _audited(sha256, Window(held.usable_from, work.now))
        _changed(work, stored, row, tag, before=before, after=after)

    def succeed(
        self, work: UnitOfWork, stored: StoredDomain, row: PublisherRow, certificate: x509.Certificate, begin: datetime
    ) -> bool:
        """Let a publisher's next certificate speak for it from `begin` on, beside the present one.

        What the same caller has planned before is forgotten for it. The same once more is done already: False.
        Raises SmlError as `add`, and ERR-106 for a certificate that was ended.
        """
        sha256 = fingerprint(certificate)
        planned = held_certificates.added_by(work.connection, row.id, work.now)
        held = {each.sha256: each for each in sml_views.certificates_of(work.connection, row.id)}
        known = held.get(sha256)
        if known is not None:
            if known.usable_until is not None and known.usable_until <= work.now:
                raise bad_request(f"the certificate {sha256} was ended for the SMP {row.smp_id}")
            if sha256 not in planned:
                return False
            if reasons := self._refusals(stored, row, certificate, begin):
                raise broken_rules(reasons)
            return self.change(work, stored, row, sha256, Window(begin, known.usable_until))
        for other, who in planned.items():
            if who == work.actor:
                self.end(work, stored, row, other)
        self.add(work, stored, row, certificate, Window(begin))
        return True

    @staticmethod
    def is_planned(work: UnitOfWork, row: PublisherRow, sha256: str, begin: datetime) -> bool:
        """Whether a certificate speaks for a publisher from just that moment on."""
        held = sml_views.certificates_of(work.connection, row.id)
        return any(each.sha256 == sha256 and each.usable_from == begin for each in held)

    def _refusals(
        self, stored: StoredDomain, row: PublisherRow, certificate: x509.Certificate, at: datetime
    ) -> list[Reason]:
        """Why the domain wouldn't let the bearer of a certificate in at that moment."""
        trust = self._trust_of(stored.domain)
        decision = trust.decide("sml-client", certificate, at, context={Context.SMP_ID: row.smp_id})
        if decision.accepted or not decision.enforced:
            return []
        message = f"the domain doesn't accept the certificate of an SML client: {decision.reason}"
        return [Reason("SML-CERTIFICATE-REFUSED", message)]


def read_certificate(source: x509.Certificate | str) -> x509.Certificate:
    """A certificate that came in a request: PEM, or base64 of DER. Raises SmlError (ERR-106)."""
    if isinstance(source, x509.Certificate):
        return source
    try:
        return load_certificate(source)
    except CertificateError as error:
        raise broken_rules([Reason("SML-CERTIFICATE-FORM", str(error))]) from error


def begin_by_date(
    present: x509.Certificate, following: x509.Certificate, migration_date: date | None, now: datetime
) -> datetime:
    """From when on PrepareChangeCertificate (ICD 1.30) lets the next certificate of a caller speak.

    That is the begin of the day in UTC, or of the new validity where that is later or no day is named, and never later
    than the end of the present certificate, where the next one is valid then: nobody falls into a gap by a day.
    Raises SmlError: ERR-101 where the present certificate has expired, which a domain may only warn of; ERR-106 for a
    day that isn't after today or not inside the new validity, and for a validity that has begun, without a day.
    """
    first, last = following.not_valid_before_utc, following.not_valid_after_utc
    if present.not_valid_after_utc < now:
        raise unauthorized("The present certificate has expired; the operator has to add the next one")
    if following == present:
        raise bad_request("The new certificate is the present one")
    if migration_date is None:
        if first <= now:
            raise bad_request("migrationDate is missing, and the validity of the new certificate has begun already")
        asked = first
    else:
        if migration_date <= now.astimezone(UTC).date():
            raise bad_request(f"migrationDate {migration_date} is not after today")
        asked = max(datetime.combine(migration_date, time(), UTC), first)
        if not first.date() <= migration_date or asked >= last:
            raise bad_request(f"migrationDate {migration_date} is outside the validity of the new certificate")
    return min(asked, max(first, present.not_valid_after_utc))


def speaks(held: PublisherCertificate, at: datetime) -> bool:
    """Whether a certificate may speak for its publisher at a moment, by its window and its own dates."""
    valid = (held.not_before is None or held.not_before <= at) and (held.not_after is None or at <= held.not_after)
    return valid and _is_within(Window(held.usable_from, held.usable_until), at)


def _is_within(window: Window, at: datetime) -> bool:
    begun = window.usable_from is None or window.usable_from <= at
    return begun and (window.usable_until is None or at < window.usable_until)


def _is_of_another(work: UnitOfWork, row: PublisherRow, key_sha256: str) -> bool:
    """Whether a key is that of publishers who have no other key in common with this one, which has keys.

    One certificate may own several SMPs: those share a key, and may share the next one.
    """
    others = held_certificates.holders_of_key(work.connection, row.domain_id, key_sha256, work.now) - {row.id}
    keys = held_certificates.keys_of(work.connection, {row.id, *others}, work.now)
    own = keys.get(row.id, set())
    return bool(others and own) and not any(own & keys[other] for other in others)


def _held(work: UnitOfWork, row: PublisherRow, sha256: str) -> PublisherCertificate:
    for held in sml_views.certificates_of(work.connection, row.id):
        if held.sha256 == sha256:
            return held
    text = f"the SMP {row.smp_id} has no certificate {sha256}"
    raise SmlError(FaultKind.NOT_FOUND, 115, text, NotFoundError(text))


def _refuse_last(work: UnitOfWork, row: PublisherRow, ended: PublisherCertificate) -> None:
    others = (held for held in sml_views.certificates_of(work.connection, row.id) if held.sha256 != ended.sha256)
    if speaks(ended, work.now) and not any(speaks(held, work.now) for held in others):
        raise bad_request(
            f"no other certificate speaks for the SMP {row.smp_id} now: add the next one first, or say that it is "
            "meant (--last, ?last=true)"
        )


def _window_reasons(begin: datetime | None, end: datetime | None) -> list[Reason]:
    if begin is None or end is None or begin < end:
        return []
    return [Reason("SML-CERTIFICATE-WINDOW", "usable_until must be after usable_from")]


def _changed(work: UnitOfWork, stored: StoredDomain, row: PublisherRow, tag: str, **audited: Any) -> None:
    publishers.touch(work, row.id)
    record(work, tag, row.smp_id, domain_id=stored.id, **audited)


def _audited(sha256: str, window: Window) -> dict[str, str | None]:
    begin, end = window.usable_from, window.usable_until
    return {
        "certificate": sha256,
        "usable_from": begin.isoformat() if begin else None,
        "usable_until": end.isoformat() if end else None,
    }
