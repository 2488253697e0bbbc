# SPDX-License-Identifier: Apache-2.0
"""Asks for a look at what name servers really serve, as a job: a plan of a repair, or the repair itself.

What `registry.consistency.requests` has compared by samples of names, this compares record by record.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from registry.dns.reconcile.repairing import MAX_PERCENT
from registry.errors import NotFoundError
from registry.jobs.queue import enqueue
from registry.storage.domain_directory import StoredDomain
from registry.storage.unit_of_work import UnitOfWork

KIND = "dns-server-check"
"""The kind of a job that does this."""


@dataclass(frozen=True, slots=True)
class ServerCheckWanted:
    """What shall be looked at; the rest is for repairs, see `registry.dns.reconcile.repairing`."""

    servers: tuple[str, ...] = ()
    """Of those that the settings name, as `HOST:PORT`; none: all."""
    samples: int | None = None
    """None: whole zones, as far as servers give them."""
    repair: bool = False
    max_percent: float = MAX_PERCENT
    exact: bool = False

    def to_json(self) -> dict[str, Any]:
        """For the payload of a job."""
        return asdict(self) | {"servers": list(self.servers)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The opposite of `to_json`."""
        return cls(**{**values, "servers": tuple(values["servers"])})


def request_server_check(
    work: UnitOfWork, stored: StoredDomain, wanted: ServerCheckWanted, *, account_id: int | None = None
) -> int:
    """Have the name servers of a domain's zone looked at in the background; returns the job's id.

    Of the same look at the same zone there is one at a time: who asks meanwhile gets that one's id. Raises
    NotFoundError where the domain has no zone here.
    """
    if stored.zone_id is None:
        raise NotFoundError(f"the domain {stored.domain.name} has no zone here")
    key = None if wanted.repair else f"{KIND}:{stored.id}:{wanted.samples}:{','.join(wanted.servers)}"
    return enqueue(work, KIND, wanted.to_json(), key=key, domain_id=stored.id, account_id=account_id)
