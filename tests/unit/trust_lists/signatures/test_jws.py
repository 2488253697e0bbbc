# SPDX-License-Identifier: Apache-2.0
"""Compact JWS by keys from elsewhere: RFC 7515 and its examples, RFC 8037; and headers that choose too much."""

import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

from tests.simulators.certificate_chains import rsa_key
from tests.simulators.jades_keys import base64url
from trust_lists.certificates.jwk import Jwk, read_jwk
from trust_lists.errors import SignatureInvalidError
from trust_lists.signatures import profiles
from trust_lists.signatures.jades_header import decode
from trust_lists.signatures.jws import MAX_JWS_BYTES, UnverifiedJws, read_jws
from trust_lists.signatures.values import sign_value

KEYS: dict[str, Any] = {
    "ES256": ECKey.generate_key("P-256", {"kid": "k"}),
    "ES384": ECKey.generate_key("P-384", {"kid": "k"}),
    "ES512": ECKey.generate_key("P-521", {"kid": "k"}),
    "Ed25519": OKPKey.generate_key("Ed25519", {"kid": "k"}),
    "RS256": RSAKey.generate_key(2048, {"kid": "k"}),
}
KEYS |= dict.fromkeys(("RS384", "RS512", "PS256", "PS384", "PS512"), KEYS["RS256"])
PLAIN = {"typ": "test+jwt", "kid": "k"}


def public(algorithm: str, **members: str) -> Jwk:
    return read_jwk(KEYS[algorithm].as_dict(private=False) | members)


def signed(algorithm: str, key: Any = None, **header: Any) -> str:
    registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    return jws.serialize_compact(PLAIN | {"alg": algorithm} | header, b"{}", key or KEYS[algorithm], registry=registry)


def read(text: str) -> UnverifiedJws:
    return read_jws(text, "test+jwt")


def reason(text: str) -> str:
    with pytest.raises(SignatureInvalidError) as caught:
        read(text)
    return caught.value.reason_id


@pytest.mark.parametrize("algorithm", KEYS)
def test_what_joserfc_signs_is_verified(algorithm: str) -> None:
    found = read(signed(algorithm))
    assert found.payload == b"{}"
    assert found.is_signed_with(public(algorithm))
    assert not replace(found, signing_input=found.signing_input + b"A").is_signed_with(public(algorithm))
    assert not replace(found, signature=found.signature[:-1] + bytes([found.signature[-1] ^ 1])).is_signed_with(
        public(algorithm)
    )


@pytest.mark.parametrize("algorithm", KEYS)
@pytest.mark.parametrize("other", KEYS)
def test_no_algorithm_takes_the_key_of_another(algorithm: str, other: str) -> None:
    claimed = replace(read(signed(algorithm)), algorithm=other)
    assert claimed.is_signed_with(public(algorithm)) is (algorithm == other)


def test_a_key_is_used_for_what_it_is() -> None:
    found = read(signed("ES256"))
    assert found.is_signed_with(public("ES256", use="sig", alg="ES256"))
    assert not found.is_signed_with(public("ES256", use="enc"))
    assert not found.is_signed_with(public("ES256", alg="ES384"))
    assert not found.is_signed_with(public("ES256", kid="another"))


def test_a_key_of_few_bits_signs_nothing() -> None:
    for bits, expected in ((1024, False), (2048, True)):
        key = rsa_key(bits)
        encoded = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        found = UnverifiedJws("RS256", "k", b"", b"x.y", sign_value(key, profiles.RSA_SHA256, b"x.y"))
        assert found.is_signed_with(Jwk(encoded, "", "k")) is expected


def test_the_example_of_rfc_7515_a_3() -> None:
    key = read_jwk(
        {
            "kty": "EC",
            "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
            "kid": "k",
        }
    )
    payload = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    value = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
    assert example("ES256", f"eyJhbGciOiJFUzI1NiJ9.{payload}", value).is_signed_with(key)


def test_the_example_of_rfc_8037_a_4() -> None:
    key = read_jwk({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "k"})
    value = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    text = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
    assert example("EdDSA", text, value).is_signed_with(key)
    assert not example("EdDSA", f"{text}A", value).is_signed_with(key)


def example(algorithm: str, signing_input: str, value: str) -> UnverifiedJws:
    return UnverifiedJws(algorithm, "k", b"", signing_input.encode(), decode(value.encode(), "the value"))


def with_header(header: object) -> str:
    text = header if isinstance(header, str) else json.dumps(header)
    return f"{base64url(text.encode())}.{base64url(b'{}')}.{base64url(b'x' * 64)}"


GOOD = PLAIN | {"alg": "ES256"}


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (GOOD | {"alg": "none"}, "ALGORITHM"),
        (GOOD | {"alg": "HS256"}, "ALGORITHM"),
        (GOOD | {"alg": "es256"}, "ALGORITHM"),
        (GOOD | {"alg": ["ES256"]}, "ALGORITHM"),
        (PLAIN, "ALGORITHM"),
        (GOOD | {"typ": "JWT"}, "TYPE"),
        (GOOD | {"typ": "TEST+JWT"}, "TYPE"),
        ({"alg": "ES256", "kid": "k"}, "TYPE"),
        (GOOD | {"crit": ["exp"]}, "CRITICAL_HEADER"),
        (GOOD | {"crit": []}, "CRITICAL_HEADER"),
        (GOOD | {"kid": ""}, "KEY_ID"),
        (GOOD | {"kid": 5}, "KEY_ID"),
        ({"alg": "ES256", "typ": "test+jwt"}, "KEY_ID"),
        ([], "HEADER"),
        ("{", "HEADER"),
        ('{"alg":"none","alg":"ES256","typ":"test+jwt","kid":"k"}', "HEADER"),
    ],
    ids=str,
)
def test_a_header_may_not_choose(header: object, expected: str) -> None:
    assert read(with_header(GOOD)).algorithm == "ES256"
    assert reason(with_header(header)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "NOT_A_JWS"),
        ("a.b", "NOT_A_JWS"),
        ("a.b.c.d", "NOT_A_JWS"),
        (with_header(GOOD).rpartition(".")[0] + ".", "NOT_A_JWS"),
        (f"{with_header(GOOD)}=", "ENCODING"),
        (f" {with_header(GOOD)}", "ENCODING"),
        (f"{with_header(GOOD)}\u20ac", "ENCODING"),
        ("x" * (MAX_JWS_BYTES + 1), "TOO_LARGE"),
    ],
    ids=["empty", "two", "four", "unsigned", "padding", "space", "letter", "large"],
)
def test_a_jws_has_one_form(text: str, expected: str) -> None:
    assert reason(text) == expected
