# SPDX-License-Identifier: Apache-2.0
"""The report of registrations that show no sign of being made for whom they name: one fact a row, with its reason."""

import csv
import io
import json
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from typer.testing import CliRunner

from registry.app.code_lists import import_code_lists
from registry.cli.main import app
from registry.demo.content import demo_metadata
from registry.demo.pki import DemoPki
from registry.metadata import ServiceGroup
from registry.sml.admission.squatting import Bounds, Finding, Sign, findings
from registry.sml.model import Publisher
from tests.simulators.code_lists import participant_list, written
from tests.simulators.live import SMP_ID
from tests.simulators.offline import ACTOR, OfflineInstance, participant


@pytest.fixture(scope="session")
def third(pki: DemoPki) -> x509.Certificate:
    """The certificate of another SMP of the network."""
    own = pki.smp.certificate
    return pki.smp_ca.issue(
        "SMP_THIRD", "PEPPOL TEST SMP", not_before=own.not_valid_before_utc, not_after=own.not_valid_after_utc
    ).certificate


def register(offline: OfflineInstance, *values: str, by: x509.Certificate | None = None, smp_id: str = SMP_ID) -> None:
    for start in range(0, len(values), 100):
        part = [participant(value) for value in values[start : start + 100]]
        offline.instance.sml.create_participants(offline.caller(by), smp_id, part)


def add_third(offline: OfflineInstance, third: x509.Certificate) -> None:
    publisher = Publisher("THIRD", "https://third.example.org/", "1.1.1.1")
    offline.instance.sml.create_publisher(offline.caller(third), publisher)


def report(offline: OfflineInstance, sign: Sign, bounds: Bounds | None = None) -> list[Finding]:
    offline.instance.directory.refresh()
    database = offline.instance.database
    with database.read() as connection:
        stored = offline.instance.directory.get("demo")
        every = list(findings(connection, stored, database.now(), bounds or Bounds()))
    return [finding for finding in every if finding.sign is sign]


def about(found: list[Finding]) -> list[str]:
    return [finding.participant.partition("::")[2] for finding in found]


def test_own_smp_without_a_service_is_reported_once_it_is_long_ago(
    offline: OfflineInstance, third: x509.Certificate
) -> None:
    served = demo_metadata(offline.pki.access_points)[0]
    add_third(offline, third)
    register(offline, "9999:elsewhere", by=third, smp_id="THIRD")
    offline.instance.publishing.put_service_metadata(ACTOR, offline.stored, served, create_group=True)
    offline.instance.publishing.put_service_group(ACTOR, offline.stored, ServiceGroup(participant("9999:empty")))
    register(offline, "9999:nothing")
    offline.clock.forward(days=89)
    assert report(offline, Sign.UNSERVED) == []
    offline.clock.forward(days=2)
    found = report(offline, Sign.UNSERVED)
    assert about(found) == ["9999:empty", "9999:nothing"]
    assert found[0].detail == "our SMP has no service for it, for more than 90 days"
    assert (found[0].smp_id, found[0].since) == (SMP_ID, offline.clock.now - timedelta(days=91))


def test_series_of_one_smp_is_one_row(offline: OfflineInstance, third: x509.Certificate) -> None:
    add_third(offline, third)
    register(offline, *(f"0060:{number}" for number in range(998, 1018)))  # the length changes at 1000
    register(offline, *(f"9999:{number}" for number in range(100, 110)))
    register(offline, *(f"9999:{number}" for number in range(110, 130)), by=third, smp_id="THIRD")
    register(offline, *(f"0088:{base * 10}" for base in range(500, 525)))  # the last digit only checks the others
    found = report(offline, Sign.SERIES, Bounds(series=18))
    assert {(finding.smp_id, finding.detail) for finding in found} == {
        (SMP_ID, "18 numbers, one after the other, from 0060:1000 to 0060:1017"),
        (SMP_ID, "25 numbers, one after the other, from 0088:5000 to 0088:5240"),
        ("THIRD", "20 numbers, one after the other, from 9999:110 to 9999:129"),
    }
    assert report(offline, Sign.SERIES, Bounds(series=26)) == []


def test_number_of_several_smps_under_several_agencies_is_reported_for_each(
    offline: OfflineInstance, third: x509.Certificate
) -> None:
    add_third(offline, third)
    register(offline, "0208:0899965307", "9925:BE0202239951", "0208:0202239951", "9999:123456")
    register(offline, "9925:be0899965307", "9998:123456", by=third, smp_id="THIRD")
    found = report(offline, Sign.SEVERAL_OWNERS)
    assert [(finding.smp_id, *about([finding])) for finding in found] == [
        (SMP_ID, "0208:0899965307"),
        ("THIRD", "9925:be0899965307"),
    ]
    assert {finding.detail for finding in found} == {"several SMPs have registered the number 0899965307"}


def test_wrong_check_digits_and_unlisted_codes_are_reported(offline: OfflineInstance, tmp_path: Path) -> None:
    register(offline, "0208:0899965307", "0208:0899965308", "9901:1", "0060:1", "no-agency")
    assert about(report(offline, Sign.CHECK_DIGITS)) == ["0208:0899965308"]
    assert report(offline, Sign.CODE_LIST) == [], "no list is imported"
    files = written(tmp_path, participant_list(i0208="active", i9901="removed", i0060="deprecated"))
    import_code_lists(offline.instance, ACTOR, "demo", files)
    assert {(*about([finding]), finding.detail) for finding in report(offline, Sign.CODE_LIST)} == {
        ("9901:1", "9901 was removed from the code list"),
        ("no-agency", "no-agency is not in the code list 1"),
    }


def test_command_prints_text_csv_and_json(offline: OfflineInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    register(offline, "0208:0899965308")
    monkeypatch.setenv("REGISTRY_DATA_DIR", str(offline.folder))
    monkeypatch.setenv("REGISTRY_DATABASE_URL", offline.instance.database.url.render_as_string(hide_password=False))
    runs = {form: CliRunner().invoke(app, ["sml", "squatting", *form]) for form in ((), ("--csv",), ("--json",))}
    assert {run.exit_code for run in runs.values()} == {0}
    name = "iso6523-actorid-upis::0208:0899965308"
    assert runs[()].stdout.startswith(f"check-digits\t{name}\t{SMP_ID}\t")
    assert runs[()].stderr.endswith("1 facts\n")
    (row,) = csv.DictReader(io.StringIO(runs["--csv",].stdout))
    assert (row["sign"], row["participant"], row["smp_id"]) == ("check-digits", name, SMP_ID)
    assert json.loads(runs["--json",].stdout) == row
