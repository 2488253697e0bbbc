# SPDX-License-Identifier: Apache-2.0
"""Signature values in the form of XML Signature, for every method and kind of key."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from trust_lists.certificates.parsing import PrivateKey
from trust_lists.errors import SigningError
from trust_lists.signatures import profiles
from trust_lists.signatures.list_policies import ARCHIVE, CURRENT
from trust_lists.signatures.values import key_error, method_for, sign_value, verify_value

RSA = rsa.generate_private_key(65537, 2048)
P_256 = ec.generate_private_key(ec.SECP256R1())
P_521 = ec.generate_private_key(ec.SECP521R1())
ED25519 = ed25519.Ed25519PrivateKey.generate()
METHODS = [
    *((method, RSA) for method in (*CURRENT.signature_methods, profiles.RSA_SHA1) if "ecdsa" not in method),
    *((method, key) for method in CURRENT.signature_methods if "ecdsa" in method for key in (P_256, P_521)),
    (profiles.ED25519, ED25519),
]


@pytest.mark.parametrize(("method", "key"), METHODS)
def test_what_a_key_signs_it_verifies_and_nothing_else(method: str, key: PrivateKey) -> None:
    value = sign_value(key, method, b"data")
    public = key.public_key()
    assert verify_value(public, method, value, b"data")
    assert not verify_value(public, method, value, b"other data")
    assert not verify_value(public, method, value[:-1], b"data")
    assert not verify_value(public, method, value + b"\0", b"data")
    assert not verify_value(public, method, b"", b"data")
    assert not verify_value(public, method, b"\0" * len(value), b"data")


def test_an_ecdsa_value_is_two_numbers_of_the_length_of_the_order() -> None:
    assert len(sign_value(P_256, profiles.ECDSA_SHA256, b"data")) == 64
    assert len(sign_value(P_521, profiles.ECDSA_SHA512, b"data")) == 132


def test_the_digest_is_that_of_the_method() -> None:
    value = sign_value(RSA, profiles.RSA_SHA256, b"data")
    assert not verify_value(RSA.public_key(), profiles.RSA_SHA512, value, b"data")
    assert not verify_value(RSA.public_key(), profiles.PSS_SHA256, value, b"data")


@pytest.mark.parametrize(
    ("key", "method", "text"),
    [
        (RSA, profiles.ECDSA_SHA256, "not of the kind"),
        (RSA, profiles.ED25519, "not of the kind"),
        (P_256, profiles.RSA_SHA256, "not of the kind"),
        (P_256, profiles.PSS_SHA256, "not of the kind"),
        (ED25519, profiles.RSA_SHA256, "not of the kind"),
        (rsa.generate_private_key(65537, 1024), profiles.PSS_SHA256, "1024 bits is too short"),  # noqa: S505
        (ec.generate_private_key(ec.SECP224R1()), profiles.ECDSA_SHA256, "224 bits is too short"),
    ],
)
def test_why_a_key_does_not_suit_a_method(key: PrivateKey, method: str, text: str) -> None:
    assert text in (key_error(key.public_key(), method, CURRENT) or "")


def test_keys_of_former_years_are_good_enough_for_the_archive() -> None:
    old = rsa.generate_private_key(65537, 1024)  # noqa: S505
    assert key_error(old.public_key(), profiles.RSA_SHA1, ARCHIVE) is None


def test_a_policy_that_has_nothing_for_a_key_says_so() -> None:
    with pytest.raises(SigningError, match="TS 119 612 does not allow"):
        method_for(ED25519.public_key(), CURRENT)
    only_long = replace(CURRENT, signature_methods=(profiles.ECDSA_SHA512,))
    assert method_for(P_256.public_key(), only_long) == profiles.ECDSA_SHA512
