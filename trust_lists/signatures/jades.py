# SPDX-License-Identifier: Apache-2.0
"""JAdES signatures of lists in compact form: TS 119 602 §6.8, made and verified.

Traps that this module knows of:

- The signer is the certificate that somebody announced, byte by byte. `x5c` says which of them signed, or, where it is
  absent, a digest does; a path from one certificate to another is not asked for.
- joserfc does neither sign nor verify here: it looks at no `x5c`, takes the last of two equal header members, decodes
  base64url with bits that mean nothing, and bounds headers at 512 bytes, which a certificate alone has.
- In a JWS, ECDSA values are two numbers side by side, and each algorithm has its one curve (RFC 7518 §3.4); the values
  are those of XML signatures, which is why `values` makes them.

Clauses: TS 119 182-1 V1.2.1 §6.3 (level B-B); RFC 7515 §3.1, §5; RFC 7518 §3.
"""

from base64 import b64encode
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from trust_lists.certificates.listed import ListedCertificate, listed
from trust_lists.certificates.parsing import PublicKey, SigningKey, public_key
from trust_lists.certificates.signed import public_key as verifying_key
from trust_lists.errors import CertificateError, SignatureInvalidError, SigningError
from trust_lists.signatures.jades_header import ALGORITHMS, JadesHeader, decode, encode, read_header
from trust_lists.signatures.list_policies import CURRENT
from trust_lists.signatures.list_signers import name_of, was_valid
from trust_lists.signatures.values import key_error, sign_value, verify_value
from trust_lists.strict_json import canonical_json
from trust_lists.xml import MAX_LIST_BYTES

_MAX_BYTES = MAX_LIST_BYTES // 3 * 4 + 200_000
_WHITE_SPACE = b" \t\r\n"
_CURVES = {"ES256": "secp256r1", "ES384": "secp384r1", "ES512": "secp521r1"}


@dataclass(frozen=True, slots=True)
class VerifiedJades:
    """What was signed, and by whom; whether that may be is said by who gave the `signers`.

    `signing_time` is the signer's claim, in UTC; None where there is none. `algorithm` as in JWS (`ES256`). `warnings`
    are sentences about what deviates from the standards and doesn't matter for security.
    """

    payload: bytes
    signer: ListedCertificate
    signing_time: datetime | None
    algorithm: str
    warnings: tuple[str, ...]


def sign_compact(payload: bytes, key: SigningKey, at: datetime) -> bytes:
    """`payload`, a list in JSON, with a JAdES-B-B signature, as compact JWS in ASCII.

    EC keys sign by the algorithm of their curve (P-256, P-384, P-521). RSA keys sign by PS256: TS 119 312 counts
    PKCS #1 v1.5 among what is to go away. The header has the signing time `at` to the second (`iat`), and the signer's
    certificate both in full (`x5c`, with the others of its path) and by digest (`x5t#S256`); nothing in it is critical.
    The result was verified.

    Raises SigningError: for no payload, a key of another kind or size, a certificate that is not valid `at` that time.
    """
    if not payload:
        raise SigningError("there is nothing to sign: without a payload the signature would be one of data elsewhere")
    signer = listed(key.certificate)
    try:
        algorithm = _algorithm_for(public_key(key.certificate))
    except CertificateError as error:
        raise SigningError(str(error)) from None
    header: dict[str, object] = {
        "alg": algorithm,
        "cty": "json",
        "iat": int(at.timestamp()),
        "typ": "JOSE",
        "x5c": [b64encode(each.der).decode() for each in (signer, *_path(key))],
        "x5t#S256": encode(bytes.fromhex(signer.sha256)).decode(),
    }
    signing_input = encode(canonical_json(header).encode()) + b"." + encode(payload)
    signed = signing_input + b"." + encode(sign_value(key.private_key, ALGORITHMS[algorithm], signing_input))
    try:
        verify_compact(signed, signers=(signer,), verification_time=at)
    except SignatureInvalidError as error:
        raise SigningError(f"the list cannot be signed: {error}") from None
    return signed


