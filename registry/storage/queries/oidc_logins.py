# SPDX-License-Identifier: Apache-2.0
"""Logins at an OIDC provider that have begun and wait for the provider's answer."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert

from registry.storage.tables import oidc_login
from registry.storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class WaitingLogin:
    """What the answer has to fit, and where the browser goes then."""

    nonce: str
    code_verifier: str
    return_to: str


def add(work: UnitOfWork, state_sha256: str, login: WaitingLogin, expires_at: datetime) -> None:
    """Remember a login."""
    values = {
        "state_sha256": state_sha256,
        "nonce": login.nonce,
        "code_verifier": login.code_verifier,
        "return_to": login.return_to,
        "created_at": work.now,
        "expires_at": expires_at,
    }
    work.connection.execute(insert(oidc_login).values(values))


def take(work: UnitOfWork, state_sha256: str) -> WaitingLogin | None:
    """The login of a state, which is forgotten: nobody gets it a second time. None where it is unknown or too old."""
    c = oidc_login.c
    row = work.connection.execute(
        delete(oidc_login)
        .where(c.state_sha256 == state_sha256)
        .returning(c.nonce, c.code_verifier, c.return_to, c.expires_at)
    ).first()
    return None if row is None or row[3] <= work.now else WaitingLogin(*row[:3])
