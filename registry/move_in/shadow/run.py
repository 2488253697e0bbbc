# SPDX-License-Identifier: Apache-2.0
"""Compares two SMPs, or two SMLs, as an operator wants it, and writes down how it ended.

Each thread has connections of its own to both sides. Nothing is written in either system by a comparison; the report is
one write at its end.
"""

import random
import ssl
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from registry.audit.events import record
from registry.move_in.moves import subject_of
from registry.move_in.shadow.dns import DnsComparer, DnsSide
from registry.move_in.shadow.model import Comparer, Q
from registry.move_in.shadow.samples import dns_questions, smp_questions
from registry.move_in.shadow.sides import HttpSide, Place
from registry.move_in.shadow.smp import SmpComparer
from registry.move_in.shadow.watch import Progress, ShadowReport, Watch
from registry.move_in.states import State
from registry.smp.documents.dialect import Dialect
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor, Database, retried
from registry.storage.queries import move_ins

SAMPLE: Final = 10_000
THREADS: Final = 8


@dataclass(frozen=True, slots=True)
class Wanted:
    """How much is asked, and how fast.

    With `at_zero_for` seconds all there is is asked, again and again, until nothing has differed for so long; without
    it, `sample` participants or names, or all where that is None. `rate` bounds the questions a second; 0 doesn't.
    """

    sample: int | None = SAMPLE
    at_zero_for: float | None = None
    rate: float = 0.0
    threads: int = THREADS
    seed: int = 0
    ssl_context: ssl.SSLContext | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    progress: Progress = lambda _: None


def compare_smps(
    database: Database,
    stored: StoredDomain,
    move: int | None,
    dialect: Dialect,
    old: Place,
    ours: Place,
    wanted: Wanted,
) -> ShadowReport:
    """Ask both SMPs about the participants that a move has brought, and those that are here without it."""
    context = wanted.ssl_context or ssl.create_default_context()

    def comparer() -> SmpComparer:
        sides = (HttpSide(place, ssl_context=context) for place in (old, ours))
        return SmpComparer(stored.domain, dialect, *sides)

    chance = random.Random(wanted.seed)  # noqa: S311 — which ones come first is no secret
    return _compare(wanted, comparer, lambda: smp_questions(database, stored, move, chance))


def compare_smls(
    database: Database,
    stored: StoredDomain,
    move: int | None,
    sub_domains: Collection[str],
    old: str,
    ours: str,
    wanted: Wanted,
) -> ShadowReport:
    """Ask the name servers `old` and `ours` (`HOST:PORT`) for the names that a move has brought, and all our zone has.

    `sub_domains` are those of the old SML that go into this domain.
    """
    chance = random.Random(wanted.seed)  # noqa: S311 — which ones come first is no secret
    return _compare(
        wanted,
        lambda: DnsComparer(DnsSide(old), DnsSide(ours)),
        lambda: dns_questions(database, stored, move, sub_domains, chance),
    )


def _compare(
    wanted: Wanted, new_comparer: Callable[[], Comparer[Q]], new_pass: Callable[[], Iterator[Q]]
) -> ShadowReport:
    with ExitStack() as stack:
        comparers: Sequence[Comparer[Q]] = [
            stack.enter_context(closing(new_comparer())) for _ in range(max(1, wanted.threads))
        ]
        watch = Watch(comparers, rate=wanted.rate, stop=wanted.stop, progress=wanted.progress)
        if wanted.at_zero_for is None:
            return watch.once(islice(new_pass(), wanted.sample))
        return watch.until_at_zero(new_pass, wanted.at_zero_for)


@retried
def keep_report(database: Database, actor: Actor, move: int, stored: StoredDomain, report: ShadowReport) -> None:
    """Write down how a comparison ended; a move that is loaded is in the state `shadow` from then on.

    Raises NotFoundError where there is no such move.
    """
    said = {name: value for name, value in report.to_json().items() if not name.endswith("examples")}
    with database.write(actor) as work:
        held = move_ins.lock(work, move)
        state = State.SHADOW.value if held.state == State.LOADED.value else held.state
        kept = {**said, "domain": stored.domain.name, "at": work.now.isoformat()}
        move_ins.change(work, move, state=state, counts={**held.counts, "shadow": kept})
        record(work, "move-in:shadow:compare", subject_of(move), domain_id=stored.id, after=said)
