# SPDX-License-Identifier: Apache-2.0
"""What a database holds, for a backup to say; and what has to become of it after a restore."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict

from sqlalchemy import Connection, Select, Table, delete, func, inspect, or_, select, update

from registry.storage.tables import (
    account,
    audit_chain,
    event,
    installation,
    job,
    metadata,
    oidc_login,
    session,
    signing_key,
    token,
    zone,
    zone_change,
)
from registry.storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a database holds, whatever its schema; what the schema doesn't know yet is None."""

    tables: dict[str, int]
    """Rows of each table."""
    zones: dict[str, int]
    """The serial of each zone."""
    instance_id: str | None
    master_key_check: str | None
    chain_position: int | None
    chain_hash: str | None
    newest_event: datetime | None
    newest_change: datetime | None
    """The newest of all instants about zones and events: the state isn't older than that."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing would be lost with it."""
        return not any(self.tables.values())


def inventory(connection: Connection) -> Inventory:
    """What is in the database; nothing where it has no tables."""
    names = set(inspect(connection).get_table_names()) & metadata.tables.keys()
    tables = {name: _scalar(connection, select(func.count()).select_from(metadata.tables[name])) for name in names}
    zones: dict[str, int] = {}
    if zone.name in names:
        zones = {row.name: row.serial for row in connection.execute(select(zone.c.name, zone.c.serial))}
    newest_event = _first(connection, names, event, select(event.c.at).order_by(event.c.sequence.desc()).limit(1))
    newest_change = select(zone_change.c.changed_at).order_by(zone_change.c.sequence.desc()).limit(1)
    instants = (
        newest_event,
        _first(connection, names, zone_change, newest_change),
        _first(connection, names, zone, select(func.max(zone.c.modified_at))),
    )
    return Inventory(
        dict(sorted(tables.items())),
        dict(sorted(zones.items())),
        _first(connection, names, installation, select(installation.c.instance_id)),
        _first(connection, names, installation, select(installation.c.master_key_check)),
        _first(connection, names, audit_chain, select(audit_chain.c.position)),
        _first(connection, names, audit_chain, select(audit_chain.c.hash)),
        newest_event,
        max((instant for instant in instants if instant is not None), default=None),
    )


def _scalar(connection: Connection, query: Select[Any]) -> int:
    return int(connection.execute(query).scalar_one())


def _first(connection: Connection, names: set[str], table: Table, query: Select[Any]) -> Any:
    return connection.execute(query).scalar() if table.name in names else None


def signing_key_files(connection: Connection) -> list[str]:
    """The files of all signing keys and of their passwords, those in use first; none where the schema knows none."""
    if not inspect(connection).has_table(signing_key.name):
        return []
    c = signing_key.c
    rows = connection.execute(select(c.file, c.password_file).order_by(c.active.desc(), c.id))
    return list(dict.fromkeys(file for row in rows for file in row if file is not None))


def move_signing_keys(work: UnitOfWork, places: Mapping[str, str]) -> None:
    """Let the signing keys be found where their files are now; `places` has the new path of an old one."""
    c = signing_key.c
    for key_id, file, password_file in work.connection.execute(select(c.id, c.file, c.password_file)).all():
        moved = {"file": places.get(file, file), "password_file": places.get(password_file, password_file)}
        if moved != {"file": file, "password_file": password_file}:
            work.connection.execute(update(signing_key).where(c.id == key_id).values(moved))


def revoke_sessions(work: UnitOfWork) -> int:
    """End every session, and forget logins that have begun; gives the number of sessions that ended."""
    open_ones = session.c.revoked_at.is_(None)
    ended = work.connection.execute(update(session).where(open_ones).values(revoked_at=work.now)).rowcount
    work.connection.execute(delete(oidc_login))
    return ended


def free_jobs(work: UnitOfWork) -> int:
    """Take running jobs from workers that are no more, so that others go on with them; gives how many."""
    values = {"state": "waiting", "claimed_by": None, "claimed_until": None}
    return work.connection.execute(update(job).where(job.c.state == "running").values(values)).rowcount


def revoke_tokens(work: UnitOfWork) -> int:
    """Revoke every token that counts; gives how many."""
    return work.connection.execute(update(token).where(_counts(work.now)).values(revoked_at=work.now)).rowcount


class Usable(TypedDict):
    """How many tokens and accounts can be used."""

    usable_tokens: int
    usable_accounts: int


def usable(connection: Connection, now: datetime) -> Usable:
    """How many tokens and accounts can be used at present."""
    tokens = select(func.count()).select_from(token).where(_counts(now))
    accounts = select(func.count()).select_from(account).where(account.c.state == "active")
    return {"usable_tokens": _scalar(connection, tokens), "usable_accounts": _scalar(connection, accounts)}


def _counts(now: datetime) -> Any:
    return token.c.revoked_at.is_(None) & or_(token.c.expires_at.is_(None), token.c.expires_at > now)


def mark_restored(work: UnitOfWork) -> str:
    """Write down that the installation was restored; gives its id."""
    statement = update(installation).values(restored_at=work.now).returning(installation.c.instance_id)
    return str(work.connection.execute(statement).scalar_one())
