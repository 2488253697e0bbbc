# SPDX-License-Identifier: Apache-2.0
"""The trust configurations that domains have, or once had: what a decision cites can be looked up afterwards."""

from sqlalchemy import Column, String, Table, Text

from registry.storage.tables.core import metadata
from registry.storage.types import Instant

trust_configuration = Table(
    "trust_configuration",
    metadata,
    Column("digest", String(64), primary_key=True),  # the SHA-256 of the document
    Column("document", Text, nullable=False),  # the canonical form; certificates stand in it by their SHA-256
    Column("first_used_at", Instant, nullable=False),
)
