# SPDX-License-Identifier: Apache-2.0
"""Domains and their signing keys."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from registry.storage.tables import domain, zone
from registry.storage.tables import signing_key as sql_signing_key
from registry.storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class DomainRow:
    """A domain as stored: a shipped profile's name and the settings that this instance lays over it.

    With an empty profile the settings are complete by themselves.
    """

    id: int
    name: str
    profile: str
    settings: dict[str, Any]
    version: int


@dataclass(frozen=True, slots=True)
class SigningKeyRow:
    """Where a domain's signing key lies; the key itself is never in the database."""

    id: int
    domain_id: int
    certificate_sha256: str
    file: str
    password_file: str | None
    modified_at: datetime


def all_domains(connection: Connection) -> list[DomainRow]:
    """Every domain, by name."""
    columns = (domain.c.id, domain.c.name, domain.c.profile, domain.c.settings, domain.c.version)
    return [DomainRow(*row) for row in connection.execute(select(*columns).order_by(domain.c.name))]


def fingerprint(connection: Connection) -> tuple[int, ...]:
    """Something cheap that differs whenever a domain was added or changed, or a zone came or went."""
    zones = select(func.count()).select_from(zone).scalar_subquery()
    newest = select(func.coalesce(func.max(zone.c.id), 0)).scalar_subquery()
    versions = func.coalesce(func.sum(domain.c.version), 0)
    return tuple(
        int(each) for each in connection.execute(select(func.count(domain.c.id), versions, zones, newest)).one()
    )


def add(work: UnitOfWork, name: str, profile: str, settings: dict[str, Any]) -> int:
    """Insert a domain; returns its id."""
    values = {"name": name, "profile": profile, "settings": settings, "version": 1, "modified_at": work.now}
    values["review"] = _wants_review(settings)
    return int(work.connection.execute(insert(domain).values(values).returning(domain.c.id)).scalar_one())


def lock(work: UnitOfWork, domain_id: int) -> None:
    """Let nobody else change a domain before the end of the transaction."""
    work.connection.execute(select(domain.c.id).where(domain.c.id == domain_id).with_for_update())


def change_settings(work: UnitOfWork, domain_id: int, settings: dict[str, Any]) -> None:
    """Replace a domain's settings and move its version."""
    work.connection.execute(
        update(domain)
        .where(domain.c.id == domain_id)
        .values(
            settings=settings,
            review=_wants_review(settings),
            version=domain.c.version + 1,
            modified_at=work.now,
        )
    )
    work.domains_seen.pop(domain_id, None)


def _wants_review(settings: dict[str, Any]) -> bool:
    """What the settings say; no shipped profile wants one."""
    said = settings.get("review")
    return isinstance(said, dict) and said.get("required") is True


def move_version(work: UnitOfWork, domain_id: int) -> None:
    """Let every process read the domain again: something that belongs to it has changed."""
    work.connection.execute(
        update(domain).where(domain.c.id == domain_id).values(version=domain.c.version + 1, modified_at=work.now)
    )


_SIGNING_KEY = [sql_signing_key.c[name] for name in SigningKeyRow.__dataclass_fields__]


def active_signing_key(connection: Connection, domain_id: int) -> SigningKeyRow | None:
    """The key that signs now, if the domain has one."""
    c = sql_signing_key.c
    row = connection.execute(select(*_SIGNING_KEY).where(c.domain_id == domain_id, c.active)).first()
    return None if row is None else SigningKeyRow(*row)


def signing_key(connection: Connection, signing_key_id: int) -> SigningKeyRow:
    """One key, whether it signs now or did once."""
    return SigningKeyRow(*connection.execute(select(*_SIGNING_KEY).where(sql_signing_key.c.id == signing_key_id)).one())


def activate_signing_key(
    work: UnitOfWork, domain_id: int, certificate_sha256: str, file: str, password_file: str | None
) -> int:
    """Make this key the one that signs; the one before stays known, for the documents it signed."""
    work.connection.execute(
        update(sql_signing_key)
        .where(sql_signing_key.c.domain_id == domain_id, sql_signing_key.c.active)
        .values(active=False, retired_at=work.now)
    )
    values = {
        "domain_id": domain_id,
        "certificate_sha256": certificate_sha256,
        "file": file,
        "password_file": password_file,
        "active": True,
        "modified_at": work.now,
    }
    return int(
        work.connection.execute(insert(sql_signing_key).values(values).returning(sql_signing_key.c.id)).scalar_one()
    )
