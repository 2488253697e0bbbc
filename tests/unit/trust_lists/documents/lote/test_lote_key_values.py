# SPDX-License-Identifier: Apache-2.0
"""Keys beside certificates: whose they are."""

import json
from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from tests.simulators.jades_keys import base64url, new_key
from tests.simulators.lote_documents import LIST, with_state
from trust_lists.certificates.listed import ListedCertificate, listed
from trust_lists.certificates.parsing import public_key
from trust_lists.documents.lote.checks import check_lote
from trust_lists.documents.lote.key_values import is_key_of
from trust_lists.documents.model import DigitalIdentity

DS = "http://www.w3.org/2000/09/xmldsig#"
DS11 = "http://www.w3.org/2009/xmldsig11#"


def number(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def forms(kind: str) -> tuple[str, str, ListedCertificate]:
    """The key as JWK and as ds:KeyValue, and the certificate."""
    certificate = new_key(kind).certificate
    key = public_key(certificate)
    match key:
        case RSAPublicKey():
            numbers = key.public_numbers()
            jwk = {"kty": "RSA", "n": base64url(number(numbers.n)), "e": base64url(number(numbers.e))}
            content = f"""<ds:RSAKeyValue><ds:Modulus>{b64encode(number(numbers.n)).decode()}</ds:Modulus>
                <ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue>"""
        case EllipticCurvePublicKey():
            point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
            half = len(point) // 2
            jwk = {"kty": "EC", "crv": "P-256", "x": base64url(point[1 : half + 1]), "y": base64url(point[half + 1 :])}
            content = f"""<ec:ECKeyValue xmlns:ec="{DS11}"><ec:NamedCurve URI="urn:oid:1.2.840.10045.3.1.7"/>
                <ec:PublicKey>{b64encode(point).decode()}</ec:PublicKey></ec:ECKeyValue>"""
        case _:
            raise AssertionError
    return json.dumps(jwk), f'<ds:KeyValue xmlns:ds="{DS}">{content}</ds:KeyValue>', listed(certificate)


@pytest.mark.parametrize("kind", ["P-256", "RSA-2048"])
def test_the_same_key_is_known_in_both_forms(kind: str) -> None:
    jwk, key_value, certificate = forms(kind)
    assert is_key_of(jwk, certificate)
    assert is_key_of(key_value, certificate)
    other = listed(new_key("P-384").certificate)
    assert not is_key_of(jwk, other)
    assert not is_key_of(key_value, other)


def test_a_key_of_none_of_the_certificates_is_told() -> None:
    jwk, _, certificate = forms("P-256")
    strange, _, _ = forms("RSA-2048")
    right = with_state(LIST, identity=DigitalIdentity(certificates=(certificate,), key_values=(jwk,)))
    wrong = with_state(LIST, identity=DigitalIdentity(certificates=(certificate,), key_values=(strange,)))
    alone = with_state(LIST, identity=DigitalIdentity(key_values=(strange,)))
    assert check_lote(right) == []
    assert [each.rule for each in check_lote(wrong)] == ["TS119602-6.6.3-KEY"]
    assert check_lote(alone) == []


@given(st.text(max_size=40) | st.sampled_from(('{"kty":"EC","x":1,"y":"A"}', '{"kty":[]}', "<a>", "<a/>", "null")))
def test_any_text_is_a_key_or_none(text: str) -> None:
    assert not is_key_of(text, listed(new_key("P-256").certificate))
    assert not is_key_of(text, ListedCertificate(b"no certificate"))
