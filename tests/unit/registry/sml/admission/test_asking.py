# SPDX-License-Identifier: Apache-2.0
"""Asking outside: the question is asked between two tries, its answer is at hand for a while, and doubt means no."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domains.admission_rules import OutsideCheck
from registry.errors import TechnicalError
from registry.sml.admission.asking import FAILURE_KEPT_S, KEPT_S, NotAskedYetError, Outside, Question
from registry.sml.errors import FaultKind, SmlError
from tests.simulators.offline import participant

ONE, TWO = participant("0208:1"), participant("0208:2")
CHECK = OutsideCheck("https://registry.example.org/may", 3)
QUESTION = Question(CHECK, "demo", "SMP-1", moved=False, participants=(ONE, TWO))


class Desk:
    """What is posted, and answered; time stands still until it is moved."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, bytes, int]] = []
        self.answer: bytes | TechnicalError = said({ONE: True, TWO: True})
        self.time = 1000.0
        self.outside = Outside(self.post, lambda: self.time)

    def post(self, url: str, body: bytes, seconds: int) -> bytes:
        self.posted.append((url, body, seconds))
        if isinstance(self.answer, TechnicalError):
            raise self.answer
        return self.answer

    def reasons(self, *questions: Question) -> list[str]:
        """As a use case that is tried again."""
        try:
            return [reason.message for reason in self.outside.reasons(questions)]
        except NotAskedYetError as error:
            error.before_again()
        return [reason.message for reason in self.outside.reasons(questions)]


def said(rows: dict[object, object]) -> bytes:
    every = [{"participant": str(name), "allowed": allowed} for name, allowed in rows.items()]
    return json.dumps({"participants": every}).encode()


def test_question_is_one_post_with_the_time_that_it_may_take() -> None:
    desk = Desk()
    assert desk.reasons(QUESTION) == []
    ((url, body, seconds),) = desk.posted
    assert (url, seconds) == (CHECK.url, 3)
    assert json.loads(body)["participants"] == [str(ONE), str(TWO)]


def test_nothing_to_ask_is_nothing_against() -> None:
    assert Outside(Desk().post).reasons([]) == []


def test_answer_is_at_hand_for_parts_of_the_list_and_for_a_while() -> None:
    desk = Desk()
    desk.answer = said({ONE: True, TWO: False})
    assert desk.reasons(QUESTION) == [f"{TWO} is not to be registered by SMP-1: no reason is given"]
    assert desk.reasons(replace(QUESTION, participants=(ONE,))) == []
    desk.time += KEPT_S
    assert len(desk.reasons(QUESTION)) == 1
    assert len(desk.posted) == 1
    desk.time += 1
    desk.reasons(QUESTION)
    assert len(desk.posted) == 2


@pytest.mark.parametrize(
    "other",
    [
        replace(QUESTION, domain="other"),
        replace(QUESTION, smp_id="SMP-2"),
        replace(QUESTION, moved=True),
        replace(QUESTION, check=OutsideCheck("https://other.example.org/")),
        replace(QUESTION, participants=(ONE, participant("0208:3"))),
    ],
    ids=["domain", "smp", "operation", "service", "participant"],
)
def test_answer_counts_for_nothing_else(other: Question) -> None:
    desk = Desk()
    desk.reasons(QUESTION)
    with pytest.raises(NotAskedYetError):
        desk.outside.reasons([other])


def test_all_that_is_missing_is_asked_before_the_next_try() -> None:
    desk = Desk()
    other = replace(QUESTION, check=OutsideCheck("https://other.example.org/"))
    assert desk.reasons(QUESTION, other) == []
    assert [url for url, _, _ in desk.posted] == [CHECK.url, "https://other.example.org/"]


def test_failure_is_told_and_not_asked_again_at_once() -> None:
    desk = Desk()
    desk.answer = TechnicalError("nobody is there")
    for _ in range(2):
        with pytest.raises(SmlError, match="can't be found out now") as caught:
            desk.reasons(QUESTION)
        assert (caught.value.kind, caught.value.code) == (FaultKind.INTERNAL_ERROR, 105)
        assert "nobody is there" not in str(caught.value), "where it is, and what ails it, is none of an SMP's business"
        assert isinstance(caught.value.plain, TechnicalError)
        assert "nobody is there" in str(caught.value.plain)
    assert len(desk.posted) == 1
    desk.time += FAILURE_KEPT_S + 1
    desk.answer = said({ONE: True, TWO: True})
    assert desk.reasons(QUESTION) == []


@pytest.mark.parametrize(
    "reason", ["x" * 1000, "a\x00b\r\nc\u202e", 5, None, ["x"]], ids=["long", "controls", "number", "none", "list"]
)
def test_reason_of_a_stranger_is_one_short_line(reason: object) -> None:
    desk = Desk()
    rows = [{"participant": str(each), "allowed": False, "reason": reason} for each in (ONE, TWO)]
    desk.answer = json.dumps({"participants": rows}).encode()
    for message in desk.reasons(QUESTION):
        assert message.isprintable()
        assert len(message) < 400


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.just(str(ONE)),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["participants", "participant", "allowed", "reason", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.binary(max_size=200) | _JSON.map(lambda value: json.dumps(value).encode()))
def test_whatever_is_answered_nobody_is_let_in_who_was_not_named(answer: bytes) -> None:
    desk = Desk()
    desk.answer = answer
    with pytest.raises(SmlError, match="can't be found out now"):
        desk.reasons(QUESTION)
