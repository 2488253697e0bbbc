# SPDX-License-Identifier: Apache-2.0
"""What an SMP may see of itself over the publisher API: its ids, addresses, certificates with their windows, state."""

from dataclasses import asdict
from typing import Any

from registry.sml.authorization import AuthorizedCaller
from registry.sml.bulk import FOLLOW, REMOVE, TRANSFER
from registry.sml.calls import Calls
from registry.sml.errors import publisher_not_found
from registry.sml.publisher_api import ApiRequest, Route
from registry.storage.queries import jobs, publishers, sml_views
from registry.storage.queries.jobs import UNFINISHED, JobFilter
from registry.storage.queries.publishers import PublisherRow
from registry.storage.unit_of_work import UnitOfWork

_KINDS = frozenset({FOLLOW, TRANSFER, REMOVE})
_PARTIES = ("publisher", "from", "to")
_MOST_JOBS = 1000


class PublisherRoutes:
    """`publishers` of the caller: a suspended one is shown, too, since that is what its operator wants to know."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self.routes = [Route("GET", "publishers", self._list), Route("GET", "publishers/{smp_id}", self._show)]

    def _list(self, request: ApiRequest) -> dict[str, Any]:
        """All SMPs that the caller's certificate may speak for now, in all domains."""
        with self._calls.open(request.caller) as (work, authorized):
            return {"items": [_shown(authorized, row) for row in authorized.own_publishers(work)]}

    def _show(self, request: ApiRequest) -> dict[str, Any]:
        """One of them. Raises SmlError: ERR-100 where there is none, ERR-101 for somebody else's."""
        smp_id = request.path["smp_id"]
        with self._calls.open(request.caller, smp_id) as (work, authorized):
            own = [row for row in authorized.own_publishers(work) if row.smp_id.lower() == smp_id.lower()]
            if not own:
                authorized.own_publisher(work, smp_id)
                raise publisher_not_found(smp_id)
            (row,) = own[:1]
            return _shown(authorized, row) | {
                "physical_address": row.physical_address,
                "registrations": publishers.registrations_of(work.connection, row.id),
                "certificates": [asdict(held) for held in sml_views.certificates_of(work.connection, row.id)],
                "jobs": _jobs(work, row),
            }


def _jobs(work: UnitOfWork, row: PublisherRow) -> list[dict[str, Any]]:
    """The unfinished jobs that change what the SMP has, and how far they are."""
    wanted = JobFilter(states=UNFINISHED, domain_ids=[row.domain_id])
    unfinished = [job for job in jobs.page(work.connection, wanted, None, _MOST_JOBS) if job.kind in _KINDS]
    return [
        {"id": job.id, "kind": job.kind, "state": job.state, "done": job.done, "total": job.total}
        for job in unfinished
        if row.id in {job.payload.get(name) for name in _PARTIES}
    ]


def _shown(authorized: AuthorizedCaller, row: PublisherRow) -> dict[str, Any]:
    return {
        "smp_id": row.smp_id,
        "domain": authorized.domain_of(row).domain.name,
        "logical_address": row.logical_address,
        "suspended": row.suspended,
    }
