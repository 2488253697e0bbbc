# SPDX-License-Identifier: Apache-2.0
"""Jobs and the audit over REST: who asked for something sees it, others what their domain is about."""

import threading
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from registry.accounts.permissions import Role, Scope
from registry.app.audit_jobs import export_audit, verify_audit
from registry.audit.chain import seal
from registry.audit.export import verify_file
from registry.jobs.queue import enqueue
from registry.jobs.worker import JobContext, Worker
from tests.simulators.live import SMP_ID
from tests.simulators.offline import ACTOR, OfflineInstance, participant
from tests.simulators.rest_callers import RestCaller, RestOffice, segment


@pytest.fixture
def office(offline: OfflineInstance) -> RestOffice:
    return RestOffice(offline)


def ask_for(office: RestOffice, *, domain: bool = True, account: RestCaller | None = None, kind: str = "k") -> int:
    with office.database.write(ACTOR) as work:
        domain_id = office.offline.stored.id if domain else None
        return enqueue(work, kind, {}, domain_id=domain_id, account_id=account and account.account_id)


def test_jobs_are_listed_newest_first_and_filtered(office: RestOffice) -> None:
    viewer = office.caller(Role.VIEWER, Scope(office.offline.stored.id))
    jobs = [ask_for(office, kind=kind) for kind in ("a", "b", "a")]
    system = ask_for(office, domain=False)
    own = ask_for(office, domain=False, account=viewer)
    seen = [item["id"] for item in office.items("/jobs?limit=2", viewer)]
    assert seen == [own, *reversed(jobs)]
    assert [item["id"] for item in office.items("/jobs?kind=a&state=waiting", viewer)] == [jobs[2], jobs[0]]
    assert [item["id"] for item in office.items("/jobs?own=true", viewer)] == [own]
    assert [item["id"] for item in office.items("/jobs?domain=demo", viewer)] == [*reversed(jobs)]
    assert office.items("/jobs?state=done", viewer) == []
    assert system in {item["id"] for item in office.items("/jobs", office.caller(Role.VIEWER))}
    assert office.ask("GET", f"/jobs/{system}", viewer).status == 404
    assert office.items("/jobs", office.caller()) == []


def test_job_is_cancelled_and_done_again(office: RestOffice) -> None:
    editor = office.caller(Role.EDITOR, Scope(office.offline.stored.id))
    path = f"/jobs/{ask_for(office)}"
    assert office.ask("POST", f"{path}/retry", editor).status == 409
    cancelled = office.ask("POST", f"{path}/cancel", editor).json()
    assert (cancelled["state"], cancelled["domain"], cancelled["done"]) == ("cancelled", "demo", 0)
    assert office.ask("POST", f"{path}/cancel", editor).status == 409
    assert office.ask("POST", f"{path}/retry", editor).json()["state"] == "waiting"
    assert office.ask("POST", f"{path}/cancel", office.caller(Role.VIEWER)).status == 403


def test_own_job_is_cancelled_without_a_role_but_not_by_a_token_for_less(office: RestOffice) -> None:
    owner, reader = office.caller(), office.caller(limit=Role.VIEWER)
    own, read = ask_for(office, account=owner), ask_for(office, account=reader)
    assert office.ask("GET", f"/jobs/{read}", reader).status == 200
    assert office.ask("POST", f"/jobs/{read}/cancel", reader).status == 404
    assert office.ask("POST", f"/jobs/{own}/cancel", reader).status == 404
    assert office.ask("POST", f"/jobs/{own}/cancel", owner).status == 200


