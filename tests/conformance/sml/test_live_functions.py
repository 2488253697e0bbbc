# SPDX-License-Identifier: Apache-2.0
"""What the function tests of existing SML clients expect of an SML (interop.md §3d), over SOAP, mutual TLS and DNS."""

from collections.abc import Iterator

import pytest

from registry.sml.client import SmlClient
from tests.conformance.sml.live_calls import (
    BAD_REQUEST,
    NOT_FOUND,
    URL,
    Zone,
    participant,
    publisher,
    refused,
)
from tests.simulators.live import LiveInstance

NO_PARTICIPANT = "At least one of the participants doesn't exist in the list"


@pytest.fixture(scope="module")
def sml(shared_live: LiveInstance) -> Iterator[SmlClient]:
    with shared_live.sml_client() as client:
        yield client


@pytest.fixture(scope="module")
def zone(shared_live: LiveInstance) -> Zone:
    return Zone(shared_live)


def listed(sml: SmlClient, smp_id: str) -> list[list[str]]:
    """The values on each page."""
    pages = [sml.list_participants(smp_id)]
    while (following := pages[-1].next_page) is not None:
        pages.append(sml.list_participants(smp_id, following))
    return [[item.value for item in page.participants] for page in pages]


def test_deleting_an_unknown_publisher_is_not_found_each_time(sml: SmlClient) -> None:
    for _ in range(2):
        with refused(NOT_FOUND, 100, "The SMP 'SMP-F-UNKNOWN' doesn't exist"):
            sml.delete_publisher("SMP-F-UNKNOWN")


def test_deleting_a_publisher_twice_is_not_found(sml: SmlClient) -> None:
    sml.create_publisher(publisher("SMP-F-TWICE"))
    sml.delete_publisher("SMP-F-TWICE")
    with refused(NOT_FOUND, 100, "The SMP 'SMP-F-TWICE' doesn't exist"):
        sml.delete_publisher("SMP-F-TWICE")


def test_creating_a_publisher_twice_is_a_bad_request(sml: SmlClient) -> None:
    sml.create_publisher(publisher("SMP-F-EXISTS"))
    with refused(BAD_REQUEST, 106, "The SMP 'SMP-F-EXISTS' already exists"):
        sml.create_publisher(publisher("SMP-F-EXISTS"))


def test_updating_keeps_the_id_and_changes_the_addresses(sml: SmlClient) -> None:
    sml.create_publisher(publisher("SMP-F-Update", URL, "1.1.1.1"))
    assert sml.read_publisher("SMP-F-Update") == publisher("SMP-F-Update", URL, "1.1.1.1")
    sml.update_publisher(publisher("SMP-F-Update", f"{URL}new", "2.2.2.2"))
    assert sml.read_publisher("SMP-F-Update") == publisher("SMP-F-Update", f"{URL}new", "2.2.2.2")


def test_reading_and_updating_an_unknown_publisher_is_not_found(sml: SmlClient) -> None:
    with refused(NOT_FOUND, 100, "The SMP 'SMP-F-NOBODY' doesn't exist"):
        sml.read_publisher("SMP-F-NOBODY")
    with refused(NOT_FOUND, 100, "The SMP 'SMP-F-NOBODY' doesn't exist"):
        sml.update_publisher(publisher("SMP-F-NOBODY"))


def test_a_publisher_with_151_participants_goes_and_comes_again(sml: SmlClient, zone: Zone) -> None:
    participants = [participant(f"0088:f151-{number:03}") for number in range(151)]
    for _ in range(2):
        sml.create_publisher(publisher("SMP-F-151"))
        sml.create_participants("SMP-F-151", participants[:100])
        sml.create_participants("SMP-F-151", participants[100:])
        pages = listed(sml, "SMP-F-151")
        assert [len(page) for page in pages] == [100, 51]
        assert [value for page in pages for value in page] == [item.value for item in participants]
        assert {zone.url_of(item) for item in participants} == {URL}

        sml.delete_publisher("SMP-F-151")
        assert {zone.url_of(item) for item in participants} == {None}


def test_creating_listing_and_deleting_participants(sml: SmlClient) -> None:
    participants = [participant(f"0088:flist-{number}") for number in range(10)]
    sml.create_publisher(publisher("SMP-F-LIST"))
    sml.create_participants("SMP-F-LIST", participants)
    assert listed(sml, "SMP-F-LIST") == [[item.value for item in participants]]
    sml.delete_participants("SMP-F-LIST", participants[:9])
    assert listed(sml, "SMP-F-LIST") == [["0088:flist-9"]]


def test_deleting_a_list_twice_is_not_found(sml: SmlClient) -> None:
    participants = [participant(f"0088:fgone-{number}") for number in range(3)]
    sml.create_publisher(publisher("SMP-F-GONE"))
    sml.create_participants("SMP-F-GONE", participants)
    sml.delete_participants("SMP-F-GONE", participants)
    with refused(NOT_FOUND, 110, NO_PARTICIPANT):
        sml.delete_participants("SMP-F-GONE", participants)


