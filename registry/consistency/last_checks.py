# SPDX-License-Identifier: Apache-2.0
"""What name servers really served when they were compared last: by the results of the jobs that did so.

Those of `registry.consistency.server_checks`, asked for each day and by people; as long as finished jobs are kept. A
repair tells what it found, before it was put right.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from registry.consistency.server_checks import KIND
from registry.storage.queries import jobs
from registry.storage.queries.jobs import JobFilter, JobState
from registry.storage.unit_of_work import Connection

_LOOKS = 10
"""How many jobs are looked through: each may have been about some of the servers."""


@dataclass(frozen=True, slots=True)
class ServedContent:
    """What was found at a server. `counts` are record sets, by how they differ; `failure`: why there was nothing found.

    `agrees` is false also where it is ahead of us.
    """

    checked_at: datetime
    agrees: bool
    counts: Mapping[str, int]
    failure: str | None


LastChecks = Mapping[tuple[str, str], ServedContent]


def last_checks(connection: Connection, domain_id: int) -> LastChecks:
    """The last look at each server of a domain's zone, by its address and the zone's name there."""
    found: dict[tuple[str, str], ServedContent] = {}
    done = JobFilter(states=[JobState.DONE], kind=KIND, domain_ids=[domain_id])
    for row in jobs.page(connection, done, None, _LOOKS):
        for each in row.result["servers"]:
            content = ServedContent(row.finished_at or row.created_at, each["agrees"], each["counts"], each["failure"])
            found.setdefault((each["server"], each["zone"]), content)
    return found
