# SPDX-License-Identifier: Apache-2.0
"""`registry campaign`: made and counted, listed, looked at, exported, reminded of, closed."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from registry.cli.main import app
from registry.clock import system_clock
from registry.demo.pki import DemoPki
from registry.domains.trust_models import document_of
from registry.errors import ConflictError, NotFoundError, ValidationError
from registry.trust.model import configuration_of
from tests.simulators.campaign_world import NEW, OLD, CampaignWorld
from tests.simulators.impact_world import ImpactWorld
from tests.simulators.mail_server import MailBox, mail_server
from tests.simulators.offline import offline_instance

DEADLINE = f"{system_clock() + timedelta(days=50):%Y-%m-%d}"
TYPES = ("--kind", "document-type", "--from", OLD, "--to", NEW, "--deadline", DEADLINE)


@pytest.fixture
def box() -> Iterator[MailBox]:
    with mail_server() as found:
        yield found


@pytest.fixture
def world(tmp_path: Path, pki: DemoPki, box: MailBox, monkeypatch: pytest.MonkeyPatch) -> Iterator[CampaignWorld]:
    with offline_instance(tmp_path, pki) as offline:
        settings = {
            "DATA_DIR": str(tmp_path),
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(box.port),
            "SMTP_TLS": "none",
            "ALERT_SENDER": "registry@example.org",
        }
        for name, value in settings.items():
            monkeypatch.setenv(f"REGISTRY_{name}", value)
        yield CampaignWorld(offline, ImpactWorld(offline))


def run(*words: object, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["campaign", *map(str, words)])
    if isinstance(result.exception, Exception) and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.output


def lines(*words: object) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run(*words, "--json").splitlines()]


def test_campaign_is_counted_where_it_is_made(world: CampaignWorld) -> None:
    world.offers(OLD)
    world.offers(NEW)
    text = run("add", "bill", *TYPES)
    assert f"bill: demo moves from {OLD} to {NEW}" in text
    assert "0 of 1 members, 1 of 2 participants" in text
    (held,) = lines("list", "--open", "--domain", "demo")
    assert (held["name"], held["counts"]["participants"], held["outlook"]) == ("bill", 2, "unknown")
    (shown,) = lines("show", "bill", "--days")
    assert shown["progress"][0]["participants_done"] == 1
    assert "bill\tdemo\tdocument-type" in run("list")
    world.offers(OLD)
    assert lines("count", "bill")[0]["counts"]["participants"] == 3


def test_who_is_late_is_listed_as_lines_json_and_tables(world: CampaignWorld) -> None:
    clinics = world.group("clinics")
    for _ in range(2):
        world.offers(OLD, group=clinics)
    world.offers(NEW, group=world.group("banks"))
    run("add", "bill", *TYPES)
    assert run("late", "bill").startswith("2\towner-group\tclinics\t")
    assert [each["name"] for each in lines("late", "bill", "--all")] == ["clinics", "banks"]
    assert lines("late", "bill", "--number", "1")
    head, row = csv.reader(io.StringIO(run("late", "bill", "--csv")))
    assert dict(zip(head, row, strict=True))["late"] == "2"
    table = list(csv.reader(io.StringIO(run("late", "bill", "--participants"))))
    assert table[0] == ["participant", "owner_group"]
    assert len(table) == 3


def test_without_send_nothing_is_sent(world: CampaignWorld, box: MailBox) -> None:
    world.offers(OLD, group=world.group("clinics", "ann"))
    run("add", "bill", *TYPES)
    text = run("remind", "bill")
    assert "would tell ann (mail) of 1" in text
    assert "owner group clinics: 1 participant" in text
    (told,) = lines("remind", "bill")
    assert (told["step"], told["late"], told["recipients"][0]["name"]) == (60, 1, "ann")
    assert box.mails == []
    assert "1 messages arrived, 0 failed" in run("remind", "bill", "--send")
    (mail,) = box.mails
    assert "bill of the domain demo" in str(mail)
    assert lines("remind", "bill", "--send") == [{"arrived": 0, "failed": 0, "unreachable": 0}]


def test_a_mail_that_does_not_arrive_is_told(world: CampaignWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world.offers(OLD, group=world.group("clinics", "ann"))
    run("add", "bill", *TYPES)
    monkeypatch.delenv("REGISTRY_SMTP_HOST")
    assert "0 messages arrived, 1 failed" in run("remind", "bill", "--send", code=6)


def test_campaign_is_closed_once(world: CampaignWorld) -> None:
    run("add", "bill", *TYPES)
    assert run("close", "bill") == "bill: closed\n"
    for words in (("close",), ("count",), ("remind",)):
        with pytest.raises(ConflictError):
            run(*words, "bill")
    assert "closed" in run("list")


def test_campaigns_of_certificates_and_zones_are_made(world: CampaignWorld, tmp_path: Path) -> None:
    document = document_of(configuration_of(world.offline.stored.domain)) | {"id": "next"}
    model = tmp_path / "next.json"
    model.write_text(json.dumps(document))
    (held,) = lines("add", "pki", "--kind", "pki", "--to", model, "--deadline", DEADLINE)
    assert held["target"]["model"] == "next"
    assert "configuration" not in held["target"]
    (held,) = lines("add", "zone", "--kind", "zone", "--to", "next.example", "--deadline", DEADLINE)
    assert held["target"]["zone"] == "next.example"
    run("late", "zone", "--participants", code=2)


def test_what_is_no_campaign_is_refused(world: CampaignWorld) -> None:
    run("add", "bill", "--kind", "nothing", "--deadline", DEADLINE, code=2)
    with pytest.raises(ValidationError):
        run("add", "Bad Name", *TYPES)
    with pytest.raises(NotFoundError):
        run("show", "nobody")
