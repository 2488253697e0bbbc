# SPDX-License-Identifier: Apache-2.0
"""What a simulated network has cost so far, and the windows in which it was open or shut."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from trust_lists.evaluation.simulation.events import Event
from trust_lists.evaluation.simulation.models import Action, Actor, Entries, Item, Model, Per, Work
from trust_lists.evaluation.simulation.parameters import Parameters
from trust_lists.evaluation.simulation.windows import Exposure, Outage


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the amounts of a table are multiplied with, at the time of an event."""

    access_points: int
    authorities: int = 0
    members: int = 0
    rows: int = 0
    heads: int = 0

    def amounts(self, lists: int) -> dict[Per, int]:
        """By what a table names."""
        return {
            Per.EVENT: 1,
            Per.ALL: self.access_points,
            Per.OTHERS: max(0, self.access_points - 1),
            Per.AUTHORITIES: self.authorities,
            Per.MEMBERS: self.members,
            Per.LISTS: lists,
            Per.ALL_LISTS: self.access_points * lists,
            Per.HEADS: self.heads,
            Per.ROWS: self.rows,
        }


@dataclass(frozen=True, slots=True)
class Growth:
    """The state at the end of a period, with everything since the first day added up."""

    day: float
    participants: int
    access_points: int
    writes: int
    """Without those of metadata and SML records."""
    metadata_writes: int
    signatures: int
    bytes: int
    trust_store_bytes: int
    """Of one relying party."""
    list_bytes: int
    """Of the signed list, as it is then."""


_METADATA = (Item.ROW, Item.RECORD)


class Ledger:
    """The books of one model's run."""

    def __init__(self, model: Model, parameters: Parameters) -> None:
        self._model = model
        self._lists = int(parameters.number("eu_lists")) if model.entries is Entries.EU_SERVICES else 1
        self._sizes = {
            name: parameters.number(name)
            for name in ("certificate_bytes", "row_bytes", "list_bytes", "entry_bytes", "eu_list_bytes", "store_bytes")
        }
        self.amounts: Counter[tuple[Event, Actor, Action, Item]] = Counter()
        self.events: Counter[Event] = Counter()
        self.exposures: list[Exposure] = []
        self.outages: list[Outage] = []
        self.growth: list[Growth] = []
        self.bytes = 0

    def happened(self, event: Event, table: Iterable[Work], circumstances: Circumstances, times: int = 1) -> None:
        """Book an event, or as many of one kind: the work as the table says."""
        self.events[event] += times
        amounts = circumstances.amounts(self._lists)
        for work in table:
            count = work.times * amounts[work.per] * times
            if count:
                self.amounts[event, work.actor, work.action, work.item] += count
                self.bytes += round(count * self._size(work.action, work.item, circumstances))

    def add(self, event: Event, work: Work, count: int, size: float = 0.0) -> None:
        """Book work of a period, whose amount no table says; `size` is the bytes of one."""
        self.amounts[event, work.actor, work.action, work.item] += count
        self.bytes += round(count * size)

    def exposed(
        self,
        event: Event,
        day: float,
        detection: float,
        publication: float,
        pickups: Sequence[float],
        *,
        until: float = math.inf,
        targets: int = 1,
    ) -> None:
        """Book an exposure that began on `day`; each relying party ends it for itself, the expiry (`until`) for all.

        `pickups` are those of the relying parties; `targets`, how many access points each of them takes the thief for.
        """
        ends = [detection + publication + each for each in pickups]
        last = min(max(ends, default=0.0), until)
        seen = min(detection, last)
        out = min(publication, last - seen)
        pair_days = targets * sum(min(end, until) for end in ends)
        self.exposures.append(Exposure(event, day, seen, out, last - seen - out, pair_days, expired=last == until))

    def rejected(self, event: Event, day: float, days: float, pair_days: float) -> None:
        """Book an outage, where there is one."""
        if days > 0:
            self.outages.append(Outage(event, day, days, pair_days))

    def list_size(self, circumstances: Circumstances) -> float:
        """Bytes of the list that is fetched."""
        base, entry = self._sizes["list_bytes"], self._sizes["entry_bytes"]
        sizes: Mapping[Entries, float] = {
            Entries.NOTHING: 0.0,
            Entries.ACCESS_POINTS: base + entry * circumstances.access_points,
            Entries.AUTHORITIES: base + entry * circumstances.authorities,
            Entries.EU_SERVICES: self._sizes["eu_list_bytes"],
            Entries.STATEMENTS: 0.0,
        }
        return sizes[self._model.entries]

    def sample(self, day: float, participants: int, circumstances: Circumstances, extra_anchors: int) -> None:
        """Note where the curves are."""
        stored = circumstances.amounts(self._lists)[self._model.store] + extra_anchors if self._model.store else 0
        self.growth.append(
            Growth(
                day=day,
                participants=participants,
                access_points=circumstances.access_points,
                writes=self.total(Action.WRITE, metadata=False),
                metadata_writes=self.total(Action.WRITE, metadata=True),
                signatures=self.total(Action.SIGN),
                bytes=self.bytes,
                trust_store_bytes=round(stored * self._sizes["certificate_bytes"]),
                list_bytes=round(self.list_size(circumstances)) * self._lists,
            )
        )

    def total(self, action: Action, *, metadata: bool | None = None) -> int:
        """The sum of an action; only of metadata and their records, or without them, where that is said."""
        return sum(
            count
            for (_event, _actor, done, item), count in self.amounts.items()
            if done is action and metadata in (None, item in _METADATA)
        )

    def _size(self, action: Action, item: Item, circumstances: Circumstances) -> float:
        match action, item:
            case Action.FETCH, Item.LIST:
                return self.list_size(circumstances)
            case Action.FETCH, Item.STORE:
                return self._sizes["store_bytes"]
            case Action.WRITE, Item.ROW:
                return self._sizes["row_bytes"]
            case Action.WRITE, Item.PIN | Item.ANCHOR | Item.LIST_SIGNER | Item.OWN | Item.UPLOAD:
                return self._sizes["certificate_bytes"]
        return 0.0
