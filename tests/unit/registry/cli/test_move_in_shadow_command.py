# SPDX-License-Identifier: Apache-2.0
"""`registry move-in shadow`: what it asks, prints, writes down, refuses, and ends with."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from registry.app.instance import Instance
from registry.cli.main import app
from registry.errors import ConfigurationError
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.identifiers.url_form import participant_path
from registry.metadata import ServiceGroup
from registry.move_in.model import SourceKind
from registry.move_in.moves import begin_move
from registry.settings import load_settings
from registry.smp.documents.busdox.dialect import BUSDOX
from registry.storage.engine import Actor
from tests.simulators.old_http import OldRequest, OldResponse, old_server

pytestmark = pytest.mark.database
PARTICIPANTS = [ParticipantIdentifier(ISO6523, f"0088:{number}") for number in range(3)]


@dataclass
class Smp:
    """Serves service groups; one in `failing` is answered with 503."""

    url: str = ""
    served: list[ParticipantIdentifier] = field(default_factory=lambda: list(PARTICIPANTS))
    failing: list[ParticipantIdentifier] = field(default_factory=list)

    def answer(self, request: OldRequest) -> OldResponse:
        for each in self.failing:
            if request.path == participant_path(each):
                return OldResponse(503)
        for each in self.served:
            if request.path == participant_path(each):
                return OldResponse(body=BUSDOX.write_service_group(ServiceGroup(each), self.url))
        return OldResponse(404)


@dataclass
class Both:
    """An old SMP and what stands for ours, whose domain has three participants."""

    old: Smp
    ours: Smp

    def shadow(self, *more: str) -> Result:
        return run("--old", self.old.url, "--ours", self.ours.url, "--threads", "1", *more)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["move-in", "shadow", *arguments])


@pytest.fixture
def both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Both]:
    monkeypatch.setenv("REGISTRY_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("REGISTRY_LOG_LEVEL", "ERROR")
    assert CliRunner().invoke(app, ["domain", "add", "demo"]).exit_code == 0
    with Instance.open(load_settings()) as instance:
        stored = instance.directory.get("demo")
        for each in PARTICIPANTS:
            instance.publishing.put_service_group(Actor("test"), stored, ServiceGroup(each))
    made = Both(Smp(), Smp())
    with ExitStack() as stack:
        for each in (made.old, made.ours):
            each.url = stack.enter_context(old_server(each))
        yield made


def test_two_that_agree_end_with_0(both: Both) -> None:
    done = both.shadow()

    assert done.exit_code == 0
    assert "3 questions to both" in done.stdout
    assert "Nothing differs" in done.stdout


def test_what_differs_is_told_and_ends_with_1(both: Both) -> None:
    both.ours.served.remove(PARTICIPANTS[1])

    done = both.shadow()

    assert done.exit_code == 1
    assert "missing-participant: old: iso6523-actorid-upis::0088:1" in done.stdout
    assert "1 questions differ, or had no answer." in done.stdout


def test_who_fails_to_answer_is_told_by_its_side(both: Both) -> None:
    both.old.failing.append(PARTICIPANTS[0])

    done = both.shadow()

    assert done.exit_code == 1
    assert "not answered by the old system" in done.stdout
    assert "the old system gave no answer: HTTP 503" in done.stdout


def test_the_report_is_json_on_stdout_and_in_a_file(both: Both, tmp_path: Path) -> None:
    both.ours.served.remove(PARTICIPANTS[1])
    file = tmp_path / "report.json"

    done = both.shadow("--json", "--report", str(file))

    said = json.loads(done.stdout)
    assert json.loads(file.read_text()) == said
    assert (said["domain"], said["move_in"], said["agrees"], said["asked"]) == ("demo", None, False, 4)
    assert said["differences"] == {"missing-participant": 1}
    assert [each["question"] for each in said["examples"]] == [str(PARTICIPANTS[1])]


def test_it_goes_on_until_nothing_has_differed_for_so_long(both: Both) -> None:
    said = json.loads(both.shadow("--for", "1s", "--json").stdout)

    assert said["complete"]
    assert said["at_zero_seconds"] >= 1
    assert said["passes"] >= 1


def test_a_sample_asks_for_so_many(both: Both) -> None:
    assert json.loads(both.shadow("--sample", "2", "--json").stdout)["asked"] == 2


def test_how_it_ended_is_kept_with_the_move(both: Both) -> None:
    with Instance.open(load_settings()) as instance:
        move = begin_move(
            instance.database, Actor("test"), SourceKind.PHOSS_SQL, "here", [instance.directory.get("demo")]
        )

    assert json.loads(both.shadow("--json").stdout)["move_in"] == move.id

    (status,) = json.loads(CliRunner().invoke(app, ["move-in", "status", "--json"]).stdout)
    assert status["counts"]["shadow"]["asked"] == 3


def test_nothing_to_ask_about_does_not_agree(both: Both) -> None:
    assert CliRunner().invoke(app, ["domain", "add", "peppol-test"]).exit_code == 0

    done = both.shadow("--domain", "peppol-test")

    assert done.exit_code == 1
    assert "Nothing was asked" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "which old system"),
        (["--old", "https://a.example", "--old-dns", "127.0.0.1:53"], "which old system"),
        (["--old-dns", "127.0.0.1:53"], "--ours-dns"),
        (["--old", "smp.example.org"], "no base URL"),
        (["--old", "https://a.example", "--old-at", "nowhere:x"], "no name server"),
        (["--old", "https://a.example", "--for", "2 hours"], "no time"),
        (["--old", "https://a.example", "--dialect", "bdxr2"], "doesn't speak"),
    ],
    ids=["nothing", "both", "where ours is", "URL", "address", "time", "dialect"],
)
def test_what_makes_no_sense_is_refused_with_what_to_do(both: Both, arguments: list[str], said: str) -> None:
    done = run("--ours", both.ours.url, *arguments)

    assert isinstance(done.exception, ConfigurationError)
    assert said in str(done.exception)
