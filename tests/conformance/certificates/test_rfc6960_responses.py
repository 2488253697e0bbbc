# SPDX-License-Identifier: Apache-2.0
"""RFC 6960, clause by clause: responses that `cryptography` writes, from responders made when the test runs."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from tests.simulators.certificate_chains import NOW, Authority, CertificateKey, ec_key, rsa_key
from tests.simulators.revocation_evidence import DAY, HOUR, LONG_AGO, OCSP_RULES, issuer_of, responder_of
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.revocation.evidence import RevocationEvidence
from trust_lists.certificates.revocation.model import CrlReason, RevocationStatus, Status
from trust_lists.certificates.revocation.rules import RevocationRules
from trust_lists.certificates.revocation.status import check_revocation

CA = Authority("authority")
LEAF = CA.issue()
RESPONDER = responder_of(CA)
OK, REVOKED, UNKNOWN = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED, ocsp.OCSPCertStatus.UNKNOWN


def loaded(certificate: ListedCertificate) -> x509.Certificate:
    assert certificate.certificate is not None
    return certificate.certificate


def answer(
    status: ocsp.OCSPCertStatus = OK,
    *,
    about: ListedCertificate = LEAF,
    issuer: Authority = CA,
    signer: Authority = RESPONDER,
    encoding: ocsp.OCSPResponderEncoding = ocsp.OCSPResponderEncoding.NAME,
    algorithm: hashes.HashAlgorithm | None = None,
    next_update: datetime | None = NOW + DAY,
    nonce: bytes | None = None,
) -> bytes:
    revoked = (LONG_AGO, x509.ReasonFlags.ca_compromise) if status is REVOKED else (None, None)
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=loaded(about),
            issuer=loaded(issuer.certificate),
            algorithm=algorithm or hashes.SHA256(),
            cert_status=status,
            this_update=NOW - HOUR,
            next_update=next_update,
            revocation_time=revoked[0],
            revocation_reason=revoked[1],
        )
        .responder_id(encoding, loaded(signer.certificate))
        .certificates([loaded(signer.certificate)])
    )
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.sign(signer.key, _hash(signer.key)).public_bytes(Encoding.DER)


def _hash(key: CertificateKey) -> hashes.HashAlgorithm | None:
    return hashes.SHA256() if isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) else None


def asked(
    data: bytes, certificate: ListedCertificate = LEAF, issuer: Authority = CA, rules: RevocationRules = OCSP_RULES
) -> RevocationStatus:
    return check_revocation(certificate, issuer_of(issuer), NOW, RevocationEvidence((), [data]), rules)


def test_rfc6960_2_2_good_revoked_and_unknown() -> None:
    assert [asked(answer(status)).status for status in (OK, REVOKED, UNKNOWN)] == [
        Status.GOOD,
        Status.REVOKED,
        Status.UNKNOWN,
    ]
    revocation = asked(answer(REVOKED)).revocation
    assert revocation is not None
    assert (revocation.date, revocation.reason) == (LONG_AGO, CrlReason.CA_COMPROMISE)


@pytest.mark.parametrize(
    "status",
    [
        ocsp.OCSPResponseStatus.MALFORMED_REQUEST,
        ocsp.OCSPResponseStatus.INTERNAL_ERROR,
        ocsp.OCSPResponseStatus.TRY_LATER,
        ocsp.OCSPResponseStatus.SIG_REQUIRED,
        ocsp.OCSPResponseStatus.UNAUTHORIZED,
    ],
)
def test_rfc6960_2_3_an_error_says_nothing_about_a_certificate(status: ocsp.OCSPResponseStatus) -> None:
    data = ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)
    found = asked(data)
    name = status.name.replace("_", "").lower()
    assert found.status is Status.UNKNOWN
    assert name in found.reasons[-1].message.lower()


@pytest.mark.parametrize(
    "algorithm",
    [hashes.SHA1(), hashes.SHA224(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512()],  # noqa: S303
    ids=lambda each: each.name,
)
@pytest.mark.parametrize("encoding", ocsp.OCSPResponderEncoding, ids=lambda each: each.name)
def test_rfc6960_4_1_1_a_certificate_is_told_by_any_hash(
    algorithm: hashes.HashAlgorithm, encoding: ocsp.OCSPResponderEncoding
) -> None:
    assert asked(answer(algorithm=algorithm, encoding=encoding)).status is Status.GOOD


@pytest.mark.parametrize(
    "key",
    [
        lambda: ec_key(ec.BrainpoolP256R1()),
        lambda: ec_key(ec.SECP521R1()),
        lambda: rsa_key(2048),
        ed25519.Ed25519PrivateKey.generate,
        ed448.Ed448PrivateKey.generate,
    ],
    ids=["brainpool", "p521", "rsa", "ed25519", "ed448"],
)
def test_rfc6960_4_3_responders_sign_with_any_key(key: Callable[[], CertificateKey]) -> None:
    authority = Authority("authority", key=key())
    leaf = authority.issue()
    data = answer(about=leaf, issuer=authority, signer=authority)
    assert asked(data, leaf, authority).status is Status.GOOD


def test_rfc6960_3_2_1_another_serial_number_is_another_certificate() -> None:
    found = asked(answer(about=CA.issue()))
    assert (found.status, found.reasons[0].id) == (Status.UNKNOWN, "NO_OCSP")


def test_rfc6960_3_2_6_without_next_update_nobody_knows_for_how_long() -> None:
    data = answer(next_update=None)
    assert asked(data).reasons[0].id == "EVIDENCE_WITHOUT_END"
    assert asked(data, rules=replace(OCSP_RULES, freshness=2 * HOUR)).status is Status.GOOD


def test_rfc6960_4_2_2_2_the_issuer_itself_may_answer() -> None:
    assert asked(answer(signer=CA)).status is Status.GOOD


def test_rfc6960_4_2_2_2_who_has_the_issuers_name_and_another_key_is_not_the_issuer() -> None:
    found = asked(answer(signer=Authority("authority")))
    assert (found.status, found.reasons[0].id) == (Status.UNKNOWN, "OCSP_RESPONDER_NOT_AUTHORIZED")


def test_rfc6960_4_2_2_2_a_responder_of_the_authority_above_is_not_authorized() -> None:
    below = Authority("below", CA)
    leaf = below.issue()
    found = asked(answer(about=leaf, issuer=below), leaf, below)
    assert (found.status, found.reasons[0].id) == (Status.UNKNOWN, "OCSP_RESPONDER_NOT_VALID")


def test_rfc6960_4_4_1_a_nonce_does_not_matter() -> None:
    assert asked(answer(nonce=b"any number")).status is Status.GOOD
