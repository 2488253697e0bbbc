# SPDX-License-Identifier: Apache-2.0
"""Repairs what a comparison has found, in batches, each a transaction with its events.

Time has passed since the comparison, so each finding is looked at again inside of the transaction, and one that isn't
true any more is left alone. Who is broken off may begin again: what is repaired isn't found a second time. A surplus
name is removed only where nothing accounts for it and nobody has touched it since the comparison began.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import groupby
from typing import Any

from registry.audit.events import record
from registry.consistency.findings import REPAIRABLE, Finding, Findings, Kind, Seen
from registry.consistency.group_comparison import own_publisher
from registry.consistency.zone_comparison import APEX_RECORDS, OPERATOR, PUBLISHER, REGISTRATION, apex_states
from registry.dns.journal import NewState, ZoneJournal
from registry.errors import ConflictError, NotFoundError, RegistryError, TechnicalError
from registry.identifiers.participant import ParticipantIdentifier
from registry.sml.names import participant_states, publisher_states
from registry.sml.registration import Registrar
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor, Database, retried
from registry.storage.queries import (
    consistency,
    publishers,
    registrations,
    served_states,
    service_groups,
    zone_records,
    zones,
)
from registry.storage.queries.registrations import RegistrationRow
from registry.storage.unit_of_work import UnitOfWork

BATCH = 400
"""Findings of one transaction."""
MARGIN = timedelta(minutes=15)
"""No transaction lasts longer; a row's moment is the beginning of the transaction that wrote it."""
_NAMED = 20


