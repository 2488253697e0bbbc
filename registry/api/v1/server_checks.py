# SPDX-License-Identifier: Apache-2.0
"""`/domains/{domain}/name-servers/check` and `…/repair`: jobs whose results tell what name servers really serve."""

from typing import Annotated

from pydantic import Field

from registry.accounts.permissions import Action
from registry.api.v1 import rules
from registry.api.v1.answers import Answer
from registry.api.v1.call import Call
from registry.api.v1.domains import DOMAIN, DomainName
from registry.api.v1.jobs import JOB, JobModel, shown
from registry.api.v1.models import Model
from registry.api.v1.routing import Resource, url
from registry.api.v1.rules import Needs
from registry.consistency.server_checks import ServerCheckWanted, request_server_check
from registry.dns.reconcile.repairing import MAX_PERCENT
from registry.domains.zone_servers import MAX_SERVER_ADDRESS
from registry.jobs import queue

resource = Resource("name-server-checks", "What name servers really serve, record by record, and putting it right.")
_SERVERS = f"{DOMAIN}/name-servers"
_Address = Annotated[str, Field(max_length=MAX_SERVER_ADDRESS, examples=["ns1.example.org:53"])]


class ServerCheckModel(Model):
    """Which name servers are to be compared with the zone, and how."""

    servers: Annotated[
        list[_Address],
        Field(max_length=50, default_factory=list, description="Of those that the domain's settings name; none: all."),
    ]
    samples: Annotated[
        int | None,
        Field(
            ge=1,
            le=1_000_000,
            description="So many record sets, chosen by chance, instead of the whole zone; servers that don't give "
            "that away are asked for 1000.",
        ),
    ] = None


class ServerRepairModel(ServerCheckModel):
    """Which name servers are to be compared with the zone, and put right."""

    max_percent: Annotated[
        float, Field(ge=0, le=100, description="Where more of what a server has would change, nothing is repaired.")
    ] = MAX_PERCENT
    exact: Annotated[
        bool,
        Field(
            description="Where nobody else writes to a primary that the zone is pushed to: also remove what was never "
            "ours."
        ),
    ] = False


@resource.post(f"{_SERVERS}/check", Needs(Action.CONSISTENCY_CHECK, rules.domain), {202: JobModel})
def check_name_servers(call: Call, domain: DomainName, wanted: ServerCheckModel) -> Answer:
    """Have name servers compared with what the zone held at the serial that they serve, and nothing changed.

    The result of the job has the plan of a repair.
    """
    return _asked(call, domain, ServerCheckWanted(tuple(wanted.servers), wanted.samples))


@resource.post(f"{_SERVERS}/repair", Needs(Action.CONSISTENCY_REPAIR, rules.domain), {202: JobModel})
def repair_name_servers(call: Call, domain: DomainName, wanted: ServerRepairModel) -> Answer:
    """Have name servers compared with the zone, and put right what is found.

    Secondaries take the whole zone by a serial beyond all that are served; to primaries that the zone is pushed to, the
    record sets that differ are written.
    """
    chosen = ServerCheckWanted(
        tuple(wanted.servers), wanted.samples, repair=True, max_percent=wanted.max_percent, exact=wanted.exact
    )
    return _asked(call, domain, chosen)


def _asked(call: Call, domain: str, wanted: ServerCheckWanted) -> Answer:
    stored = call.context.domain(domain)
    with call.context.database.write(call.actor) as work:
        job_id = request_server_check(work, stored, wanted, account_id=call.principal.account_id)
        return Answer(shown(call, queue.get(work, job_id)), 202, {"location": url(JOB, str(job_id))})
