# SPDX-License-Identifier: Apache-2.0
"""An examination of a whole installation: what is found in one that is well, and in those that aren't."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from registry.accounts.tokens import create_token
from registry.app.doctor.examination import Wanted, examine
from registry.app.doctor.findings import Finding, Level
from registry.app.doctor.name_servers import NameServers, check_name_servers
from registry.app.domain_setup import change_domain
from registry.app.trust_models import trust_folder
from registry.cli.main import app
from registry.dns.asking import ShownSoa
from registry.jobs.queue import enqueue
from registry.settings import Settings, load_settings
from registry.storage.queries import restoring
from tests.simulators.domain_trust import CRL_REQUIRED, crl, peppol_like, write_evidence
from tests.simulators.live import LiveInstance
from tests.simulators.offline import ACTOR, OfflineInstance

PLAIN = Wanted()


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def look(offline: OfflineInstance) -> Callable[..., dict[str, list[Finding]]]:
    """Examines the offline instance; the findings by id."""

    def run(wanted: Wanted = PLAIN, **given: Any) -> dict[str, list[Finding]]:
        found: dict[str, list[Finding]] = {}
        for finding in examine(settings_of(offline), wanted, clock=offline.clock, **given):
            found.setdefault(finding.id, []).append(finding)
        return found

    return run


def settings_of(offline: OfflineInstance, **given: Any) -> Settings:
    url = offline.instance.database.url.render_as_string(hide_password=False)
    return load_settings(**({"data_dir": offline.folder, "database_url": url} | given))


def test_installation_that_is_well_has_no_errors(look: Callable[..., dict[str, list[Finding]]]) -> None:
    found = look()
    found.pop("DOCTOR-CLOCK", None)  # the test's clock stands still, that of PostgreSQL doesn't
    assert [finding for items in found.values() for finding in items if finding.level is Level.ERROR] == []
    assert set(found) <= {
        "DOCTOR-ROOT",
        "DOCTOR-PROXY",
        "DOCTOR-BACKUP",
        "DOCTOR-NO-ADMIN",
        "DOCTOR-DISK",
        "DOCTOR-DOMAIN-ENDS",
        "DOCTOR-AUDIT",
    }


@pytest.mark.sqlite  # of the settings' own choice
def test_nothing_is_written_and_nothing_is_made(tmp_path: Path) -> None:
    folder = tmp_path / "nowhere"
    found = examine(load_settings(data_dir=folder), PLAIN)
    assert {"DOCTOR-NEW"} <= {finding.id for finding in found}
    assert not any(finding.level is Level.ERROR for finding in found)
    assert not folder.exists()


@pytest.mark.sqlite  # of the settings' own choice
def test_database_that_can_not_be_reached_is_told_and_the_rest_is_looked_at(tmp_path: Path) -> None:
    url = "postgresql+psycopg://nobody@127.0.0.1:1/none"
    found = {finding.id: finding for finding in examine(load_settings(data_dir=tmp_path, database_url=url), PLAIN)}
    assert found["DOCTOR-DATABASE"].level is Level.ERROR
    assert "DOCTOR-PROXY" in found
    assert examine(load_settings(data_dir=tmp_path, database_url="nonsense"), PLAIN)[0].id == "DOCTOR-DATABASE"


def test_other_or_missing_master_key_is_an_error(
    offline: OfflineInstance, look: Callable[..., dict[str, list[Finding]]]
) -> None:
    key = settings_of(offline).master_key_file
    held = key.read_text("ascii")
    key.write_text("00" * 32)
    assert look()["DOCTOR-MASTER-KEY"][0].level is Level.ERROR
    key.unlink()
    assert "missing" in look()["DOCTOR-MASTER-KEY"][0].what
    assert not key.exists()
    key.write_text(held)
    key.chmod(0o600)
    assert "DOCTOR-MASTER-KEY" not in look()


def test_certificates_of_a_domain_that_end_are_told(
    offline: OfflineInstance, look: Callable[..., dict[str, list[Finding]]]
) -> None:
    offline.clock.forward(days=365 * 40)
    found = look()
    assert any("signing key has expired" in finding.what for finding in found["DOCTOR-DOMAIN"])
    assert found["DOCTOR-ANCHOR"][0].level is Level.ERROR


def test_evidence_that_a_trust_model_asks_for_and_nobody_collects_is_told(
    offline: OfflineInstance, look: Callable[..., dict[str, list[Finding]]]
) -> None:
    assert "DOCTOR-EVIDENCE" not in look()
    settings = {"trust": {"configuration": peppol_like(offline.pki, revocation=CRL_REQUIRED)}}
    change_domain(offline.instance, ACTOR, "demo", settings)
    assert "no evidence was collected yet" in look()["DOCTOR-EVIDENCE"][0].what
    now = offline.clock.now
    write_evidence(trust_folder(offline.folder, "demo"), now, crl(offline.pki.ap_ca, now))
    assert "DOCTOR-EVIDENCE" not in look()
    offline.clock.forward(days=4)
    assert f"since {now:%Y-%m-%d}" in look()["DOCTOR-EVIDENCE"][0].what


def test_jobs_that_wait_are_told(offline: OfflineInstance, look: Callable[..., dict[str, list[Finding]]]) -> None:
    with offline.instance.database.write(ACTOR) as work:
        enqueue(work, "test", {})
    assert "DOCTOR-JOBS" not in look()
    offline.clock.forward(days=1)
    assert "1 jobs wait" in look()["DOCTOR-JOBS"][0].what


def test_events_that_nobody_seals_and_changes_that_nobody_publishes_are_told(
    offline: OfflineInstance, look: Callable[..., dict[str, list[Finding]]]
) -> None:
    offline.clock.forward(days=1)
    found = look()
    assert found["DOCTOR-AUDIT"][0].level is Level.WARNING
    assert found["DOCTOR-ZONE-LAG"][0].level is Level.ERROR


def test_tokens_without_an_end_are_named(
    offline: OfflineInstance, look: Callable[..., dict[str, list[Finding]]]
) -> None:
    create_token(offline.instance.database, ACTOR, "for-ever")
    assert "for-ever" in look()["DOCTOR-TOKENS"][0].what


def test_clock_that_was_ahead_is_told(offline: OfflineInstance, look: Callable[..., dict[str, list[Finding]]]) -> None:
    offline.clock.forward(days=-1)
    assert any("from the future" in finding.what for finding in look()["DOCTOR-CLOCK"])


# Restored


def test_after_a_restore_it_says_what_is_left_to_people(
    offline: OfflineInstance, look: Callable[..., dict[str, list[Finding]]]
) -> None:
    after = Wanted(after_restore=True)
    assert look(after)["DOCTOR-NOT-RESTORED"][0].level is Level.ERROR
    create_token(offline.instance.database, ACTOR, "old")
    offline.clock.forward(seconds=1)
    with offline.instance.database.write(ACTOR) as work:
        restoring.mark_restored(work)
    found = look(after)
    assert "DOCTOR-NOT-RESTORED" not in found
    assert found["DOCTOR-RESTORED"][0].level is Level.HINT
    assert "1 tokens" in found["DOCTOR-RESTORED-TOKENS"][0].what


# Name servers


@pytest.mark.parametrize(
    ("seen", "finding_id", "level"),
    [
        (lambda serial: {"ns1": ShownSoa(serial), "ns2": ShownSoa(serial)}, None, None),
        (lambda serial: {"ns1": ShownSoa(serial + 7, signed=True)}, None, None),
        (lambda serial: {}, "DOCTOR-DNS-DELEGATION", Level.ERROR),
        (lambda serial: {"ns1": ShownSoa(serial), "ns2": None}, "DOCTOR-DNS-SERVER", Level.ERROR),
        (lambda serial: {"ns1": ShownSoa(serial - 1)}, "DOCTOR-DNS-SERIAL", Level.WARNING),
        (lambda serial: {"ns1": ShownSoa(serial + 7)}, "DOCTOR-DNS-SERIAL", None),
    ],
)
def test_serials_of_public_name_servers_are_compared_with_ours(
    offline: OfflineInstance, seen: Callable[[int], Any], finding_id: str | None, level: Level | None
) -> None:
    served = offline.served()
    found = list(check_name_servers(offline.instance.database, lambda _: seen(served.serial)))
    assert [finding.id for finding in found] == ([finding_id] if finding_id else [])
    if level is not None:
        assert found[0].level is level


def test_name_servers_are_asked_by_their_addresses(live: LiveInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    live.wait_for_dns()
    host, port = live.addresses.dns.split(":")
    asking = NameServers(live.addresses.dns, port=int(port))
    monkeypatch.setattr(asking, "_addresses", lambda name: iter([host]))
    seen = asking.serials("sml.test")
    assert len(seen) >= 1
    assert all(soa is not None and soa.serial > 0 and not soa.signed for soa in seen.values())
    assert list(check_name_servers(live.instance.database, asking.serials)) == []
    assert asking.serials("nobody.example") == {}


def test_name_server_that_is_not_there_gives_no_serial(live: LiveInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    asking = NameServers(live.addresses.dns, port=1)
    monkeypatch.setattr(asking, "_addresses", lambda name: iter(["127.0.0.1"]))
    assert set(asking.serials("sml.test").values()) == {None}


# Command


@pytest.mark.sqlite  # of the settings' own choice
def test_command_ends_with_1_only_where_there_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_DATA_DIR", str(tmp_path / "data"))
    good = CliRunner().invoke(app, ["doctor"])
    assert good.exit_code == 0, good.output
    assert "[DOCTOR-NEW]" in good.output
    monkeypatch.setenv("REGISTRY_DNS_SLIP", "many")
    bad = CliRunner().invoke(app, ["doctor", "--json"])
    assert bad.exit_code == 1
    (finding,) = json.loads(bad.stdout)["findings"]
    assert finding["id"] == "DOCTOR-SETTINGS"
    assert finding["level"] == "error"
    assert "REGISTRY_DNS_SLIP" in finding["what"]
