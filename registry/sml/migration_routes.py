# SPDX-License-Identifier: Apache-2.0
"""Migrations over the publisher API: both sides see how one stands, and the side that prepared it can cancel it.

Who is to take a participant over is known only once that is done. Until then whoever has the key may look, by the
header `Migration-Key`: a key in an address would come into logs.
"""

import contextlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from registry.errors import NotFoundError, ValidationError
from registry.identifiers.migration_key import new_migration_key
from registry.identifiers.participant import ParticipantIdentifier
from registry.sml.authorization import AuthorizedCaller
from registry.sml.calls import Calls
from registry.sml.errors import SmlError, participants_not_found, unauthorized
from registry.sml.migrations import Migrations, check_migration_key
from registry.sml.publisher_api import ApiRequest, Route
from registry.sml.registration import Registrar
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import retried
from registry.storage.queries import migrations
from registry.storage.queries.migrations import EndedMigration, HistoryFilter, OpenMigration
from registry.storage.queries.publishers import PublisherRow
from registry.storage.queries.registrations import RegistrationRow
from registry.storage.unit_of_work import UnitOfWork

KEY_HEADER = "migration-key"
_PAGE = 100
_DAYS = range(1, 3651)
_USUAL_DAYS = 30
_ONE = "migrations/{participant}"


class MigrationRoutes:
    """`migrations`: those that the caller's SMPs prepared, and what became of those from and to them."""

    def __init__(self, calls: Calls, registrar: Registrar) -> None:
        self._calls = calls
        self._database = calls.database
        self._registrar = registrar
        self._migrations = Migrations(registrar)
        self.routes = [
            Route("GET", "migrations", self._list),
            Route("POST", "migrations", self._prepare, 201),
            Route("GET", _ONE, self._show),
            Route("DELETE", _ONE, self._cancel),
            Route("POST", f"{_ONE}/complete", self._complete),
        ]

    def _list(self, request: ApiRequest) -> dict[str, Any]:
        """The open ones of the caller, or with `status=ended` those of the last `days` that were from it or to it."""
        status, place = request.query.get("status", "open"), _number(request, "after", 0, range(10**18))
        if status not in {"open", "ended"}:
            raise ValidationError.of("SML-API-QUERY", "status is 'open' or 'ended'")
        days = timedelta(days=_number(request, "days", _USUAL_DAYS, _DAYS))
        with self._calls.open(request.caller) as (work, authorized):
            own = authorized.own_publishers(work)
            names = _names(authorized)
            if status == "open":
                ids = [row.id for row in own]
                opened = migrations.page(work.connection, place, _PAGE, work.now, publisher_ids=ids)
                return _page([_shown_open(row, names) for row in opened], [row.registration_id for row in opened])
            ended = _history(work, own, HistoryFilter(since=work.now - days), place or None)
            return _page([_shown_ended(row, names) for row in ended], [row.id for row in ended])

    @retried
    def _prepare(self, request: ApiRequest) -> dict[str, Any]:
        """Let whoever has the key take a participant over; without one a key is made, and shown this once."""
        given = request.members("participant", optional=("smp_id", "key"))
        key = given.get("key") or new_migration_key()
        check_migration_key(key)
        with self._calls.open(request.caller, given.get("smp_id")) as (work, authorized):
            participant = _participant(authorized, given["participant"])
            stored, _, publisher = self._mine(work, authorized, participant, given.get("smp_id"))
            opened = self._migrations.prepare(work, stored, publisher, participant, key)
            return _shown_open(opened, _names(authorized)) | {"key": key}

    def _show(self, request: ApiRequest) -> dict[str, Any]:
        """How the migration of a participant stands: the open one, or what became of the last one.

        For the SMP that prepared it and the one that has it since; for others with its key. Raises NotFoundError.
        """
        with self._calls.open(request.caller) as (work, authorized):
            participant, names = _participant(authorized, request.path["participant"]), _names(authorized)
            own = authorized.own_publishers(work)
            mine = {row.id for row in own}
            key = request.headers.get(KEY_HEADER)
            for _, row in self._registered(work, authorized, participant):
                opened = migrations.open_of(work.connection, [row.id], work.now).get(row.id)
                if opened is not None and (row.publisher_id in mine or (key and opened.has_key(key))):
                    return _shown_open(opened, names)
            for stored in authorized.domains:
                of = participant.scheme, stored.domain.identifiers.participant_key(participant)
                there = [row for row in own if row.domain_id == stored.id]
                for ended in _history(work, there, HistoryFilter(of), None, 1):
                    return _shown_ended(ended, names)
        raise NotFoundError(f"no migration of {participant} is known to this caller")

    @retried
    def _cancel(self, request: ApiRequest) -> None:
        """Let the key of the open migration mean nothing any more."""
        with self._calls.open(request.caller) as (work, authorized):
            participant = _participant(authorized, request.path["participant"])
            stored, row, _ = self._mine(work, authorized, participant, None)
            self._migrations.cancel(work, stored, row)

    @retried
    def _complete(self, request: ApiRequest) -> dict[str, Any]:
        """Take a participant over for `smp_id`, by the key. Says `unchanged` where that was done before."""
        given = request.members("smp_id", "key")
        with self._calls.open(request.caller, given["smp_id"]) as (work, authorized):
            participant = _participant(authorized, request.path["participant"])
            taker = authorized.own_publisher(work, given["smp_id"])
            stored = authorized.domain_of(taker)
            (row,) = self._registrar.find(work, stored, [participant])
            shown = {"participant": str(participant), "smp_id": taker.smp_id}
            if row.publisher_id == taker.id:
                return shown | {"outcome": "unchanged"}
            self._migrations.complete(work, stored, taker, participant, given["key"])
            return shown | {"outcome": "completed"}

    def _registered(
        self, work: UnitOfWork, authorized: AuthorizedCaller, participant: ParticipantIdentifier
    ) -> list[tuple[StoredDomain, RegistrationRow]]:
        """The registrations of a participant in the caller's domains."""
        found = []
        for stored in authorized.domains:
            with contextlib.suppress(SmlError):
                (row,) = self._registrar.find(work, stored, [participant])
                found.append((stored, row))
        return found

    def _mine(
        self, work: UnitOfWork, authorized: AuthorizedCaller, participant: ParticipantIdentifier, smp_id: str | None
    ) -> tuple[StoredDomain, RegistrationRow, PublisherRow]:
        """A participant of the caller, and its SMP, of which the caller may say which one it believes it to be.

        Raises SmlError: ERR-110 where it isn't registered, ERR-101 for somebody else's, and for a suspended SMP.
        """
        own = {row.id: row for row in authorized.own_publishers(work)}
        found = self._registered(work, authorized, participant)
        if not found:
            raise participants_not_found([participant])
        for stored, row in found:
            if row.publisher_id in own:
                holder = authorized.own_publisher(work, own[row.publisher_id].smp_id)
                if smp_id is None or smp_id.lower() == holder.smp_id.lower():
                    return stored, row, holder
        raise unauthorized("The participant belongs to another SMP")


