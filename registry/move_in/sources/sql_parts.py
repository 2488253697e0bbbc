# SPDX-License-Identifier: Apache-2.0
"""What belongs to a record's key in an old system's database, read by ranges and parts, and summed up by parts.

A part's checksum is made of counts and sums of digests of its rows, all by the database itself: what hasn't changed
isn't sent. Two connections sum, each half of the participants, so that two cores of the database do.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import md5
from typing import Any

from registry.move_in.model import Kind, SourceRecord, part_of
from registry.move_in.sources.sql import Snapshot
from registry.move_in.sources.sql_states import twin_of

Part = tuple[Kind, int]
Row = tuple[Any, ...]
Summed = tuple[int, int, str]
"""A part, the number of what it has rows of, and what is said of these."""

_NULL, _BETWEEN = "\x1e", "\x1f"  # which no XML can hold, so that no text has them


@dataclass(frozen=True, slots=True)
class Rows:
    """Columns of what a record is made of; `source` is what follows FROM, `binary` a column of bytes among them."""

    source: str
    columns: tuple[str, ...]
    binary: str = ""


@dataclass(frozen=True, slots=True)
class Keyed:
    """Where a record's key stands in the rows: an expression for the whole of it, and the columns it is made of.

    The second column is the one in which most keys differ.
    """

    expression: str
    columns: tuple[str, ...]

    def digits(self, snapshot: Snapshot) -> str:
        """The three hexadecimal digits of a key's part."""
        return snapshot.words.digits(self.expression)

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

    def sums(self, snapshot: Snapshot, several: Iterable[Rows], half: int | None = None) -> "Counter[Summed]":
        """How many rows each part has, and the sums of their digests; with 0 or 1 those of a half of all keys.

        Errors as of `Snapshot.rows`.
        """
        words = snapshot.words
        said = Counter[Summed]()
        some = "" if half is None else f" WHERE mod(coalesce(ascii(right({self.columns[1]}, 1)), 0), 2) = {half}"
        for number, rows in enumerate(several):
            columns = (f"md5({column})" if column == rows.binary else column for column in rows.columns)
            texts = (f"coalesce(cast({each} AS {words.stored}), '{_NULL}')" for each in (self.expression, *columns))
            digest = words.number.format(f"md5(concat_ws('{_BETWEEN}', {', '.join(texts)}))")
            wanted = f"{self.digits(snapshot)}, count(*), sum({digest})"
            for digits, count, total in snapshot.rows(f"SELECT {wanted} FROM {rows.source}{some} GROUP BY 1"):  # noqa: S608
                part = int(digits, 16)
                said[part, number, "rows"] = int(count)
                said[part, number, "sum"] = int(total)
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
    for (part, *what), amount in sorted(_sums_by_two(snapshot, key, tuple(rows)).items()):
        said.setdefault((Kind.PARTICIPANT, part), []).append(f"{what}:{amount}")
    return {
        place: md5("\n".join((how, *parts)).encode(), usedforsecurity=False).hexdigest()
        for place, parts in said.items()
    }


def _sums_by_two(snapshot: Snapshot, key: Keyed, rows: tuple[Rows, ...]) -> "Counter[Summed]":
    """The sums of `Keyed.sums`, by two connections at once where they see the same."""
    with twin_of(snapshot, *(each.source for each in rows)) as twin:
        if twin is None:
            return key.sums(snapshot, rows)
        with ThreadPoolExecutor(1) as other:
            half = other.submit(key.sums, twin, rows, 1)
            said = key.sums(snapshot, rows, 0)
        said.update(half.result())
        return said


def of_parts(records: Iterable[SourceRecord], parts: Collection[Part] | None) -> Iterator[SourceRecord]:
    """Those records that are in one of the parts; None means all."""
    return (record for record in records if parts is None or (record.kind, part_of(record.key)) in parts)


def wanted_digits(parts: Collection[Part] | None) -> list[str] | None:
    """The digits of the participants' parts among these; None means all."""
    return None if parts is None else [f"{part:03x}" for kind, part in parts if kind is Kind.PARTICIPANT]
