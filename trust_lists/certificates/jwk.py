# SPDX-License-Identifier: Apache-2.0
"""Public keys in JSON (RFC 7517): read strictly, as SubjectPublicKeyInfo and with their thumbprint (RFC 7638).

A thumbprint is of the characters that stand there, so numbers are taken in their one base64url form only (RFC 7518
§6.2.1.2, §6.3.1.1): else one key would have several thumbprints. A key that shows its private part is no key that
anybody may be trusted by.
"""

import binascii
from base64 import urlsafe_b64encode
from collections import Counter
from dataclasses import dataclass
from hashlib import sha256

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.parsing import MAX_CERTIFICATE_BYTES
from trust_lists.certificates.public_keys import canonical_key, ec_key, edwards_key, rsa_key
from trust_lists.errors import CertificateError, shown
from trust_lists.strict_json import canonical_json

MAX_KEYS = 100
"""Of one set."""

_CURVES = {"P-256": ("1.2.840.10045.3.1.7", 32), "P-384": ("1.3.132.0.34", 48), "P-521": ("1.3.132.0.35", 66)}
_REQUIRED = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}
_PRIVATE = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")


@dataclass(frozen=True, slots=True)
class Jwk:
    """A public key. Texts are "" where the key says nothing."""

    key: bytes
    """SubjectPublicKeyInfo, as `canonical_key` has it."""
    thumbprint: str
    """RFC 7638, SHA-256, base64url: 43 characters."""
    kid: str = ""
    use: str = ""
    """`sig`, `enc`, or what somebody else has defined (RFC 7517 §4.2)."""
    algorithm: str = ""
    certificate: ListedCertificate | None = None
    """The first of `x5c`: it has this very key (RFC 7517 §4.7)."""


def read_jwk(value: object) -> Jwk:
    """The key of a JSON object. Raises CertificateError."""
    if not isinstance(value, dict):
        raise CertificateError("a key is no JSON object")
    kind = value.get("kty")
    if not isinstance(kind, str) or kind not in _REQUIRED:
        raise CertificateError(f"a key is of a kind that is not supported: {shown(str(kind))!r}")
    if any(name in value for name in _PRIVATE):
        raise CertificateError("a key shows its private part, so that anybody could use it")
    members = {name: _text(value, name) for name in _REQUIRED[kind]}
    key = canonical_key(_key(kind, members))
    return Jwk(
        key=key,
        thumbprint=urlsafe_b64encode(sha256(canonical_json(members).encode()).digest()).decode().rstrip("="),
        kid=_text(value, "kid") if "kid" in value else "",
        use=_text(value, "use") if "use" in value else "",
        algorithm=_text(value, "alg") if "alg" in value else "",
        certificate=_certificate(value["x5c"], key) if "x5c" in value else None,
    )


def read_jwks(value: object) -> tuple[Jwk, ...]:
    """The keys of a JWK Set, in their order; those that can't be read are passed over, as RFC 7517 §5 wants it.

    Raises CertificateError: for what is no set, for too many keys, and for a `kid` that stands twice.
    """
    keys = value.get("keys") if isinstance(value, dict) else None
    if not isinstance(keys, list):
        raise CertificateError("this is no JWK Set")
    if len(keys) > MAX_KEYS:
        raise CertificateError(f"a JWK Set has {len(keys)} keys; {MAX_KEYS} are allowed")
    names = Counter(each.get("kid") for each in keys if isinstance(each, dict) and isinstance(each.get("kid"), str))
    if any(count > 1 for count in names.values()):
        raise CertificateError("two keys of a JWK Set have the same kid")
    found = []
    for each in keys:
        try:
            found.append(read_jwk(each))
        except CertificateError:
            continue
    return tuple(found)


def _key(kind: str, members: dict[str, str]) -> bytes:
    if kind == "RSA":
        modulus, exponent = _octets(members["n"]), _octets(members["e"])
        if not modulus[0] or not exponent[0]:
            raise CertificateError("a number of a key begins with zeros (RFC 7518 §6.3.1)")
        return rsa_key(modulus, exponent)
    if kind == "OKP":
        return edwards_key(members["crv"], _octets(members["x"]))
    if members["crv"] not in _CURVES:
        raise CertificateError(f"a key is on a curve that is not supported: {shown(members['crv'])!r}")
    curve, length = _CURVES[members["crv"]]
    x, y = _octets(members["x"]), _octets(members["y"])
    if len(x) != length or len(y) != length:
        raise CertificateError("a coordinate of a key has not the length of its curve (RFC 7518 §6.2.1.2)")
    return ec_key(curve, b"\x04" + x + y)


def _certificate(value: object, key: bytes) -> ListedCertificate:
    first = value[0] if isinstance(value, list) and value else None
    if not isinstance(first, str) or len(first) > 2 * MAX_CERTIFICATE_BYTES:
        raise CertificateError("x5c of a key is no list of certificates")
    try:
        found = ListedCertificate(binascii.a2b_base64(first.encode(), strict_mode=True))
    except ValueError:
        raise CertificateError("a certificate in x5c is not base64") from None
    if canonical_key(found.key) != key:
        raise CertificateError("the certificate in x5c is of another key (RFC 7517 §4.7)")
    return found


def _text(value: dict[str, object], name: str) -> str:
    found = value.get(name)
    if not isinstance(found, str) or not found:
        raise CertificateError(f"{name} of a key is no text")
    return found


def _octets(text: str) -> bytes:
    try:
        raw = text.encode("ascii")
        decoded = binascii.a2b_base64(raw.translate(bytes.maketrans(b"-_", b"+/")) + b"=" * (-len(raw) % 4))
    except ValueError:
        decoded = b""
    if not decoded or urlsafe_b64encode(decoded).decode().rstrip("=") != text:
        raise CertificateError("a number of a key is not base64url")
    return decoded
