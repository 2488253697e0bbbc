# SPDX-License-Identifier: Apache-2.0
"""From a source to a signed list: built, checked, signed, and verified by ourselves before anybody sees it.

What comes out was read again: its signature verifies with our signer pinned, and the list says what was meant. It
follows on the issue before, which is verified first, so that a sequence number is never used again (TS 119 612 §5.3.2).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.parsing import SigningKey, subject_text
from trust_lists.documents.checks import check, check_tree
from trust_lists.documents.findings import Finding, Level
from trust_lists.documents.lote.checks import check_lote, check_signer
from trust_lists.documents.lote.json_writer import write_json
from trust_lists.documents.model import Dialect, TrustedList
from trust_lists.documents.reading import read_unverified
from trust_lists.documents.ts119612.writer import write
from trust_lists.errors import ListSourceError, SigningError, TrustListError
from trust_lists.publishing.building import build
from trust_lists.publishing.placing import check_in_place, place, read_in_place, unsigned_path
from trust_lists.publishing.source import ListSource
from trust_lists.signatures.jades import sign_compact
from trust_lists.signatures.xades import sign_xades
from trust_lists.sources.verifying import VerifiedList, verify_list
from trust_lists.xml import MAX_LIST_BYTES, parse_xml

_SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"


@dataclass(frozen=True, slots=True)
class Draft:
    """An issue that isn't signed yet: the list, its bytes, and what the checks warn of."""

    document: TrustedList
    data: bytes
    warnings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Issue:
    """A signed issue that verified and says what was meant, and what the checks warn of."""

    verified: VerifiedList
    warnings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Prepared:
    """The next issue of one list of a source: the name of its file, and the issue that it follows, if any."""

    name: str
    draft: Draft
    before: VerifiedList | None


def prepare(
    source: ListSource, previous: Mapping[Dialect, bytes], signers: Collection[ListedCertificate], at: datetime
) -> tuple[Prepared, ...]:
    """The next issues of all lists of a source; `previous` has the issues before, which `signers` may have signed.

    Raises ListSourceError with the reasons of all of them.
    """
    prepared: list[Prepared] = []
    reasons = [f"the source makes no {dialect.value} list" for dialect in previous if dialect not in source.files]
    for dialect, name in source.files.items():
        try:
            before = verify_previous(previous[dialect], signers) if dialect in previous else None
            prepared.append(Prepared(name, draft(source, dialect, at, before), before))
        except ListSourceError as error:
            reasons += [reason if len(source.files) == 1 else f"{name}: {reason}" for reason in error.reasons]
    if reasons:
        raise ListSourceError(tuple(reasons))
    return tuple(prepared)


def allowed_signers(source: ListSource, key: SigningKey | None) -> tuple[ListedCertificate, ...]:
    """Who may sign the lists of a source: whom it names, else whoever has the key.

    Raises ListSourceError where the source names others than the holder of the key.
    """
    if key is None:
        return source.signers
    if source.signers and signer_of(key) not in source.signers:
        raise ListSourceError((f"signers: {subject_text(key.certificate)}, whose key this is, is not among them",))
    return source.signers or (signer_of(key),)


def write_drafts(prepared: Collection[Prepared], folder: Path) -> list[Path]:
    """Write all lists without signature, for `sign_list`; former drafts are replaced. Their files.

    Raises SourceError; LIST_NOT_THE_PREVIOUS where a list is in place that the draft doesn't follow.
    """
    files = []
    _check_places(prepared, folder)
    for each in prepared:
        file = unsigned_path(folder / each.name)
        place(file, each.draft.data, expected=read_in_place(file), with_hash=False)
        files.append(file)
    return files


def sign_all(prepared: Collection[Prepared], key: SigningKey, at: datetime) -> list[Issue]:
    """All lists, signed; raises as `sign_list` does."""
    return [sign_list(each.draft.data, key, at) for each in prepared]


def publish(prepared: Collection[Prepared], issues: Collection[Issue], folder: Path) -> list[Path]:
    """Put all signed lists in their places in `folder`, with their `.sha2`. Their files.

    A list in place is replaced only by the issue that follows it, and all are looked at before the first is replaced.
    Raises SourceError.
    """
    befores = _check_places(prepared, folder)
    for each, issue, before in zip(prepared, issues, befores, strict=True):
        place(folder / each.name, issue.verified.data, expected=before)
    return [folder / each.name for each in prepared]


def _check_places(prepared: Collection[Prepared], folder: Path) -> list[bytes | None]:
    """What is in each place: the issue before, or nothing where that comes from elsewhere."""
    found = []
    for each in prepared:
        path = folder / each.name
        expected = None if each.before is None or read_in_place(path) is None else each.before.data
        check_in_place(path, expected)
        found.append(expected)
    return found


def draft(source: ListSource, dialect: Dialect, at: datetime, previous: VerifiedList | None = None) -> Draft:
    """The next issue of one of the lists of a source, without signature.

    Raises ListSourceError where the source, or what follows from it, breaks a rule.
    """
    document = build(source, dialect, at, None if previous is None else previous.document)
    try:
        data = _to_bytes(document)
        read = read_unverified(data)
    except TrustListError as error:
        raise ListSourceError((f"the list cannot be written: {error}",)) from None
    if read != document:
        raise ListSourceError(("the list would read differently than its source says; please report this",))
    return Draft(document, data, _judged(document))


