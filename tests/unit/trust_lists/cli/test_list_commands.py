# SPDX-License-Identifier: Apache-2.0
"""`trust-lists check`, `show`, `services` and `diff`: exit codes, text for people and programs, JSON."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree
from typer.testing import CliRunner

from tests.simulators.checked_lists import AT, ISSUED, OPERATOR, changed, good_list, signed_root, signer
from tests.simulators.list_worlds import AT as WORLD_AT
from tests.simulators.list_worlds import DAY, whole_world
from trust_lists.cli.main import app
from trust_lists.documents.model import TrustedList
from trust_lists.documents.vocabulary import CA_QC, GRANTED

runner = CliRunner()
WHEN = ("--at", AT.isoformat())


def written(path: Path, document: TrustedList | None = None) -> Path:
    path.write_bytes(etree.tostring(signed_root(document or good_list(), signer())))
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path / "be.xml")


def run(*arguments: object) -> tuple[int, str]:
    done = runner.invoke(app, [str(each) for each in arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    return done.exit_code, done.output


def lines(output: str) -> list[list[str]]:
    return [line.split("\t") for line in output.splitlines()]


# check


def test_check_0_for_a_list_that_keeps_the_rules(file: Path) -> None:
    assert run("check", file, *WHEN) == (
        0,
        "BE 7, TS 119 612: 0 errors, 0 warnings; XML schema: not checked (--xsd DIR); signature: not verified\n",
    )


def test_check_1_for_errors_with_rule_and_place(tmp_path: Path) -> None:
    broken = changed(good_list(), "providers.0.services.1.current.status", GRANTED)
    code, output = run("check", written(tmp_path / "x.xml", broken), *WHEN)
    assert code == 1
    assert lines(output)[1] == [
        "error",
        "TS119612-5.5.4-KIND",
        "a service of type CA/PKC is granted",
        "TrustServiceProvider[1]/TSPService[2]/ServiceInformation/ServiceStatus (Example Provider > Service other)",
    ]
    assert "1 error, 0 warnings" in output


def test_check_0_for_warnings_alone(file: Path) -> None:
    code, output = run("check", file, "--at", "2028-01-01")
    assert code == 0
    assert "TS119612-5.3.15-EXPIRED" in output


def test_check_json_has_counts_and_findings(tmp_path: Path) -> None:
    broken = changed(good_list(), "providers.0.services.1.current.starting_time", ISSUED + timedelta(days=1))
    code, output = run("check", written(tmp_path / "x.xml", broken), "--json", *WHEN)
    found = json.loads(output)
    assert (code, found["errors"], found["warnings"], found["xsd"]) == (0, 0, 1, "not checked")
    assert found["signature"] == "not verified"
    assert found["list"]["sequence"] == 7
    assert found["findings"][0]["about"] == "Example Provider > Service other"
    assert found["findings"][0]["where"].endswith("TSPService[2]/ServiceInformation/StatusStartingTime")


def test_check_1_tells_all_about_a_list_that_cannot_be_read(file: Path) -> None:
    text, removed = re.subn(r"<(\w+:)?TSLVersionIdentifier>6</(\w+:)?TSLVersionIdentifier>", "", file.read_text())
    assert removed == 1
    file.write_text(text)
    code, output = run("check", file, "--json")
    found = json.loads(output)
    assert (code, found["list"]) == (1, None)
    assert [each["rule"] for each in found["findings"]] == ["LIST_STRUCTURE", "TS119612-B.0-MISSING"]


@pytest.mark.parametrize(
    ("data", "reason"), [(b"", "LIST_EMPTY"), (b"<a", "XML_NOT_WELL_FORMED"), (b"<html></html>", "LIST_NOT_A_LIST")]
)
def test_check_1_for_what_is_no_list(tmp_path: Path, data: bytes, reason: str) -> None:
    path = tmp_path / "x"
    path.write_bytes(data)
    code, output = run("check", path)
    assert code == 1
    assert reason in output


def test_check_xsd_says_valid_or_not_and_is_no_gate(file: Path, corpus: Path) -> None:
    schemas = corpus / "trust_lists" / "xsd" / "119612" / "v2.4.1-offline-set"
    assert "XML schema: valid;" in run("check", file, "--xsd", schemas, *WHEN)[1]
    real = corpus / "trust_lists" / "gen-2023-10" / "LV_sn41.xml"
    code, output = run("check", real, "--xsd", schemas, "--at", "2023-11-01")
    assert code == 0
    assert "XSD" in output
    assert "XML schema: not valid;" in output


def test_check_2_without_a_folder_of_schemas(file: Path) -> None:
    assert run("check", file, "--xsd", file.parent / "nowhere")[0] == 2


def test_check_6_for_a_folder_without_schemas(file: Path) -> None:
    code, output = run("check", file, "--xsd", file.parent)
    assert code == 6
    assert "SCHEMAS_UNREADABLE" in output


@pytest.mark.parametrize("command", ["check", "show", "services"])
def test_6_for_a_file_that_is_not_there(command: str, tmp_path: Path) -> None:
    assert run(command, tmp_path / "nothing.xml")[0] == 6


def test_lists_of_trusted_entities_are_checked_and_shown_too(corpus: Path) -> None:
    folder = corpus / "trust_lists" / "lote"
    code, output = run("check", folder / "examples-xml" / "valid.xml", "--json")
    found = json.loads(output)
    assert code == min(found["errors"], 1)
    assert found["list"]["form"] == "TS 119 602 XML"
    assert all(each["requires"] for each in found["findings"])
    path = folder / "examples-json" / "valid.json"
    assert json.loads(run("show", path, "--json")[1])["form"] == "TS 119 602 JSON"
    assert run("diff", path, path)[0] == 0
    assert len(json.loads(run("services", path, "--json")[1])) == 1


def test_check_of_json_has_no_xml_schema(corpus: Path) -> None:
    lists = corpus / "trust_lists"
    path = lists / "lote" / "examples-json" / "valid.json"
    assert "XML schema: not checked" in run("check", path, "--xsd", lists / "lote" / "schema-xml")[1]


# show


def test_show_says_what_the_list_says_and_that_nobody_verified_it(file: Path) -> None:
    code, output = run("show", file)
    assert code == 0
    assert "list         BE 7, BE:Example list" in output
    assert "not verified" in output
    assert ["CA/QC", "granted", "1"] in lines(output)
    assert ["Example Provider", "2"] in lines(output)
    assert ["EU", "application/vnd.etsi.tsl+xml", "https://lists.example/EU.xml", "2"] in lines(output)


def test_show_says_that_a_list_is_closed(tmp_path: Path) -> None:
    closed = written(tmp_path / "x.xml", changed(good_list(), "scheme.next_update", None))
    assert "next update  none: the list is closed" in run("show", closed)[1]
    assert json.loads(run("show", closed, "--json")[1])["next_update"] is None


def test_show_json_has_counts(file: Path) -> None:
    found = json.loads(run("show", file, "--json")[1])
    assert {"type": "CA/QC", "status": "granted", "count": 1} in found["services"]
    assert (found["territory"], found["sequence"], found["signature"]) == ("BE", 7, "not verified")
    assert len(found["pointers"][0]["signers"]) == 2


def test_show_1_for_what_is_no_list(tmp_path: Path) -> None:
    path = tmp_path / "x.html"
    path.write_text("<html></html>")
    code, output = run("show", path)
    assert code == 1
    assert "LIST_NOT_A_LIST" in output


# services


def test_services_are_one_line_each(file: Path) -> None:
    code, output = run("services", file)
    assert code == 0
    assert [line[:6] for line in lines(output)[1:]] == [
        ["BE", "Example Provider", "Service ca", "CA/QC", "granted", "2020-01-01T00:00:00Z"],
        ["BE", "Example Provider", "Service other", "CA/PKC", "recognisedatnationallevel", "2020-01-01T00:00:00Z"],
    ]


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (("--type", "CA/QC"), ["Service ca"]),
        (("--type", CA_QC), ["Service ca"]),
        (("--type", "ca/qc", "--type", "CA/PKC"), ["Service ca", "Service other"]),
        (("--status", "recognisedatnationallevel"), ["Service other"]),
        (("--status", "granted", "--type", "CA/PKC"), []),
        (("--territory", "be"), ["Service ca", "Service other"]),
        (("--territory", "NL"), []),
        (("--provider", "EXAMPLE prov"), ["Service ca", "Service other"]),
        (("--provider", "vatbe-1"), ["Service ca", "Service other"]),
        (("--provider", "somebody"), []),
    ],
)
def test_services_are_filtered_by_short_names(file: Path, options: tuple[str, ...], names: list[str]) -> None:
    assert [line[2] for line in lines(run("services", file, *options)[1])[1:]] == names


def test_services_at_a_time_are_as_their_history_says(file: Path) -> None:
    found = json.loads(run("services", file, "--at", "2017-01-01", "--json")[1])
    assert [(each["service"], each["status"], each["since"]) for each in found] == [
        ("Service ca", "withdrawn", "2016-06-30T22:00:00Z")
    ]
    assert len(found[0]["key"]) == 64


def test_services_of_a_snapshot_are_of_all_lists(tmp_path: Path) -> None:
    whole_world().refresh(tmp_path)
    found = json.loads(run("services", tmp_path, "--json")[1])
    assert [each["territory"] for each in found] == ["BE", "EL"]
    only = json.loads(run("services", tmp_path, "--territory", "EL", "--json")[1])
    assert [each["territory"] for each in only] == ["EL"]


def test_services_6_for_a_folder_without_snapshots(tmp_path: Path) -> None:
    code, output = run("services", tmp_path)
    assert code == 6
    assert "STORE_MISSING" in output


# diff


@pytest.fixture
def next_file(tmp_path: Path) -> Path:
    document = good_list()
    for path, new in (("scheme.sequence", 8), ("scheme.issued_at", AT), ("providers.0.services.1", None)):
        document = changed(document, path, new)
    return written(tmp_path / "be-8.xml", document)


def test_diff_0_for_the_same(file: Path) -> None:
    code, output = run("diff", file, file)
    assert code == 0
    assert "Nothing changed." in output


def test_diff_1_for_changes_as_text(file: Path, next_file: Path) -> None:
    code, output = run("diff", file, next_file)
    assert code == 1
    assert "service removed (1)\n" in output
    assert "recognisedatnationallevel since 2020-01-01T00:00:00Z" in output


def test_diff_json_has_changes(file: Path, next_file: Path) -> None:
    code, output = run("diff", file, next_file, "--json")
    found = json.loads(output)
    assert (code, found["counts"], found["after"]["sequence"]) == (1, {"service removed": 1}, 8)


def test_diff_html_is_a_page(file: Path, next_file: Path) -> None:
    code, output = run("diff", file, next_file, "--format", "html")
    assert code == 1
    assert output.startswith("<!doctype html>")
    assert output.endswith("</html>\n")


def test_diff_tells_who_signed(file: Path, next_file: Path) -> None:
    next_file.write_bytes(next_file.read_bytes().replace(OPERATOR.encode(), b"Another Agency"))
    found = json.loads(run("diff", file, next_file, "--json")[1])
    (signer_change,) = (each for each in found["changes"] if each["kind"] == "signer")
    assert signer_change["before"][0].startswith("List signer ")
    assert signer_change["note"] == "one of the issues has no valid signature"


def test_diff_of_snapshots_finds_what_changed_in_between(tmp_path: Path) -> None:
    world = whole_world()
    first, second = tmp_path / "first", tmp_path / "second"
    world.refresh(first)
    assert run("diff", first, first)[0] == 0
    world.put_list("BE", sequence=4, services=("ca", "tsa"))
    world.refresh(second, WORLD_AT + DAY)
    code, output = run("diff", first, second, "--json")
    assert (code, json.loads(output)["counts"]) == (1, {"service added": 1})
    assert "<h2>BE 3 → 4</h2>" in run("diff", first, second, "--format", "html")[1]
    assert run("diff", first, second)[1].startswith("Snapshot ")


def test_diff_2_for_a_file_and_a_folder(file: Path, tmp_path: Path) -> None:
    assert run("diff", file, tmp_path)[0] == 2


def test_diff_2_for_an_unknown_format(file: Path) -> None:
    assert run("diff", file, file, "--format", "pdf")[0] == 2


def test_diff_says_that_territories_differ(file: Path, tmp_path: Path) -> None:
    other = written(tmp_path / "nl.xml", changed(good_list(), "scheme.territory", "NL"))
    assert "different territories: BE, NL" in run("diff", file, other)[1]


# Terminals


def test_on_a_terminal_rows_are_a_table(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from trust_lists.cli import reading

    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    reading.print_columns(("level", "rule"), [("error", "[bold]X")])
    output = capsys.readouterr().out
    assert "\t" not in output
    assert "[bold]X" in output
    assert "level" in output
