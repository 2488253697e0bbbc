# SPDX-License-Identifier: Apache-2.0
"""`registry job`: jobs are shown, cancelled, done again and done here."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from registry.app.signing_job import KIND
from registry.cli.main import app
from registry.clock import system_clock
from registry.errors import ConflictError, NotFoundError
from registry.jobs.queue import enqueue
from registry.storage.engine import Actor, Database
from registry.storage.migrate import migrate
from tests.simulators.databases import database_url

ACTOR = Actor("token:ops")


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setenv("REGISTRY_DATA_DIR", str(tmp_path))
    opened = Database(database_url(tmp_path), system_clock)
    migrate(opened)
    yield opened
    opened.dispose()


def ask(database: Database, kind: str = "of a later version") -> int:
    with database.write(ACTOR) as work:
        return enqueue(work, kind, {"participant": "somebody"}, total=4)


def run(*words: object, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["job", *map(str, words)])
    if isinstance(result.exception, Exception) and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.stdout


def lines(*words: object) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run(*words).splitlines()]


def test_list_shows_the_newest_first_and_only_what_is_wanted(database: Database) -> None:
    ids = [ask(database) for _ in range(3)]
    run("cancel", ids[1])
    assert [row["id"] for row in lines("list", "--json")] == ids[::-1]
    assert [row["id"] for row in lines("list", "--state", "waiting", "--number", 1, "--json")] == [ids[2]]
    assert run("list", "--state", "cancelled") == f"{ids[1]}\tcancelled\tof a later version\t0/4\n"
    assert run("list", "--kind", "another") == ""
    run("list", "--state", "lost", code=2)


def test_show_tells_who_asked_and_not_the_payload(database: Database) -> None:
    job_id = ask(database)
    (row,) = lines("show", job_id, "--json")
    assert (row["actor"], row["state"], row["total"]) == ("token:ops", "waiting", 4)
    assert "somebody" not in json.dumps(row)
    assert "token:ops" in run("show", job_id)


def test_cancelled_job_can_be_asked_for_again(database: Database) -> None:
    job_id = ask(database)
    assert run("cancel", job_id) == f"{job_id}: cancelled\n"
    with pytest.raises(ConflictError):
        run("cancel", job_id)
    assert run("retry", job_id) == f"{job_id}: waiting\n"
    with pytest.raises(ConflictError):
        run("retry", job_id)


@pytest.mark.parametrize("command", ["show", "cancel", "retry"])
def test_unknown_job_is_not_found(database: Database, command: str) -> None:
    with pytest.raises(NotFoundError, match="no job 9"):
        run(command, 9)


def test_run_does_what_is_due_and_says_what_failed(database: Database) -> None:
    """A domain that isn't there any more fails the job; kinds of other versions are left alone."""
    job_id, other = ask(database, KIND), ask(database)
    result = CliRunner().invoke(app, ["job", "run", "--json"])
    assert result.exit_code == 1
    (row,) = [json.loads(line) for line in result.stdout.splitlines()]
    assert (row["id"], row["state"]) == (job_id, "failed")
    assert "domain" in row["message"]
    assert run("run") == ""
    assert lines("show", other, "--json")[0]["state"] == "waiting"
