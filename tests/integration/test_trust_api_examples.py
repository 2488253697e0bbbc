# SPDX-License-Identifier: Apache-2.0
"""The examples in docs/reference/trust-api.md are what is really answered; `…` stands for what differs each time."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from registry.api.v1.trust import resource
from registry.api.v1.trust_models import DecisionRequest, TrustDecisionModel
from registry.demo.pki import DemoPki
from tests.simulators.offline import offline_instance
from tests.simulators.trust_http import TrustOffice, steps_of, x5c

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "trust-api.md").read_text(encoding="utf-8")
EXAMPLES = {
    name: json.loads(text) for name, text in re.findall(r"<!-- (\w+: \w+) -->\n```json\n(.*?)```", PAGE, re.DOTALL)
}
OTHERS = "…"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Any:
    with offline_instance(tmp_path_factory.mktemp("examples"), pki) as offline:
        yield TrustOffice(offline)


def filled(value: Any, certificate: str) -> Any:
    """A question with the certificate in its place."""
    match value:
        case dict():
            return {name: filled(each, certificate) for name, each in value.items()}
        case list():
            return [filled(each, certificate) for each in value]
        case "MIID…":
            return certificate
    return value


def is_shown_by(shown: Any, real: Any) -> bool:
    """Whether the page shows this value: `…` in a text is any text, at the end of a list any further items."""
    match shown, real:
        case dict(), dict():
            return shown.keys() == real.keys() and all(is_shown_by(each, real[name]) for name, each in shown.items())
        case list(), list():
            if len(shown) > 1 and shown[-1] == OTHERS and not isinstance(shown[0], str):
                shown, real = shown[:-1], real[: len(shown) - 1]
            return len(shown) == len(real) and all(map(is_shown_by, shown, real))
        case str(), str():
            return re.fullmatch(".*".join(map(re.escape, shown.split(OTHERS))), real, re.DOTALL) is not None
    return type(shown) is type(real) and bool(shown == real)


@pytest.mark.parametrize("name", ["decision", "refusal", "evaluation", "denial", "batch"])
def test_example_is_what_is_answered(office: TrustOffice, name: str) -> None:
    (certificate,) = x5c([office.offline.pki.access_points[0].certificate])
    question = filled(EXAMPLES[f"{name}: question"], certificate)
    assert certificate in json.dumps(question)
    reply = office.decide(question) if "role" in question else office.evaluate(question, several=name == "batch")
    assert reply.status == 200, reply.body
    assert is_shown_by(EXAMPLES[f"{name}: answer"], reply.json()), json.dumps(reply.json(), indent=2)


def test_step_is_one_of_the_trace(office: TrustOffice) -> None:
    (certificate,) = x5c([office.offline.pki.access_points[0].certificate])
    trace = office.decide({"role": "ap-encrypt", "certificate": certificate, "trace": True}).json()["trace"]
    assert any(is_shown_by(EXAMPLES["step: answer"], step) for step in steps_of(trace))


def test_no_example_is_left_out() -> None:
    assert {name.partition(":")[0] for name in EXAMPLES} == {
        *("decision", "refusal", "step", "evaluation", "denial", "batch")
    }
    assert PAGE.count("```json") == len(EXAMPLES)


def test_page_names_every_request_and_every_member() -> None:
    for entry in resource.entries:
        assert f"`{entry.method} /api/v1{entry.path}`" in PAGE
    for name in DecisionRequest.model_fields:
        assert f"| `{name}` |" in PAGE
    answered = EXAMPLES["refusal: answer"].keys() | {"trace"}
    assert answered == TrustDecisionModel.model_fields.keys()


@pytest.mark.parametrize(
    ("shown", "real", "expected"),
    [
        ("a…c", "abc", True),
        ("a…c", "abd", False),
        ([1, "…"], [1, 2, 3], True),
        ([1, "…"], [2, 1], False),
        (["…"], ["a", "b"], False),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        (True, 1, False),
    ],
)
def test_comparison_can_fail(shown: Any, real: Any, expected: bool) -> None:
    assert is_shown_by(shown, real) is expected
