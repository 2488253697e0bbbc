# SPDX-License-Identifier: Apache-2.0
"""`registry backup`, `registry restore` and `registry database`: what they say, ask for and refuse."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from registry.app.last_backup import last_backup
from registry.cli.main import app
from registry.errors import AlreadyExistsError, ConfigurationError, ValidationError
from registry.serials import is_greater
from tests.simulators.offline import OfflineInstance

PASSPHRASE = "correct horse battery"


class Commands:
    """Commands about the installation in a folder."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self._monkeypatch = monkeypatch
        self.folder = folder
        self.backup = folder / "registry.backup"
        self.passphrase = folder / "passphrase"
        self.passphrase.write_text(PASSPHRASE + "\n")

    def at(self, data_dir: Path) -> "Commands":
        """From now on the data folder is this one."""
        self._monkeypatch.setenv("REGISTRY_DATA_DIR", str(data_dir))
        return self

    def __call__(self, *arguments: str | Path) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    def done(self, *arguments: str | Path) -> str:
        """Run a command that succeeds; gives what it printed."""
        result = self(*arguments)
        assert result.exit_code == 0, (result.output, result.exception)
        return result.stdout

    def refused(self, *arguments: str | Path) -> BaseException:
        """Run a command that fails; gives its error."""
        result = self(*arguments)
        assert result.exception is not None, result.output
        return result.exception

    def make(self) -> str:
        return self.done("backup", self.backup, "--passphrase-file", self.passphrase)

    def restore(self, *options: str | Path) -> str:
        return self.done("restore", self.backup, "--passphrase-file", self.passphrase, *options)


