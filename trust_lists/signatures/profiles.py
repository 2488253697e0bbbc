# SPDX-License-Identifier: Apache-2.0
"""Which signature algorithms a network uses, as data.

Sources: Peppol SMP 1.4.0 "Message signature"; OASIS BDXR SMP 1.0 §3.6; OASIS SMP 2.0 §3.6.2; RFC 9231 for the names.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from trust_lists.errors import TrustListError

C14N_10 = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
C14N_11 = "http://www.w3.org/2006/12/xml-c14n11"
C14N_EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
RSA_SHA1 = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
RSA_SHA384 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384"
RSA_SHA512 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"
PSS_SHA256 = "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"
PSS_SHA384 = "http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1"
PSS_SHA512 = "http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1"
ECDSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
ECDSA_SHA384 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"
ECDSA_SHA512 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"
ED25519 = "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519"
SHA1 = "http://www.w3.org/2000/09/xmldsig#sha1"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
SHA384 = "http://www.w3.org/2001/04/xmldsig-more#sha384"
SHA512 = "http://www.w3.org/2001/04/xmlenc#sha512"

ALGORITHM_NAMES = {
    "rsa-sha256": RSA_SHA256,
    "rsa-sha384": RSA_SHA384,
    "rsa-sha512": RSA_SHA512,
    "ecdsa-sha256": ECDSA_SHA256,
    "ecdsa-sha384": ECDSA_SHA384,
    "ecdsa-sha512": ECDSA_SHA512,
    "ed25519": ED25519,
}
"""Short names of signature algorithms, as people write them in settings -> URI. SHA-1 has none on purpose."""


@dataclass(frozen=True, slots=True)
class SignatureProfile:
    """Algorithms that are accepted, by URI; the first of each is what we sign with (that suits the key).

    `transforms` lists whole sequences: the Transform elements of the one Reference must equal one of them. An EC key's
    bits are those of its curve.
    """

    name: str
    canonicalizations: tuple[str, ...]
    signature_methods: tuple[str, ...]
    digest_methods: tuple[str, ...]
    transforms: tuple[tuple[str, ...], ...]
    minimum_rsa_bits: int = 2048
    minimum_ec_bits: int = 256


PEPPOL_1_4 = SignatureProfile(
    name="Peppol SMP 1.4.0",
    canonicalizations=(C14N_10,),
    signature_methods=(RSA_SHA256,),
    digest_methods=(SHA256,),
    transforms=((ENVELOPED,),),
)

BDXR_1_0 = replace(PEPPOL_1_4, name="OASIS BDXR SMP 1.0")

BDXR_2_0 = SignatureProfile(
    name="OASIS SMP 2.0",
    canonicalizations=(C14N_11,),
    signature_methods=(RSA_SHA256, RSA_SHA384, RSA_SHA512, ECDSA_SHA256, ECDSA_SHA384, ECDSA_SHA512, ED25519),
    digest_methods=(SHA256, SHA384, SHA512),
    transforms=((ENVELOPED,), (ENVELOPED, C14N_11), (ENVELOPED, C14N_10)),
)
"""SMP 2.0 §3.6.2 names Canonical XML 1.1 and leaves the algorithms to policies.

We write the one enveloped Transform: what it yields is then canonicalised by Canonical XML 1.0 (XMLDSig 1.1 §4.4.3.2),
which for whole documents without `xml:` attributes on the root is the same octets as 1.1. Signers that name the second
step are understood.
"""

ARCHIVE = SignatureProfile(
    name="archive",
    canonicalizations=(C14N_10, C14N_11, C14N_EXCLUSIVE),
    signature_methods=(RSA_SHA256, RSA_SHA384, RSA_SHA512, ECDSA_SHA256, ECDSA_SHA384, ECDSA_SHA512, ED25519, RSA_SHA1),
    digest_methods=(SHA256, SHA384, SHA512, SHA1),
    transforms=((ENVELOPED,), (ENVELOPED, C14N_10), (ENVELOPED, C14N_11), (ENVELOPED, C14N_EXCLUSIVE)),
    minimum_rsa_bits=1024,
    minimum_ec_bits=192,
)
"""Everything that networks have signed with since 2012, SHA-1 too: for reading old documents, never for trust today."""


def restricted(profile: SignatureProfile, names: Iterable[str]) -> SignatureProfile:
    """`profile` with just the signature methods of these `ALGORITHM_NAMES`, in this order of preference.

    Raises TrustListError for a name that means nothing, or a method that the profile doesn't have.
    """
    known = {name: uri for name, uri in ALGORITHM_NAMES.items() if uri in profile.signature_methods}
    wanted = tuple(dict.fromkeys(names))
    unknown = [name for name in wanted if name not in known]
    if unknown or not wanted:
        found = f"not {', '.join(map(repr, unknown))}" if unknown else "and at least one is needed"
        raise TrustListError(f"{profile.name} has the signature algorithms {', '.join(known)}, {found}")
    return replace(profile, signature_methods=tuple(known[name] for name in wanted))
