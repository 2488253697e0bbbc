# SPDX-License-Identifier: Apache-2.0
"""JAdES in compact form: what we sign verifies, for the expected signer only, and nothing else does."""

import json
from base64 import urlsafe_b64decode
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulators.jades_keys import SIGNED_AT, base64url, jws_with, new_key, x5c
from trust_lists.certificates.listed import ListedCertificate, listed
from trust_lists.certificates.parsing import SigningKey
from trust_lists.errors import SignatureInvalidError, SigningError
from trust_lists.signatures import jades
from trust_lists.signatures.jades import sign_compact, verify_compact
from trust_lists.signatures.profiles import ECDSA_SHA256, ECDSA_SHA384, PSS_SHA256, RSA_SHA256

PAYLOAD = '{"LoTE":{"ListAndSchemeInformation":{"SchemeName":[{"lang":"el","value":"Κατάλογος"}]}}}'.encode()
ALGORITHMS = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "RSA-2048": "PS256"}


def signer(key: SigningKey) -> ListedCertificate:
    return listed(key.certificate)


def header_of(data: bytes) -> dict[str, Any]:
    part = data.split(b".")[0]
    found: dict[str, Any] = json.loads(urlsafe_b64decode(part + b"=" * (-len(part) % 4)))
    return found


def refused(data: bytes, *keys: SigningKey, **options: Any) -> str:
    with pytest.raises(SignatureInvalidError) as error:
        verify_compact(data, signers=[signer(key) for key in keys], **options)
    return error.value.reason_id


@pytest.mark.parametrize(("kind", "algorithm"), ALGORITHMS.items())
def test_what_is_signed_verifies(kind: str, algorithm: str) -> None:
    key = new_key(kind)
    verified = verify_compact(
        sign_compact(PAYLOAD, key, SIGNED_AT), signers=[signer(key)], verification_time=SIGNED_AT + timedelta(days=1)
    )
    assert verified.payload == PAYLOAD
    assert verified.signer == signer(key)
    assert verified.signing_time == SIGNED_AT
    assert verified.algorithm == algorithm
    assert verified.warnings == ()


def test_the_header_is_that_of_level_b_b() -> None:
    key = new_key("P-256")
    header = header_of(sign_compact(PAYLOAD, key, SIGNED_AT.replace(microsecond=999_999)))
    assert header == {
        "alg": "ES256",
        "cty": "json",
        "iat": int(SIGNED_AT.timestamp()),
        "typ": "JOSE",
        "x5c": x5c(key),
        "x5t#S256": base64url(bytes.fromhex(signer(key).sha256)),
    }


def test_x5c_has_the_path_of_the_signer_in_its_order(pki: Any) -> None:
    key = SigningKey(pki.smp.private_key, pki.smp.certificate, tuple(reversed(pki.smp.chain)))
    chain = [listed(each) for each in key.chain]
    assert chain
    at = key.certificate.not_valid_before_utc + timedelta(days=1)
    data = sign_compact(PAYLOAD, key, at)
    names = [signer(key), *_up_from(signer(key), chain)]
    assert len(header_of(data)["x5c"]) == len(names)
    assert verify_compact(data, signers=names).signer == signer(key)


def _up_from(below: ListedCertificate, chain: list[ListedCertificate]) -> list[ListedCertificate]:
    above = [each for each in chain if each.comparable_subject == below.comparable_issuer]
    return [above[0], *_up_from(above[0], [each for each in chain if each != above[0]])] if above else []


@pytest.mark.parametrize("kind", ["Ed25519", "secp256k1", "brainpoolP256r1", "RSA-1024"])
def test_other_keys_do_not_sign(kind: str) -> None:
    with pytest.raises(SigningError):
        sign_compact(PAYLOAD, new_key(kind), SIGNED_AT)


def test_nothing_is_signed_with_an_expired_certificate_or_without_a_payload() -> None:
    with pytest.raises(SigningError, match="is not valid at"):
        sign_compact(PAYLOAD, new_key("P-256"), SIGNED_AT + timedelta(days=400))
    with pytest.raises(SigningError, match="nothing to sign"):
        sign_compact(b"", new_key("P-256"), SIGNED_AT)


