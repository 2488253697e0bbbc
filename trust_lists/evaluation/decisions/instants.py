# SPDX-License-Identifier: Apache-2.0
"""When a decision may change: the instants that stand in certificates, configurations and evidence.

Between two neighbouring instants a decision stays as it is, so a window of time is decided about at these alone. They
are a superset: at most of them nothing happens. A bound that is included ends one tick later than one that isn't, so
each time stands here with the tick after it. Who may stand above a certificate is followed by names, without
signatures, so that what has nothing to do with it costs nothing.
"""

import binascii
import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from trust_lists.certificates.building import by_name
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.names import ComparableName
from trust_lists.certificates.revocation.crl import Crl
from trust_lists.certificates.revocation.extensions import revocation_extensions
from trust_lists.certificates.revocation.ocsp import OcspResponse, SingleResponse
from trust_lists.certificates.revocation.rules import RevocationRule
from trust_lists.documents.xml_dates import duration
from trust_lists.errors import CertificateError
from trust_lists.evaluation.decisions.evidence import Evidence
from trust_lists.evaluation.decisions.model import Case
from trust_lists.evaluation.services import ListedService
from trust_lists.evaluation.trust_configuration.model import Context, Role, TrustConfiguration
from trust_lists.instants import read_instant

TICK = timedelta(microseconds=1)
"""The shortest time that there is here."""

_ZERO = timedelta()
_INSTANT = re.compile(rb"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,20})?(?:[Zz]|[+-]\d\d:\d\d)?")
_CACHED_FOR = re.compile(rb"cacheDuration\s*=\s*[\"']([^\"'<]{1,100})[\"']")
_CLAIMS = frozenset({"exp", "iat", "nbf"})
_TOKEN = re.compile(r"[\w-]{4,}\.[\w-]{4,}\.[\w-]*", re.ASCII)
_MAX_NESTING = 12


def instants(
    configuration: TrustConfiguration, case: Case, evidence: Evidence, start: datetime, end: datetime
) -> tuple[datetime, ...]:
    """`start`, and all later instants up to `end` (aware, included) at which the case may be decided otherwise.

    The time of the case plays no part. Nothing is raised. For many cases, see `Instants`.
    """
    return Instants(configuration, evidence).of(case, start, end)


