# SPDX-License-Identifier: Apache-2.0
"""Public keys in JSON: RFC 7517, RFC 7518 §6, RFC 7638, RFC 8037; and which ones are none."""

from base64 import b64encode
from typing import Any

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey

from tests.simulators.certificate_chains import Authority, ec_key
from tests.simulators.federations import new_jwk
from trust_lists.certificates.jwk import MAX_KEYS, read_jwk, read_jwks
from trust_lists.certificates.public_keys import canonical_key
from trust_lists.errors import CertificateError

RFC7638 = {
    "kty": "RSA",
    "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjB"
    "ZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8"
    "KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_"
    "xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
    "e": "AQAB",
    "alg": "RS256",
    "kid": "2011-04-29",
}
RFC8037 = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
KEY = ec_key()
EC: dict[str, Any] = new_jwk("k", KEY).as_dict(private=False)


def refused(**members: Any) -> bool:
    try:
        read_jwk(EC | members)
    except CertificateError:
        return True
    return False


def test_the_thumbprint_of_rfc_7638_3_1() -> None:
    found = read_jwk(RFC7638)
    assert found.thumbprint == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    assert (found.kid, found.algorithm, found.use) == ("2011-04-29", "RS256", "")


def test_the_thumbprint_of_rfc_8037_a_3() -> None:
    assert read_jwk(RFC8037).thumbprint == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@pytest.mark.parametrize("curve", ["P-256", "P-384", "P-521"])
def test_ec_keys_are_those_that_joserfc_makes(curve: str) -> None:
    key = ECKey.generate_key(curve)
    found = read_jwk(key.as_dict(private=False))
    assert found.thumbprint == key.thumbprint()
    assert found.key == key.as_der(private=False)


@pytest.mark.parametrize("curve", ["Ed25519", "Ed448"])
def test_edwards_keys_are_those_that_joserfc_makes(curve: str) -> None:
    key = OKPKey.generate_key(curve)  # type: ignore[arg-type]
    found = read_jwk(key.as_dict(private=False))
    assert (found.thumbprint, found.key) == (key.thumbprint(), key.as_der(private=False))


def test_rsa_keys_are_those_that_joserfc_makes() -> None:
    key = RSAKey.generate_key(2048)
    found = read_jwk(key.as_dict(private=False))
    assert (found.thumbprint, found.key) == (key.thumbprint(), key.as_der(private=False))


@pytest.mark.parametrize(
    "members",
    [
        {"kty": "oct", "k": "AA"},
        {"kty": "DSA"},
        {"kty": 1},
        {"crv": "secp256k1"},
        {"crv": "P-384"},
        {"x": ""},
        {"x": 5},
        {"x": EC["y"]},
        {"x": EC["x"] + "="},
        {"x": EC["x"] + "AA"},
        {"x": EC["x"].replace(EC["x"][0], "+", 1)},
        {"d": "AAAA"},
        {"kid": 1},
        {"use": ["sig"]},
        {"x5c": []},
        {"x5c": "AAAA"},
        {"x5c": ["-"]},
    ],
    ids=" ".join,
)
def test_what_is_no_key_is_refused(members: dict[str, Any]) -> None:
    assert not refused()
    assert refused(**members)


def test_numbers_have_one_form_only() -> None:
    """Else one key would have several thumbprints (RFC 7518 §6.3.1)."""
    for name in ("n", "e"):
        with pytest.raises(CertificateError, match="begins with zeros"):
            read_jwk(RFC7638 | {name: "AAAB"})
    with pytest.raises(CertificateError, match="not base64url"):
        read_jwk(RFC7638 | {"e": "AQAC="})


def test_small_and_huge_rsa_keys_are_refused() -> None:
    with pytest.raises(CertificateError):
        read_jwk(RFC7638 | {"n": "AQ"})
    with pytest.raises(CertificateError, match="too large"):
        read_jwk(RFC7638 | {"n": "f" * 20_000})


def test_a_certificate_has_to_be_of_the_key() -> None:
    """RFC 7517 §4.7."""
    authority = Authority("anybody")
    mine, other = authority.issue("mine", key=KEY), authority.issue("other")
    found = read_jwk(EC | {"x5c": [b64encode(mine.der).decode(), "not looked at"]})
    assert found.certificate == mine
    assert canonical_key(mine.key) == found.key
    assert refused(x5c=[b64encode(other.der).decode()])


def test_of_a_set_those_count_that_can_be_read() -> None:
    """RFC 7517 §5."""
    found = read_jwks({"keys": [EC, {"kty": "future"}, {"kid": "x"}, RFC8037, 5]})
    assert [each.kid for each in found] == ["k", ""]


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"keys": {}},
        {"keys": [EC] * 2},
        {"keys": [RFC8037] * (MAX_KEYS + 1)},
        {"keys": [EC, {"kid": "k"}]},
    ],
    ids=["none", "list", "empty", "object", "twice", "many", "twice-unread"],
)
def test_what_is_no_set_is_refused(value: object) -> None:
    with pytest.raises(CertificateError):
        read_jwks(value)