def test_a_list_without_a_publisher_id_means_the_callers_own(sml: SmlClient) -> None:
    """As existing clients send DeleteList (interop.md §3b)."""
    participants = [participant(f"0088:fown-{number}") for number in range(3)]
    sml.create_publisher(publisher("SMP-F-OWN"))
    sml.create_participants("SMP-F-OWN", participants)
    sml.delete_participants(None, participants)
    assert listed(sml, "SMP-F-OWN") == [[]]


def test_a_list_of_the_callers_own_may_span_its_publishers(sml: SmlClient) -> None:
    for number in range(2):
        sml.create_publisher(publisher(f"SMP-F-SPAN-{number}"))
        sml.create_participants(f"SMP-F-SPAN-{number}", [participant(f"0088:fspan-{number}")])
    sml.delete_participants(None, [participant(f"0088:fspan-{number}") for number in range(2)])
    assert listed(sml, "SMP-F-SPAN-0") == listed(sml, "SMP-F-SPAN-1") == [[]]


def test_empty_lists_succeed_and_change_nothing(sml: SmlClient) -> None:
    sml.create_publisher(publisher("SMP-F-EMPTY"))
    sml.create_participants("SMP-F-EMPTY", [])
    assert listed(sml, "SMP-F-EMPTY") == [[]]
    sml.delete_participants("SMP-F-EMPTY", [])
    assert listed(sml, "SMP-F-EMPTY") == [[]]


def test_lists_are_done_as_a_whole_or_not_at_all(sml: SmlClient, zone: Zone) -> None:
    first, second, third = (participant(f"0088:fall-{number}") for number in range(3))
    sml.create_publisher(publisher("SMP-F-ALL"))
    sml.create_participants("SMP-F-ALL", [second])
    text = "The participant identifier '0088:fall-1' with scheme: 'iso6523-actorid-upis' already exist"
    with refused(BAD_REQUEST, 106, text):
        sml.create_participants("SMP-F-ALL", [first, second, third])
    assert listed(sml, "SMP-F-ALL") == [["0088:fall-1"]]
    assert (zone.url_of(first), zone.url_of(second)) == (None, URL)

    with refused(NOT_FOUND, 110, NO_PARTICIPANT):
        sml.delete_participants("SMP-F-ALL", [second, third])
    assert listed(sml, "SMP-F-ALL") == [["0088:fall-1"]]
    assert zone.url_of(second) == URL


def test_creating_an_existing_participant_is_a_bad_request(sml: SmlClient) -> None:
    sml.create_publisher(publisher("SMP-F-DOUBLE"))
    sml.create_publisher(publisher("SMP-F-DOUBLE-2"))
    sml.create_participants("SMP-F-DOUBLE", [participant("0088:fdouble")])
    for smp_id in ("SMP-F-DOUBLE", "SMP-F-DOUBLE-2"):
        text = "The participant identifier '0088:fdouble' with scheme: 'iso6523-actorid-upis' already exist"
        with refused(BAD_REQUEST, 106, text):
            sml.create_participants(smp_id, [participant("0088:fdouble")])


def test_participants_of_an_unknown_publisher_are_not_found(sml: SmlClient) -> None:
    text = "The SMP 'SMP-F-NONE' doesn't exist"
    with refused(NOT_FOUND, 100, text):
        sml.create_participants("SMP-F-NONE", [participant("0088:fnone")])
    with refused(NOT_FOUND, 100, text):
        sml.delete_participants("SMP-F-NONE", [participant("0088:fnone")])
    with refused(NOT_FOUND, 100, text):
        sml.list_participants("SMP-F-NONE")


def test_the_publisher_record_appears_follows_and_goes(sml: SmlClient, zone: Zone) -> None:
    name = "smp-f-record.publisher"
    assert zone.records(name, "CNAME") is None
    sml.create_publisher(publisher("SMP-F-Record", "https://one.example.org/"))
    assert zone.records(name, "CNAME") == ["one.example.org."]
    sml.update_publisher(publisher("SMP-F-Record", "https://two.example.org/"))
    assert zone.records(name, "CNAME") == ["two.example.org."]
    sml.update_publisher(publisher("SMP-F-Record", "https://192.0.2.9/"))
    assert (zone.records(name, "CNAME"), zone.records(name, "A")) == ([], ["192.0.2.9"])
    sml.delete_publisher("SMP-F-Record")
    assert zone.records(name, "A") is None


def test_updating_a_publisher_leads_its_participants_to_the_new_address(sml: SmlClient, zone: Zone) -> None:
    """Path and slash at the end are kept as the SMP gave them."""
    participants = [participant(f"0088:fmove-{number}") for number in range(3)]
    sml.create_publisher(publisher("SMP-F-MOVE", "https://old.example.org"))
    sml.create_participants("SMP-F-MOVE", participants)
    assert {zone.url_of(item) for item in participants} == {"https://old.example.org"}
    sml.update_publisher(publisher("SMP-F-MOVE", "https://new.example.org:8443/path/"))
    assert {zone.url_of(item) for item in participants} == {"https://new.example.org:8443/path/"}
