# SPDX-License-Identifier: Apache-2.0
"""Participants that were deregistered, and until when nobody but their former SMP may have them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, literal, select, tuple_, update

from registry.storage.tables import quarantine
from registry.storage.unit_of_work import UnitOfWork

_CHUNK = 400


@dataclass(frozen=True, slots=True)
class QuarantineRow:
    """A participant (its value as values compare); `smp_id` is empty where its former SMP is no more."""

    domain_id: int
    scheme: str
    value_key: str
    smp_id: str
    until: datetime

    @property
    def key(self) -> tuple[str, str]:
        """Scheme, and value as it compares."""
        return self.scheme, self.value_key


_COLUMNS = [quarantine.c[name] for name in QuarantineRow.__dataclass_fields__]


def find(
    connection: Connection, domain_id: int, keys: Sequence[tuple[str, str]], at: datetime
) -> dict[tuple[str, str], QuarantineRow]:
    """Those of these participants that are in quarantine at that moment."""
    found: dict[tuple[str, str], QuarantineRow] = {}
    for named in _named(domain_id, keys):
        rows = connection.execute(select(*_COLUMNS).where(named, quarantine.c.until > at))
        found |= {row.key: row for row in (QuarantineRow(*row) for row in rows)}
    return found


def page(
    connection: Connection, domain_id: int, after: tuple[str, str], size: int, at: datetime
) -> list[QuarantineRow]:
    """Up to `size` participants in quarantine behind (scheme, value), in that order."""
    c = quarantine.c
    query = select(*_COLUMNS).where(
        c.domain_id == domain_id, tuple_(c.scheme, c.value_key) > tuple_(*map(literal, after)), c.until > at
    )
    return [QuarantineRow(*row) for row in connection.execute(query.order_by(c.scheme, c.value_key).limit(size))]


def put(work: UnitOfWork, rows: Sequence[QuarantineRow]) -> None:
    """Put participants into quarantine, in place of what there was."""
    if not rows:
        return
    remove(work, rows[0].domain_id, [row.key for row in rows])
    values = [{name: getattr(row, name) for name in QuarantineRow.__dataclass_fields__} for row in rows]
    work.connection.execute(insert(quarantine), values)


def forget_publisher(work: UnitOfWork, domain_id: int, smp_id: str) -> None:
    """Let nobody be the former SMP of what this one had: whoever takes its id next is somebody else."""
    c = quarantine.c
    its = (c.domain_id == domain_id, func.lower(c.smp_id) == smp_id.lower())
    work.connection.execute(update(quarantine).where(*its).values(smp_id=""))


def remove(work: UnitOfWork, domain_id: int, keys: Sequence[tuple[str, str]]) -> None:
    """Let participants out."""
    for named in _named(domain_id, keys):
        work.connection.execute(delete(quarantine).where(named))


def _named(domain_id: int, keys: Sequence[tuple[str, str]]) -> Iterator[ColumnElement[bool]]:
    """These participants, some at a time: by scheme, since SQLite has no index for pairs."""
    c, by_scheme = quarantine.c, dict[str, list[str]]()
    for scheme, value in sorted(set(keys)):
        by_scheme.setdefault(scheme, []).append(value)
    for scheme, values in by_scheme.items():
        for start in range(0, len(values), _CHUNK):
            part = c.value_key.in_(values[start : start + _CHUNK])
            yield and_(c.domain_id == domain_id, c.scheme == scheme, part)
