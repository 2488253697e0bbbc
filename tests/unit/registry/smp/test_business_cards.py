# SPDX-License-Identifier: Apache-2.0
"""Business cards belong to a service group, change in one transaction with their event, and leave nothing personal."""

import json
from dataclasses import replace

import pytest

from registry.audit import events
from registry.errors import NotFoundError, ValidationError
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.metadata import ServiceGroup
from registry.smp.business_cards import BusinessCards
from registry.smp.documents.business_card import (
    BusinessCard,
    BusinessEntity,
    Contact,
    EntityName,
    Version,
    read,
    write_business_card,
)
from registry.smp.publishing import Outcome
from tests.simulators.offline import ACTOR, OfflineInstance, participant

WHO = participant()
ENTITY = BusinessEntity((EntityName("Example"),), "BE", contacts=(Contact(name="Jane Doe", email="jane@example.org"),))
CARD = BusinessCard(WHO, (ENTITY,))
BODY = write_business_card(CARD)


@pytest.fixture
def cards(offline: OfflineInstance) -> BusinessCards:
    """The use cases on an instance where `WHO` has a service group."""
    offline.instance.publishing.put_service_group(ACTOR, offline.stored, ServiceGroup(WHO))
    return BusinessCards(offline.instance.database)


def card_events(offline: OfflineInstance) -> list[events.Event]:
    about = events.about(offline.instance.database, str(WHO))
    return [event for event in about if "business-card" in event.tag]


def test_what_is_published_is_what_is_shown_and_served(offline: OfflineInstance, cards: BusinessCards) -> None:
    assert cards.put(ACTOR, offline.stored, WHO, BODY) is Outcome.CREATED
    assert cards.get(offline.stored, WHO) == CARD
    served = cards.find(offline.stored, WHO)
    assert served is not None
    assert served.body == BODY
    assert served.last_modified == int(offline.clock.now.timestamp())


@pytest.mark.parametrize("version", list(Version))
def test_card_of_any_version_is_served_as_version_3(
    offline: OfflineInstance, cards: BusinessCards, version: Version
) -> None:
    plain = BusinessCard(WHO, (replace(ENTITY, contacts=()),))
    cards.put(ACTOR, offline.stored, WHO, write_business_card(plain, version))
    served = cards.find(offline.stored, WHO)
    assert served is not None
    assert served.body == write_business_card(plain, Version.V3)


def test_same_card_again_changes_nothing_however_it_is_written(offline: OfflineInstance, cards: BusinessCards) -> None:
    cards.put(ACTOR, offline.stored, WHO, BODY)
    before = cards.find(offline.stored, WHO)
    offline.clock.forward(minutes=1)
    assert cards.put(ACTOR, offline.stored, WHO, BODY.replace(b"><", b">\n  <")) is Outcome.UNCHANGED
    assert cards.find(offline.stored, WHO) == before
    assert [event.tag for event in card_events(offline)] == ["smp:business-card:create"]


def test_change_gets_new_validators(offline: OfflineInstance, cards: BusinessCards) -> None:
    cards.put(ACTOR, offline.stored, WHO, BODY)
    before = cards.find(offline.stored, WHO)
    offline.clock.forward(minutes=1)
    changed = write_business_card(BusinessCard(WHO))
    assert cards.put(ACTOR, offline.stored, WHO, changed) is Outcome.UPDATED
    after = cards.find(offline.stored, WHO)
    assert before is not None
    assert after is not None
    assert after.etag != before.etag
    assert after.last_modified == before.last_modified + 60


def test_deleted_card_is_gone_and_can_be_made_again(offline: OfflineInstance, cards: BusinessCards) -> None:
    cards.put(ACTOR, offline.stored, WHO, BODY)
    cards.delete(ACTOR, offline.stored, WHO)
    assert cards.find(offline.stored, WHO) is None
    with pytest.raises(NotFoundError):
        cards.get(offline.stored, WHO)
    with pytest.raises(NotFoundError):
        cards.delete(ACTOR, offline.stored, WHO)
    assert cards.put(ACTOR, offline.stored, WHO, BODY) is Outcome.CREATED