def test_events_are_found_by_what_they_are_about(office: RestOffice) -> None:
    admin = office.caller(Role.ADMIN, Scope(office.offline.stored.id))
    people = [participant(f"0088:{number}") for number in range(3)]
    office.offline.instance.sml.create_participants(office.offline.caller(), SMP_ID, people)
    (found,) = office.items(f"/audit/events?subject={segment(str(people[1]))}", admin)
    assert (found["tag"], found["domain"], found["after"]) == ("sml:registration:create", "demo", {"smp_id": SMP_ID})
    assert (found["subject"], found["count"], found["subjects"]) == (str(people[1]), 3, None)
    whole = office.ask("GET", f"/audit/events/{found['sequence']}", admin).json()
    assert (whole["subject"], whole["count"], whole["subjects"]) == ("", 3, [str(each) for each in people])
    assert (whole["before"], whole["after"]["each"]) == (None, {"smp_id": SMP_ID})
    tags = {item["tag"] for item in office.items("/audit/events?tag=sml:registration:*&limit=2", admin)}
    assert tags == {"sml:registration:create"}
    (listed,) = office.items("/audit/events?actor=certificate:*&request_id=request-2", admin)
    assert (listed["subject"], listed["count"], listed["subjects"]) == ("", 3, None)
    later = office.offline.clock.now + timedelta(seconds=1)
    assert office.items(f"/audit/events?since={later:%Y-%m-%dT%H:%M:%SZ}", admin) == []


def test_events_of_the_system_are_for_its_administrators(office: RestOffice) -> None:
    domain_admin, admin = office.caller(Role.ADMIN, Scope(office.offline.stored.id)), office.caller(Role.ADMIN)
    assert {item["domain"] for item in office.items("/audit/events?limit=500", domain_admin)} == {"demo"}
    hidden = next(item for item in office.items("/audit/events?limit=500", admin) if item["domain"] is None)
    assert office.ask("GET", f"/audit/events/{hidden['sequence']}", domain_admin).status == 404
    assert office.ask("GET", "/audit/events/999999", admin).status == 404
    assert office.items("/audit/events", office.caller(Role.EDITOR)) == []
    assert office.ask("GET", "/audit/events?domain=demo", office.caller(Role.EDITOR)).status == 403


def test_chain_is_read_and_checked_by_a_job(office: RestOffice) -> None:
    admin = office.caller(Role.ADMIN)
    count = seal(office.database)
    assert office.ask("GET", "/audit/chain", admin).json()["position"] == count
    asked = office.ask("POST", "/audit/verifications", admin)
    again = office.ask("POST", "/audit/verifications", admin)
    assert (asked.status, again.json()["id"]) == (202, asked.json()["id"]), "one at a time is enough"
    assert Worker(office.database, {"verify-audit": verify_audit}, "w").run_one()
    done = office.ask("GET", asked.headers["location"].removeprefix("/api/v1"), admin).json()
    assert (done["state"], done["result"]["finding"], done["result"]["events"]) == ("done", None, count)


def test_chain_is_exported_by_a_job_and_can_be_checked_without_a_database(office: RestOffice, tmp_path: Path) -> None:
    admin = office.caller(Role.ADMIN)
    seal(office.database)
    asked = office.ask("POST", "/audit/exports", admin, {"after": 2})
    work = partial(export_audit, tmp_path / "exports", tmp_path / "key.pem")
    (tmp_path / "exports").mkdir(mode=0o700)
    (tmp_path / "exports" / f"audit-{asked.json()['id']}.jsonl").write_text("what a dead worker has left")
    assert Worker(office.database, {"export-audit": work}, "w").run_one()
    done = office.ask("GET", asked.headers["location"].removeprefix("/api/v1"), admin).json()
    assert done["state"] == "done", done
    checked = verify_file(tmp_path / "exports" / done["result"]["files"][0])
    assert (checked.chain.finding, checked.key.fingerprint) == (None, done["result"]["signed_by"])
    assert (checked.manifest.begin.position, checked.manifest.opened) == (2, False)


def test_running_job_is_asked_to_stop(office: RestOffice) -> None:
    editor = office.caller(Role.EDITOR)
    job, seen, go_on = ask_for(office, kind="long"), threading.Event(), threading.Event()

    def work_on(context: JobContext) -> Any:
        seen.set()
        assert go_on.wait(20)
        with context.database.write(context.actor) as work:
            context.progress(work, 1)

    worker = threading.Thread(target=Worker(office.database, {"long": work_on}, "w").run_one)
    worker.start()
    assert seen.wait(20)
    reply = office.ask("POST", f"/jobs/{job}/cancel", editor).json()
    go_on.set()
    worker.join(20)
    assert (reply["state"], reply["cancel_requested"]) == ("running", True)
    assert office.ask("GET", f"/jobs/{job}", editor).json()["state"] == "cancelled"
