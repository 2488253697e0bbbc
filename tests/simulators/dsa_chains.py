# SPDX-License-Identifier: Apache-2.0
"""A path of DSA keys, the second with the parameters of the first (RFC 3279 §2.3.2), made when it is asked for."""

from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa

from tests.simulators.certificate_chains import Authority, der
from trust_lists.certificates.der import BIT_STRING, SEQUENCE, element, sequence
from trust_lists.certificates.listed import ListedCertificate

_DSA = bytes.fromhex("06072a8648ce380401")
_SHA256 = hashes.SHA256()


class _DsaAuthority(Authority):
    def issue(self, name: x509.Name | str = "leaf", **others: Any) -> ListedCertificate:
        return super().issue(name, **{"algorithm": _SHA256, **others})


@dataclass(frozen=True, slots=True)
class DsaChain:
    """Root (not DSA), `upper` with parameters of its own, `lower` without, and what `lower` issued."""

    root: Authority
    upper: ListedCertificate
    lower: ListedCertificate
    leaf: ListedCertificate


def dsa_chain(null: bytes = b"") -> DsaChain:
    """A new one; `null` stands where the parameters of `lower` should be."""
    group = dsa.generate_parameters(1024)
    root = Authority("root")
    upper = _DsaAuthority("upper", root, key=group.generate_private_key())
    lower = _DsaAuthority("lower", upper, key=group.generate_private_key())
    return DsaChain(root, upper.certificate, _without_parameters(lower.certificate, upper, null), lower.issue())


def _without_parameters(certificate: ListedCertificate, issuer: Authority, null: bytes) -> ListedCertificate:
    slices = certificate.slices
    assert slices is not None
    assert isinstance(issuer.key, dsa.DSAPrivateKey)
    _, bits = sequence(slices.key)
    key = der(SEQUENCE, der(SEQUENCE, _DSA + null) + bits.encoded)
    told = der(SEQUENCE, element(slices.signed)[0].content.replace(slices.key, key))
    return ListedCertificate(
        der(SEQUENCE, told + slices.algorithm + der(BIT_STRING, b"\x00" + issuer.key.sign(told, _SHA256)))
    )
