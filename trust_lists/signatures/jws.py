# SPDX-License-Identifier: Apache-2.0
"""Compact JWS whose keys come from somewhere else: statements and trust marks of OpenID Federation 1.0.

Whoever wrote a header must not choose how it is understood: the type is the one that is expected, nothing is critical,
keys and certificates in the header have no say, and `none` is no algorithm. joserfc doesn't verify here for the reasons
that `jades` names. Clauses: RFC 7515 §4, §5.2; RFC 7518 §3; RFC 8037 §3.1; RFC 8725 §3.1, §3.11.
"""

from dataclasses import dataclass
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from trust_lists.certificates.jwk import Jwk
from trust_lists.certificates.parsing import PublicKey
from trust_lists.certificates.signed import public_key
from trust_lists.errors import CertificateError, JsonRefusedError, SignatureInvalidError, shown
from trust_lists.signatures import jades_header
from trust_lists.signatures.jades_header import decode
from trust_lists.signatures.profiles import ED25519, SHA256, SHA384, SHA512, SignatureProfile
from trust_lists.signatures.values import key_error, verify_value
from trust_lists.strict_json import parse_json

MAX_JWS_BYTES = 500_000

_ALGORITHMS = {**jades_header.ALGORITHMS, "EdDSA": ED25519, "Ed25519": ED25519}
_CURVES = {"ES256": "secp256r1", "ES384": "secp384r1", "ES512": "secp521r1"}
_PROFILE = SignatureProfile(
    name="JWS",
    canonicalizations=(),
    signature_methods=tuple(dict.fromkeys(_ALGORITHMS.values())),
    digest_methods=(SHA256, SHA384, SHA512),
    transforms=(),
)


@dataclass(frozen=True, slots=True)
class UnverifiedJws:
    """A JWS of an expected form. Nothing of it is to be believed before `is_signed_with`."""

    algorithm: str
    kid: str
    """Not empty."""
    payload: bytes
    signing_input: bytes
    signature: bytes

    def is_signed_with(self, key: Jwk) -> bool:
        """Whether this is the key that the header names, it may be used so, and it made the signature."""
        if key.kid != self.kid or key.use not in {"", "sig"} or key.algorithm not in {"", self.algorithm}:
            return False
        return _holds(self.algorithm, self.signing_input, self.signature, key.key)


def read_jws(text: str, kind: str) -> UnverifiedJws:
    """The parts of a compact JWS of a type (`entity-statement+jwt`).

    Raises SignatureInvalidError: TOO_LARGE, NOT_A_JWS, ENCODING, HEADER, TYPE, ALGORITHM, CRITICAL_HEADER, KEY_ID.
    """
    if len(text) > MAX_JWS_BYTES:
        raise SignatureInvalidError("TOO_LARGE", f"a JWS has {len(text)} characters; {MAX_JWS_BYTES} are allowed")
    parts = text.encode("utf-8", "replace").split(b".", 3)
    if len(parts) != 3 or not all(parts):
        raise SignatureInvalidError("NOT_A_JWS", "this is no compact JWS, which has three parts with dots between them")
    protected, payload, value = parts
    header = _header(decode(protected, "the header"))
    if header.get("typ") != kind:
        raise SignatureInvalidError("TYPE", f"the JWS is of the type {shown(str(header.get('typ')))!r}, not {kind}")
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in _ALGORITHMS:
        raise SignatureInvalidError("ALGORITHM", f"the algorithm {shown(str(algorithm))!r} is not accepted")
    if "crit" in header:
        raise SignatureInvalidError("CRITICAL_HEADER", "the header demands that something be understood (crit)")
    if not isinstance(kid, str) or not kid:
        raise SignatureInvalidError("KEY_ID", "the header does not name its key (kid)")
    return UnverifiedJws(
        algorithm=algorithm,
        kid=kid,
        payload=decode(payload, "the payload"),
        signing_input=protected + b"." + payload,
        signature=decode(value, "the signature value"),
    )


def _header(data: bytes) -> dict[str, object]:
    try:
        header = parse_json(data, max_bytes=jades_header.MAX_HEADER_BYTES)
    except JsonRefusedError as error:
        raise SignatureInvalidError("HEADER", f"the header of a JWS: {error}") from None
    if not isinstance(header, dict):
        raise SignatureInvalidError("HEADER", "the header of a JWS is no JSON object")
    return header


# The same statements are looked at for each certificate of a party.
@lru_cache(maxsize=4096)
def _holds(algorithm: str, signing_input: bytes, signature: bytes, encoded: bytes) -> bool:
    try:
        key = public_key(encoded)
    except CertificateError:
        return False
    method = _ALGORITHMS[algorithm]
    if not isinstance(key, PublicKey) or key_error(key, method, _PROFILE) is not None:
        return False
    # RFC 7518 §3.4: each algorithm has its one curve
    if isinstance(key, EllipticCurvePublicKey) and key.curve.name != _CURVES[algorithm]:
        return False
    return verify_value(key, method, signature, signing_input)
