# SPDX-License-Identifier: Apache-2.0
"""Migration keys; the vectors of the field are in tests/conformance/identifiers."""

import pytest

from registry.identifiers.migration_key import new_migration_key, validate_migration_key


@pytest.mark.parametrize(
    ("key", "ids"),
    [
        ("11AAbb__", []),
        ("", ["LENGTH", "SPECIAL", "UPPER", "LOWER", "DIGIT"]),
        ("1Ab$", ["LENGTH", "SPECIAL", "UPPER", "LOWER", "DIGIT"]),
        ("11AAbb$$" * 4, ["LENGTH"]),
        ("11AAbb$ $", ["SPACE"]),
        ("11AAbb$$\u2003", ["SPACE"]),
        ("11AAbb..", ["SPECIAL"]),
        ("11ÄÄbb$$", ["UPPER"]),
        ("٣٣AAbb$$", ["DIGIT"]),
    ],
)
def test_every_reason_is_given_at_once(key: str, ids: list[str]) -> None:
    assert [reason.id for reason in validate_migration_key(key)] == [f"MIGRATION-KEY-{name}" for name in ids]


def test_reasons_do_not_reveal_the_key() -> None:
    reasons = validate_migration_key("Secret7")
    assert reasons
    assert not any("Secret7" in str(reason) for reason in reasons)


def test_made_keys_are_taken_by_every_sml() -> None:
    keys = [new_migration_key() for _ in range(50)]
    assert [validate_migration_key(key) for key in keys] == [()] * 50
    assert len(set(keys)) == 50
