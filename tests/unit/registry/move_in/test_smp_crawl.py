# SPDX-License-Identifier: Apache-2.0
"""A crawl reads participants through the public SMP: verified, patient, and going on where it was broken off."""

import json
import stat
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from registry.discovery.fetcher import FetchedDocument
from registry.errors import ConfigurationError, TechnicalError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.url_form import encode_segment
from registry.metadata import Extension
from registry.move_in.model import Kind, SourceRecord
from registry.move_in.sources.smp_crawl import Pace, SmpCrawl
from registry.smp.documents.busdox.dialect import BUSDOX
from tests.simulators.authorities import NOW, Authority
from tests.simulators.network import INVOICE, PARTICIPANT, Network

ORDER = DocumentTypeIdentifier(INVOICE.scheme, INVOICE.value.replace("Invoice", "Order"))
OTHERS = [ParticipantIdentifier(PARTICIPANT.scheme, f"9915:{number}") for number in range(9)]
EXTENSION = Extension(b"<x:a xmlns:x='urn:x'  b = '1'><x:c></x:c></x:a>")
CARD = b'<?xml version="1.0"?><BusinessCard xmlns="http://www.peppol.eu/schema/pd/businesscard/20180621/"/>'


class _World:
    """An SMP, a list of participants, and crawls of it."""

    def __init__(self, folder: Path) -> None:
        self.network = Network()
        self.listed = folder / "participants.txt"
        self.journal = folder / "participants.txt.crawl"
        self.publish(PARTICIPANT)
        self.put_on_list(PARTICIPANT)

    def publish(self, participant: ParticipantIdentifier, *document_types: DocumentTypeIdentifier) -> None:
        document_types = document_types or (INVOICE,)
        self.network.smp.publish_group(participant, *document_types)
        for document_type in document_types:
            endpoint = self.network.endpoint(extensions=(EXTENSION,))
            self.network.smp.publish(
                self.network.metadata(endpoint, participant=participant, document_type=document_type)
            )

    def put_on_list(self, *participants: ParticipantIdentifier | str) -> None:
        self.listed.write_text("# who is there\n\n" + "\n".join(map(str, participants)) + "\n")

    def crawl(self, fetcher: Any = None, **others: Any) -> SmpCrawl:
        return SmpCrawl(
            self.network.domain,
            BUSDOX,
            self.network.smp.base_url,
            self.listed,
            fetcher=fetcher or self.network,
            clock=lambda: NOW,
            **{"pace": Pace(threads=1, rate=0), "sleep": lambda _: None} | others,
        )

    def records(self) -> list[SourceRecord]:
        return list(self.crawl().records(None))


@pytest.fixture
def world(tmp_path: Path) -> _World:
    return _World(tmp_path)


def _body(record: SourceRecord) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(record.body)
    return said


def test_a_participant_comes_with_its_services_extensions_and_card(world: _World) -> None:
    world.publish(PARTICIPANT, INVOICE, ORDER)
    card_url = f"{world.network.smp.base_url}/businesscard/{encode_segment(str(PARTICIPANT))}"
    world.network.replace(card_url, CARD)

    (record,) = world.records()

    said = _body(record)
    assert (record.kind, record.key) == (Kind.PARTICIPANT, str(PARTICIPANT))
    assert [service["document_type"]["value"] for service in said["services"]] == [INVOICE.value, ORDER.value]
    assert said["business_card"] == CARD.decode()
    assert "refused" not in said


def test_extensions_are_carried_byte_for_byte(world: _World) -> None:
    (record,) = world.records()

    (endpoint,) = _body(record)["services"][0]["process_metadata"][0]["endpoints"]
    assert b64decode(endpoint["extensions"][0]["content"]) == EXTENSION.content


def test_the_same_is_said_in_the_same_bytes(world: _World) -> None:
    assert world.records() == world.records()


def test_a_redirect_is_kept_and_not_followed(world: _World) -> None:
    href = world.network.smp.metadata_url(PARTICIPANT, INVOICE).replace("smp.test", "other.test")
    world.network.smp.publish_redirect(PARTICIPANT, INVOICE, href, "CN=SMP-2")

    (record,) = world.records()

    (group,) = _body(record)["services"][0]["process_metadata"]
    assert group["redirect"] == {"href": href, "certificate_uid": "CN=SMP-2"}
    assert not [url for url in world.network.asked if "other.test" in url]


def test_who_is_unknown_to_the_smp_is_counted(world: _World) -> None:
    world.put_on_list(PARTICIPANT, OTHERS[0])
    crawl = world.crawl()

    assert [record.key for record in crawl.records(None)] == [str(PARTICIPANT)]
    assert [(each.name, each.count) for each in crawl.unhoused()] == [("participants on the list", 1)]


def test_each_spelling_on_the_list_is_a_record_and_a_line_that_comes_again_is_none(world: _World) -> None:
    one, other = (ParticipantIdentifier(PARTICIPANT.scheme, value) for value in ("9915:ab", "9915:AB"))
    world.publish(one)
    world.publish(other)
    world.put_on_list(OTHERS[0], one, other, one)

    assert [record.key for record in world.records()] == [str(one), str(other)]


def _refusals(records: list[SourceRecord]) -> list[str]:
    return [reason["id"] for record in records for reason in _body(record).get("refused", ())]


def test_a_document_that_was_changed_after_it_was_signed_refuses_the_participant(world: _World) -> None:
    url = world.network.smp.metadata_url(PARTICIPANT, INVOICE)
    world.network.replace(url, world.network.responses[url].body.replace(b"ap.test", b"evil.test"))

    assert _refusals(world.records()) == ["MOVE-IN-CRAWL-UNTRUSTED"]


