# SPDX-License-Identifier: Apache-2.0
"""Whether a certificate was signed with a key (RFC 5280 §6.1.3 (a)(1)), by the primitives of `cryptography`.

Paths into the past need what nobody would sign with today: SHA-1, RSA of 1024 bits, keys with encoding errors. Whether
an algorithm was good enough at its time is another question, and isn't asked here. MD5 is not supported, and DSA on
certificates and the like only: nothing that is read today is signed with it.
"""

from collections.abc import Callable
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from trust_lists.certificates import der
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.errors import CertificateError, PathLimitError

VerifyingKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | ed448.Ed448PublicKey
_AnyKey = VerifyingKey | dsa.DSAPublicKey

MAX_SIGNATURES = 500
"""That one search for paths verifies: some hundredths of a second with usual keys."""

_RSA = "1.2.840.113549.1.1"
_PSS = f"{_RSA}.10"
_MGF1 = f"{_RSA}.8"
_ED25519, _ED448 = "1.3.101.112", "1.3.101.113"
_DSA = "1.2.840.10040.4.1"
_WITHOUT_PARAMETERS = frozenset({bytes.fromhex("300906072a8648ce380401"), bytes.fromhex("300b06072a8648ce3804010500")})
_RSA_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    f"{_RSA}.5": hashes.SHA1,
    "1.3.14.3.2.29": hashes.SHA1,
    f"{_RSA}.14": hashes.SHA224,
    f"{_RSA}.11": hashes.SHA256,
    f"{_RSA}.12": hashes.SHA384,
    f"{_RSA}.13": hashes.SHA512,
}
_DSA_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "1.2.840.10040.4.3": hashes.SHA1,
    "2.16.840.1.101.3.4.3.1": hashes.SHA224,
    "2.16.840.1.101.3.4.3.2": hashes.SHA256,
    "2.16.840.1.101.3.4.3.3": hashes.SHA384,
    "2.16.840.1.101.3.4.3.4": hashes.SHA512,
}
_ECDSA_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "1.2.840.10045.4.1": hashes.SHA1,
    "1.2.840.10045.4.3.1": hashes.SHA224,
    "1.2.840.10045.4.3.2": hashes.SHA256,
    "1.2.840.10045.4.3.3": hashes.SHA384,
    "1.2.840.10045.4.3.4": hashes.SHA512,
}
_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "1.3.14.3.2.26": hashes.SHA1,
    "2.16.840.1.101.3.4.2.4": hashes.SHA224,
    "2.16.840.1.101.3.4.2.1": hashes.SHA256,
    "2.16.840.1.101.3.4.2.2": hashes.SHA384,
    "2.16.840.1.101.3.4.2.3": hashes.SHA512,
}
_PSS_DEFAULT = _HASHES["1.3.14.3.2.26"]
_Verification = Callable[[_AnyKey, bytes, bytes], None]


class Signatures:
    """The signatures of one search: each is verified once, and not more than `limit` of them."""

    def __init__(self, limit: int = MAX_SIGNATURES) -> None:
        self._left = limit
        self._known: dict[tuple[bytes, bytes], bool | CertificateError] = {}

    def hold(self, certificate: ListedCertificate, key: bytes) -> bool:
        """Whether `key` (SubjectPublicKeyInfo) signed the certificate.

        Raises CertificateError where that can't be told, and PathLimitError where it would be one signature too many.
        """
        known = self._known.get((certificate.der, key))
        if known is None:
            self._spend()
            known = self._known[certificate.der, key] = _outcome(certificate, key)
        if isinstance(known, CertificateError):
            raise CertificateError(str(known))
        return known

    def may_hold(self, certificate: ListedCertificate, key: bytes) -> bool:
        """Whether it isn't known that `key` did not sign it: a key may lack the parameters that its issuer's has.

        Raises PathLimitError as `hold` does; what can't be told yet costs as much as what can.
        """
        if lacks_parameters(key):
            self._spend()
            return True
        try:
            return self.hold(certificate, key)
        except CertificateError:
            return False

    def _spend(self) -> None:
        if not self._left:
            raise PathLimitError("there are more signatures to verify than one search may take")
        self._left -= 1


