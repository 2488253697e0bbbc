# SPDX-License-Identifier: Apache-2.0
"""Takes documents and whole exports into an SMP: lenient in, strict out, and a reason for every refusal.

To import the same twice changes nothing, so an import that was broken off is simply run again.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from registry.errors import RegistryError
from registry.metadata import ServiceGroup, ServiceMetadata
from registry.smp.business_cards import BusinessCards
from registry.smp.documents.business_card import BusinessCard
from registry.smp.documents.business_card import read as read_business_card
from registry.smp.documents.catalogue import read_document
from registry.smp.documents.signing import verify_document
from registry.smp.exchange.json_lines import read_json_lines
from registry.smp.exchange.phoss_export import read_phoss_export
from registry.smp.exchange.sources import SourceKind, files_of, read_document_file, source_kind
from registry.smp.exchange.verdicts import (
    TAKEN,
    Content,
    ImportedDocument,
    Statement,
    Verdict,
    reasons_of,
    result_of,
)
from registry.smp.publishing import Outcome, Publishing
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor
from trust_lists.certificates.parsing import subject_text
from trust_lists.errors import TrustListError

_NEVER_REPLACES = "a redirect never replaces service metadata"
_NO_CARDS = "business cards are not imported here"
_VERDICTS = {
    Outcome.CREATED: Verdict.CREATED,
    Outcome.UPDATED: Verdict.UPDATED,
    Outcome.UNCHANGED: Verdict.UNCHANGED,
}
_STREAMS: dict[SourceKind, Callable[[Path], Iterator[Statement]]] = {
    SourceKind.PHOSS_EXPORT: read_phoss_export,
    SourceKind.JSON_LINES: read_json_lines,
}
_Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A document that was understood, without its content, which is read again when its turn comes.

    `key` is equal for documents that say where the same participant receives the same thing.
    """

    path: Path
    statement: Statement
    key: _Key
    folded: bool = False
    """Whether the dialect writes identifiers in lower case, so that the spelling is lost."""

    @property
    def is_card(self) -> bool:
        return self.statement.kind == "business_card"

    @property
    def is_redirect(self) -> bool:
        return self.statement.kind == "redirect"


