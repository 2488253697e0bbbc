# SPDX-License-Identifier: Apache-2.0
"""What simulations say: costs with their range over several runs, windows pooled from all of them, curves of one run.

One run of ten years sees few compromises. So each model lives through several histories (seeds), the same ones for all
models.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from statistics import fmean
from typing import Any

from trust_lists.evaluation.simulation.distributions import Fixed, percentile
from trust_lists.evaluation.simulation.engine import run
from trust_lists.evaluation.simulation.events import SCHEDULABLE, Event, Scheduled, Settings
from trust_lists.evaluation.simulation.ledger import Growth, Ledger
from trust_lists.evaluation.simulation.models import Action, Authorities, Entries, Item, Model
from trust_lists.evaluation.simulation.parameters import CATALOGUE, Assumptions, Parameters
from trust_lists.evaluation.simulation.windows import Exposure, Outage

METADATA = (Item.ROW, Item.RECORD)
MAX_RUNS = 1000
DRILL_YEARS, DRILL_DAY = 1.0, 181.0
"""Half a year before an incident, since migrations begin so long before a CA expires, and half a year of renewals after
it; what it began itself is followed to its end."""
AUTHORITY_EVENTS = (Event.AUTHORITY_COMPROMISE, Event.AUTHORITY_LOSS, Event.RE_ROOT, Event.AUTHORITY_EXPIRY)
SIGNER_EVENTS = (Event.SIGNER_ROLLOVER, Event.SIGNER_COMPROMISE)


NOTHING_HAPPENS: dict[str, Fixed] = {each.name: Fixed(0.0) for each in CATALOGUE if each.unit == "per year"}
"""Parameters of a network in which nobody leaves, and nothing goes wrong."""


@dataclass(frozen=True, slots=True)
class Amount:
    """A number of each run: their mean, the least and the most."""

    mean: float
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Cost:
    """What one class of events cost one actor: per run, and (mean) per event; 0 events where it is work of periods."""

    event: str
    events: float
    actor: str
    action: str
    item: str
    amount: Amount
    each: float | None


@dataclass(frozen=True, slots=True)
class Windows:
    """The windows of one class of events, from all runs: how many, and their lengths in days (None: there were none).

    `events` and `pair_days` are means of a run; events without a window make up the difference.
    """

    event: str
    events: float
    windows: int
    p50: float | None
    p95: float | None
    max: float | None
    pair_days: float


@dataclass(frozen=True, slots=True)
class Drill:
    """What one incident does to a network of full size in which nothing else goes wrong, however rare it is."""

    event: str
    exposure: Windows
    outage: Windows
    writes: float
    """Mean, without those of metadata and SML records."""


@dataclass(frozen=True, slots=True)
class ModelResult:
    """What a model's runs came to."""

    id: str
    name: str
    used_by: str
    writes: Amount
    """Without those of metadata and SML records."""
    metadata_writes: Amount
    signatures: Amount
    signing_seconds: Amount
    bytes: Amount
    writes_by_actor: dict[str, Amount]
    costs: tuple[Cost, ...]
    exposures: tuple[Windows, ...]
    outages: tuple[Windows, ...]
    unavailable: float
    """The share of all pairs of access points and of all time in which one rejected the other, both being valid."""
    drills: "tuple[Drill, ...]"
    growth: tuple[Growth, ...]
    """Of the first run."""


@dataclass(frozen=True, slots=True)
class SimulationResult:
    """All models of one simulation, and what was assumed."""

    settings: Settings
    runs: int
    assumptions: Assumptions
    models: tuple[ModelResult, ...]

    def to_json(self) -> dict[str, Any]:
        """All of it."""
        return {
            "settings": asdict(self.settings),
            "runs": self.runs,
            "parameters": self.assumptions.parameters.to_json(),
            "scheduled": [asdict(each) for each in self.assumptions.scheduled],
            "models": [asdict(each) for each in self.models],
        }


def simulate(model: Model, settings: Settings, assumptions: Assumptions | None = None, runs: int = 1) -> ModelResult:
    """A model's runs, with the seeds from `settings.seed` on. Raises SimulationError for what can't be simulated."""
    given = assumptions or Assumptions()
    ledgers = [
        run(model, replace(settings, seed=settings.seed + at), given.parameters, given.scheduled)[0]
        for at in range(runs)
    ]
    speed = given.parameters.number("signatures_per_second")

    def of(measure: Callable[[Ledger], float]) -> Amount:
        return _amount([measure(each) for each in ledgers])

    actors = sorted({actor for each in ledgers for _event, actor, action, _item in each.amounts if _is_write(action)})
    return ModelResult(
        id=model.id,
        name=model.name,
        used_by=model.used_by,
        writes=of(lambda each: each.total(Action.WRITE, metadata=False)),
        metadata_writes=of(lambda each: each.total(Action.WRITE, metadata=True)),
        signatures=of(lambda each: each.total(Action.SIGN)),
        signing_seconds=of(lambda each: each.total(Action.SIGN) / speed),
        bytes=of(lambda each: each.bytes),
        writes_by_actor={actor.value: _amount([_written(each, actor) for each in ledgers]) for actor in actors},
        costs=tuple(_costs(ledgers)),
        exposures=_windows(ledgers, [each.exposures for each in ledgers]),
        outages=_windows(ledgers, [each.outages for each in ledgers]),
        unavailable=fmean(_unavailable(each) for each in ledgers),
        drills=tuple(drills(model, settings, given, runs)),
        growth=tuple(ledgers[0].growth),
    )


