# SPDX-License-Identifier: Apache-2.0
"""Facts: what is read, what is refused, and that contents decide about equality, not their form."""

import json
from fractions import Fraction
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from trust_lists.errors import ScoringError
from trust_lists.evaluation.scoring import FactsTable, read_facts
from trust_lists.evaluation.scoring.facts import Named
from trust_lists.evaluation.scoring.reading import Range


def reasons(data: bytes) -> tuple[str, ...]:
    with pytest.raises(ScoringError) as caught:
        read_facts(data)
    return caught.value.reasons


def test_numbers_are_exact(files: Any) -> None:
    value = files.facts()
    value["facts"][0] = files.fact("pins", "installs", "0.1")
    read = read_facts(files.bytes(value)).fact("pins", "installs")
    assert read.value == Range(Fraction(1, 10), Fraction(1, 10))


def test_a_range_and_an_unknown_stay_what_they_are(facts: FactsTable) -> None:
    assert facts.fact("pki", "blast").value == Range(Fraction(1, 2), Fraction(3, 4))
    assert facts.fact("list", "qualified").value is None


def test_a_missing_row_is_unknown(files: Any) -> None:
    value = files.facts()
    del value["facts"][0]
    assert read_facts(files.bytes(value)).fact("pins", "installs").value is None


def test_yaml_and_json_with_the_same_contents_have_the_same_digest(files: Any, facts: FactsTable) -> None:
    assert read_facts(yaml.safe_dump(files.facts()).encode()).digest == facts.digest


def test_json_with_tabs_and_surrogate_pairs_is_read_too(files: Any) -> None:
    value = {**files.facts(), "title": "Models \U0001f511"}
    read = read_facts(json.dumps(value, indent="\t").encode())
    assert read.title == "Models \U0001f511"
    assert read == read_facts(json.dumps(value, ensure_ascii=False).encode())


def test_the_order_of_rows_and_models_says_nothing(files: Any, facts: FactsTable) -> None:
    value = files.facts()
    value["facts"].reverse()
    value["models"] = dict(reversed(value["models"].items()))
    found = read_facts(files.bytes(value))
    assert found == facts
    assert found.digest == facts.digest


def test_another_number_is_another_digest(files: Any, facts: FactsTable) -> None:
    value = files.facts()
    value["facts"][0]["value"] = 1057
    assert read_facts(files.bytes(value)).digest != facts.digest


def test_what_is_written_is_read_again(facts: FactsTable) -> None:
    assert read_facts(json.dumps(facts.to_json()).encode()) == facts


def test_without_a_model_its_facts_are_gone(facts: FactsTable) -> None:
    found = facts.without("pins")
    assert found.models == (Named("list", "List"), Named("pki", "PKI"))
    assert "pins" not in {fact.model for fact in found.facts}


def test_all_reasons_come_at_once_each_with_its_key(files: Any) -> None:
    value = files.facts()
    value["quantities"]["installs"]["criterion"] = "efort"
    value["facts"][1]["value"] = "many"
    value["facts"][2]["snapshot"] = "abc"
    value["facts"][3]["vlaue"] = 1
    del value["facts"][4]["source"]
    found = " | ".join(reasons(files.bytes(value)))
    for expected in (
        "facts: quantities.installs.criterion (line 1): there is no criterion 'efort'",
        "facts: facts[2].value (line 1): 'many' is no number",
        "facts: facts[3].snapshot (line 1): 'abc' is no SHA-256",
        "facts: facts[4].vlaue (line 1): no such key; did you mean value?",
        "facts: facts[5].source: this is missing",
    ):
        assert expected in found


@pytest.mark.parametrize("number", ["1e999999999", "9" * 400, "nan", "inf", "0x10", "1/3", "--1", "\u0661"])
def test_numbers_that_are_none_or_would_fill_the_memory_are_refused(number: str, files: Any) -> None:
    value = files.facts()
    value["facts"][0]["value"] = number
    (reason,) = reasons(files.bytes(value))
    assert reason.startswith("facts: facts[1].value")
    assert len(reason) < 400


def test_a_range_that_is_upside_down_is_refused(files: Any) -> None:
    value = files.facts()
    value["facts"][0]["value"] = {"from": 2, "to": 1}
    assert reasons(files.bytes(value)) == ("facts: facts[1].value (line 1): `from` is above `to`",)


def test_two_facts_about_the_same_are_refused(files: Any) -> None:
    value = files.facts()
    value["facts"].append(files.fact("pins", "installs", 7))
    assert "another fact about installs of pins" in reasons(files.bytes(value))[0]


def test_one_model_alone_is_refused(files: Any) -> None:
    value = files.facts()
    value["models"] = {"pins": "Pins"}
    value["facts"] = value["facts"][:1]
    assert any("at least two" in reason for reason in reasons(files.bytes(value)))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "a mapping is expected"),
        (b"- 1", "a mapping is expected"),
        (b"a: [", "no YAML"),
        (b"a: &x [*x]", "contains itself"),
        (b"a: " + b"[" * 5000, "nested too deep"),
        (b"#" * 500_001, "500000 are allowed"),
        (b"\xff\xfe\x00", "no YAML"),
    ],
)
def test_what_is_no_file_of_facts_is_refused(data: bytes, said: str) -> None:
    assert said in " ".join(reasons(data))


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_whatever_bytes_come_only_our_error_comes_out(data: bytes) -> None:
    with pytest.raises(ScoringError):
        read_facts(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["unknown", "pins", "none", "1e9", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["from", "to", "pins"]), inner),
    max_leaves=6,
)


@given(key=st.sampled_from(["kind", "title", "criteria", "models", "quantities", "facts"]), value=JSON)
def test_a_wrong_part_is_refused_with_its_key_or_read(key: str, value: object) -> None:
    whole = {
        "kind": "trust-model-facts",
        "title": "t",
        "criteria": {"c": "C"},
        "models": {"a": "A", "b": "B"},
        "quantities": {"q": {"criterion": "c", "name": "Q", "unit": "u"}},
        "facts": [],
        key: value,
    }
    told: tuple[str, ...] = ()
    try:
        assert read_facts(json.dumps(whole).encode()).title
    except ScoringError as error:
        told = error.reasons
    assert all(reason.startswith("facts: ") for reason in told)
