# SPDX-License-Identifier: Apache-2.0
"""What the SML does for those who don't speak SOAP: only where there is one, and with errors of the tree."""

from collections.abc import Iterator
from contextlib import contextmanager

from registry.errors import ConflictError
from registry.sml.errors import SmlError
from registry.storage.domain_directory import StoredDomain


@contextmanager
def plainly(stored: StoredDomain) -> Iterator[None]:
    """Raises ConflictError in a domain of which this instance isn't the SML, and errors of the tree for SmlError."""
    if not stored.domain.sml.enabled or stored.zone_id is None:
        raise ConflictError(f"this instance is not the SML of the domain {stored.domain.name}")
    try:
        yield
    except SmlError as error:
        raise error.plain from error
