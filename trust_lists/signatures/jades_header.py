# SPDX-License-Identifier: Apache-2.0
"""The protected header of a JAdES signature in compact form: what it says, checked for form only.

What names a key in other ways (`jku`, `jwk`, `x5u`, `kid`) has no say and is never fetched. Members that nobody knows
are passed over unless they are critical, as RFC 7515 §4 wants it.

Clauses: TS 119 182-1 V1.2.1 §5.1, §5.2, §6.3 (level B-B); RFC 7515 §4; RFC 7797 §3 (`b64`).
"""

import binascii
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NoReturn

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.parsing import MAX_CERTIFICATE_BYTES
from trust_lists.errors import JsonRefusedError, SignatureInvalidError
from trust_lists.instants import read_instant
from trust_lists.signatures import profiles
from trust_lists.strict_json import parse_json

MAX_HEADER_BYTES = 100_000
ALGORITHMS = {
    "ES256": profiles.ECDSA_SHA256,
    "ES384": profiles.ECDSA_SHA384,
    "ES512": profiles.ECDSA_SHA512,
    "PS256": profiles.PSS_SHA256,
    "PS384": profiles.PSS_SHA384,
    "PS512": profiles.PSS_SHA512,
    "RS256": profiles.RSA_SHA256,
    "RS384": profiles.RSA_SHA384,
    "RS512": profiles.RSA_SHA512,
}
"""Those of RFC 7518 that are signatures by keys in certificates -> the same algorithm in XML (RFC 9231)."""

Header = dict[str, object]

