# SPDX-License-Identifier: Apache-2.0
"""What a list says of itself: TS 119 612 §5.1.4, §5.2 and §5.3, without the pointers.

What is said of the EU holds for lists that call themselves EU lists by their type (§5.3.3); other schemes choose
their URIs, periods and extensions themselves.
"""

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from trust_lists.documents import vocabulary
from trust_lists.documents.checks.places import SCHEME, texts
from trust_lists.documents.checks.rules import Rule
from trust_lists.documents.findings import Finding, Level
from trust_lists.documents.model import Address, Scheme, Text, TrustedList
from trust_lists.documents.vocabulary import (
    DETERMINATION,
    EU_LIST,
    EU_LIST_OF_LISTS,
    LIST_TAG,
    LIST_TYPE,
    TERRITORY_GROUPS,
)

V6_SINCE = datetime(2026, 4, 28, 22, tzinfo=UTC)
"""Since when lists must be of version 6: Implementing Decision (EU) 2025/2164."""
LONGEST_MONTHS = 6
SUMMER_TIME = timedelta(hours=1)
"""Six months on an operator's clock may be an hour more: 19 of 69 real lists take it."""
HISTORY_FOR_EVER = 65535

LANGUAGE = Rule("TS119612-5.1.4-LANGUAGE", "5.1.4", "Every text names its language.", since=5)
ENGLISH = Rule("TS119612-5.1.4", "5.1.4", "Every text is there in English, too.")
TAG = Rule("TS119612-5.2", "5.2", "The list carries the tag of TS 119 612.", since=5)
VERSION = Rule("TS119612-5.3.1", "5.3.1", "The version is one that a standard defines: 6 today, 5, and 3 or 4 of old.")
VERSION_ARCHIVED = Rule("TS119612-5.3.1-ARCHIVE", "5.3.1", "Versions 3 and 4 are of archives only.", Level.WARNING)
VERSION_6 = Rule("TS119612-5.3.1-V6", "5.3.1", "What is issued since 2026-04-28T22:00:00Z is of version 6.")
VERSION_OLD = Rule("TS119612-5.3.1-OLD", "5.3.1", "What is in use since then is of version 6.", Level.WARNING)
SEQUENCE = Rule("TS119612-5.3.2", "5.3.2", "The sequence number is positive.")
TYPE = Rule(
    "TS119612-5.3.3", "5.3.3", "The type is one of the EU, one of the list's territory, or another URI.", since=5
)
OPERATOR = Rule("TS119612-5.3.4", "5.3.4", "The scheme operator has a name.")
POSTAL = Rule("TS119612-5.3.5.1", "5.3.5.1", "The operator's postal address has street, locality and country.")
COUNTRY = Rule(
    "TS119612-5.3.5.1-COUNTRY", "5.3.5.1", "Countries in addresses are codes of two letters.", Level.WARNING, since=5
)
ELECTRONIC = Rule("TS119612-5.3.5.2", "5.3.5.2", "The operator has an e-mail address and a web site.", since=5)
NAME = Rule("TS119612-5.3.6", "5.3.6", "The scheme's name begins with territory and colon.", since=5)
INFORMATION_URI = Rule("TS119612-5.3.7", "5.3.7", "The scheme says where information about it is, as URIs.")
APPROACH = Rule("TS119612-5.3.8", "5.3.8", "How status is determined is one of the standard's URIs.", since=5)
COMMUNITY = Rule("TS119612-5.3.9", "5.3.9", "The rules are those of the EU and of the list's territory.", since=5)
TERRITORY = Rule(
    "TS119612-5.3.10", "5.3.10", "The territory is a country's two letters (EL, UK), or a group's.", since=5
)
LEGAL = Rule("TS119612-5.3.11", "5.3.11", "Either a policy or a legal notice is there.", since=5)
HISTORY_PERIOD = Rule("TS119612-5.3.12", "5.3.12", "The history of an EU list is kept for ever (65535).", since=5)
ISSUED = Rule("TS119612-5.3.14", "5.3.14", "The list isn't issued in the future.")
UPDATE = Rule("TS119612-5.3.15", "5.3.15", "The next update comes after the issue.")
UPDATE_LATE = Rule("TS119612-5.3.15-MONTHS", "5.3.15", "The next update comes within six months.")
CLOSED = Rule(
    "TS119612-5.3.15-CLOSED", "5.3.15", "The list isn't closed: all services of a closed one expired.", Level.WARNING
)
EXPIRED = Rule("TS119612-5.3.15-EXPIRED", "5.3.15", "A list isn't past its next update.", Level.WARNING)
EXPIRED_LOTL = Rule("TS119612-5.3.15-LOTL", "5.3.15", "A list of lists isn't past its next update (TS 119 615 §4.1).")
DISTRIBUTION = Rule("TS119612-5.3.16", "5.3.16", "Distribution points are absolute URIs.")
NO_EXTENSIONS = Rule("TS119612-5.3.17", "5.3.17", "EU lists have no scheme extensions.", since=5)
NO_PROVIDERS = Rule("TS119612-5.3.18", "5.3.18", "A list of lists has no providers.", since=5)

