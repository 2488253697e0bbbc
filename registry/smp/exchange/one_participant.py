# SPDX-License-Identifier: Apache-2.0
"""What files say of one participant, to be published by somebody who does more than an import."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from registry.errors import ConfigurationError, NotFoundError, ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.metadata import ServiceMetadata
from registry.smp.documents.catalogue import read_document
from registry.smp.documents.signing import verify_document
from registry.smp.exchange.json_lines import read_json_lines
from registry.smp.exchange.phoss_export import read_phoss_export
from registry.smp.exchange.sources import SourceKind, files_of, read_document_file, source_kind
from registry.smp.exchange.verdicts import Statement
from trust_lists.errors import TrustListError

_STREAMS: dict[SourceKind, Callable[[Path], Iterator[Statement]]] = {
    SourceKind.PHOSS_EXPORT: read_phoss_export,
    SourceKind.JSON_LINES: read_json_lines,
}


def metadata_of_participant(
    paths: Sequence[Path], participant: ParticipantIdentifier, same: Callable[[ParticipantIdentifier], bool]
) -> tuple[ServiceMetadata, ...]:
    """The service metadata of a participant in files and folders, of each document type the last one that is found.

    `same` tells whether an identifier is the participant's, in whatever spelling. Raises ValidationError for what can't
    be read or was changed after it was signed, ConfigurationError for files that can't be opened, NotFoundError where
    nothing is about the participant.
    """
    found: dict[DocumentTypeIdentifier, ServiceMetadata] = {}
    for path in files_of(paths):
        try:
            for metadata in _read(path):
                if same(metadata.participant):
                    found[metadata.document_type] = metadata
        except OSError as error:
            raise ConfigurationError(f"{path} can't be read: {error.strerror}") from error
        except TrustListError as error:
            raise ValidationError.of("SMP-FILE-SIGNATURE", f"{path}: {error}") from error
    if not found:
        raise NotFoundError(f"no file has service metadata of {participant}")
    return tuple(found.values())


def _read(path: Path) -> Iterator[ServiceMetadata]:
    kind = source_kind(path)
    if kind in _STREAMS:
        statements = _STREAMS[kind](path)
        yield from (item.content for item in statements if isinstance(item.content, ServiceMetadata))
    elif kind is SourceKind.DOCUMENT:
        data = read_document_file(path)
        document = read_document(data)[1]
        if document.signed:
            verify_document(data, archive=True)
        if document.metadata is not None:
            yield document.metadata
