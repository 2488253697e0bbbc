# SPDX-License-Identifier: Apache-2.0
"""Compares the configuration in force with another one on all that a domain holds; can be killed and gone on with.

What is decided on are certificates, at the instants of the window at which a decision may change; the timelines that
come out are stored, a batch a transaction. Whatever was decided before, by this run or another one, with the same
configuration and evidence, is taken over, and continued where the window has moved on.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from registry.audit.events import record
from registry.errors import NotFoundError
from registry.impact.effects import Change, changes
from registry.impact.held import Holdings, count_participants, read_holdings
from registry.impact.holdings import ASKED, Holder, Kind, standings
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
from registry.impact.timelines import Question, Timeline, decided_at, span_of
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor, Database
from registry.storage.queries import impact
from registry.storage.queries.impact import NewRun, RunRow, TimelineRow
from registry.storage.unit_of_work import UnitOfWork
from registry.trust import TrustModel
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.evaluation.decisions.model import Decision
from trust_lists.evaluation.decisions.outlook import Outlook
from trust_lists.evaluation.trust_configuration.model import Role

BATCH = 200
"""Timelines of one transaction."""

Progress = Callable[[UnitOfWork, int, int, str], None]
"""Told, in the transaction of a batch, how much is done, of how much, and what. What it raises takes the batch back."""


def _nobody(work: UnitOfWork, done: int, total: int, message: str) -> None:
    """Nobody wants to know."""


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

    def run(self, actor: Actor, days: int = 90, *, resume: bool = False, progress: Progress = _nobody) -> ImpactReport:
        """The report from now on, for so many days; it is stored too.

        With `resume` the last run is gone on with that was broken off, as of its moment. Raises NotFoundError where
        there is none, or where there is other evidence by now.
        """
        row = self._unfinished() if resume else self._begin(actor, days)
        with self.database.read() as connection:
            holdings = read_holdings(connection, self.stored)
        asking = _Asking(self.database, actor, holdings, row, progress)
        models = {each.address: each for each in (self.before, self.after)}
        questions = {address: _questions(model, holdings) for address, model in models.items()}
        asking.total = sum(map(len, questions.values()))
        answers = {address: asking.answers(model, questions[address]) for address, model in models.items()}
        changed = {each.id: self._changes(each, answers, row) for each in holdings.holders}
        report = self._report(asking, holdings, changed, row)
        with self.database.write(actor) as work:
            impact.finish(work, row.id, report.to_json())
            for model in models.values():
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

    def _changes(
        self, holder: Holder, answers: Mapping[str, Mapping[str, Timeline]], row: RunRow
    ) -> tuple[Change, ...]:
        before, after = (
            standings(
                holder,
                _roles(model, holder.kind),
                model.advisory,
                lambda question, known=answers[model.address]: known[question.digest],  # type: ignore[misc]
                row.since,
                row.until,
            )
            for model in (self.before, self.after)
        )
        return changes(before, after)

    def _report(
        self, asking: "_Asking", holdings: Holdings, changed: Mapping[HolderId, tuple[Change, ...]], row: RunRow
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


class _Asking:
    """Gets the timelines of questions: known ones from the database, the others by decisions, batch by batch."""

    def __init__(self, database: Database, actor: Actor, holdings: Holdings, row: RunRow, progress: Progress) -> None:
        self._database, self._actor = database, actor
        self._row, self._progress = row, progress
        self._listed = {sha256: ListedCertificate(der) for sha256, der in holdings.certificates.items()}
        self.decisions = self.taken_over = self.done = self.total = 0

    def answers(self, model: TrustModel, questions: Sequence[Question]) -> dict[str, Timeline]:
        """The timelines of one configuration, by question."""
        evidence = model.evidence.digest
        with self._database.read() as connection:
            rows = impact.timelines(connection, model.address, evidence, {each.digest for each in questions})
            known = {row.question: Timeline.of_json(row.since, row.until, row.spans) for row in rows}
        outlook = Outlook(model.engine, model.evidence, self._row.since)
        found: dict[str, Timeline] = {}
        for batch in _batches(questions):
            changed = []
            for question in batch:
                held = known.get(question.digest)
                timeline = self._timeline(outlook, question, held)
                found[question.digest] = timeline
                if timeline is held:
                    self.taken_over += 1
                else:
                    changed.append(_row(model, question, timeline))
            self.done += len(batch)
            with self._database.write(self._actor) as work:
                impact.put_timelines(work, changed)
                self._progress(work, self.done, self.total, f"deciding by {model.configuration.id}")
        return found

    def counted(self, participants: int) -> None:
        """Say how many participants have been counted."""
        with self._database.write(self._actor) as work:
            self._progress(work, self.done, self.total, f"{participants} participants counted")

    def _timeline(self, outlook: Outlook, question: Question, held: Timeline | None) -> Timeline:
        """The timeline over the window: a known one that still holds, continued if it is too short, or a new one."""
        since, until, certificate = self._row.since, self._row.until, self._listed[question.sha256]

        def decide(at: datetime) -> Decision:
            self.decisions += 1
            return outlook.decide(question.case(certificate, at))

        case = question.case(certificate, since)
        if (
            held is None
            or not held.since <= since <= held.until
            or not self._still_holds(outlook, question, held, decide)
        ):
            return decided_at(decide, outlook.instants(case, until), until)
        if held.covers(since, until):
            return held
        return decided_at(decide, outlook.instants(case, until, held.until), until, held)

    def _still_holds(
        self, outlook: Outlook, question: Question, held: Timeline, decide: Callable[[datetime], Decision]
    ) -> bool:
        """Whether evidence hasn't grown too old meanwhile."""
        since = self._row.since
        return not outlook.rests_on_evidence(question.role) or span_of(decide(since)).same(held.at(since))


def _roles(model: TrustModel, kind: Kind) -> tuple[Role, ...]:
    """The roles in which a configuration asks about a kind: without a rule for the first nobody is accepted."""
    first, *others = ASKED[kind]
    return (first, *(role for role in others if model.configuration.rule(role) is not None))


def _questions(model: TrustModel, holdings: Holdings) -> list[Question]:
    """Each question once, in an order that stays."""
    found = {
        question.digest: question
        for holder in holdings.holders
        for use in holder.uses
        for role in _roles(model, holder.kind)
        for question in (holder.question(role, use.sha256),)
    }
    return [found[each] for each in sorted(found)]


def _row(model: TrustModel, question: Question, timeline: Timeline) -> TimelineRow:
    return TimelineRow(
        model.address,
        model.evidence.digest,
        question.digest,
        question.role.value,
        question.sha256,
        timeline.since,
        timeline.until,
        timeline.spans_json(),
    )


def _compared(model: TrustModel) -> Compared:
    return Compared(model.configuration.id, model.address, model.evidence.digest)


def _batches(questions: Sequence[Question]) -> Iterator[Sequence[Question]]:
    for start in range(0, len(questions), BATCH):
        yield questions[start : start + BATCH]
