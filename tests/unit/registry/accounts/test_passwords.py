# SPDX-License-Identifier: Apache-2.0
"""What a good password is, and what is kept of it."""

import pytest
from argon2 import PasswordHasher
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.accounts import passwords
from registry.accounts.passwords import (
    MAX_BYTES,
    check_password,
    hash_password,
    is_outdated,
    matches,
    one_time_password,
)
from registry.errors import ValidationError


def reasons(password: str, name: str = "anna") -> list[str]:
    with pytest.raises(ValidationError) as refused:
        check_password(password, name)
    return [reason.id for reason in refused.value.reasons]


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        ("", ["PASSWORD-SHORT"]),
        ("x" * 11, ["PASSWORD-SHORT"]),
        ("a\u0308" * 11, ["PASSWORD-SHORT"]),  # 22 code points, 11 characters
        ("x" * 1025, ["PASSWORD-LONG"]),
        ("\u20ac" * 342, ["PASSWORD-LONG"]),  # 1026 bytes
        ("Password1234", ["PASSWORD-COMMON"]),
        ("ADMINISTRATOR", ["PASSWORD-COMMON"]),
    ],
)
def test_bad_passwords_are_refused_with_the_reason(password: str, expected: list[str]) -> None:
    assert reasons(password) == expected


def test_every_reason_is_told_at_once() -> None:
    assert reasons("anna", "Anna") == ["PASSWORD-SHORT", "PASSWORD-NAME"]
    assert reasons("Anna of Arendal", "anna OF arendal") == ["PASSWORD-NAME"]


@pytest.mark.parametrize("password", ["x" * 12, "correct horse", "\u20ac" * 341, "x" * 1024, "\U0001f600" * 12])
def test_whatever_is_long_enough_is_good(password: str) -> None:
    check_password(password, "anna")


@settings(max_examples=30)
@given(st.text(min_size=1, max_size=40), st.text(max_size=40))
def test_hash_fits_its_password_and_no_other(password: str, other: str) -> None:
    hash_ = hash_password(password)
    assert matches(hash_, password)
    same = passwords._bytes(password) == passwords._bytes(other)
    assert matches(hash_, other) is same


def test_forms_of_one_text_are_one_password() -> None:
    assert matches(hash_password("caf\u00e9 au lait"), "cafe\u0301 au lait")


def test_two_hashes_of_one_password_differ() -> None:
    assert hash_password("x" * 12) != hash_password("x" * 12)


def test_without_a_hash_nothing_fits_but_a_hash_is_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str] = []
    real = passwords._HASHER

    class Spy:
        def verify(self, hash_: str, password: bytes) -> bool:
            verified.append(hash_)
            return real.verify(hash_, password)

    passwords._nobodys()
    monkeypatch.setattr(passwords, "_HASHER", Spy())
    assert not matches(None, "x" * 12)
    assert verified == [passwords._nobodys()]


def test_what_is_no_hash_fits_nothing() -> None:
    assert not matches("not a hash", "x" * 12)


def test_too_long_a_password_fits_nothing_that_could_be_set() -> None:
    hash_ = hash_password("x" * MAX_BYTES)
    assert matches(hash_, "x" * MAX_BYTES)
    assert not matches(hash_, "x" * (MAX_BYTES + 1))
    assert not matches(hash_, "x" * 10_000_000)


def test_hash_of_other_parameters_is_outdated(monkeypatch: pytest.MonkeyPatch) -> None:
    old = PasswordHasher(time_cost=2, memory_cost=64, parallelism=1).hash("x" * 12)
    assert is_outdated(old)
    assert not is_outdated(hash_password("x" * 12))
    assert matches(old, "x" * 12)


def test_one_time_passwords_are_good_and_never_the_same() -> None:
    made = {one_time_password() for _ in range(50)}
    assert len(made) == 50
    for password in made:
        check_password(password, "anna")
