# SPDX-License-Identifier: Apache-2.0
"""What a list of trusted entities says of itself: TS 119 602 V1.1.1 §6.1 to §6.3.

A scheme is explicit where the list has one of the fields that an implicit one may not have (Table 1), or where a
profile asks for it; it must then have all of them.
"""

from collections.abc import Iterator
from datetime import datetime

from trust_lists.documents.checks.rules import Rule
from trust_lists.documents.checks.scheme import is_absolute
from trust_lists.documents.findings import Finding, Level
from trust_lists.documents.lote.places import SCHEME, extensions, pointers, services, states, texts, uris
from trust_lists.documents.model import Address, Dialect, Pointer, PointerQualifier, Scheme, TrustedList

VERSION_OF_V111 = 1

URI = Rule("TS119602-6.1.2", "6.1.2", "URIs are absolute.")
TIME = Rule("TS119602-6.1.3", "6.1.3", "Instants have no fraction of a second.")
LANGUAGE = Rule("TS119602-6.1.4-LANGUAGE", "6.1.4", "Every text names its language.")
ENGLISH = Rule("TS119602-6.1.4", "6.1.4", "Every text is there in English, too.")
TAG = Rule("TS119602-6.2", "6.2", "A list in XML carries a tag, which is a URI.")
VERSION = Rule("TS119602-6.3.1", "6.3.1", "The version is 1.")
SEQUENCE = Rule("TS119602-6.3.2", "6.3.2", "The sequence number is positive.")
TYPE = Rule("TS119602-6.3.3", "6.3.3", "A list of an explicit scheme has a type.")
OPERATOR = Rule("TS119602-6.3.4", "6.3.4", "The scheme operator has a name.")
ADDRESS = Rule("TS119602-6.3.5", "6.3.5", "The operator of an explicit scheme has an address.")
POSTAL = Rule("TS119602-6.3.5.1", "6.3.5.1", "A postal address has street and country.")
ELECTRONIC = Rule("TS119602-6.3.5.2", "6.3.5.2", "The operator has an e-mail address and a web site.")
NAME = Rule("TS119602-6.3.6", "6.3.6", "An explicit scheme has a name, which begins with territory and colon.")
INFORMATION_URI = Rule("TS119602-6.3.7", "6.3.7", "An explicit scheme says where information about it is.")
APPROACH = Rule("TS119602-6.3.8", "6.3.8", "An explicit scheme says how it comes to a status.")
COMMUNITY = Rule("TS119602-6.3.9", "6.3.9", "An explicit scheme names its type, community or rules.")
TERRITORY = Rule("TS119602-6.3.10", "6.3.10", "An explicit scheme names its territory; that is a code of two letters.")
LEGAL = Rule("TS119602-6.3.11", "6.3.11", "An explicit scheme has policies or legal notices, and not both.")
HISTORY_PERIOD = Rule("TS119602-6.3.12", "6.3.12", "The period of history is not negative.")
POINTER = Rule("TS119602-6.3.13", "6.3.13", "A pointer has a location, its signers, and type, operator, media type.")
ISSUED = Rule("TS119602-6.3.14", "6.3.14", "The list isn't issued in the future.")
UPDATE = Rule("TS119602-6.3.15", "6.3.15", "The next update comes after the issue.")
EXPIRED = Rule("TS119602-6.3.15-EXPIRED", "6.3.15", "A list isn't past its next update.", Level.WARNING)
CLOSED = Rule("TS119602-6.3.15-CLOSED", "6.3.15", "In a closed list all services expired.", Level.WARNING)
EXTENSION = {
    clause: Rule(f"TS119602-{clause}", clause, f"Extensions of the {what} that are critical are known.")
    for clause, what in (("6.3.17", "scheme"), ("6.5.5", "entities"), ("6.6.9", "services"))
}
UNREAD = Rule("LIST-NOT-READ", "", "The list says nothing that the standard has no place for.", Level.WARNING)

