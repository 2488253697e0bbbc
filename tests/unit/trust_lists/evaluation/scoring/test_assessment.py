# SPDX-License-Identifier: Apache-2.0
"""The whole assessment of small files: what comes out, and what it warns of."""

from fractions import Fraction
from typing import Any

import pytest

from trust_lists.evaluation.scoring import Assessment, FactsTable, Judgements, assess, read_facts, read_judgements
from trust_lists.evaluation.scoring.reading import Range

REVERSING = [["1", "1/3", "1/2", "1/4"], ["3", "1", "1", "1/4"], ["2", "1", "1", "1"], ["4", "4", "1", "1"]]


def assessed(facts: object, judgements: object, files: Any) -> Assessment:
    table = read_facts(files.bytes(facts))
    return assess(table, read_judgements(files.bytes(judgements), table), draws=200)


def test_the_small_example_comes_out_as_computed_by_hand(facts: FactsTable, judgements: Judgements) -> None:
    found = assess(facts, judgements, draws=1000)
    half, fifth, third = Fraction(1, 2), Fraction(1, 5), Fraction(3, 10)
    lists = half * (1 - Fraction(33, 1056))
    pki = half * (1 - Fraction(66, 1056))
    values = {each.model: each.value for each in found.scores}
    assert values == {
        "list": Range(lists, lists + fifth),
        "pki": Range(pki + third * Fraction(1, 4), pki + third * half),
        "pins": Range(third * Fraction(94, 100), third * Fraction(94, 100)),
    }
    assert [each.model for each in found.scores] == ["list", "pki", "pins"]
    assert found.front == ("list", "pki", "pins")
    assert found.warnings == ()


def test_the_same_files_give_the_same_assessment(facts: FactsTable, judgements: Judgements) -> None:
    assert assess(facts, judgements, draws=300) == assess(facts, judgements, draws=300)


def test_the_order_of_models_in_the_file_says_nothing(files: Any) -> None:
    other = files.facts()
    other["models"] = dict(reversed(other["models"].items()))
    other["facts"].reverse()
    assert assessed(files.facts(), files.judgements(), files) == assessed(other, files.judgements(), files)


def test_a_criterion_without_any_fact_is_unknown_and_told(files: Any) -> None:
    judgements = files.judgements()
    del judgements["values"]["qualified"]
    found = assessed(files.facts(), judgements, files)
    assert "qualified has no value function: it counts for nothing" in found.warnings
    assert "nothing is known about law, of any model: its weight only widens the ranges" in found.warnings
    law = next(each for each in found.profiles[0].criteria if each.id == "law")
    assert law.unknown
    assert law.value == Range(Fraction(0), Fraction(1))


def test_a_fact_beyond_its_value_function_is_told(files: Any) -> None:
    facts = files.facts()
    facts["facts"][0]["value"] = 2000
    (warning,) = assessed(facts, files.judgements(), files).warnings
    assert warning == "installs of pins is beyond its value function, and counts as the nearest end of it"


def test_shares_weigh_the_quantities_of_a_criterion(files: Any) -> None:
    facts, judgements = files.facts(), files.judgements()
    facts["quantities"]["days"] = {"criterion": "safety", "name": "Days", "unit": "days"}
    facts["facts"].append(files.fact("list", "days", 0))
    judgements["values"]["blast"]["share"] = 3
    judgements["values"]["days"] = {"points": [[0, 1], [9, 0]], "reason": "fast", "share": 1}
    profile = next(each for each in assessed(facts, judgements, files).profiles if each.model == "list")
    assert profile.criteria[2].value == Range(Fraction(1, 4), Fraction(1, 4))
    other = next(each for each in assessed(facts, judgements, files).profiles if each.model == "pins")
    least = Fraction(3, 4) * Fraction(94, 100)
    assert other.criteria[2].value == Range(least, least + Fraction(1, 4))
    assert other.widths == ((2, Fraction(1, 4)),)


def compared(files: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Four models of which only pairwise comparisons are known: without d, b and c change places."""
    facts, judgements = files.facts(), files.judgements()
    facts.update(models={each: each.upper() for each in "abcd"}, criteria={"use": "Use"}, quantities={}, facts=[])
    judgements["values"] = {}
    judgements["comparisons"] = {"use": {"items": list("abcd"), "rows": REVERSING, "reason": "asked"}}
    judgements["weights"] = {"points": {"use": {"weight": 1, "reason": "the only one"}}}
    return facts, judgements


def test_a_rank_reversal_is_told(files: Any) -> None:
    facts, judgements = compared(files)
    found = assessed(facts, judgements, files)
    assert [each.model for each in found.scores] == ["d", "c", "b", "a"]
    assert found.warnings == ("rank reversal: without d, b would come before c",)


def test_models_that_come_to_be_equal_are_no_rank_reversal(files: Any) -> None:
    """Without d, which was compared in contradictions, b and c are the same."""
    facts, judgements = compared(files)
    rows = [["1", "1/3", "1/3", "1/3"], ["3", "1", "1", "1"], ["3", "1", "1", "2"], ["3", "1", "1/2", "1"]]
    judgements["comparisons"]["use"]["rows"] = rows
    found = assessed(facts, judgements, files)
    assert [each.model for each in found.scores] == ["c", "b", "d", "a"]
    assert found.warnings == ()


def test_a_model_that_was_not_compared_is_unknown(files: Any) -> None:
    facts, judgements = compared(files)
    facts["models"]["e"] = "E"
    found = assessed(facts, judgements, files)
    assert next(each for each in found.profiles if each.model == "e").criteria[0].unknown


def test_inconsistent_comparisons_that_are_used_are_told(files: Any) -> None:
    judgements = files.judgements()
    rows = [["1", "9", "1/9"], ["1/9", "1", "9"], ["9", "1/9", "1"]]
    judgements["weights"] = {
        "items": ["effort", "law", "safety"],
        "rows": rows,
        "reason": "felt so",
        "accept_inconsistency": "a vote",
    }
    (warning,) = assessed(files.facts(), judgements, files).warnings
    assert warning.startswith("the comparisons of the criteria are inconsistent (CR ")
    assert warning.endswith("and used because: a vote")


def test_how_often_a_model_is_first_by_the_given_weights_has_its_range(
    facts: FactsTable, judgements: Judgements
) -> None:
    found = assess(facts, judgements)
    shares = found.first_by_weights
    assert sum(each.value for each in shares.values()) == pytest.approx(1)
    low, high = shares["list"].interval
    assert low < shares["list"].value < high