@pytest.fixture
def commands(offline: OfflineInstance, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Commands:
    return Commands(monkeypatch, tmp_path).at(offline.folder)


def test_the_word_create_may_be_left_out(commands: Commands) -> None:
    assert "registry.backup: " in commands.make()
    other = commands.folder / "verify"
    told = json.loads(commands.done("backup", "--json", "--without-secrets", other))
    assert told["file"] == str(other)
    assert told["parts"].keys() == {"database"}
    assert any(path.endswith("master.key") for path in told["lacks"])
    named = commands.done("backup", "create", commands.folder / "third", "--without-secrets")
    assert "third: " in named


def test_when_the_last_backup_was_made_is_known_afterwards(commands: Commands, offline: OfflineInstance) -> None:
    assert last_backup(offline.folder) is None
    told = json.loads(commands.done("backup", commands.backup, "--without-secrets", "--json"))
    assert last_backup(offline.folder) == datetime.fromisoformat(told["made_at"])


def test_existing_backup_is_not_written_over(commands: Commands) -> None:
    commands.make()
    before = commands.backup.read_bytes()
    assert isinstance(
        commands.refused("backup", commands.backup, "--passphrase-file", commands.passphrase), AlreadyExistsError
    )
    assert commands.backup.read_bytes() == before


def test_verify_tells_what_is_in_it(commands: Commands) -> None:
    commands.make()
    shown = commands.done("backup", "verify", commands.backup)
    assert "The backup is whole" in shown
    assert "1 domain" in shown
    assert "sml.test, serial" in shown
    assert "not looked at without their passphrase" in shown
    shown = commands.done("backup", "verify", commands.backup, "--passphrase-file", commands.passphrase)
    assert "master.key" in shown
    told = json.loads(commands.done("backup", "verify", commands.backup, "--json"))
    assert told["tables"]["domain"] == 1
    assert told["secret_files"] is None


def test_restore_reports_what_was_done_what_is_lost_and_what_to_do(commands: Commands) -> None:
    commands.make()
    report = commands.at(commands.folder / "new").restore("--yes")
    for words in (
        "Restored installation",
        "sml.test, serial 0 became",
        "Lost is what was done between",
        "SMPs have to repeat",
        "registry doctor --after-restore",
    ):
        assert words in report
    assert "demo" in commands.done("domain", "list")


def test_restore_as_json(commands: Commands) -> None:
    commands.make()
    told = json.loads(commands.at(commands.folder / "new").restore("--yes", "--json", "--revoke-tokens"))
    assert is_greater(told["zones"][0]["serial"], told["zones"][0]["held"])
    assert datetime.fromisoformat(told["as_of"]) <= datetime.fromisoformat(told["restored_at"])
    assert told["revoked_tokens"] == 0


def test_plan_changes_nothing(commands: Commands) -> None:
    commands.make()
    shown = commands.at(commands.folder / "new").restore("--plan")
    assert "sml.test, serial 0 becomes about" in shown
    told = json.loads(commands.restore("--plan", "--json"))
    assert told["lost"] is None
    assert {Path(item["to"]).name for item in told["files"]} >= {"master.key", "smp.pem"}
    assert not (commands.folder / "new").exists()


def test_plan_of_a_replacement_says_what_is_lost(commands: Commands) -> None:
    commands.make()
    commands.at(commands.folder / "new").restore("--yes")
    assert "not empty" in str(
        commands.refused("restore", commands.backup, "--passphrase-file", commands.passphrase, "--plan")
    )
    shown = commands.restore("--plan", "--replace")
    assert "What is there now will be lost" in shown
    assert "newest event" in shown
    told = json.loads(commands.restore("--plan", "--replace", "--json"))
    assert told["lost"]["tables"]["domain"] == 1


def test_without_a_terminal_nothing_is_asked(commands: Commands) -> None:
    commands.make()
    commands.at(commands.folder / "new")
    error = commands.refused("restore", commands.backup, "--passphrase-file", commands.passphrase)
    assert isinstance(error, ConfigurationError)
    assert "say --yes" in str(error)
    error = commands.refused("restore", commands.backup, "--yes")
    assert "--passphrase-file" in str(error)
    assert not (commands.folder / "new").exists()


def test_wrong_passphrase_touches_nothing(commands: Commands) -> None:
    commands.make()
    commands.passphrase.write_text("another passphrase\n")
    commands.at(commands.folder / "new")
    error = commands.refused("restore", commands.backup, "--passphrase-file", commands.passphrase, "--yes")
    assert isinstance(error, ValidationError)
    assert error.reasons[0].id == "BACKUP-PASSPHRASE"
    assert not (commands.folder / "new").exists()


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_file_without_a_passphrase_is_refused(commands: Commands, content: str) -> None:
    commands.passphrase.write_text(content)
    error = commands.refused("backup", commands.backup, "--passphrase-file", commands.passphrase)
    assert "no passphrase" in str(error)
    assert not commands.backup.exists()


@pytest.mark.sqlite
def test_backup_of_nothing_is_refused(commands: Commands) -> None:
    commands.at(commands.folder / "empty")
    error = commands.refused("backup", commands.backup, "--without-secrets")
    assert isinstance(error, ConfigurationError)
    assert "there is no database" in str(error)
    assert not commands.backup.exists()
    assert not (commands.folder / "empty").exists()


@pytest.mark.parametrize("text", ["sml.test", "sml.test=", "sml.test=-1", "sml.test=4294967296", "=", "sml.test=१"])
def test_serial_is_a_number_of_32_bits(commands: Commands, text: str) -> None:
    error = commands.refused("restore", commands.backup, "--serial-at-least", text, "--yes")
    assert isinstance(error, ConfigurationError)
    assert "ZONE=SERIAL" in str(error)


def test_serial_that_was_seen_is_passed(commands: Commands) -> None:
    commands.make()
    report = commands.at(commands.folder / "new").restore("--yes", "--serial-at-least", "SML.test.=1000000000")
    assert "became 1000000001;" in report


def test_adopting_an_instant_needs_a_time_zone(commands: Commands) -> None:
    for text in ("yesterday", "2026-11-22T08:00:00"):
        assert isinstance(commands.refused("database", "adopt", "--as-of", text), ConfigurationError)


def test_database_is_adopted(commands: Commands, offline: OfflineInstance) -> None:
    offline.instance.close()
    told = json.loads(commands.done("database", "adopt", "--json", "--as-of", datetime.now(UTC).isoformat()))
    assert is_greater(told["zones"][0]["serial"], 0)


def test_copy_wants_one_place(commands: Commands, offline: OfflineInstance) -> None:
    offline.instance.close()
    assert "--to URL or --to-file FILE" in str(commands.refused("database", "copy"))
    url = commands.folder / "url"
    url.write_text(f"sqlite:///{commands.folder / 'copy' / 'registry.sqlite3'}\n")
    assert "--to URL or --to-file FILE" in str(commands.refused("database", "copy", "--to", "x", "--to-file", url))
    assert "rows of" in commands.done("database", "copy", "--to-file", url)
    assert "not empty" in str(commands.refused("database", "copy", "--to-file", url))
