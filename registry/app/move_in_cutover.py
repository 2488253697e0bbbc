# SPDX-License-Identifier: Apache-2.0
"""The cutover of a move, and the way back, put together from an instance and what an operator says."""

import contextlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import dns.tsig

from registry.app.instance import Instance
from registry.app.move_in import Moving, Told, carry_over, current
from registry.app.move_in_replay import OldPlace, replay
from registry.app.move_in_sources import SML_KINDS, open_source
from registry.discovery.fetcher import Fetcher
from registry.dns.asking import ask_soa
from registry.errors import ConfigurationError, ConflictError
from registry.move_in import back, cutover
from registry.move_in.keys import signer_findings
from registry.move_in.model import StatedSource, Verdict
from registry.move_in.moves import SOURCE_STATE, keep_source_state
from registry.move_in.outside import Outside
from registry.move_in.reaching import PublicNames, until_reached
from registry.move_in.report import Limits
from registry.move_in.shadow.run import Wanted, compare_smps
from registry.move_in.shadow.sides import Place
from registry.move_in.shadow.watch import ShadowReport
from registry.move_in.steps import Step, StepDone, done_steps
from registry.move_in.zones import OldZone, compare_zone, refused_names
from registry.settings import Settings
from registry.smp.documents.catalogue import DIALECTS
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor
from registry.storage.queries import domains, move_ins
from registry.storage.queries.move_ins import MoveInRow

_TRIES = 10
_NAP_S = 1.0
StepTold = Callable[[Step, StepDone | None], None]


@dataclass(frozen=True, slots=True)
class BothSides:
    """Where both systems are asked: SMPs by base URL and address, the old SML by a name server (`HOST:PORT`).

    Without `old_url` the old SMP has the base URL of our domain, which is how a name is taken over; without `old_zone`
    the old name server has each of our zones.
    """

    old_url: str = ""
    old_at: str = ""
    ours_at: str = ""
    old_dns: str = ""
    old_zone: str = ""
    old_dns_key: dns.tsig.Key | None = None
    wanted: Wanted = field(default_factory=Wanted)


@dataclass(frozen=True, slots=True)
class Choices:
    """What an operator says about a cutover, or about the way back."""

    sides: BothSides
    switch: Outside
    freeze: Outside | None = None
    old_ttl: timedelta | None = None
    old: OldPlace | None = None
    back_for: timedelta = cutover.BACK_FOR
    fetcher: Fetcher | None = None
    resolver: str = ""
    reach_within: timedelta = timedelta(minutes=15)
    accept_refused: bool = False
    other_signer: bool = False
    """That our SMP signs with another certificate than the old one, on purpose."""


def cut_over(
    instance: Instance,
    settings: Settings,
    actor: Actor,
    row: MoveInRow,
    moving: Moving,
    choices: Choices,
    told: StepTold,
    counted: Told = lambda _what, _number: None,
) -> list[StepDone]:
    """Do what of a cutover isn't done yet. Raises as `registry.move_in.cutover.Cutover.run`, and ConfigurationError."""
    if choices.freeze is None or choices.old_ttl is None:
        raise ConfigurationError("a cutover needs a freeze, and the TTL of the old names")
    world = _World(instance, row, choices)

    def again() -> int:
        return carry_over_again(instance, settings, actor, row.id, moving, counted)

    means = cutover.Means(
        check=world.check,
        freeze=choices.freeze,
        carry_over=again,
        compare=world.compare,
        switch=choices.switch,
        reached=world.reached,
        old_ttl=choices.old_ttl,
        old=None if choices.old is None else choices.old.to_json(),
        old_serials=world.old_serials,
        back_for=choices.back_for,
        catch_up=again if moving.source.file is None else int,  # a file is made after the freeze
    )
    return cutover.Cutover(instance.database, actor, row.id, world.domains, means).run(told)


def go_back(instance: Instance, actor: Actor, row: MoveInRow, choices: Choices, told: StepTold) -> list[StepDone]:
    """Do what of the way back isn't done yet. Raises as `registry.move_in.back.go_back`."""
    world = _World(instance, row, choices)
    means = back.Means(
        replay=lambda: replay(instance, actor, current(instance, row.id)),
        compare=world.compare,
        switch=choices.switch,
        accept_refused=choices.accept_refused,
    )
    return back.go_back(instance.database, actor, row.id, world.domains, means, told)


