# SPDX-License-Identifier: Apache-2.0
"""Merging leaves alone what a document doesn't speak of, and takes what it says for the rest."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.demo.content import INVOICE
from registry.domains.loader import load_domain
from registry.errors import ValidationError
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.metadata import (
    Endpoint,
    EndpointCertificate,
    Extension,
    Process,
    ProcessMetadata,
    Redirect,
    ServiceMetadata,
)
from registry.smp.merging import merged, without_process

RULES = load_domain("demo").identifiers
PARTICIPANT = ParticipantIdentifier(ISO6523, "0088:1")
NOW = datetime(2026, 11, 22, tzinfo=UTC)
REDIRECT = ProcessMetadata(redirect=Redirect("https://other.example.org", "CN=OTHER"))


def process(name: str) -> Process:
    return Process(ProcessIdentifier("cenbii-procid-ubl", name))


def endpoint(profile: str = "as4", address: str = "https://a.example.org", **dates: datetime | None) -> Endpoint:
    return Endpoint(profile, address, (EndpointCertificate(b"der"),), **dates)  # type: ignore[arg-type]


def group(names: str, *endpoints: Endpoint) -> ProcessMetadata:
    """A group of processes, each named by a letter."""
    return ProcessMetadata(tuple(map(process, names)), endpoints or (endpoint(),))


def metadata(*groups: ProcessMetadata) -> ServiceMetadata:
    return ServiceMetadata(PARTICIPANT, INVOICE, groups)


def told(document: ServiceMetadata) -> list[tuple[str, list[tuple[str, str]]]]:
    """What a document says, group by group: letters of processes, and (profile, address) of endpoints."""
    return [
        (
            "".join(item.identifier.value for item in one.processes),
            [(item.transport_profile, item.address) for item in one.endpoints],
        )
        for one in document.process_metadata
    ]


def test_nothing_held_is_the_new_document() -> None:
    new = metadata(group("a"))
    assert merged(None, new, RULES) is new


def test_new_process_comes_behind_those_that_are_there() -> None:
    result = merged(metadata(group("a"), group("b")), metadata(group("c")), RULES)
    assert [names for names, _ in told(result)] == ["a", "b", "c"]


def test_endpoint_replaces_that_of_its_transport_profile_in_its_place() -> None:
    held = metadata(group("a", endpoint("as4"), endpoint("as2")))
    result = merged(held, metadata(group("a", endpoint("as4", "https://new"), endpoint("sftp"))), RULES)
    assert told(result) == [
        ("a", [("as4", "https://new"), ("as2", "https://a.example.org"), ("sftp", "https://a.example.org")])
    ]


def test_transport_profiles_differ_by_case() -> None:
    result = merged(metadata(group("a", endpoint("as4"))), metadata(group("a", endpoint("AS4"))), RULES)
    assert [profile for profile, _ in told(result)[0][1]] == ["as4", "AS4"]


def test_group_that_shares_some_processes_is_split() -> None:
    result = merged(metadata(group("abc")), metadata(group("bd", endpoint("as2"))), RULES)
    old, new = ("as4", "https://a.example.org"), ("as2", "https://a.example.org")
    assert told(result) == [("ac", [old]), ("b", [old, new]), ("d", [new])]


def test_metadata_for_any_process_meet_only_their_like() -> None:
    held = metadata(group(""), group("a"))
    result = merged(held, metadata(group("", endpoint("as4", "https://new"))), RULES)
    assert told(result) == [("", [("as4", "https://new")]), ("a", [("as4", "https://a.example.org")])]
    assert told(merged(metadata(group("a")), metadata(group("")), RULES))[1][0] == ""


@pytest.mark.parametrize(("held", "new"), [(REDIRECT, group("a")), (group("a"), REDIRECT), (REDIRECT, REDIRECT)])
def test_redirect_of_the_document_and_endpoints_replace_each_other(held: ProcessMetadata, new: ProcessMetadata) -> None:
    assert merged(metadata(held), metadata(new), RULES) == metadata(new)


def test_redirect_of_a_process_and_its_endpoints_replace_each_other() -> None:
    redirected = replace(REDIRECT, processes=(process("a"),))
    held = metadata(group("a"), group("b"))
    result = merged(held, metadata(redirected), RULES)
    assert result.process_metadata == (redirected, group("b"))
    assert merged(result, metadata(group("a")), RULES).process_metadata == held.process_metadata


def test_extensions_stay_where_none_are_said() -> None:
    one, other = Extension(b"<one/>"), Extension(b"<other/>")
    held = replace(metadata(replace(group("a"), extensions=(one,))), extensions=(one,))
    result = merged(held, metadata(group("a")), RULES)
    assert (result.extensions, result.process_metadata[0].extensions) == ((one,), (one,))
    said = replace(metadata(replace(group("a"), extensions=(other,))), extensions=(other,))
    result = merged(held, said, RULES)
    assert (result.extensions, result.process_metadata[0].extensions) == ((other,), (other,))


def dates(start: int | None, end: int | None) -> dict[str, datetime | None]:
    return {
        "activation": None if start is None else NOW + timedelta(days=start),
        "expiration": None if end is None else NOW + timedelta(days=end),
    }


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        ((None, None), (None, None), True),
        ((None, None), (5, None), True),
        ((0, 10), (9, 20), True),
        ((0, 10), (10, 20), False),
        ((10, 20), (0, 10), False),
        ((None, 10), (10, None), False),
        ((None, 11), (10, None), True),
        ((0, None), (None, 1), True),
    ],
)
def test_validity_of_a_transport_profile_must_not_overlap(
    one: tuple[int | None, int | None], other: tuple[int | None, int | None], overlap: bool
) -> None:
    new = metadata(group("a", endpoint("as4", **dates(*one)), endpoint("as4", **dates(*other))))
    if overlap:
        with pytest.raises(ValidationError, match=r"a with the transport profile as4 overlap .*SMP-VALIDITY-OVERLAP"):
            merged(None, new, RULES)
    else:
        assert merged(None, new, RULES) == new


def test_validity_is_compared_in_the_whole_document_and_by_process() -> None:
    assert merged(None, metadata(group("a"), group("b")), RULES)
    assert merged(None, metadata(group("a", endpoint("as4"), endpoint("as2"))), RULES)
    with pytest.raises(ValidationError, match="overlap"):
        merged(None, metadata(group("ab"), group("bc")), RULES)


def test_process_is_taken_away_and_nothing_else() -> None:
    held = metadata(group("ab"), group("c"), group(""))
    assert [names for names, _ in told(removed(held, "b"))] == ["a", "c", ""]
    assert [names for names, _ in told(removed(held, "c"))] == ["ab", ""]
    assert removed(held, "x") is held


def test_nothing_is_left_without_the_last_process() -> None:
    assert without_process(metadata(group("a")), process("a").identifier, RULES) is None


def removed(held: ServiceMetadata, name: str) -> ServiceMetadata:
    left = without_process(held, process(name).identifier, RULES)
    assert left is not None
    return left


PROFILES = st.sets(st.sampled_from(["as4", "as2", "sftp"]), min_size=1, max_size=3)


@st.composite
def documents(draw: st.DrawFn) -> ServiceMetadata:
    """Documents in which no process is named twice."""
    names = draw(st.permutations("abcde"))
    cuts = sorted(draw(st.sets(st.integers(1, 5), min_size=1)))
    address = draw(st.sampled_from(["https://a.example.org", "https://b.example.org"]))
    groups = []
    for start, end in zip([0, *cuts], cuts, strict=False):
        made = group("".join(names[start:end]), *(endpoint(item, address) for item in sorted(draw(PROFILES))))
        groups.append(made)
    return metadata(*groups)


def pairs(document: ServiceMetadata) -> dict[tuple[str, str], str]:
    return {
        (item.identifier.value, one.transport_profile): one.address
        for part in document.process_metadata
        for item in part.processes
        for one in part.endpoints
    }


@given(documents(), documents())
def test_result_says_what_the_new_says_and_of_the_held_all_else(held: ServiceMetadata, new: ServiceMetadata) -> None:
    result = merged(held, new, RULES)
    assert pairs(result) == pairs(held) | pairs(new)
    names = [item.identifier for part in result.process_metadata for item in part.processes]
    assert len(names) == len(set(names)), "each process once"
    assert pairs(merged(result, new, RULES)) == pairs(result), "once more changes nothing"
    assert pairs(merged(held, held, RULES)) == pairs(held)
