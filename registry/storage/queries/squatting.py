# SPDX-License-Identifier: Apache-2.0
"""What speaks for nobody: facts about registrations, as streams of rows that fit into any memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, case, func, select

from registry.identifiers.participant import ISO6523, WILDCARD
from registry.storage.tables import publisher, registration, service, service_group

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_ICD_LENGTH = len("0088:")
_AT_ONCE = 1000
SHORTEST = 7
"""Characters of a number that two agencies hardly give to two parties by chance."""


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A registration, its SMP, and since when it is as it is."""

    scheme: str
    value: str
    smp_id: str
    since: datetime


_COLUMNS = (registration.c.scheme, registration.c.value, publisher.c.smp_id, registration.c.modified_at)


def by_value(connection: Connection, domain_id: int) -> Iterator[HeldRow]:
    """All registrations of a domain, by scheme, length and value: numbers that follow each other do so here."""
    c = registration.c
    return _rows(connection, _held(domain_id).order_by(c.scheme, func.length(c.value_key), c.value_key, c.id))


def unserved(connection: Connection, domain_id: int, smp_id: str, before: datetime) -> Iterator[HeldRow]:
    """Those of an SMP that is here, as they are since before a moment, for which it has no service."""
    c, group = registration.c, service_group.c
    served = (
        select(service.c.id)
        .join(service_group, group.id == service.c.service_group_id)
        .where(group.domain_id == domain_id, group.scheme == c.scheme, group.value_key == c.value_key)
    )
    query = _held(domain_id).where(
        publisher.c.smp_id_key == smp_id.lower(),
        c.modified_at < before,
        c.value_key != WILDCARD,
        ~served.exists(),
    )
    return _rows(connection, query.order_by(c.id))


def shared_numbers(connection: Connection, domain_id: int) -> Iterator[tuple[str, HeldRow]]:
    """Numbers that several SMPs have registered, under codes of several agencies; those of a number together.

    The letters in front of a number and behind it, such as the country of a VAT number, are no part of it.
    """
    number = _number()
    several = (
        select(number.label("number"))
        .where(registration.c.domain_id == domain_id, func.length(number) >= SHORTEST)
        .group_by(number)
        .having(func.count(registration.c.publisher_id.distinct()) > 1)
        .subquery()
    )
    query = (
        select(several.c.number, *_COLUMNS)
        .select_from(registration.join(publisher, publisher.c.id == registration.c.publisher_id))
        .join(several, several.c.number == number)
        .where(registration.c.domain_id == domain_id)
        .order_by(several.c.number, registration.c.id)
    )
    for row in connection.execution_options(yield_per=_AT_ONCE).execute(query):
        yield str(row[0]), HeldRow(*row[1:])


def _number() -> ColumnElement[str]:
    c = registration.c
    value = case((c.scheme == ISO6523, func.substr(c.value_key, _ICD_LENGTH + 1)), else_=c.value_key)
    return func.ltrim(func.rtrim(value, _LETTERS), _LETTERS)


def _held(domain_id: int) -> Select[Any]:
    c = registration.c
    joined = registration.join(publisher, publisher.c.id == c.publisher_id)
    return select(*_COLUMNS).select_from(joined).where(c.domain_id == domain_id)


def _rows(connection: Connection, query: Select[Any]) -> Iterator[HeldRow]:
    for row in connection.execution_options(yield_per=_AT_ONCE).execute(query):
        yield HeldRow(*row)
