# SPDX-License-Identifier: Apache-2.0
"""Judgements: what is read against facts, and what is refused with all reasons."""

import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trust_lists.errors import ScoringError
from trust_lists.evaluation.scoring import FactsTable, Judgements, read_facts, read_judgements

INCONSISTENT = [["1", "9", "1/9"], ["1/9", "1", "9"], ["9", "1/9", "1"]]


def reasons(data: bytes, facts: FactsTable) -> tuple[str, ...]:
    with pytest.raises(ScoringError) as caught:
        read_judgements(data, facts)
    return caught.value.reasons


def matrix(**more: object) -> dict[str, object]:
    return {"items": ["pins", "pki", "list"], "rows": INCONSISTENT, "reason": "felt so", "share": 1, **more}


def test_weights_are_parts_of_all_points(judgements: Judgements) -> None:
    assert judgements.weighting() == {"effort": Fraction(1, 2), "law": Fraction(1, 5), "safety": Fraction(3, 10)}


def test_a_judgement_may_have_its_own_author(files: Any, facts: FactsTable) -> None:
    value = files.judgements()
    value["values"]["blast"].update(who="Somebody else", when="2025-01-31")
    found = {each.quantity: each.judged for each in read_judgements(files.bytes(value), facts).values}
    assert (found["blast"].who, found["blast"].when.isoformat()) == ("Somebody else", "2025-01-31")
    assert found["installs"].who == "Group <A>"


def test_what_is_written_is_read_again(judgements: Judgements, facts: FactsTable) -> None:
    again = read_judgements(json.dumps(judgements.to_json()).encode(), facts)
    assert again == judgements
    assert again.digest == judgements.digest


def test_compared_criteria_are_read_again_too(files: Any, facts: FactsTable) -> None:
    value = files.judgements()
    rows = [["1", "3", "1/2"], ["1/3", "1", "1/6"], ["2", "6", "1"]]
    value["weights"] = {"items": ["safety", "law", "effort"], "rows": rows, "reason": "asked"}
    found = read_judgements(files.bytes(value), facts)
    assert found.weighting() == {"effort": Fraction(6, 10), "law": Fraction(1, 10), "safety": Fraction(3, 10)}
    assert read_judgements(json.dumps(found.to_json()).encode(), facts) == found


def test_all_reasons_come_at_once_each_with_its_key(files: Any, facts: FactsTable) -> None:
    value = files.judgements()
    del value["who"]
    value["values"]["installs"]["points"] = [[0, 1], [10, 0.2], [5, 0.4]]
    value["values"]["instals"] = {"points": [[0, 1], [1, 0]], "reason": "x"}
    del value["values"]["blast"]["reason"]
    del value["weights"]["points"]["law"]
    value["weights"]["points"]["effort"]["weight"] = -1
    found = " | ".join(reasons(files.bytes(value), facts))
    for expected in (
        "judgements: values.installs.who: this is missing, here and at the head of the file",
        "values.installs.points (line 1): the numbers of the points must grow",
        "values.installs.points (line 1): the values go up and down",
        "values.instals (line 1): the facts have no such quantity",
        "values.blast.reason: this is missing",
        "weights.points (line 1): the criterion law has no weight",
        "weights.points.effort.weight (line 1): a weight is not below 0",
    ):
        assert expected in found


def test_inconsistent_comparisons_are_refused_with_what_contradicts(files: Any, facts: FactsTable) -> None:
    value = files.judgements()
    value["values"]["blast"]["share"] = 1
    value["comparisons"] = {"safety": matrix()}
    (reason,) = reasons(files.bytes(value), facts)
    assert "comparisons.safety.rows" in reason
    assert "above 0.10" in reason
    assert "accept_inconsistency" in reason


def test_inconsistent_comparisons_are_used_where_somebody_says_why(files: Any, facts: FactsTable) -> None:
    value = files.judgements()
    value["values"]["blast"]["share"] = 1
    value["comparisons"] = {"safety": matrix(accept_inconsistency="a vote, not a person")}
    (found,) = read_judgements(files.bytes(value), facts).comparisons
    assert found.accepted == "a vote, not a person"


