# SPDX-License-Identifier: Apache-2.0
"""The job behind a large bulk request: items in batches, from where the last worker was.

What became of the items is kept beside the job as one letter each, and why the refused ones were: it is written with
every batch, so it has to be small. An item is allowed what its sender was when they sent it.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Self, get_args

from registry.accounts.permissions import Grant, Principal, Role, Scope
from registry.api.v1.bulk_items import BulkItem, BulkItems, ItemResult, Result
from registry.api.v1.context import ApiContext
from registry.api.v1.models import ProblemModel
from registry.jobs.worker import JobContext

KIND = "participants-bulk"
_BATCH = 50
_MOST_TOLD = 1000
_LETTERS: Mapping[str, str] = dict(zip("cundr", get_args(Result), strict=True))
_LETTER_OF = {name: letter for letter, name in _LETTERS.items()}


class _TakenBackError(Exception):
    """Ends what was only planned."""


@dataclass(slots=True)
class Progress:
    """What became of the first items."""

    outcomes: str = ""
    problems: dict[str, Any] = field(default_factory=dict)
    """Of refused items, by index; of the first thousand."""

    @classmethod
    def of(cls, stored: Any) -> Self:
        """From what is stored; nothing where nothing is."""
        return cls(stored["outcomes"], dict(stored["problems"])) if stored else cls()

    @property
    def at(self) -> int:
        """How many items are done."""
        return len(self.outcomes)

    def add(self, result: ItemResult) -> None:
        """Note what became of the next item."""
        if result.problem is not None and len(self.problems) < _MOST_TOLD:
            self.problems[str(self.at)] = result.problem.model_dump(mode="json", exclude_unset=True)
        self.outcomes += _LETTER_OF[result.result]

    def counts(self) -> Counter[str]:
        """How many items came to what."""
        return Counter(_LETTERS[letter] for letter in self.outcomes)

    def results(self, items: Sequence[Mapping[str, Any]], start: int, size: int) -> Iterator[ItemResult]:
        """What became of some items."""
        for index, letter in enumerate(self.outcomes[start : start + size], start):
            problem = self.problems.get(str(index))
            yield ItemResult.model_validate(
                {
                    "index": index,
                    "participant": items[index]["participant"],
                    "result": _LETTERS[letter],
                    "warnings": [],
                    "problem": None if problem is None else ProblemModel.model_validate(problem),
                }
            )

    def as_json(self) -> dict[str, Any]:
        """What is stored."""
        return {"outcomes": self.outcomes, "problems": self.problems, "counts": dict(self.counts())}


def payload_of(items: Sequence[BulkItem], principal: Principal, *, plan: bool) -> dict[str, Any]:
    """What the job needs to know."""
    return {
        "plan": plan,
        "items": [item.model_dump(mode="json", exclude_unset=True) for item in items],
        "caller": _caller_to_json(principal),
    }


def only_plans(payload: Mapping[str, Any]) -> bool:
    """Whether a job with these data publishes nothing, and only tells what would become of the items."""
    return bool(payload["plan"])


def bulk_handler(context: Callable[[], ApiContext]) -> Callable[[JobContext], Any]:
    """The handler of these jobs."""
    return partial(_carry_out, context)


def _carry_out(context_of: Callable[[], ApiContext], job: JobContext) -> Any:
    context = context_of()
    payload = job.payload
    progress = Progress.of(job.cursor)
    context.directory.refresh()
    stored = context.directory.by_id(job.job.domain_id or 0)
    bulk = BulkItems(context, _caller_from_json(payload["caller"]), job.actor, stored)
    items = payload["items"]
    while progress.at < len(items):
        results: list[ItemResult] = []
        batch = [BulkItem.model_validate(item) for item in items[progress.at : progress.at + _BATCH]]
        bulk.expect(batch)
        with context.database.write(job.actor) as work:
            try:
                with context.database.write(job.actor):
                    results += (bulk.attempt(index, item) for index, item in enumerate(batch, progress.at))
                    if only_plans(payload):
                        raise _TakenBackError
            except _TakenBackError:
                pass
            after = Progress(progress.outcomes, dict(progress.problems))
            for result in results:
                after.add(result)
            job.progress(work, after.at, total=len(items), cursor=after.as_json())
        progress = after
    return progress.as_json()


def _caller_to_json(principal: Principal) -> dict[str, Any]:
    return {
        "actor": principal.actor,
        "name": principal.name,
        "kind": principal.kind,
        "method": principal.method,
        "grants": [_grant_to_json(grant) for grant in principal.grants],
        "limit": None if principal.limit is None else _grant_to_json(principal.limit),
    }


def _caller_from_json(stored: Mapping[str, Any]) -> Principal:
    return Principal(
        stored["actor"],
        stored["name"],
        stored["kind"],
        stored["method"],
        grants=tuple(_grant_from_json(grant) for grant in stored["grants"]),
        limit=None if stored["limit"] is None else _grant_from_json(stored["limit"]),
    )


def _grant_to_json(grant: Grant) -> list[Any]:
    scope = grant.scope
    return [grant.role.value, scope.domain_id, scope.group_id, scope.participant]


def _grant_from_json(stored: Sequence[Any]) -> Grant:
    role, domain_id, group_id, participant = stored
    return Grant(Role(role), Scope(domain_id, group_id, None if participant is None else (*participant,)))
