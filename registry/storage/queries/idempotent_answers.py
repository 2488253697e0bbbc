# SPDX-License-Identifier: Apache-2.0
"""Answers that a repeated request gets again, kept in the transaction of the request."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update

from registry.storage.tables.jobs import idempotent_answer
from registry.storage.unit_of_work import UnitOfWork
from registry.storage.upsert import insert_if_new


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer as it was given, and the hash of the request that it was given to."""

    request_sha256: str
    status: int
    headers: Mapping[str, str]
    body: bytes


def claim(work: UnitOfWork, caller: str, key_sha256: str, request_sha256: str, since: datetime) -> StoredAnswer | None:
    """Take a key for this transaction, or return the answer that was given under it.

    Answers from before `since` don't count any more. Of two that claim the same, one waits for the other's end.
    """
    c = idempotent_answer.c
    mine = (c.caller == caller, c.key_sha256 == key_sha256)
    work.connection.execute(delete(idempotent_answer).where(*mine, c.created_at < since))
    values = {
        "caller": caller,
        "key_sha256": key_sha256,
        "request_sha256": request_sha256,
        "status": 0,
        "headers": {},
        "body": b"",
        "created_at": work.now,
    }
    claim_it = insert_if_new(work.connection, idempotent_answer).values(values).returning(c.caller)
    if work.connection.execute(claim_it).first() is not None:
        return None
    row = work.connection.execute(select(c.request_sha256, c.status, c.headers, c.body).where(*mine)).one()
    return StoredAnswer(row.request_sha256, row.status, row.headers, bytes(row.body))


def renew(work: UnitOfWork, caller: str, key_sha256: str) -> None:
    """Let a key that is claimed count from now on."""
    c = idempotent_answer.c
    mine = (c.caller == caller, c.key_sha256 == key_sha256)
    work.connection.execute(update(idempotent_answer).where(*mine).values(created_at=work.now))


def keep(work: UnitOfWork, caller: str, key_sha256: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Store the answer to the request that has claimed the key."""
    c = idempotent_answer.c
    work.connection.execute(
        update(idempotent_answer)
        .where(c.caller == caller, c.key_sha256 == key_sha256)
        .values(status=status, headers=dict(headers), body=body)
    )
