# SPDX-License-Identifier: Apache-2.0
"""What a crawl has read so far, in a file, so that it goes on where it was broken off.

A line a participant, appended and handed to the system at once; a last line that is cut by a crash is as if it had
never been. The first line says of which SMP it is.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from registry.errors import ConfigurationError, TechnicalError
from registry.smp.exchange.json_lines import canonical_json


class CrawlJournal:
    """The journal of the crawl of one SMP; use it as a context manager, read it first, then write.

    Errors: ConfigurationError where it is of another SMP; TechnicalError where it can't be read or written.
    """

    def __init__(self, path: Path, base_url: str) -> None:
        self._path = path
        self._base_url = base_url

    def __enter__(self) -> Self:
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)  # business cards name people
            self._file = os.fdopen(descriptor, "r+b")
        except OSError as error:
            raise self._failure(error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def read(self) -> Iterator[tuple[str, bytes | None]]:
        """Keys and bodies, None for who isn't there; to be read to its end before anything is written."""
        try:
            whole = 0
            while (line := self._file.readline()).endswith(b"\n"):
                said: dict[str, Any] = json.loads(line)
                if whole:
                    body = said["body"]
                    yield said["key"], None if body is None else body.encode()
                elif said != {"smp": self._base_url}:
                    message = f"{self._path} is what was read of another SMP, {said.get('smp')}: remove it first"
                    raise ConfigurationError(message)
                whole = self._file.tell()
            self._file.truncate(whole)
            self._file.seek(whole)
            if not whole:
                self._append({"smp": self._base_url})
        except (OSError, ValueError, KeyError) as error:
            raise self._failure(error) from error

    def write(self, key: str, body: bytes | None) -> None:
        """Keep what was read of a participant."""
        try:
            self._append({"key": key, "body": None if body is None else body.decode()})
        except OSError as error:
            raise self._failure(error) from error

    def _append(self, said: Any) -> None:
        self._file.write(canonical_json(said))
        self._file.flush()

    def _failure(self, error: Exception) -> TechnicalError:
        return TechnicalError(f"what was crawled can't be kept in {self._path}: {error}")
