# SPDX-License-Identifier: Apache-2.0
"""Whatever is in a query string or a DNS message, the answer is a question or a ValidationError."""

import contextlib

import dns.message
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domains.domain import Domain
from registry.domains.loader import load_domain
from registry.errors import ValidationError
from registry.resolver.dns_over_https import decode_message, question, read_message
from registry.resolver.questions import Question, participant_of, question_of, read_query

KNOWN = frozenset({"participant", "document_type", "process", "transport", "domain"})


@pytest.fixture(scope="module")
def domain() -> Domain:
    return load_domain("demo", {"dns": {"zone": "sml.test"}})


@given(st.binary(max_size=300) | st.text("participant=&%:;+#0189aé", max_size=80).map(str.encode))
def test_any_query_string_is_read_or_refused(query: bytes) -> None:
    with contextlib.suppress(ValidationError):
        assert set(read_query(query, KNOWN)) <= KNOWN


@given(st.dictionaries(st.sampled_from(sorted(KNOWN)), st.text(max_size=40)))
def test_any_parameters_are_a_question_or_refused(parameters: dict[str, str]) -> None:
    with contextlib.suppress(ValidationError):
        assert isinstance(question_of(parameters, {"demo": load_domain("demo")}), Question)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0088:1", "iso6523-actorid-upis::0088:1"),
        (" other::x ", "other::x"),
        ("urn:oasis:names:tc:ebcore:partyid-type:iso6523:0088:1",) * 2,
    ],
)
def test_a_value_alone_gets_the_domain_s_first_scheme(domain: Domain, text: str, expected: str) -> None:
    assert str(participant_of(text, domain)) == expected


@given(st.binary(max_size=200))
def test_any_bytes_are_a_dns_question_or_refused(wire: bytes) -> None:
    with contextlib.suppress(ValidationError):
        assert len(read_message(wire).question) == 1


@given(st.binary(min_size=1, max_size=30), st.integers(0, 60))
def test_a_spoilt_dns_message_is_a_question_or_refused(junk: bytes, place: int) -> None:
    wire = dns.message.make_query("a.sml.test", "NAPTR", use_edns=0).to_wire()
    with contextlib.suppress(ValidationError):
        assert len(read_message(wire[:place] + junk + wire[place + len(junk) :]).question) == 1


@given(st.text(max_size=60), st.text(max_size=8))
def test_any_name_and_type_are_a_question_or_refused(name: str, rdtype: str) -> None:
    with contextlib.suppress(ValidationError):
        assert len(question(name, rdtype).question) == 1


@given(st.binary(max_size=100))
def test_base64url_is_decoded_with_and_without_padding(data: bytes) -> None:
    import base64

    padded = base64.urlsafe_b64encode(data).decode()
    assert decode_message(padded) == decode_message(padded.rstrip("=")) == data


@given(st.text(max_size=50))
def test_any_text_is_decoded_or_refused(text: str) -> None:
    with contextlib.suppress(ValidationError):
        decode_message(text)