def drills(model: Model, settings: Settings, assumptions: Assumptions, runs: int) -> Iterable[Drill]:
    """Each incident that the model knows, alone, so many times; to the largest access point, the first CA or SMP."""
    quiet = Parameters({**assumptions.parameters.given, **NOTHING_HAPPENS, "initial_share": Fixed(1.0)})
    possible = {
        Event.PUBLISHER_COMPROMISE: model.metadata,
        **dict.fromkeys(AUTHORITY_EVENTS, model.authorities is not Authorities.NONE),
        **dict.fromkeys(SIGNER_EVENTS, model.entries is not Entries.NOTHING),
    }
    for event in (event for event in SCHEDULABLE if possible.get(event, True)):
        ledgers = [
            run(
                model,
                replace(settings, years=DRILL_YEARS, seed=settings.seed + at),
                quiet,
                (Scheduled(DRILL_DAY, event),),
            )[0]
            for at in range(runs)
        ]
        exposures = [[each for each in ledger.exposures if each.event is event] for ledger in ledgers]
        outages = [[each for each in ledger.outages if each.event is event] for ledger in ledgers]
        writes = fmean(_written_for(ledger, event) for ledger in ledgers)
        yield Drill(event.value, _summary(ledgers, exposures, event), _summary(ledgers, outages, event), writes)


def _written_for(ledger: Ledger, wanted: Event) -> int:
    return sum(
        count
        for (event, _actor, action, item), count in ledger.amounts.items()
        if event is wanted and _is_write(action) and item not in METADATA
    )


def _is_write(action: Action) -> bool:
    return action is Action.WRITE


def _written(ledger: Ledger, by: str) -> int:
    return sum(count for (_e, actor, action, _i), count in ledger.amounts.items() if actor == by and _is_write(action))


def _amount(values: Sequence[float]) -> Amount:
    return Amount(fmean(values), min(values), max(values))


def _costs(ledgers: Sequence[Ledger]) -> Iterable[Cost]:
    order = {event: at for at, event in enumerate(Event)}
    keys = {key for ledger in ledgers for key in ledger.amounts}
    for key in sorted(keys, key=lambda key: (order[key[0]], *key[1:])):
        event, actor, action, item = key
        amount = _amount([ledger.amounts[key] for ledger in ledgers])
        events = fmean(ledger.events[event] for ledger in ledgers)
        each = amount.mean / events if events else None
        yield Cost(event.value, events, actor.value, action.value, item.value, amount, each)


def _windows(ledgers: Sequence[Ledger], found: Sequence[Sequence[Exposure | Outage]]) -> tuple[Windows, ...]:
    seen = {each.event for windows in found for each in windows}
    happened = {event for ledger in ledgers for event in ledger.events}
    return tuple(_summary(ledgers, found, event) for event in Event if event in seen | happened)


def _summary(ledgers: Sequence[Ledger], found: Sequence[Sequence[Exposure | Outage]], event: Event) -> Windows:
    windows = [each for run_windows in found for each in run_windows if each.event is event]
    days = sorted(each.days for each in windows)
    p50, p95, longest = (percentile(days, share) if days else None for share in (0.5, 0.95, 1.0))
    pair_days = sum(each.pair_days for each in windows) / len(ledgers)
    return Windows(event.value, fmean(each.events[event] for each in ledgers), len(days), p50, p95, longest, pair_days)


def _unavailable(ledger: Ledger) -> float:
    curve = ledger.growth
    all_days = sum(
        (after.day - before.day) * after.access_points * (after.access_points - 1) for before, after in pairwise(curve)
    )
    return sum(each.pair_days for each in ledger.outages) / all_days if all_days else 0.0


def writes_of_joining(model: Model, access_points: int, authorities: int = 8) -> int:
    """How many writes there are until so many access points trust each other: the closed forms, by their tables."""
    still = Parameters(NOTHING_HAPPENS | {"initial_share": Fixed(1.0), "authorities": Fixed(authorities)})
    settings = Settings(participants=0, access_points=access_points, years=0.01, chance=False)
    ledger, _population = run(model, settings, still)
    return sum(
        count
        for (event, _actor, action, _item), count in ledger.amounts.items()
        if event in {Event.ACCESS_POINT_JOINS, Event.AUTHORITY_JOINS} and action is Action.WRITE
    )
