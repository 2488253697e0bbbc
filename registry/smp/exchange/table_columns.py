# SPDX-License-Identifier: Apache-2.0
"""A table of participants: its columns, and what rows of one participant say (docs/reference/plan-columns.md).

Each row is an endpoint or a redirect, or says more of a participant. A cell that says nothing is left out of a row.
"""

import binascii
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding

from registry.errors import Reason, ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.metadata import (
    CustomProperty,
    Endpoint,
    EndpointCertificate,
    Extension,
    Process,
    ProcessMetadata,
    Redirect,
    ServiceMetadata,
)
from registry.smp.documents.lexical import parse_boolean, parse_date_time
from trust_lists.certificates.parsing import load_certificate
from trust_lists.errors import CertificateError

PARTICIPANT: Final = "participant"
OF_PARTICIPANTS: Final = ("owner", "participant_extension", "business_card")
OF_SERVICES: Final = ("document_type", "service_extension")
OF_ENDPOINTS: Final = (
    "process",
    "transport_profile",
    "address",
    "certificate",
    "activation",
    "expiration",
    "require_business_level_signature",
    "minimum_authentication_level",
    "description",
    "technical_contact",
    "technical_information",
    "endpoint_extension",
)
OF_REDIRECTS: Final = ("redirect", "redirect_certificate_uid")
PROPERTY, PUBLIC_PROPERTY = "property.", "public_property."
"""A column of such a name has the values of the property of the name behind it."""
COLUMNS: Final = (PARTICIPANT, *OF_PARTICIPANTS, *OF_SERVICES, *OF_ENDPOINTS, *OF_REDIRECTS)
VISIBILITY: Final = "visibility"
"""A column of plans and exports alone: public, internal or private."""
EXTENSIONS_JSON, PROPERTIES_JSON, SERVICE_JSON = "extensions_json", "properties_json", "service_json"
"""What the other columns can't say, as in a line of an export (docs/reference/exchange.md)."""
JSON_COLUMNS: Final = (EXTENSIONS_JSON, PROPERTIES_JSON, SERVICE_JSON)
_FORMULA: Final = re.compile(r"'*[=+\-@\t\r\n]")
_GUARDED: Final = re.compile(r"'+[=+\-@\t\r\n]")
ANYBODY: Final = ParticipantIdentifier("", "anybody")
"""Stands for whoever says it, where the same is said by many."""

Row = Mapping[str, str]
"""The cells of a line by their columns."""


@dataclass(slots=True)
class SaidRows:
    """All lines of one participant, with their numbers, and what is wrong with them."""

    rows: Sequence[tuple[int, Row]]
    rule: str
    """The id of the reasons."""
    clause: str
    reasons: list[Reason] = field(default_factory=list)

    def once(self, name: str) -> str:
        """What stands in a column that is about the participant; empty lines don't contradict."""
        found = {row[name]: number for number, row in reversed(self.rows) if name in row}
        if len(found) > 1:
            self.refuse(sorted(found.values()), f"{name} differs")
        return next(iter(found), "")

    def properties(self) -> Iterator[CustomProperty]:
        """The custom properties, in order of their columns' names."""
        for name in sorted({name for _, row in self.rows for name in row}):
            for begin in (PROPERTY, PUBLIC_PROPERTY):
                if name.startswith(begin):
                    yield CustomProperty(name.removeprefix(begin), self.once(name), begin == PUBLIC_PROPERTY)

    def by_document_type(self) -> Iterator[list[tuple[int, Row]]]:
        """The lines of each document type; those without are about the participant alone."""
        found: dict[str, list[tuple[int, Row]]] = {}
        for number, row in self.rows:
            about = sorted(row.keys() & {*OF_SERVICES, *OF_ENDPOINTS, *OF_REDIRECTS})
            if "document_type" in row:
                found.setdefault(row["document_type"], []).append((number, row))
            elif about:
                self.refuse([number], f"there is {', '.join(about)}, but no document_type")
        yield from found.values()

    def refuse(self, numbers: Sequence[int], message: str) -> None:
        """Keep a reason with the numbers of its lines, once."""
        reason = Reason(self.rule, f"{lines_text(numbers)}: {message}", self.clause)
        if reason not in self.reasons:
            self.reasons.append(reason)


def delimiter_of(head: str) -> str:
    """What is between the cells of a table, by the line with its columns' names: a comma or a semicolon."""
    return ";" if head.count(";") > head.count(",") else ","


