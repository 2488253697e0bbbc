# SPDX-License-Identifier: Apache-2.0
"""The base URL of an SMP."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domains.base_url import check_https_443, parse_base_url
from registry.errors import ValidationError


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("https://SMP.Example", "https://smp.example"),
        ("https://smp.example/", "https://smp.example"),
        ("https://smp.example:443/Path/", "https://smp.example/Path"),
        ("http://smp.example:80", "http://smp.example"),
        ("http://smp.example:443", "http://smp.example:443"),
        ("HTTPS://127.0.0.1:8443/a/b%20c", "https://127.0.0.1:8443/a/b%20c"),
        ("http://[::1]:8080/smp", "http://[::1]:8080/smp"),
        ("http://[::1]", "http://[::1]"),
        ("http://localhost:/", "http://localhost"),
    ],
)
def test_host_port_and_last_slash_are_normalised_and_the_path_is_kept(url: str, normal: str) -> None:
    assert str(parse_base_url(url)) == normal
    assert str(parse_base_url(normal)) == normal


@pytest.mark.parametrize(
    ("url", "ids"),
    [
        ("", ["SCHEME", "HOST"]),
        ("smp.example", ["SCHEME", "HOST"]),
        ("//smp.example", ["SCHEME"]),
        ("ftp://smp.example", ["SCHEME"]),
        ("https://", ["HOST"]),
        ("https://-a.example", ["HOST"]),
        ("https://a..example", ["HOST"]),
        ("https://smp.\xe4.example", ["HOST"]),
        ("https://user:word@smp.example", ["USER"]),
        ("https://smp.example/?a=b", ["QUERY"]),
        ("https://smp.example/?", ["QUERY"]),
        ("https://smp.example#", ["QUERY"]),
        ("https://smp.example/a//b", ["PATH"]),
        ("https://smp.example/../b", ["PATH"]),
        ("https://smp.example/a!b", ["PATH"]),
        ("https://smp.example/%zz", ["PATH"]),
        ("https://smp.example/a\nb", ["FORM"]),
        ("https://smp.example:99999", ["FORM"]),
        ("https://[", ["FORM"]),
        ("x://u@-/ ?", ["FORM", "SCHEME", "HOST", "USER", "QUERY", "PATH"]),
    ],
)
def test_all_reasons_come_at_once(url: str, ids: list[str]) -> None:
    with pytest.raises(ValidationError) as caught:
        parse_base_url(url)
    assert [reason.id for reason in caught.value.reasons] == [f"BASE-URL-{name}" for name in ids]


def test_schemes_are_those_of_the_domain() -> None:
    with pytest.raises(ValidationError, match="does not begin with https://"):
        parse_base_url("http://smp.example", {"https"})


@given(st.one_of(st.text(), st.text().map("https://".__add__), st.text().map("https://smp.example/".__add__)))
def test_any_text_gives_a_url_or_a_validation_error(text: str) -> None:
    try:
        normal = str(parse_base_url(text))
    except ValidationError:
        return
    assert str(parse_base_url(normal)) == normal


@pytest.mark.parametrize(
    "url",
    [
        "https://smp.example.org",
        "https://SMP.example.org:443/base/x%2Fy::z##1",
        "HTTPS://smp.example.org./",
        "https://1.smp.example",
        "https://0xsmp.example",
    ],
)
def test_https_443_accepts_a_dns_name_by_https_on_port_443(url: str) -> None:
    assert check_https_443(url) is None


@pytest.mark.parametrize(
    "url",
    [
        *("http://smp.example.org", "http://smp.example.org:443", "https://smp.example.org:8443", "smp.example.org"),
        *("https://192.0.2.1", "https://192.0.2.1:443/x", "https://127.1", "https://0x7f000001", "https://2130706433"),
        *("https://[2001:db8::1]", "https://[::1]:443", "https://smp.example.org@192.0.2.1", "https://192.0.2.1."),
        *("", "https://", "https://[", "https://smp.example.org:99999", "https://smp .example", "ftp://x"),
    ],
)
def test_https_443_refuses_every_other_address(url: str) -> None:
    reason = check_https_443(url)
    assert reason is not None
    assert reason.id == "SMP-HTTPS-443"


@given(st.one_of(st.text(), st.text().map("https://".__add__)))
def test_https_443_takes_any_text(url: str) -> None:
    if check_https_443(url) is None:
        assert url.lower().startswith("https://") or not url.isprintable()
