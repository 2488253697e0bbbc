# SPDX-License-Identifier: Apache-2.0
"""`registry trust impact`: the answer first, all of it as JSON, a page, the participants, plans, and refusals."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from typer.testing import CliRunner, Result

from registry.app.trust_impact import planned
from registry.cli.main import app
from registry.demo.content import demo_metadata
from registry.demo.pki import DemoPki
from registry.errors import ConfigurationError, NotFoundError
from registry.storage.tables import access_point
from tests.simulators.domain_trust import peppol_like, write_model
from tests.simulators.offline import ACTOR, OfflineInstance
from trust_lists.instants import write_instant


@pytest.fixture
def folder(offline: OfflineInstance, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder of an instance that publishes three participants at two access points."""
    monkeypatch.setenv("REGISTRY_DATA_DIR", str(offline.folder))
    monkeypatch.setenv("REGISTRY_LOG_LEVEL", "ERROR")
    for metadata in demo_metadata(offline.pki.access_points):
        offline.instance.publishing.put_service_metadata(ACTOR, offline.stored, metadata, create_group=True)
    (offline.folder / "new").mkdir()
    return offline.folder


@pytest.fixture
def same(folder: Path, pki: DemoPki) -> str:
    """A model that accepts whom the domain accepts."""
    return str(write_model(folder / "new", peppol_like(pki), "same.yaml"))


@pytest.fixture
def narrow(folder: Path, pki: DemoPki) -> str:
    """A model with the authority of SMPs in place of that of access points."""
    model = peppol_like(pki)
    for role in ("ap-encrypt", "ap-sign"):
        model["roles"][role] = model["roles"]["smp-sign"]
    model["stores"]["anchors"] = [each for each in model["stores"]["anchors"] if each["id"] == "smp-ca"]
    return str(write_model(folder / "new", model | {"id": "narrow"}, "narrow.yaml"))


def run(*words: str, code: int = 0) -> Result:
    result = CliRunner().invoke(app, ["trust", "impact", *words])
    assert result.exit_code == code, (result.output, result.exception)
    return result


def told(*words: str, code: int = 0) -> Any:
    return json.loads(run(*words, "--json", code=code).stdout)


def test_nobody_is_lost_by_a_model_that_accepts_the_same(same: str) -> None:
    text = run("--to", same).stdout
    assert "Now nobody would stop being accepted." in text
    assert "by-ap-ca instead of domain-settings" in text


def test_who_would_be_lost_is_told_with_the_check_and_makes_it_end_with_1(narrow: str) -> None:
    done = run("--to", narrow, "--enforce", code=1)
    lines = done.stdout.splitlines()
    assert "Now 2 access points and 3 participants would stop being accepted." in lines
    assert any(line.startswith("  NO_PATH (roles.ap-encrypt.accept") for line in lines)
    assert any("access point sha256-" in line and line.endswith("participants") for line in lines)
    assert "participants counted" in done.stderr


def test_json_has_the_digests_all_dates_and_everybody(offline: OfflineInstance, narrow: str) -> None:
    found = told("--to", narrow, "--enforce", code=1)
    assert found["before"]["address"] == offline.instance.trust_models.of(offline.stored.domain).address
    assert found["after"]["id"] == "narrow"
    assert (found["before"]["evidence"], found["engine"]) == ("", "1")
    assert len(found["dates"]) == 92
    assert found["dates"][0]["participants"]["stops"] == 3
    assert found["totals"] == {
        "access-point": 2,
        "publisher": 1,
        "signing-key": 1,
        "redirect": 0,
        "participants": 3,
    }
    assert [each["changes"][0]["effect"] for each in found["affected"]] == ["stops", "stops"]
    assert found["causes"][0]["check"] == "NO_PATH"


def test_roles_in_which_the_domain_warns_stop_nobody(narrow: str) -> None:
    text = run("--to", narrow).stdout
    assert "2 more would be warned of only: the domain doesn't enforce ap-encrypt, ap-sign" in text


def test_participants_are_written_one_a_line(folder: Path, narrow: str) -> None:
    run("--to", narrow, "--enforce", "--participants", str(folder / "lost.csv"), code=1)
    with (folder / "lost.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["participant"] for row in rows} == {
        "iso6523-actorid-upis::0088:7300010000001",
        "iso6523-actorid-upis::0192:991825827",
        "iso6523-actorid-upis::9915:Test-Hospital",
    }
    assert {(row["what"], row["effect"], row["check"]) for row in rows} == {("access-point", "stops", "NO_PATH")}


