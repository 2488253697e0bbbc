# SPDX-License-Identifier: Apache-2.0
"""Timelines: decided at a few instants, and the same as deciding every day; stored, continued, cut."""

from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from registry.impact.timelines import Question, Timeline, decided_at
from tests.simulators.certificate_chains import NOW, Authority
from tests.simulators.decision_worlds import worlds
from trust_lists.evaluation.decisions import Case, Check, Decision, Evidence, Outcome
from trust_lists.evaluation.decisions.engine import DecisionEngine
from trust_lists.evaluation.decisions.outlook import Outlook
from trust_lists.evaluation.trust_configuration.model import Context, Role, TrustConfiguration

DAY = timedelta(days=1)
END = NOW + 90 * DAY


@given(worlds(), st.integers(0, 90))
@settings(max_examples=60, deadline=None)
def test_a_timeline_says_what_a_decision_on_each_day_would(
    world: tuple[TrustConfiguration, Case, Evidence], cut: int
) -> None:
    made, case, evidence = world
    outlook = Outlook(DecisionEngine(made), evidence, NOW)

    def decide(at: datetime) -> Decision:
        return outlook.decide(Case(case.role, case.certificate, at))

    whole = decided_at(decide, outlook.instants(case, END), END)
    middle = NOW + cut * DAY
    first = decided_at(decide, outlook.instants(case, middle), middle)
    continued = decided_at(decide, outlook.instants(case, END, middle), END, first)
    assert continued == whole
    assert Timeline.of_json(NOW, END, whole.spans_json()) == whole
    for day in range(91):
        decision, span = decide(NOW + day * DAY), whole.at(NOW + day * DAY)
        assert span.outcome is decision.outcome
        assert span.reason.id == (decision.decisive.id if decision.decisive else "")


def decision(at: datetime, *ids: str) -> Decision:
    checks = tuple(Check(each, "1", f"at {at}") for each in ids)
    return Decision(Outcome.REJECT if ids else Outcome.ACCEPT, Role.AP_SIGN, "CN=x", "0" * 64, at, "c", "e", checks)


def test_answers_that_differ_in_their_words_only_are_one_span() -> None:
    reasons = {NOW: (), NOW + DAY: ("EXPIRED",), NOW + 2 * DAY: ("EXPIRED",), NOW + 3 * DAY: ("REVOKED",)}
    found = decided_at(lambda at: decision(at, *reasons[at]), reasons, END)
    assert [(each.since, each.reason.id) for each in found.spans] == [
        (NOW, ""),
        (NOW + DAY, "EXPIRED"),
        (NOW + 3 * DAY, "REVOKED"),
    ]
    assert found.at(NOW + DAY).reason.message == f"at {NOW + DAY}"
    assert found.at(NOW + 3 * DAY - timedelta(microseconds=1)).reason.id == "EXPIRED"


def test_a_longer_timeline_serves_shorter_windows() -> None:
    found = Timeline(NOW, END, ())
    assert found.covers(NOW + DAY, END)
    assert not found.covers(NOW, END + DAY)
    assert not found.covers(NOW - DAY, END)


def test_questions_are_the_same_where_all_that_is_asked_is() -> None:
    leaf = Authority("root").issue()
    asked = Question(Role.AP_SIGN, leaf.sha256, {Context.DOMAIN: "d", Context.SMP_ID: "s"})
    others = [
        Question(Role.AP_ENCRYPT, leaf.sha256, asked.context),
        Question(Role.AP_SIGN, "0" * 64, asked.context),
        Question(Role.AP_SIGN, leaf.sha256, {Context.DOMAIN: "d"}),
        Question(Role.AP_SIGN, leaf.sha256, asked.context, asserted=True),
    ]
    assert asked.digest == Question(Role.AP_SIGN, leaf.sha256, dict(reversed(asked.context.items()))).digest
    assert len({each.digest for each in (asked, *others)}) == 5
    assert asked.case(leaf, NOW).asserted is None
    assert others[3].case(leaf, NOW).asserted == {leaf.sha256}