SCHEME_RULES = (
    *(LANGUAGE, ENGLISH, TAG, VERSION, VERSION_ARCHIVED, VERSION_6, VERSION_OLD, SEQUENCE, TYPE, OPERATOR, POSTAL),
    *(COUNTRY, ELECTRONIC, NAME, INFORMATION_URI, APPROACH, COMMUNITY, TERRITORY, LEGAL, HISTORY_PERIOD, ISSUED),
    *(UPDATE, UPDATE_LATE, CLOSED, EXPIRED, EXPIRED_LOTL, DISTRIBUTION, NO_EXTENSIONS, NO_PROVIDERS),
)


def is_list_of_lists(document: TrustedList) -> bool:
    """Whether the list is one of lists, of the EU or of another scheme (§5.3.3, D.5)."""
    return document.scheme.list_type.endswith("listofthelists")


def is_of_eu(document: TrustedList) -> bool:
    """Whether the list is bound by the rules for the EU."""
    return document.scheme.list_type in (EU_LIST, EU_LIST_OF_LISTS)


def is_absolute(uri: str) -> bool:
    """Whether a text has a URI's scheme, and something behind it."""
    head, colon, rest = uri.partition(":")
    return (
        bool(colon and rest) and head.isascii() and head.replace("+", "").isalnum() and not any(map(str.isspace, uri))
    )


def check_scheme(document: TrustedList, at: datetime | None) -> Iterator[Finding]:
    """Findings of §5.1.4, §5.2 and §5.3; `at` is when the list is to be used."""
    scheme = document.scheme
    yield from _texts(document)
    if document.tag != LIST_TAG:
        yield TAG.broken(f"the tag is {document.tag!r}", "@TSLTag")
    yield from _version(scheme, at)
    if scheme.sequence < 1:
        yield SEQUENCE.broken(f"the sequence number is {scheme.sequence}", f"{SCHEME}/TSLSequenceNumber")
    yield from _kind(scheme)
    if not any(each.value.strip() for each in scheme.operator_names):
        yield OPERATOR.broken("the operator has no name", f"{SCHEME}/SchemeOperatorName")
    yield from check_address(scheme.operator_address, f"{SCHEME}/SchemeOperatorAddress", POSTAL, ELECTRONIC)
    yield from _names(scheme)
    yield from _community(document)
    yield from _times(document, at)
    for number, uri in enumerate(scheme.distribution_points, 1):
        if not is_absolute(uri):
            yield DISTRIBUTION.broken(f"{uri!r} is no absolute URI", f"{SCHEME}/DistributionPoints/URI[{number}]")
    if is_of_eu(document) and scheme.extensions:
        yield NO_EXTENSIONS.broken("there are scheme extensions", f"{SCHEME}/SchemeExtensions")
    if is_list_of_lists(document) and document.providers:
        yield NO_PROVIDERS.broken(f"there are {len(document.providers)} providers", "TrustServiceProviderList")


