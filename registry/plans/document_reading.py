# SPDX-License-Identifier: Apache-2.0
"""SMP documents and exports of phoss SMP as what participants say, one source with many files.

A document says one service: others that are published stay. An export says all that its SMP has.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from registry.domains.domain import Domain
from registry.errors import Reason, RegistryError, ValidationError
from registry.identifiers.participant import ParticipantIdentifier
from registry.metadata import ServiceGroup, ServiceMetadata
from registry.plans.model import ALL, CLAUSE, Said
from registry.plans.table_reading import key_of
from registry.smp.documents.business_card import BusinessCard, read, write_business_card
from registry.smp.documents.catalogue import read_document
from registry.smp.documents.signing import verify_document
from registry.smp.exchange.model_json import (
    extensions_to_json,
    identifier_to_json,
    properties_to_json,
    service_to_json,
)
from registry.smp.exchange.phoss_export import read_phoss_export
from registry.smp.exchange.sources import SourceKind, files_of, read_document_file, source_kind
from registry.smp.exchange.verdicts import Content, Statement, reasons_of
from registry.storage.spool import Spool
from registry.storage.types import to_json
from trust_lists.errors import TrustListError

_Kept = tuple[int, str, str, Any, list[str], bool]


class DocumentReader:
    """Reads files and folders for a domain."""

    def __init__(self, domain: Domain, paths: Sequence[Path]) -> None:
        self._domain = domain
        self._paths = paths

    def said(self) -> Iterator[Said]:
        """What is said, in order of the participants' keys. The line of a document is its place among all."""
        with Spool() as spool:
            number = 0
            for path in files_of(self._paths):
                for statement, whole in _statements(path):
                    number += 1
                    key, reasons = self._key(statement)
                    kind, value = _said(statement.content)
                    kept: _Kept = (number, statement.participant, kind, value, [*statement.reasons, *reasons], whole)
                    spool.add(key or f"\n{number}", to_json(kept).encode())
            for key, found in spool.groups():
                yield _together("" if key.startswith("\n") else key, [json.loads(item) for item in found])

    def _key(self, statement: Statement) -> tuple[str, list[str]]:
        try:
            participant = (
                statement.content.participant
                if statement.content is not None
                else ParticipantIdentifier.parse(statement.participant, scheme_optional=True)
            )
            return key_of(self._domain, participant), []
        except ValidationError as error:
            return "", [] if statement.reasons else list(reasons_of(error))


def _statements(path: Path) -> Iterator[tuple[Statement, bool]]:
    """What a file says, and whether it says all of a participant."""
    try:
        kind = source_kind(path)
        if kind is SourceKind.PHOSS_EXPORT:
            yield from ((statement, True) for statement in read_phoss_export(path))
        elif kind is SourceKind.BUSINESS_CARD:
            yield Statement.of(str(path), read(read_document_file(path))), False
        else:
            yield _document(path), False
    except (RegistryError, TrustListError, OSError) as error:
        yield Statement(str(path), "document", reasons=reasons_of(error)), False


def _document(path: Path) -> Statement:
    data = read_document_file(path)
    document = read_document(data)[1]
    if document.signed:
        verify_document(data, archive=True)
    content = document.service_group or document.metadata
    if content is None:
        raise ValidationError.of("PLAN-DOCUMENT", "it says nothing of a participant", CLAUSE)
    return Statement.of(str(path), content)


def _said(content: Content | None) -> tuple[str, Any]:
    match content:
        case ServiceGroup(participant=participant, extensions=extensions, properties=properties):
            said: dict[str, Any] = {"participant": identifier_to_json(participant)}
            if extensions:
                said["extensions"] = extensions_to_json(extensions)
            if properties is not None:
                said["properties"] = properties_to_json(properties)
            return "group", said
        case ServiceMetadata():
            return "service", [identifier_to_json(content.participant), service_to_json(content)]
        case BusinessCard():
            return "card", [identifier_to_json(content.participant), write_business_card(content).decode()]
    return "", None


def _together(key: str, found: Sequence[_Kept]) -> Said:
    body: dict[str, Any] = {}
    unsaid = {"extensions", "properties", "business_card", ALL}
    services: dict[str, Any] = {}
    reasons: dict[Reason, None] = {}
    for _, _, kind, value, wrong, whole in found:
        reasons |= dict.fromkeys(Reason("PLAN-DOCUMENT", message, CLAUSE) for message in wrong)
        unsaid -= {ALL} if whole else set()
        if kind == "group":
            body |= value
            unsaid -= {"extensions", *(("properties",) if "properties" in value else ())}
        elif kind:
            participant, said = value
            body.setdefault("participant", participant)
            if kind == "service":
                services[to_json(said["document_type"])] = said
            else:
                body["business_card"] = said
                unsaid.discard("business_card")
    if services:
        body["services"] = list(services.values())
    return Said(found[0][0], key, found[0][1], body, frozenset(unsaid), tuple(reasons))
