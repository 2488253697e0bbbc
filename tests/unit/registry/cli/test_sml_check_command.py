# SPDX-License-Identifier: Apache-2.0
"""`registry sml check`, `registry sml visible`: the plan, the repair, and since when DNS shows what is registered."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from registry.app.domain_setup import add_domain
from registry.app.instance import Instance
from registry.cli.main import app
from registry.demo.pki import DemoPki
from registry.dns.asking import ShownSoa
from registry.dns.journal import NewState, ZonePublisher
from registry.dns.observation import observe
from registry.errors import ConflictError, NotFoundError
from registry.metadata import ServiceGroup
from registry.settings import load_settings
from registry.sml.soap import SmlSoapApp
from registry.storage.queries import zones
from tests.simulators.databases import database_url
from tests.simulators.live import SMP_ID, demo_trust
from tests.simulators.offline import ACTOR, participant
from tests.simulators.sml_operations import InMemoryLocator, caller_by_header, serving

SURPLUS = NewState("gone.publisher", "CNAME", "60 smp.example.org.")


@pytest.fixture
def instance(tmp_path: Path, pki: DemoPki, monkeypatch: pytest.MonkeyPatch) -> Iterator[Instance]:
    """An installation with the domain `demo` and one participant, which its SMP serves and has registered."""
    monkeypatch.setenv("REGISTRY_DATA_DIR", str(tmp_path))
    with Instance.open(load_settings(data_dir=tmp_path, database_url=database_url(tmp_path))) as opened:
        smp = {"base_url": "https://smp.example.org", "smp_id": SMP_ID}
        dns = {"observed_servers": ["127.0.0.1:1"]}
        stored = add_domain(opened, ACTOR, "demo", {"name": "demo", "smp": smp, "dns": dns, "trust": demo_trust(pki)})
        opened.publishing.put_service_group(ACTOR, stored, ServiceGroup(participant()))
        yield opened


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["sml", *arguments])


def spoil(instance: Instance, *states: NewState) -> None:
    zone_id = instance.directory.get("demo").zone_id
    assert zone_id is not None
    with instance.database.write(ACTOR) as work:
        instance.journal.write(work, zone_id, states)


def look(instance: Instance, behind: int = 0) -> None:
    """Publish what waits, and see a name server serve it, or be so many serials behind."""
    ZonePublisher(instance.database, "stamping", 0).tick(serve=False)
    with instance.database.read() as connection:
        serial = zones.all_zones(connection)[0].serial
    observe(instance.database, [instance.directory.get("demo")], lambda _server, _zone: ShownSoa(serial - behind))


def test_what_agrees_is_said_to(instance: Instance) -> None:
    done = run("check", "--area", "groups", "--area", "names")
    assert (done.exit_code, done.stdout) == (0, "everything agrees\nNothing was written.\n")


def test_plan_shows_what_is_wrong_and_apply_puts_it_right(instance: Instance) -> None:
    spoil(instance, SURPLUS)
    plan = run("check", "--area", "names")
    assert plan.exit_code == 1
    for text in ("1 of 5  name-surplus", "gone.publisher.", "found   60 smp.example.org.", "--apply"):
        assert text in plan.stdout
    done = run("check", "--area", "names", "--apply")
    assert done.exit_code == 0
    assert "1 repaired  name-surplus" in done.stdout
    assert run("check", "--area", "names").exit_code == 0


def test_findings_go_to_a_file_line_by_line(instance: Instance, tmp_path: Path) -> None:
    spoil(instance, SURPLUS)
    file = tmp_path / "findings.jsonl"
    done = run("check", "--area", "names", "--findings", str(file), "--json")
    assert json.loads(done.stdout)["counts"] == {"name-surplus": 1}
    (line,) = file.read_text().splitlines()
    assert json.loads(line)["kind"] == "name-surplus"


def test_too_much_is_refused(instance: Instance) -> None:
    spoil(instance, *(NewState(f"gone-{number}.publisher", "CNAME", "60 x.example.") for number in range(11)))
    done = run("check", "--area", "names", "--apply")
    assert isinstance(done.exception, ConflictError)
    assert "11 of 15 (name-surplus)" in str(done.exception)
    assert run("check", "--area", "names", "--apply", "--max-percent", "80").exit_code == 0


def test_kind_that_nothing_repairs_is_named(instance: Instance) -> None:
    done = run("check", "--apply", "--only", "server-differs")
    assert done.exit_code == 2
    assert "group-unregistered" in done.stderr
    assert run("check", "--only", "name-missing").exit_code == 2, "a plan shows everything"


def test_foreign_sml_is_compared_and_brought_up_to_date(instance: Instance) -> None:
    locator = InMemoryLocator()
    with serving(lambda url: _Anybody(SmlSoapApp(locator, public_url=url, caller_of=caller_by_header))) as url:
        from registry.sml.model import Publisher
        from tests.simulators.sml_operations import certificate

        locator.publishers[SMP_ID] = Publisher(SMP_ID, "https://smp.example.org", "1.1.1.1")
        locator.owners[SMP_ID] = certificate("one")
        arguments = ("check", "--sml", f"{url}/edelivery-sml", "--json")
        plan = run(*arguments)
        assert (plan.exit_code, json.loads(plan.stdout)["counts"]) == (1, {"foreign-missing": 1})
        done = run(*arguments, "--apply")
        assert done.exit_code == 0
        assert json.loads(done.stdout)["repair"]["repaired"] == {"foreign-missing": 1}
        assert run(*arguments).exit_code == 0
    assert [held for _, held in locator.participants.values()] == [participant()]


class _Anybody:
    """Calls an application as `one`, for the command has no certificate here."""

    def __init__(self, soap: SmlSoapApp) -> None:
        self._soap = soap

    async def __call__(self, scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        await self._soap({**scope, "headers": [*scope["headers"], (b"x-test-caller", b"one")]}, receive, send)


def test_visible_tells_since_when(instance: Instance) -> None:
    waiting = run("visible", str(participant()))
    assert waiting.exit_code == 1
    assert "waits for a serial" in waiting.stdout
    look(instance)
    done = run("visible", str(participant()), "--publisher", SMP_ID)
    assert done.exit_code == 0
    assert done.stdout.count("127.0.0.1:1  20") == 2
    (shown,) = run("visible", str(participant()), "--json").stdout.splitlines()
    found = json.loads(shown)
    assert (found["subject"], found["visible"], len(found["servers"])) == (str(participant()), True, 1)


def test_visible_without_participants_shows_the_servers(instance: Instance) -> None:
    look(instance)
    assert run("visible").exit_code == 0
    spoil(instance, SURPLUS)
    look(instance, behind=1)
    done = run("visible")
    assert done.stdout.startswith("127.0.0.1:1\t")


def test_server_that_does_not_answer_ends_with_1(instance: Instance) -> None:
    done = run("visible", "--now", "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["failure"]


def test_unknown_participant_is_not_found(instance: Instance) -> None:
    assert isinstance(run("visible", str(participant("0088:nobody"))).exception, NotFoundError)