_MAX_CERTIFICATES = 10
_UNDERSTOOD = frozenset({"b64", "iat", "sigT", "sigX5ts", "x5t#o"})
_REGISTERED = frozenset({"alg", "jku", "jwk", "kid", "x5u", "x5c", "x5t", "x5t#S256", "typ", "cty", "crit"})
"""RFC 7515 defines them, so they may not be in `crit`."""
_HASHES: dict[str, Callable[[bytes], "hashlib._Hash"]] = {
    "S256": hashlib.sha256,
    "S384": hashlib.sha384,
    "S512": hashlib.sha512,
    "sha-256": hashlib.sha256,
    "sha-384": hashlib.sha384,
    "sha-512": hashlib.sha512,
}
_BASE64URL = re.compile(rb"[A-Za-z0-9_-]*")
_NO_SIGT_AFTER = datetime(2025, 7, 15, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Thumbprint:
    """A digest of the signer's certificate, as the signer names it."""

    hash: str
    digest: bytes

    def names(self, certificate: ListedCertificate) -> bool:
        """Whether it is of this certificate."""
        return _HASHES[self.hash](certificate.der).digest() == self.digest


@dataclass(frozen=True, slots=True)
class JadesHeader:
    """`certificates` are those of `x5c`, the signer's first; `thumbprints` are all of the signer's certificate."""

    algorithm: str
    certificates: tuple[ListedCertificate, ...]
    thumbprints: tuple[Thumbprint, ...]
    signing_time: datetime | None
    warnings: tuple[str, ...]


def read_header(data: bytes) -> JadesHeader:
    """The header from its decoded bytes.

    Raises SignatureInvalidError: HEADER, ALGORITHM, CRITICAL_HEADER, UNENCODED_PAYLOAD, DETACHED, CERTIFICATE,
    SIGNING_TIME.
    """
    try:
        header = parse_json(data, max_bytes=MAX_HEADER_BYTES)
    except JsonRefusedError as error:
        _refuse("HEADER", f"the header of the signature: {error}")
    if not isinstance(header, dict):
        _refuse("HEADER", "the header of the signature is no JSON object")
    algorithm = _algorithm(header)
    _check_critical(header)
    for name in ("typ", "cty"):
        if not isinstance(header.get(name, ""), str):
            _refuse("HEADER", f"{name} is no string")
    certificates, thumbprints = _certificates(header), _thumbprints(header)
    if not certificates and not thumbprints:
        _refuse("CERTIFICATE", "the signature does not name its certificate (TS 119 182-1 §5.1.7)")
    signing_time = _signing_time(header)
    return JadesHeader(algorithm, certificates, thumbprints, signing_time, _warnings(header, signing_time))


def decode(part: bytes, what: str) -> bytes:
    """Base64url as RFC 7515 §2 has it: no padding, no other characters, and no bits that mean nothing.

    Raises SignatureInvalidError ENCODING.
    """
    padded = part.translate(bytes.maketrans(b"-_", b"+/")) + b"=" * (-len(part) % 4)
    try:
        decoded = binascii.a2b_base64(padded)
    except ValueError:
        decoded = b""
    if not _BASE64URL.fullmatch(part) or encode(decoded) != part:
        _refuse("ENCODING", f"{what} is not base64url")
    return decoded


def encode(data: bytes) -> bytes:
    """The same, the other way."""
    encoded = binascii.b2a_base64(data, newline=False).rstrip(b"=")
    return encoded.translate(bytes.maketrans(b"+/", b"-_"))


def _algorithm(header: Header) -> str:
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        _refuse(
            "ALGORITHM", f"the algorithm {str(algorithm)[:40]!r} is not accepted; use one of {', '.join(ALGORITHMS)}"
        )
    return algorithm


def _check_critical(header: Header) -> None:
    critical = header.get("crit", [])
    if not isinstance(critical, list) or ("crit" in header and not critical):
        _refuse("CRITICAL_HEADER", "crit is no list of names")
    for name in critical:
        if not isinstance(name, str) or name not in header or name in _REGISTERED or critical.count(name) > 1:
            _refuse("CRITICAL_HEADER", f"crit may not name {str(name)[:40]!r} (RFC 7515 §4.1.11)")
        if name not in _UNDERSTOOD and name != "sigD":
            _refuse("CRITICAL_HEADER", f"the signature demands that {name[:40]!r} be understood, which it isn't here")
    if header.get("b64", True) is not True:
        _refuse("UNENCODED_PAYLOAD", "the payload is not encoded (b64), which a list may not be")
    if "sigD" in header:
        _refuse("DETACHED", "the signature is about data elsewhere (sigD), not about a list inside of it")


def _certificates(header: Header) -> tuple[ListedCertificate, ...]:
    chain = header.get("x5c")
    if chain is None:
        return ()
    if not isinstance(chain, list) or not 1 <= len(chain) <= _MAX_CERTIFICATES:
        _refuse("CERTIFICATE", f"x5c is no list of 1 to {_MAX_CERTIFICATES} certificates")
    return tuple(_certificate(each) for each in chain)


def _certificate(text: object) -> ListedCertificate:
    if not isinstance(text, str) or len(text) > 2 * MAX_CERTIFICATE_BYTES:
        _refuse("CERTIFICATE", "a certificate in x5c is no text, or too large to be one")
    try:
        return ListedCertificate(binascii.a2b_base64(text.encode(), strict_mode=True))
    except ValueError:
        _refuse("CERTIFICATE", "a certificate in x5c is not base64")


def _thumbprints(header: Header) -> tuple[Thumbprint, ...]:
    found: list[Thumbprint] = []
    if "x5t#S256" in header:
        found.append(Thumbprint("S256", _digest(header["x5t#S256"])))
    if "x5t#o" in header:
        found.append(_thumbprint(header["x5t#o"]))
    if "sigX5ts" in header:
        several = header["sigX5ts"]
        if not isinstance(several, list) or not several:
            _refuse("CERTIFICATE", "sigX5ts is no list of digests")
        found.append(_thumbprint(several[0]))
    return tuple(found)


def _thumbprint(value: object) -> Thumbprint:
    name = value.get("digAlg") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(name, str) or name not in _HASHES:
        _refuse("CERTIFICATE", "the signer's certificate is named by a digest that is not accepted")
    return Thumbprint(name, _digest(value.get("digVal")))


def _digest(value: object) -> bytes:
    if not isinstance(value, str):
        _refuse("CERTIFICATE", "a digest of the signer's certificate is no text")
    return decode(value.encode(), "a digest of the signer's certificate")


def _signing_time(header: Header) -> datetime | None:
    issued, claimed = _issued_at(header), _claimed(header)
    if issued and claimed and abs((issued - claimed).total_seconds()) >= 1:
        _refuse("SIGNING_TIME", "iat and sigT tell different signing times")
    return issued or claimed


def _issued_at(header: Header) -> datetime | None:
    value = header.get("iat")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        _refuse("SIGNING_TIME", "iat is no number of seconds")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        _refuse("SIGNING_TIME", "iat is no instant")


def _claimed(header: Header) -> datetime | None:
    value = header.get("sigT")
    if value is None:
        return None
    instant = read_instant(value) if isinstance(value, str) else None
    if instant is None:
        _refuse("SIGNING_TIME", "sigT is no date and time")
    return instant


def _warnings(header: Header, signing_time: datetime | None) -> tuple[str, ...]:
    warnings: list[str] = []
    if signing_time is None:
        warnings.append("there is no signing time (TS 119 182-1 §6.3)")
    elif "iat" not in header and signing_time >= _NO_SIGT_AFTER:
        warnings.append("the signing time is told by sigT; since 2025-07-15 it has to be iat (TS 119 182-1 §5.1.11)")
    if "x5t" in header:
        warnings.append("the signer's certificate is named by a SHA-1 digest, x5t (TS 119 182-1 §5.1.6)")
    return tuple(warnings)


def _refuse(reason_id: str, message: str) -> NoReturn:
    raise SignatureInvalidError(reason_id, message)
