# SPDX-License-Identifier: Apache-2.0
"""What differs between two values of JSON, member by member."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.ui.differences import Change, differences

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        pytest.param({"a": 1}, {"a": 1}, [], id="the same"),
        pytest.param({"a": 1, "b": 2}, {"a": 1, "b": 3}, [Change("b", "2", "3")], id="changed"),
        pytest.param(None, {"a": {"b": "x"}}, [Change("a.b", None, "x")], id="made"),
        pytest.param({"a": None}, None, [Change("a", "null", None)], id="gone"),
        pytest.param({"a": {"b": 1}}, {"a": "x"}, [Change("a", '{"b": 1}', "x")], id="another kind"),
        pytest.param({"a": [1, 2]}, {"a": [1]}, [Change("a", "[1, 2]", "[1]")], id="lists as wholes"),
        pytest.param("x", "y", [Change("", "x", "y")], id="no members"),
        pytest.param({"a": True}, {"a": 1}, [Change("a", "true", "1")], id="true is not one"),
        pytest.param({}, {"a": {}}, [Change("a", None, "{}")], id="nothing inside"),
    ],
)
def test_each_member_that_differs_is_told(before: Any, after: Any, found: list[Change]) -> None:
    assert differences(before, after) == found


@given(value=JSON)
def test_nothing_differs_from_itself(value: Any) -> None:
    assert differences(value, value) == []
