# SPDX-License-Identifier: Apache-2.0
"""Which URLs of strangers are asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.discovery.urls import MAX_URL, UrlError, check_url

BOTH = frozenset({"http", "https"})


@pytest.mark.parametrize(
    "url",
    ["https://smp.test", "HTTPS://SMP.TEST/", "http://127.0.0.1:8080/a/b/", "https://[::1]:8443/x", "https://a/%2F~_-"],
)
def test_absolute_web_urls_are_given_back_unchanged(url: str) -> None:
    assert check_url(url, BOTH) == url


def test_a_query_is_for_complete_urls_only() -> None:
    url = "https://ap.test/as4?to=x"
    assert check_url(url, BOTH, query_allowed=True) == url
    with pytest.raises(UrlError, match="query"):
        check_url(url, BOTH)


def test_a_url_has_a_bound() -> None:
    with pytest.raises(UrlError, match="too long"):
        check_url("https://a/" + "x" * MAX_URL, BOTH)


@given(st.text(max_size=30))
def test_any_text_is_either_a_url_or_refused(text: str) -> None:
    try:
        assert check_url(f"https://{text}", BOTH).isascii()
    except UrlError:
        return