def check_address(address: Address, where: str, postal: Rule, electronic: Rule) -> Iterator[Finding]:
    """Findings of §5.3.5, which §5.4.3 repeats for providers."""
    if not address.postal:
        yield postal.broken("there is no postal address", f"{where}/PostalAddresses")
    for number, each in enumerate(address.postal, 1):
        place = f"{where}/PostalAddresses/PostalAddress[{number}]"
        parts = (("StreetAddress", each.street), ("Locality", each.locality), ("CountryName", each.country))
        for name, value in parts:
            if not value.strip():
                yield postal.broken(f"{name} is missing", place)
        if each.country.strip() and not _is_country(each.country):
            yield COUNTRY.broken(f"{each.country!r} is no code of two capital letters", f"{place}/CountryName")
    uris = [each.value.strip().lower() for each in address.electronic]
    if not any(uri.startswith("mailto:") for uri in uris):
        yield electronic.broken("there is no e-mail address (mailto:)", f"{where}/ElectronicAddress")
    if not any(uri.startswith(("http://", "https://")) for uri in uris):
        yield electronic.broken("there is no web site", f"{where}/ElectronicAddress")


def check_uris(uris: tuple[Text, ...], where: str, rule: Rule) -> Iterator[Finding]:
    """Findings about URIs that aren't absolute."""
    for number, each in enumerate(uris, 1):
        if not is_absolute(each.value):
            yield rule.broken(f"{each.value!r} is no absolute URI", f"{where}/URI[{number}]")


def _texts(document: TrustedList) -> Iterator[Finding]:
    for where, found in texts(document):
        languages = [each.lang.lower() for each in found]
        if not all(languages):
            yield LANGUAGE.broken("a text doesn't name its language (xml:lang)", where)
        elif not any(language == "en" or language.startswith("en-") for language in languages):
            yield ENGLISH.broken(f"there is no English text, only {', '.join(sorted(set(languages)))}", where)


def _version(scheme: Scheme, at: datetime | None) -> Iterator[Finding]:
    where = f"{SCHEME}/TSLVersionIdentifier"
    if scheme.version not in (3, 4, 5, 6):
        yield VERSION.broken(f"version {scheme.version} is not known", where)
    elif scheme.version < 6 and scheme.issued_at >= V6_SINCE:
        yield VERSION_6.broken(f"the list is of version {scheme.version}, issued {scheme.issued_at:%Y-%m-%d}", where)
    elif scheme.version < 5:
        yield VERSION_ARCHIVED.broken(f"the list is of version {scheme.version}", where)
    elif scheme.version < 6 and at is not None and at >= V6_SINCE:
        yield VERSION_OLD.broken(f"the list is of version {scheme.version}, asked for at {at:%Y-%m-%d}", where)


def _kind(scheme: Scheme) -> Iterator[Finding]:
    kind, territory = scheme.list_type, scheme.territory
    own = (EU_LIST, EU_LIST_OF_LISTS, f"{LIST_TYPE}{territory}list", f"{LIST_TYPE}{territory}listofthelists")
    if not is_absolute(kind) or (kind.startswith(LIST_TYPE) and kind not in own):
        yield TYPE.broken(f"the type {kind!r} is none of the EU nor of {territory!r}", f"{SCHEME}/TSLType")
    if not (_is_country(territory) or territory in TERRITORY_GROUPS) or territory in ("GB", "GR"):
        yield TERRITORY.broken(f"the territory is {territory!r}", f"{SCHEME}/SchemeTerritory")


