# SPDX-License-Identifier: Apache-2.0
"""`registry resolve --inside` and `registry dns names`: the commands beside the pages."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from registry.cli.main import app
from registry.demo.pki import DemoPki
from tests.simulators.databases import database_url
from tests.simulators.live import SMP_ID
from tests.simulators.offline import offline_instance
from tests.simulators.public_pages import KNOWN, publish


@pytest.fixture
def published(tmp_path: Path, pki: DemoPki, monkeypatch: pytest.MonkeyPatch) -> None:
    url = database_url(tmp_path)
    with offline_instance(tmp_path, pki, database=url) as offline:
        publish(offline)
    monkeypatch.setenv("REGISTRY_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("REGISTRY_DATABASE_URL", url)


@pytest.mark.usefixtures("published")
def test_participant_is_resolved_inside_without_a_server() -> None:
    done = CliRunner().invoke(app, ["resolve", str(KNOWN), "--inside", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["outcome"] == "found"
    unknown = CliRunner().invoke(app, ["resolve", f"{KNOWN}9", "--inside"])
    assert unknown.exit_code == 3
    assert CliRunner().invoke(app, ["resolve", str(KNOWN), "--inside", "--dns", "127.0.0.1:5"]).exit_code == 2


@pytest.mark.usefixtures("published")
def test_names_are_printed_for_a_participant_and_for_an_smp() -> None:
    done = CliRunner().invoke(app, ["dns", "names", str(KNOWN), "--json"])
    assert done.exit_code == 0, done.output
    names = [json.loads(line) for line in done.stdout.splitlines()]
    assert [names[0]["kind"], names[0]["used"], names[0]["held"][0]["type"]] == ["participant", True, "NAPTR"]
    shown = CliRunner().invoke(app, ["dns", "names", SMP_ID, "--publisher", "--now"])
    assert shown.exit_code == 0, shown.output
    assert f"{SMP_ID.lower()}.publisher" in shown.stdout
