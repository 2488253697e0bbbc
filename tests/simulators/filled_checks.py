# SPDX-License-Identifier: Apache-2.0
"""What pages of trust, audit and DNS have to show: own records, and results of checks as jobs leave them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from registry.app import audit_jobs
from registry.app.trust_models import trust_folder
from registry.consistency.run import KIND as CONSISTENCY
from registry.consistency.server_checks import KIND as SERVERS
from registry.jobs import queue
from registry.storage.queries import jobs
from registry.storage.unit_of_work import UnitOfWork
from tests.simulators.domain_trust import crl, write_evidence
from tests.simulators.live import ACTOR, LiveInstance

NAME, TYPE = "0088.sml", "CNAME"
_DIFFERENCE = {
    "kind": "missing",
    "owner": "b-1a2b.demo.",
    "type": "NAPTR",
    "wanted": '100 10 "U" "Meta:SMP"',
    "found": "",
}


def fill_checks(live: LiveInstance, ask: Any) -> Mapping[str, str]:
    """Fill an instance by requests of `ask`; gives what stands for parameters of paths."""
    place = f"/domains/demo/zone-records/{NAME}/{TYPE}"
    ask("PUT", place, body={"ttl": 60, "records": ["sml.example.org."]})
    ask("PUT", "/domains/demo/zone-records/note/TXT", body={"ttl": 3600, "records": ['"a longer text"'] * 2})
    at = live.instance.database.now()
    write_evidence(trust_folder(live.settings.data_dir, "demo"), at, crl(live.pki.ap_ca, at))
    with live.instance.database.write(ACTOR) as work:
        for kind, result, domain_id in _results(live):
            _done(work, kind, result, domain_id)
    events = ask("GET", "/audit/events?domain=demo&limit=500")["items"]
    event = next(each for each in events if each["before"] and each["after"])
    return {"own/name": NAME, "types/type": TYPE, "events/sequence": str(event["sequence"])}


def _results(live: LiveInstance) -> list[tuple[str, Any, int | None]]:
    here = live.stored.id
    found = {"group-unregistered": 3, "name-surplus": 12, "name-contested": 1}
    examples = [
        {"kind": kind, "subject": f"b-{number}.{kind}.demo.example", "wanted": None, "found": "CNAME smp.example.org."}
        for number, kind in enumerate(found)
    ]
    agreement = {"consistent": False, "in_progress": 2, "counts": found, "compared": dict.fromkeys(found, 1204)}
    chain = {"begin": "0:" + "0" * 64, "end": "412:" + "ab" * 32, "events": 412}
    exported = {"files": ["audit-7.jsonl", "audit-7.jsonl.manifest"], "sha256": "cd" * 32, "signed_by": "ef" * 32}
    return [
        (CONSISTENCY, agreement | {"examples": examples, "repair": None}, here),
        (SERVERS, _served(), here),
        (audit_jobs.VERIFY, chain | {"not_in_the_chain_yet": 3, "not_opened": 0, "finding": None}, None),
        (audit_jobs.EXPORT, chain | exported, None),
    ]


def _served() -> Any:
    def server(address: str, standing: str, *, agrees: bool, missing: int = 0, failure: str | None = None) -> Any:
        return {
            "server": address,
            "zone": "demo.test",
            "role": "observed",
            "serial": 7,
            "standing": standing,
            "agrees": agrees,
            "failure": failure,
            "method": "transfer",
            "signed": False,
            "compared": 0 if failure else 1204,
            "counts": {"missing": missing, "differs": 0, "surplus": 0, "foreign": 0},
            "on_the_way": 0,
            "truncated": False,
            "undetected_percent": None,
            "examples": [_DIFFERENCE] if missing else [],
        }

    servers = [
        server("ns1.example.org:53", "current", agrees=True),
        server("ns2.example.org:53", "behind", agrees=False, missing=1),
        server("ns3.example.org:53", "unknown", agrees=False, failure="the server doesn't answer"),
    ]
    plan = {
        "zone": "demo.test",
        "serial": 7,
        "serial_after": 8,
        "because": ["ns2.example.org:53 lacks 1 record set"],
        "targets": [{"server": "ns4.example.org:53", "record_sets": 2}],
        "too_much": [],
    }
    return {"zone": "demo.test", "agrees": False, "servers": servers, "plan": plan, "repair": None}


def _done(work: UnitOfWork, kind: str, result: Any, domain_id: int | None) -> None:
    job = queue.enqueue(work, kind, {}, domain_id=domain_id)
    jobs.claim(work, "filled", [kind], timedelta(minutes=1))
    jobs.finish(work, job, "filled", jobs.JobState.DONE, result=result)
