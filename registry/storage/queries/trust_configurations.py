# SPDX-License-Identifier: Apache-2.0
"""Trust configurations by their address."""

from sqlalchemy import Connection, select

from registry.storage.tables import trust_configuration
from registry.storage.unit_of_work import UnitOfWork
from registry.storage.upsert import insert_if_new


def put(work: UnitOfWork, digest: str, document: str) -> None:
    """Keep a configuration that a domain has from now on; one that was kept before stays as it is.

    `document` is the canonical form, whose SHA-256 is `digest`.
    """
    values = {"digest": digest, "document": document, "first_used_at": work.now}
    work.connection.execute(insert_if_new(work.connection, trust_configuration).values(values))


def document(connection: Connection, digest: str) -> str | None:
    """The canonical form of a configuration; None where no domain has had it."""
    c = trust_configuration.c
    found: str | None = connection.execute(select(c.document).where(c.digest == digest)).scalar()
    return found
