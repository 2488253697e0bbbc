# SPDX-License-Identifier: Apache-2.0
"""What the resolver may be asked, read from the query of a URL: strictly, since a misspelt parameter changes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from registry.domains.domain import Domain
from registry.errors import ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ISO6523, ParticipantIdentifier, is_ebcore
from registry.identifiers.process import ProcessIdentifier
from registry.identifiers.scheme_value import SEPARATOR
from registry.identifiers.text import shorten

MAX_QUERY: Final = 4096  # bytes; the longest identifiers take less, percent-encoded


@dataclass(frozen=True, slots=True)
class Question:
    """What may be asked; None where it doesn't matter."""

    domain: str
    participant: ParticipantIdentifier
    document_type: DocumentTypeIdentifier | None = None
    process: ProcessIdentifier | None = None
    transport: str | None = None


def read_query(query: bytes, known: frozenset[str]) -> dict[str, str]:
    """The parameters of a query string, each of `known` at most once. Raises ValidationError."""
    if len(query) > MAX_QUERY:
        raise ValidationError.of("RESOLVER-QUERY", f"the query has more than {MAX_QUERY} bytes")
    try:
        pairs = parse_qsl(query.decode("ascii"), strict_parsing=True, errors="strict") if query else []
    except ValueError as error:  # UnicodeError is one
        raise ValidationError.of("RESOLVER-QUERY", "the query is no percent-encoded UTF-8, as name=value&…") from error
    parameters = dict(pairs)
    if unknown := parameters.keys() - known:
        shown = ", ".join(shorten(name) for name in sorted(unknown))
        raise ValidationError.of(
            "RESOLVER-QUERY", f"there is no parameter {shown}; there are: {', '.join(sorted(known))}"
        )
    if len(parameters) < len(pairs):
        raise ValidationError.of("RESOLVER-QUERY", "a parameter is given twice")
    return parameters


def question_of(parameters: Mapping[str, str], domains: Mapping[str, Domain]) -> Question:
    """The question in the parameters of a URL. Raises ValidationError with everything that is wrong."""
    domain = _domain(parameters.get("domain"), domains)
    if not (participant := parameters.get("participant", "")):
        raise ValidationError.of("RESOLVER-PARTICIPANT", "the parameter participant is missing")
    document_type, process = parameters.get("document_type"), parameters.get("process")
    return Question(
        domain.name,
        participant_of(participant, domain),
        DocumentTypeIdentifier.parse(document_type) if document_type else None,
        ProcessIdentifier.parse(process) if process else None,
        parameters.get("transport") or None,
    )


def _domain(name: str | None, domains: Mapping[str, Domain]) -> Domain:
    if name:
        if name in domains:
            return domains[name]
    elif len(chosen := [domain for domain in domains.values() if domain.default or len(domains) == 1]) == 1:
        return chosen[0]
    known = ", ".join(sorted(domains)) or "none"
    raise ValidationError.of("RESOLVER-DOMAIN", f"the parameter domain must name a domain; there are: {known}")


def participant_of(text: str, domain: Domain) -> ParticipantIdentifier:
    """A participant as people write it: a value alone gets the domain's first scheme. Raises ValidationError."""
    stripped = text.strip()
    rules = domain.identifiers.participant
    if rules.allow_no_scheme:
        return ParticipantIdentifier.parse(stripped, scheme_optional=True)
    if SEPARATOR not in stripped and not is_ebcore(stripped):
        stripped = f"{next(iter(rules.schemes), ISO6523)}{SEPARATOR}{stripped}"
    return ParticipantIdentifier.parse(stripped)
