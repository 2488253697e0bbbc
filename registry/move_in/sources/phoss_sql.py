# SPDX-License-Identifier: Apache-2.0
"""The database of a phoss SMP as a source: read page by page, a page of service groups and then what each of them has.

A redirect goes before a service of the same document type, as it does in phoss.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, tzinfo
from functools import cached_property
from typing import Any

from registry.errors import Reason
from registry.identifiers.participant import ParticipantIdentifier
from registry.move_in.model import Kind, SourceKind, SourceRecord, Unhoused
from registry.move_in.participant_records import participant_record
from registry.move_in.sources.phoss_rows import PhossReader, card_of, extensions_of, properties_of
from registry.move_in.sources.phoss_tables import GROUP, Tables, tables_of
from registry.move_in.sources.phoss_unhoused import unhoused_in
from registry.move_in.sources.phoss_users import OWNER_TABLES, owners_in
from registry.move_in.sources.sql import Snapshot
from registry.move_in.sources.sql_parts import Row, Rows, checksums, of_parts, wanted_digits
from registry.move_in.sources.sql_states import state_of
from registry.smp.documents.lexical import XML_SPACE

_PAGE = 1000
_SOME = 500  # participants of a page where only some are wanted: MariaDB takes lists of 1,000 for tables
_WHERE = "g.businessIdentifierScheme = :scheme AND "


class _Held:
    """What has been read of one service group."""

    __slots__ = ("cards", "owners", "redirects", "row", "services")

    def __init__(self, row: Row) -> None:
        self.row = row
        self.services: dict[tuple[str, str, str | None], list[Row]] = {}
        self.redirects: list[Row] = []
        self.cards: list[Row] = []
        self.owners: list[str] = []


class PhossSql:
    """Implements `registry.move_in.model.Source`; `zone` is the time zone in which phoss SMP's computer works."""

    kind = SourceKind.PHOSS_SQL

    def __init__(self, snapshot: Snapshot, zone: tzinfo = UTC) -> None:
        self._snapshot = snapshot
        self._reader = PhossReader(zone)
        self._zone = zone

    def check(self) -> None:
        """See `Source.check`."""
        for rows in self._tables.all():
            self._snapshot.count(f"(SELECT 1 FROM {rows.source} LIMIT 1) d")  # noqa: S608

    def checksums(self) -> Mapping[tuple[Kind, int], str] | None:
        """See `Source.checksums`; what a service group has counts in its part."""
        return checksums(self._snapshot, GROUP, self._tables.all(), owners_in(self._snapshot), str(self._zone))

    def state(self) -> str | None:
        """See `StatedSource.state`."""
        return state_of(self._snapshot, *(rows.source for rows in self._tables.all()), *OWNER_TABLES)

    def records(self, parts: Collection[tuple[Kind, int]] | None) -> Iterator[SourceRecord]:
        """See `Source.records`."""
        yield from of_parts(owners_in(self._snapshot), parts)
        wanted = wanted_digits(parts)
        if wanted == []:
            return
        for (scheme,) in list(self._snapshot.rows("SELECT DISTINCT businessIdentifierScheme FROM smp_service_group")):
            after = ""
            while page := self._page(scheme, after, wanted):
                after = next(reversed(page))[1]
                yield from map(self._record, page.values())

    def unhoused(self) -> tuple[Unhoused, ...]:
        """See `Source.unhoused`."""
        return unhoused_in(self._snapshot, self._tables)

    def close(self) -> None:
        """See `Source.close`."""
        self._snapshot.close()

    @cached_property
    def _tables(self) -> Tables:
        return tables_of(self._snapshot)

    def _page(self, scheme: str, after: str, wanted: list[str] | None) -> dict[tuple[str, str], _Held]:
        """The next service groups of a scheme, with all that they have."""
        size = _PAGE if wanted is None else _SOME
        keys = f"{_WHERE}g.businessIdentifier > :after ORDER BY g.businessIdentifier LIMIT {size}"
        page = {
            (row[0], row[1]): _Held(row)
            for row in GROUP.select(self._snapshot, self._tables.group, keys, wanted, scheme=scheme, after=after)
        }
        if not page:
            return page
        values: dict[str, object] = {"scheme": scheme}
        if wanted is None:
            among = f"{_WHERE}g.businessIdentifier >= :first AND g.businessIdentifier <= :last"
            values |= {"first": next(iter(page))[1], "last": next(reversed(page))[1]}
        else:  # few of all that are between them
            among = f"{_WHERE}g.businessIdentifier IN :some"
            values["some"] = [value for _, value in page]
        known: dict[Any, Any] = {}  # long texts that many rows share are held once
        for held, row in self._children(page, self._tables.services, among, values):
            service = held.services.setdefault(row[:3], [])
            service.append((*row[3:8], known.setdefault(row[8], row[8]), *row[9:]))
        for held, row in self._children(page, self._tables.redirects, among, values):
            held.redirects.append(row)
        for held, row in self._children(page, self._tables.cards, among, values):
            held.cards.append(row)
        for held, row in self._children(page, self._tables.owners, among, values):
            held.owners.append(row[0])
        return page

    def _children(
        self, page: Mapping[tuple[str, str], _Held], rows: Rows, where: str, values: Mapping[str, object]
    ) -> Iterator[tuple[_Held, Row]]:
        for row in GROUP.select(self._snapshot, rows, where, None, **values):
            yield page[row[0], row[1]], tuple(row[2:])

    def _record(self, held: _Held) -> SourceRecord:
        scheme, value, extension, properties = held.row
        reasons: list[Reason] = []
        participant = ParticipantIdentifier(scheme.strip(XML_SPACE), value.strip(XML_SPACE))
        texts = [self._reader.redirect(row) for row in held.redirects]
        redirected = {row[:2] for row in held.redirects}
        texts += [
            self._reader.information(document_type, rows)
            for document_type, rows in held.services.items()
            if document_type[:2] not in redirected
        ]
        for _, wrong in texts:
            reasons += wrong
        return participant_record(
            f"{scheme}::{value}",
            participant,
            [text for text, wrong in texts if not wrong],
            extensions=extensions_of(extension, reasons),
            properties=properties_of(properties, reasons),
            business_card=card_of(participant, sorted(held.cards), reasons),
            owner=min(held.owners, default=""),
            refused=reasons,
        )