def test_a_document_that_nobody_trusted_has_signed_refuses_the_participant(world: _World) -> None:
    smp = world.network.add_smp(world.network.smp.base_url, Authority("Stranger").issue("SMP-9"))
    smp.publish(world.network.metadata())

    assert _refusals(world.records()) == ["MOVE-IN-CRAWL-UNTRUSTED"]


def test_a_document_about_another_participant_refuses_this_one(world: _World) -> None:
    other = world.network.smp.publish(world.network.metadata(participant=OTHERS[0]))
    url = world.network.smp.metadata_url(PARTICIPANT, INVOICE)
    world.network.responses[url] = world.network.responses[other]

    assert _refusals(world.records()) == ["MOVE-IN-CRAWL-OTHER"]


def test_a_listed_service_without_metadata_refuses_the_participant(world: _World) -> None:
    del world.network.responses[world.network.smp.metadata_url(PARTICIPANT, INVOICE)]

    assert _refusals(world.records()) == ["MOVE-IN-CRAWL-INCONSISTENT"]


@pytest.mark.parametrize("body", [b"", b"<html/>", b"<!DOCTYPE a><a/>"], ids=["empty", "html", "doctype"])
def test_what_is_no_service_group_refuses_the_participant(world: _World, body: bytes) -> None:
    world.network.replace(world.network.smp.group_url(PARTICIPANT), body)

    (record,) = world.records()

    assert _body(record)["refused"]


class _Failing:
    """Fails for some URLs so many times, or for ever."""

    def __init__(self, network: Network, fragment: str, times: int = 1_000) -> None:
        self._network = network
        self._fragment = fragment
        self.left = times

    def fetch(self, url: str) -> FetchedDocument:
        if self._fragment in url and self.left:
            self.left -= 1
            return FetchedDocument(503, "text/plain", b"")
        return self._network.fetch(url)


def test_a_failure_is_tried_again(world: _World) -> None:
    records = list(world.crawl(_Failing(world.network, "/services/", 3)).records(None))

    assert _refusals(records) == []


def test_a_participant_that_always_fails_is_refused_and_the_others_go_on(world: _World) -> None:
    for other in OTHERS[:3]:
        world.publish(other)
    world.put_on_list(OTHERS[0], OTHERS[1], OTHERS[2], PARTICIPANT)

    records = list(world.crawl(_Failing(world.network, encode_segment(str(OTHERS[1])))).records(None))

    assert [record.key for record in records] == [str(each) for each in (*OTHERS[:3], PARTICIPANT)]
    assert _refusals(records) == ["MOVE-IN-CRAWL-FAILED"]


def _broken_off(world: _World) -> None:
    """Three participants are read, then nobody is answered any more."""
    for other in OTHERS:
        world.publish(other)
    world.put_on_list(*OTHERS)
    network, answered = world.network, [encode_segment(str(other)) for other in OTHERS[:3]]

    class _Dying:
        def fetch(self, url: str) -> FetchedDocument:
            if not any(each in url for each in answered):
                return FetchedDocument(503, "text/plain", b"")
            return network.fetch(url)

    with pytest.raises(TechnicalError, match="run it again"):
        list(world.crawl(_Dying()).records(None))
    network.asked.clear()


def test_a_crawl_that_was_broken_off_goes_on_where_it_was(world: _World) -> None:
    _broken_off(world)

    records = world.records()

    assert [record.key for record in records] == [str(other) for other in OTHERS]
    assert _refusals(records) == []
    again = [url for url in world.network.asked if any(encode_segment(str(other)) in url for other in OTHERS[:3])]
    assert again == []
    assert not world.journal.exists()


def test_the_journal_is_for_nobody_else_to_read(world: _World) -> None:
    _broken_off(world)

    assert stat.S_IMODE(world.journal.stat().st_mode) == 0o600


def test_a_last_line_that_was_cut_is_read_again(world: _World) -> None:
    _broken_off(world)
    whole = world.journal.read_bytes()
    world.journal.write_bytes(whole[:-7])

    records = world.records()

    assert sorted(record.key for record in records) == sorted(str(other) for other in OTHERS)


def test_the_journal_of_another_smp_is_not_taken(world: _World) -> None:
    _broken_off(world)
    world.journal.write_bytes(b'{"smp":"https://other.example.org"}\n')

    with pytest.raises(ConfigurationError, match="another SMP"):
        world.records()


def test_check_says_what_is_wrong_before_anything_is_read(world: _World) -> None:
    world.crawl().check()

    world.put_on_list("nonsense")
    with pytest.raises(ConfigurationError, match=r"participants\.txt:3.*no participant"):
        world.crawl().check()
    world.put_on_list()
    with pytest.raises(ConfigurationError, match="names nobody"):
        world.crawl().check()
    world.listed.unlink()
    with pytest.raises(ConfigurationError, match="can't be read"):
        world.crawl().check()


def test_check_fails_where_the_smp_does_not_answer(world: _World) -> None:
    world.network.down.add("https://smp.test")

    with pytest.raises(TechnicalError, match="doesn't answer"):
        world.crawl().check()


def test_what_is_no_url_of_an_smp_is_refused(world: _World) -> None:
    with pytest.raises(ConfigurationError, match="--url"):
        SmpCrawl(world.network.domain, BUSDOX, "smp.example.org", world.listed)


def test_it_asks_no_faster_than_it_may(world: _World) -> None:
    waited: list[float] = []
    pace = Pace(threads=1, rate=10.0)

    list(world.crawl(pace=pace, timer=lambda: 0.0, sleep=waited.append).records(None))

    assert waited == pytest.approx([0.1, 0.2])  # a service group, a service, a business card