SCHEME_RULES = (
    *(URI, TIME, LANGUAGE, ENGLISH, TAG, VERSION, SEQUENCE, TYPE, OPERATOR, ADDRESS, POSTAL, ELECTRONIC, NAME),
    *(INFORMATION_URI, APPROACH, COMMUNITY, TERRITORY, LEGAL, HISTORY_PERIOD, POINTER, ISSUED, UPDATE, EXPIRED),
    *(CLOSED, *EXTENSION.values(), UNREAD),
)

_KNOWN_EXTENSIONS = frozenset(
    (
        "ServiceUniqueIdentifier",
        "{http://uri.etsi.org/019602/v1/ServiceInformationExtensions}ServiceUniqueIdentifier",
        "OtherAssociatedBodies",
        "OtherAssociatedBodiesExtensions",
        "{http://uri.etsi.org/019602/v1/TrustedEntityExtensions}OtherAssociatedBodies",
    )
)


def check_scheme(document: TrustedList, at: datetime | None, *, explicit: bool) -> Iterator[Finding]:
    """Findings of §6.1 to §6.3, and about extensions; `explicit` where a profile asks for an explicit scheme."""
    scheme = document.scheme
    yield from _forms(document)
    if document.dialect is Dialect.LOTE_XML and not is_absolute(document.tag):
        yield TAG.broken(f"the tag is {document.tag!r}", "@LOTETag")
    if scheme.version != VERSION_OF_V111:
        yield VERSION.broken(f"the version is {scheme.version}", f"{SCHEME}/LoTEVersionIdentifier")
    if scheme.sequence < 1:
        yield SEQUENCE.broken(f"the sequence number is {scheme.sequence}", f"{SCHEME}/LoTESequenceNumber")
    if not any(each.value.strip() for each in scheme.operator_names):
        yield OPERATOR.broken("the operator has no name", f"{SCHEME}/SchemeOperatorName")
    if explicit or is_explicit(scheme):
        yield from _missing(scheme)
    yield from _given(scheme)
    yield from check_address(scheme.operator_address, f"{SCHEME}/SchemeOperatorAddress", POSTAL, ELECTRONIC)
    for path, pointer in pointers(document):
        yield from _pointer(path, pointer)
    yield from _times(document, at)
    for clause, path, extension in extensions(document):
        name = getattr(extension.content, "name", "")
        if extension.critical and name not in _KNOWN_EXTENSIONS:
            yield EXTENSION[clause].broken(f"the extension {name or 'without a name'} is critical and unknown", path)
    for path in document.unread:
        yield UNREAD.broken("there is no place for this", path)


def is_explicit(scheme: Scheme) -> bool:
    """Whether the list says what only an explicit scheme may say (Table 1)."""
    return bool(
        scheme.names
        or scheme.information_uris
        or scheme.status_determination
        or scheme.community_rules
        or scheme.policies
        or scheme.legal_notices
    )


def check_address(address: Address, where: str, postal: Rule, electronic: Rule) -> Iterator[Finding]:
    """Findings about an address that is there (§6.3.5, which §6.5.3 repeats for trusted entities)."""
    if address == Address():
        return
    if not address.postal:
        yield postal.broken("there is no postal address", where)
    for number, each in enumerate(address.postal, 1):
        for name, value in (("StreetAddress", each.street), ("Country", each.country)):
            if not value.strip():
                yield postal.broken(f"{name} is missing", f"{where}/PostalAddress[{number}]")
    found = [each.value.strip().lower() for each in address.electronic]
    if not any(uri.startswith("mailto:") for uri in found):
        yield electronic.broken("there is no e-mail address (mailto:)", where)
    if not any(uri.startswith(("http://", "https://")) for uri in found):
        yield electronic.broken("there is no web site", where)


def _forms(document: TrustedList) -> Iterator[Finding]:
    for where, found in texts(document):
        languages = [each.lang.lower() for each in found]
        if not all(languages):
            yield LANGUAGE.broken("a text doesn't name its language", where)
        elif languages and not any(each == "en" or each.startswith("en-") for each in languages):
            yield ENGLISH.broken(f"there is no English text, only {', '.join(sorted(set(languages)))}", where)
    for where, uri in uris(document):
        if not is_absolute(uri):
            yield URI.broken(f"{uri[:80]!r} is no absolute URI", where)
    for where, instant in _instants(document):
        if instant is not None and instant.microsecond:
            yield TIME.broken(f"{instant.isoformat()} has a fraction of a second", where)