def _participant(authorized: AuthorizedCaller, text: str) -> ParticipantIdentifier:
    optional = any(stored.domain.identifiers.participant.allow_no_scheme for stored in authorized.domains)
    return ParticipantIdentifier.parse(text, scheme_optional=optional)


def _history(
    work: UnitOfWork, own: Sequence[PublisherRow], wanted: HistoryFilter, before: int | None, size: int = _PAGE
) -> list[EndedMigration]:
    mine = HistoryFilter(wanted.participant, {row.smp_id for row in own}, wanted.since)
    return migrations.history(work.connection, sorted({row.domain_id for row in own}), mine, before, size)


def _number(request: ApiRequest, name: str, default: int, allowed: range) -> int:
    text = request.query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= 18 and int(text) in allowed):
        raise ValidationError.of("SML-API-QUERY", f"{name} is a number from {allowed[0]} to {allowed[-1]}")
    return int(text)


def _names(authorized: AuthorizedCaller) -> dict[int, str]:
    return {stored.id: stored.domain.name for stored in authorized.domains}


def _page(items: list[dict[str, Any]], places: list[int]) -> dict[str, Any]:
    """`next` goes into `after` for the page behind this one; null on the last one."""
    return {"items": items, "next": places[-1] if len(places) == _PAGE else None}


def _shown_open(row: OpenMigration, names: dict[int, str]) -> dict[str, Any]:
    return {
        "participant": str(ParticipantIdentifier(row.scheme, row.value)),
        "domain": names[row.domain_id],
        "status": "open",
        "from_smp_id": row.smp_id,
        "prepared_at": row.prepared_at,
        "expires_at": row.expires_at,
    }


def _shown_ended(row: EndedMigration, names: dict[int, str]) -> dict[str, Any]:
    return {
        "participant": str(ParticipantIdentifier(row.scheme, row.value)),
        "domain": names[row.domain_id],
        "status": row.outcome,
        "from_smp_id": row.from_smp_id,
        "to_smp_id": row.to_smp_id,
        "prepared_at": row.prepared_at,
        "ended_at": row.ended_at,
    }