# The same few authorities stand above all certificates that anybody asks about.
@lru_cache(maxsize=2048)
def _outcome(certificate: ListedCertificate, key: bytes) -> bool | CertificateError:
    try:
        return is_signed_with(certificate, key)
    except CertificateError as error:
        return error


def is_signed_with(certificate: ListedCertificate, key: bytes) -> bool:
    """Whether `key` (SubjectPublicKeyInfo) signed the certificate; names and dates are not looked at.

    Raises CertificateError where that can't be told: no signature, unknown algorithm, unreadable key.
    """
    slices = certificate.slices
    if slices is None or not slices.signature:
        raise CertificateError("the certificate has no signature that could be found")
    if slices.algorithm != slices.inner_algorithm:
        return False  # RFC 5280 §4.1.1.2
    return signature_holds(slices.signed, slices.algorithm, slices.signature, key)


def signature_holds(signed: bytes, algorithm: bytes, signature: bytes, key: bytes) -> bool:
    """Whether `key` (SubjectPublicKeyInfo) made the signature over these bytes, of a certificate, a CRL or a response.

    `algorithm` is an AlgorithmIdentifier in DER. Raises CertificateError where that can't be told.
    """
    verify = _verification(algorithm)
    try:
        verify(_any_key(key), signature, signed)
    except InvalidSignature:
        return False
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise CertificateError(f"the signature can't be verified: {error}") from None
    return True


def public_key(key: bytes) -> VerifyingKey:
    """The key of a SubjectPublicKeyInfo; also RSA keys with numbers that aren't quite DER. Raises CertificateError."""
    loaded = _any_key(key)
    if isinstance(loaded, dsa.DSAPublicKey):
        raise CertificateError("the key is neither RSA, EC, Ed25519 nor Ed448")
    return loaded


@lru_cache(maxsize=2048)
def _any_key(key: bytes) -> _AnyKey:
    try:
        loaded = load_der_public_key(key)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        loaded = _tolerant_rsa_key(key)
    if not isinstance(loaded, _AnyKey):
        raise CertificateError("the key is neither RSA, EC, DSA, Ed25519 nor Ed448")
    return loaded


def lacks_parameters(key: bytes) -> bool:
    """Whether it is a DSA key that has the parameters of its issuer's (RFC 3279 §2.3.2), and can't be used without."""
    return _dsa_algorithm(key) in _WITHOUT_PARAMETERS


def with_parameters(key: bytes, above: bytes) -> bytes:
    """A SubjectPublicKeyInfo with the parameters of its issuer's where it has none (RFC 5280 §6.1.4 (d) to (f)).

    Unchanged where it needs none, or where the issuer's has none to give.
    """
    algorithm = _dsa_algorithm(above)
    if not lacks_parameters(key) or not algorithm or algorithm in _WITHOUT_PARAMETERS:
        return key
    return der.encoded(der.SEQUENCE, algorithm + _pair(key)[1].encoded)


@lru_cache(maxsize=2048)
def _dsa_algorithm(key: bytes) -> bytes:
    """The AlgorithmIdentifier of a DSA key; b"" for any other."""
    try:
        algorithm, _ = _pair(key)
        return algorithm.encoded if der.oid(der.element(algorithm.content)[0]) == _DSA else b""
    except CertificateError:
        return b""


def _tolerant_rsa_key(key: bytes) -> rsa.RSAPublicKey:
    algorithm, bits = _pair(key)
    if der.oid(der.element(algorithm.content)[0]) != f"{_RSA}.1":
        raise CertificateError("the public key can't be read")
    modulus, exponent = _pair(der.bits(bits))
    numbers = (int.from_bytes(each.content, "big") for each in (exponent, modulus))
    try:
        return rsa.RSAPublicNumbers(*numbers).public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise CertificateError("the public key can't be read") from None


def _pair(data: bytes) -> tuple[der.Element, der.Element]:
    found = der.sequence(data)
    if len(found) != 2:
        raise CertificateError("a public key has not the parts that it should have")
    return found[0], found[1]


