# SPDX-License-Identifier: Apache-2.0
"""Rows in the order of their values, more of them than fit into memory: sorted in parts, which wait in files."""

import heapq
import json
import tempfile
from collections.abc import Iterator
from types import TracebackType
from typing import IO, Self

from registry.errors import TechnicalError

Row = tuple[str, ...]
PART = 100_000
"""Rows in memory at once; some 40 MB of them."""


def scratch_file() -> IO[str]:
    """A file without a name, readable for nobody else, that goes when it is closed. Raises TechnicalError."""
    try:
        return tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n")
    except OSError as error:
        raise TechnicalError(f"no temporary file can be made: {error.strerror}") from error


class SortedRows:
    """Takes rows in any order and gives them sorted, by code points. Texts without lone surrogates."""

    def __init__(self, part: int = PART) -> None:
        self._part = part
        self._rows: list[Row] = []
        self._files: list[IO[str]] = []

    def add(self, row: Row) -> None:
        """Keep a row. Raises TechnicalError where there is no room for it."""
        self._rows.append(row)
        if len(self._rows) >= self._part:
            self._put_aside()

    def __iter__(self) -> Iterator[Row]:
        """All rows, from the smallest to the greatest."""
        self._rows.sort()
        return heapq.merge(*map(_rows_of, self._files), self._rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._files:
            file.close()

    def _put_aside(self) -> None:
        self._rows.sort()
        file = scratch_file()
        self._files.append(file)
        try:
            file.writelines(json.dumps(row) + "\n" for row in self._rows)
        except OSError as error:
            raise TechnicalError(f"no room for temporary files: {error.strerror}") from error
        self._rows = []


def _rows_of(file: IO[str]) -> Iterator[Row]:
    file.seek(0)
    return (tuple(json.loads(line)) for line in file)