class Instants:
    """The instants of many cases, of one configuration and one state of the evidence. Immutable after construction."""

    def __init__(self, configuration: TrustConfiguration, evidence: Evidence) -> None:
        self._configuration = configuration
        self._evidence = evidence
        rules = (configuration.rule(role) for role in Role)
        demands = [rule.revocation for rule in rules if rule is not None]
        self._skews = {_ZERO, configuration.engine.clock_skew, *(each.clock_skew for each in demands)}
        self._asks = any({each.leaf, each.intermediates} != {RevocationRule.NO_CHECK} for each in demands)
        """Whether anybody wants to know about revocation."""
        self._freshness = {each.freshness for each in demands if each.freshness is not None}
        entries = [entry for each in evidence.lists.values() for entry in each.index.entries]
        stores = configuration.stores
        held = [each.certificate for each in (*stores.intermediates, *(anchor.cert for anchor in stores.anchors))]
        self._anchors = by_name(
            (anchor for anchor in stores.anchors if anchor.cert.certificate is not None),
            lambda anchor: anchor.cert.certificate.comparable_subject if anchor.cert.certificate else (),
        )
        self._certificates = by_name(
            (
                *(each for each in held if each is not None),
                *evidence.intermediates,
                *(certificate for entry in entries for certificate in entry.service.current.identity.certificates),
            ),
            lambda each: each.comparable_subject,
        )
        self._services: dict[ComparableName, list[ListedService]] = {}
        for entry in entries:
            for name in {each.comparable_subject for each in entry.service.current.identity.certificates}:
                self._services.setdefault(name, []).append(entry)
        self._common = frozenset((*self._of_lists(), *self._of_metadata()))
        self._statements = [
            each
            for source in evidence.openid_federation.values()
            for text in source.statements
            if (each := _claims(text)) is not None
        ]

    def of(self, case: Case, start: datetime, end: datetime) -> tuple[datetime, ...]:
        """As the function `instants`."""
        found = {start}
        for each in (*self._common, *self._of_configuration(case), *self._of_statements(case), *self._above(case)):
            found.update(time for time in (each, _moved(each, TICK)) if time is not None and start < time <= end)
        return tuple(sorted(found))

    def _begins(self, time: datetime | None) -> Iterator[datetime]:
        """A time from which something counts, or sooner by the clock skew."""
        return self._at(time, (-skew for skew in self._skews))

    def _ends(self, time: datetime | None) -> Iterator[datetime]:
        return self._at(time, self._skews)

    @staticmethod
    def _at(time: datetime | None, offsets: Iterable[timedelta]) -> Iterator[datetime]:
        if time is not None:
            yield from (moved for offset in offsets if (moved := _moved(time, offset)) is not None)

    def _of_configuration(self, case: Case) -> Iterator[datetime]:
        """Pins of the certificate, and anchors that are the certificate; those above it are found with the paths."""
        stores, sha256 = self._configuration.stores, case.certificate.sha256
        for pin in stores.pins:
            if pin.cert_sha256 == sha256:
                yield from self._begins(pin.valid.since)
                yield from self._ends(pin.valid.until)
        for anchor in stores.anchors:
            if anchor.cert.sha256 == sha256:
                yield from self._begins(anchor.trusted.since)
                yield from self._ends(anchor.trusted.until)

    def _of_lists(self) -> Iterator[datetime]:
        for source in self._configuration.stores.lists:
            at_hand = self._evidence.lists.get(source.id)
            if at_hand is None:
                continue
            if source.max_age is not None:
                yield from self._ends(_moved(at_hand.fetched_at, source.max_age))
            for each in at_hand.lists.lists.values():
                if each.document is not None:
                    yield from self._ends(each.document.scheme.issued_at)
                    yield from self._ends(each.document.scheme.next_update)

    def _of_metadata(self) -> Iterator[datetime]:
        """Of all metadata at hand, whichever source or list of metadata leads to them."""
        sources = self._configuration.stores.saml_metadata
        ages = {each.max_age for each in sources if each.max_age is not None}
        for at_hand in set(self._evidence.saml_metadata.values()) if sources else ():
            cached = (duration(text.decode("ascii", "replace")) for text in _CACHED_FOR.findall(at_hand.document))
            for kept in {*ages, *cached} - {None}:
                yield from self._ends(_moved(at_hand.fetched_at, kept) if kept is not None else None)
            for text in set(_INSTANT.findall(at_hand.document)):
                time = read_instant(text.decode())
                yield from self._begins(time)
                yield from self._ends(time)

    def _of_statements(self, case: Case) -> Iterator[datetime]:
        """The times of the statements about the party and those above it; of all where nobody says who it is."""
        party = case.context.get(Context.PARTY)
        wanted: set[object] = {party}
        waiting = self._statements
        while waiting:
            found = [each for each in waiting if party is None or each.get("sub") in wanted]
            waiting = [each for each in waiting if party is not None and each.get("sub") not in wanted]
            if not found:
                return
            for each in found:
                hints = each.get("authority_hints")
                above = (each.get("iss"), *(hints if isinstance(hints, list) else ()))
                wanted.update(name for name in above if isinstance(name, str))
                for time in _times(each):
                    yield from self._begins(time)
                    yield from self._ends(time)

    def _above(self, case: Case) -> Iterator[datetime]:
        """The times of the certificate, of all that may stand above it, and of what is said about revocation."""
        along = by_name(case.intermediates, lambda each: each.comparable_subject)
        waiting: list[ListedCertificate] = [case.certificate]
        seen: set[ListedCertificate] = set()
        names: set[ComparableName] = set()
        crls: dict[str, Crl] = {}
        while waiting:
            certificate = waiting.pop()
            if certificate in seen:
                continue
            seen.add(certificate)
            yield from self._of_certificate(certificate)
            for response, single in self._responses(certificate) if self._asks else ():
                yield from self._of_evidence(single.this_update, single.next_update)
                yield from self._begins(single.revoked_at)
                yield from self._begins(single.invalid_since)
                waiting.extend(response.certificates)
            above = {certificate.comparable_issuer, *_crl_issuers(certificate)}
            # A service, or an anchor that is no more than a key and a name, may be the certificate itself.
            for name in {*above, certificate.comparable_subject} - names:
                names.add(name)
                yield from self._of_name(name)
            for name in above:
                waiting.extend((*self._certificates(name), *along(name)))
                if self._asks:
                    crls |= {each.data.sha256: each for each in self._evidence.revocation.crls(name)}
        for crl in crls.values():
            yield from self._of_evidence(crl.this_update, crl.next_update)
            for certificate in seen:
                yield from _entry_times(crl, certificate)

    def _of_certificate(self, certificate: ListedCertificate) -> Iterator[datetime]:
        try:
            start, end = certificate.slices.dates if certificate.slices else (None, None)
        except CertificateError:
            return
        yield from self._begins(start)
        yield from self._ends(end)

    def _of_name(self, name: ComparableName) -> Iterator[datetime]:
        """Of the anchors and the listed services of this name."""
        for anchor in self._anchors(name):
            yield from self._begins(anchor.trusted.since)
            yield from self._ends(anchor.trusted.until)
        for entry in self._services.get(name, ()):
            for state in (entry.service.current, *entry.service.history):
                yield from self._begins(state.starting_time)
                yield from self._ends(state.starting_time)

    def _responses(self, certificate: ListedCertificate) -> Iterable[tuple[OcspResponse, SingleResponse]]:
        serial = _serial(certificate)
        return () if serial is None else self._evidence.revocation.responses(serial)

    def _of_evidence(self, this_update: datetime, next_update: datetime | None) -> Iterator[datetime]:
        yield from self._begins(this_update)
        yield from self._at(this_update, self._freshness)
        yield from self._ends(next_update)


