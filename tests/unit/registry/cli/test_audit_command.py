# SPDX-License-Identifier: Apache-2.0
"""`registry audit`: what was done, the chain with its exports, and what is forgotten."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import update
from typer.testing import CliRunner

from registry.app.instance import Instance
from registry.audit.chain import seal
from registry.audit.events import about, record, record_batch
from registry.audit.export import export
from registry.audit.signing import ExportSigner
from registry.cli.audit_page import lines
from registry.cli.main import app
from registry.clock import system_clock
from registry.errors import AlreadyExistsError, ConfigurationError, NotFoundError
from registry.settings import load_settings
from registry.storage.engine import Actor
from registry.storage.tables import event
from tests.simulators.tampering import tampering

WHO = "iso6523-actorid-upis::0088:7300010000001"
Run = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation with three events, the last two about a participant."""
    monkeypatch.setenv("REGISTRY_DATA_DIR", str(tmp_path / "data"))
    with Instance.open(load_settings()) as instance:
        with instance.database.write(Actor("cli:ops", "request-1")) as work:
            record(work, "sml:publisher:create", "SMP-1", after={"address": "https://smp.example.org"})
        with instance.database.write(Actor("token:erp", "request-2")) as work:
            record(work, "smp:service-group:create", WHO, after={"a": 1, "list": ["x"]})
            record(work, "smp:service-group:update", WHO, before={"a": 1, "gone": "y"}, after={"a": 2, "new": True})
    return tmp_path


@pytest.fixture
def run(folder: Path) -> Run:
    def invoke(*arguments: str | Path, code: int = 0) -> Result:
        result = CliRunner().invoke(app, ["audit", *map(str, arguments)])
        assert result.exit_code == code, result.output
        return result

    return invoke