class _World:
    """What is around a move: its domains, both systems, the public names."""

    def __init__(self, instance: Instance, row: MoveInRow, choices: Choices) -> None:
        instance.directory.refresh()
        self.domains = [instance.directory.by_id(domain_id) for domain_id in row.domain_ids]
        self._instance = instance
        self._row = row
        self._choices = choices
        self._is_sml = row.source_kind in SML_KINDS

    def check(self) -> Mapping[str, Any]:
        """Look whether all is there that look-ups and writes need here. Raises ConfigurationError with all that isn't.

        The old system is asked, too: what can't be reached now can't be compared during the freeze.
        """
        missing = []
        for stored in self.domains:
            missing += self._missing_in(stored)
        if self._choices.old is not None:
            self._choices.old.open(self._instance).close()
        if missing:
            raise ConfigurationError("; ".join(missing))
        return {"old_serials": self.old_serials(), "goes_back": self._choices.old is not None}

    def _missing_in(self, stored: StoredDomain) -> list[str]:
        name = stored.domain.name
        if self._is_sml:
            return [] if stored.zone_id is not None else [f"the domain {name} has no zone"]
        with self._instance.database.read() as connection:
            key = domains.active_signing_key(connection, stored.id)
        missing = []
        if not stored.domain.smp.base_url:
            missing.append(f"the domain {name} has no base URL: set smp.base_url to that of the old SMP")
        if key is None:
            missing.append(f"the domain {name} has no signing key: `registry signing-key take` takes the old SMP's")
        if not self._choices.other_signer:
            sides = self._choices.sides
            old = (sides.old_url, sides.old_at, sides.wanted.ssl_context)
            missing += signer_findings(self._instance.database, stored, *old)
        return missing

    def compare(self) -> Mapping[str, Any]:
        """Compare both: SMLs' zones record by record, SMPs by a sample. Raises ConflictError where they differ."""
        return self._compare_zones() if self._is_sml else self._compare_smps()

    def _compare_zones(self) -> Mapping[str, Any]:
        told, sides = {}, self._choices.sides
        zones = [stored.domain.dns.zone for stored in self.domains]
        for stored in self.domains:
            zone = stored.domain.dns.zone
            others = tuple(each for each in zones if each != zone and each.endswith(f".{zone}"))
            old = OldZone(sides.old_dns, self._old_zone(stored), sides.old_dns_key, others)
            # Whoever is refused here still stands in the old zone.
            with self._instance.database.read() as connection:
                refused = refused_names(connection, self._row.id, stored, {old.zone, zone})
            found = compare_zone(self._instance.database, stored, old, refused=refused)
            if not found.agrees:
                some = "; ".join(f"{each.owner} {each.rdtype} {each.kind}" for each in found.differences[:5])
                raise ConflictError(f"{len(found.differences)} names of {zone} differ, the first: {some}")
            told[zone] = {name: value for name, value in found.to_json().items() if name != "examples"}
        return {"zones": told, cutover.OLD_TTL_S: max((each["old_ttl_s"] or 0 for each in told.values()), default=0)}

    def _old_zone(self, stored: StoredDomain) -> str:
        return self._choices.sides.old_zone or stored.domain.dns.zone

    def _compare_smps(self) -> Mapping[str, Any]:
        """Some times, where the newest isn't served yet."""
        asked = 0
        for stored in self.domains:
            for left in range(_TRIES, -1, -1):
                report = self._compared(stored)
                if report.agrees or not report.asked:
                    asked += report.asked
                    break
                if not left:
                    said = json.dumps(report.to_json()["examples"][:5], ensure_ascii=False)
                    raise ConflictError(
                        f"{report.unsettled} of {report.asked} look-ups differ or fail, the first: {said}"
                    )
                time.sleep(_NAP_S)
        return {"asked": asked}

    def _compared(self, stored: StoredDomain) -> ShadowReport:
        sides, ours = self._choices.sides, stored.domain.smp.base_url
        places = Place(sides.old_url or ours, sides.old_at), Place(ours, sides.ours_at)
        dialect = DIALECTS[stored.domain.smp.dialects[0]]
        return compare_smps(self._instance.database, stored, self._row.id, dialect, *places, sides.wanted)

    def old_serials(self) -> dict[str, list[int]]:
        """The serials with which the old name server answers for our zones. Raises TechnicalError."""
        if not self._is_sml:
            return {}
        server = self._choices.sides.old_dns
        return {
            zone: [ask_soa(server, zone).serial]
            for stored in self.domains
            if (zone := stored.domain.dns.zone) == self._old_zone(stored)  # another zone has serials of its own
        }

    def reached(self) -> Mapping[str, Any]:
        """Wait until look-ups by the public names come to us. Raises TechnicalError where they don't."""
        if self._choices.fetcher is None:
            raise ConfigurationError("nobody is there to ask by the public names")
        instance = self._instance
        names = PublicNames(instance.database, instance.signer, self._choices.fetcher, self._choices.resolver)
        opened = next(
            done.told for done in done_steps(current(instance, self._row.id), cutover.CUTOVER) if done.name == "open"
        )

        def once() -> Mapping[str, Any]:
            if not self._is_sml:
                return {stored.domain.name: names.smp(stored) for stored in self.domains}
            old = opened[cutover.OLD_SERIALS]
            return {
                zone: names.zone(stored, old.get(zone, ()))
                for stored in self.domains
                if (zone := stored.domain.dns.zone)
            }

        return until_reached(once, self._choices.reach_within.total_seconds())


def carry_over_again(
    instance: Instance,
    settings: Settings,
    actor: Actor,
    number: int,
    moving: Moving,
    counted: Told = lambda _what, _number: None,
) -> int:
    """Load what has changed at the source, in a turn that the caller has; gives how many records that were.

    A source that is in the very state in which this was done before isn't read again.
    """
    row = current(instance, number)
    refused = _refused(instance, number)
    with contextlib.closing(open_source(instance, settings, moving.source, moving.stored)) as source:
        source.check()
        state = source.state() if isinstance(source, StatedSource) else None
        if state is not None and state == row.steps.get(SOURCE_STATE):
            return 0
        report = carry_over(instance, settings, actor, row, source, moving, Limits(), counted, again=False)
        keep_source_state(instance.database, actor, number, state)
    tally = report.tally
    # What was refused before and is again is no change.
    return tally.total - tally.count(Verdict.REFUSED) + max(0, _refused(instance, number) - refused)


def _refused(instance: Instance, number: int) -> int:
    with instance.database.read() as connection:
        counts = move_ins.counts(connection, number)
    return sum(by_verdict.get(Verdict.REFUSED, 0) for by_verdict in counts.values())