class Importer:
    """Imports files into one domain; with use cases on a `RehearsalDatabase` it only tells what it would do."""

    def __init__(
        self,
        publishing: Publishing,
        stored: StoredDomain,
        *,
        business_cards: BusinessCards | None = None,
        check_signatures: bool = True,
    ) -> None:
        self._publishing = publishing
        self._stored = stored
        self._business_cards = business_cards
        self._check_signatures = check_signatures

    def run(self, actor: Actor, paths: Sequence[Path]) -> Iterator[ImportedDocument]:
        """Import files, and those in folders, in order of name; yields what became of each document.

        What holds many documents (an export) is taken first, in its own order, so what comes later there replaces
        what came before. Of several files for one participant and document type the last one wins that can be
        published; one whose dialect folds case only where there is no other. A redirect never replaces service
        metadata. A document whose signature is broken is refused: somebody has changed it.
        """
        candidates: dict[_Key, list[_Candidate]] = {}
        for path in files_of(paths):
            try:
                kind = source_kind(path)
                candidate = None if kind in _STREAMS else self._examine(path, kind)
            except (RegistryError, TrustListError, OSError) as error:
                yield ImportedDocument(str(path), Verdict.REFUSED, reasons=reasons_of(error))
                continue
            if candidate is None:
                yield from self._import_stream(actor, path, _STREAMS[kind])
            else:
                candidates.setdefault(candidate.key, []).append(candidate)
        # A business card needs its service group.
        for same in sorted(candidates.values(), key=lambda same: same[0].is_card):
            yield from self._publish_one(actor, same)

    def _import_stream(
        self, actor: Actor, path: Path, read: Callable[[Path], Iterator[Statement]]
    ) -> Iterator[ImportedDocument]:
        try:
            for statement in read(path):
                yield self._publish(actor, statement)
        except (RegistryError, TrustListError, OSError) as error:
            yield ImportedDocument(str(path), Verdict.REFUSED, reasons=reasons_of(error))

    def _examine(self, path: Path, kind: SourceKind) -> _Candidate:
        data = read_document_file(path)
        rules = self._stored.domain.identifiers
        if kind is SourceKind.BUSINESS_CARD:
            card = read_business_card(data)
            key: _Key = ("business card", card.participant.scheme, rules.participant_key(card.participant))
            return _Candidate(path, replace(Statement.of(str(path), card), content=None), key)
        dialect, document = read_document(data)
        notes = list(document.notes)
        if document.signed and self._check_signatures:
            verified = verify_document(data, archive=True)
            notes.append(f"the signature of {subject_text(verified.certificate)} is intact")
        key = (document.participant.scheme, rules.participant_key(document.participant))
        if document.document_type is not None:
            key += (document.document_type.scheme, rules.document_type_key(document.document_type))
        document_type = str(document.document_type or "")
        statement = Statement(str(path), document.kind, str(document.participant), document_type, notes=tuple(notes))
        return _Candidate(path, statement, key, dialect.folds_case)

    def _publish_one(self, actor: Actor, same: Sequence[_Candidate]) -> list[ImportedDocument]:
        """Publish the last of these documents that can be; the results in order of name."""
        results: dict[Path, ImportedDocument] = {}
        winner: _Candidate | None = None
        # The redirects come last here: they are taken only where nothing else can be.
        order = sorted(range(len(same)), key=lambda place: (same[place].is_redirect, same[place].folded, -place))
        for candidate in (same[place] for place in order):
            if winner is None:
                result = self._publish_file(actor, candidate)
                winner = candidate if result.verdict in TAKEN else None
            elif candidate.is_redirect and not winner.is_redirect:
                result = result_of(candidate.statement, Verdict.LEFT_OUT, reasons=(_NEVER_REPLACES,))
            else:
                what = "keeps the spelling" if candidate.folded and not winner.folded else "comes later"
                why = f"{winner.path} is about the same and {what}"
                result = result_of(candidate.statement, Verdict.SUPERSEDED, reasons=(why,))
            results[candidate.path] = result
        return [results[candidate.path] for candidate in same]

    def _publish_file(self, actor: Actor, candidate: _Candidate) -> ImportedDocument:
        try:
            data = read_document_file(candidate.path)
            content: Content | None
            if candidate.is_card:
                content = read_business_card(data)
            else:
                document = read_document(data)[1]
                content = document.service_group or document.metadata
        except (RegistryError, OSError) as error:
            return result_of(candidate.statement, Verdict.REFUSED, reasons=reasons_of(error))
        return self._publish(actor, replace(candidate.statement, content=content))

    def _publish(self, actor: Actor, statement: Statement) -> ImportedDocument:
        if statement.content is None:
            return result_of(statement, Verdict.REFUSED)
        try:
            match statement.content:
                case ServiceGroup() as said:
                    group = replace(said, document_types=())
                    published = self._publishing.put_service_group(actor, self._stored, group)
                case BusinessCard() as card:
                    if self._business_cards is None:
                        return result_of(statement, Verdict.LEFT_OUT, reasons=(_NO_CARDS,))
                    outcome = self._business_cards.publish(actor, self._stored, card)
                    return result_of(statement, _VERDICTS[outcome])
                case ServiceMetadata() as metadata:
                    if statement.kind == "redirect" and self._publishing.has_endpoints(self._stored, metadata):
                        return result_of(statement, Verdict.LEFT_OUT, reasons=(_NEVER_REPLACES,))
                    published = self._publishing.put_service_metadata(actor, self._stored, metadata, create_group=True)
        except RegistryError as error:
            return result_of(statement, Verdict.REFUSED, reasons=reasons_of(error))
        return result_of(statement, _VERDICTS[published.outcome], notes=published.warnings)
