# SPDX-License-Identifier: Apache-2.0
"""Who a service is: TS 119 612 §5.5.3, and what to know about certificates that are damaged.

Only key and subject name of a certificate are the trust anchor. The same key under the same type twice makes two
answers for one certificate, which TS 119 615 §4.3 counts as a conflict where they differ.
"""

from collections import defaultdict
from collections.abc import Iterator

from cryptography.x509.oid import NameOID

from trust_lists.certificates.names import comparable_text
from trust_lists.certificates.path_extensions import path_extensions
from trust_lists.documents.checks.places import ServicePlace, services
from trust_lists.documents.checks.rules import Rule
from trust_lists.documents.findings import Finding, Level
from trust_lists.documents.model import DigitalIdentity, TrustedList, TrustServiceProvider
from trust_lists.documents.vocabulary import SERVICE_TYPE, short

WITHOUT_KEY = ("Ledgers", "RemoteQSigCDManagement", "RemoteQSealCDManagement", "AdESGeneration", "unspecified")
"""Types, without `/Q`, whose services may have no key; so may all that end in `/nothavingPKIid`."""

CERTIFICATE = Rule("TS119612-5.5.3", "5.5.3", "A service is identified by a certificate, or by a URI if it has no key.")
KEY = Rule("TS119612-5.5.3-KEY", "5.5.3", "All certificates of a service are of one key.")
SUBJECT = Rule("TS119612-5.5.3-SUBJECT", "5.5.3", "All certificates of a service are of one subject.")
SKI = Rule("TS119612-5.5.3-SKI", "5.5.3", "A subject key identifier is that of the certificate.", Level.WARNING)
TWICE = Rule("TS119612-5.5.3-TWICE", "5.5.3", "A key stands once in a list under a type of service.")
ORGANISATION = Rule(
    "TS119612-5.5.3-NAME", "5.5.3", "The organisation in a service's certificate is its provider.", Level.WARNING
)
UNREADABLE = Rule(
    "LIST-CERTIFICATE-UNREADABLE",
    "",
    "Certificates follow their encoding rules, so that all can load them.",
    Level.WARNING,
)
WITHOUT_ANCHOR = Rule("LIST-CERTIFICATE-WITHOUT-KEY", "", "The key can be cut out of a certificate, damaged or not.")

IDENTITY_RULES = (CERTIFICATE, KEY, SUBJECT, SKI, TWICE, ORGANISATION, UNREADABLE, WITHOUT_ANCHOR)


def may_lack_key(service_type: str) -> bool:
    """Whether services of a type need no certificate (§5.5.3)."""
    name = short(service_type).removesuffix("/Q")
    return name.endswith("/nothavingPKIid") or name in WITHOUT_KEY or not service_type.startswith(SERVICE_TYPE)


def check_identities(document: TrustedList) -> Iterator[Finding]:
    """Findings of §5.5.3."""
    seen: dict[tuple[str, bytes], list[str]] = defaultdict(list)
    for place in services(document):
        state = place.service.current
        where = f"{place.current_path}/ServiceDigitalIdentity"
        if not state.identity.certificates and not (may_lack_key(state.type) and state.identity.other):
            yield CERTIFICATE.broken(f"a service of type {short(state.type)} has no certificate", where)
        yield from _certificates(state.identity, where)
        yield from unreadable(state.identity, where)
        yield from _organisation(place, where)
        for key in {each.key for each in state.identity.certificates if each.key}:
            seen[state.type, key].append(where)
    for (service_type, _), places in seen.items():
        for where in places[1:]:
            yield TWICE.broken(f"the key stands under {short(service_type)} already at {places[0]}", where)


def unreadable(identity: DigitalIdentity, where: str) -> Iterator[Finding]:
    """Findings about damaged certificates of an identity; they count, and are matched by key, nevertheless."""
    for number, certificate in enumerate(identity.certificates, 1):
        place = f"{where}/X509Certificate[{number}]"
        if certificate.certificate is None:
            yield UNREADABLE.broken(f"{certificate.sha256}: {certificate.problem}", place)
        if not certificate.key:
            yield WITHOUT_ANCHOR.broken(f"{certificate.sha256}: no key was found", place)


def _certificates(identity: DigitalIdentity, where: str) -> Iterator[Finding]:
    certificates = identity.certificates
    if len({each.key for each in certificates}) > 1:
        yield KEY.broken(f"{len(certificates)} certificates are of different keys", where)
    if len({each.comparable_subject for each in certificates}) > 1:
        yield SUBJECT.broken(f"{len(certificates)} certificates are of different subjects", where)
    known = stated_skis(identity)
    for ski in identity.skis:
        if known and ski not in known:
            yield SKI.broken(f"{ski.hex()} isn't in the certificate", f"{where}/X509SKI")


def stated_skis(identity: DigitalIdentity) -> frozenset[bytes]:
    """The subject key identifiers that the certificates of an identity state."""
    return frozenset(ski for each in identity.certificates if (ski := path_extensions(each.der).subject_key))


def _organisation(place: ServicePlace, where: str) -> Iterator[Finding]:
    known = _names(place.provider)
    for number, certificate in enumerate(place.service.current.identity.certificates, 1):
        found = certificate.subject_values(NameOID.ORGANIZATION_NAME)
        if found and not any(comparable_text(each) in known for each in found):
            message = f"{', '.join(found)!r} isn't a name of the provider"
            yield ORGANISATION.broken(message, f"{where}/X509Certificate[{number}]")


def _names(provider: TrustServiceProvider) -> frozenset[str]:
    return frozenset(comparable_text(each.value) for each in provider.names + provider.trade_names)
