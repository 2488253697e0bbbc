# SPDX-License-Identifier: Apache-2.0
"""Paths of an SMP: which dialect answers where."""

import pytest

from registry.domains.domain import Domain
from registry.domains.loader import load_domain
from registry.errors import ValidationError
from registry.identifiers.url_form import SmpPath
from registry.smp.documents.catalogue import DIALECTS, dialect_for
from registry.smp.routes import BusinessCardRequest, DocumentRequest, route, smp_url

WHO = b"iso6523-actorid-upis%3A%3A0088%3A1"


def domain(*dialects: str) -> Domain:
    return load_domain("demo", {"smp": {"dialects": list(dialects), "base_url": "https://smp.example.org/base"}})


@pytest.mark.parametrize(
    ("dialects", "path", "expected"),
    [
        (["busdox"], b"/" + WHO, "busdox"),
        (["bdxr1"], b"/" + WHO, "bdxr1"),
        (["bdxr1", "bdxr2"], b"/" + WHO, "bdxr1"),
        (["bdxr2", "bdxr1"], b"/" + WHO, "bdxr1"),
        (["bdxr1", "bdxr2"], b"/bdxr-smp-2/" + WHO, "bdxr2"),
        (["bdxr2"], b"/bdxr-smp-2/" + WHO, "bdxr2"),
        (["bdxr2"], b"/" + WHO, None),
        (["busdox"], b"/bdxr-smp-2/" + WHO, None),
        (["busdox"], b"/bdxr-smp-2/", None),
        (["bdxr2"], b"/bdxr-smp-2", None),
        (["bdxr2"], b"/bdxr-smp-2//" + WHO, None),
        (["bdxr2"], b"/bdxr-smp-2/" + WHO + b"/service", None),
    ],
)
def test_a_path_belongs_to_the_1_x_dialect_or_below_its_prefix_to_smp_2_0(
    dialects: list[str], path: bytes, expected: str | None
) -> None:
    found = route(domain(*dialects), path)
    if expected is None:
        assert found is None
    else:
        assert found == DocumentRequest(DIALECTS[expected], SmpPath("iso6523-actorid-upis::0088:1"))


def test_a_document_type_is_asked_for_in_either_dialect() -> None:
    for prefix in (b"/", b"/bdxr-smp-2/"):
        found = route(domain("bdxr1", "bdxr2"), prefix + WHO + b"/services/a%3A%3Ab%23%23c%2Fd")
        assert isinstance(found, DocumentRequest)
        assert found.path.document_type == "a::b##c/d"


@pytest.mark.parametrize("path", [b"/businesscard/", b"/businesscard/a/b", b"/businesscard//"])
def test_a_business_card_is_of_one_participant(path: bytes) -> None:
    assert route(domain("busdox"), path) is None


def test_a_business_card_is_asked_for_with_or_without_a_slash_at_the_end() -> None:
    for end in (b"", b"/"):
        found = route(domain("busdox"), b"/businesscard/" + WHO + end)
        assert found == BusinessCardRequest("iso6523-actorid-upis::0088:1")


@pytest.mark.parametrize("path", [b"/%zz", b"/bdxr-smp-2/%FF", b"/businesscard/%00"])
def test_a_segment_that_cannot_be_decoded_is_refused(path: bytes) -> None:
    with pytest.raises(ValidationError):
        route(domain("bdxr1", "bdxr2"), path)


def test_smp_2_0_urls_have_its_prefix_behind_the_base_url() -> None:
    both = domain("bdxr1", "bdxr2")
    assert smp_url(both, DIALECTS["bdxr1"]) == "https://smp.example.org/base"
    assert smp_url(both, DIALECTS["bdxr2"]) == "https://smp.example.org/base/bdxr-smp-2"


@pytest.mark.parametrize(
    ("dialects", "service", "expected"),
    [
        (["busdox"], "Meta:SMP", "busdox"),
        (["bdxr1", "bdxr2"], "Meta:SMP", "bdxr1"),
        (["bdxr2", "bdxr1"], "meta:smp", "bdxr1"),
        (["bdxr1", "bdxr2"], "OASIS-bdxr-SMP-2", "bdxr2"),
        (["bdxr2"], "Meta:SMP", "bdxr2"),
        (["bdxr1"], "ERACUN:meta", "bdxr1"),
        (["bdxr1"], "oasis-bdxr-smp-2", "bdxr1"),
    ],
)
def test_bdxl_the_naptr_service_names_the_dialect(dialects: list[str], service: str, expected: str) -> None:
    assert dialect_for(service, domain(*dialects)).name == expected