@lru_cache(maxsize=256)
def _verification(algorithm: bytes) -> _Verification:
    """How signatures of an AlgorithmIdentifier are verified. Raises CertificateError."""
    parts = der.sequence(algorithm)
    if not parts:
        raise CertificateError("a signature algorithm has no name")
    name = der.oid(parts[0])
    if name in _RSA_HASHES:
        return _rsa(padding.PKCS1v15(), _RSA_HASHES[name]())
    if name in _ECDSA_HASHES:
        return _ecdsa(_ECDSA_HASHES[name]())
    if name in _DSA_HASHES:
        return _dsa(_DSA_HASHES[name]())
    if name == _PSS:
        return _pss(parts[1].encoded if len(parts) > 1 else b"\x30\x00")
    if name in {_ED25519, _ED448}:
        return _eddsa
    raise CertificateError(f"signatures of the algorithm {name} are not supported")


@lru_cache(maxsize=256)
def signature_hash(algorithm: bytes) -> str | None:
    """The hash of an AlgorithmIdentifier for signatures, such as `sha256`; None where there is none to choose (EdDSA).

    Raises CertificateError where it is none that is known.
    """
    parts = der.sequence(algorithm)
    name = der.oid(parts[0]) if parts else ""
    if name in {_ED25519, _ED448}:
        return None
    for known in (_RSA_HASHES, _ECDSA_HASHES, _DSA_HASHES):
        if name in known:
            return known[name]().name
    if name != _PSS:
        raise CertificateError(f"signatures of the algorithm {name} are not supported")
    given = {each.tag: each.content for each in der.sequence(parts[1].encoded)} if len(parts) > 1 else {}
    content = given.get(der.context(0, constructed=True))
    return (_hash(content) if content else _PSS_DEFAULT()).name


def _rsa(scheme: padding.AsymmetricPadding, algorithm: hashes.HashAlgorithm) -> _Verification:
    def verify(key: _AnyKey, signature: bytes, data: bytes) -> None:
        if not isinstance(key, rsa.RSAPublicKey):
            raise InvalidSignature
        key.verify(signature, data, scheme, algorithm)

    return verify


def _ecdsa(algorithm: hashes.HashAlgorithm) -> _Verification:
    def verify(key: _AnyKey, signature: bytes, data: bytes) -> None:
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise InvalidSignature
        key.verify(signature, data, ec.ECDSA(algorithm))

    return verify


def _dsa(algorithm: hashes.HashAlgorithm) -> _Verification:
    def verify(key: _AnyKey, signature: bytes, data: bytes) -> None:
        if not isinstance(key, dsa.DSAPublicKey):
            raise InvalidSignature
        key.verify(signature, data, algorithm)

    return verify


def _eddsa(key: _AnyKey, signature: bytes, data: bytes) -> None:
    if not isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        raise InvalidSignature
    key.verify(signature, data)


def _pss(parameters: bytes) -> _Verification:
    """RFC 4055 §3.1: all parameters are optional, and SHA-1 with 20 bytes of salt is what absent ones mean."""
    found = {each.tag: each.content for each in der.sequence(parameters)}
    algorithm = mask = _PSS_DEFAULT()
    salt = 20
    if content := found.get(der.context(0, constructed=True)):
        algorithm = _hash(content)
    if content := found.get(der.context(1, constructed=True)):
        generator = der.sequence(content)
        if len(generator) != 2 or der.oid(generator[0]) != _MGF1:
            raise CertificateError("an RSASSA-PSS mask that isn't MGF1 is not supported")
        mask = _hash(generator[1].encoded)
    if content := found.get(der.context(2, constructed=True)):
        salt = der.integer(der.element(content)[0])
    if not 0 <= salt <= 1024:
        raise CertificateError("an RSASSA-PSS salt has an impossible length")
    return _rsa(padding.PSS(padding.MGF1(mask), salt), algorithm)


def _hash(algorithm: bytes) -> hashes.HashAlgorithm:
    parts = der.sequence(algorithm)
    name = der.oid(parts[0]) if parts else ""
    if name not in _HASHES:
        raise CertificateError(f"the hash algorithm {name} is not supported")
    return _HASHES[name]()