def test_card_goes_with_its_service_group_and_does_not_come_back(
    offline: OfflineInstance, cards: BusinessCards
) -> None:
    cards.put(ACTOR, offline.stored, WHO, BODY)
    offline.instance.publishing.delete_service_group(ACTOR, offline.stored, WHO)
    offline.instance.publishing.put_service_group(ACTOR, offline.stored, ServiceGroup(WHO))
    assert cards.find(offline.stored, WHO) is None


def test_participant_without_a_service_group_has_no_card(offline: OfflineInstance, cards: BusinessCards) -> None:
    other = participant("0088:404")
    with pytest.raises(NotFoundError):
        cards.put(ACTOR, offline.stored, other, write_business_card(BusinessCard(other)))
    with pytest.raises(NotFoundError):
        cards.delete(ACTOR, offline.stored, other)
    assert cards.find(offline.stored, other) is None
    assert card_events(offline) == []


def test_card_of_another_participant_is_refused(offline: OfflineInstance, cards: BusinessCards) -> None:
    other = write_business_card(BusinessCard(participant("0088:2")))
    with pytest.raises(ValidationError, match="BUSINESS-CARD-OTHER"):
        cards.put(ACTOR, offline.stored, WHO, other)
    assert cards.find(offline.stored, WHO) is None


def test_card_shows_the_registered_spelling_of_its_participant(offline: OfflineInstance, cards: BusinessCards) -> None:
    registered = ParticipantIdentifier(ISO6523, "9915:Test")
    shouted = ParticipantIdentifier(ISO6523, "9915:TEST")
    offline.instance.publishing.put_service_group(ACTOR, offline.stored, ServiceGroup(registered))
    cards.put(ACTOR, offline.stored, registered, write_business_card(BusinessCard(shouted)))
    assert cards.get(offline.stored, shouted).participant == registered


def test_refused_card_leaves_the_one_before(offline: OfflineInstance, cards: BusinessCards) -> None:
    cards.put(ACTOR, offline.stored, WHO, BODY)
    with pytest.raises(ValidationError):
        cards.put(ACTOR, offline.stored, WHO, BODY.replace(b"BE<", b"BEL<"))
    assert cards.get(offline.stored, WHO) == CARD


def test_events_tell_cards_apart_and_name_nobody(offline: OfflineInstance, cards: BusinessCards) -> None:
    cards.put(ACTOR, offline.stored, WHO, BODY)
    cards.put(ACTOR, offline.stored, WHO, write_business_card(BusinessCard(WHO)))
    cards.delete(ACTOR, offline.stored, WHO)
    created, updated, deleted = card_events(offline)
    assert [created.tag, updated.tag, deleted.tag] == [
        "smp:business-card:create",
        "smp:business-card:update",
        "smp:business-card:delete",
    ]
    assert created.before is None
    assert created.after == updated.before
    assert updated.after == deleted.before != created.after
    assert deleted.after is None
    told = json.dumps([(event.before, event.after) for event in (created, updated, deleted)])
    assert not any(word in told for word in ("Jane", "jane@", "Example"))


def test_card_is_of_one_domain(offline: OfflineInstance, cards: BusinessCards) -> None:
    cards.put(ACTOR, offline.stored, WHO, BODY)
    elsewhere = replace(offline.stored, id=offline.stored.id + 1)
    assert cards.find(elsewhere, WHO) is None


def test_stored_bytes_are_a_card_of_their_own(offline: OfflineInstance, cards: BusinessCards) -> None:
    cards.put(ACTOR, offline.stored, WHO, BODY)
    served = cards.find(offline.stored, WHO)
    assert served is not None
    assert cards.put(ACTOR, offline.stored, read(served.body).participant, served.body) is Outcome.UNCHANGED
