# SPDX-License-Identifier: Apache-2.0
"""A list whose signature is verified, of whatever form: TS 119 612 XML, TS 119 602 XML, and TS 119 602 compact JWS.

What is read is the tree that was hashed, or the payload that was signed; the bytes are parsed once.
"""

import codecs
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from cryptography.x509.oid import NameOID

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.names import comparable_text
from trust_lists.documents.lote.checks import check_signer
from trust_lists.documents.model import Dialect, TrustedList
from trust_lists.documents.reading import read_tree, read_unverified
from trust_lists.errors import SignatureInvalidError, XmlRefusedError, shown
from trust_lists.signatures.list_signers import name_of
from trust_lists.signatures.xades import CURRENT, ListPolicy, VerifiedXades, verify_xades
from trust_lists.sources.pointers import pointer_to

_COMPACT_JWS = re.compile(rb"\s*[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\s*")
_FIRST_WITH_V2 = 6


@dataclass(frozen=True, slots=True)
class VerifiedList:
    """A list and its signer, who is one of those that were asked for; `data` are the bytes, `sha256` theirs.

    `signing_time` is the signer's claim. `signature` is for people: format and algorithm (`XAdES rsa-sha256`).
    """

    document: TrustedList
    signer: ListedCertificate
    signing_time: datetime | None
    signature: str
    warnings: tuple[str, ...]
    sha256: str
    data: bytes


def verify_list(
    data: bytes,
    *,
    signers: Collection[ListedCertificate] | None,
    policy: ListPolicy = CURRENT,
    verification_time: datetime | None = None,
) -> VerifiedList:
    """The list in `data`, verified to be signed by one of `signers`.

    `signers` None lets anybody sign, and `verification_time` asks for a certificate that is valid then: as in
    `verify_xades`. The policy is about XML; a JWS has its own algorithms.

    Raises ListRefusedError for what is no list, or a list that can't be read; XmlRefusedError; SignatureInvalidError
    with the reasons of `verify_xades`, and of `verify_compact` for a JWS.
    """
    if _COMPACT_JWS.fullmatch(data):
        return _verify_jws(data, signers, verification_time)
    if data.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"{"):
        read_unverified(data)
        raise SignatureInvalidError("NO_SIGNATURE", "the list is not signed: it is JSON, not a compact JWS")
    return _verify_xml(data, signers, policy, verification_time)


def verify_announced(
    data: bytes, list_of_lists: TrustedList, *, policy: ListPolicy = CURRENT, verification_time: datetime | None = None
) -> VerifiedList:
    """The list in `data`, verified to be signed by one whom a list of lists announces for the list's territory.

    Whether the list of lists is to be believed is not asked; it has a pointer to itself, so it may be `data`, too.

    Raises what `verify_list` does, and SignatureInvalidError NOT_ANNOUNCED where no pointer leads to such a list.
    """
    found = verify_list(data, signers=None, policy=policy, verification_time=verification_time)
    territory = found.document.scheme.territory
    pointer = pointer_to(list_of_lists, territory)
    if pointer is None:
        raise SignatureInvalidError(
            "NOT_ANNOUNCED", f"the list of lists has no pointer to a list of {shown(territory)!r}"
        )
    if found.signer not in pointer.certificates:
        text = (
            f"the list is signed by {name_of(found.signer)}, whom the list of lists does not announce for {territory}"
        )
        raise SignatureInvalidError("SIGNER_NOT_EXPECTED", text)
    return found


def _verify_xml(
    data: bytes, signers: Collection[ListedCertificate] | None, policy: ListPolicy, at: datetime | None
) -> VerifiedList:
    try:
        found = verify_xades(data, signers=signers, policy=policy, verification_time=at)
    except (XmlRefusedError, SignatureInvalidError) as error:
        if error.reason_id == "ROOT" or isinstance(error, XmlRefusedError):
            read_unverified(data)  # calls a web page, an empty file, or another document by its name
        raise
    document = read_tree(found.root)
    return VerifiedList(
        document=document,
        signer=found.signer,
        signing_time=found.signing_time,
        signature=f"XAdES {found.signature_algorithm.rpartition('#')[2]}",
        warnings=(*found.warnings, *_deviations(document, found)),
        sha256=sha256(data).hexdigest(),
        data=data,
    )


def _deviations(document: TrustedList, found: VerifiedXades) -> tuple[str, ...]:
    """What only the list and its signature together show."""
    if document.dialect is not Dialect.TS_119_612:
        return _of_the_signer(document, found.signer)
    warnings = []
    # Version 6 took over XAdES-B-B of EN 319 132-1, where the signer is named by SigningCertificateV2.
    version = document.scheme.version
    if (version >= _FIRST_WITH_V2) != (found.signing_certificate == "V2"):
        wanted = "SigningCertificateV2" if version >= _FIRST_WITH_V2 else "SigningCertificate"
        warnings.append(f"a list of version {version} has to name its signer by {wanted} (TS 119 612 B.1)")
    operators = {comparable_text(name.value) for name in document.scheme.operator_names}
    organizations = found.signer.subject_values(NameOID.ORGANIZATION_NAME)
    if operators.isdisjoint(map(comparable_text, organizations)):
        named = ", ".join(repr(shown(each)) for each in organizations) or "nobody"
        warnings.append(f"the signer's organization is {named}, not the operator of the scheme (TS 119 612 §5.7.1)")
    return tuple(warnings)


def _of_the_signer(document: TrustedList, signer: ListedCertificate) -> tuple[str, ...]:
    """What TS 119 602 §6.8 asks of a signer and this one hasn't."""
    return tuple(f"{each.message} ({each.rule})" for each in check_signer(document, signer))


def _verify_jws(data: bytes, signers: Collection[ListedCertificate] | None, at: datetime | None) -> VerifiedList:
    from trust_lists.documents.lote.json_reader import read_json
    from trust_lists.signatures.jades import verify_compact

    found = verify_compact(data, signers=signers, verification_time=at)
    document = read_json(found.payload)
    return VerifiedList(
        document=document,
        signer=found.signer,
        signing_time=found.signing_time,
        signature=f"JAdES {found.algorithm}",
        warnings=(*found.warnings, *_of_the_signer(document, found.signer)),
        sha256=sha256(data).hexdigest(),
        data=data,
    )
