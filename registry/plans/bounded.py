# SPDX-License-Identifier: Apache-2.0
"""Lines of a source in UTF-8, within bounds; every refusal names its line."""

import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from registry.errors import ConfigurationError, ValidationError
from registry.plans.model import CLAUSE

MAX_BYTES: Final = 4_000_000_000
"""Of a source, decompressed."""
MAX_LINE_BYTES: Final = 1_000_000
"""Of a table; a line of JSON may be as long as an export makes it."""


class BoundedLines:
    """The lines of a file or of bytes, with their hash once all are read. Iterate over it once.

    Iterating raises ValidationError for what isn't UTF-8, holds a NUL, is too long or too much, and ConfigurationError
    for a file that can't be read.
    """

    def __init__(self, source: Path | bytes, *, longest: int = MAX_LINE_BYTES, most: int = MAX_BYTES) -> None:
        self._source = source
        self._longest = longest
        self._most = most
        self._hash = hashlib.sha256()
        self.number = 0
        """Of the line that was read last."""

    @property
    def digest(self) -> str:
        """SHA-256 of what was read, decompressed."""
        return self._hash.hexdigest()

    def __iter__(self) -> Iterator[str]:
        self._hash = hashlib.sha256()
        self.number = size = 0
        try:
            with self._open() as source:
                while line := source.readline(self._longest + 1):
                    self.number += 1
                    size += len(line)
                    self._hash.update(line)
                    yield self._checked(line, size)
        except (OSError, EOFError, zlib.error) as error:
            raise ConfigurationError(f"the file can't be read: {getattr(error, 'strerror', None) or error}") from error

    def _checked(self, line: bytes, size: int) -> str:
        if len(line) > self._longest:
            raise ValidationError.of("PLAN-SIZE", f"line {self.number}: it has more than {self._longest} bytes", CLAUSE)
        if size > self._most:
            raise ValidationError.of(
                "PLAN-SIZE", f"line {self.number}: the file has more than {self._most} bytes", CLAUSE
            )
        try:
            text = line.decode("utf-8-sig" if self.number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            message = f"line {self.number}: byte {error.start + 1} is not UTF-8; save the file as UTF-8"
            raise ValidationError.of("PLAN-UTF8", message, CLAUSE) from error
        if "\0" in text:
            raise ValidationError.of("PLAN-NUL", f"line {self.number}: there is a NUL, so this is no text", CLAUSE)
        return text

    def _open(self) -> BinaryIO:
        if isinstance(self._source, bytes):
            return io.BytesIO(self._source)
        if self._source.name.endswith(".gz"):
            return io.BufferedReader(gzip.open(self._source))
        return self._source.open("rb")
