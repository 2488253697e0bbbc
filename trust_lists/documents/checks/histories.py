# SPDX-License-Identifier: Apache-2.0
"""Services as they were: TS 119 612 §5.5.10 and §5.6, and how statuses were carried over in 2016 (Annex J)."""

from collections.abc import Iterator
from itertools import pairwise

from trust_lists.documents.checks.identities import may_lack_key, stated_skis
from trust_lists.documents.checks.places import ServicePlace, services
from trust_lists.documents.checks.rules import Rule
from trust_lists.documents.checks.scheme import is_of_eu
from trust_lists.documents.checks.services import REGULATION_SINCE, check_state, check_status, check_type
from trust_lists.documents.findings import Finding, Level
from trust_lists.documents.model import ServiceState, TrustedList
from trust_lists.documents.vocabulary import GRANTED, RECOGNISED, STATUS_SUCCESSORS, WITHDRAWN, short

ORDER = Rule("TS119612-5.5.10", "5.5.10", "A history runs from new to old.")
EQUAL = Rule("TS119612-5.5.10-EQUAL", "5.5.10", "No two former states begin at once (TS 119 615 §4.3.4-03A).")
EQUAL_TO_PRESENT = Rule(
    "TS119612-5.5.10-PRESENT", "5.5.10", "The newest former state began before the present one.", Level.WARNING
)
TYPE = Rule("TS119612-5.6.1", "5.6.1", "A former type is one of the standard.", since=5)
TYPE_CHANGED = Rule("TS119612-5.6.1-CHANGED", "5.6.1", "A service is of one type for all its time.", Level.WARNING)
NAME = Rule("TS119612-5.6.2", "5.6.2", "A former state has the service's name.")
IDENTITY = Rule("TS119612-5.6.3", "5.6.3", "A former state is identified by a subject key identifier.", since=5)
NO_CERTIFICATE = Rule("TS119612-5.6.3-CERTIFICATE", "5.6.3", "A former state holds no certificate.", since=5)
SAME_KEY = Rule(
    "TS119612-5.6.3-KEY", "5.6.3", "A former state is of the service's present key.", Level.WARNING, since=5
)
STATUS = Rule("TS119612-5.6.4", "5.6.4", "A former status is one of the standard at that time.", since=5)
STATUS_KIND = Rule("TS119612-5.6.4-KIND", "5.6.4", "Qualified services were granted or withdrawn, others not.", since=5)
START = Rule("TS119612-5.6.5", "5.6.5", "It is said since when a former status held.")
MIGRATION = Rule("TS119612-J", "J", "A status that had ended didn't come back on 2016-07-01.", since=5)

HISTORY_RULES = (
    *(
        ORDER,
        EQUAL,
        EQUAL_TO_PRESENT,
        TYPE,
        TYPE_CHANGED,
        NAME,
        IDENTITY,
        NO_CERTIFICATE,
        SAME_KEY,
        STATUS,
        STATUS_KIND,
        START,
        MIGRATION,
    ),
)


def check_histories(document: TrustedList) -> Iterator[Finding]:
    """Findings of §5.5.10, §5.6 and Annex J."""
    of_eu = is_of_eu(document)
    for place in services(document):
        for where, state in list(place.states())[1:]:
            yield from check_state(state, where, NAME, START)
            yield from _identity(state, place, where)
            if of_eu:
                yield from check_type(state, where, TYPE)
                yield from check_status(state, where, STATUS, STATUS_KIND)
            if state.type != place.service.current.type:
                message = f"{short(state.type)} became {short(place.service.current.type)}"
                yield TYPE_CHANGED.broken(message, f"{where}/ServiceTypeIdentifier")
        for (_, newer), (where, older) in pairwise(place.states()):
            yield from _order(newer, older, where, EQUAL_TO_PRESENT if newer is place.service.current else EQUAL)
            if of_eu:
                yield from _migration(newer, older, where)


def _identity(state: ServiceState, place: ServicePlace, where: str) -> Iterator[Finding]:
    path = f"{where}/ServiceDigitalIdentity"
    if state.identity.certificates:
        yield NO_CERTIFICATE.broken("a former state has a certificate", path)
    if not state.identity.skis and not (may_lack_key(state.type) and state.identity.other):
        yield IDENTITY.broken("a former state has no X509SKI", path)
    current = place.service.current.identity
    known = {*current.skis, *stated_skis(current)}
    for ski in state.identity.skis:
        if known and ski not in known:
            yield SAME_KEY.broken(f"{ski.hex()} is of another key", f"{path}/X509SKI")


def _order(newer: ServiceState, older: ServiceState, where: str, equal: Rule) -> Iterator[Finding]:
    if newer.starting_time is None or older.starting_time is None or older.starting_time < newer.starting_time:
        return
    if older.starting_time == newer.starting_time:
        yield equal.broken(f"two states begin {older.starting_time.isoformat()}", f"{where}/StatusStartingTime")
    else:
        message = f"{older.starting_time.isoformat()} is later than the state that follows on it"
        yield ORDER.broken(message, f"{where}/StatusStartingTime")


def _migration(newer: ServiceState, older: ServiceState, where: str) -> Iterator[Finding]:
    # The other way round is lawful: hundreds of supervised services were withdrawn on that day.
    successors = STATUS_SUCCESSORS.get(older.status, ())
    ended = WITHDRAWN in successors
    if ended and newer.starting_time == REGULATION_SINCE and newer.status in (GRANTED, RECOGNISED):
        yield MIGRATION.broken(f"{short(older.status)} became {short(newer.status)}", f"{where}/ServiceStatus")