def _names(scheme: Scheme) -> Iterator[Finding]:
    if not scheme.names:
        yield NAME.broken("the scheme has no name", f"{SCHEME}/SchemeName")
    for number, each in enumerate(scheme.names, 1):
        if not each.value.strip().startswith(f"{scheme.territory}:"):
            where = f"{SCHEME}/SchemeName/Name[{number}]"
            yield NAME.broken(f"{each.value!r} doesn't begin with {scheme.territory + ':'!r}", where)
    where = f"{SCHEME}/SchemeInformationURI"
    if not scheme.information_uris:
        yield INFORMATION_URI.broken("the scheme has no URI", where)
    yield from check_uris(scheme.information_uris, where, INFORMATION_URI)


def _community(document: TrustedList) -> Iterator[Finding]:
    scheme, lotl, of_eu = document.scheme, is_list_of_lists(document), is_of_eu(document)
    approach = f"{DETERMINATION}{'EUlistofthelists' if lotl else 'EUappropriate'}"
    if not of_eu and scheme.status_determination.startswith(DETERMINATION):
        approach = f"{DETERMINATION}{scheme.territory}determination"
    elif not of_eu and is_absolute(scheme.status_determination):
        approach = scheme.status_determination
    if scheme.status_determination != approach:
        found = scheme.status_determination
        yield APPROACH.broken(
            f"status is determined by {found!r}, not {approach!r}", f"{SCHEME}/StatusDeterminationApproach"
        )
    given = {each.value.strip() for each in scheme.community_rules}
    needed = (
        [f"{vocabulary.RULES}EUlistofthelists"]
        if lotl
        else [f"{vocabulary.RULES}EUcommon", f"{vocabulary.RULES}{scheme.territory}"]
    )
    where = f"{SCHEME}/SchemeTypeCommunityRules"
    if not given:
        yield COMMUNITY.broken("the scheme names no rules", where)
    elif of_eu:
        for uri in needed:
            if uri not in given:
                yield COMMUNITY.broken(f"{uri} is missing", where)
    if bool(scheme.policies) == bool(scheme.legal_notices):
        message = (
            "there are both a policy and a legal notice"
            if scheme.policies
            else "there is no policy and no legal notice"
        )
        yield LEGAL.broken(message, f"{SCHEME}/PolicyOrLegalNotice")
    if scheme.historical_period is None or (of_eu and scheme.historical_period != HISTORY_FOR_EVER):
        yield HISTORY_PERIOD.broken(
            f"history is kept for {scheme.historical_period} days", f"{SCHEME}/HistoricalInformationPeriod"
        )


def _times(document: TrustedList, at: datetime | None) -> Iterator[Finding]:
    scheme = document.scheme
    if at is not None and scheme.issued_at > at:
        yield ISSUED.broken(f"the list is issued {scheme.issued_at.isoformat()}", f"{SCHEME}/ListIssueDateTime")
    where = f"{SCHEME}/NextUpdate"
    if scheme.next_update is None:
        yield CLOSED.broken("the list is closed", where)
        return
    until = scheme.next_update.isoformat()
    if scheme.next_update <= scheme.issued_at:
        yield UPDATE.broken(f"the next update {until} isn't after the issue {scheme.issued_at.isoformat()}", where)
    elif scheme.next_update > months_later(scheme.issued_at, LONGEST_MONTHS) + SUMMER_TIME:
        yield UPDATE_LATE.broken(f"issued {scheme.issued_at.isoformat()}, next update {until}", where)
    if at is not None and scheme.next_update < at:
        rule = EXPIRED_LOTL if is_list_of_lists(document) else EXPIRED
        yield rule.broken(f"the next update was due {until}", where)


def months_later(moment: datetime, months: int) -> datetime:
    """The same day and time some months later, or the last day of that month."""
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))


def _is_country(text: str) -> bool:
    return len(text) == 2 and text.isascii() and text.isalpha() and text.isupper()
