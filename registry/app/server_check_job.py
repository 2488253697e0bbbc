# SPDX-License-Identifier: Apache-2.0
"""The job that compares what name servers serve with a zone, and puts it right where that is wanted.

Another one asks for it each day, for the zones of all domains that have name servers.
"""

from collections.abc import Sequence
from typing import Any

from registry.app.instance import Instance
from registry.app.zone_checks import TargetRepair, ZoneServers, chosen_servers, zone_servers
from registry.audit.events import record
from registry.consistency.server_checks import KIND, ServerCheckWanted, request_server_check
from registry.dns.reconcile.checking import Checker, ServerCheck, Wanted
from registry.dns.reconcile.repairing import plan_repair, refuse_too_much, repair
from registry.errors import NotFoundError
from registry.jobs.worker import JobContext
from registry.settings import Settings

CHECK = KIND
CHECK_ALL = "dns-server-checks"


def request_checks(instance: Instance, context: JobContext) -> dict[str, int]:
    """Have the content of all name servers that domains name compared; one look at a zone is under way at a time."""
    instance.directory.refresh()
    asked = 0
    with context.database.write(context.actor) as work:
        for stored in instance.directory.all():
            profile = stored.domain.dns
            if stored.zone_id is not None and (profile.secondaries or profile.push_to or profile.observed_servers):
                request_server_check(work, stored, ServerCheckWanted())
                asked += 1
    return {"zones": asked}


def server_check_job(instance: Instance, settings: Settings, context: JobContext) -> dict[str, Any]:
    """Look at the servers of a domain; the result is the report, with the plan of a repair and what became of it.

    Broken off and begun again it compares anew: what is repaired isn't found a second time. Raises NotFoundError where
    the domain has gone, or a server isn't one of its; ConfigurationError where it has none; ConflictError where too
    much would change.
    """
    instance.directory.refresh()
    stored = next((item for item in instance.directory.all() if item.id == context.job.domain_id), None)
    if stored is None:
        raise NotFoundError("the domain of this job isn't there any more")
    wanted = ServerCheckWanted.from_json(context.payload)
    known = zone_servers(instance, settings, stored.domain.dns.zone)
    if unknown := set(wanted.servers) - {server.address for server in known.servers}:
        raise NotFoundError(f"no name servers of {known.row.name}: {', '.join(sorted(unknown))}")

    def looked_at(number: int) -> None:
        with context.database.write(context.actor) as work:
            context.progress(work, number, message="comparing")

    look = Wanted(wanted.samples, int(context.database.now().timestamp()))
    checker = Checker(context.database, known.row.id, look, looked_at)
    checks = checker.check(chosen_servers(known, settings, wanted.servers))
    _note(context, known, checks)
    plan = plan_repair(context.database, known.row.id, checks, max_percent=wanted.max_percent, exact=wanted.exact)
    done = None
    if wanted.repair and not plan.is_empty:
        refuse_too_much(plan, wanted.max_percent)
        push = TargetRepair(instance, settings, context.actor, known)
        done = repair(context.database, instance.journal, context.actor, known.row.id, plan, push)
    return {
        "zone": known.row.name,
        "agrees": all(check.agrees for check in checks),
        "servers": [check.to_json() for check in checks],
        "plan": plan.to_json(),
        "repair": None if done is None else done.to_json(),
    }


def _note(context: JobContext, known: ZoneServers, checks: Sequence[ServerCheck]) -> None:
    found = {
        f"{check.server.address} {check.server.zone}": check.failure
        or {"agrees": check.agrees, "standing": check.standing.value}
        | {kind.value: count for kind, count in check.counts().items() if count}
        for check in checks
    }
    with context.database.write(context.actor) as work:
        after = {"agrees": all(check.agrees for check in checks), "servers": found}
        record(work, "dns:zone:check", known.row.name, domain_id=known.domain_id, after=after)
