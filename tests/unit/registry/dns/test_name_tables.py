# SPDX-License-Identifier: Apache-2.0
"""Tables and layers are dictionaries, whatever is done to them, and a layer is so while it is folded."""

from collections.abc import MutableMapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.dns.name_tables import Layer, NameTable

NAMES = st.binary(max_size=2)
STEPS = st.lists(st.tuples(NAMES, st.none() | st.integers(1, 9)), max_size=60)


def do(target: MutableMapping[bytes, int], steps: list[tuple[bytes, int | None]]) -> None:
    for name, value in steps:
        if value is None:
            target.pop(name, None)
        else:
            target[name] = value


def filled(steps: list[tuple[bytes, int | None]]) -> NameTable[int]:
    table = NameTable[int]()
    do(table, steps)
    return table


def check(one: MutableMapping[bytes, int], other: dict[bytes, int], names: set[bytes]) -> None:
    assert dict(one.items()) == other
    assert (len(one), bool(one)) == (len(other), bool(other))
    for name in names:
        assert (one.get(name), name in one) == (other.get(name), name in other)


@given(STEPS)
def test_table_is_a_dictionary(steps: list[tuple[bytes, int | None]]) -> None:
    plain: dict[bytes, int] = {}
    do(plain, steps)
    check(filled(steps), plain, {name for name, _ in steps})


@given(STEPS, STEPS, st.booleans())
def test_layer_is_the_changed_dictionary_before_after_and_while_it_is_folded(
    before: list[tuple[bytes, int | None]], after: list[tuple[bytes, int | None]], many: bool
) -> None:
    base: MutableMapping[bytes, int] = filled(before)
    was = dict(base)
    layer = Layer(base, many=many)
    do(layer, after)
    expected = dict(was)
    do(expected, after)
    names = {name for name, _ in [*before, *after]}
    assert dict(base) == was
    check(layer, expected, names)
    for _ in layer.fold():
        check(layer, expected, names)
    assert dict(base) == expected


def test_what_is_absent_cannot_be_deleted() -> None:
    for empty in (NameTable[int](), Layer(NameTable[int]())):
        with pytest.raises(KeyError):
            del empty[b"a"]
        with pytest.raises(KeyError):
            empty[b"a"]


def test_new_names_are_added_and_known_ones_told() -> None:
    table = filled([(b"a", 1)])
    assert table.add_new([b"a", b"b"], 2) == [b"a"]
    assert dict(table) == {b"a": 1, b"b": 2}
    assert table.add_new([b"b"], 2) == [b"b"], "equal or not, it was there"
