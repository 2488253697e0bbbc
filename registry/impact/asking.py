# SPDX-License-Identifier: Apache-2.0
"""Asks trust models about everything that a domain holds, over a window; can be killed and gone on with.

What is decided on are certificates, at the instants of the window at which a decision may change; the timelines that
come out are stored, a batch a transaction. Whatever was decided before, for whatever purpose, with the same
configuration and evidence, is taken over, and continued where the window has moved on.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from registry.impact.effects import Change, changes
from registry.impact.held import Holdings
from registry.impact.holdings import ASKED, Holder, Kind, standings
from registry.impact.tallies import HolderId
from registry.impact.timelines import Question, Timeline, decided_at, span_of
from registry.storage.engine import Actor, Database
from registry.storage.queries import impact
from registry.storage.queries.impact import TimelineRow
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


def nobody_asks(work: UnitOfWork, done: int, total: int, message: str) -> None:
    """Nobody wants to know how far it is."""


class Asking:
    """Gets the timelines of questions: known ones from the database, the others by decisions, batch by batch.

    The window goes from `since` to `until` (aware, both included).
    """

    def __init__(
        self,
        database: Database,
        actor: Actor,
        holdings: Holdings,
        window: tuple[datetime, datetime],
        progress: Progress = nobody_asks,
    ) -> None:
        self._database, self._actor, self._holdings = database, actor, holdings
        self._since, self._until = window
        self._progress = progress
        self._listed = {sha256: ListedCertificate(der) for sha256, der in holdings.certificates.items()}
        self.decisions = self.taken_over = self.done = self.total = 0

    def changes(self, before: TrustModel, after: TrustModel) -> dict[HolderId, tuple[Change, ...]]:
        """What becomes of each holder by another model than the one in force, in order, from `since` on."""
        models = {each.address: each for each in (before, after)}
        questions = {address: _questions(model, self._holdings) for address, model in models.items()}
        self.total = sum(map(len, questions.values()))
        answers = {address: self.answers(model, questions[address]) for address, model in models.items()}
        return {each.id: self._changes(each, before, after, answers) for each in self._holdings.holders}

    def _changes(
        self, holder: Holder, before: TrustModel, after: TrustModel, answers: Mapping[str, Mapping[str, Timeline]]
    ) -> tuple[Change, ...]:
        one, other = (
            standings(
                holder,
                _roles(model, holder.kind),
                model.advisory,
                lambda question, known=answers[model.address]: known[question.digest],  # type: ignore[misc]
                self._since,
                self._until,
            )
            for model in (before, after)
        )
        return changes(one, other)

    def answers(self, model: TrustModel, questions: Sequence[Question]) -> dict[str, Timeline]:
        """The timelines of one configuration, by question."""
        evidence = model.evidence.digest
        with self._database.read() as connection:
            rows = impact.timelines(connection, model.address, evidence, {each.digest for each in questions})
            known = {row.question: Timeline.of_json(row.since, row.until, row.spans) for row in rows}
        outlook = Outlook(model.engine, model.evidence, self._since)
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
        since, until, certificate = self._since, self._until, self._listed[question.sha256]

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
        since = self._since
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


def _batches(questions: Sequence[Question]) -> Iterator[Sequence[Question]]:
    for start in range(0, len(questions), BATCH):
        yield questions[start : start + BATCH]