def test_no_cell_of_the_participants_is_taken_for_a_formula(
    offline: OfflineInstance, folder: Path, narrow: str
) -> None:
    with offline.instance.database.write(ACTOR) as work:
        work.connection.execute(update(access_point).values(name="=" + access_point.c.name))
    run("--to", narrow, "--enforce", "--participants", str(folder / "lost.csv"), code=1)
    with (folder / "lost.csv").open(newline="") as stream:
        assert {row["name"][:2] for row in csv.DictReader(stream)} == {"'="}


def test_the_page_stands_alone_and_shows_a_chart(folder: Path, narrow: str) -> None:
    run("--to", narrow, "--enforce", "--html", str(folder / "page.html"), code=1)
    page = (folder / "page.html").read_text()
    assert "Now 2 access points and 3 participants would stop being accepted." in page
    assert "default-src 'none'" in page
    assert page.count('<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img"') == 1
    assert "<script" not in page
    assert not re.search(r"""(?:src|href|url)\s*[=(]""", page)


def test_without_a_model_it_is_the_one_in_force_and_tells_who_drops_out(offline: OfflineInstance, folder: Path) -> None:
    del folder
    assert "Nobody does until" in run().stdout
    ends = offline.pki.access_points[0].certificate.not_valid_after_utc
    found = told("--days", "800", "--enforce", code=1)
    assert found["before"] == found["after"]
    first = found["affected"][0]["changes"][1]
    assert first["effect"] == "lapses"
    assert first["from"].startswith(write_instant(ends)[:-1])


def test_a_plan_is_compared_until_it_is_forgotten(offline: OfflineInstance, narrow: str) -> None:
    run("--to", narrow, "--plan")
    assert planned(offline.instance, offline.stored) is not None
    assert "narrow instead of domain-settings" in run().stdout
    assert "nothing is planned" in run("--forget-plan").stdout
    assert planned(offline.instance, offline.stored) is None
    assert "domain-settings, in force" in run().stdout


def test_a_model_that_asks_for_no_evidence_has_nothing_to_collect(folder: Path, same: str) -> None:
    run("--to", same, "--collect")
    assert not (folder / "trust").exists()


def test_nothing_to_go_on_with_is_said(same: str) -> None:
    result = CliRunner().invoke(app, ["trust", "impact", "--to", same, "--resume"])
    assert isinstance(result.exception, NotFoundError)
    assert "leave out --resume" in str(result.exception)


def test_a_wrong_model_is_refused_with_every_key_path(folder: Path, pki: DemoPki) -> None:
    model: Any = peppol_like(pki)
    model["roles"]["ap-encrypt"]["accept"]["path"]["to"] = ["nobody"]
    model["surprise"] = 1
    file = write_model(folder / "new", model, "wrong.yaml")
    result = CliRunner().invoke(app, ["trust", "impact", "--to", str(file)])
    assert isinstance(result.exception, ConfigurationError)
    assert "roles.ap-encrypt.accept.path.to" in str(result.exception)
    assert "surprise" in str(result.exception)


@pytest.mark.usefixtures("folder")
def test_a_shipped_model_needs_its_certificates() -> None:
    result = CliRunner().invoke(app, ["trust", "impact", "--to", "peppol-g3"])
    assert isinstance(result.exception, ConfigurationError)
    assert "PEPPOL_ACCESS_POINT_CA-G3.pem" in str(result.exception)


@pytest.mark.usefixtures("folder")
def test_a_shipped_model_can_be_asked_about(corpus: Path) -> None:
    anchors = corpus / "trust_models" / "real_anchors" / "peppol-g3"
    found = told("--to", "peppol-g3", "--certificates", str(anchors), code=1)
    assert found["after"]["id"] == "peppol-g3"


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "words",
    [
        ("--plan",),
        ("--forget-plan", "--to", "x.yaml"),
        ("--days", "0"),
        ("--to", "x.yaml", "--certificates", "."),
    ],
    ids=" ".join,
)
def test_what_makes_no_sense_is_refused(words: tuple[str, ...]) -> None:
    assert CliRunner().invoke(app, ["trust", "impact", *words]).exit_code == 2


def test_a_page_that_cant_be_written_is_an_error(folder: Path, same: str) -> None:
    for option in ("--html", "--participants"):
        result = CliRunner().invoke(app, ["trust", "impact", "--to", same, option, str(folder / "no" / "where")])
        assert isinstance(result.exception, ConfigurationError)
