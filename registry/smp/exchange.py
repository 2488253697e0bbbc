# SPDX-License-Identifier: Apache-2.0
"""Takes documents into an SMP and gives them out again: lenient in, strict out, and a reason for every refusal."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from registry.errors import RegistryError, ValidationError
from registry.identifiers.url_form import encode_segment
from registry.metadata import ServiceGroup
from registry.smp.documents.busdox import read, write_service_group
from registry.smp.documents.signing import verify_service_metadata
from registry.smp.publishing import Outcome, Publishing
from registry.smp.signed_documents import DocumentSigner
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor, Database
from registry.storage.queries import service_groups, services
from trust_lists.certificates.parsing import subject_text
from trust_lists.errors import TrustListError

MAX_FILE_BYTES = 2_000_000
_PAGE = 200
_MAX_FILE_NAME = 200


class Verdict(Enum):
    """What became of a document."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SUPERSEDED = "superseded"
    LEFT_OUT = "left out"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ImportedDocument:
    """One file of an import: what it was, what became of it, why, and what is worth knowing."""

    source: str
    verdict: Verdict
    kind: str = ""
    participant: str = ""
    document_type: str = ""
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A file that was understood, and what it is about; its content is read again when its turn comes."""

    path: Path
    kind: str
    participant: str
    document_type: str
    notes: tuple[str, ...]
    key: tuple[str, ...]  # equal for documents that say where the same participant receives the same thing


class Importer:
    """Imports files into one domain."""

    def __init__(self, publishing: Publishing, stored: StoredDomain, *, check_signatures: bool = True) -> None:
        self._publishing = publishing
        self._stored = stored
        self._check_signatures = check_signatures

    def run(self, actor: Actor, paths: Sequence[Path]) -> Iterator[ImportedDocument]:
        """Import files, and the XML files in folders, in order of name; yields what became of each.

        Of several documents for one participant and document type the last one wins that can be published. A redirect
        never replaces service metadata. A document whose signature is broken is refused: somebody has changed it.
        """
        candidates: dict[tuple[str, ...], list[_Candidate]] = {}
        for path in files_of(paths):
            try:
                candidate = self._examine(path)
            except (RegistryError, TrustListError, OSError) as error:
                yield ImportedDocument(str(path), Verdict.REFUSED, reasons=reasons_of(error))
            else:
                candidates.setdefault(candidate.key, []).append(candidate)
        for same in candidates.values():
            yield from self._publish_one(actor, same)

    def _examine(self, path: Path) -> _Candidate:
        data = _read_file(path)
        document = read(data)
        notes = list(document.notes)
        if document.signed and self._check_signatures:
            verified = verify_service_metadata(data, archive=True)
            notes.append(f"the signature of {subject_text(verified.certificate)} is intact")
        rules = self._stored.domain.identifiers
        key = [document.participant.scheme, rules.participant_key(document.participant)]
        if document.document_type is not None:
            key += [document.document_type.scheme, rules.document_type_key(document.document_type)]
        return _Candidate(
            path,
            document.kind,
            str(document.participant),
            str(document.document_type or ""),
            tuple(notes),
            tuple(key),
        )

    def _publish_one(self, actor: Actor, same: Sequence[_Candidate]) -> list[ImportedDocument]:
        """Publish the last of these documents that can be; the results in order of name."""
        results: dict[Path, ImportedDocument] = {}
        winner: _Candidate | None = None
        # The redirects come last here: they are taken only where nothing else can be.
        order = sorted(range(len(same)), key=lambda place: (same[place].kind == "redirect", -place))
        for candidate in (same[place] for place in order):
            if winner is None:
                results[candidate.path] = self._publish(actor, candidate)
                if results[candidate.path].verdict in TAKEN:
                    winner = candidate
            elif candidate.kind == "redirect" and winner.kind != "redirect":
                results[candidate.path] = _result(candidate, Verdict.LEFT_OUT, reasons=(_NEVER_REPLACES,))
            else:
                why = f"{winner.path} is about the same and comes later"
                results[candidate.path] = _result(candidate, Verdict.SUPERSEDED, reasons=(why,))
        return [results[candidate.path] for candidate in same]

    def _publish(self, actor: Actor, candidate: _Candidate) -> ImportedDocument:
        try:
            document = read(_read_file(candidate.path))
            if document.service_group is not None:
                group = ServiceGroup(document.participant, extensions=document.service_group.extensions)
                published = self._publishing.put_service_group(actor, self._stored, group)
            elif document.metadata is not None:
                if document.kind == "redirect" and self._publishing.has_endpoints(self._stored, document.metadata):
                    return _result(candidate, Verdict.LEFT_OUT, reasons=(_NEVER_REPLACES,))
                published = self._publishing.put_service_metadata(
                    actor, self._stored, document.metadata, create_group=True
                )
            else:
                return _result(candidate, Verdict.REFUSED, reasons=("the document says nothing",))
        except (RegistryError, OSError) as error:
            return _result(candidate, Verdict.REFUSED, reasons=reasons_of(error))
        return _result(candidate, _VERDICTS[published.outcome], notes=published.warnings)


_NEVER_REPLACES = "a redirect never replaces service metadata"
_VERDICTS = {
    Outcome.CREATED: Verdict.CREATED,
    Outcome.UPDATED: Verdict.UPDATED,
    Outcome.UNCHANGED: Verdict.UNCHANGED,
}
TAKEN = frozenset(_VERDICTS.values())
"""The verdicts of documents that are published now."""


def _result(
    candidate: _Candidate, verdict: Verdict, *, reasons: tuple[str, ...] = (), notes: tuple[str, ...] = ()
) -> ImportedDocument:
    return ImportedDocument(
        source=str(candidate.path),
        verdict=verdict,
        kind=candidate.kind,
        participant=candidate.participant,
        document_type=candidate.document_type,
        reasons=reasons,
        notes=(*candidate.notes, *notes),
    )


def _read_file(path: Path) -> bytes:
    if path.stat().st_size > MAX_FILE_BYTES:
        raise ValidationError.of("SMP-FILE-SIZE", f"the file has more than {MAX_FILE_BYTES} bytes")
    return path.read_bytes()


def reasons_of(error: Exception) -> tuple[str, ...]:
    """Every reason of an error, in words."""
    if isinstance(error, ValidationError):
        return tuple(str(reason) for reason in error.reasons)
    if isinstance(error, OSError):
        return (f"the file can't be read: {error.strerror}",)
    return (str(error),)


def files_of(paths: Iterable[Path]) -> list[Path]:
    """The files themselves, and the XML files below folders, each once, in order of name."""
    found: dict[Path, None] = {}
    for path in paths:
        inside = sorted(path.rglob("*.xml")) if path.is_dir() else [path]
        found.update(dict.fromkeys(inside))
    return list(found)


class Exporter:
    """Writes a domain's published documents into a folder, in a form that `Importer` takes back."""

    def __init__(self, database: Database, signer: DocumentSigner, stored: StoredDomain) -> None:
        self._database = database
        self._signer = signer
        self._stored = stored

    def run(self, folder: Path) -> Iterator[Path]:
        """Write every service group and signed document; yields each file written."""
        folder.mkdir(parents=True, exist_ok=True)
        after = 0
        while True:
            with self._database.read() as connection:
                rows = service_groups.page(connection, self._stored.id, after, _PAGE)
                groups = [(row, services.of_group(connection, row.id)) for row in rows]
            if not groups:
                return
            for row, held in groups:
                below = folder / file_name(str(row.participant))
                below.mkdir(exist_ok=True)
                types = tuple(service.document_type for service in held)
                group = ServiceGroup(row.participant, types, row.extensions)
                yield _write(below / "service-group.xml", write_service_group(group, self._stored.domain.smp.base_url))
                for service in held:
                    name = file_name(str(service.document_type)) + ".xml"
                    yield _write(below / name, self._signer.current(service.id).body)
            after = groups[-1][0].id


def file_name(identifier: str) -> str:
    """A file name for an identifier: percent-encoded, and shortened by a hash where file systems want it shorter."""
    name = encode_segment(identifier)
    if len(name) <= _MAX_FILE_NAME:
        return name
    return f"{name[: _MAX_FILE_NAME - 17]}-{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def _write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
