# SPDX-License-Identifier: Apache-2.0
"""`registry problem` and `registry alert`: what is the matter is listed and looked after, channels are made, tried."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from registry.app.last_backup import note_backup
from registry.cli.main import app
from registry.clock import system_clock
from registry.errors import NotFoundError
from registry.storage.engine import Actor, Database
from registry.storage.migrate import migrate
from registry.storage.queries import alerts
from tests.simulators.databases import database_url
from tests.simulators.mail_server import MailBox, mail_server

ACTOR = Actor("test")


@pytest.fixture
def box() -> Iterator[MailBox]:
    with mail_server() as found:
        yield found


@pytest.fixture
def database(tmp_path: Path, box: MailBox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    settings = {
        "DATA_DIR": str(tmp_path),
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(box.port),
        "SMTP_TLS": "none",
        "ALERT_SENDER": "registry@example.org",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"REGISTRY_{name}", value)
    opened = Database(database_url(tmp_path), system_clock)
    migrate(opened)
    yield opened
    opened.dispose()


def run(*words: object, code: int | None = 0) -> str:
    result = CliRunner().invoke(app, [*map(str, words)])
    if isinstance(result.exception, Exception) and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert code is None or result.exit_code == code, result.output
    return result.output


def listed(*words: object) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run(*words, code=None).splitlines()]


def test_list_tells_what_the_last_look_found_and_look_looks(database: Database, tmp_path: Path) -> None:
    assert run("problem", "list") == ""
    held = {row["kind"]: row for row in listed("problem", "list", "--look", "--json")}
    assert held["backup-old"]["severity"] == "hint"
    assert "no backup" in held["backup-old"]["text"]
    assert held["backup-old"]["domain"] is None
    shown = run("problem", "list", "--kind", "backup-old")
    assert held["backup-old"]["key"] in shown
    assert "registry backup FILE" in shown
    note_backup(tmp_path, system_clock())
    assert "backup-old" not in {row["kind"] for row in listed("problem", "list", "--look", "--json")}
    assert [row["kind"] for row in listed("problem", "list", "--ended", "--json")] == ["backup-old"]
    run("problem", "list", "--severity", "lost", code=2)


def test_list_ends_with_1_where_there_is_an_error(database: Database, tmp_path: Path) -> None:
    before = {row["key"] for row in listed("problem", "list", "--look", "--severity", "error", "--json")}
    assert before == set()
    tmp_path.chmod(0o702)
    assert "secret-open" in run("problem", "list", "--look", code=1)


def test_acknowledge_tells_who_looks_after_it(database: Database) -> None:
    run("problem", "list", "--look", code=None)
    (row,) = listed("problem", "list", "--kind", "backup-old", "--json")
    assert "looks after it" in run("problem", "acknowledge", row["key"], "--note", "tomorrow\x1b[0m")
    shown = run("problem", "list", "--kind", "backup-old")
    assert "tomorrow" in shown
    assert "\x1b" not in shown
    with pytest.raises(NotFoundError):
        run("problem", "acknowledge", "disk:none")


def test_mail_is_told_of_what_is_open_by_the_jobs(database: Database, box: MailBox) -> None:
    assert (
        run("alert", "add", "ops", "--mail", "ops@example.org", "--severity", "hint") == "ops tells ops@example.org\n"
    )
    run("problem", "list", "--look", code=None)
    run("job", "run", code=None)
    (mail,) = box.mails
    assert "no backup is known" in mail.get_content()
    told = listed("alert", "deliveries", "ops", "--json")
    assert {row["told_at"] is not None for row in told} == {True}
    assert "told" in run("alert", "deliveries", "ops")
    run("problem", "list", "--look", code=None)
    run("job", "run", code=None)
    assert len(box.mails) == 1


def test_test_tells_whether_it_was_taken(database: Database, box: MailBox) -> None:
    run("alert", "add", "ops", "--mail", "ops@example.org")
    assert run("alert", "test", "ops") == "ops: taken\n"
    assert box.mails[0]["Subject"] == "[registry] Test of the channel ops"
    box.says = "550 nobody of that name"
    assert "550 nobody of that name" in run("alert", "test", "ops", code=6)
    with pytest.raises(NotFoundError):
        run("alert", "test", "other")


def test_secret_of_a_webhook_is_shown_once(database: Database) -> None:
    made = listed("alert", "add", "hook", "--webhook", "https://example.org/hook", "--digest", "daily", "--json")
    assert made[0]["secret"].startswith("whsec_")
    for words in (("list",), ("list", "--json"), ("show", "hook"), ("show", "hook", "--json")):
        shown = run("alert", *words)
        assert "https://example.org/hook" in shown
        assert "secret" not in shown
        assert made[0]["secret"] not in shown
    run("alert", "remove", "hook")
    with database.read() as connection:
        assert alerts.channels(connection) == []


@pytest.mark.parametrize(
    "words",
    [
        ("add", "x"),
        ("add", "x", "--mail", "a@example.org", "--webhook", "https://example.org/"),
        ("add", "x", "--mail", "a@example.org", "--severity", "lost"),
        ("add", "x", "--mail", "a@example.org", "--kind", "lost"),
        ("add", "x", "--mail", "a@example.org", "--digest", "yearly"),
    ],
    ids=["no target", "two targets", "severity", "kind", "digest"],
)
def test_choice_that_there_is_not_is_refused(database: Database, words: tuple[str, ...]) -> None:
    run("alert", *words, code=2)
