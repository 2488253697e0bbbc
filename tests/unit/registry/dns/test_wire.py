# SPDX-License-Identifier: Apache-2.0
"""Wire format: rendered once, shared by equal content, refused where DNS can't hold it."""

import gc
import weakref

import dns.name
import dns.rdata
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.dns.records import RRset
from registry.dns.wire import name_to_wire, rdata_to_wire, render, type_code
from registry.errors import ValidationError

NAPTR = '100 10 "U" "Meta:SMP" "!.*!https://smp.example!" .'


def test_naptr_rdata_is_what_a_foreign_renderer_makes() -> None:
    assert rdata_to_wire("NAPTR", NAPTR) == dns.rdata.from_text("IN", "NAPTR", NAPTR).to_wire()


def test_names_in_rdata_are_absolute_even_without_their_dot() -> None:
    assert rdata_to_wire("CNAME", "a.example") == rdata_to_wire("CNAME", "a.example.") == b"\x01a\x07example\x00"


@pytest.mark.parametrize(
    ("rdtype", "rdata"),
    [("A", "192.0.2.256"), ("NAPTR", "100 10"), ("CNAME", "a..b"), ("AAAA", "x"), ("SOA", ""), ("TXT", '"open')],
)
def test_malformed_rdata_is_a_validation_error(rdtype: str, rdata: str) -> None:
    with pytest.raises(ValidationError, match="DNS-RDATA"):
        rdata_to_wire(rdtype, rdata)


@given(st.sampled_from(["A", "NAPTR", "CNAME", "SOA", "TXT", "AAAA"]), st.text(max_size=60))
def test_any_rdata_text_renders_or_is_a_validation_error(rdtype: str, rdata: str) -> None:
    try:
        wire = rdata_to_wire(rdtype, rdata)
    except ValidationError:
        return
    dns.rdata.from_wire("IN", rdtype, wire, 0, len(wire))


@pytest.mark.parametrize("rdtype", ["ANY", "AXFR", "OPT", "TSIG", "nonsense", "", "TYPE0"])
def test_only_types_of_stored_records_are_taken(rdtype: str) -> None:
    with pytest.raises(ValidationError, match="DNS-TYPE"):
        type_code(rdtype)


def test_unknown_types_may_be_named_by_number() -> None:
    assert type_code("TYPE65534") == b"\xff\xfe"


def test_owner_is_lower_case_labels_without_the_root() -> None:
    assert name_to_wire("A.bC") == b"\x01a\x02bc"
    assert name_to_wire("@") == b""
    assert name_to_wire(r"a\.b.\067") == b"\x03a.b\x01c"


@pytest.mark.parametrize("name", ["", ".", "a.", ".a", "a..b", "ä", "a" * 64, r"a\999", "a\\"])
def test_what_is_no_name_is_a_validation_error(name: str) -> None:
    with pytest.raises(ValidationError, match="DNS-NAME"):
        name_to_wire(name)


@given(st.lists(st.from_regex(r"[a-z0-9_*-]{1,63}", fullmatch=True), min_size=1, max_size=3))
def test_owner_agrees_with_a_foreign_parser(labels: list[str]) -> None:
    text = ".".join(labels)
    assert name_to_wire(text) + b"\x00" == dns.name.from_text(text).to_wire()


def test_equal_content_is_rendered_once() -> None:
    one, other = RRset("a", "NAPTR", 60, (NAPTR,)), RRset("b", "NAPTR", 60, (NAPTR,))
    assert render(one) is render(other)
    assert render(one) is not render(RRset("a", "NAPTR", 61, (NAPTR,)))


def test_content_that_nobody_serves_any_more_is_forgotten() -> None:
    remembered = weakref.ref(render(RRset("a", "TXT", 60, ("only-here",))))
    gc.collect()
    assert remembered() is None


def test_a_set_has_each_record_once() -> None:
    assert render(RRset("a", "A", 60, ("192.0.2.1", "192.0.2.2", "192.0.2.1"))).count == 2


def test_records_are_owned_by_the_question_or_by_another_name() -> None:
    rendered = render(RRset("a", "A", 60, ("192.0.2.1",)))
    tail = b"\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x01"
    assert rendered.answer == b"\xc0\x0c" + tail
    assert rendered.owned_by(b"\x01x\x00") == b"\x01x\x00" + tail
    assert rendered.counts == b"\x00\x01\x00\x01\x00\x00"


@pytest.mark.parametrize(
    "rrset", [RRset("a", "A", 60, ()), RRset("a", "A", -1, ("192.0.2.1",)), RRset("a", "A", 2**31, ("192.0.2.1",))]
)
def test_a_set_without_records_or_with_an_impossible_ttl_is_refused(rrset: RRset) -> None:
    with pytest.raises(ValidationError, match="DNS-RRSET"):
        render(rrset)


def test_a_set_that_no_message_can_carry_is_refused() -> None:
    texts = tuple(f'"{number:05} {"x" * 249}"' for number in range(250))
    with pytest.raises(ValidationError, match="DNS-RRSET-SIZE"):
        render(RRset("a", "TXT", 60, texts))
    assert render(RRset("a", "TXT", 60, texts[:200])).count == 200
