# SPDX-License-Identifier: Apache-2.0
"""`registry import` and `registry export` at the terminal: plans, formats, counts and exit codes."""

import gzip
import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from registry.cli.main import app
from registry.demo.content import demo_metadata
from registry.demo.pki import DemoPki
from registry.errors import TechnicalError
from registry.smp.documents.busdox import write_service_metadata
from tests.simulators.live import demo_trust


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def make_domain(folder: Path, pki: DemoPki, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty instance with a domain, which the commands use from now on."""
    monkeypatch.setenv("REGISTRY_DATA_DIR", str(folder / "data"))
    monkeypatch.setenv("REGISTRY_LOG_LEVEL", "ERROR")
    files = pki.write(folder / "pki")
    (folder / "settings.yaml").write_text(yaml.safe_dump({"trust": demo_trust(pki)}))
    added = run(
        "domain", "add", "demo", "--base-url", "https://smp.example.org", "--smp-id", "SMP-1",
        "--signing-key", str(files.smp), "--settings", str(folder / "settings.yaml"),
    )  # fmt: skip
    assert added.exit_code == 0, added.output


@pytest.fixture
def documents(tmp_path: Path, pki: DemoPki, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with four good documents and a bad one, and an empty domain."""
    make_domain(tmp_path, pki, monkeypatch)
    folder = tmp_path / "documents"
    folder.mkdir()
    for number, metadata in enumerate(demo_metadata(pki.access_points)):
        (folder / f"{number}.xml").write_bytes(write_service_metadata(metadata))
    (folder / "bad.xml").write_text("no XML")
    return folder


def test_plan_counts_and_writes_nothing(documents: Path) -> None:
    for _ in range(2):
        planned = run("import", str(documents), "--plan")
        assert planned.exit_code == 1
        assert "4  created" in planned.stdout
        assert "1  refused" in planned.stdout
        assert "bad.xml" in planned.stdout
        assert "Nothing was written." in planned.stdout
    assert "0 taken" not in run("import", str(documents)).stderr
    assert "4  unchanged" in run("import", str(documents), "--plan").stdout


def test_plan_as_json_is_one_object(documents: Path) -> None:
    plan = json.loads(run("import", str(documents), "--plan", "--json").stdout)
    assert plan["plan"]["created"] == 4
    assert plan["plan"]["refused"] == 1
    assert [Path(item["source"]).name for item in plan["first_reasons"]] == ["bad.xml"]


@pytest.mark.parametrize(("name", "options"), [("a.jsonl", ()), ("a.jsonl.gz", ()), ("lines", ("--format", "jsonl"))])
def test_export_as_json_lines_is_imported_elsewhere_unchanged(
    documents: Path, tmp_path: Path, pki: DemoPki, monkeypatch: pytest.MonkeyPatch, name: str, options: tuple[str, ...]
) -> None:
    run("import", str(documents))
    one, other = tmp_path / name, tmp_path / "again" / name
    exported = run("export", str(one), *options, "--json")
    assert json.loads(exported.stdout) == {"file": str(one), "participants": 3, "left_out": 0}
    make_domain(tmp_path / "elsewhere", pki, monkeypatch)
    assert run("import", str(one)).exit_code == 0
    assert run("export", str(other), *options).exit_code == 0
    assert one.read_bytes() == other.read_bytes()
    data = gzip.decompress(one.read_bytes()) if name.endswith(".gz") else one.read_bytes()
    assert [sorted(json.loads(line)) for line in data.splitlines()] == [["format"], *[["participant", "services"]] * 3]


def test_export_writes_documents_where_the_name_says_nothing_else(documents: Path, tmp_path: Path) -> None:
    run("import", str(documents))
    exported = run("export", str(tmp_path / "out"))
    assert exported.exit_code == 0
    assert f"7 files written to {tmp_path / 'out'}" in exported.stdout
    assert len(list((tmp_path / "out").rglob("*.xml"))) == 7


@pytest.mark.parametrize("target", ["file", "file/below.jsonl"])
def test_export_to_where_nothing_can_be_written_says_so(documents: Path, tmp_path: Path, target: str) -> None:
    (tmp_path / "file").touch()
    exported = run("export", str(tmp_path / target), "--format", "jsonl" if "." in target else "documents")
    assert isinstance(exported.exception, TechnicalError)
    assert "can't be written" in str(exported.exception)


def test_what_a_line_holds_never_moves_the_cursor(documents: Path) -> None:
    participant = {"scheme": "x", "value": "\x1b[2J\x00"}
    lines = ({"format": "edelivery-registry/1"}, {"participant": participant})
    file = documents / "lines.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = run("import", str(file))
    assert done.exit_code == 1
    assert "service_group: x::" in done.output
    assert not {"\x1b", "\x00"} & set(done.output)
