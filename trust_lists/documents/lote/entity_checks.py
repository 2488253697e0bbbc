# SPDX-License-Identifier: Apache-2.0
"""Trusted entities, their services and identities: TS 119 602 V1.1.1 §6.4 to §6.7."""

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise

from trust_lists.documents.checks.identities import UNREADABLE, WITHOUT_ANCHOR, unreadable
from trust_lists.documents.checks.rules import Rule
from trust_lists.documents.findings import Finding, Level
from trust_lists.documents.lote.key_values import is_key_of
from trust_lists.documents.lote.places import entities, identities, services, states
from trust_lists.documents.lote.scheme_checks import check_address
from trust_lists.documents.model import Address, DigitalIdentity, TrustedList, TrustService, TrustServiceProvider

SERVICES = Rule("TS119602-6.4.2", "6.4.2", "A trusted entity has services.")
HISTORY_KEPT = Rule("TS119602-6.4.4", "6.4.4", "There is history only where a period of it is told.", Level.WARNING)
ENTITY_NAME = Rule("TS119602-6.5.1", "6.5.1", "A trusted entity has a name.")
ENTITY_ADDRESS = Rule("TS119602-6.5.3", "6.5.3", "A trusted entity has an address, with street and country.")
ENTITY_CONTACT = Rule("TS119602-6.5.3-URI", "6.5.3", "It has an e-mail address and a web site.", Level.WARNING)
ENTITY_URI = Rule("TS119602-6.5.4", "6.5.4", "A trusted entity says where information about it is.")
SERVICE_NAME = Rule("TS119602-6.6.2", "6.6.2", "A service has a name.")
IDENTITY = Rule("TS119602-6.6.3", "6.6.3", "A service is identified by something.")
KEY = Rule("TS119602-6.6.3-KEY", "6.6.3", "A key beside certificates is the key of one of them.", Level.WARNING)
STATUS = Rule("TS119602-6.6.4", "6.6.4", "Where history is kept, services have a status.")
STARTING_TIME = Rule("TS119602-6.6.5", "6.6.5", "Where history is kept, it is told since when a status holds.")
HISTORY = Rule("TS119602-6.7", "6.7", "Former states have status and time, the newest first, all before the present.")

ENTITY_RULES = (
    *(
        SERVICES,
        HISTORY_KEPT,
        ENTITY_NAME,
        ENTITY_ADDRESS,
        ENTITY_CONTACT,
        ENTITY_URI,
        SERVICE_NAME,
        IDENTITY,
        KEY,
        STATUS,
    ),
    *(STARTING_TIME, HISTORY, UNREADABLE, WITHOUT_ANCHOR),
)


def check_entities(document: TrustedList, *, may_lack_identity: bool) -> Iterator[Finding]:
    """Findings of §6.4 to §6.7; `may_lack_identity` where a profile makes the identity of services optional."""
    for path, entity in entities(document):
        yield from _entity(path, entity)
    keeps_history = (document.scheme.historical_period or 0) > 0
    for path, service in services(document):
        yield from _service(path, service, keeps_history=keeps_history)
    for path, state in states(document):
        if not any(each.value.strip() for each in state.names):
            yield SERVICE_NAME.broken("the service has no name", f"{path}/ServiceName")
        if state.identity == DigitalIdentity() and not may_lack_identity:
            yield IDENTITY.broken("there is no certificate, key, or other identity", f"{path}/ServiceDigitalIdentity")
    for path, identity in identities(document):
        yield from unreadable(identity, path)
        yield from _keys(path, identity)


def _entity(path: str, entity: TrustServiceProvider) -> Iterator[Finding]:
    if not entity.services:
        yield SERVICES.broken("there are no services", path)
    if not any(each.value.strip() for each in entity.names):
        yield ENTITY_NAME.broken("the entity has no name", f"{path}/TEName")
    if entity.address == Address():
        yield ENTITY_ADDRESS.broken("the entity has no address", f"{path}/TEAddress")
    yield from check_address(entity.address, f"{path}/TEAddress", ENTITY_ADDRESS, ENTITY_CONTACT)
    if not entity.information_uris:
        yield ENTITY_URI.broken("there is no URI", f"{path}/TEInformationURI")


def _keys(path: str, identity: DigitalIdentity) -> Iterator[Finding]:
    for key in identity.key_values:
        if identity.certificates and not any(is_key_of(key, each) for each in identity.certificates):
            yield KEY.broken("the key is of none of the certificates", path)


def _service(path: str, service: TrustService, *, keeps_history: bool) -> Iterator[Finding]:
    current = service.current
    if keeps_history and not current.status:
        yield STATUS.broken("there is no status", f"{path}/ServiceInformation")
    if keeps_history and current.starting_time is None:
        yield STARTING_TIME.broken("there is no starting time", f"{path}/ServiceInformation")
    if service.history and not keeps_history:
        yield HISTORY_KEPT.broken("there is history, and the list tells no period of it", path)
    times: list[datetime] = [] if current.starting_time is None else [current.starting_time]
    for number, state in enumerate(service.history, 1):
        if not state.status or state.starting_time is None:
            yield HISTORY.broken("status or starting time is missing", f"{path}/ServiceHistoryInstance[{number}]")
        else:
            times.append(state.starting_time)
    if any(later <= earlier for later, earlier in pairwise(times)):
        yield HISTORY.broken("the states aren't ordered from the newest to the oldest", path)
