# SPDX-License-Identifier: Apache-2.0
"""What belongs to a record's key in an old system's database, read by ranges and parts, and summed up by parts.

A part's checksum is made of counts and sums of digests of its rows, all by the database itself: what hasn't changed
isn't sent.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import md5
from typing import Any

from registry.move_in.model import Kind, SourceRecord, part_of
from registry.move_in.sources.sql import Snapshot

Part = tuple[Kind, int]
Row = tuple[Any, ...]

_NULL, _BETWEEN = "\x1e", "\x1f"  # which no XML can hold, so that no text has them


@dataclass(frozen=True, slots=True)
class Rows:
    """Columns of what a record is made of; `source` is what follows FROM, `binary` a column of bytes among them."""

    source: str
    columns: tuple[str, ...]
    binary: str = ""


@dataclass(frozen=True, slots=True)
class Keyed:
    """Where a record's key stands in the rows: an expression for the whole of it, and the columns it is made of."""

    expression: str
    columns: tuple[str, ...]

    def digits(self, snapshot: Snapshot) -> str:
        """The three hexadecimal digits of a key's part."""
        return f"substr({snapshot.words.md5.format(f'({self.expression})')}, 1, 3)"

    def select(
        self, snapshot: Snapshot, rows: Rows, where: str, wanted: list[str] | None, **values: object
    ) -> Iterator[Row]:
        """The rows for which a condition holds, the key's columns first; `wanted` are digits of parts, None means all.

        Errors as of `Snapshot.rows`.
        """
        columns = ", ".join((*self.columns, *rows.columns))
        some = "" if wanted is None else f"{self.digits(snapshot)} IN :wanted AND "
        if wanted is not None:
            values["wanted"] = wanted
        return snapshot.rows(f"SELECT {columns} FROM {rows.source} WHERE {some}{where}", **values)  # noqa: S608

    def sums(self, snapshot: Snapshot, several: Iterable[Rows]) -> Mapping[int, list[str]]:
        """What the rows of each part amount to. Errors as of `Snapshot.rows`."""
        words = snapshot.words
        said: dict[int, list[str]] = {}
        for number, rows in enumerate(several):
            columns = (f"md5({column})" if column == rows.binary else column for column in rows.columns)
            texts = (f"coalesce(cast({each} AS {words.characters}), '{_NULL}')" for each in (self.expression, *columns))
            digest = words.number.format(f"md5(concat_ws('{_BETWEEN}', {', '.join(texts)}))")
            statement = f"SELECT {self.digits(snapshot)}, count(*), sum({digest}) FROM {rows.source} GROUP BY 1"  # noqa: S608
            for digits, count, total in snapshot.rows(statement):
                said.setdefault(int(digits, 16), []).append(f"{number}:{count}:{total}")
        return said


def checksums(
    snapshot: Snapshot, key: Keyed, rows: Iterable[Rows], owners: Iterable[SourceRecord], how: str = ""
) -> Mapping[Part, str] | None:
    """What each part amounts to, owners by their records; None where the database can't say.

    `how` is what else counts for what is made of the rows: with another one everything is read again.
    """
    if not snapshot.words.number:
        return None
    said: dict[Part, list[str]] = {}
    for record in sorted(owners, key=lambda record: record.key):
        said.setdefault((record.kind, part_of(record.key)), []).append(record.body.decode())
    for part, sums in key.sums(snapshot, rows).items():
        said[Kind.PARTICIPANT, part] = sums
    return {
        place: md5("\n".join((how, *parts)).encode(), usedforsecurity=False).hexdigest()
        for place, parts in said.items()
    }


def of_parts(records: Iterable[SourceRecord], parts: Collection[Part] | None) -> Iterator[SourceRecord]:
    """Those records that are in one of the parts; None means all."""
    return (record for record in records if parts is None or (record.kind, part_of(record.key)) in parts)


def wanted_digits(parts: Collection[Part] | None) -> list[str] | None:
    """The digits of the participants' parts among these; None means all."""
    return None if parts is None else [f"{part:03x}" for kind, part in parts if kind is Kind.PARTICIPANT]