def sign_list(data: bytes, key: SigningKey, at: datetime) -> Issue:
    """A list without signature (XML, or JSON of TS 119 602), signed at `at` (aware) and verified.

    XML gets an enveloped XAdES-B-B signature, JSON becomes the payload of a compact JAdES-B-B. Raises ListRefusedError,
    XmlRefusedError and JsonRefusedError for what is no list; ListSourceError with what the checks have against it;
    SigningError where it is signed already, or the key doesn't fit.
    """
    at = at.replace(microsecond=0)
    document = read_unverified(data)
    if is_signed(data):
        raise SigningError("the list is signed already; the next issue of it is built from its source")
    if at < document.scheme.issued_at:
        raise SigningError(f"the list is of {document.scheme.issued_at.isoformat()}; it can't be signed before")
    warnings = _judged(document)
    is_json = document.dialect is Dialect.LOTE_JSON
    signed = sign_compact(data, key, at) if is_json else sign_xades(parse_xml(data, max_bytes=MAX_LIST_BYTES), key, at)
    verified = verify_list(signed, signers=(signer_of(key),), verification_time=at)
    if verified.document != document:
        raise SigningError("the list reads differently once it is signed; nothing was written")
    return Issue(verified, (*warnings, *_about_signing(verified)))


def verify_previous(data: bytes, signers: Collection[ListedCertificate]) -> VerifiedList:
    """The issue before, verified to be signed by one of `signers`. Raises ListSourceError."""
    try:
        return verify_list(data, signers=tuple(signers))
    except TrustListError as error:
        raise ListSourceError((f"the previous issue is not accepted: {error}",)) from None


def check_successor(document: TrustedList, before: TrustedList) -> None:
    """That a list is the very next issue of another one. Raises ListSourceError with all reasons."""
    new, old = document.scheme, before.scheme
    reasons = []
    if (document.dialect, new.list_type, new.territory) != (before.dialect, old.list_type, old.territory):
        reasons.append("the list in place is another one: of another kind, type or territory")
    if new.sequence != old.sequence + 1:
        reasons.append(
            f"the list in place has sequence {old.sequence}, so that the next is {old.sequence + 1} (§5.3.2)"
        )
    if new.issued_at <= old.issued_at:
        reasons.append(f"the list in place is of {old.issued_at.isoformat()}; the next one must be later (§5.3.14)")
    if old.next_update is None:
        reasons.append("the list in place closed the list for good (§5.3.15)")
    if reasons:
        raise ListSourceError(tuple(reasons))


def put_in_place(issue: Issue, path: Path, *, draft: bytes, signers: Collection[ListedCertificate]) -> bool:
    """Put a signed list in a place, with its `.sha2`; whether it follows on a list that was there.

    `draft` may be what is there: the list before it was signed. Any other list must be the issue before, signed by one
    of `signers`. Raises ListSourceError, SourceError.
    """
    found = read_in_place(path)
    follows = found is not None and found != draft
    if found is not None and follows:
        check_successor(issue.verified.document, verify_previous(found, signers).document)
    place(path, issue.verified.data, expected=found)
    return follows


def signer_of(key: SigningKey) -> ListedCertificate:
    """The certificate of a key, as lists hold it."""
    return ListedCertificate(key.certificate.public_bytes(Encoding.DER))


def is_signed(data: bytes) -> bool:
    """Whether a list, of whatever form, carries a signature; whether that is valid is another question."""
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"<"):
        return parse_xml(data, max_bytes=MAX_LIST_BYTES).find(f".//{_SIGNATURE}") is not None
    return not start.startswith(b"{")


def _to_bytes(document: TrustedList) -> bytes:
    if document.dialect is Dialect.LOTE_JSON:
        return write_json(document)
    root = write(document)
    etree.indent(root)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True) + b"\n"


def _judged(document: TrustedList) -> tuple[Finding, ...]:
    found = check(document) if document.dialect is Dialect.TS_119_612 else check_lote(document)
    return _without_errors(found)


def _about_signing(verified: VerifiedList) -> tuple[Finding, ...]:
    """What the checks say of the signature and its signer.

    For LoTE, too, who signs is a warning's matter: lists of the territory EU have signers of countries, those of the
    Commission among them.
    """
    if verified.document.dialect is Dialect.TS_119_612:
        return _without_errors(check_tree(parse_xml(verified.data, max_bytes=MAX_LIST_BYTES), verified.document))
    return tuple(replace(found, level=Level.WARNING) for found in check_signer(verified.document, verified.signer))


def _without_errors(findings: Collection[Finding]) -> tuple[Finding, ...]:
    """The warnings. Raises ListSourceError with all errors."""
    errors = tuple(
        f"{found.where + ': ' if found.where else ''}{found.message} [{found.rule}]"
        for found in findings
        if found.level is Level.ERROR
    )
    if errors:
        raise ListSourceError(errors)
    return tuple(findings)
