# SPDX-License-Identifier: Apache-2.0
"""Services as they are now: TS 119 612 §5.5.1, §5.5.2 and §5.5.4 to §5.5.8, and the statuses of Annex J.

At 2016-06-30T22:00:00Z the statuses of Directive 1999/93/EC gave way to those of Regulation (EU) 910/2014.
Types and statuses bind EU lists only; other schemes may define their own.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from trust_lists.documents.checks.places import ServicePlace, services
from trust_lists.documents.checks.rules import Rule
from trust_lists.documents.checks.scheme import check_uris, is_absolute, is_of_eu
from trust_lists.documents.findings import Finding, Level
from trust_lists.documents.model import ServiceState, TrustedList
from trust_lists.documents.vocabulary import (
    DEPRECATED,
    GRANTED,
    NATIONAL_TYPES,
    OTHER_TYPES,
    QUALIFIED_TYPES,
    RECOGNISED,
    STATUS_SUCCESSORS,
    WITHDRAWN,
    short,
)

REGULATION_SINCE = datetime(2016, 6, 30, 22, tzinfo=UTC)
"""From here on the statuses of the Regulation count."""

TYPE = Rule("TS119612-5.5.1", "5.5.1", "The type of a service is one of the standard.", since=5)
NAME = Rule("TS119612-5.5.2", "5.5.2", "A service has a name.")
STATUS = Rule("TS119612-5.5.4", "5.5.4", "The status is one of the standard.", since=5)
STATUS_KIND = Rule(
    "TS119612-5.5.4-KIND", "5.5.4", "Qualified services are granted or withdrawn, others are not.", since=5
)
START = Rule("TS119612-5.5.5", "5.5.5", "It is said since when the status holds.")
START_FUTURE = Rule("TS119612-5.5.5-FUTURE", "5.5.5", "No status begins after the list's issue.", Level.WARNING)
SCHEME_URI = Rule("TS119612-5.5.6", "5.5.6", "The scheme's definition of a service is found at absolute URIs.")
SUPPLY = Rule("TS119612-5.5.7", "5.5.7", "Supply points are absolute URIs.")
SUPPLY_TYPE = Rule("TS119612-5.5.7-TYPE", "5.5.7", "A supply point says what it is.", Level.WARNING, since=6)
PROVIDER_URI = Rule("TS119612-5.5.8", "5.5.8", "The provider's definition of a service is found at absolute URIs.")

SERVICE_RULES = (
    *(TYPE, NAME, STATUS, STATUS_KIND, START, START_FUTURE, SCHEME_URI, SUPPLY, SUPPLY_TYPE, PROVIDER_URI),
)


def check_services(document: TrustedList) -> Iterator[Finding]:
    """Findings of §5.5.1, §5.5.2 and §5.5.4 to §5.5.8."""
    of_eu = is_of_eu(document)
    for place in services(document):
        where, state = place.current_path, place.service.current
        yield from check_state(state, where, NAME, START)
        if of_eu:
            yield from check_type(state, where, TYPE)
            yield from check_status(state, where, STATUS, STATUS_KIND)
        elif not is_absolute(state.type):
            yield TYPE.broken(f"{state.type!r} is no absolute URI", f"{where}/ServiceTypeIdentifier")
        if state.starting_time is not None and state.starting_time > document.scheme.issued_at:
            message = f"{state.starting_time.isoformat()} is after the issue {document.scheme.issued_at.isoformat()}"
            yield START_FUTURE.broken(message, f"{where}/StatusStartingTime")
        yield from _addresses(place)


def check_state(state: ServiceState, where: str, name: Rule, start: Rule) -> Iterator[Finding]:
    """Findings about a name or a time that is missing; histories ask for the same."""
    if not any(each.value.strip() for each in state.names):
        yield name.broken("the service has no name", f"{where}/ServiceName")
    if state.starting_time is None:
        yield start.broken("there is no time", f"{where}/StatusStartingTime")


def check_type(state: ServiceState, where: str, rule: Rule) -> Iterator[Finding]:
    """Findings about types that the standard doesn't define."""
    if state.type not in QUALIFIED_TYPES | OTHER_TYPES | NATIONAL_TYPES:
        yield rule.broken(f"the type {state.type!r} is not known", f"{where}/ServiceTypeIdentifier")


def check_status(state: ServiceState, where: str, known: Rule, kind: Rule) -> Iterator[Finding]:
    """Findings about statuses: none of the standard, of the wrong time, or of the wrong kind of service."""
    place = f"{where}/ServiceStatus"
    status, starting = state.status, state.starting_time
    former = starting is not None and starting < REGULATION_SINCE
    if status in STATUS_SUCCESSORS:
        if starting is not None and not former:
            yield known.broken(f"{short(status)} is no status since 2016-07-01", place)
    elif status not in (GRANTED, WITHDRAWN, RECOGNISED, DEPRECATED):
        yield known.broken(f"the status {status!r} is not known", place)
    elif former:
        yield known.broken(f"{short(status)} is a status only since 2016-07-01", place)
    elif (state.type in QUALIFIED_TYPES) != (status in (GRANTED, WITHDRAWN)):
        yield kind.broken(f"a service of type {short(state.type)} is {short(status)}", place)


def _addresses(place: ServicePlace) -> Iterator[Finding]:
    service, where = place.service, place.current_path
    yield from check_uris(service.scheme_definition_uris, f"{where}/SchemeServiceDefinitionURI", SCHEME_URI)
    yield from check_uris(service.provider_definition_uris, f"{where}/TSPServiceDefinitionURI", PROVIDER_URI)
    for number, point in enumerate(service.supply_points, 1):
        path = f"{where}/ServiceSupplyPoints/ServiceSupplyPoint[{number}]"
        if not is_absolute(point.uri):
            yield SUPPLY.broken(f"{point.uri!r} is no absolute URI", path)
        if not point.type:
            yield SUPPLY_TYPE.broken("the supply point doesn't say what it is (@type)", path)
