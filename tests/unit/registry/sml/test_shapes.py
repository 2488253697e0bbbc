# SPDX-License-Identifier: Apache-2.0
"""Records of elements come back as they were written, and everything that is wrong with one is told at once."""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from registry.sml.errors import SmlError
from registry.sml.shapes import BYTES, FLAG, NUMBER, Field, Several, Shape, text

NAMESPACE = "urn:example"


@dataclass(frozen=True, slots=True)
class Thing:
    name: str
    flag: bool | None = None
    number: int | None = None
    data: bytes | None = None


SHAPE = Shape(
    Thing,
    NAMESPACE,
    (
        Field("Name", "name", text(20)),
        Field("Flag", "flag", FLAG, required=False),
        Field("Number", "number", NUMBER, required=False),
        Field("Data", "data", BYTES, required=False, namespace="urn:other"),
    ),
)
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=20).filter(
    lambda word: word == word.strip() and not {"\ufffe", "\uffff"} & set(word)
)
things = st.builds(
    Thing,
    WORDS,
    st.none() | st.booleans(),
    st.none() | st.integers(0, 999_999_999),
    st.none() | st.binary(min_size=1, max_size=50),
)


def element(content: str) -> Any:
    return etree.fromstring(f'<Thing xmlns="{NAMESPACE}">{content}</Thing>')


def refusal(content: str) -> str:
    with pytest.raises(SmlError) as caught:
        SHAPE.read(element(content))
    return str(caught.value)


@given(things)
def test_record_is_read_as_it_was_written(thing: Thing) -> None:
    assert SHAPE.read(element(SHAPE.write(thing))) == thing


def test_order_of_elements_and_white_space_do_not_matter() -> None:
    content = '<Number> 7 </Number><Flag>\n1\n</Flag><Name> x </Name><d:Data xmlns:d="urn:other">AQ\n ID</d:Data>'
    assert SHAPE.read(element(content)) == Thing("x", flag=True, number=7, data=b"\x01\x02\x03")


def test_empty_optional_element_is_none() -> None:
    assert SHAPE.read(element("<Name>x</Name><Flag/><Number> </Number>")) == Thing("x")


def test_everything_that_is_wrong_is_told_at_once() -> None:
    told = refusal(
        f'<Name>{"x" * 21}</Name><Flag>yes</Flag><Number>-1</Number><Data xmlns="urn:other">!</Data><Other/>'
    )
    for part in (
        "Name is longer than 20 characters",
        "Flag is neither true nor false",
        "Number is not a number of at most 9 digits",
        "Data is not base64",
        "unknown element '{urn:example}Other'",
    ):
        assert part in told


def test_required_element_is_missed() -> None:
    assert "{urn:example}Name is missing" in refusal("<Flag>true</Flag>")
    assert "Name is empty" in refusal("<Name> </Name>")


def test_several_records_are_written_in_elements_of_one_name() -> None:
    several = Several("Thing", SHAPE)
    assert several.write([Thing("a"), Thing("b", number=1)]) == (
        "<Thing><Name>a</Name></Thing><Thing><Name>b</Name><Number>1</Number></Thing>"
    )
