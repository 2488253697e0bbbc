# SPDX-License-Identifier: Apache-2.0
"""Compares two SMPs: the service group of a participant, then each document type that either of them lists.

Signatures are nobody's difference here: each system signs by itself. What only one side lists is told from the group
and not asked for.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from registry.domains.domain import Domain
from registry.errors import TechnicalError, ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.url_form import participant_path, service_path
from registry.metadata import ServiceGroup
from registry.move_in.shadow.meaning import (
    group_differences,
    keyed,
    metadata_differences,
    redirect_difference,
)
from registry.move_in.shadow.model import Answer, Difference, DifferenceKind, Side
from registry.move_in.shadow.sides import HttpSide
from registry.move_in.shadow.words import redirect_in, words_of
from registry.smp.documents.dialect import Dialect
from registry.smp.documents.parsed import ParsedDocument


@dataclass(frozen=True, slots=True)
class Asked:
    """A participant's service group, or what is said of one document type."""

    participant: ParticipantIdentifier
    document_type: DocumentTypeIdentifier | None = None
    is_refused: bool = field(default=False, compare=False)
    """Whether it was refused when it was loaded, so that nobody expects it here."""

    def __str__(self) -> str:
        return str(self.participant) if self.document_type is None else f"{self.participant} {self.document_type}"


class SmpComparer:
    """Asks both SMPs in one dialect."""

    def __init__(self, domain: Domain, dialect: Dialect, old: HttpSide, ours: HttpSide) -> None:
        self._domain = domain
        self._rules = domain.identifiers
        self._dialect = dialect
        self._sides = {Side.OLD: old, Side.OURS: ours}

    def ask(self, question: Asked) -> Answer:
        """See `Comparer`."""
        try:
            path = asked_path(self._domain, self._dialect, question)
        except ValidationError as error:
            return Answer(failures=((Side.OLD, f"it can't be asked for: {error}"),))
        for side in self._sides.values():
            side.send(path)
        bodies: dict[Side, bytes | None] = {}
        failures = []
        for name, side in self._sides.items():
            try:
                bodies[name] = _body(*side.receive())
            except TechnicalError as error:
                failures.append((name, str(error)))
        if failures:
            return Answer(failures=tuple(failures))
        old, ours = bodies[Side.OLD], bodies[Side.OURS]
        if old is None or ours is None:
            return Answer(tuple(_only_one(question, old, ours)))
        return self._compared(question, old, ours)

    def close(self) -> None:
        """See `Comparer`."""
        for side in self._sides.values():
            side.close()

    def _compared(self, question: Asked, old: bytes, ours: bytes) -> Answer:
        is_group = question.document_type is None
        try:
            same = words_of(old) == words_of(ours)
        except ValidationError:
            same = False  # and the reading below says whose it is
        if same and not is_group:
            return Answer()
        if not is_group and (redirected := self._redirected(question, old, ours)) is not None:
            return Answer((redirected,))
        read: dict[Side, ParsedDocument] = {}
        failures = []
        for side, body in ((Side.OLD, old), (Side.OURS, ours)):
            try:
                read[side] = self._dialect.read(body)
                if (read[side].service_group is not None) is not is_group:
                    failures.append((side, f"it answers with a {read[side].kind}"))
            except ValidationError as error:
                failures.append((side, f"its document can't be read: {error}"))
        if failures:
            return Answer(failures=tuple(failures))
        one, other = read[Side.OLD], read[Side.OURS]
        if one.service_group is not None and other.service_group is not None:
            found = () if same else tuple(group_differences(self._rules, one.service_group, other.service_group))
            return Answer(found, follow=tuple(self._follow(question, one.service_group, other.service_group)))
        if one.metadata is not None and other.metadata is not None:
            return Answer(tuple(metadata_differences(self._rules, one.metadata, other.metadata)))
        return Answer()

    def _redirected(self, question: Asked, old: bytes, ours: bytes) -> Difference | None:
        """How redirects differ; told without reading the documents: no reader takes some that old systems have."""
        path = asked_path(self._domain, self._dialect, question)
        try:
            return redirect_difference(redirect_in(old), redirect_in(ours), path)
        except ValidationError:
            return None

    def _follow(self, question: Asked, old: ServiceGroup, ours: ServiceGroup) -> Iterable[Asked]:
        both = keyed(self._rules, ours.document_types).keys()
        for key, document_type in keyed(self._rules, old.document_types).items():
            if key in both:
                yield Asked(question.participant, document_type)


def asked_path(domain: Domain, dialect: Dialect, question: Asked) -> str:
    """The path below an SMP's base URL, as `SmpReader` asks: in the case that the dialect writes.

    Raises ValidationError for an identifier that no URL can hold.
    """
    participant, document_type, rules = question.participant, question.document_type, domain.identifiers
    if dialect.folds_case:
        participant = replace(participant, value=rules.participant_key(participant))
        document_type = document_type and replace(document_type, value=rules.document_type_key(document_type))
    path = participant_path(participant) if document_type is None else service_path(participant, document_type)
    return f"/{dialect.path_prefix}{path}" if dialect.path_prefix else path


def _only_one(question: Asked, old: bytes | None, ours: bytes | None) -> Iterator[Difference]:
    """One side has it, or neither, which is no difference."""
    what = str(question.document_type or question.participant)
    of_type = question.document_type is not None
    if old is not None:
        kind = DifferenceKind.MISSING_DOCUMENT_TYPE if of_type else DifferenceKind.MISSING_PARTICIPANT
        if question.is_refused:
            kind = DifferenceKind.REFUSED
        yield Difference(kind, old=what)
    elif ours is not None:
        kind = DifferenceKind.EXTRA_DOCUMENT_TYPE if of_type else DifferenceKind.EXTRA_PARTICIPANT
        yield Difference(kind, ours=what)


def _body(status: int, body: bytes) -> bytes | None:
    """The document, None for one that isn't there. Raises TechnicalError on any other status."""
    if status == 200:
        return body
    if status == 404:
        return None
    raise TechnicalError(f"HTTP {status}")
