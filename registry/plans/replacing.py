# SPDX-License-Identifier: Apache-2.0
"""Replaces an endpoint's address or certificate wherever it stands: a row of the plan is an access point.

An access point is shown by the endpoints of many participants, and none of those is rewritten.
"""

import base64
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from registry.audit.events import record
from registry.errors import NotFoundError, Reason, RegistryError, TechnicalError, ValidationError
from registry.plans.model import (
    CLAUSE,
    LASTS,
    PlanKind,
    PlanOptions,
    PlanState,
    RowVerdict,
    changed_meanwhile,
    digest_of,
    packed,
    reason_json,
    reasons_of,
    unpacked,
)
from registry.smp.access_points import AccessPoints
from registry.storage.certificate_rows import certificate_sha256
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor, Database, retried
from registry.storage.queries import access_points, plans
from registry.storage.queries.access_points import AccessPoint, AccessPointRow
from registry.storage.queries.plans import PlannedRow, PlanRow
from registry.storage.unit_of_work import UnitOfWork
from registry.trust import TrustModel


class Replacer:
    """Plans and applies replacements in one domain."""

    def __init__(self, database: Database, stored: StoredDomain, trust: TrustModel) -> None:
        self._database = database
        self._stored = stored
        self._points = AccessPoints(database, stored, trust)

    @retried
    def plan(
        self,
        actor: Actor,
        *,
        address: tuple[str, str] | None = None,
        certificate: tuple[str, bytes] | None = None,
        at: datetime | None = None,
    ) -> int:
        """The number of a new plan: (present, next) address, or (SHA-256 of the present, DER of the next) certificate.

        Raises NotFoundError where no access point has the present one.
        """
        options = PlanOptions(replaced=_replaced(address, certificate, at))
        with self._database.write(actor) as work:
            every = access_points.listed(work.connection, self._stored.id)
            rows = [
                self._row(work, number, row, held, options)
                for number, (row, held) in enumerate(self._meant(work, every, options), 1)
            ]
            if not rows:
                raise NotFoundError(f"no access point of {self._stored.domain.name} shows that at present")
            counts = Counter(row.verdict for row in rows)
            named = ", ".join(f"{name} {text}" for name, text in sorted(options.replaced.items()) if name != "der")
            plan_id = plans.add(
                work,
                {
                    "domain_id": self._stored.id,
                    "kind": PlanKind.REPLACE.value,
                    "state": PlanState.PLANNED.value,
                    "source": named[:500],
                    "digest": "",
                    "options": options.to_json(),
                    "counts": {verdict.value: counts[verdict.value] for verdict in RowVerdict}
                    | {"held": len(every), "done": 0},
                    "base_event": plans.last_event(work.connection),
                    "expires_at": work.now + LASTS,
                },
            )
            plans.add_rows(work, plan_id, rows)
            after = {"kind": PlanKind.REPLACE.value, "source": named[:500]}
            record(work, "plans:plan:create", f"plan:{plan_id}", domain_id=self._stored.id, after=after)
        return plan_id

    def apply(self, work: UnitOfWork, plan: PlanRow, rows: Sequence[PlannedRow]) -> dict[int, Sequence[Reason]]:
        """Change access points; those that were refused, with the reasons. Raises TechnicalError."""
        present = {_key(row): row for row in access_points.listed(work.connection, self._stored.id)}
        refused: dict[int, Sequence[Reason]] = {}
        for planned in rows:
            row = present.get(planned.key)
            held = None if row is None else _body(row, access_points.content(work.connection, row.id, work.now))
            if row is None or held is None or digest_of(held) != planned.before_digest:
                refused[planned.number] = (changed_meanwhile(),)
                continue
            try:
                self._change(work, row, unpacked(planned.after or b""))
            except TechnicalError:
                raise
            except RegistryError as error:
                refused[planned.number] = reasons_of(error)
        return refused

    def _meant(
        self, work: UnitOfWork, every: Sequence[AccessPointRow], options: PlanOptions
    ) -> list[tuple[AccessPointRow, AccessPoint]]:
        found = []
        for row in every:
            held = access_points.content(work.connection, row.id, work.now)
            digests = [certificate_sha256(item.der) for item in held.certificates]
            if held.address == options.replaced.get("address") or options.replaced.get("certificate") in digests:
                found.append((row, held))
        return found

    def _row(
        self, work: UnitOfWork, number: int, row: AccessPointRow, held: AccessPoint, options: PlanOptions
    ) -> PlannedRow:
        before = _body(row, held)
        wanted = {name: text for name, text in options.replaced.items() if name in ("to", "der", "at")}
        planned = PlannedRow(
            number,
            0,
            _key(row),
            row.name,
            RowVerdict.CHANGED.value,
            notes=[f"{row.endpoints} endpoints show it ({row.transport_profile})"],
            before_digest=digest_of(before),
            before=packed(before),
            after=packed(wanted),
        )
        try:
            self._tried(work, row, wanted)
        except _TakenBackError as tried:
            return planned._replace(notes=[*planned.notes, *tried.warnings])
        except RegistryError as error:
            why = [reason_json(reason) for reason in reasons_of(error)]
            return planned._replace(verdict=RowVerdict.REFUSED.value, reasons=why, after=None)
        raise AssertionError("what was tried is always taken back")

    def _tried(self, work: UnitOfWork, row: AccessPointRow, wanted: dict[str, str]) -> None:
        with self._database.write(Actor(work.actor, work.request_id)) as part, part.as_reviewed():
            raise _TakenBackError(self._change(part, row, wanted))

    def _change(self, work: UnitOfWork, row: AccessPointRow, wanted: dict[str, str]) -> list[str]:
        at = wanted.get("at")
        return self._points.change(
            Actor(work.actor, work.request_id),
            row.name,
            transport_profile=row.transport_profile,
            address=wanted.get("to"),
            certificate=base64.b64decode(wanted["der"]) if "der" in wanted else None,
            at=None if at is None else datetime.fromisoformat(at),
        )


class _TakenBackError(Exception):
    """Ends what was only tried; has the warnings."""

    def __init__(self, warnings: list[str]) -> None:
        super().__init__()
        self.warnings = warnings


def _replaced(
    address: tuple[str, str] | None, certificate: tuple[str, bytes] | None, at: datetime | None
) -> dict[str, str]:
    if (address is None) == (certificate is None):
        raise ValidationError.of("PLAN-REPLACE", "either an address is replaced or a certificate", CLAUSE)
    found: dict[str, str] = {} if at is None else {"at": at.isoformat()}
    if address is not None:
        return found | {"address": address[0], "to": address[1]}
    assert certificate is not None  # noqa: S101  # one of them is there
    present, following = certificate
    sha256 = present.replace(":", "").lower()
    return found | {"certificate": sha256, "der": base64.b64encode(following).decode()}


def _key(row: AccessPointRow) -> str:
    return f"{row.name}::{row.transport_profile}"


def _body(row: AccessPointRow, held: AccessPoint) -> dict[str, Any]:
    shown = {"access_point": row.name, "transport_profile": row.transport_profile, "address": held.address}
    planned = [row.successor_id, row.successor_at.isoformat() if row.successor_at else None]
    return {
        **shown,
        "certificates": [certificate_sha256(item.der) for item in held.certificates],
        "says": held.content_sha256(),
        "planned": planned,
    }
