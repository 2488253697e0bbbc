# SPDX-License-Identifier: Apache-2.0
"""The list of lists under attack, and what the standard has no code for."""

from dataclasses import replace

import pytest
from lxml import etree

from tests.simulators.list_worlds import (
    AT,
    ISSUED,
    LOTL_URL,
    OJ_URL,
    ListWorld,
    key,
    pivot_url,
    whole_world,
)
from trust_lists.documents.model import Extension, UnknownExtension
from trust_lists.documents.reading import read_unverified
from trust_lists.documents.ts119612.writer import write
from trust_lists.errors import SourceError
from trust_lists.signatures.xades import sign_xades
from trust_lists.sources.lotl import LotlOutcome, authenticate_lotl, is_pivot_uri


def outcome(world: ListWorld, **options: int) -> LotlOutcome:
    return authenticate_lotl(world.configuration(), world.get, AT, **options)


def test_a_list_of_lists_that_cannot_be_had_is_told_from_one_that_is_refused() -> None:
    found = outcome(ListWorld({LOTL_URL: SourceError("FETCH_TIMEOUT", "nobody answers")}))
    assert found.sub_status == ("OWN_FETCH_TIMEOUT", "OWN_LOTL_NOT_AVAILABLE")
    assert found.unreachable
    assert "nobody answers" in found.detail


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "OWN_LIST_EMPTY"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "OWN_LIST_NOT_A_LIST"),
        (b"%PDF-1.7", "OWN_LIST_NOT_A_LIST"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><TrustServiceStatusList>&b;</TrustServiceStatusList>', "OWN_XML_DOCTYPE"),
        (b"<TrustServiceStatusList", "OWN_XML_NOT_WELL_FORMED"),
        (b'{"LoTE": {}}', "OWN_LIST_STRUCTURE"),
    ],
)
def test_what_is_no_list_has_a_reason_of_its_own(data: bytes, code: str) -> None:
    found = outcome(ListWorld({LOTL_URL: data}))
    assert found.sub_status == (code, "LOTL_SIGNATURE_VERIFICATION_FAILED")
    assert not found.unreachable


def test_a_cut_off_list_of_lists_is_refused() -> None:
    world = whole_world()
    world.tamper(LOTL_URL, lambda data: data[: len(data) // 2])
    assert outcome(world).sub_status == ("OWN_XML_NOT_WELL_FORMED", "LOTL_SIGNATURE_VERIFICATION_FAILED")


def test_an_unsigned_list_of_lists_is_refused() -> None:
    world = whole_world()
    world.documents[LOTL_URL] = etree.tostring(write(read_unverified(world.get(LOTL_URL))))
    assert outcome(world).sub_status == ("OWN_NO_SIGNATURE", "LOTL_SIGNATURE_VERIFICATION_FAILED")


def test_a_chain_of_more_pivots_than_allowed_is_not_followed() -> None:
    world = ListWorld()
    world.put_lotl(uris=[*(pivot_url(number) for number in range(21)), OJ_URL])
    found = outcome(world)
    assert found.sub_status == ("OWN_TOO_MANY_PIVOTS",)
    assert world.asked == [LOTL_URL]


def test_how_many_pivots_are_followed_can_be_said() -> None:
    world = ListWorld()
    world.put_lotl(uris=[pivot_url(1), pivot_url(2), OJ_URL])
    assert outcome(world, max_pivots=1).sub_status == ("OWN_TOO_MANY_PIVOTS",)


def test_pivots_that_name_each_other_end_with_the_chain_of_the_list_of_lists() -> None:
    world = ListWorld()
    world.put_lotl(uris=[pivot_url(1), pivot_url(2), pivot_url(1), OJ_URL])
    for number in (1, 2):
        world.put_pivot(number, "lotl", ["lotl"])
    assert outcome(world).status == "LOTL_VERIFICATION_PASSED"
    assert world.asked.count(pivot_url(1)) == 2


def test_a_pivot_that_is_missing_is_named() -> None:
    world = ListWorld()
    world.put_lotl(uris=[pivot_url(1), pivot_url(2), OJ_URL])
    world.put_pivot(1, "lotl", ["lotl"])
    found = outcome(world)
    assert found.sub_status == ("OWN_FETCH_NOT_FOUND", "OWN_PIVOT_2_NOT_AVAILABLE")
    assert pivot_url(2) in found.detail


def test_a_location_that_cannot_be_compared_is_a_warning() -> None:
    world = ListWorld()
    world.put_lotl(location="https://gone.example/lotl.xml")
    found = outcome(world)
    assert (found.status, found.sub_status) == (
        "LOTL_VERIFICATION_PASSED",
        ("OWN_WARNING_LOTL_LOCATION_NOT_COMPARED",),
    )


@pytest.mark.parametrize("location", ["lotl.xml", "file:///etc/passwd", "http://["])
def test_a_location_outside_the_web_is_neither_asked_nor_announced(location: str) -> None:
    world = ListWorld()
    world.put_lotl(location=location)
    found = outcome(world)
    assert found.status == "LOTL_VERIFICATION_PASSED"
    assert found.announced == world.configuration()
    assert world.asked == [LOTL_URL]


def test_a_critical_extension_that_nobody_knows_refuses_the_list_of_lists() -> None:
    world = whole_world()
    document = read_unverified(world.get(LOTL_URL))
    extension = Extension(critical=True, content=UnknownExtension("{urn:x}Thing", '<Thing xmlns="urn:x"></Thing>'))
    changed = replace(document, scheme=replace(document.scheme, extensions=(extension,)))
    world.documents[LOTL_URL] = sign_xades(write(changed), key("lotl"), ISSUED)
    assert outcome(world).sub_status == ("OWN_CRITICAL_EXTENSION_UNKNOWN",)


@pytest.mark.parametrize(
    ("uri", "is_one"),
    [
        ("https://lists.example/pivot.xml", True),
        ("https://lists.example/PIVOT.XML", True),
        ("https://lists.example/explanation.html", False),
        ("https://lists.example/?file=pivot.xml", False),
        ("https:///pivot.xml", False),
        ("ftp://lists.example/pivot.xml", False),
        ("https://[lists.example/pivot.xml", False),
        ("", False),
    ],
)
def test_a_pivot_is_a_location_in_the_web_whose_path_ends_in_xml(uri: str, is_one: bool) -> None:
    assert is_pivot_uri(uri) is is_one
