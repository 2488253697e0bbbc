# SPDX-License-Identifier: Apache-2.0
"""A file that a source reads as a whole: what keeps it from being read, and whether it stayed as it was meanwhile."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from registry.errors import ConfigurationError, ConflictError, ValidationError


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Raises ConfigurationError for whatever makes the file unreadable."""
    try:
        yield
    except OSError as error:
        raise ConfigurationError(f"{path} can't be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not in UTF-8, so nothing is taken of it") from error
    except (csv.Error, ValidationError) as error:
        raise ConfigurationError(f"{path} can't be read, so nothing is taken of it: {error}") from error


@contextmanager
def unchanged(path: Path) -> Iterator[None]:
    """Raises ConflictError where the file is another one at the end, and ConfigurationError where it is none."""
    before = _stamp(path)
    yield
    if _stamp(path) != before:
        raise ConflictError(f"{path} has changed while it was read; wait for its end, and try again")


def _stamp(path: Path) -> tuple[int, ...]:
    with reading(path):
        found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns
