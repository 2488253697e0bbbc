# SPDX-License-Identifier: Apache-2.0
"""What a visitor asks, read leniently: people paste identifiers out of URLs, with blanks, in any letter case."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from registry.domains.domain import Domain
from registry.errors import ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.identifiers.url_form import decode_segment
from registry.lookups.resolving import Question
from registry.resolver.questions import participant_of

MAX_QUERY = 8192
"""Octets: the longest identifiers take less, percent-encoded twice."""
MAX_TEXT = 1100
"""Characters of one identifier."""
_FIELDS = 20


class TooLongError(Exception):
    """The query has more octets, fields or characters than any of ours."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What stands in the fields of the form, what is understood of it, and what the visitor is told about that.

    `question` is None where nothing is asked, or nothing that can be an answer to: then `wrong` has the reasons.
    `notes` are codes of `registry.ui.labels`, each with what it is about.
    """

    participant: str = ""
    document_type: str = ""
    process: str = ""
    language: str = ""
    start: int = 0
    question: Question | None = None
    wrong: tuple[str, ...] = ()
    notes: tuple[tuple[str, str], ...] = field(default=())

    @property
    def is_empty(self) -> bool:
        """Whether somebody has only opened the page."""
        return not self.participant.strip()


def read_query(query: bytes, domain: Domain) -> Asked:
    """What a query string asks of a domain; parameters that nobody knows are passed over. Raises TooLongError."""
    if len(query) > MAX_QUERY:
        raise TooLongError
    try:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=_FIELDS)
    except ValueError:
        raise TooLongError from None
    given = dict(reversed(pairs))
    if any(len(value) > MAX_TEXT for value in given.values()):
        raise TooLongError
    asked = Asked(
        given.get("participant", ""),
        given.get("document", ""),
        given.get("process", ""),
        given.get("lang", ""),
        _number(given.get("from", "")),
    )
    return asked if asked.is_empty else _understood(asked, domain)


def _understood(asked: Asked, domain: Domain) -> Asked:
    notes: list[tuple[str, str]] = []
    wrong: list[str] = []
    participant = _participant(asked.participant, domain, notes, wrong)
    types = domain.identifiers.document_type
    document_type = process = None
    if text := _unwrapped(asked.document_type):
        try:
            document_type = DocumentTypeIdentifier.parse(text, scheme_optional=types.allow_no_scheme)
        except ValidationError as error:
            wrong += [reason.message for reason in error.reasons]
    if text := _unwrapped(asked.process):
        try:
            process = ProcessIdentifier.parse(text)
        except ValidationError as error:
            wrong += [reason.message for reason in error.reasons]
    question = None if wrong or participant is None else Question(participant, document_type, process)
    return Asked(
        asked.participant,
        asked.document_type,
        asked.process,
        asked.language,
        asked.start,
        question,
        tuple(wrong),
        tuple(notes),
    )


def _participant(
    text: str, domain: Domain, notes: list[tuple[str, str]], wrong: list[str]
) -> ParticipantIdentifier | None:
    bare = text.strip()
    if bare != text:
        notes.append(("blanks", bare))
    plain = _unwrapped(bare)
    if plain != bare:
        notes.append(("encoded", plain))
    try:
        found = participant_of(plain, domain)
    except ValidationError as error:
        wrong += [reason.message for reason in error.reasons]
        return None
    if str(found) != plain:
        notes.append(("scheme-added", str(found)))
    notes += _about(found, domain)
    return found


def _about(found: ParticipantIdentifier, domain: Domain) -> list[tuple[str, str]]:
    """What is worth a word about an identifier that can be looked up."""
    rules = domain.identifiers
    notes: list[tuple[str, str]] = []
    if found.scheme and rules.participant.known(found.scheme) is None:
        notes.append(("unknown-scheme", ", ".join(rules.participant.schemes)))
    if found.is_wildcard:
        notes.append(("wildcard", found.scheme))
    elif rules.participant_key(found) != found.value:
        notes.append(("any-case", rules.participant_key(found)))
    elif found.value != found.value.lower():
        notes.append(("case-matters", found.value))
    return notes


def _unwrapped(text: str) -> str:
    """The identifier in a text: without blanks around it, and decoded where it is as in a URL."""
    text = text.strip()
    if "%" not in text:
        return text
    try:
        return decode_segment(text.encode()).strip()
    except ValidationError:
        return text


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0


def query_of(asked: Asked, **changed: str) -> Mapping[str, str]:
    """The parameters of a page that asks the same, but for what is changed; empty ones are left out."""
    given = {
        "participant": asked.participant,
        "document": asked.document_type,
        "process": asked.process,
        "lang": asked.language,
    }
    return {name: value for name, value in {**given, **changed}.items() if value}
