# SPDX-License-Identifier: Apache-2.0
"""The certificates behind the fingerprints that a domain's settings pin."""

from collections.abc import Collection

from sqlalchemy import Connection, select

from registry.storage.tables import certificate


def ders(connection: Connection, fingerprints: Collection[str]) -> list[bytes]:
    """Those of these certificates that are known here."""
    query = select(certificate.c.der).where(certificate.c.sha256.in_(fingerprints)).order_by(certificate.c.sha256)
    return [bytes(der) for der in connection.execute(query).scalars()]
