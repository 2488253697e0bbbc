# SPDX-License-Identifier: Apache-2.0
"""SMP 2.0 wants identifiers whose case means nothing in lower case (OASIS SMP 2.0 §2.4, §5.5); 1.x as registered.

Which schemes have case is a matter of the domain, so the folding is done here and not in the dialect.
"""

from dataclasses import replace
from functools import partial

from registry.domains.domain import Domain
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.rules import IdentifierRules
from registry.metadata import Process, ProcessMetadata, ServiceGroup, ServiceMetadata
from registry.smp.documents.dialect import Dialect


def folded_group(group: ServiceGroup, dialect: Dialect, domain: Domain) -> ServiceGroup:
    """The group with the identifiers that the dialect writes."""
    if not dialect.folds_case:
        return group
    rules = domain.identifiers
    return replace(
        group,
        participant=_participant(group.participant, rules),
        document_types=tuple(_document_type(item, rules) for item in group.document_types),
    )


def folded_metadata(metadata: ServiceMetadata, dialect: Dialect, domain: Domain) -> ServiceMetadata:
    """The metadata with the identifiers that the dialect writes."""
    if not dialect.folds_case:
        return metadata
    rules = domain.identifiers
    return replace(
        metadata,
        participant=_participant(metadata.participant, rules),
        document_type=_document_type(metadata.document_type, rules),
        process_metadata=tuple(map(partial(_group, rules=rules), metadata.process_metadata)),
    )


def _group(group: ProcessMetadata, rules: IdentifierRules) -> ProcessMetadata:
    return replace(group, processes=tuple(map(partial(_process, rules=rules), group.processes)))


def _process(process: Process, rules: IdentifierRules) -> Process:
    identifier = process.identifier
    return replace(process, identifier=replace(identifier, value=rules.process_key(identifier)))


def _participant(participant: ParticipantIdentifier, rules: IdentifierRules) -> ParticipantIdentifier:
    return replace(participant, value=rules.participant_key(participant))


def _document_type(document_type: DocumentTypeIdentifier, rules: IdentifierRules) -> DocumentTypeIdentifier:
    return replace(document_type, value=rules.document_type_key(document_type))