def verify_compact(
    data: bytes, *, signers: Collection[ListedCertificate] | None, verification_time: datetime | None = None
) -> VerifiedJades:
    """Verify a compact JWS, and that it is of one of the `signers`.

    With `signers` None anybody may have signed: only for procedures that look at the signer themselves. With a
    `verification_time` the signer's certificate must be valid then; without one it is an anchor, whose dates don't
    count, and a warning tells where it was not valid at the signing time. White space around the JWS is passed over.

    Raises SignatureInvalidError: TOO_LARGE, NOT_A_JWS, JSON_SERIALIZATION, ENCODING, those of `read_header`,
    SIGNING_CERTIFICATE, SIGNER_NOT_EXPECTED, SIGNER_NOT_VALID, KEY, SIGNATURE_MISMATCH.
    """
    protected, payload, value = _parts(data)
    header = read_header(decode(protected, "the header"))
    if not payload:
        raise SignatureInvalidError("DETACHED", "the signature has no payload")
    signer = _signer(header, signers)
    if signers is not None and signer not in signers:
        raise SignatureInvalidError(
            "SIGNER_NOT_EXPECTED", f"the list is signed by {name_of(signer)}, who is not expected"
        )
    key = _key(signer, header.algorithm)
    if verification_time is not None and not was_valid(signer, verification_time):
        raise SignatureInvalidError(
            "SIGNER_NOT_VALID", f"the certificate of {name_of(signer)} is not valid at {verification_time.isoformat()}"
        )
    decoded = decode(payload, "the payload")
    signature = decode(value, "the signature value")
    if not verify_value(key, ALGORITHMS[header.algorithm], signature, protected + b"." + payload):
        raise SignatureInvalidError("SIGNATURE_MISMATCH", "the signature value is wrong")
    warnings = header.warnings
    if header.signing_time is not None and not was_valid(signer, header.signing_time):
        warnings += ("the signer's certificate was not valid at the signing time",)
    return VerifiedJades(decoded, signer, header.signing_time, header.algorithm, warnings)


def _parts(data: bytes) -> tuple[bytes, bytes, bytes]:
    if len(data) > _MAX_BYTES:
        raise SignatureInvalidError("TOO_LARGE", f"the JWS has {len(data)} bytes; {_MAX_BYTES} are allowed")
    compact = data.strip(_WHITE_SPACE)
    if compact.startswith(b"{"):
        raise SignatureInvalidError(
            "JSON_SERIALIZATION", "this is JSON; a list of trusted entities has to be a compact JWS (TS 119 602 §6.8)"
        )
    match compact.split(b".", 3):
        case [header, payload, value]:
            return header, payload, value
    raise SignatureInvalidError("NOT_A_JWS", "this is no compact JWS, which has three parts with dots between them")


def _signer(header: JadesHeader, signers: Collection[ListedCertificate] | None) -> ListedCertificate:
    """The first of `x5c`, if all digests are of it; without `x5c`, that one of `signers` that all digests are of."""
    if header.certificates:
        signer = header.certificates[0]
        if not all(thumbprint.names(signer) for thumbprint in header.thumbprints):
            raise SignatureInvalidError(
                "SIGNING_CERTIFICATE", "x5c begins with another certificate than the digest is of"
            )
        return signer
    for each in signers or ():
        if all(thumbprint.names(each) for thumbprint in header.thumbprints):
            return each
    if signers is None:
        raise SignatureInvalidError("CERTIFICATE", "the signature names its certificate by a digest only")
    raise SignatureInvalidError("SIGNER_NOT_EXPECTED", "the digest of the signer's certificate is of none expected")


def _key(signer: ListedCertificate, algorithm: str) -> PublicKey:
    try:
        key = verifying_key(signer.key)
    except CertificateError as error:
        raise SignatureInvalidError("KEY", f"the key of {name_of(signer)}: {error}") from None
    if not isinstance(key, PublicKey):
        raise SignatureInvalidError("KEY", f"the key of {name_of(signer)} is neither RSA nor EC")
    unfit = key_error(key, ALGORITHMS[algorithm], CURRENT)
    if unfit is None and isinstance(key, EllipticCurvePublicKey) and key.curve.name != _CURVES[algorithm]:
        unfit = f"{algorithm} needs a key on the curve {_CURVES[algorithm]}, not {key.curve.name} (RFC 7518 §3.4)"
    if unfit is not None:
        raise SignatureInvalidError("KEY", unfit)
    return key


def _algorithm_for(key: PublicKey) -> str:
    if isinstance(key, RSAPublicKey):
        return "PS256"
    if isinstance(key, EllipticCurvePublicKey):
        for algorithm, curve in _CURVES.items():
            if key.curve.name == curve:
                return algorithm
    raise SigningError("a list in JSON can be signed by RSA keys and by EC keys on P-256, P-384 and P-521")


def _path(key: SigningKey) -> list[ListedCertificate]:
    """The certificates at hand above the signer's, each the issuer of the one before (RFC 7515 §4.1.6)."""
    left = [listed(certificate) for certificate in key.chain]
    path = [listed(key.certificate)]
    while issuers := [each for each in left if each.comparable_subject == path[-1].comparable_issuer]:
        path.append(issuers[0])
        left.remove(issuers[0])
    return path[1:]
