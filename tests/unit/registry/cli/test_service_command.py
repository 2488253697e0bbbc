# SPDX-License-Identifier: Apache-2.0
"""`registry service` and `registry certificate calendar`: what the pages of a participant do, as commands."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from registry.cli.main import app
from registry.demo.content import INVOICE
from registry.errors import NotFoundError, ValidationError

WHO = "iso6523-actorid-upis::0088:7300010000001"
SERVICE = {
    "process_metadata": [
        {
            "redirect": {
                "href": f"https://other.example/{WHO}/services/{INVOICE}".replace("#", "%23"),
                "certificate_uid": "CN=other",
            }
        }
    ]
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an instance in it: one domain without SML, one participant."""
    monkeypatch.setenv("REGISTRY_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("REGISTRY_LOG_LEVEL", "ERROR")
    monkeypatch.chdir(tmp_path)
    done("domain", "add", "demo", "--base-url", "https://smp.example.org")
    done("participant", "add", WHO)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments])


def done(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def put(folder: Path, document: object, *options: str) -> Result:
    file = folder / "service.json"
    file.write_text(document if isinstance(document, str) else json.dumps(document))
    return run("service", "put", WHO, str(INVOICE), str(file), *options)


def test_a_document_type_is_published_and_withdrawn(folder: Path) -> None:
    assert put(folder, SERVICE).stdout == f"{INVOICE}: created\n"
    told = json.loads(put(folder, SERVICE, "--json").stdout)
    assert told == {"participant": WHO, "document_type": str(INVOICE), "outcome": "unchanged"}
    assert str(INVOICE) in done("participant", "show", WHO)
    assert done("service", "withdraw", WHO, str(INVOICE)) == f"{INVOICE}: withdrawn\n"
    assert str(INVOICE) not in done("participant", "show", WHO)
    assert isinstance(run("service", "withdraw", WHO, str(INVOICE)).exception, NotFoundError)


@pytest.mark.parametrize(
    "document",
    [
        "no json",
        [],
        {"process_metadata": 1},
        {"nonsense": True},
        {},
        SERVICE | {"document_type": {"scheme": "other", "value": "one"}},
    ],
    ids=["no JSON", "a list", "a number", "unknown", "nothing", "another document type"],
)
def test_what_can_not_be_published_is_refused(folder: Path, document: object) -> None:
    assert isinstance(put(folder, document).exception, ValidationError)
    assert str(INVOICE) not in done("participant", "show", WHO)


def test_ends_of_certificates_are_written_as_a_calendar(folder: Path) -> None:
    written = done("certificate", "calendar", "--within-days", "3650")
    assert written.startswith("BEGIN:VCALENDAR")
    done("certificate", "calendar", "--domain", "demo", "--output", "ends.ics")
    octets = (folder / "ends.ics").read_bytes()
    assert octets.startswith(b"BEGIN:VCALENDAR\r\n")
    assert octets.endswith(b"END:VCALENDAR\r\n")
    assert isinstance(run("certificate", "calendar", "--domain", "nowhere").exception, NotFoundError)
    assert run("certificate", "calendar", "--within-days", "0").exit_code == 2
