# SPDX-License-Identifier: Apache-2.0
"""Whether the database takes what is written and gives it back: tried with a row that no transaction leaves behind."""

import secrets

from sqlalchemy import delete, insert, select

from registry.storage.tables.jobs import idempotent_answer
from registry.storage.unit_of_work import UnitOfWork

_CALLER = "probe"


def write_and_read(work: UnitOfWork) -> bool:
    """Whether a row that was written can be read; it is gone again before the transaction ends."""
    c, key = idempotent_answer.c, secrets.token_hex(32)
    mine = (c.caller == _CALLER, c.key_sha256 == key)
    values = {"request_sha256": key, "status": 0, "headers": {}, "body": key.encode(), "created_at": work.now}
    work.connection.execute(insert(idempotent_answer).values(caller=_CALLER, key_sha256=key, **values))
    body = work.connection.execute(select(c.body).where(*mine)).scalar_one()
    work.connection.execute(delete(idempotent_answer).where(*mine))
    return bytes(body) == key.encode()
