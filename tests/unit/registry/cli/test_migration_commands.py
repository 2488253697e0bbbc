# SPDX-License-Identifier: Apache-2.0
"""`registry sml migration`: what the operator of an SML sees of migrations, and does in place of SMPs."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from registry.app.domain_setup import SigningKeyFile, add_domain
from registry.app.instance import Instance
from registry.cli.main import app
from registry.demo.pki import DemoPki
from registry.errors import NotFoundError
from registry.identifiers.migration_key import validate_migration_key
from registry.settings import load_settings
from registry.sml.administration import SmlAdministration
from registry.sml.model import Publisher
from tests.simulators.databases import database_url
from tests.simulators.live import SMP_ID, demo_trust
from tests.simulators.offline import ACTOR, participant

ONE = "iso6523-actorid-upis::0088:1"
TWO = "iso6523-actorid-upis::0088:2"


@pytest.fixture(autouse=True)
def installation(tmp_path: Path, pki: DemoPki, monkeypatch: pytest.MonkeyPatch) -> None:
    """An SML with two SMPs, of which the first one has two participants."""
    monkeypatch.setenv("REGISTRY_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("REGISTRY_DATABASE_URL", database_url(tmp_path))
    files = pki.write(tmp_path / "pki")
    with Instance.open(load_settings(data_dir=tmp_path)) as instance:
        smp = {"base_url": "https://smp.example.org", "smp_id": SMP_ID}
        domain = {"name": "demo", "smp": smp, "trust": demo_trust(pki)}
        stored = add_domain(instance, ACTOR, "demo", domain, signing_key=SigningKeyFile(files.smp))
        sml = SmlAdministration(instance.database, instance.journal, instance.registrar, instance.trust_models.of)
        sml.create_publisher(ACTOR, stored, Publisher("TAKER", "https://taker.example.org/", "1.1.1.1"))
        sml.register(ACTOR, stored, SMP_ID, [participant("0088:1"), participant("0088:2")])


def migration(*words: str) -> Result:
    return CliRunner().invoke(app, ["sml", "migration", *words])


def told(*words: str) -> list[dict[str, object]]:
    result = migration(*words, "--json")
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_prepared_migration_is_listed_shown_and_completed_by_the_key_that_was_printed() -> None:
    (prepared,) = told("prepare", ONE)
    key = str(prepared.pop("key"))
    assert validate_migration_key(key) == ()
    assert (prepared["smp_id"], str(prepared["prepared_by"])[:4]) == (SMP_ID, "cli:")
    assert told("list") == told("show", ONE) == told("list", "--smp", SMP_ID) == [prepared]
    assert told("list", "--smp", "TAKER") == []
    assert migration("complete", ONE, "TAKER", key).stdout == f"{ONE}: registered by TAKER now\n"
    assert told("list") == []
    (ended,) = told("history")
    assert (ended["outcome"], ended["from_smp_id"], ended["to_smp_id"]) == ("completed", SMP_ID, "TAKER")
    assert key not in json.dumps(ended)


def test_history_is_filtered_and_ends_where_it_was_told_to() -> None:
    for who in (ONE, TWO, TWO):
        told("prepare", who, "--key", "Ab12!!cd34-Xy")
        migration("cancel", who)
    assert len(told("history")) == 3
    assert [row["value"] for row in told("history", "--limit", "2")] == ["0088:2", "0088:2"]
    assert len(told("history", "--participant", ONE)) == 1
    assert told("history", "--smp", "TAKER") == []
    line = migration("history", "--limit", "1").stdout.split("\t")
    assert [part.strip() for part in line[1:]] == [TWO, "cancelled", SMP_ID, "-"]


def test_text_says_what_json_does() -> None:
    assert migration("prepare", ONE, "--key", "Ab12!!cd34-Xy").stdout.endswith("key: Ab12!!cd34-Xy\n")
    assert migration("list").stdout.split("\t")[:2] == [ONE, SMP_ID]
    assert migration("show", ONE).stdout.splitlines()[0] == ONE
    assert migration("cancel", ONE).stdout == f"{ONE}: cancelled\n"


def test_what_is_not_open_is_told_so() -> None:
    for words in (["cancel", ONE], ["show", ONE], ["complete", ONE, "TAKER", "Ab12!!cd34-Xy"]):
        assert isinstance(migration(*words).exception, NotFoundError)
