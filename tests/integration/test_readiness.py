# SPDX-License-Identifier: Apache-2.0
"""The probes of a running instance: it is alive, and ready, or it says why not and what to do."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import text, update

from registry.demo.pki import DemoPki
from registry.dns.journal import NewState
from registry.dns.records import RRset
from registry.jobs.queue import enqueue
from registry.storage.tables import installation, job
from tests.simulators.live import ACTOR, LiveInstance, live_instance

ALIAS = RRset("poison", "CNAME", 60, ("elsewhere.example.",))
NEIGHBOUR = RRset("poison", "TXT", 60, ('"beside an alias"',))


def ready(live: LiveInstance) -> tuple[int, dict[str, Any]]:
    answer = httpx2.get(f"{live.addresses.manage}/readyz")
    assert answer.headers["cache-control"] == "no-store"
    return answer.status_code, answer.json()


def reasons(live: LiveInstance) -> dict[str, dict[str, str]]:
    return {reason["id"]: reason for reason in ready(live)[1].get("reasons", [])}


def eventually(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    pause = threading.Event()
    while not true():
        assert time.monotonic() < deadline, "in vain"
        pause.wait(0.02)


def test_running_instance_is_alive_and_ready(live: LiveInstance) -> None:
    assert httpx2.get(f"{live.addresses.manage}/livez").json()["alive"] is True
    eventually(lambda: ready(live)[0] == 200)
    assert ready(live)[1]["ready"] is True


def test_public_listener_has_no_probes(live: LiveInstance) -> None:
    for path in ("/livez", "/readyz", "/metrics"):
        assert httpx2.get(live.addresses.public + path).status_code == 404


def test_poisoned_zone_is_a_reason_until_it_is_repaired(live: LiveInstance) -> None:
    assert live.stored.zone_id is not None
    with live.instance.database.write(ACTOR) as work:
        live.instance.journal.write(work, live.stored.zone_id, [NewState.of(ALIAS), NewState.of(NEIGHBOUR)])
    live.wait_for_dns()
    status, body = ready(live)
    assert status == 503
    assert body["type"] == "urn:edelivery-registry:problem:not-ready"
    reason = reasons(live)["READY-ZONE"]
    assert "sml.test" in reason["message"]
    assert reason["remedy"]
    with live.instance.database.write(ACTOR) as work:
        live.instance.journal.write(work, live.stored.zone_id, [NewState("poison", "TXT", None)])
    live.wait_for_dns()
    assert "READY-ZONE" not in reasons(live)


def test_job_that_waits_for_too_long_is_a_reason(live: LiveInstance) -> None:
    with live.instance.database.write(ACTOR) as work:
        job_id = enqueue(work, "of a later version", {})
    assert "READY-JOBS" not in reasons(live)
    with live.instance.database.write(ACTOR) as work:
        long_ago = work.now.replace(year=work.now.year - 1)
        work.connection.execute(update(job).where(job.c.id == job_id).values(run_at=long_ago))
    assert "1 jobs wait" in reasons(live)["READY-JOBS"]["message"]


def test_schema_that_this_version_does_not_know_is_a_reason(live: LiveInstance) -> None:
    for version, compatible in (("0007", "0005"), ("9999", "9998")):
        with live.instance.database.write(ACTOR) as work:
            work.connection.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": version})
            work.connection.execute(update(installation).values(compatible_from=compatible))
        assert version in reasons(live)["READY-SCHEMA"]["message"]
    with live.instance.database.write(ACTOR) as work:
        work.connection.execute(update(installation).values(compatible_from="0008"))
    assert "READY-SCHEMA" not in reasons(live), "a newer version says that this one may go on"


def test_another_master_key_is_a_reason(live: LiveInstance) -> None:
    with live.instance.database.write(ACTOR) as work:
        work.connection.execute(update(installation).values(master_key_check="0" * 64))
    assert "REGISTRY_MASTER_KEY_FILE" in reasons(live)["READY-MASTER-KEY"]["message"]


def test_missing_certificate_is_a_reason(tmp_path: Path, pki: DemoPki) -> None:
    files = pki.write(tmp_path / "keys")
    folder = tmp_path / "tls"
    folder.mkdir()
    (folder / "other.example.crt").write_bytes(files.tls_certificate.read_bytes())
    (folder / "other.example.key").write_bytes(files.tls_key.read_bytes())
    with live_instance(tmp_path, pki, public_tls=folder) as live:
        instance = live.instance
        from registry.app.domain_setup import change_domain

        change_domain(instance, ACTOR, "demo", {"smp": {"base_url": "https://smp.nowhere.example"}})
        reason = reasons(live)["READY-CERTIFICATE"]
        assert "smp.nowhere.example" in reason["message"]
        assert str(folder) in reason["remedy"]


def test_events_that_nobody_seals_are_a_reason(tmp_path: Path, pki: DemoPki) -> None:
    with live_instance(tmp_path, pki, ready_audit_lag_s=0.001) as live:
        background = live.serving._background
        assert background is not None
        background.stop(10)
        with live.instance.database.write(ACTOR) as work:
            enqueue(work, "of a later version", {})
        eventually(lambda: "READY-AUDIT" in reasons(live))


@pytest.mark.sqlite
def test_database_that_cannot_be_read_is_the_one_reason(live: LiveInstance, tmp_path: Path) -> None:
    live.instance.database.dispose()
    for file in tmp_path.glob("registry.sqlite3*"):
        file.rename(file.with_name(f"away-{file.name}"))
    (tmp_path / "registry.sqlite3").write_bytes(b"this is no database" * 1000)
    try:
        assert set(reasons(live)) == {"READY-DATABASE"}
        assert httpx2.get(f"{live.addresses.manage}/livez").status_code == 200
    finally:
        live.instance.database.dispose()
        (tmp_path / "registry.sqlite3").unlink()
        for file in tmp_path.glob("away-*"):
            file.rename(file.with_name(file.name.removeprefix("away-")))


def test_jobs_are_done_and_events_are_sealed_in_the_background(live: LiveInstance) -> None:
    from registry.app.signing_job import request_signing
    from registry.storage.queries import events, jobs
    from registry.storage.queries.jobs import JobState

    with live.instance.database.write(ACTOR) as work:
        job_id = request_signing(work, live.stored.id)

    def done() -> bool:
        with live.instance.database.read() as connection:
            row = jobs.find(connection, job_id)
        return row is not None and row.state is JobState.DONE

    eventually(done)

    def sealed() -> bool:
        with live.instance.database.read() as connection:
            return not events.unsealed(connection, 1)

    eventually(sealed)
