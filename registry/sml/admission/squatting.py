# SPDX-License-Identifier: Apache-2.0
"""Registrations that show no sign of being made for whom they name: facts with the reason of each, and no judgement.

An SMP may have a good reason for each of them: a company that numbers its shops registers a series, and a group of
companies may have two SMPs. Whoever reads the report asks the SMP. It is read in one pass and needs no memory to speak
of, however many participants there are.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from registry.domains.domain import Domain
from registry.identifiers.code_lists import Kind, State
from registry.identifiers.further_check_digits import has_check_digits, wrong_check_digits
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries import squatting
from registry.storage.queries.squatting import HeldRow
from registry.storage.unit_of_work import Connection


class Sign(StrEnum):
    """Why a registration is in the report."""

    UNSERVED = "unserved"
    """Our own SMP has it for long, without a service."""
    SERIES = "series"
    """It begins a series of numbers, one after the other, of one SMP."""
    SEVERAL_OWNERS = "several-owners"
    """Its number is registered under the code of another agency, by another SMP."""
    CHECK_DIGITS = "check-digits"
    CODE_LIST = "code-list"
    """The code of its agency was removed from the code list, or never was in it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A registration with one sign: since when it is as it is, and what is to be seen, in words."""

    sign: Sign
    participant: str
    smp_id: str
    since: datetime
    detail: str


@dataclass(frozen=True, slots=True)
class Bounds:
    """From when on something is worth a line."""

    unserved_for: timedelta = timedelta(days=90)
    series: int = 20
    """Numbers, one after the other."""


def findings(connection: Connection, stored: StoredDomain, at: datetime, bounds: Bounds) -> Iterator[Finding]:
    """The report of a domain: by sign where that needs a pass of its own, the others by participant."""
    yield from _unserved(connection, stored, at - bounds.unserved_for, bounds.unserved_for)
    yield from _several_owners(connection, stored)
    series = _Series(bounds.series)
    for row in squatting.by_value(connection, stored.id):
        participant = ParticipantIdentifier(row.scheme, row.value)
        if (wrong := wrong_check_digits(participant)) is not None:
            yield _finding(Sign.CHECK_DIGITS, row, str(wrong))
        if detail := _unlisted(stored.domain, participant):
            yield _finding(Sign.CODE_LIST, row, detail)
        yield from series.add(row, participant)
    yield from series.end()


def _unserved(connection: Connection, stored: StoredDomain, before: datetime, bound: timedelta) -> Iterator[Finding]:
    smp_id = stored.domain.smp.smp_id
    if smp_id is None:
        return
    for row in squatting.unserved(connection, stored.id, smp_id, before):
        yield _finding(Sign.UNSERVED, row, f"our SMP has no service for it, for more than {bound.days} days")


def _several_owners(connection: Connection, stored: StoredDomain) -> Iterator[Finding]:
    for number, row in squatting.shared_numbers(connection, stored.id):
        yield _finding(Sign.SEVERAL_OWNERS, row, f"several SMPs have registered the number {number}")


def _unlisted(domain: Domain, participant: ParticipantIdentifier) -> str:
    codes = domain.identifiers.code_lists.get(Kind.PARTICIPANT)
    if codes is None or participant.agency is None or participant.is_wildcard:
        return ""
    icd, _ = participant.agency
    state = codes.state(ISO6523, icd)
    if state is None:
        return f"{icd} is not in the code list {codes.version}"
    return f"{icd} was removed from the code list" if state is State.REMOVED else ""


class _Series:
    """Finds series in rows that come in the order of their values."""

    def __init__(self, least: int) -> None:
        self._least = least
        self._first: HeldRow | None = None
        self._last: HeldRow | None = None
        self._place: tuple[str, int, int] | None = None
        self._length = 0

    def add(self, row: HeldRow, participant: ParticipantIdentifier) -> Iterator[Finding]:
        """Take the next row; gives what ends with the one before."""
        place = _place(participant)
        if self._last is not None and self._last.smp_id == row.smp_id and _follows(self._place, place):
            self._length += 1
        else:
            yield from self.end()
            self._first, self._length = row, 1
        self._last, self._place = row, place

    def end(self) -> Iterator[Finding]:
        """What ends with the last row."""
        if self._first is not None and self._last is not None and self._length >= self._least:
            yield _finding(
                Sign.SERIES,
                self._first,
                f"{self._length} numbers, one after the other, from {self._first.value} to {self._last.value}",
            )


def _place(participant: ParticipantIdentifier) -> tuple[str, int, int] | None:
    """Of a number: its agency, its length, and which one it is there, where the last digit may only check the others.

    None for what is no number.
    """
    icd, number = participant.agency or (participant.scheme, participant.value)
    digits = number.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
    if not (digits.isascii() and digits.isdigit()):
        return None
    return icd, len(number), int(digits[:-1] or "0") if has_check_digits(icd) else int(digits)


def _follows(before: tuple[str, int, int] | None, after: tuple[str, int, int] | None) -> bool:
    return before is not None and after is not None and after == (*before[:2], before[2] + 1)


def _finding(sign: Sign, row: HeldRow, detail: str) -> Finding:
    return Finding(sign, str(ParticipantIdentifier(row.scheme, row.value)), row.smp_id, row.since, detail)
