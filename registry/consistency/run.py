# SPDX-License-Identifier: Apache-2.0
"""One run of a check, with or without repair: what a command, a job and the REST interface ask for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from registry.consistency.checking import SAMPLES, Area, check
from registry.consistency.findings import Finding, Kind, Summary
from registry.consistency.repairing import AfterBatch, Repaired, Repairer, refuse_too_many
from registry.consistency.zone_comparison import Progress
from registry.dns.journal import ZoneJournal
from registry.sml.registration import Registrar
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor, Database

KIND = "consistency-check"
"""The kind of a job that does this."""
MAX_PERCENT = 10.0
"""The share of what there is that a repair may change unasked."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What shall be compared and, with `repair`, put right, which is refused beyond `max_percent`."""

    areas: tuple[Area, ...] = tuple(Area)
    repair: tuple[Kind, ...] = ()
    max_percent: float = MAX_PERCENT
    samples: int = SAMPLES
    servers: tuple[str, ...] | None = None
    """Asked for samples, as `HOST:PORT`; None: those that the domain has observed."""

    def to_json(self) -> dict[str, Any]:
        """For the payload of a job."""
        servers = None if self.servers is None else list(self.servers)
        kinds = {"areas": [area.value for area in self.areas], "repair": [kind.value for kind in self.repair]}
        return {**kinds, "max_percent": self.max_percent, "samples": self.samples, "servers": servers}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The opposite of `to_json`."""
        return cls(
            tuple(map(Area, values["areas"])),
            tuple(map(Kind, values["repair"])),
            float(values["max_percent"]),
            int(values["samples"]),
            None if values["servers"] is None else tuple(values["servers"]),
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run found, and what became of it where that was asked for."""

    summary: Summary
    repaired: Repaired | None

    def to_json(self) -> dict[str, Any]:
        """For a job's result, and a client."""
        return self.summary.to_json() | {"repair": None if self.repaired is None else self.repaired.to_json()}


@dataclass(frozen=True, slots=True)
class Told:
    """Who is told how far a run is."""

    looked_at: Progress = lambda _number: None
    found: Callable[[Finding], None] = lambda _finding: None
    """Each finding, before anything is repaired."""
    repaired: AfterBatch = lambda _work, _number: None


def run(
    database: Database,
    journal: ZoneJournal,
    registrar: Registrar,
    actor: Actor,
    stored: StoredDomain,
    wanted: Wanted,
    told: Told,
) -> Outcome:
    """Compare, then repair what shall be repaired.

    Raises NotFoundError as `checking.check`; ConflictError, with nothing repaired, where that would change too much.
    """
    with check(
        database,
        stored,
        areas=wanted.areas,
        servers=wanted.servers,
        samples=wanted.samples,
        seed=int(database.now().timestamp()),
        progress=told.looked_at,
    ) as findings:
        for finding in findings:
            told.found(finding)
        if not wanted.repair:
            return Outcome(findings.summary, None)
        refuse_too_many(findings, wanted.max_percent, wanted.repair)
        repairer = Repairer(database, journal, registrar, actor, stored, findings.seen)
        return Outcome(findings.summary, repairer.run(findings, wanted.repair, told.repaired))
