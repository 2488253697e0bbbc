# SPDX-License-Identifier: Apache-2.0
"""OpenPeppol's code lists; an operator brings them along (`registry.identifiers.code_list_files` reads their files).

Four lists are known: participant identifier schemes (their code is the ICD), document types, processes and transport
profiles (which have no scheme). Which one a file holds is seen by its rows.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from registry.errors import ValidationError
from registry.identifiers.check_digits import is_stated
from registry.identifiers.participant import ISO6523
from registry.identifiers.text import shorten


class Kind(StrEnum):
    """What a code list lists."""

    PARTICIPANT = "participant"
    DOCUMENT_TYPE = "document type"
    PROCESS = "process"
    TRANSPORT_PROFILE = "transport profile"


class State(StrEnum):
    """What may be done with a code: use; keep but not newly register; nothing."""

    ACTIVE = "active"
    DEPRECATED = "deprecated"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class CodeListEntry:
    """One code."""

    state: State
    registrable: bool = True
    """False for the codes of agencies that exist but have no participants of their own in the network."""
    abstract: bool = False
    """True for document types that can only be registered with a `*`."""
    check_digits: bool = False
    """True for the codes of agencies whose check digits the list states in a way that can be calculated."""
    name: str = ""
    """What people call it."""


@dataclass(frozen=True, slots=True)
class CodeList:
    """One list; its entries by scheme and value (ICD; value without `*`; profile id with the scheme "")."""

    kind: Kind
    version: str
    entries: Mapping[tuple[str, str], CodeListEntry]

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Read one of OpenPeppol's JSON files. Raises ValidationError, saying what was expected, when it is none."""
        try:
            document = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise no_code_list(str(error)) from error
        return cls.from_document(document)

    @classmethod
    def from_document(cls, document: object) -> Self:
        """From what a JSON file says: a mapping with `version` and `values`. Raises ValidationError as `from_json`."""
        try:
            version, rows = _parts(document)
            kind = _kind(rows[0])
            return cls(kind, version, {_code(kind, row): _entry(kind, row) for row in rows})
        except KeyError as error:
            raise no_code_list(f"a row has no field {error}") from error
        except (ValueError, RecursionError) as error:
            raise no_code_list(str(error)) from error

    def entry(self, scheme: str, value: str) -> CodeListEntry | None:
        """The entry of a code; None when it is not listed."""
        return self.entries.get((scheme, value))

    def matching(self, search: str = "", state: State | None = None) -> list[tuple[tuple[str, str], CodeListEntry]]:
        """The codes, as scheme and value, whose name or code hold all words of `search`, in whatever letter case."""
        words = search.casefold().split()

        def wanted(code: tuple[str, str], entry: CodeListEntry) -> bool:
            text = f"{entry.name} {code[0]}::{code[1]}".casefold()
            return (state is None or entry.state is state) and all(word in text for word in words)

        return [(code, entry) for code, entry in self.entries.items() if wanted(code, entry)]

    def state(self, scheme: str, value: str) -> State | None:
        """The state of a code; None when it is not listed."""
        entry = self.entry(scheme, value)
        return None if entry is None else entry.state


def no_code_list(why: str) -> ValidationError:
    """The error for a file that is something else."""
    return ValidationError.of(
        "CODE-LIST-FORM", f"this is none of OpenPeppol's code lists of {', '.join(_FILES)}: {why}"
    )


_FILES = ("participant identifier schemes", "document types", "processes", "transport profiles")
_MAX_VERSION = 32


def _parts(document: object) -> tuple[str, list[Mapping[str, object]]]:
    match document:
        case {"version": str(version), "values": [_, *_] as rows} if all(isinstance(row, dict) for row in rows):
            if not 0 < len(version) <= _MAX_VERSION or not version.isprintable():
                raise ValueError(f"{version[:_MAX_VERSION]!r} is no version")
            return version, rows
        case _:
            raise ValueError("it has no version with a list of values")


def _kind(row: Mapping[str, object]) -> Kind:
    if "iso6523" in row:
        return Kind.PARTICIPANT
    if "profile-id" in row:
        return Kind.TRANSPORT_PROFILE
    if "scheme" in row and "value" in row:
        return Kind.DOCUMENT_TYPE if {"abstract", "process-ids"} & row.keys() else Kind.PROCESS
    shown = shorten(", ".join(row))
    raise ValueError(f"its rows have {shown}, but neither iso6523 nor profile-id nor scheme and value")


def _code(kind: Kind, row: Mapping[str, object]) -> tuple[str, str]:
    match kind:
        case Kind.PARTICIPANT:
            return ISO6523, str(row["iso6523"])
        case Kind.TRANSPORT_PROFILE:
            return "", str(row["profile-id"])
        case _:
            return str(row["scheme"]), str(row["value"])


def _entry(kind: Kind, row: Mapping[str, object]) -> CodeListEntry:
    name = row.get("name") or row.get("scheme-name") or f"{row.get('protocol', '')} {row.get('profile-version', '')}"
    return CodeListEntry(
        State(str(row["state"])),
        registrable=row.get("registrable", True) is True,
        abstract=row.get("abstract", False) is True,
        check_digits=kind is Kind.PARTICIPANT and is_stated(str(row["iso6523"]), row),
        name=str(name).strip(),
    )
