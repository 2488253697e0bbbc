# SPDX-License-Identifier: Apache-2.0
"""The page from which the Peppol Directory fetches a card, as phoss SMP has it: path, version and content type."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from lxml import etree

from registry.identifiers.url_form import participant_path
from registry.metadata import ServiceGroup
from registry.smp.documents.business_card import BusinessCard, BusinessEntity, EntityName, Version, write_business_card
from tests.simulators.live import ACTOR, LiveInstance
from tests.simulators.offline import participant

WHO = participant("0088:Card")
CARD = BusinessCard(WHO, (BusinessEntity((EntityName("Exämple"),), "BE"),))


@pytest.fixture(scope="module")
def url(shared_live: LiveInstance) -> Iterator[str]:
    """The page of a participant whose card came in as version 1."""
    instance, stored = shared_live.instance, shared_live.stored
    instance.publishing.put_service_group(ACTOR, stored, ServiceGroup(WHO))
    instance.business_cards.put(ACTOR, stored, WHO, write_business_card(CARD, Version.V1))
    yield shared_live.addresses.public + "/businesscard" + participant_path(WHO)
    instance.publishing.delete_service_group(ACTOR, stored, WHO)


def test_phoss_card_is_served_as_version_3_in_text_xml(url: str, corpus: Path) -> None:
    answer = httpx2.get(url)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/xml; charset=utf-8")
    assert answer.content == write_business_card(CARD)
    schema = etree.XMLSchema(etree.parse(corpus / "smp/xsd/directory" / Version.V3.schema))
    schema.assertValid(etree.fromstring(answer.content))


def test_rfc9110_head_has_the_headers_of_get_and_no_body(url: str) -> None:
    get, head = httpx2.get(url), httpx2.head(url)
    assert (head.status_code, head.content) == (200, b"")
    assert {name: head.headers[name] for name in ("etag", "content-type", "content-length")} == {
        name: get.headers[name] for name in ("etag", "content-type", "content-length")
    }


def test_rfc9110_13_copy_that_is_still_good_is_not_sent_again(url: str) -> None:
    answer = httpx2.get(url)
    again = httpx2.get(url, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == answer.headers["etag"]
    assert httpx2.get(url, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("form", ["{}/", "{}?version=1"])
def test_phoss_path_is_understood_with_what_clients_append(url: str, form: str) -> None:
    assert httpx2.get(form.format(url)).content == write_business_card(CARD)


def test_phoss_any_spelling_finds_the_card_in_its_registered_one(url: str) -> None:
    assert httpx2.get(url.replace("Card", "CARD").replace("%3A", ":")).content == write_business_card(CARD)


def test_phoss_participant_without_a_card_is_not_found(url: str) -> None:
    for other in (url.replace("Card", "404"), url.replace("iso6523-actorid-upis", "x"), url + "/services/a%3A%3Ab"):
        assert httpx2.get(other).status_code == 404


def test_phoss_card_that_was_withdrawn_is_not_found(shared_live: LiveInstance) -> None:
    instance, stored, who = shared_live.instance, shared_live.stored, participant("0088:gone")
    instance.publishing.put_service_group(ACTOR, stored, ServiceGroup(who))
    instance.business_cards.put(ACTOR, stored, who, write_business_card(BusinessCard(who)))
    page = shared_live.addresses.public + "/businesscard" + participant_path(who)
    assert httpx2.get(page).status_code == 200
    instance.business_cards.delete(ACTOR, stored, who)
    assert httpx2.get(page).status_code == 404