def test_inconsistent_weights_are_refused_too(files: Any, facts: FactsTable) -> None:
    value = files.judgements()
    value["weights"] = {"items": ["effort", "law", "safety"], "rows": INCONSISTENT, "reason": "felt so"}
    assert "weights.rows" in reasons(files.bytes(value), facts)[0]


def test_several_parts_of_a_criterion_say_their_shares(files: Any, facts: FactsTable) -> None:
    value = files.judgements()
    value["comparisons"] = {"safety": matrix(accept_inconsistency="yes")}
    found = reasons(files.bytes(value), facts)
    assert found == ("judgements: values.blast.share: this is missing; safety consists of 2 parts",)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([["1", "2"], ["1/2", "1"]], "3 rows of 3 numbers"),
        ([["1", "2", "3"], ["0.333", "1", "1"], ["1/3", "1", "1"]], "each other's inverse"),
        ([["2", "2", "3"], ["1/2", "1", "1"], ["1/3", "1", "1"]], "pins and pins"),
        ([["1", "10", "1"], ["1/10", "1", "1"], ["1", "1", "1"]], "the scale ends at 9"),
        ([["1", "0", "1"], ["0", "1", "1"], ["1", "1", "1"]], "above 0"),
        ("unknown", "no number"),
    ],
)
def test_what_is_no_matrix_of_comparisons_is_refused(rows: object, said: str, files: Any, facts: FactsTable) -> None:
    value = files.judgements()
    value["values"]["blast"]["share"] = 1
    value["comparisons"] = {"safety": matrix(rows=rows)}
    assert said in " ".join(reasons(files.bytes(value), facts))


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ({}, "are expected"),
        ({"reason": "none"}, "are expected"),
        ({"points": {"effort": {"weight": 0, "reason": "x"}}}, "at least one weight must be above 0"),
        ({"points": {"money": {"weight": 1, "reason": "x"}}}, "no criterion money"),
        ({"points": {"effort": {"weight": 1, "reason": "x"}}, "rows": [["1"]]}, "doesn't belong here"),
        ({"items": ["effort", "law"], "rows": [["1", "1"], ["1", "1"]], "reason": "x"}, "criterion safety is missing"),
        ({"items": ["effort"]}, "weights.rows: this is missing"),
        ("heavy", "a mapping is expected"),
    ],
)
def test_weights_that_are_none_are_refused(weights: object, said: str, files: Any, facts: FactsTable) -> None:
    value = {**files.judgements(), "weights": weights}
    assert said in " ".join(reasons(files.bytes(value), facts))


def test_a_file_of_facts_is_no_file_of_judgements(files: Any, facts: FactsTable) -> None:
    assert "trust-model-judgements is expected" in " ".join(reasons(files.bytes(files.facts()), facts))


JSON = st.recursive(
    st.none() | st.integers(-2, 9) | st.sampled_from(["q", "c", "a", "1/3", "2026-13-01", "", "x" * 300]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["points", "items", "rows", "reason", "q", "c", "weight", "share"]), inner)
    ),
    max_leaves=12,
)


@given(key=st.sampled_from(["who", "when", "values", "comparisons", "weights"]), value=JSON)
def test_a_wrong_part_is_refused_with_its_key_or_read(key: str, value: object) -> None:
    facts = read_facts(
        b'{"kind": "trust-model-facts", "title": "t", "criteria": {"c": "C"}, "models": {"a": "A", "b": "B"},'
        b' "quantities": {"q": {"criterion": "c", "name": "Q", "unit": "u"}},'
        b' "facts": [{"model": "a", "quantity": "q", "value": 1, "method": "m", "source": "s", "snapshot": "none"}]}'
    )
    whole = {
        "kind": "trust-model-judgements",
        "title": "t",
        "who": "w",
        "when": "2026-11-22",
        "scale": "s",
        "weights": {"points": {"c": {"weight": 1, "reason": "r"}}},
        key: value,
    }
    told: tuple[str, ...] = ()
    try:
        assert sum(read_judgements(json.dumps(whole).encode(), facts).weighting().values()) == 1
    except ScoringError as error:
        told = error.reasons
    assert all(reason.startswith("judgements: ") for reason in told)
