# SPDX-License-Identifier: Apache-2.0
"""Master files are read as RFC 1035 §5.1 has them; what leads to other files, or to endless records, is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.dns.master_files import reading
from registry.dns.master_files.reading import read_master_file
from registry.dns.records import RRset
from registry.errors import ValidationError

ZONE = "sml.test"


def test_origin_and_ttl_are_understood() -> None:
    text = """$TTL 1h
@ IN TXT "apex"
a TXT "one" ; a comment
  60 IN TXT "two"
$ORIGIN b.sml.test.
c IN 30 ( A
   192.0.2.1 )
"""
    assert read_master_file(text, ZONE) == [
        RRset("@", "TXT", 3600, ('"apex"',)),
        RRset("a", "TXT", 60, ('"one"', '"two"')),
        RRset("c.b", "A", 30, ("192.0.2.1",)),
    ]


def test_names_outside_of_the_zone_are_not_left_out() -> None:
    assert [each.owner for each in read_master_file("x.other.test. 60 A 192.0.2.1\n", ZONE)] == ["x.other.test."]


@pytest.mark.parametrize(
    "line",
    ["$INCLUDE /etc/passwd", "$GENERATE 1-4000000000 n$ A 192.0.2.1", "$UNKNOWN x"],
    ids=["include", "generate", "unknown"],
)
def test_directives_that_lead_elsewhere_are_refused(line: str) -> None:
    with pytest.raises(ValidationError, match=r"line:2.*not allowed"):
        read_master_file(f"$TTL 60\n{line}\n", ZONE)


@pytest.mark.parametrize(
    "line",
    [
        "a 60 A 192.0.2.300",
        "a 60 IN",
        "a 60 NOTYPE x",
        "a 60 CH TXT x",
        "a TXT x",
        'a 60 TXT "x',
        "a..b 60 A 192.0.2.1",
    ],
)
def test_line_that_cannot_be_read_is_named(line: str) -> None:
    with pytest.raises(ValidationError, match=r"can't be read: line:\d") as caught:
        read_master_file(f"{line}\n", ZONE)
    assert caught.value.reasons[0].id == "MASTER-FILE"


def test_file_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_OCTETS", 100)
    with pytest.raises(ValidationError, match="more than 100 octets"):
        read_master_file('a 60 TXT "x"\n' * 10, ZONE)


@given(st.text(max_size=120))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read_master_file(text, ZONE)
    except ValidationError:
        return


@given(st.text('a.@$ ()";\\\n\tAINTX160', max_size=60))
def test_any_text_of_what_files_are_made_of_is_read_or_refused(text: str) -> None:
    try:
        read_master_file(text, ZONE)
    except ValidationError:
        return