@dataclass(slots=True)
class Repaired:
    """What became of findings: how many of each kind were repaired, or were not true any more, and what was refused."""

    done: dict[Kind, int] = field(default_factory=dict)
    outdated: dict[Kind, int] = field(default_factory=dict)
    refused: list[tuple[Finding, str]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """For a report, a job's result, a client."""
        return {
            "repaired": {kind.value: count for kind, count in self.done.items()},
            "outdated": {kind.value: count for kind, count in self.outdated.items()},
            "refused": [{**finding.to_json(), "reason": reason} for finding, reason in self.refused[:_NAMED]],
            "refused_count": len(self.refused),
        }


AfterBatch = Callable[[UnitOfWork, int], None]
"""Is told in the transaction of each batch how many findings are done."""


def refuse_too_many(findings: Findings, max_percent: float, kinds: Collection[Kind]) -> None:
    """Raises ConflictError where a repair of these kinds would change more than so many percent of what there is."""
    if too_many := findings.summary.beyond(max_percent, kinds):
        raise ConflictError(
            f"more than {max_percent:g} % would be changed: {', '.join(too_many)}. Look at the plan; if it is right, "
            "allow more"
        )


class Repairer:
    """Repairs a domain for which this instance is the SML."""

    def __init__(
        self,
        database: Database,
        journal: ZoneJournal,
        registrar: Registrar,
        actor: Actor,
        stored: StoredDomain,
        seen: Seen,
    ) -> None:
        """`seen` is when the comparison began. Raises NotFoundError where the domain has no zone."""
        if stored.zone_id is None:
            raise NotFoundError(f"the domain {stored.domain.name} has no zone here")
        self._zone_id = stored.zone_id
        self._database = database
        self._journal = journal
        self._registrar = registrar
        self._actor = actor
        self._stored = stored
        self._seen = seen

    def run(
        self,
        findings: Iterable[Finding],
        kinds: Collection[Kind] = REPAIRABLE,
        after_batch: AfterBatch = lambda _work, _done: None,
    ) -> Repaired:
        """Repair what is of these kinds. What is refused is told, and the rest is repaired all the same."""
        repaired = Repaired()
        count = 0
        for kind, batch in _batches(item for item in findings if item.kind in kinds and item.kind in _REPAIRS):
            count += len(batch)
            self._repair(kind, batch, repaired, count, after_batch)
        return repaired

    @retried
    def _repair(
        self, kind: Kind, batch: Sequence[Finding], repaired: Repaired, count: int, after_batch: AfterBatch
    ) -> None:
        with self._database.write(self._actor) as work:
            done, refused = _REPAIRS[kind](self, work, batch)
            if done:
                after = {"kind": kind.value, "count": len(done)}  # which ones: the journal, or events of their own
                subject = f"domain:{self._stored.domain.name}"
                record(work, "consistency:finding:repair", subject, domain_id=self._stored.id, after=after)
            after_batch(work, count)
        repaired.done[kind] = repaired.done.get(kind, 0) + len(done)
        outdated = len(batch) - len(done) - len(refused)
        repaired.outdated[kind] = repaired.outdated.get(kind, 0) + outdated
        repaired.refused += refused

    # Each gives the findings that it repaired, and those that it was refused.

    def _register(self, work: UnitOfWork, batch: Sequence[Finding]) -> "_Done":
        return self._each(batch, self._register_one)

    def _register_one(self, work: UnitOfWork, participant: ParticipantIdentifier) -> bool:
        key = self._locked(work, participant)
        own = own_publisher(work.connection, self._stored)
        if own is None or service_groups.find(work.connection, self._stored.id, participant.scheme, key) is None:
            return False
        return self._registrar.ensure(work, self._stored, own, participant)

    def _unregister(self, work: UnitOfWork, batch: Sequence[Finding]) -> "_Done":
        return self._each(batch, self._unregister_one)

    def _unregister_one(self, work: UnitOfWork, participant: ParticipantIdentifier) -> bool:
        key = self._locked(work, participant)
        own = own_publisher(work.connection, self._stored)
        if own is None or service_groups.find(work.connection, self._stored.id, participant.scheme, key) is not None:
            return False
        rows = registrations.find(work.connection, self._stored.id, [(participant.scheme, key)], lock=True)
        mine = [row for row in rows if row.publisher_id == own.id]
        if mine:
            self._registrar.unregister_owned(work, self._stored, own, mine)
        return bool(mine)

    def _locked(self, work: UnitOfWork, participant: ParticipantIdentifier) -> str:
        """Let nobody else write of a participant; returns its value as it compares."""
        key = self._stored.domain.identifiers.participant_key(participant)
        service_groups.lock_participant(work, self._stored.id, participant.scheme, key)
        return key

    def _each(self, batch: Sequence[Finding], repair: Callable[[UnitOfWork, ParticipantIdentifier], bool]) -> "_Done":
        done, refused = [], []
        for finding in batch:
            try:
                with self._database.write(self._actor) as part:  # what is refused takes back nothing else
                    if repair(part, ParticipantIdentifier(*finding.key)):
                        done.append(finding)
            except TechnicalError:
                raise
            except RegistryError as error:
                refused.append((finding, str(error)))
        return done, refused

    def _write_names(self, work: UnitOfWork, batch: Sequence[Finding]) -> "_Done":
        """Let names hold what the rows say now, which may be something else than was found."""
        states = list(self._said_by(work, batch))
        wanted = {(state.owner, state.rdtype): state.text for state in states}
        held = zones.rrset_texts(work.connection, self._zone_id, list(wanted))
        done = [item for item in batch if (key := _name(item)) in wanted and held.get(key) != wanted[key]]
        self._journal.write(work, self._zone_id, states)
        return done, []

    def _said_by(self, work: UnitOfWork, batch: Sequence[Finding]) -> Iterator[NewState]:
        """What the rows that are behind findings say of their names."""
        ids: dict[str, set[int]] = {}
        for *_, why, number in (item.key for item in batch):
            ids.setdefault(why, set()).add(int(number or 0))
        rows = consistency.locked_registrations(work, sorted(ids.get(REGISTRATION, ())))
        yield from self._participant_states(work, rows)
        for publisher_id in sorted(ids.get(PUBLISHER, ())):
            publisher = publishers.by_id(work.connection, publisher_id, lock=True)
            if publisher is not None:
                yield from publisher_states(self._stored.domain, publisher)
        if ids.keys() & {OPERATOR, APEX_RECORDS}:
            yield from self._zone_states(work)

    def _remove_names(self, work: UnitOfWork, batch: Sequence[Finding]) -> "_Done":
        """Remove what nothing accounts for, unless somebody has written to that name meanwhile."""
        names = [_name(item) for item in batch]
        owners = {owner for owner, _ in names}
        rows = consistency.registrations_at(work, self._stored.id, owners, self._seen.at - MARGIN)
        touched = served_states.changed_behind(work.connection, self._zone_id, owners, self._seen.sequence)
        accounted = [*self._participant_states(work, rows), *self._zone_states(work)]
        for publisher in publishers.of_domain(work.connection, self._stored.id):
            accounted += publisher_states(self._stored.domain, publisher)
        wanted = {(state.owner, state.rdtype) for state in accounted if state.text is not None}
        held = zones.rrset_texts(work.connection, self._zone_id, names)
        done = [
            item
            for item, name in zip(batch, names, strict=True)
            if name in held and name not in wanted and name[0] not in touched
        ]
        self._journal.write(work, self._zone_id, [NewState(*_name(item), None) for item in done])
        return done, []

    def _participant_states(self, work: UnitOfWork, rows: Iterable[RegistrationRow]) -> Iterator[NewState]:
        by_publisher = sorted(rows, key=lambda row: (row.publisher_id, row.id))
        for publisher_id, mine in groupby(by_publisher, key=lambda row: row.publisher_id):
            publisher = publishers.hold(work, publisher_id)
            if publisher is not None:
                yield from participant_states(self._stored.domain, publisher, list(mine))

    def _zone_states(self, work: UnitOfWork) -> Iterator[NewState]:
        yield from apex_states(self._stored.domain)
        for held in zone_records.of_zone(work.connection, self._zone_id):
            yield NewState(held.owner, held.rdtype, held.content)


_Done = tuple[list[Finding], list[tuple[Finding, str]]]
_REPAIRS: Mapping[Kind, Callable[[Repairer, UnitOfWork, Sequence[Finding]], _Done]] = {
    Kind.GROUP_UNREGISTERED: Repairer._register,  # noqa: SLF001 — of this module
    Kind.REGISTRATION_UNSERVED: Repairer._unregister,  # noqa: SLF001
    Kind.NAME_MISSING: Repairer._write_names,  # noqa: SLF001
    Kind.NAME_DIFFERS: Repairer._write_names,  # noqa: SLF001
    Kind.NAME_SURPLUS: Repairer._remove_names,  # noqa: SLF001
}


def _name(finding: Finding) -> tuple[str, str]:
    owner, rdtype, *_ = finding.key
    return owner, rdtype


def _batches(findings: Iterable[Finding]) -> Iterator[tuple[Kind, list[Finding]]]:
    """Up to `BATCH` findings of one kind at a time. Of each kind one batch may wait until there are more."""
    waiting: dict[Kind, list[Finding]] = {}
    for finding in findings:
        batch = waiting.setdefault(finding.kind, [])
        batch.append(finding)
        if len(batch) == BATCH:
            yield finding.kind, batch
            waiting[finding.kind] = []
    yield from ((kind, batch) for kind, batch in waiting.items() if batch)
