# SPDX-License-Identifier: Apache-2.0
"""Which public keys the web allows (CABF BR §6.1.5, §6.1.6, §7.1.3.1): by their bytes, since forms matter.

`cryptography` loads an elliptic curve that is written out as parameters as if it were named; here that is the question.
"""

from trust_lists.certificates import der
from trust_lists.errors import CertificateError

_RSA, _EC = "1.2.840.113549.1.1.1", "1.2.840.10045.2.1"
_CURVES = frozenset({"1.2.840.10045.3.1.7", "1.3.132.0.34", "1.3.132.0.35"})
_LEAST_BITS = 2048


def is_allowed(key: bytes) -> bool:
    """Whether a SubjectPublicKeyInfo is RSA of at least 2048 bits, in whole bytes, or on a named NIST curve.

    Raises CertificateError where it can't be read.
    """
    algorithm, value = _pair(key)
    kind, *parameters = der.elements(algorithm.content)
    name = der.oid(kind)
    if name == _RSA:
        return _rsa(der.bits(value))
    return name == _EC and bool(parameters) and parameters[0].tag == der.OID and der.oid(parameters[0]) in _CURVES


def _rsa(value: bytes) -> bool:
    numbers = [der.integer(each) for each in der.sequence(value)]
    if len(numbers) != 2:
        raise CertificateError("an RSA key is a modulus and an exponent")
    modulus, exponent = numbers
    bits = modulus.bit_length()
    return bits >= _LEAST_BITS and bits % 8 == 0 and exponent >= 3 and exponent % 2 == 1


def _pair(data: bytes) -> tuple[der.Element, der.Element]:
    found = der.sequence(data)
    if len(found) != 2 or not found[0].content:
        raise CertificateError("a public key has not the parts that it should have")
    return found[0], found[1]