def _instants(document: TrustedList) -> Iterator[tuple[str, datetime | None]]:
    yield f"{SCHEME}/ListIssueDateTime", document.scheme.issued_at
    yield f"{SCHEME}/NextUpdate", document.scheme.next_update
    for path, state in states(document):
        yield f"{path}/StatusStartingTime", state.starting_time


def _missing(scheme: Scheme) -> Iterator[Finding]:
    fields = (
        (TYPE, "LoTEType", scheme.list_type),
        (ADDRESS, "SchemeOperatorAddress", scheme.operator_address != Address()),
        (NAME, "SchemeName", scheme.names),
        (INFORMATION_URI, "SchemeInformationURI", scheme.information_uris),
        (APPROACH, "StatusDeterminationApproach", scheme.status_determination),
        (COMMUNITY, "SchemeTypeCommunityRules", scheme.community_rules),
        (TERRITORY, "SchemeTerritory", scheme.territory),
        (LEGAL, "PolicyOrLegalNotice", scheme.policies or scheme.legal_notices),
    )
    for rule, name, given in fields:
        if not given:
            yield rule.broken("the scheme is explicit, and this is missing (Table 1)", f"{SCHEME}/{name}")


def _given(scheme: Scheme) -> Iterator[Finding]:
    territory = scheme.territory
    if territory and not (len(territory) == 2 and territory.isascii() and territory.isalpha() and territory.isupper()):
        yield TERRITORY.broken(f"the territory is {territory[:40]!r}", f"{SCHEME}/SchemeTerritory")
    for number, each in enumerate(scheme.names, 1):
        if territory and not each.value.strip().startswith(f"{territory}:"):
            where = f"{SCHEME}/SchemeName[{number}]"
            yield NAME.broken(f"{each.value[:80]!r} doesn't begin with {territory + ':'!r}", where)
    if scheme.policies and scheme.legal_notices:
        yield LEGAL.broken("there are both policies and legal notices", f"{SCHEME}/PolicyOrLegalNotice")
    if scheme.historical_period is not None and scheme.historical_period < 0:
        where = f"{SCHEME}/HistoricalInformationPeriod"
        yield HISTORY_PERIOD.broken(f"the period is {scheme.historical_period}", where)


def _pointer(path: str, pointer: Pointer) -> Iterator[Finding]:
    if not pointer.location:
        yield POINTER.broken("there is no location", path)
    if not pointer.identities:
        yield POINTER.broken("it isn't said who signs the list there", path)
    first = PointerQualifier(
        list_type=pointer.list_type, operator_names=pointer.operator_names, mime_type=pointer.mime_type
    )
    for qualifier in (first, *pointer.more_qualifiers):
        if not (qualifier.list_type and qualifier.operator_names and qualifier.mime_type):
            yield POINTER.broken("type, operator or media type of the list there is missing", path)


def _times(document: TrustedList, at: datetime | None) -> Iterator[Finding]:
    scheme, where = document.scheme, f"{SCHEME}/NextUpdate"
    issued = scheme.issued_at.isoformat()
    if at is not None and scheme.issued_at > at:
        yield ISSUED.broken(f"it is issued {issued}", f"{SCHEME}/ListIssueDateTime")
    if scheme.next_update is None:
        for path, service in services(document):
            status = service.current.status
            if not status.lower().endswith("/expired"):
                yield CLOSED.broken(f"the list is closed, and the status is {status[:80]!r}", path)
        return
    until = scheme.next_update.isoformat()
    if scheme.next_update <= scheme.issued_at:
        yield UPDATE.broken(f"the next update {until} isn't after the issue {issued}", where)
    if at is not None and scheme.next_update < at:
        yield EXPIRED.broken(f"the next update was due {until}", where)
