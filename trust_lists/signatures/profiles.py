# SPDX-License-Identifier: Apache-2.0
"""Which signature algorithms a network uses, as data.

Sources: Peppol SMP 1.4.0 "Message signature"; OASIS BDXR SMP 1.0 §3.6; OASIS SMP 2.0 §3.6.2; RFC 9231 for the names.
"""

from dataclasses import dataclass

C14N_10 = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
C14N_11 = "http://www.w3.org/2006/12/xml-c14n11"
C14N_EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
RSA_SHA1 = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
RSA_SHA384 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384"
RSA_SHA512 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"
ECDSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
ECDSA_SHA384 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"
ECDSA_SHA512 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"
SHA1 = "http://www.w3.org/2000/09/xmldsig#sha1"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
SHA384 = "http://www.w3.org/2001/04/xmldsig-more#sha384"
SHA512 = "http://www.w3.org/2001/04/xmlenc#sha512"


@dataclass(frozen=True, slots=True)
class SignatureProfile:
    """Algorithms that are accepted, by URI; the first of each is what we sign with (that suits the key).

    `transforms` lists whole sequences: the Transform elements of the one Reference must equal one of them.
    """

    name: str
    canonicalizations: tuple[str, ...]
    signature_methods: tuple[str, ...]
    digest_methods: tuple[str, ...]
    transforms: tuple[tuple[str, ...], ...]
    minimum_rsa_bits: int = 2048


PEPPOL_1_4 = SignatureProfile(
    name="Peppol SMP 1.4.0",
    canonicalizations=(C14N_10,),
    signature_methods=(RSA_SHA256,),
    digest_methods=(SHA256,),
    transforms=((ENVELOPED,),),
)

ARCHIVE = SignatureProfile(
    name="archive",
    canonicalizations=(C14N_10, C14N_11, C14N_EXCLUSIVE),
    signature_methods=(RSA_SHA256, RSA_SHA384, RSA_SHA512, ECDSA_SHA256, ECDSA_SHA384, ECDSA_SHA512, RSA_SHA1),
    digest_methods=(SHA256, SHA384, SHA512, SHA1),
    transforms=((ENVELOPED,), (ENVELOPED, C14N_10), (ENVELOPED, C14N_11), (ENVELOPED, C14N_EXCLUSIVE)),
    minimum_rsa_bits=1024,
)
"""Everything that networks have signed with since 2012, SHA-1 too: for reading old documents, never for trust today."""
