# SPDX-License-Identifier: Apache-2.0
"""Compares all that a domain holds: our SMP with our SML, the SML with its zone, the zone with what servers answer."""

from collections.abc import Collection, Sequence
from enum import StrEnum

from registry.consistency.findings import Findings, Kind, Seen
from registry.consistency.group_comparison import compare_groups
from registry.consistency.served_answers import compare_answers
from registry.consistency.zone_comparison import Progress, compare_names
from registry.errors import NotFoundError
from registry.sml.errors import SmlError
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Database
from registry.storage.queries import consistency, zones

SAMPLES = 100
"""Names of which each server is asked."""


class Area(StrEnum):
    """What can be compared by itself."""

    GROUPS = "groups"
    """What our SMP serves with what it has registered."""
    NAMES = "names"
    """What is registered with what its names hold."""
    SERVERS = "servers"
    """What names hold with what name servers answer."""


def check(
    database: Database,
    stored: StoredDomain,
    *,
    areas: Collection[Area] = tuple(Area),
    servers: Sequence[str] | None = None,
    samples: int = SAMPLES,
    seed: int = 0,
    progress: Progress = lambda _: None,
) -> Findings:
    """Find what doesn't agree in a domain for which this instance is the SML; close the findings, or use `with`.

    `servers` are asked, `HOST:PORT`; None: those that the domain has observed. Nothing is written.

    Raises NotFoundError where the domain has no zone here, or its SML doesn't know its own SMP.
    """
    with database.read() as connection:
        zone = zones.of_domain(connection, stored.id)
        if zone is None or not stored.domain.sml.enabled:
            raise NotFoundError(
                f"this instance is not the SML of the domain {stored.domain.name}; compare it with the one that is"
            )
        seen = Seen(database.now(), consistency.last_change(connection, zone.id))
    findings = Findings(seen)
    try:
        with database.read() as connection:
            if Area.GROUPS in areas:
                compare_groups(connection, stored, findings)
            if Area.NAMES in areas:
                compare_names(connection, stored, zone.id, findings, progress)
        if Area.SERVERS in areas:
            asked = stored.domain.dns.observed_servers if servers is None else servers
            compared = [compare_answers(database, stored, server, samples, findings, seed=seed) for server in asked]
            findings.summary.looked_at(sum(compared), Kind.SERVER_DIFFERS)
    except SmlError as error:  # an SMP whose address DNS can't carry
        findings.close()
        raise error.plain from error
    except BaseException:
        findings.close()
        raise
    return findings
