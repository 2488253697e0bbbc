# SPDX-License-Identifier: Apache-2.0
"""The database of a DomiSMP, or of a harmony-smp, as a source: one of its domains, read page by page.

A participant may be published as SMP 1.0 and as SMP 2.0 at once; here it is one, and is refused where the two say
different things of the same service.
"""

from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from typing import Any

from registry.errors import Reason, ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.metadata import Extension
from registry.move_in.model import Kind, SourceKind, SourceRecord, Unhoused
from registry.move_in.participant_records import owner_record, participant_record, service_text
from registry.move_in.sources.domismp_documents import read_group, read_service
from registry.move_in.sources.domismp_tables import RESOURCE, DomiSmpTables, tables_of
from registry.move_in.sources.domismp_unhoused import unhoused_in
from registry.move_in.sources.sql import Snapshot
from registry.move_in.sources.sql_parts import Row, Rows, checksums, of_parts, wanted_digits
from registry.move_in.sources.sql_states import state_of
from registry.smp.documents.lexical import XML_SPACE

_PAGE = 200
_BETWEEN = "r.IDENTIFIER_VALUE >= :first AND r.IDENTIFIER_VALUE <= :last"


class _Held:
    """What has been read of one participant; properties by the ids of documents."""

    __slots__ = ("groups", "owners", "properties", "services")

    def __init__(self) -> None:
        self.groups: list[Row] = []
        self.services: list[Row] = []
        self.properties: dict[int, dict[str, str]] = {}
        self.owners: list[str] = []


class DomiSmpSql:
    """Implements `registry.move_in.model.Source`; `domain` is a DOMAIN_CODE, "" where there is only one."""

    kind = SourceKind.DOMISMP_SQL

    def __init__(self, snapshot: Snapshot, domain: str = "") -> None:
        self._snapshot = snapshot
        self._domain = domain

    def check(self) -> None:
        """See `Source.check`."""
        for rows in self._tables.all():
            self._snapshot.count(f"(SELECT 1 FROM {rows.source} LIMIT 1) f")  # noqa: S608

    def checksums(self) -> Mapping[tuple[Kind, int], str] | None:
        """See `Source.checksums`."""
        return checksums(self._snapshot, RESOURCE, self._tables.all(), self._owners())

    def state(self) -> str | None:
        """See `StatedSource.state`."""
        return state_of(self._snapshot, *(rows.source for rows in self._tables.all()), "smp_user")

    def records(self, parts: Collection[tuple[Kind, int]] | None) -> Iterator[SourceRecord]:
        """See `Source.records`."""
        yield from of_parts(self._owners(), parts)
        wanted = wanted_digits(parts)
        if wanted == []:
            return
        after = ""
        while values := self._values(after, wanted):
            after = values[-1]
            page = self._page(values[0], after, wanted)
            yield from (_record(*name, held) for name, held in page.items() if held.groups)

    def unhoused(self) -> tuple[Unhoused, ...]:
        """See `Source.unhoused`."""
        return unhoused_in(self._snapshot, self._tables)

    def close(self) -> None:
        """See `Source.close`."""
        self._snapshot.close()

    @cached_property
    def _tables(self) -> DomiSmpTables:
        return tables_of(self._snapshot, self._domain)

    def _owners(self) -> Iterator[SourceRecord]:
        columns = self._snapshot.columns["smp_user"]
        name, email = (column if column in columns else "NULL" for column in ("full_name", "email"))
        for login, full_name, address, active in self._snapshot.rows(
            f"SELECT USERNAME, {name}, {email}, ACTIVE FROM SMP_USER"  # noqa: S608
        ):
            yield owner_record(login, full_name or "", address or "", enabled=_flag(active))

    def _values(self, after: str, wanted: list[str] | None) -> list[str]:
        """The identifiers of the next page, schemes aside: whoever has the same one is on the same page."""
        some = "" if wanted is None else f"{RESOURCE.digits(self._snapshot)} IN :wanted AND "
        statement = (
            f"SELECT DISTINCT r.IDENTIFIER_VALUE FROM {self._tables.resources} WHERE {some}"  # noqa: S608
            f"r.IDENTIFIER_VALUE > :after ORDER BY r.IDENTIFIER_VALUE LIMIT {_PAGE}"
        )
        values: dict[str, Any] = {"after": after} if wanted is None else {"after": after, "wanted": wanted}
        return [value for (value,) in self._snapshot.rows(statement, **values)]

    def _page(self, first: str, last: str, wanted: list[str] | None) -> dict[tuple[str, str], _Held]:
        page: dict[tuple[str, str], _Held] = {}

        def rows_of(rows: Rows) -> Iterator[tuple[_Held, Row]]:
            for scheme, value, _, *row in RESOURCE.select(
                self._snapshot, rows, _BETWEEN, wanted, first=first, last=last
            ):
                yield page.setdefault((scheme, value), _Held()), tuple(row)

        for held, row in rows_of(self._tables.groups):
            held.groups.append(row)
        for held, row in rows_of(self._tables.services):
            held.services.append(row)
        for properties in self._tables.properties:
            for held, (document, name, value) in rows_of(properties):
                held.properties.setdefault(document, {})[name] = value or ""
        for held, (login,) in rows_of(self._tables.owners):
            held.owners.append(login)
        return page


def _record(scheme: str, value: str, held: _Held) -> SourceRecord:
    participant = ParticipantIdentifier(scheme.strip(XML_SPACE), value.strip(XML_SPACE))
    reasons: list[Reason] = []
    extensions: set[tuple[Extension, ...]] = set()
    services: dict[DocumentTypeIdentifier, str] = {}
    for content, document in held.groups:
        try:
            extensions.add(read_group(content, participant, held.properties.get(document, {})))
        except ValidationError as error:
            reasons += error.reasons
    for type_scheme, type_value, content, document in held.services:
        document_type = DocumentTypeIdentifier(type_scheme.strip(XML_SPACE), type_value.strip(XML_SPACE))
        try:
            properties = held.properties.get(document, {})
            text = service_text(read_service(content, participant, document_type, properties))
        except ValidationError as error:
            reasons += error.reasons
            continue
        if services.setdefault(document_type, text) != text:
            reasons.append(
                Reason("MOVE-IN-SMP-VERSIONS", f"{document_type}: SMP 1.0 and SMP 2.0 say different things of it")
            )
    if len(extensions) > 1:
        reasons.append(
            Reason("MOVE-IN-SMP-VERSIONS", "SMP 1.0 and SMP 2.0 have different extensions of the service group")
        )
    return participant_record(
        f"{scheme}::{value}" if scheme else value,
        participant,
        services.values(),
        extensions=next(iter(extensions), ()),
        owner=min(held.owners, default=""),
        refused=reasons,
    )


def _flag(value: object) -> bool:
    """A `bit` column, which comes as a byte."""
    return any(value) if isinstance(value, bytes) else bool(value)
