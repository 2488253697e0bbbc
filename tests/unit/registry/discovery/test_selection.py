# SPDX-License-Identifier: Apache-2.0
"""Which endpoint of several is used."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from registry.discovery.errors import NoMatchingServiceError
from registry.discovery.selection import processes_for, select_endpoint
from registry.domains.loader import load_domain
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.metadata import Endpoint, Process, ProcessMetadata, ServiceMetadata

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
RULES = load_domain("demo").identifiers


def endpoint(transport: str = "as4", host: str = "ap.test", **others: Any) -> Endpoint:
    return Endpoint(transport, f"https://{host}/", (), **others)


def process(value: str) -> ProcessIdentifier:
    return ProcessIdentifier("cenbii-procid-ubl", value)


def group(*endpoints: Endpoint, processes: tuple[str, ...] = ("p",)) -> ProcessMetadata:
    return ProcessMetadata(tuple(Process(process(value)) for value in processes), endpoints)


def select(*groups: ProcessMetadata, preferred: tuple[str, ...] = (), transport: str | None = None) -> str:
    selection = select_endpoint(groups, process=None, transport=transport, preferred=preferred, at=NOW)
    return selection.endpoint.address


def test_the_domain_s_first_transport_profile_wins() -> None:
    both = group(endpoint("as2", "as2.test"), endpoint("as4", "as4.test"))
    assert select(both, preferred=("as4", "as2")) == "https://as4.test/"
    assert select(both, preferred=("as2", "as4")) == "https://as2.test/"


def test_a_profile_that_the_domain_does_not_name_comes_last() -> None:
    both = group(endpoint("aaa", "aaa.test"), endpoint("as4", "as4.test"))
    assert select(both, preferred=("as4",)) == "https://as4.test/"
    assert select(group(endpoint("aaa", "aaa.test")), preferred=("as4",)) == "https://aaa.test/"


def test_the_transport_profile_that_was_asked_for_is_compared_with_case() -> None:
    both = group(endpoint("as4", "lower.test"), endpoint("AS4", "upper.test"))
    assert select(both, transport="AS4") == "https://upper.test/"


def test_of_two_endpoints_with_one_profile_the_successor_wins() -> None:
    both = group(
        endpoint(host="always.test"),
        endpoint(host="old.test", activation=NOW - 9 * DAY),
        endpoint(host="new.test", activation=NOW - DAY),
        endpoint(host="planned.test", activation=NOW + DAY),
    )
    assert select(both) == "https://new.test/"


def test_activation_is_inclusive_and_expiration_exclusive() -> None:
    assert select(group(endpoint(activation=NOW, expiration=NOW + DAY)))
    with pytest.raises(NoMatchingServiceError, match="expired on"):
        select(group(endpoint(expiration=NOW)))


def test_a_process_without_a_usable_endpoint_gives_way_to_the_next() -> None:
    expired = group(endpoint(expiration=NOW - DAY), processes=("a",))
    good = group(endpoint(host="good.test"), processes=("b",))
    selection = select_endpoint((expired, good), process=None, transport=None, preferred=(), at=NOW)
    assert selection.process == process("b")
    assert len(selection.passed_over) == 1


@pytest.mark.parametrize("address", ["", "mailto:a@b.test", "file:///x", "/as4", "https://user@ap.test/"])
def test_an_address_that_no_web_client_may_use_is_passed_over(address: str) -> None:
    with pytest.raises(NoMatchingServiceError, match="address"):
        select(ProcessMetadata((), (Endpoint("as4", address, ()),)))


def test_an_address_may_have_a_query() -> None:
    assert select(ProcessMetadata((), (Endpoint("as4", "https://ap.test/as4?to=x", ()),)))


def test_a_group_without_processes_serves_any() -> None:
    anyone = group(endpoint(), processes=())
    metadata = ServiceMetadata(
        ParticipantIdentifier("s", "v"), DocumentTypeIdentifier("s", "v"), (group(endpoint(), processes=("x",)), anyone)
    )
    assert processes_for(metadata, process("p"), RULES) == (anyone,)
    assert select_endpoint((anyone,), process=None, transport=None, preferred=(), at=NOW).process is None


def test_letter_case_of_a_process_counts_as_the_domain_says() -> None:
    metadata = ServiceMetadata(
        ParticipantIdentifier("s", "v"), DocumentTypeIdentifier("s", "v"), (group(endpoint(), processes=("Abc",)),)
    )
    with pytest.raises(NoMatchingServiceError):
        processes_for(metadata, process("abc"), RULES)
