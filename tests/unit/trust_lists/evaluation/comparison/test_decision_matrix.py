# SPDX-License-Identifier: Apache-2.0
"""Two sides' decisions about the same certificates: counted in a matrix, flips with the step that is behind them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulators.certificate_chains import NOW, YEAR, Authority, dn
from tests.simulators.trust_models import anchor, engine_of, path_to, pin, rule
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.evaluation.comparison import Circumstances, RoleMatrix, Side, Subject, compare_decisions
from trust_lists.evaluation.comparison.matrix import Step, first_difference
from trust_lists.evaluation.decisions import Outcome, TraceStep
from trust_lists.evaluation.decisions.engine import DecisionEngine
from trust_lists.evaluation.trust_configuration.model import Context, Role

ROOT, OTHER = Authority("root"), Authority("other")
MIDDLE = Authority("middle", ROOT)
LEAVES = [ROOT.issue("one"), OTHER.issue("two"), MIDDLE.issue("three"), ROOT.issue("old", end=NOW - timedelta(days=1))]
CERTIFICATES = [ROOT.certificate, OTHER.certificate, MIDDLE.certificate]
STORES = {
    "anchors": [anchor("root", ROOT.certificate), anchor("other", OTHER.certificate)],
    "intermediates": [{"sha256": MIDDLE.certificate.sha256}],
    "pins": [pin("three", LEAVES[2], "ap-sign", party="AT")],
}
ENGINES = [
    engine_of({"ap-sign": rule(accept)}, STORES, CERTIFICATES)
    for accept in (
        path_to("root"),
        path_to("root", "other"),
        path_to("root", direct=True),
        {"pin": "any"},
        {"any_of": [path_to("other"), {"pin": ["three"]}]},
    )
]


def compared(a: DecisionEngine, b: DecisionEngine, *corpus: ListedCertificate) -> RoleMatrix:
    subjects = [Subject(each) for each in corpus or LEAVES]
    (found,) = compare_decisions(Side("A", a), Side("B", b), subjects, [Role.AP_SIGN], Circumstances(NOW))
    return found


def test_every_certificate_is_counted_once_and_flips_are_those_off_the_diagonal() -> None:
    found = compared(ENGINES[0], ENGINES[1])
    assert dict(found.counts) == {
        (Outcome.ACCEPT, Outcome.ACCEPT): 2,
        (Outcome.REJECT, Outcome.ACCEPT): 1,
        (Outcome.REJECT, Outcome.REJECT): 1,
    }
    assert (found.total, found.flipped) == (4, 1)
    assert (found.accepted(0), found.accepted(1)) == (2, 3)
    assert (found.lost, found.won) == (0, 1)


def test_a_flip_is_told_with_the_step_at_which_the_traces_part() -> None:
    found = compared(ENGINES[0], ENGINES[2])
    (group,) = found.groups
    assert (group.before, group.after) == (Outcome.ACCEPT, Outcome.REJECT)
    assert group.reason == "ISSUER_NOT_ANCHOR"
    assert group.clause == "roles.ap-sign.accept.path.issuer_must_be_anchor"
    assert [each.before.subject for each in group.flips] == [LEAVES[2].subject_text]
    assert group.steps[0].outcome != group.steps[1].outcome


def test_what_cannot_be_told_is_a_third_answer() -> None:
    found = compared(ENGINES[0], ENGINES[3], LEAVES[2])
    assert dict(found.counts) == {(Outcome.ACCEPT, Outcome.INDETERMINATE): 1}
    assert found.groups[0].reason == "CONTEXT_MISSING"


@pytest.mark.parametrize("engine", ENGINES, ids=range(len(ENGINES)))
def test_one_and_the_same_side_flips_nothing(engine: DecisionEngine) -> None:
    found = compared(engine, engine)
    assert found.flipped == 0
    assert found.groups == ()


@given(st.sampled_from(ENGINES), st.sampled_from(ENGINES), st.lists(st.sampled_from(LEAVES), unique=True))
def test_from_the_other_side_the_matrix_is_transposed(
    one: DecisionEngine, other: DecisionEngine, corpus: list[ListedCertificate]
) -> None:
    there, back = (compared(*pair, *(corpus or LEAVES)) for pair in ((one, other), (other, one)))
    assert {(b, a): count for (a, b), count in there.counts.items()} == dict(back.counts)
    assert (there.lost, there.won) == (back.won, back.lost)
    assert sorted(len(each.flips) for each in there.groups) == sorted(len(each.flips) for each in back.groups)


def test_each_certificate_can_be_asked_about_in_the_middle_of_its_own_validity() -> None:
    engine = ENGINES[0]
    expired = ROOT.issue("expired", begin=NOW - 3 * YEAR, end=NOW - 2 * YEAR)
    sides, corpus = (Side("A", engine), Side("B", engine)), [Subject(expired)]
    now, own = (
        compare_decisions(*sides, corpus, [Role.AP_SIGN], Circumstances(NOW, own_time=own)) for own in (False, True)
    )
    assert (now[0].accepted(0), own[0].accepted(0)) == (0, 1)


def test_without_a_time_of_its_own_a_certificate_is_asked_about_at_that_of_all() -> None:
    engine = ENGINES[0]
    damaged = Subject(ListedCertificate(b"no certificate"))
    asked = Circumstances(NOW, own_time=True)
    (found,) = compare_decisions(Side("A", engine), Side("B", engine), [damaged], [Role.AP_SIGN], asked)
    assert dict(found.counts) == {(Outcome.REJECT, Outcome.REJECT): 1}


def test_what_a_certificate_says_of_itself_can_stand_for_what_is_known() -> None:
    leaf = ROOT.issue(dn("POP000001"))
    bound = {"subject": {"match": {}, "bind": {"CN": "context.seat_id"}}}
    engine = engine_of({"ap-sign": rule(path_to("root"), bound)}, STORES, CERTIFICATES)
    asked = Circumstances(NOW, own_context={Context.SEAT_ID: "CN"})
    (found,) = compare_decisions(Side("A", engine), Side("B", engine), [Subject(leaf)], [Role.AP_SIGN], asked)
    assert found.accepted(0) == 1


def test_flips_with_the_same_step_are_one_group_and_the_largest_comes_first() -> None:
    corpus = [OTHER.issue(f"leaf {number}") for number in range(7)] + [MIDDLE.issue("below")]
    found = compared(ENGINES[1], ENGINES[2], *corpus)
    assert [len(each.flips) for each in found.groups] == [7, 1]
    assert found.to_json()["flipped"] == 8


def test_progress_is_told_while_many_are_decided_about() -> None:
    told: list[tuple[int, int]] = []
    corpus = [Subject(LEAVES[0])] * 1_200
    sides = (Side("A", ENGINES[0]), Side("B", ENGINES[0]))
    compare_decisions(*sides, corpus, [Role.AP_SIGN], Circumstances(NOW), lambda *each: told.append(each))
    assert told == [(500, 1_200), (1_000, 1_200)]


def _step(name: str, outcome: str, *steps: TraceStep) -> TraceStep:
    return TraceStep(name, "configuration", outcome, steps=steps)


def test_the_first_difference_is_looked_for_from_the_outside_in() -> None:
    one = _step("role", "PASSED", _step("leaf", "PASSED"), _step("accept", "PASSED", _step("a", "PASSED")))
    other = _step("role", "FAILED", _step("leaf", "PASSED"), _step("accept", "FAILED", _step("a", "FAILED")))
    assert first_difference(one, other) == (Step("a", "PASSED"), Step("a", "FAILED"))


def test_a_step_that_only_one_trace_has_stands_alone() -> None:
    one = _step("role", "PASSED", _step("accept", "PASSED", _step("ground", "PASSED")))
    other = _step("role", "FAILED", _step("accept", "FAILED"))
    assert first_difference(one, other) == (Step("ground", "PASSED"), Step("", ""))