def wrong_columns(names: Sequence[str], known: Collection[str] = COLUMNS) -> list[str]:
    """What is wrong with the names of a table's columns; those of properties are `known` anyway."""
    wrong = [
        f"the column {name[:80]!r} is not known"
        for name in names
        if name not in known and not name.startswith((PROPERTY, PUBLIC_PROPERTY))
    ]
    wrong += (f"the column {name[:80]!r} is there twice" for name, times in Counter(names).items() if times > 1)
    if PARTICIPANT not in names:
        wrong.append(f"there is no column {PARTICIPANT!r}")
    return wrong


def lines_text(numbers: Sequence[int]) -> str:
    """The first numbers of lines, in words."""
    more = f" and {len(numbers) - 5} more" if len(numbers) > 5 else ""
    return f"line {', '.join(map(str, numbers[:5]))}{more}"


def service_of(cells: Sequence[Row]) -> tuple[ServiceMetadata | None, list[str]]:
    """What the lines of a document type say, for `ANYBODY`; or what is wrong with them."""
    wrong: list[str] = []
    extensions = {row["service_extension"]: None for row in cells if "service_extension" in row}
    if len(extensions) > 1:
        wrong.append("service_extension differs")
    redirects = [row for row in cells if row.keys() & set(OF_REDIRECTS)]
    if redirects and (len(cells) > 1 or redirects[0].keys() & set(OF_ENDPOINTS)):
        wrong.append("beside a redirect a document type has nothing else")
    try:
        document_type = DocumentTypeIdentifier.parse(cells[0]["document_type"])
        groups = _redirect(redirects[0]) if redirects else _processes(cells, wrong)
    except ValidationError as error:
        wrong.extend(map(str, error.reasons))
    if wrong:
        return None, wrong
    return ServiceMetadata(ANYBODY, document_type, groups, extensions_of(next(iter(extensions), ""))), []


def guarded(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: an apostrophe before those that would begin one (OWASP).

    What looks like one that was guarded already gets another, so that `unguarded` always gives back what was there.
    """
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unguarded(cell: str) -> str:
    """The reverse of `guarded`."""
    return cell[1:] if _GUARDED.match(cell) else cell


def extensions_of(text: str) -> tuple[Extension, ...]:
    """A cell with an extension."""
    return (Extension(text.encode()),) if text else ()


def _redirect(row: Row) -> tuple[ProcessMetadata, ...]:
    redirect = Redirect(row.get("redirect", ""), row.get("redirect_certificate_uid", ""))
    return (ProcessMetadata(redirect=redirect),)


def _processes(cells: Sequence[Row], wrong: list[str]) -> tuple[ProcessMetadata, ...]:
    found: dict[str, list[Endpoint]] = {}
    for row in cells:
        found.setdefault(row.get("process", ""), []).append(_endpoint(row, wrong))
    return tuple(
        ProcessMetadata((Process(ProcessIdentifier.parse(name)),) if name else (), tuple(endpoints))
        for name, endpoints in found.items()
    )


def _endpoint(row: Row, wrong: list[str]) -> Endpoint:
    der = _certificate(row.get("certificate", ""), wrong)
    return Endpoint(
        transport_profile=row.get("transport_profile", ""),
        address=row.get("address", ""),
        certificates=() if der is None else (EndpointCertificate(der),),
        require_business_level_signature=_flag(row, "require_business_level_signature", wrong),
        minimum_authentication_level=row.get("minimum_authentication_level"),
        activation=_moment(row, "activation", wrong),
        expiration=_moment(row, "expiration", wrong),
        description=row.get("description", ""),
        technical_contact=row.get("technical_contact", ""),
        technical_information=row.get("technical_information"),
        extensions=extensions_of(row.get("endpoint_extension", "")),
    )


def _certificate(text: str, wrong: list[str]) -> bytes | None:
    try:
        return load_certificate(text).public_bytes(Encoding.DER) if text else None
    except (CertificateError, binascii.Error) as error:
        wrong.append(f"the certificate: {error}")
        return None


def _flag(row: Row, name: str, wrong: list[str]) -> bool:
    try:
        return parse_boolean(row[name].lower()) if name in row else False
    except ValueError:
        wrong.append(f"{name} is neither true nor false: {row[name][:40]!r}")
        return False


def _moment(row: Row, name: str, wrong: list[str]) -> datetime | None:
    try:
        return parse_date_time(row[name].replace(" ", "T"))[0] if name in row else None
    except ValueError:
        wrong.append(f"{name} is no date: {row[name][:40]!r}")
        return None
