# SPDX-License-Identifier: Apache-2.0
"""Makes a plan: what each participant of a source would become, found by publishing it and taking that back.

So every rule counts that counts when it is applied: the domain's, the SML's, admission's. A plan is made in batches,
each a transaction; one that was broken off stays `reading`, and can only be given up.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Protocol

from registry.audit.events import record
from registry.domains.domain import Domain
from registry.errors import RegistryError, ValidationError
from registry.plans.held import HeldBodies
from registry.plans.model import (
    BATCH,
    CLAUSE,
    LASTS,
    PlanKind,
    PlanOptions,
    PlanState,
    RowVerdict,
    Said,
    digest_of,
    packed,
    reason_json,
    reasons_of,
)
from registry.plans.wanted import WantedBodies, completed
from registry.sml.candidates import Key
from registry.sml.registration import Registrar
from registry.smp.bulk_publishing import BulkPublishing, WantedParticipant, Written
from registry.smp.publishing import Outcome
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor, Database, retried
from registry.storage.queries import plans, service_groups
from registry.storage.queries.plans import PlannedRow
from registry.storage.unit_of_work import UnitOfWork
from registry.trust import TrustModel

_VERDICTS: Final[Mapping[Outcome, RowVerdict]] = {
    Outcome.CREATED: RowVerdict.ADDED,
    Outcome.UPDATED: RowVerdict.CHANGED,
    Outcome.UNCHANGED: RowVerdict.UNCHANGED,
}

Told = Callable[[int], None]
"""Is told how many rows there are by now."""


class Reader(Protocol):
    """What reads a source."""

    def said(self) -> Iterator[Said]:
        """What it says of each participant, one after the other."""
        ...


@dataclass(frozen=True, slots=True)
class Source:
    """A source of a plan: its kind, name and reader; `digest` is asked once all is read."""

    kind: PlanKind
    name: str
    reader: Reader
    digest: Callable[[], str] = str


class _TakenBackError(Exception):
    """Ends what was only tried."""


class Planner:
    """Makes plans for one domain."""

    def __init__(
        self,
        database: Database,
        registrar: Registrar,
        trust_of: Callable[[Domain], TrustModel],
        stored: StoredDomain,
        *,
        batch: int = BATCH,
    ) -> None:
        self._database = database
        self._bulk = BulkPublishing(database, registrar)
        self._wanted = WantedBodies(stored, trust_of)
        self._stored = stored
        self._batch = batch

    def plan(self, actor: Actor, source: Source, options: PlanOptions, told: Told = lambda _number: None) -> int:
        """The number of a new plan. Raises ValidationError where the source can't be read; then there is no plan."""
        plan_id = self.begin(actor, source, options)
        try:
            self.fill(actor, plan_id, source, options, told)
        except ValidationError:
            self._abandon(actor, plan_id)
            raise
        return plan_id

    @retried
    def begin(self, actor: Actor, source: Source, options: PlanOptions) -> int:
        """An empty plan."""
        with self._database.write(actor) as work:
            values = {
                "domain_id": self._stored.id,
                "kind": source.kind.value,
                "state": PlanState.READING.value,
                "source": source.name[:500],
                "digest": "",
                "options": options.to_json(),
                "counts": {},
                "base_event": plans.last_event(work.connection),
                "expires_at": work.now + LASTS,
            }
            plan_id = plans.add(work, values)
            after = {"kind": source.kind.value, "source": source.name[:500], **options.to_json()}
            record(work, "plans:plan:create", f"plan:{plan_id}", domain_id=self._stored.id, after=after)
        return plan_id

    def fill(self, actor: Actor, plan_id: int, source: Source, options: PlanOptions, told: Told) -> None:
        """Read a source into an empty plan. Raises ValidationError where it can't be read to its end."""
        counts: Counter[str] = Counter()
        said = source.reader.said()
        number = 0
        nameless = False
        while part := list(islice(said, self._batch)):
            nameless = nameless or any(not item.key for item in part)
            counts += self._add(actor, plan_id, number, part)
            number += len(part)
            told(number)
        if options.removes:
            if nameless:
                message = "a row names no participant that can be read, so who is missing in the file isn't known"
                raise ValidationError.of("PLAN-REMOVES", message, CLAUSE)
            counts += self._add_removals(actor, plan_id, number, told)
        self._finish(actor, plan_id, counts, source.digest())

    @retried
    def _add(self, actor: Actor, plan_id: int, after: int, said: Sequence[Said]) -> Counter[str]:
        with self._database.write(actor) as work:
            rows = list(self._rows(work, after, said))
            plans.add_rows(work, plan_id, rows)
        return Counter(row.verdict for row in rows)

    def _rows(self, work: UnitOfWork, after: int, said: Sequence[Said]) -> Iterator[PlannedRow]:
        self._wanted.look_anew(work.now)
        held_bodies = HeldBodies(work, self._stored)
        needed = [_split(item.key) for item in said if item.key and not item.reasons and item.unsaid]
        held = held_bodies.of(needed) if needed else {}
        rows: dict[int, PlannedRow] = {}
        ready: list[tuple[int, Mapping[str, Any], WantedParticipant]] = []
        for number, item in enumerate(said, after + 1):
            rows[number] = PlannedRow(number, item.line, item.key, item.participant[:500], RowVerdict.REFUSED.value)
            if item.reasons:
                rows[number] = _refused(rows[number], [reason_json(reason) for reason in item.reasons])
                continue
            try:
                body = completed(item.body, item.unsaid, held.get(_split(item.key), {}))
                ready.append((number, body, self._wanted.read(work.connection, body)))
            except RegistryError as error:
                rows[number] = _refused(rows[number], [reason_json(reason) for reason in reasons_of(error)])
        results = self._tried(work, [wanted for _, _, wanted in ready])
        for (number, complete, wanted), result in zip(ready, results, strict=True):
            row = rows[number]._replace(subject=str(wanted.participant))
            if result.error is not None:
                rows[number] = _refused(row, [reason_json(reason) for reason in reasons_of(result.error)])
                continue
            assert result.outcome is not None  # noqa: S101  # there is an outcome or an error
            after_text = None if result.outcome is Outcome.UNCHANGED else packed(complete)
            rows[number] = row._replace(
                verdict=_VERDICTS[result.outcome].value, notes=result.warnings, after=after_text
            )
        changed = [row for row in rows.values() if row.verdict == RowVerdict.CHANGED]
        before = held_bodies.of([_split(row.key) for row in changed])
        for row in changed:
            rows[row.number] = _with_before(row, before[_split(row.key)])
        yield from rows.values()

    def _tried(self, work: UnitOfWork, wanted: Sequence[WantedParticipant]) -> Sequence[Written]:
        results: Sequence[Written] = ()
        try:
            with self._database.write(Actor(work.actor, work.request_id)) as part:
                with part.as_reviewed():
                    results = self._bulk.put_all(part, self._stored, wanted)
                raise _TakenBackError
        except _TakenBackError:
            return results

    def _add_removals(self, actor: Actor, plan_id: int, number: int, told: Told) -> Counter[str]:
        counts: Counter[str] = Counter()
        after = 0
        while True:
            added, after = self._remove_some(actor, plan_id, number, after)
            if not added:
                return counts
            counts[RowVerdict.REMOVED.value] += added
            number += added
            told(number)

    @retried
    def _remove_some(self, actor: Actor, plan_id: int, number: int, after: int) -> tuple[int, int]:
        with self._database.write(actor) as work:
            found = plans.unnamed_groups(work.connection, plan_id, self._stored.id, after, self._batch)
            keys: list[Key] = [(participant.scheme, value_key) for _, participant, value_key in found]
            held = HeldBodies(work, self._stored).of(keys)
            rows = [
                _with_before(
                    PlannedRow(place, 0, f"{key[0]}::{key[1]}", str(participant), RowVerdict.REMOVED.value), held[key]
                )
                for place, ((_, participant, _), key) in enumerate(zip(found, keys, strict=True), number + 1)
            ]
            plans.add_rows(work, plan_id, rows)
        return len(rows), found[-1][0] if found else after

    @retried
    def _finish(self, actor: Actor, plan_id: int, counts: Mapping[str, int], digest: str) -> None:
        with self._database.write(actor) as work:
            every = {verdict.value: counts.get(verdict.value, 0) for verdict in RowVerdict}
            every |= {"held": service_groups.count(work.connection, self._stored.id), "done": 0}
            plans.change(work, plan_id, counts=every, digest=digest, state=PlanState.PLANNED.value)

    @retried
    def _abandon(self, actor: Actor, plan_id: int) -> None:
        with self._database.write(actor) as work:
            plans.change(work, plan_id, state=PlanState.ABANDONED.value)
            record(work, "plans:plan:abandon", f"plan:{plan_id}", domain_id=self._stored.id)


def _split(key: str) -> Key:
    scheme, _, value = key.partition("::")
    return scheme, value


def _refused(row: PlannedRow, reasons: Sequence[Sequence[str]]) -> PlannedRow:
    return row._replace(reasons=reasons)


def _with_before(row: PlannedRow, before: Mapping[str, Any]) -> PlannedRow:
    return row._replace(before_digest=digest_of(before), before=packed(before))
