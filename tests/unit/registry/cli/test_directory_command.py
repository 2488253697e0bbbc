# SPDX-License-Identifier: Apache-2.0
"""`registry directory`: its state, pushes with a plan, retries, orphans."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from registry.app.domain_setup import change_domain
from registry.cli.main import app
from registry.demo.pki import DemoPki
from registry.errors import ConflictError, NotFoundError
from tests.simulators.databases import database_url
from tests.simulators.directory_office import LOOPBACK, DirectoryOffice, directory_office
from tests.simulators.offline import ACTOR

TELLS = {"REGISTRY_DIRECTORY_NETWORKS": ",".join(LOOPBACK)}


@pytest.fixture
def office(tmp_path: Path, pki: DemoPki, monkeypatch: pytest.MonkeyPatch) -> Iterator[DirectoryOffice]:
    environment = {**TELLS, "REGISTRY_DATA_DIR": str(tmp_path), "REGISTRY_DATABASE_URL": database_url(tmp_path)}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with directory_office(tmp_path, pki) as made:
        yield made


def run(*words: object, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["directory", *map(str, words)])
    if isinstance(result.exception, Exception) and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.output


def test_push_tells_what_differs_after_a_plan(office: DirectoryOffice) -> None:
    office.publish("0088:one")
    assert json.loads(run("push", "--plan", "--json")) == {"wanted": 1, "to_tell": 1, "to_forget": 0}
    assert office.directory.calls == []
    assert run("push") == "1 told, 0 forgotten, 0 refused, 0 failed\n"
    assert run("push") == "0 told, 0 forgotten, 0 refused, 0 failed\n"
    assert json.loads(run("push", "--all", "--json"))["told"] == 1
    assert "1 current, 0 waiting, 0 failed" in run("status")


def test_status_lists_what_failed_and_ends_with_1(office: DirectoryOffice) -> None:
    one = office.publish("0088:one")
    office.directory.statuses.append(400)
    run("push", code=1)
    told = run("status", "--state", "failed", code=1)
    assert "0 current, 0 waiting, 1 failed" in told
    assert f"{one}\tfailed\tnever told\tthe directory answers PUT with status 400" in told
    entry = json.loads(run("status", "--participant", one, "--json"))
    assert (entry["participant"], entry["status"]) == (str(one), 400)
    with pytest.raises(NotFoundError):
        run("status", "--participant", "iso6523-actorid-upis::0088:nobody")
    run("status", "--state", "nonsense", code=2)


def test_a_directory_that_is_away_is_a_technical_failure_and_retried(office: DirectoryOffice) -> None:
    office.publish("0088:one")
    office.directory.away = True
    assert "1 failed" in run("push", code=6)
    office.directory.away = False
    assert run("retry") == "1 participants are tried now\n"
    office.offline.clock.forward(hours=1)  # the command's clock goes on
    office.work()
    assert len(office.directory.held) == 1


def test_orphans_are_listed_written_and_put_right(office: DirectoryOffice, tmp_path: Path) -> None:
    one = office.publish("0088:one")
    (tmp_path / "export.csv").write_text("Participant ID\n")
    told = run("orphans", "--export", tmp_path / "export.csv", "--csv", tmp_path / "found.csv", "--apply", code=1)
    assert "directory-missing" in told
    assert str(one) in (tmp_path / "found.csv").read_text()
    office.offline.clock.forward(hours=1)  # the command's clock goes on
    office.work()
    assert run("orphans") == "everything agrees\n"


def test_a_domain_without_a_directory_is_told_so(office: DirectoryOffice) -> None:
    change_domain(office.offline.instance, ACTOR, "demo", {"directory": {"enabled": False}})
    with pytest.raises(ConflictError):
        run("push")
    assert "(not enabled)" in run("status")
