# SPDX-License-Identifier: Apache-2.0
"""The files of an import: found, opened, decompressed, and told apart by how they begin.

Nothing here holds a whole file, since an export of a large SMP has gigabytes. How far a compressed file may grow isn't
asked: honest exports reach the ratios of dishonest ones (equal certificates over and over). Each reader bounds instead
what it reads without finding anything.
"""

import gzip
import io
import re
import zlib
from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from typing import BinaryIO

from registry.errors import ValidationError

MAX_FILE_BYTES = 2_000_000
"""Of one document, decompressed: more than the XML parser takes."""
PATTERNS = ("*.xml", "*.xml.gz", "*.jsonl", "*.jsonl.gz")

_HEAD = 4096
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_FIRST_TAG = re.compile(rb"<(?:[\w.-]+:)?([A-Za-z_][\w.-]*)")


class SourceKind(Enum):
    """What a file holds."""

    DOCUMENT = "document"
    BUSINESS_CARD = "business card"
    PHOSS_EXPORT = "phoss export"
    JSON_LINES = "JSON lines"


_ROOTS = {b"smp-data": SourceKind.PHOSS_EXPORT, b"BusinessCard": SourceKind.BUSINESS_CARD}


def files_of(paths: Iterable[Path]) -> list[Path]:
    """The files themselves, and those below folders whose names end as in `PATTERNS`, each once, in order of name."""
    found: dict[Path, None] = {}
    for path in paths:
        inside = sorted({file for end in PATTERNS for file in path.rglob(end)}) if path.is_dir() else [path]
        found.update(dict.fromkeys(inside))
    return list(found)


def source_kind(path: Path) -> SourceKind:
    """What a file holds, told by its first bytes. Raises OSError, and ValidationError for a broken gzip file."""
    with open_source(path) as source:
        head = source.read(_HEAD).lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"{") or path.name.endswith((".jsonl", ".jsonl.gz")):
        return SourceKind.JSON_LINES
    tag = _FIRST_TAG.search(_COMMENT.sub(b"", head))
    return _ROOTS.get(tag[1], SourceKind.DOCUMENT) if tag else SourceKind.DOCUMENT


def read_document_file(path: Path) -> bytes:
    """The bytes of a file with one document. Raises OSError, and ValidationError when there are too many."""
    with open_source(path) as source:
        data = source.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise ValidationError.of("SMP-FILE-SIZE", f"the file has more than {MAX_FILE_BYTES} bytes")
    return data


def open_source(path: Path) -> BinaryIO:
    """A file to read, decompressed where its name ends in `.gz`. Raises OSError.

    Reading raises ValidationError where a gzip file is cut off or broken.
    """
    if not path.name.endswith(".gz"):
        return path.open("rb")
    return io.BufferedReader(_Decompressed(path))


class _Decompressed(io.RawIOBase):
    """A gzip file's content, with errors of our own."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._stream = gzip.GzipFile(fileobj=self._file)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        try:
            data = self._stream.read(len(buffer))
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ValidationError.of("SMP-FILE-GZIP", f"the gzip file is broken: {error}", "RFC 1952") from error
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._stream.close()
        self._file.close()
        super().close()
