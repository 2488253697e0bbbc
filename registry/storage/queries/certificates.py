# SPDX-License-Identifier: Apache-2.0
"""Certificates, each stored once under its SHA-256 fingerprint."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from registry.storage.tables import certificate
from registry.storage.upsert import insert_if_new


def put(connection: Connection, rows: Iterable[dict[str, Any]]) -> None:
    """Store certificates that aren't there yet; each row has all columns of the table."""
    batch = list(rows)
    if batch:
        connection.execute(insert_if_new(connection, certificate), batch)


def not_after(connection: Connection, sha256: str) -> datetime | None:
    """Until when a certificate is valid; None for one that can't be parsed, or isn't known."""
    return connection.execute(select(certificate.c.not_after).where(certificate.c.sha256 == sha256)).scalar()
