# SPDX-License-Identifier: Apache-2.0
"""The business cards of participants, as the bytes that are served."""

from sqlalchemy import Column, ForeignKey, LargeBinary, String, Table

from registry.storage.tables.core import metadata
from registry.storage.types import Instant

business_card = Table(
    "business_card",
    metadata,
    Column("service_group_id", ForeignKey("service_group.id", ondelete="CASCADE"), primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("etag", String(80), nullable=False),
    Column("modified_at", Instant, nullable=False),
)
