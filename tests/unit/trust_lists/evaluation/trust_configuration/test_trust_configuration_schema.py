# SPDX-License-Identifier: Apache-2.0
"""The JSON Schema and the reader are one description: what one finds malformed, the other does."""

import copy
import json
import string
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from trust_lists.evaluation.trust_configuration import read_configuration, to_json
from trust_lists.evaluation.trust_configuration.composites import ByKey, Many, Named, OneOf, Section, Wrapped
from trust_lists.evaluation.trust_configuration.format import (
    ANCHOR,
    CONFIGURATION,
    DENY,
    DEVIATION,
    FEDERATION,
    LEAF,
    LIST,
    PIN,
    REVOCATION,
    SAML,
    SOURCE,
)
from trust_lists.evaluation.trust_configuration.forms import (
    AnyOr,
    Choice,
    Duration,
    Flag,
    Form,
    Free,
    Instant,
    Nullable,
    Text,
    Translated,
    Whole,
)
from trust_lists.evaluation.trust_configuration.reading import node_of
from trust_lists.evaluation.trust_configuration.schema import json_schema
from trust_lists.evaluation.trust_configuration.shipped import shipped_model, shipped_names
from trust_lists.strict_json import canonical_json

VALIDATOR = jsonschema_rs.Draft202012Validator(json_schema(), validate_formats=True)
PUBLISHED = Path(__file__).parents[5] / "docs" / "reference" / "trust-configuration.schema.json"
MODELS = {name: to_json(read_configuration(shipped_model(name)).configuration) for name in shipped_names()}


def test_the_published_schema_is_that_of_the_reader() -> None:
    assert json.loads(PUBLISHED.read_text(encoding="utf-8")) == json_schema()


@pytest.mark.parametrize("name", shipped_names())
def test_every_shipped_model_is_valid(name: str) -> None:
    VALIDATOR.validate(MODELS[name])


def trees(form: Form, depth: int = 1) -> st.SearchStrategy[Any]:  # noqa: C901 (a case for each kind of form)
    """Trees of a form; expressions are nested no deeper than `depth`."""
    match form:
        case Text():
            return st.from_regex(form.pattern, fullmatch=True).filter(lambda text: len(text) <= form.longest)
        case Translated():
            return trees(form.form)
        case Choice():
            return st.sampled_from(list(map(str, form.words)))
        case Whole():
            return st.integers(form.least, form.most)
        case Flag():
            return st.booleans()
        case Instant():
            return (
                st.datetimes()
                .filter(lambda each: each.year >= 1000)
                .map(lambda each: each.replace(microsecond=0).isoformat() + "Z")
            )
        case Duration():
            return st.from_regex(form._pattern, fullmatch=True)
        case AnyOr():
            return st.one_of(st.just("any"), trees(form.form, depth))
        case Nullable():
            return st.one_of(st.none(), trees(form.form, depth))
        case Free():
            return st.one_of(st.none(), st.booleans(), st.integers(0, 99), st.text(string.ascii_letters, min_size=1))
        case Many():
            return st.lists(trees(form.form, depth), min_size=form.least, max_size=2, unique_by=canonical_json)
        case ByKey():
            return st.dictionaries(trees(form.keys), trees(form.form, depth), min_size=form.least, max_size=2)
        case Wrapped():
            return trees(form.form, depth)
        case Named():
            return trees(form.target(), depth - 1)
        case OneOf():
            simple = ("pin", "path", "list")
            cases = {key: each for key, each in form.cases.items() if depth > 0 or key in simple}
            return st.one_of(*(st.fixed_dictionaries({key: trees(each, depth)}) for key, each in cases.items()))
        case Section():
            keys = {key: trees(each, depth) for key, each in form.forms.items()}
            if form.exactly_one:
                return st.one_of(*(st.fixed_dictionaries({key: each}) for key, each in keys.items()))
            left_out = {key: each for key, each in keys.items() if key in (*form.optional, *form.empty)}
            demanded = {key: each for key, each in keys.items() if key not in left_out}
            fixed = {key: st.just(text) for key, text in form.constants.items()}
            return st.fixed_dictionaries(fixed | demanded, optional=left_out)
    raise AssertionError(form)


FORMS = {
    "anchor": ANCHOR,
    "deny": DENY,
    "list": LIST,
    "saml_metadata": SAML,
    "openid_federation": FEDERATION,
    "pin": PIN,
    "source": SOURCE,
    "leaf": LEAF,
    "revocation": REVOCATION,
    "deviation": DEVIATION,
}


@pytest.mark.parametrize("name", FORMS)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_whatever_is_well_formed_is_read_valid_and_written_again(name: str, data: st.DataObject) -> None:
    form = FORMS[name]
    tree = data.draw(trees(form, 1))
    node = node_of(tree)
    read = form.read(node)
    assume(not any("this is the same as" in each for each in node.reasons))
    assert node.reasons == []
    jsonschema_rs.validate({**form.schema(), "$defs": json_schema()["$defs"]}, tree)
    assert form.dump(form.build(read)) == read


def places(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [path, *(each for key, value in inner for each in places(value, (*path, key)))]


PLACES = {name: places(tree) for name, tree in MODELS.items()}
ODD = [
    None,
    True,
    False,
    0,
    7,
    -1,
    1.5,
    10**12,
    "",
    "x",
    " any",
    "any",
    "null",
    "true",
    "é",
    [],
    {},
    ["x", "x"],
    {"x": 1},
]


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(shipped_names()), st.data())
def test_what_the_reader_finds_malformed_is_invalid(name: str, data: st.DataObject) -> None:
    tree: Any = copy.deepcopy(MODELS[name])
    path = data.draw(st.sampled_from(PLACES[name][1:]))
    parent: Any = tree
    for key in path[:-1]:
        parent = parent[key]
    match data.draw(st.sampled_from(["replace", "delete", "add", "twice"])):
        case "replace":
            parent[path[-1]] = data.draw(st.sampled_from(ODD))
        case "delete":
            del parent[path[-1]]
        case "add" if isinstance(parent, dict):
            parent[data.draw(st.sampled_from(["x", "ID", "id ", "$ref"]))] = data.draw(st.sampled_from(ODD))
        case "twice" if isinstance(parent, list):
            parent.append(copy.deepcopy(parent[path[-1]]))
    node = node_of(tree)
    CONFIGURATION.read(node)
    assert bool(node.reasons) == (not VALIDATOR.is_valid(tree))
