# SPDX-License-Identifier: Apache-2.0
"""A participant moves between two SMPs, each with the commands of its own operator, over mutual TLS and DNS."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from registry.app.domain_setup import SigningKeyFile, add_domain
from registry.app.instance import Instance
from registry.cli.main import app
from registry.demo.content import demo_metadata
from registry.demo.pki import DemoPki, identity_pem
from registry.identifiers.participant import ParticipantIdentifier
from registry.settings import load_settings
from registry.sml.administration import SmlAdministration
from registry.sml.errors import SmlError
from registry.sml.model import Publisher
from registry.smp.documents.busdox import write_service_metadata
from registry.storage.queries import service_groups
from tests.simulators.live import ACTOR, SMP_ID, LiveInstance, demo_trust
from tests.simulators.offline import participant

NEWCOMER = "SMP-NEWCOMER"


@dataclass(slots=True)
class Smps:
    """The old SMP is that of the live instance, which is the SML, too; the newcomer has an instance of its own."""

    live: LiveInstance
    newcomer: Path
    identity: Path
    monkeypatch: pytest.MonkeyPatch

    def publish(self, value: str) -> ParticipantIdentifier:
        """Publish a participant at the old SMP."""
        metadata = replace(demo_metadata(self.live.pki.access_points)[0], participant=participant(value))
        self.live.instance.publishing.put_service_metadata(ACTOR, self.live.stored, metadata, create_group=True)
        self.live.wait_for_dns()
        return metadata.participant

    def at_old(self, *words: object) -> Result:
        return self._run(self.live.settings.data_dir, self.live.settings.database_url, words)

    def at_new(self, *words: object) -> Result:
        """With what reaches the SML of the live instance."""
        sml = ("--sml", f"{self.live.addresses.sml}/edelivery-sml", "--identity", self.identity)
        return self._run(self.newcomer, f"sqlite:///{self.newcomer / 'own.sqlite3'}", (*words, *sml, "--ca", self.root))

    @property
    def root(self) -> Path:
        return self.live.files.root

    def _run(self, folder: Path, url: str, words: tuple[object, ...]) -> Result:
        self.monkeypatch.setenv("REGISTRY_DATA_DIR", str(folder))
        self.monkeypatch.setenv("REGISTRY_DATABASE_URL", url)
        return CliRunner().invoke(app, ["participant", *map(str, words)])

    def served_by_newcomer(self, who: ParticipantIdentifier) -> bool:
        settings = load_settings(data_dir=self.newcomer, database_url=f"sqlite:///{self.newcomer / 'own.sqlite3'}")
        with Instance.open(settings) as instance:
            (stored,) = instance.directory.all()
            key = stored.domain.identifiers.participant_key(who)
            with instance.database.read() as connection:
                return service_groups.find(connection, stored.id, who.scheme, key) is not None

    def owner(self, who: ParticipantIdentifier) -> str:
        instance = self.live.instance
        sml = SmlAdministration(instance.database, instance.journal, instance.registrar, instance.trust_models.of)
        return sml.registration(self.live.stored, who).smp_id


@pytest.fixture
def smps(live: LiveInstance, pki: DemoPki, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Smps:
    folder = tmp_path / "newcomer"
    folder.mkdir()
    files = pki.write(folder / "pki")
    own = pki.smp.certificate
    validity = {"not_before": own.not_valid_before_utc, "not_after": own.not_valid_after_utc}
    identity = folder / "identity.pem"
    identity.write_bytes(identity_pem(pki.smp_ca.issue("SMP_NEWCOMER", "PEPPOL TEST SMP", **validity)))
    settings = load_settings(data_dir=folder, database_url=f"sqlite:///{folder / 'own.sqlite3'}")
    with Instance.open(settings) as instance:
        domain = {
            "name": "demo",
            "smp": {"base_url": "https://newcomer.example.org", "smp_id": NEWCOMER},
            "sml": {"enabled": False},
            "trust": demo_trust(pki),
        }
        add_domain(instance, ACTOR, "demo", domain, signing_key=SigningKeyFile(files.smp))
    with live.sml_client(identity) as sml:
        sml.create_publisher(Publisher(NEWCOMER, "https://newcomer.example.org", "192.0.2.9"))
    return Smps(live, folder, identity, monkeypatch)


def offered(smps: Smps, who: ParticipantIdentifier) -> str:
    done = smps.at_old("move-out", str(who), "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["participant"], told["outcome"]) == (str(who), "prepared")
    return str(told["key"])


def test_participant_moves_with_what_its_old_smp_says_of_it(smps: Smps) -> None:
    who = smps.publish("0088:travelling")
    key = offered(smps, who)
    early = smps.at_old("move-out", str(who), "--finish")
    assert (early.exit_code, early.stdout.split("\t")[1]) == (1, "refused")
    done = smps.at_new("move-in", who, key, "--dns", smps.live.addresses.dns, "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["outcome"] == "migrated"
    assert (smps.owner(who), smps.served_by_newcomer(who)) == (NEWCOMER, True)
    assert smps.at_old("move-out", str(who), "--status").stdout.split() == [str(who), "taken", "over"]
    assert smps.at_old("move-out", str(who), "--finish").stdout.split() == [str(who), "withdrawn"]
    again = smps.at_new("move-in", who, key)
    assert (again.exit_code, again.stdout.split("\t")[1].strip()) == (0, "already ours")


def test_wrong_key_leaves_everything_where_it_is(smps: Smps) -> None:
    who = smps.publish("0088:staying")
    offered(smps, who)
    done = smps.at_new("move-in", who, "Zz99!!yy88-Ww", "--dns", smps.live.addresses.dns)
    assert isinstance(done.exception, SmlError)
    assert done.exception.code == 111
    assert (smps.owner(who), smps.served_by_newcomer(who)) == (SMP_ID, False)


def test_cancelled_key_is_good_for_nothing(smps: Smps) -> None:
    who = smps.publish("0088:kept")
    key = offered(smps, who)
    assert smps.at_old("move-out", str(who), "--cancel").exit_code == 0
    assert smps.at_new("move-in", who, key, "--dns", smps.live.addresses.dns).exit_code == 1
    assert smps.owner(who) == SMP_ID


def test_participant_comes_from_files_and_goes_back_by_the_same_commands(smps: Smps, tmp_path: Path) -> None:
    who = smps.publish("0088:returning")
    metadata = replace(demo_metadata(smps.live.pki.access_points)[0], participant=who)
    (tmp_path / "invoice.xml").write_bytes(write_service_metadata(metadata))
    assert smps.at_new("move-in", who, offered(smps, who), "--from", tmp_path / "invoice.xml").exit_code == 0
    prepared = smps.at_new("move-out", who, "--json")
    key = json.loads(prepared.stdout)["key"]
    back = smps.at_old("move-in", str(who), key)
    assert back.exit_code == 0, back.output
    assert smps.owner(who) == SMP_ID
    assert smps.at_new("move-out", who, "--finish").stdout.split() == [str(who), "withdrawn"]


def test_one_that_is_refused_keeps_no_other_back(smps: Smps) -> None:
    who = smps.publish("0088:offered")
    done = smps.at_old("move-out", "iso6523-actorid-upis::0088:nobody", str(who))
    assert done.exit_code == 1
    assert [line.split("\t")[1] for line in done.stdout.splitlines()] == ["refused", "prepared"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--status", "--finish"], "only one of --status, --finish and --cancel"),
        (["--redirect", "https://other.example.org"], "--redirect goes with --finish"),
        (["--finish", "--redirect", "https://other.example.org"], "--redirect needs --redirect-certificate"),
    ],
    ids=["two things", "redirect alone", "redirect without certificate"],
)
def test_options_that_make_no_sense_together_are_refused(smps: Smps, words: list[str], said: str) -> None:
    done = smps.at_old("move-out", "iso6523-actorid-upis::0088:1", *words)
    assert done.exit_code == 2
    assert said in " ".join(done.output.replace("│", " ").split())
