# SPDX-License-Identifier: Apache-2.0
"""JSON that two readers could understand in two ways is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trust_lists.errors import JsonRefusedError
from trust_lists.strict_json import MAX_DEPTH, canonical_json, parse_json

MAX = 100_000


@pytest.mark.parametrize(
    ("data", "reason_id"),
    [
        (b'{"a":1,"a":2}', "JSON_DUPLICATE_MEMBER"),
        (b'[{"b":{"a":1,"\\u0061":2}}]', "JSON_DUPLICATE_MEMBER"),
        (b"[NaN]", "JSON_NUMBER"),
        (b"[-Infinity]", "JSON_NUMBER"),
        (b"[1e999]", "JSON_NUMBER"),
        (b"[" + b"9" * 5000 + b"]", "JSON_NUMBER"),
        (b'"\\ud800"', "JSON_ENCODING"),
        (b'{"\\udfff":1}', "JSON_ENCODING"),
        (b'"\xff"', "JSON_ENCODING"),
        ('"a"'.encode("utf-16"), "JSON_ENCODING"),
        (b"[" * 100_000, "JSON_TOO_DEEP"),
        (b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1), "JSON_TOO_DEEP"),
        (b"[" * 600 + b"]" * 600, "JSON_TOO_DEEP"),
        (b"", "JSON_NOT_WELL_FORMED"),
        (b"{'a':1}", "JSON_NOT_WELL_FORMED"),
        (b"[1,]", "JSON_NOT_WELL_FORMED"),
        (b"[1] [2]", "JSON_NOT_WELL_FORMED"),
        (b'"\x01"', "JSON_NOT_WELL_FORMED"),
        (b" " * (MAX + 1), "JSON_TOO_LARGE"),
    ],
)
def test_ambiguous_and_malformed_json_is_refused_for_its_reason(data: bytes, reason_id: str) -> None:
    with pytest.raises(JsonRefusedError) as refused:
        parse_json(data, max_bytes=MAX)
    assert refused.value.reason_id == reason_id


def test_nesting_is_accepted_up_to_the_limit() -> None:
    assert parse_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, max_bytes=MAX)


def test_a_byte_order_mark_and_whole_surrogate_pairs_are_accepted() -> None:
    assert parse_json(b'\xef\xbb\xbf["\\ud83d\\ude00"]', max_bytes=MAX) == ["\U0001f600"]


def test_a_duplicate_is_found_among_many_members() -> None:
    members = ",".join(f'"{number}":0' for number in range(6000))
    with pytest.raises(JsonRefusedError, match="'5999' stands twice"):
        parse_json(f'{{{members},"5999":0}}'.encode(), max_bytes=MAX)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)


@given(json_values)
def test_values_survive_and_equal_ones_have_one_canonical_text(value: object) -> None:
    read = parse_json(json.dumps(value).encode(), max_bytes=MAX)
    assert read == value
    assert parse_json(canonical_json(read).encode(), max_bytes=MAX) == value


@given(st.binary(max_size=300))
def test_whatever_bytes_come_in_only_our_error_comes_out(data: bytes) -> None:
    try:
        value = parse_json(data, max_bytes=MAX)
    except JsonRefusedError:
        return
    assert value == json.loads(data.decode("utf-8-sig"))
