# SPDX-License-Identifier: Apache-2.0
"""JSON (RFC 8259) that every reader understands in the same way, or not at all.

What Python's `json` lets pass and is refused here: a member that stands twice (readers take the first, or the last),
`NaN` and `Infinity`, numbers too large for a double, surrogates without their other half, encodings other than UTF-8,
and nesting that a later, deeper call couldn't serialise again.
"""

import json
from collections import Counter
from collections.abc import Iterable
from typing import NoReturn

from trust_lists.errors import JsonRefusedError

MAX_DEPTH = 64


def parse_json(data: bytes, *, max_bytes: int) -> object:
    """The value of `data`: dict, list, str, int, float, bool or None. A UTF-8 byte order mark is passed over.

    Raises JsonRefusedError: JSON_TOO_LARGE, JSON_ENCODING, JSON_NOT_WELL_FORMED, JSON_NUMBER, JSON_DUPLICATE_MEMBER,
    JSON_TOO_DEEP.
    """
    if len(data) > max_bytes:
        raise JsonRefusedError("JSON_TOO_LARGE", f"the document has {len(data)} bytes; {max_bytes} are allowed")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise JsonRefusedError("JSON_ENCODING", f"the bytes are not UTF-8: {error.reason}") from None
    try:
        value: object = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_no_number, parse_float=_finite, parse_int=_bounded
        )
    except RecursionError:
        raise _too_deep() from None
    except json.JSONDecodeError as error:
        raise JsonRefusedError(
            "JSON_NOT_WELL_FORMED", f"the document is not JSON: {error.msg} (line {error.lineno}, column {error.colno})"
        ) from None
    _check_depth(value)
    if "\\u" in text:
        _check_surrogates(value)
    return value


def canonical_json(value: object) -> str:
    """One text for equal values: members sorted, no white space, letters as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _unique(members: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(members)
    if len(found) != len(members):
        twice = next(name for name, count in Counter(name for name, _ in members).items() if count > 1)
        raise JsonRefusedError("JSON_DUPLICATE_MEMBER", f"the member {twice[:80]!a} stands twice in one object")
    return found


def _no_number(name: str) -> NoReturn:
    raise JsonRefusedError("JSON_NUMBER", f"{name} is no JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise JsonRefusedError("JSON_NUMBER", f"the number {text[:40]} is too large")
    return number


def _bounded(text: str) -> int:
    if len(text) > 20:
        raise JsonRefusedError("JSON_NUMBER", f"the number {text[:40]}… is too large")
    return int(text)


def _check_depth(value: object) -> None:
    level, depth = [value], 0
    while level := [child for item in level for child in _children(item) if isinstance(child, dict | list)]:
        depth += 1
        if depth >= MAX_DEPTH:
            raise _too_deep()


def _children(value: object) -> Iterable[object]:
    match value:
        case dict():
            return value.values()
        case list():
            return value
    return ()


def _too_deep() -> JsonRefusedError:
    return JsonRefusedError("JSON_TOO_DEEP", f"objects and arrays are nested more than {MAX_DEPTH} levels deep")


def _check_surrogates(value: object) -> None:
    try:
        canonical_json(value).encode()
    except UnicodeEncodeError:
        raise JsonRefusedError("JSON_ENCODING", "a text holds half of a surrogate pair") from None
