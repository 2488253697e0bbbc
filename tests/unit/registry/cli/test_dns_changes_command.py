# SPDX-License-Identifier: Apache-2.0
"""`registry dns changes`: what has changed in a zone since a serial."""

import json

import pytest
from typer.testing import CliRunner, Result

from registry.cli.main import app
from registry.dns.journal import NewState
from registry.errors import ValidationError
from tests.simulators.offline import OfflineInstance
from tests.simulators.served_zones import NAMES, Zone


@pytest.fixture
def zone(offline: OfflineInstance, monkeypatch: pytest.MonkeyPatch) -> Zone:
    monkeypatch.setenv("REGISTRY_DATA_DIR", str(offline.folder))
    monkeypatch.setenv("REGISTRY_LOG_LEVEL", "ERROR")
    return Zone(offline)


def run(*words: str) -> Result:
    result = CliRunner().invoke(app, ["dns", "changes", *words])
    assert result.exit_code == 0, (result.output, result.exception)
    return result


def test_changes_since_a_serial_are_told_before_and_after(zone: Zone) -> None:
    before = zone.row.serial
    serial = zone.change(NewState("n1", "TXT", '60 "other"'), NewState("n2", "TXT", None))
    found = [json.loads(line) for line in run("--since", str(before), "--json").stdout.splitlines()]
    assert [(each["serial"], each["name"]) for each in found] == [
        (serial, f"n1.{zone.name}."),
        (serial, f"n2.{zone.name}."),
    ]
    assert (found[0]["before"], found[0]["after"]) == (
        {"ttl": 60, "records": ['"1"']},
        {"ttl": 60, "records": ['"other"']},
    )
    assert found[1]["after"] is None
    lines = run("--since", str(before), "--name", "n1").stdout.splitlines()
    assert lines == [f'{serial}\t-\tn1.{zone.name}.\tTXT\t"1"', f'{serial}\t+\tn1.{zone.name}.\tTXT\t"other"']


def test_without_a_serial_it_goes_as_far_back_as_the_journal(zone: Zone) -> None:
    assert len(run().stdout.splitlines()) >= NAMES
    assert run("--since", str(zone.row.serial)).stdout == ""


def test_serial_that_the_journal_does_not_know_is_refused(zone: Zone) -> None:
    result = CliRunner().invoke(app, ["dns", "changes", "--since", str(zone.row.serial + 5)])
    assert isinstance(result.exception, ValidationError)
