# SPDX-License-Identifier: Apache-2.0
"""Which signatures of lists are accepted, as data.

Sources: TS 119 612 V2.4.1 §5.7 and B.1, TS 119 602 §6.8, and for the algorithms TS 119 312, which both name. In it
RSA keys count from 1900 bits, the Brainpool curves stand beside those of NIST, and SHA-1 is gone. Real lists of the
European Union use RSA from 2032 bits and P-256; the digest *of the certificate* inside of the signed properties was
SHA-1 in a third of the lists of 2019 and is no security matter, since the signer is compared byte by byte.
"""

from dataclasses import dataclass, replace

from trust_lists.signatures.profiles import (
    C14N_10,
    C14N_11,
    C14N_EXCLUSIVE,
    ECDSA_SHA256,
    ECDSA_SHA384,
    ECDSA_SHA512,
    ENVELOPED,
    PSS_SHA256,
    PSS_SHA384,
    PSS_SHA512,
    RSA_SHA1,
    RSA_SHA256,
    RSA_SHA384,
    RSA_SHA512,
    SHA1,
    SHA256,
    SHA384,
    SHA512,
    SignatureProfile,
)
from trust_lists.xml import MAX_LIST_BYTES

PRESCRIBED_TRANSFORMS = (ENVELOPED, C14N_EXCLUSIVE)
"""TS 119 612 B.1."""


@dataclass(frozen=True, slots=True)
class ListPolicy(SignatureProfile):
    """What a list's signature may be made of.

    `transforms` are those of the reference to the list; `canonicalizations` those of SignedInfo, the first of them
    being the prescribed one; `certificate_digests` name the signer's certificate in the signed properties.
    """

    certificate_digests: tuple[str, ...] = (SHA256, SHA384, SHA512, SHA1)
    max_bytes: int = MAX_LIST_BYTES


CURRENT = ListPolicy(
    name="TS 119 612",
    canonicalizations=(C14N_EXCLUSIVE, C14N_10, C14N_11),
    signature_methods=(
        RSA_SHA256,
        RSA_SHA384,
        RSA_SHA512,
        PSS_SHA256,
        PSS_SHA384,
        PSS_SHA512,
        ECDSA_SHA256,
        ECDSA_SHA384,
        ECDSA_SHA512,
    ),
    digest_methods=(SHA256, SHA384, SHA512),
    transforms=(PRESCRIBED_TRANSFORMS,),
    minimum_rsa_bits=1900,
    minimum_ec_bits=256,
)
"""For every list that somebody is to be trusted by."""

ARCHIVE = replace(
    CURRENT,
    name="the archive",
    signature_methods=(*CURRENT.signature_methods, RSA_SHA1),
    digest_methods=(*CURRENT.digest_methods, SHA1),
    transforms=(PRESCRIBED_TRANSFORMS, (ENVELOPED,), (ENVELOPED, C14N_10), (ENVELOPED, C14N_11)),
    minimum_rsa_bits=1024,
    minimum_ec_bits=192,
)
"""Also SHA-1, 1024 bits and inclusively canonicalised lists: for reading old, foreign and test lists."""
