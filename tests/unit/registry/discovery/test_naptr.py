# SPDX-License-Identifier: Apache-2.0
"""Which NAPTR record is taken, and which URL it gives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.discovery.errors import NoMatchingServiceError
from registry.discovery.naptr import Naptr, RewriteError, choose, rewrite

BOTH = frozenset({"http", "https"})
NAME = "abc.iso6523-actorid-upis.sml.test"


def record(
    regexp: str = "!.*!https://smp.test/!",
    *,
    order: int = 100,
    preference: int = 10,
    flags: str = "U",
    service: str = "Meta:SMP",
) -> Naptr:
    return Naptr(order, preference, flags, service, regexp)


def url_of(*records: Naptr, schemes: frozenset[str] = BOTH) -> str:
    return choose(records, NAME, services=["Meta:SMP"], schemes=schemes).url


@pytest.mark.parametrize("flags", ["U", "u"])
@pytest.mark.parametrize("service", ["Meta:SMP", "meta:smp", "META:SMP"])
def test_flag_and_service_have_no_case(flags: str, service: str) -> None:
    assert url_of(record(flags=flags, service=service)) == "https://smp.test/"


def test_the_lowest_order_wins_then_the_lowest_preference() -> None:
    late = record("!.*!https://late.test!", order=200, preference=1)
    second = record("!.*!https://second.test!", preference=20)
    first = record("!.*!https://first.test!", preference=10)
    assert url_of(late, second, first) == "https://first.test"


def test_equal_records_are_taken_in_the_same_order_whatever_the_answer_s_order() -> None:
    a, b = record("!.*!https://a.test!"), record("!.*!https://b.test!")
    assert url_of(a, b) == url_of(b, a)


def test_an_unusable_record_is_passed_over_and_named() -> None:
    choice = choose([record("!.*!ftp://x.test!", order=1), record()], NAME, services=["Meta:SMP"], schemes=BOTH)
    assert choice.url == "https://smp.test/"
    assert len(choice.passed_over) == 1
    assert "ftp://x.test" in choice.passed_over[0]


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (record(service="https://smp.test"), "service"),
        (record(service="Meta:CPPA"), "service"),
        (record(flags=""), "flag"),
        (record(flags="S"), "flag"),
        (record(""), "delimiter"),
        (record("1.*1https://x.test1"), "delimiter"),
        (record("\\.*\\https://x.test\\"), "delimiter"),
        (record("!.*!https://x.test"), "three parts"),
        (record("!.*!https://x.test!!"), "three parts"),
        (record("!.*!https://x.test!g"), "flag"),
        (record("!nope!https://x.test!"), "does not match"),
        (record(r"!\d!https://x.test!"), "POSIX"),
        (record(r"!(.*)!https://x.test/\2!"), "group"),
        (record(r"!.*!https://x.test/\1!"), "group"),
        (record("!.*!file:///etc/passwd!"), "scheme"),
        (record("!.*!gopher://x.test!"), "scheme"),
        (record("!.*!/relative!"), "scheme"),
        (record("!.*!https://!"), "host"),
        (record("!.*!https:///path!"), "host"),
        (record("!.*!https://user:secret@x.test/!"), "credentials"),
        (record("!.*!https://x.test/#part!"), "fragment"),
        (record("!.*!https://x.test/?a=b!"), "query"),
        (record("!.*!https://x.test:99999/!"), "malformed"),
        (record("!.*!https://[::1/!"), "malformed"),
        (record("!.*!https://x.test/a b!"), "characters"),
        (record("!.*!https://x.test/\xe9!"), "characters"),
        (record("!.*!https://x.test\\\\evil.test/!"), "characters"),
        (record("!.*!!"), "empty"),
    ],
)
def test_a_record_that_can_t_be_used_is_no_matching_service(bad: Naptr, why: str) -> None:
    with pytest.raises(NoMatchingServiceError, match=why) as caught:
        url_of(bad)
    assert caught.value.reason_id == "naptr-none-usable"


def test_the_domain_says_which_schemes_are_allowed() -> None:
    http = record("!.*!http://smp.test!")
    assert url_of(http) == "http://smp.test"
    with pytest.raises(NoMatchingServiceError, match="scheme must be https"):
        url_of(http, schemes=frozenset({"https"}))


@pytest.mark.parametrize("expression", [".*", "^.*$"])
def test_the_whole_name_is_replaced_once(expression: str) -> None:
    assert rewrite(f"!{expression}!https://smp.test/x!", NAME) == "https://smp.test/x"


@pytest.mark.parametrize("delimiter", ["!", "/", "#", "|", "~", ",", "@"])
def test_any_character_may_be_the_delimiter(delimiter: str) -> None:
    assert rewrite(delimiter.join(["", ".*", "https:smp.test", ""]), NAME) == "https:smp.test"


def test_an_escaped_delimiter_is_part_of_the_text() -> None:
    assert rewrite(r"/.*/https:\/\/smp.test\/a/", NAME) == "https://smp.test/a"


def test_groups_are_put_in_where_the_replacement_refers_to_them() -> None:
    assert rewrite(r"!^([a-z]+)\.(.+)$!https://\1.smp.test/\2/\1!", "abc.zone") == "https://abc.smp.test/zone/abc"


def test_the_flag_i_ignores_case() -> None:
    assert rewrite("!^B-([0-9A-F]+)$!https://x.test/\\1!i", "b-0a") == "https://x.test/0a"
    with pytest.raises(RewriteError, match="does not match"):
        rewrite("!^B-([0-9A-F]+)$!https://x.test/\\1!", "b-0a")


@given(st.text(st.characters(max_codepoint=255), max_size=60))
def test_any_regexp_field_gives_a_text_or_is_refused(regexp: str) -> None:
    try:
        assert isinstance(rewrite(regexp, NAME), str)
    except RewriteError:
        return
