# SPDX-License-Identifier: Apache-2.0
"""The commands that work on an instance: what they print, what they refuse, and their exit codes."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from registry.cli.exits import exit_code_for
from registry.cli.main import app
from registry.clock import system_clock
from registry.demo.content import demo_metadata
from registry.demo.pki import DemoPki, certificates_pem
from registry.errors import ConfigurationError, NotFoundError, RegistryError, TechnicalError, ValidationError
from registry.smp.documents.busdox import write_service_metadata
from registry.storage.engine import Database
from tests.simulators.databases import database_url, everything_in
from tests.simulators.live import demo_trust

WHO = "iso6523-actorid-upis::0088:7300010000001"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder that the commands use."""
    monkeypatch.setenv("REGISTRY_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("REGISTRY_LOG_LEVEL", "ERROR")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def with_domain(data: Path, pki: DemoPki) -> Path:
    """A data folder with the domain `demo`, SML included."""
    import yaml

    files = pki.write(data / "pki")
    settings = data / "settings.yaml"
    settings.write_text(yaml.safe_dump({"trust": demo_trust(pki)}))
    added = run(
        "domain", "add", "demo", "--base-url", "https://smp.example.org", "--smp-id", "SMP-1",
        "--signing-key", str(files.smp), "--settings", str(settings),
    )  # fmt: skip
    assert added.exit_code == 0, added.output
    return data


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def refused_with(result: Result, kind: type[RegistryError]) -> str:
    assert isinstance(result.exception, kind), result.output
    return str(result.exception)


def test_without_a_domain_commands_say_how_to_make_one(data: Path) -> None:
    assert "registry domain add" in refused_with(run("participant", "list"), NotFoundError)
    assert "peppol-test" in run("domain", "list").output


def test_domain_is_listed_and_shown(with_domain: Path) -> None:
    listed = json.loads(run("domain", "list", "--json").output)
    assert [domain["name"] for domain in listed["domains"]] == ["demo"]
    shown = json.loads(run("domain", "show", "demo", "--json").output)
    assert shown["smp"]["base_url"] == "https://smp.example.org"
    assert "zone: sml.test" in run("domain", "show", "demo", "--yaml").output


def test_shipped_profile_is_shown_with_a_note_that_it_trusts_nobody(data: Path) -> None:
    assert "trusts nobody" in run("domain", "show", "peppol").output
    assert not (data / "data" / "registry.sqlite3").exists(), "looking makes no database"


def test_unknown_setting_is_named_with_what_was_meant(data: Path) -> None:
    (data / "settings.yaml").write_text("smp: {base_ur: x}\n")
    text = refused_with(run("domain", "add", "demo", "--settings", str(data / "settings.yaml")), ConfigurationError)
    assert "base_url" in text


def test_anchors_option_wants_a_role_and_a_file(data: Path) -> None:
    result = run("domain", "add", "demo", "--anchors", "nonsense")
    assert result.exit_code == 2
    assert "ROLE=FILE" in result.output


def test_participant_is_added_listed_shown_and_removed(with_domain: Path) -> None:
    assert "created" in run("participant", "add", WHO).output
    assert "unchanged" in run("participant", "add", WHO).output
    assert json.loads(run("participant", "list", "--json").output)["id"] == WHO
    shown = json.loads(run("participant", "show", WHO, "--json").output)
    assert shown["registered_by"] == "SMP-1"
    assert "removed" in run("participant", "remove", WHO).output
    refused_with(run("participant", "show", WHO), NotFoundError)
    refused_with(run("participant", "remove", WHO), NotFoundError)


def test_properties_of_a_participant_are_imported_and_shown(with_domain: Path, tmp_path: Path) -> None:
    scheme, value = WHO.split("::")
    properties = [{"type": "private", "name": "tier", "value": "gold"}]
    line = {"participant": {"scheme": scheme, "value": value}, "properties": properties}
    file = tmp_path / "participants.jsonl"
    file.write_text(json.dumps({"format": "edelivery-registry/1"}) + "\n" + json.dumps(line) + "\n")
    assert "created" in run("import", str(file)).output
    assert "private property tier = gold" in run("participant", "show", WHO).output
    assert json.loads(run("participant", "show", WHO, "--json").output)["properties"] == properties


def test_participant_that_is_none_is_refused_with_the_form(with_domain: Path) -> None:
    assert "scheme::value" in refused_with(run("participant", "add", "0088-1"), ValidationError)


def test_zone_shows_the_registered_participant(with_domain: Path) -> None:
    run("participant", "add", WHO)
    shown = run("dns", "show", "sml.test", "--json")
    records = [json.loads(line) for line in shown.stdout.splitlines()]
    types = [record["type"] for record in records]
    assert types[:2] == ["SOA", "NS"], "the apex comes first"
    assert sorted(types[2:]) == ["CNAME", "NAPTR"]
    assert "4 changes wait" in shown.stderr, "nothing has served this zone yet"
    assert "IN\tNAPTR\t100 10" in run("dns", "show", "SML.test.").stdout
    assert run("dns", "show", "nowhere.test").exit_code != 0


def test_import_and_export_go_around(with_domain: Path, pki: DemoPki) -> None:
    documents = with_domain / "documents"
    documents.mkdir()
    for number, metadata in enumerate(demo_metadata(pki.access_points)):
        (documents / f"{number}.xml").write_bytes(write_service_metadata(metadata))
    (documents / "bad.xml").write_text("<nothing/>")
    imported = run("import", str(documents), "--json")
    assert imported.exit_code == 1
    verdicts = [json.loads(line)["verdict"] for line in imported.stdout.splitlines() if line.startswith("{")]
    assert sorted(verdicts) == ["created"] * 4 + ["refused"]
    (documents / "bad.xml").unlink()
    assert run("import", str(documents)).exit_code == 0
    exported = run("export", str(with_domain / "out"), "--json")
    assert json.loads(exported.output)["files"] == 7


def test_import_of_a_missing_file_is_a_usage_error(with_domain: Path) -> None:
    assert run("import", str(with_domain / "none.xml")).exit_code == 2


def test_access_point_changes_once_for_all(with_domain: Path, pki: DemoPki) -> None:
    documents = with_domain / "documents"
    documents.mkdir()
    for number, metadata in enumerate(demo_metadata(pki.access_points)):
        (documents / f"{number}.xml").write_bytes(write_service_metadata(metadata))
    run("import", str(documents))
    rows = [json.loads(line) for line in run("access-point", "list", "--json").output.splitlines()]
    assert sorted(row["endpoints"] for row in rows) == [1, 3]
    name = next(row["name"] for row in rows if row["endpoints"] == 3)
    assert "changed" in run("access-point", "change", name, "--address", "https://new.example.org/as4").output
    certificate = with_domain / "new.pem"
    certificate.write_bytes(certificates_pem(pki.access_points[1].certificate))
    planned = run("access-point", "change", name, "--certificate", str(certificate), "--at", "2027-06-01T00:00:00Z")
    assert "changes at" in planned.output
    assert run("access-point", "change", name).exit_code == 2
    assert run("access-point", "change", name, "--address", "https://x.example", "--at", "soon").exit_code == 2
    refused_with(run("access-point", "change", name, "--address", "nowhere"), ValidationError)
    late = run("access-point", "change", name, "--address", "https://x.example", "--at", "2020-01-01")
    refused_with(late, ValidationError)
    refused_with(run("access-point", "change", "none", "--address", "https://x.example"), NotFoundError)


def test_token_is_printed_once_and_its_name_taken(with_domain: Path) -> None:
    secret = run("token", "create", "erp", "--days", "1").output.strip()
    assert len(secret) > 40
    database = Database(database_url(with_domain / "data"), system_clock)
    assert secret not in everything_in(database)
    database.dispose()
    assert run("token", "create", "erp").exit_code != 0
    made = json.loads(run("token", "create", "other", "--domain", "demo", "--json").output)
    assert made["domain"] == "demo"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotFoundError("x"), 1),
        (ValidationError.of("X", "x"), 1),
        (ConfigurationError("x"), 2),
        (TechnicalError("x"), 6),
        (RuntimeError("x"), 6),
    ],
)
def test_exit_code_tells_refused_usage_and_technical_apart(error: Exception, code: int) -> None:
    assert exit_code_for(error) == code


