# SPDX-License-Identifier: Apache-2.0
import pytest

from registry.errors import ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.metadata import ProcessMetadata, Redirect, ServiceMetadata
from registry.smp.documents.smp1.hrefs import parse_href, redirect_href

PATH = "/s%3A%3A9915%3Atest/services/d%3A%3Aurn%3Aa"


def _completed(href: str, participant: str = "9915:test") -> str:
    redirect = Redirect(href, "CN=a")
    metadata = ServiceMetadata(
        ParticipantIdentifier("s", participant),
        DocumentTypeIdentifier("d", "urn:a"),
        (ProcessMetadata(redirect=redirect),),
    )
    return redirect_href(metadata, redirect)


def test_slashes_that_were_encoded_with_the_path_are_understood() -> None:
    for href in (f"https://a{PATH}", f"https://a{PATH.replace('/services/', '%2Fservices%2f')}"):
        assert parse_href(href) == (ParticipantIdentifier("s", "9915:test"), DocumentTypeIdentifier("d", "urn:a"))


@pytest.mark.parametrize("base", ["https://a.example.org", "http://a:8080/", "HTTPS://a/b/c", "https://[::1]/b/"])
def test_a_base_url_is_completed_with_the_path_of_the_document(base: str) -> None:
    assert _completed(base) == base.rstrip("/") + PATH


@pytest.mark.parametrize(
    "href",
    [
        f"https://a{PATH}",
        f"https://a{PATH}x",
        "https://a/s%3A%3Aother/services/d%3A%3Aurn%3Aa",
        "https://a/services/",
        "https://a?b",
        "https://a#b",
        "https://",
        "https://a b",
        "a.example.org",
        "ftp://a",
        "",
    ],
)
def test_all_else_stays_as_it_is(href: str) -> None:
    assert _completed(href) == href


def test_an_identifier_that_no_url_can_hold_is_refused() -> None:
    with pytest.raises(ValidationError):
        _completed("https://a", "\ud800")