def test_only_the_expected_signer_is_accepted() -> None:
    key, other = new_key("P-256"), new_key("P-256", "Somebody else")
    data = sign_compact(PAYLOAD, key, SIGNED_AT)
    assert refused(data, other) == "SIGNER_NOT_EXPECTED"
    assert refused(data) == "SIGNER_NOT_EXPECTED"
    assert verify_compact(data, signers=[signer(other), signer(key)]).signer == signer(key)
    assert verify_compact(data, signers=None).signer == signer(key)


def test_another_certificate_of_the_same_key_is_not_the_signer() -> None:
    key = new_key("P-256")
    twin = ListedCertificate(signer(key).der + b"\x00")
    with pytest.raises(SignatureInvalidError) as error:
        verify_compact(sign_compact(PAYLOAD, key, SIGNED_AT), signers=[twin])
    assert error.value.reason_id == "SIGNER_NOT_EXPECTED"


def test_a_foreign_certificate_in_x5c_does_not_make_its_owner_the_signer() -> None:
    key, attacker = new_key("P-256"), new_key("P-256", "Attacker")
    header = {"alg": "ES256", "iat": 1, "x5c": x5c(key)}
    assert refused(jws_with(header, PAYLOAD, attacker), key) == "SIGNATURE_MISMATCH"
    header = {"alg": "ES256", "iat": 1, "x5c": x5c(attacker) + x5c(key)}
    assert refused(jws_with(header, PAYLOAD, attacker), key) == "SIGNER_NOT_EXPECTED"


def test_without_x5c_the_digest_finds_the_signer_among_the_expected() -> None:
    key, other = new_key("P-256"), new_key("P-256", "Somebody else")
    digest = base64url(bytes.fromhex(signer(key).sha256))
    data = jws_with({"alg": "ES256", "iat": 1793534400, "x5t#S256": digest}, PAYLOAD, key)
    assert verify_compact(data, signers=[signer(other), signer(key)]).signer == signer(key)
    assert refused(data, other) == "SIGNER_NOT_EXPECTED"
    with pytest.raises(SignatureInvalidError) as error:
        verify_compact(data, signers=None)
    assert error.value.reason_id == "CERTIFICATE"


def test_a_digest_of_another_certificate_than_that_of_x5c_is_refused() -> None:
    key, other = new_key("P-256"), new_key("P-256", "Somebody else")
    digest = base64url(bytes.fromhex(signer(other).sha256))
    header = {"alg": "ES256", "iat": 1, "x5c": x5c(key), "x5t#S256": digest}
    assert refused(jws_with(header, PAYLOAD, key), key, other) == "SIGNING_CERTIFICATE"


@pytest.mark.parametrize(
    ("algorithm", "method", "kind"),
    [
        ("ES256", ECDSA_SHA256, "P-384"),
        ("ES384", ECDSA_SHA384, "P-256"),
        ("ES256", ECDSA_SHA256, "secp256k1"),
        ("ES256", ECDSA_SHA256, "brainpoolP256r1"),
        ("ES256", RSA_SHA256, "RSA-2048"),
        ("RS256", ECDSA_SHA256, "P-256"),
        ("RS256", RSA_SHA256, "RSA-1024"),
    ],
)
def test_the_algorithm_must_fit_the_key(algorithm: str, method: str, kind: str) -> None:
    key = new_key(kind)
    data = jws_with({"alg": algorithm, "iat": 1, "x5c": x5c(key)}, PAYLOAD, key, method=method)
    assert refused(data, key) == "KEY"


@pytest.mark.parametrize(("algorithm", "method"), [("RS256", RSA_SHA256), ("PS256", PSS_SHA256)])
def test_both_ways_of_rsa_are_accepted_and_not_mixed_up(algorithm: str, method: str) -> None:
    key = new_key("RSA-2048")
    header = {"alg": algorithm, "iat": int(SIGNED_AT.timestamp()), "x5c": x5c(key)}
    assert verify_compact(jws_with(header, PAYLOAD, key, method=method), signers=[signer(key)]).algorithm == algorithm
    header["alg"] = "PS256" if algorithm == "RS256" else "RS256"
    assert refused(jws_with(header, PAYLOAD, key, method=method), key) == "SIGNATURE_MISMATCH"