@pytest.mark.parametrize(
    "command",
    [
        ["demo"], ["serve"], ["resolve"], ["import"], ["export"],
        ["domain", "list"], ["domain", "show"], ["domain", "add"],
        ["participant", "add"], ["participant", "show"], ["participant", "list"], ["participant", "remove"],
        ["token", "create"], ["dns", "show"], ["access-point", "list"], ["access-point", "change"],
    ],
)  # fmt: skip
def test_every_command_has_help_with_an_example(command: list[str]) -> None:
    result = run(*command, "--help")
    assert result.exit_code == 0
    assert "Example" in result.output


def test_version_is_printed() -> None:
    assert run("--version").output.startswith("registry 0.")


def test_settings_of_a_domain_are_told_with_what_the_profile_says(with_domain: Path) -> None:
    told = run("domain", "settings", "demo").output
    assert "dns.ttl\t60\n" in told
    assert "smp.base_url\thttps://smp.example.org\tprofile: \n" in told
    rows = [json.loads(line) for line in run("domain", "settings", "demo", "--changed", "--json").output.splitlines()]
    assert {row["source"] for row in rows} == {"domain"}
    assert {"smp.smp_id", "trust.smp-sign.anchors"} <= {row["setting"] for row in rows}
    assert "BEGIN" not in told
    assert "no domain 'none'" in refused_with(run("domain", "settings", "none"), NotFoundError)
