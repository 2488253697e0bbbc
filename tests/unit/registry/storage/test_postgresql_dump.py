# SPDX-License-Identifier: Apache-2.0
"""How the programs of PostgreSQL are found and called; real dumps are restored in tests/integration."""

from pathlib import Path

import pytest

from registry.clock import system_clock
from registry.errors import ConfigurationError, TechnicalError
from registry.storage import postgresql_dump
from registry.storage.engine import Database

URL = "postgresql+psycopg://someone:se cret'\\x@db.example:6432/registry?sslmode=require&host=other.example"


def test_password_is_in_the_environment_and_never_in_the_arguments(tool: type) -> None:
    tool.path("pg_dump", "/usr/lib/postgresql/15/bin")  # type: ignore[attr-defined]
    database = Database(URL, system_clock)
    command, environment = postgresql_dump._command("pg_dump", database)
    assert environment["PGPASSWORD"] == "se cret'\\x"
    assert not any("cret" in argument for argument in command)
    (where,) = (argument for argument in command if argument.startswith("--dbname="))
    assert "user=someone" in where
    assert "sslmode=require" in where
    assert "dbname=registry" in where
    assert "--no-password" in command, "nobody is there to be asked"


def test_password_of_a_tls_key_has_no_way_but_the_arguments_so_it_is_refused() -> None:
    database = Database("postgresql+psycopg://u@h/d?sslpassword=secret", system_clock)
    with pytest.raises(ConfigurationError, match="use a key without one"):
        postgresql_dump._command("pg_dump", database)


def test_program_on_path_is_taken_and_else_the_newest_of_the_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(postgresql_dump, "_PACKAGES", tmp_path / "postgresql")
    with pytest.raises(ConfigurationError, match="postgresql-client"):
        postgresql_dump.program("pg_dump")
    for version in ("9", "15", "16"):
        file = tmp_path / "postgresql" / version / "bin" / "pg_dump"
        file.parent.mkdir(parents=True)
        file.touch(0o755)
    assert postgresql_dump.program("pg_dump") == str(tmp_path / "postgresql" / "16" / "bin" / "pg_dump")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "pg_dump").touch(0o755)
    assert postgresql_dump.program("pg_dump") == str(tmp_path / "bin" / "pg_dump")


def test_file_that_is_no_dump_is_a_technical_error(tmp_path: Path, tool: type) -> None:
    tool.path("pg_restore", "/usr/lib/postgresql/15/bin")  # type: ignore[attr-defined]
    (tmp_path / "file").write_text("no dump")
    with pytest.raises(TechnicalError, match="pg_restore failed"):
        postgresql_dump.tables_in(tmp_path / "file")
