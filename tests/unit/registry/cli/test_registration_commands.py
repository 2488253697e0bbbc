# SPDX-License-Identifier: Apache-2.0
"""`registry sml registration`: who is registered for whom; changed for any SMP, and first shown where that is asked."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from registry.app.domain_setup import SigningKeyFile, add_domain
from registry.app.instance import Instance
from registry.cli.main import app
from registry.demo.pki import DemoPki
from registry.errors import AlreadyExistsError
from registry.settings import load_settings
from registry.sml.model import Publisher
from tests.simulators.databases import database_url
from tests.simulators.live import SMP_ID, demo_trust
from tests.simulators.offline import ACTOR

ONE, TWO = (f"iso6523-actorid-upis::0088:{number}" for number in (1, 2))


@pytest.fixture(autouse=True)
def installation(tmp_path: Path, pki: DemoPki, monkeypatch: pytest.MonkeyPatch) -> None:
    """An SML with two SMPs, and nobody registered."""
    monkeypatch.setenv("REGISTRY_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("REGISTRY_DATABASE_URL", database_url(tmp_path))
    files = pki.write(tmp_path / "pki")
    with Instance.open(load_settings(data_dir=tmp_path)) as instance:
        smp = {"base_url": "https://smp.example.org", "smp_id": SMP_ID}
        domain = {"name": "demo", "smp": smp, "trust": demo_trust(pki)}
        stored = add_domain(instance, ACTOR, "demo", domain, signing_key=SigningKeyFile(files.smp))
        other = Publisher("OTHER", "https://other.example.org/", "192.0.2.1")
        instance.administration.create_publisher(ACTOR, stored, other)


def sml(*words: str) -> Result:
    return CliRunner().invoke(app, ["sml", *words])


def registered() -> list[tuple[str, str]]:
    lines = sml("registration", "list", "--json").stdout.splitlines()
    return [(row["value"], row["smp_id"]) for row in map(json.loads, lines)]


def test_participants_are_registered_moved_and_ended(tmp_path: Path) -> None:
    file = tmp_path / "who.txt"
    file.write_text(f"{TWO}\n\n")
    assert sml("registration", "add", SMP_ID, ONE, "--file", str(file)).stdout == "registered: 2\n"
    assert registered() == [("0088:1", SMP_ID), ("0088:2", SMP_ID)]
    assert sml("registration", "move", "OTHER", ONE).stdout == f"moved: 1\n  of {SMP_ID}: 1\n"
    assert registered() == [("0088:1", "OTHER"), ("0088:2", SMP_ID)]
    assert ONE in sml("registration", "list", "--smp", "OTHER", "--search", "0088:1").stdout
    assert sml("registration", "end", ONE, TWO).stdout == f"ended: 2\n  of OTHER: 1\n  of {SMP_ID}: 1\n"
    assert registered() == []


def test_plan_does_nothing() -> None:
    assert sml("registration", "add", SMP_ID, ONE, "--plan").stdout == "would be registered: 1\n"
    assert registered() == []
    sml("registration", "add", SMP_ID, ONE)
    told = json.loads(sml("registration", "end", ONE, "--plan", "--json").stdout)
    assert (told["participants"], told["publishers"], told["done"]) == (1, {SMP_ID: 1}, False)
    assert "would be moved: 1" in sml("registration", "move", "OTHER", ONE, "--plan").stdout
    assert registered() == [("0088:1", SMP_ID)]


def test_what_goes_with_an_smp_is_told_before_it_goes() -> None:
    sml("registration", "add", "OTHER", ONE, TWO)
    told = json.loads(sml("publisher", "remove", "OTHER", "--plan", "--json").stdout)
    assert (told["participants"], told["names"]) == (2, 3)
    assert "2  participants" in sml("publisher", "remove", "OTHER", "--plan").stdout
    assert len(registered()) == 2
    assert sml("publisher", "remove", "OTHER").stdout == "OTHER: removed\n"
    assert registered() == []


def test_nobody_named_is_a_mistake_of_usage_and_who_is_registered_stays_so() -> None:
    assert sml("registration", "end").exit_code == 2
    sml("registration", "add", SMP_ID, ONE)
    assert isinstance(sml("registration", "add", "OTHER", ONE).exception, AlreadyExistsError)
    assert registered() == [("0088:1", SMP_ID)]