def _moved(time: datetime, by: timedelta) -> datetime | None:
    try:
        return time + by
    except OverflowError:
        return None


def _serial(certificate: ListedCertificate) -> int | None:
    slices = certificate.slices
    return int.from_bytes(slices.serial, "big", signed=True) if slices else None


def _crl_issuers(certificate: ListedCertificate) -> Iterator[ComparableName]:
    """Who else signs CRLs about it (RFC 5280 §4.2.1.13)."""
    try:
        points = revocation_extensions(certificate.der).points
    except CertificateError:
        return
    for point in points:
        yield from point.crl_issuers


def _entry_times(crl: Crl, certificate: ListedCertificate) -> Iterator[datetime]:
    """A revocation counts from the earliest of its dates, and a list from its own."""
    serial = _serial(certificate)
    if serial is None:
        return
    try:
        entries = crl.entries.find(serial, certificate.comparable_issuer)
    except CertificateError:
        return
    for entry in entries:
        yield from (time for time in (entry.date, entry.invalid_since, crl.this_update) if time is not None)


def _claims(token: str) -> dict[str, Any] | None:
    """What a JWS says, whoever signed it; None where it says nothing that can be read."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        found = json.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _times(value: Any, depth: int = 0) -> Iterator[datetime]:
    """All times in claims, and in tokens within them, such as trust marks."""
    if depth > _MAX_NESTING:
        return
    match value:
        case dict():
            for name, each in value.items():
                if name in _CLAIMS and isinstance(each, int | float):
                    try:
                        yield datetime.fromtimestamp(each, UTC)
                    except (ValueError, OverflowError, OSError):
                        continue
                else:
                    yield from _times(each, depth + 1)
        case list():
            for each in value:
                yield from _times(each, depth + 1)
        case str() if _TOKEN.fullmatch(value):
            yield from _times(_claims(value), depth + 1)
