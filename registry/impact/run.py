# SPDX-License-Identifier: Apache-2.0
"""Compares the configuration in force with another one on all that a domain holds; can be killed and gone on with.

The deciding, and what of it is stored and taken over, is in `registry.impact.asking`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from registry.audit.events import record
from registry.errors import NotFoundError
from registry.impact.asking import Asking, Progress, nobody_asks
from registry.impact.effects import Change
from registry.impact.held import Holdings, count_participants, read_holdings
from registry.impact.holdings import Kind
from registry.impact.report import (
    PARTICIPANTS,
    Compared,
    Effort,
    ImpactReport,
    affected_of,
    causes_of,
    courses_of,
)
from registry.impact.tallies import HolderId, moments
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor, Database
from registry.storage.queries import impact
from registry.storage.queries.impact import NewRun, RunRow
from registry.trust import TrustModel


@dataclass(frozen=True, slots=True)
class Impact:
    """The comparison of two models on what a domain holds: the one in force, and the one that is to be."""

    database: Database
    stored: StoredDomain
    before: TrustModel
    after: TrustModel

    @property
    def resumable(self) -> bool:
        """Whether the last run was broken off, and the evidence is still the same."""
        found = self._broken_off()
        return found is not None and found.evidence == self.after.evidence.digest

    def run(
        self, actor: Actor, days: int = 90, *, resume: bool = False, progress: Progress = nobody_asks
    ) -> ImpactReport:
        """The report from now on, for so many days; it is stored too.

        With `resume` the last run is gone on with that was broken off, as of its moment. Raises NotFoundError where
        there is none, or where there is other evidence by now.
        """
        row = self._unfinished() if resume else self._begin(actor, days)
        with self.database.read() as connection:
            holdings = read_holdings(connection, self.stored)
        asking = Asking(self.database, actor, holdings, (row.since, row.until), progress)
        changed = asking.changes(self.before, self.after)
        report = self._report(asking, holdings, changed, row)
        with self.database.write(actor) as work:
            impact.finish(work, row.id, report.to_json())
            for model in (self.before, self.after):
                impact.drop_outdated(work, (model.address,), model.evidence.digest)
            after = {"before": row.before, "after": row.after, "lost": len(report.lost)}
            record(work, "trust:impact:finish", f"trust-impact:{row.id}", domain_id=self.stored.id, after=after)
        return report

    def _begin(self, actor: Actor, days: int) -> RunRow:
        with self.database.write(actor) as work:
            since = work.now
            until = moments(since, days)[-1]
            new = NewRun(
                self.stored.id, self.before.address, self.after.address, self.after.evidence.digest, since, until
            )
            run_id = impact.begin(work, new)
            after = {"before": new.before, "after": new.after}
            record(work, "trust:impact:begin", f"trust-impact:{run_id}", domain_id=self.stored.id, after=after)
            found = impact.unfinished(work.connection, self.stored.id, new.before, new.after)
        assert found is not None  # noqa: S101  # it has just been begun
        return found

    def _broken_off(self) -> RunRow | None:
        with self.database.read() as connection:
            return impact.unfinished(connection, self.stored.id, self.before.address, self.after.address)

    def _unfinished(self) -> RunRow:
        found = self._broken_off()
        if found is None:
            raise NotFoundError("no run of this comparison was broken off; leave out --resume to begin one")
        if found.evidence != self.after.evidence.digest:
            raise NotFoundError(
                "evidence was collected since that run was broken off; leave out --resume to begin anew"
            )
        return found

    def _report(
        self, asking: Asking, holdings: Holdings, changed: Mapping[HolderId, tuple[Change, ...]], row: RunRow
    ) -> ImpactReport:
        participants = count_participants(self.database, self.stored.id, holdings.holders, asking.counted)
        affected = affected_of(holdings.holders, changed, participants.behind() | dict(holdings.registered))
        totals = {kind.value: sum(each.kind is kind for each in holdings.holders) for kind in Kind}
        return ImpactReport(
            domain=self.stored.domain.name,
            since=row.since,
            until=row.until,
            days=(row.until.date() - row.since.date()) // timedelta(days=1),
            before=_compared(self.before),
            after=_compared(self.after),
            advisory=tuple(sorted(self.after.advisory)),
            totals={**totals, PARTICIPANTS: participants.total},
            affected=affected,
            causes=causes_of(affected, participants.groups),
            courses=courses_of(holdings.holders, changed, participants.groups, row.since),
            effort=Effort(asking.decisions, asking.taken_over, asking.done),
        )


def _compared(model: TrustModel) -> Compared:
    return Compared(model.configuration.id, model.address, model.evidence.digest)
