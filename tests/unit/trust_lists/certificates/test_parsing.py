# SPDX-License-Identifier: Apache-2.0
"""Certificates and keys in all the shapes that people hand over, and the texts that bad ones earn."""

import base64
import json
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed448
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from registry.demo.pki import DemoPki, certificates_pem, identity_pem, new_ec_key, private_key_pem
from tests.simulators.self_signed import new_keys
from trust_lists.certificates.parsing import (
    SigningKey,
    extensions,
    fingerprint,
    key_usages,
    load_certificate,
    load_certificates_pem,
    load_signing_key,
    public_key,
    same_subject,
    subject_text,
)
from trust_lists.errors import CertificateError


def _name(*parts: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


def _certificate(name: x509.Name) -> x509.Certificate:
    """The barest of certificates: no extensions at all."""
    key, start = new_ec_key(), datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, start, start + timedelta(days=1))
    return builder.sign(key, SHA256())


BARE = _certificate(_name((NameOID.COMMON_NAME, "a certificate whose name nobody guesses")))

FORMS: dict[str, Callable[[bytes], bytes | str]] = {
    "DER": lambda der: der,
    "PEM": lambda der: b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n",
    "PEM as text": lambda der: (
        f"-----BEGIN CERTIFICATE-----\n{base64.b64encode(der).decode()}\n-----END CERTIFICATE-----"
    ),
    "PEM with remarks": lambda der: (
        b"subject: x\n-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\nmore"
    ),
    "PEM in one line, as XML editors leave it": lambda der: (
        b"-----BEGIN CERTIFICATE----- " + base64.encodebytes(der).replace(b"\n", b" ") + b"-----END CERTIFICATE-----"
    ),
    "base64": base64.b64encode,
    "base64 in lines": base64.encodebytes,
    "base64 as text with white space of all kinds": lambda der: " \r\n\t".join(
        base64.b64encode(der).decode()[at : at + 50] for at in range(0, len(der) * 2, 50)
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_certificate_is_read_in_every_form(form: str, pki: DemoPki) -> None:
    der = pki.smp.certificate.public_bytes(Encoding.DER)
    assert load_certificate(FORMS[form](der)) == pki.smp.certificate


BAD = {
    "nothing": (b"", "cannot be read"),
    "text": ("not a certificate", "neither DER, nor PEM, nor base64"),
    "text beyond ASCII": ("Zertifikat für Tests", "neither DER, nor PEM, nor base64"),
    "lone surrogate": ("\ud800", "neither DER, nor PEM, nor base64"),
    "base64 of something else": (base64.b64encode(b"something else"), "cannot be read"),
    "damaged DER": (b"\x30\x82\x01\x00" + b"\0" * 100, "cannot be read"),
    "PEM of something else": (
        b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
        "holds no certificate",
    ),
    "empty PEM": (b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----", "cannot be read"),
    "PEM without end": (b"-----BEGIN CERTIFICATE-----\nAAAA", "holds no certificate"),
    "far too large": (b"\x30" * 200_000, "too large"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_certificate_is_refused_with_a_reason(case: str) -> None:
    data, text = BAD[case]
    with pytest.raises(CertificateError, match=text):
        load_certificate(data)


def test_one_certificate_is_not_two(pki: DemoPki) -> None:
    both = certificates_pem(pki.smp.certificate, pki.smp_ca.certificate)
    with pytest.raises(CertificateError, match="2 were found"):
        load_certificate(both)
    assert load_certificates_pem(both) == [pki.smp.certificate, pki.smp_ca.certificate]
    assert load_certificates_pem(both.decode()) == [pki.smp.certificate, pki.smp_ca.certificate]


def test_a_bundle_without_certificates_is_refused() -> None:
    with pytest.raises(CertificateError, match="no PEM certificate"):
        load_certificates_pem(b"")


def test_trailing_bytes_are_refused(pki: DemoPki) -> None:
    with pytest.raises(CertificateError):
        load_certificate(pki.smp.certificate.public_bytes(Encoding.DER) + b"\0")


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_arbitrary_input_never_raises_anything_else(data: bytes | str) -> None:
    with pytest.raises(CertificateError):
        load_certificate(data)


def test_damaged_certificates_never_raise_anything_else(pki: DemoPki) -> None:
    der = pki.smp.certificate.public_bytes(Encoding.DER)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # cryptography warns of strange serial numbers
        for at in range(0, len(der), 3):
            damaged = der[:at] + bytes([der[at] ^ 0x15]) + der[at + 1 :]
            try:
                certificate = load_certificate(damaged)
                subject_text(certificate)
                fingerprint(certificate)
                extensions(certificate)
                key_usages(certificate)
                public_key(certificate)
            except CertificateError:
                continue


def test_fingerprint_is_sha256_in_lower_case(pki: DemoPki) -> None:
    text = fingerprint(pki.smp.certificate)
    assert len(text) == 64
    assert bytes.fromhex(text)
    assert text == text.lower()


PARTS = (
    (NameOID.COUNTRY_NAME, "BE"),
    (NameOID.ORGANIZATION_NAME, "Écluse, Inc. + Sons"),
    (NameOID.ORGANIZATIONAL_UNIT_NAME, "PEPPOL TEST SMP"),
    (NameOID.COMMON_NAME, "POP000001"),
)
TEXT = r"CN=POP000001,OU=PEPPOL TEST SMP,O=Écluse\, Inc. \+ Sons,C=BE"


@pytest.mark.parametrize("parts", [PARTS, PARTS[::-1]], ids=["CN last", "CN first"])
def test_subject_text_begins_with_the_common_name_in_either_order(
    parts: tuple[tuple[x509.ObjectIdentifier, str], ...],
) -> None:
    assert subject_text(_certificate(_name(*parts))) == TEXT


def test_subject_text_without_common_name_or_without_anything() -> None:
    assert subject_text(_certificate(_name(*PARTS[:2]))) == r"O=Écluse\, Inc. \+ Sons,C=BE"
    assert subject_text(_certificate(x509.Name([]))) == ""


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        r"C=BE,O=Écluse\, Inc. \+ Sons,OU=PEPPOL TEST SMP,CN=POP000001",
        r"CN=POP000001, OU=PEPPOL TEST SMP, O=Écluse\, Inc. \+ Sons, C=BE",
        r" cn=pop000001 , ou=peppol  test  smp,o=écluse\, inc. \+ sons,c=be ",
        r"CN=POP000001,OU=PEPPOL TEST SMP,O=\C3\89cluse\, Inc. \2B Sons,C=BE",
        r"2.5.4.3=POP000001,2.5.4.11=PEPPOL TEST SMP,2.5.4.10=Écluse\, Inc. \+ Sons,2.5.4.6=BE",
    ],
)
def test_same_subject_disregards_order_case_and_white_space(text: str) -> None:
    assert same_subject(text, _certificate(_name(*PARTS)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "POP000001",
        "CN=POP000002,OU=PEPPOL TEST SMP,O=Écluse\\, Inc. \\+ Sons,C=BE",
        "CN=POP000001,OU=PEPPOL TEST SMP,C=BE",
        TEXT + ",L=Liège",
        TEXT.replace("CN=", "OU="),
        "\\",
        "CN=\\",
        "=,+",
    ],
)
def test_same_subject_refuses_other_names_and_nonsense(text: str) -> None:
    assert not same_subject(text, _certificate(_name(*PARTS)))


@given(st.text(max_size=80))
def test_same_subject_never_fails(text: str) -> None:
    assert not same_subject(text, BARE)


def test_key_usages_are_read_or_absent(pki: DemoPki) -> None:
    assert key_usages(pki.smp.certificate) == {"digital_signature", "key_encipherment"}
    assert key_usages(BARE) is None


def test_pem_key_and_certificates_are_read_in_any_order(pki: DemoPki) -> None:
    key, own, issuer = (
        private_key_pem(pki.smp.private_key),
        certificates_pem(pki.smp.certificate),
        certificates_pem(pki.smp_ca.certificate),
    )
    for text in (key + own + issuer, issuer + own + key, own + key + issuer):
        loaded = load_signing_key(text)
        assert loaded.certificate == pki.smp.certificate
        assert loaded.chain == (pki.smp_ca.certificate,)
        assert loaded.private_key.private_numbers() == pki.smp.private_key.private_numbers()


@pytest.mark.parametrize("layout", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_encrypted_pem_needs_its_password(pki: DemoPki, layout: PrivateFormat) -> None:
    encrypted = pki.smp.private_key.private_bytes(Encoding.PEM, layout, BestAvailableEncryption(b"secret"))
    text = encrypted + certificates_pem(pki.smp.certificate)
    assert load_signing_key(text, b"secret").certificate == pki.smp.certificate
    with pytest.raises(CertificateError, match="password is wrong"):
        load_signing_key(text, b"guess")
    with pytest.raises(CertificateError, match="give its password"):
        load_signing_key(text)


def test_a_superfluous_password_does_no_harm(pki: DemoPki) -> None:
    assert load_signing_key(identity_pem(pki.smp), b"secret").certificate == pki.smp.certificate


@pytest.mark.parametrize("kind", ["rsa", "p-256", "p-384", "p-521", "ed25519"])
def test_a_key_of_every_kind_is_loaded_from_pem_and_pkcs12(kind: str) -> None:
    identity = new_keys()[kind]
    store = pkcs12.serialize_key_and_certificates(
        b"smp", identity.private_key, identity.certificate, None, BestAvailableEncryption(b"secret")
    )
    for loaded in (load_signing_key(identity_pem(identity)), load_signing_key(store, b"secret")):
        assert loaded.certificate == identity.certificate
        assert loaded.private_key.public_key() == public_key(identity.certificate)


def _pkcs12(pki: DemoPki, password: bytes | None) -> bytes:
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    issuers = [pki.smp_ca.certificate, pki.root.certificate]
    key = pki.smp.private_key
    return pkcs12.serialize_key_and_certificates(b"smp", key, pki.smp.certificate, issuers, encryption)


def test_pkcs12_is_recognised_and_needs_its_password(pki: DemoPki, tmp_path: Path) -> None:
    path = tmp_path / "smp.p12"
    path.write_bytes(_pkcs12(pki, b"secret"))
    loaded = load_signing_key(path, b"secret")
    assert loaded.certificate == pki.smp.certificate
    assert set(loaded.chain) == {pki.smp_ca.certificate, pki.root.certificate}
    with pytest.raises(CertificateError, match="password is wrong"):
        load_signing_key(path, b"guess")
    with pytest.raises(CertificateError, match="needs a password"):
        load_signing_key(path)
    assert load_signing_key(_pkcs12(pki, None)).certificate == pki.smp.certificate


def _no_key(pki: DemoPki) -> bytes:
    return pkcs12.serialize_key_and_certificates(None, None, None, [pki.smp_ca.certificate], NoEncryption())


def _ed448(pki: DemoPki) -> bytes:
    return ed448.Ed448PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


BAD_KEYS: dict[str, tuple[Callable[[DemoPki], bytes], str]] = {
    "nothing": (lambda pki: b"", "neither PEM nor PKCS#12"),
    "text": (lambda pki: b"key", "neither PEM nor PKCS#12"),
    "Java key store": (lambda pki: b"\xfe\xed\xfe\xed\0\0\0\2", "keytool -importkeystore"),
    "damaged PKCS#12": (lambda pki: _pkcs12(pki, None)[:500], "cannot be read"),
    "PKCS#12 without key": (_no_key, "holds no private key"),
    "PEM without key": (lambda pki: certificates_pem(pki.smp.certificate), "0 were found"),
    "PEM with two keys": (lambda pki: identity_pem(pki.smp) + identity_pem(pki.tls), "2 were found"),
    "key without certificate": (lambda pki: private_key_pem(pki.smp.private_key), "no certificate comes with"),
    "certificate of another key": (
        lambda pki: private_key_pem(pki.smp.private_key) + certificates_pem(pki.tls.certificate),
        "none of the certificates belongs to the key",
    ),
    "damaged key": (
        lambda pki: b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "damaged or unsupported",
    ),
    "key of another kind": (_ed448, "RSA, EC or Ed25519 is needed"),
    "key and damaged certificate": (
        lambda pki: (
            private_key_pem(pki.smp.private_key) + b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
        ),
        "cannot be read",
    ),
}


@pytest.mark.parametrize("case", BAD_KEYS)
def test_bad_signing_keys_are_refused_with_help(case: str, pki: DemoPki) -> None:
    make, text = BAD_KEYS[case]
    with pytest.raises(CertificateError, match=text):
        load_signing_key(make(pki))


def test_a_missing_key_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CertificateError, match=r"nowhere\.p12 cannot be read: No such file"):
        load_signing_key(tmp_path / "nowhere.p12")


def test_a_signing_key_cannot_have_a_foreign_certificate(pki: DemoPki) -> None:
    with pytest.raises(CertificateError, match="does not belong to the key"):
        SigningKey(pki.smp.private_key, pki.tls.certificate)


def test_a_signing_key_does_not_show_its_private_half(pki: DemoPki) -> None:
    assert "private" not in repr(pki.smp)


def test_real_certificates_are_read_and_named(corpus: Path) -> None:
    rows = json.loads((corpus / "trust_models" / "real_anchors" / "real_certs_68.json").read_text())
    for row in rows:
        certificate = load_certificate(row["pem"])
        assert fingerprint(certificate) == row["sha256"]
        assert same_subject(subject_text(certificate), certificate)
        assert same_subject(row["subject"], certificate)


def _limbo(corpus: Path, *wanted: str) -> list[dict[str, Any]]:
    cases = json.loads((corpus / "trust_models" / "x509_limbo" / "limbo-own-208.json").read_text())["testcases"]
    found = [case for case in cases if case["id"] in wanted]
    assert len(found) == len(wanted)
    return found


def test_extensions_that_cannot_be_read_are_an_error_of_ours(corpus: Path) -> None:
    """RFC 5280 §4.2 forbids an extension twice; two other ways to spoil one come along."""
    wanted = ("rfc5280::duplicate-extensions", "rfc5280::eku::ee-eku-empty", "webpki::malformed-aia")
    for case in _limbo(corpus, *wanted):
        with pytest.raises(CertificateError, match=r"extensions of .* cannot be read"):
            extensions(load_certificate(case["peer_certificate"]))


def test_keys_that_cannot_be_read_or_used_are_an_error_of_ours(corpus: Path) -> None:
    (case,) = _limbo(corpus, "invalid::invalid-issuer-key")
    with pytest.raises(CertificateError, match=r"public key of .* cannot be read"):
        public_key(load_certificate(case["untrusted_intermediates"][0]))
    (case,) = _limbo(corpus, "webpki::forbidden-dsa-leaf")
    with pytest.raises(CertificateError, match="neither RSA, EC nor Ed25519"):
        public_key(load_certificate(case["peer_certificate"]))