def objects(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_show_prints_newest_first_with_what_is_different(run: Run) -> None:
    shown = run("show").stdout.splitlines()
    headings = [line for line in shown if not line.startswith(" ")]
    assert [line.split()[0] for line in headings] == ["3", "2", "1"]
    assert WHO in headings[0]
    assert shown[1] == "    by token:erp, request request-2"
    assert shown[2:5] == ["    ~ a: 1 -> 2", "    - gone: y", "    + new: true"]
    assert "    + list[0]: x" in shown


def test_show_filters_and_pages(run: Run) -> None:
    assert [item["sequence"] for item in objects(run("show", "--json", "--subject", WHO))] == [3, 2]
    assert [item["sequence"] for item in objects(run("show", "--json", "--tag", "*:create"))] == [2, 1]
    assert [item["actor"] for item in objects(run("show", "--json", "--actor", "cli:*"))] == ["cli:ops"]
    assert [item["tag"] for item in objects(run("show", "--json", "--request", "request-1"))] == [
        "sml:publisher:create"
    ]
    assert objects(run("show", "--json", "--until", "2020-01-01")) == []
    assert len(objects(run("show", "--json", "--since", "2020-01-01T00:00:00+01:00"))) == 3
    first = run("show", "--json", "--limit", "2")
    assert "--after 2" in first.stderr
    assert [item["sequence"] for item in objects(run("show", "--json", "--limit", "2", "--after", "2"))] == [1]


def test_show_tells_how_many_a_list_has_and_who_where_that_is_asked(run: Run, folder: Path) -> None:
    names = [f"{WHO}{number}" for number in range(3)]
    with Instance.open(load_settings()) as instance, instance.database.write(Actor("cli:ops", "request-1")) as work:
        record_batch(work, "smp:service-group:list", names, after={"a": 1})
    shown = run("show", "--limit", "1").stdout.splitlines()
    assert "(3 subjects)" in shown[0]
    assert {"    + count: 3", "    + each.a: 1"} <= set(shown)
    assert not any(names[0] in line for line in shown)
    assert run("show", "--limit", "1", "--subjects").stdout.splitlines()[-3:] == [f"    {name}" for name in names]
    (said,) = objects(run("show", "--limit", "1", "--subjects", "--json"))
    assert (said["count"], said["subjects"]) == (3, names)
    (said,) = objects(run("show", "--limit", "1", "--json"))
    assert (said["count"], said["subjects"]) == (3, None)


def test_verify_says_what_it_could_not_look_at(run: Run, folder: Path) -> None:
    with Instance.open(load_settings()) as instance, instance.database.write(Actor("cli:ops")) as work:
        record_batch(work, "smp:service-group:list", [WHO, f"{WHO}0"])
    file = folder / "audit.jsonl"
    run("export", file)
    assert objects(run("verify", "--file", file, "--json"))[0]["unopened"] == 0
    with Instance.open(load_settings()) as instance:
        instance.database.master_key = None
        export(instance.database, folder / "blind.jsonl", ExportSigner.open(load_settings().audit_signing_key_file))
    result = run("verify", "--file", folder / "blind.jsonl")
    assert "1 events about many" in result.stderr


@pytest.mark.parametrize("option", ["--since", "--until"])
def test_show_says_what_is_no_time(run: Run, option: str) -> None:
    assert "ISO 8601" in run("show", option, "yesterday", code=2).output


def test_show_moves_no_cursor(folder: Path) -> None:
    with Instance.open(load_settings()) as instance:
        with instance.database.write(Actor("cli:ops", "r\x1b[2J")) as work:
            record(work, "sml:publisher:create", "SMP\x1b[2J\n", after={"\x07": "\r"})
        (found,) = about(instance.database, "SMP\x1b[2J\n")
    for line in lines(found, {}):
        assert line.isprintable(), line


def test_head_is_the_same_until_something_happens(run: Run, folder: Path) -> None:
    head = run("head").stdout.strip()
    assert head.startswith("3:")
    assert run("head").stdout.strip() == head
    assert objects(run("head", "--json")) == [{"position": 3, "hash": head.partition(":")[2]}]
    assert objects(run("verify", "--json", "--expect", head))[0]["whole"] is True
    with Instance.open(load_settings()) as instance, instance.database.write(Actor("cli:ops")) as work:
        record(work, "sml:publisher:create", "SMP-2")
    assert "1 events are not in the chain yet" in run("verify").stdout
    assert run("head").stdout.startswith("4:")
    run("verify", "--expect", head)


@pytest.mark.parametrize("head", ["7", "x:y", "3:abc", ":" + "0" * 64])
def test_verify_says_what_is_no_head(run: Run, head: str) -> None:
    assert "POSITION:HASH" in run("verify", "--expect", head, code=2).output


def test_verify_says_where_the_chain_was_changed(run: Run, folder: Path) -> None:
    head = run("head").stdout.strip()
    with Instance.open(load_settings()) as instance, tampering(instance.database) as connection:
        connection.execute(update(event).where(event.c.position == 2).values(actor="forged"))
    result = run("verify", code=1)
    assert result.stderr.splitlines()[-1].startswith("changed at 2: ")
    (said,) = objects(run("verify", "--json", "--expect", head, code=1))
    assert (said["whole"], said["events"]) == (False, 1)
    assert said["finding"]["flaw"] == "changed"  # type: ignore[index]


# Exports


def test_export_can_be_checked_with_and_without_the_installation(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = folder / "audit.jsonl"
    run("export", file)
    head = run("head").stdout.strip()
    assert WHO not in file.read_text()
    assert "the key of this installation" in run("verify", "--file", file, "--expect", head).stdout
    monkeypatch.setenv("REGISTRY_DATA_DIR", str(folder / "elsewhere"))
    assert "proves no origin" in run("verify", "--file", file).stderr
    (said,) = objects(run("verify", "--file", file, "--public-key", f"{file}.manifest.pem", "--json"))
    assert (said["whole"], said["events"], said["end"]) == (True, 3, head)
    assert "the given key" in str(said["signed_by"])
    assert not (folder / "elsewhere").exists()


def test_export_of_another_installation_is_refused(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = folder / "audit.jsonl"
    run("export", file)
    monkeypatch.setenv("REGISTRY_AUDIT_SIGNING_KEY_FILE", str(folder / "other.pem"))
    run("export", folder / "other.jsonl", "--json")
    assert "was not signed with" in str(run("verify", "--file", file, code=1).exception)


def test_export_opens_what_is_sealed_when_told_and_overwrites_nothing(run: Run, folder: Path) -> None:
    file = folder / "audit.jsonl"
    run("export", file, "--open")
    assert WHO in file.read_text()
    assert isinstance(run("export", file, code=1).exception, AlreadyExistsError)
    (said,) = objects(run("export", folder / "rest.jsonl", "--after", "2", "--json"))
    assert said["events"] == 1


# Erasing and pruning


def test_erase_shows_its_plan_and_then_does_it(run: Run) -> None:
    planned = run("erase", WHO)
    assert planned.stdout == "2 events could then be read by nobody any more\n"
    assert "--yes" in planned.stderr
    assert len(objects(run("show", "--json", "--subject", WHO))) == 2
    assert objects(run("erase", WHO, "--yes", "--json")) == [{"done": True, "events": 2, "events_in_clear": 0}]
    assert objects(run("show", "--json", "--subject", WHO)) == []
    assert "(erased)" in run("show").stdout
    run("head")
    run("verify")
    assert isinstance(run("erase", WHO, code=1).exception, NotFoundError)


@pytest.fixture
def old(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation with two events from eleven years ago, and one of today."""
    monkeypatch.setenv("REGISTRY_DATA_DIR", str(folder / "old"))
    for clock in (lambda: system_clock() - timedelta(days=4_000), system_clock):
        with Instance.open(load_settings(), clock) as instance:
            with instance.database.write(Actor("cli:ops")) as work:
                for number in range(2 if clock is not system_clock else 1):
                    record(work, "sml:publisher:create", f"SMP-{number}")
            seal(instance.database)


@pytest.mark.usefixtures("old")
def test_prune_shows_its_plan_and_then_does_it(run: Run) -> None:
    head = run("head").stdout.strip()
    assert "2 events from before" in run("prune").stdout
    assert len(objects(run("show", "--json"))) == 3
    assert objects(run("prune", "--older-than", "5000", "--json"))[0]["events"] == 0
    assert objects(run("prune", "--yes", "--json"))[0]["events"] == 2
    assert [item["tag"] for item in objects(run("show", "--json"))] == ["audit:chain:prune", "sml:publisher:create"]
    run("verify", "--expect", head)
    assert isinstance(run("verify", "--expect", f"1:{'0' * 64}", code=1).exception, NotFoundError)


@pytest.mark.usefixtures("old")
def test_prune_wants_to_be_told_how_much_where_events_are_kept_for_ever(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGISTRY_KEEP_EVENTS_DAYS", "0")
    assert isinstance(run("prune", "--yes", code=1).exception, ConfigurationError)
    assert objects(run("prune", "--older-than", "100", "--yes", "--json"))[0]["events"] == 2