def test_dates_of_the_certificate_count_where_a_time_is_given() -> None:
    key = new_key("P-256")
    data = sign_compact(PAYLOAD, key, SIGNED_AT)
    for days in (-200, 200):
        assert refused(data, key, verification_time=SIGNED_AT + timedelta(days=days)) == "SIGNER_NOT_VALID"


def test_without_a_time_an_expired_certificate_at_signing_is_a_warning() -> None:
    key = new_key("P-256")
    header = {"alg": "ES256", "iat": int((SIGNED_AT + timedelta(days=300)).timestamp()), "x5c": x5c(key)}
    verified = verify_compact(jws_with(header, PAYLOAD, key), signers=[signer(key)])
    assert verified.warnings == ("the signer's certificate was not valid at the signing time",)


@pytest.mark.parametrize(
    ("data", "reason_id"),
    [
        (b"", "NOT_A_JWS"),
        (b"a.b", "NOT_A_JWS"),
        (b"a.b.c.d", "NOT_A_JWS"),
        (b'{"payload":"","protected":"","signature":""}', "JSON_SERIALIZATION"),
        (b' \n{"payload":""}', "JSON_SERIALIZATION"),
        (b"..", "HEADER"),
        (b"e30.e30.", "ALGORITHM"),
        (b"e3=.e30.", "ENCODING"),
        (b"e31.e30.", "ENCODING"),
        (b"e.e30.", "ENCODING"),
        (b"e3 0.e30.", "ENCODING"),
        (b"e3+0.e30.", "ENCODING"),
        (b"<html></html>", "NOT_A_JWS"),
        (b"\xff.\xff.\xff", "ENCODING"),
    ],
)
def test_what_is_no_compact_jws_is_refused_for_its_reason(data: bytes, reason_id: str) -> None:
    assert refused(data) == reason_id


def test_an_empty_payload_means_data_elsewhere_and_is_refused() -> None:
    key = new_key("P-256")
    assert refused(jws_with({"alg": "ES256", "iat": 1, "x5c": x5c(key)}, b"", key), key) == "DETACHED"


def test_size_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    key = new_key("P-256")
    data = sign_compact(PAYLOAD, key, SIGNED_AT)
    monkeypatch.setattr(jades, "_MAX_BYTES", len(data) - 1)
    assert refused(data, key) == "TOO_LARGE"


def test_white_space_around_is_passed_over() -> None:
    key = new_key("P-256")
    data = sign_compact(PAYLOAD, key, SIGNED_AT)
    assert verify_compact(b"\n" + data + b"\r\n", signers=[signer(key)]).payload == PAYLOAD


@pytest.mark.parametrize("kind", ["P-256", "RSA-2048"])
def test_each_changed_character_is_found(kind: str) -> None:
    key = new_key(kind)
    data = sign_compact(PAYLOAD, key, SIGNED_AT)
    for place in range(0, len(data), 7):
        changed = bytearray(data)
        changed[place] = ord("A") if changed[place] != ord("A") else ord("B")
        assert refused(bytes(changed), key)


def test_signature_values_have_one_form() -> None:
    key = new_key("P-256")
    data = sign_compact(PAYLOAD, key, SIGNED_AT)
    head, _, value = data.rpartition(b".")
    decoded = urlsafe_b64decode(value + b"==")
    for wrong in (decoded + b"\x00", decoded[:-1], b"\x00" + decoded, b"", b"\x00" * 64, b"\x00" * 32 + decoded[32:]):
        assert refused(head + b"." + base64url(wrong).encode(), key) == "SIGNATURE_MISMATCH"


@given(st.binary(max_size=200))
def test_whatever_bytes_come_in_only_a_refusal_comes_out(data: bytes) -> None:
    assert refused(data)


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.", max_size=200))
def test_whatever_looks_like_a_jws_is_refused(text: str) -> None:
    assert refused(text.encode())
