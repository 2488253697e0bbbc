# SPDX-License-Identifier: Apache-2.0
"""`registry token create`: whom a token is for, and how its bearer speaks."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from registry.accounts.authentication import Authenticator
from registry.cli.main import app
from registry.clock import system_clock
from registry.errors import ValidationError
from registry.storage.engine import Database
from tests.simulators.databases import database_url


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REGISTRY_DATA_DIR", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("management", ["native", "phoss", "domismp"])
def test_way_of_management_belongs_to_the_token(folder: Path, management: str) -> None:
    result = CliRunner().invoke(app, ["token", "create", "erp", "--management", management, "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["management"] == management
    database = Database(database_url(folder), system_clock)
    assert Authenticator(database).by_token(told["token"]).management == management
    database.dispose()


@pytest.mark.usefixtures("folder")
def test_way_of_management_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    result = CliRunner().invoke(app, ["token", "create", "erp", "--management", "holodeck"])
    assert isinstance(result.exception, ValidationError)
    assert "native, phoss, domismp" in str(result.exception)
