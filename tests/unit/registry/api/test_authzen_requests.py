# SPDX-License-Identifier: Apache-2.0
"""Whatever is sent as an AuthZEN request, it is a question or it is refused with every reason."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.api.authzen_requests import MAX_EVALUATIONS, Semantic, read_batch, read_json, read_question
from registry.errors import ValidationError
from tests.simulators.certificate_chains import Authority
from tests.simulators.trust_http import question
from trust_lists.evaluation.trust_configuration.model import Context

LEAF = Authority("root").issue("leaf")
GOOD = question("leaf", LEAF, party="AT", domain="demo")
_LEAVES = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["key", "x5c", "jwk", "leaf"])
)
_NAMES = st.sampled_from(
    ["subject", "action", "resource", "context", "evaluations", "options", "type", "id", "name", "key", "kty", "x5c"]
)
_JSON = st.recursive(
    _LEAVES, lambda below: st.lists(below, max_size=3) | st.dictionaries(_NAMES, below, max_size=4), max_leaves=20
)


def changed(value: Any, path: tuple[str, ...], new: Any) -> Any:
    if not path:
        return new
    return {**value, path[0]: changed(value[path[0]], path[1:], new)}


def pointers(error: ValidationError) -> set[str]:
    return {reason.pointer for reason in error.reasons}


def test_question_has_everything_that_was_sent() -> None:
    found = read_question(GOOD)
    assert (found.name, found.action, found.domain) == ("leaf", "ap-encrypt", "demo")
    assert found.certificates == (LEAF,)
    assert found.context == {Context.PARTY: "AT"}


def test_all_reasons_come_at_once() -> None:
    with pytest.raises(ValidationError) as caught:
        read_question({"subject": {"type": "user"}, "action": {}, "resource": 7})
    assert {"#/subject/type", "#/subject/id", "#/action/name", "#/resource"} <= pointers(caught.value)


@settings(max_examples=200, deadline=None)
@given(value=st.dictionaries(_NAMES, _JSON, max_size=6))
def test_whatever_is_sent_is_a_question_or_refused(value: dict[str, Any]) -> None:
    refused = []
    for read in (read_question, read_batch):
        try:
            read(value)
        except ValidationError as error:
            refused.append(error)
    assert all(reason.pointer.startswith("#") for error in refused for reason in error.reasons)
    assert all(error.reasons for error in refused)


@settings(max_examples=200, deadline=None)
@given(
    path=st.sampled_from(
        [
            *[("subject",), ("subject", "id"), ("subject", "type"), ("action",), ("action", "name"), ("resource",)],
            *[("resource", "key"), ("resource", "id"), ("resource", "type"), ("context",), ("context", "domain")],
        ]
    ),
    new=_JSON,
)
def test_good_question_with_something_else_in_it_is_refused_or_read(path: tuple[str, ...], new: Any) -> None:
    value = changed(GOOD, path, new)
    try:
        found = read_question(value)
    except ValidationError:
        return
    assert found.name == value["subject"]["id"] == value["resource"]["id"]
    assert found.action == value["action"]["name"]


@given(data=st.binary(max_size=60) | st.text(max_size=40).map(str.encode))
def test_body_is_an_object_or_refused(data: bytes) -> None:
    try:
        value = read_json(data, max_bytes=50)
    except ValidationError:
        return
    assert len(data) <= 50
    assert json.loads(data) == value


def test_batch_has_the_defaults_below_each_evaluation() -> None:
    batch = read_batch(GOOD | {"evaluations": [{}, {"action": {"name": "ap-sign"}}], "other": 1})
    assert batch is not None
    assert batch.semantic is Semantic.EXECUTE_ALL
    assert [each["action"] for each in batch.evaluations] == [{"name": "ap-encrypt"}, {"name": "ap-sign"}]
    assert all({*each} == {*GOOD} for each in batch.evaluations)


def test_batch_is_bounded() -> None:
    assert read_batch({"evaluations": [{}] * MAX_EVALUATIONS}) is not None
    with pytest.raises(ValidationError):
        read_batch({"evaluations": [{}] * (MAX_EVALUATIONS + 1)})
