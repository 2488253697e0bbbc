# SPDX-License-Identifier: Apache-2.0
"""What is told to old systems over their interfaces arrives: at another installation that speaks their dialects."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509

from registry.accounts.tokens import create_token
from registry.app.instance import Instance
from registry.demo.content import demo_metadata
from registry.demo.pki import DemoPki
from registry.errors import ConfigurationError, NotFoundError, TechnicalError, UnauthorizedError
from registry.identifiers.participant import ParticipantIdentifier
from registry.metadata import ServiceGroup
from registry.move_in.replay.changes import Change, Subject
from registry.move_in.replay.domisml import DomiSmlReplay, IdentityHeader, OldSmlAccess
from registry.move_in.replay.domismp import DomiSmpReplay
from registry.move_in.replay.old_api import OldAccess, OldApi
from registry.move_in.replay.old_smp import OldSmp
from registry.move_in.replay.phoss import PhossReplay
from registry.move_in.replay.published import Published, published
from registry.sml.model import Caller, Publisher
from registry.smp.documents.business_card import BusinessCard, BusinessEntity, EntityName, write_business_card
from registry.storage.queries import publishers, registrations
from tests.simulators.live import ACTOR, SMP_ID, LiveInstance, live_instance
from tests.simulators.offline import OfflineInstance, participant

REPLAYS: dict[str, type[OldSmp]] = {"phoss": PhossReplay, "domismp": DomiSmpReplay}
ADDRESS = "https://smp-other.example.org"


@pytest.fixture(scope="module")
def other(pki: DemoPki) -> x509.Certificate:
    own = pki.smp.certificate
    dates = {"not_before": own.not_valid_before_utc, "not_after": own.not_valid_after_utc}
    return pki.smp_ca.issue("SMP_OTHER", "PEPPOL TEST SMP", **dates).certificate


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki, other: x509.Certificate) -> Iterator[LiveInstance]:
    """The old system: SMP and SML."""
    rules = {"sml_plain_bind": "127.0.0.1:0", "sml_proxy_networks": ("127.0.0.0/8",)}
    forms = {"sml_proxy_forms": ("ec-names", "ssl-client-cert")}
    with live_instance(tmp_path_factory.mktemp("old"), pki, **rules, **forms) as running:
        # By names alone only those are known there that have called before.
        caller = Caller(other, "request-1")
        running.instance.sml.create_publisher(caller, Publisher("SMP-OTHER", "https://before.example.org", "192.0.2.1"))
        running.run(running.serving.refresh())
        yield running


# SMPs


@pytest.fixture(params=list(REPLAYS))
def smp(
    request: pytest.FixtureRequest, old: LiveInstance, offline: OfflineInstance, tmp_path: Path
) -> Iterator[OldSmp]:
    name = f"replay-{request.param}-{tmp_path.name}"[:60]
    token = create_token(old.instance.database, ACTOR, name, management=request.param)
    secret = tmp_path / "secret"
    secret.write_text(f"{name}:{token}\n")
    api = OldApi(OldAccess(f"{old.addresses.manage}/domains/demo", secret))
    with closing(REPLAYS[request.param](offline.instance.database, offline.instance.directory, api)) as replay:
        yield replay


def change(offline: OfflineInstance, who: ParticipantIdentifier) -> Change:
    return Change(offline.stored.id, Subject.PUBLISHED, str(who))


def there(old: LiveInstance, who: ParticipantIdentifier) -> Published | None:
    return published(old.instance.database, old.stored, who)


def test_participant_goes_there_as_it_is_here_and_again_where_it_changes(
    smp: OldSmp, old: LiveInstance, offline: OfflineInstance
) -> None:
    publishing, stored = offline.instance.publishing, offline.stored
    first, *others = demo_metadata(offline.pki.access_points)
    who = first.participant
    second = replace(next(each for each in others if each.document_type != first.document_type), participant=who)
    publishing.put_service_group(ACTOR, stored, ServiceGroup(who))
    publishing.put_service_metadata(ACTOR, stored, first)
    publishing.put_service_metadata(ACTOR, stored, second)
    for _ in range(2):
        smp.take(change(offline, who))
        assert there(old, who) == published(offline.instance.database, stored, who)
    publishing.delete_service_metadata(ACTOR, stored, who, second.document_type)
    moved = replace(first.process_metadata[0].endpoints[0], address="https://elsewhere.example.org/as4")
    processes = (replace(first.process_metadata[0], endpoints=(moved,)), *first.process_metadata[1:])
    publishing.put_service_metadata(ACTOR, stored, replace(first, process_metadata=processes))
    smp.take(change(offline, who))
    held = there(old, who)
    assert held is not None
    assert held.services == (replace(first, process_metadata=processes),)
    publishing.delete_service_group(ACTOR, stored, who)
    for _ in range(2):
        smp.take(change(offline, who))
        assert there(old, who) is None


def test_business_card_goes_to_phoss_alone(smp: OldSmp, old: LiveInstance, offline: OfflineInstance) -> None:
    who, stored = participant("0088:card"), offline.stored
    offline.instance.publishing.put_service_group(ACTOR, stored, ServiceGroup(who))
    card = write_business_card(BusinessCard(who, (BusinessEntity((EntityName("Example"),), "BE"),)))
    offline.instance.business_cards.put(ACTOR, stored, who, card)
    smp.take(change(offline, who))
    held = there(old, who)
    assert held is not None
    assert (held.business_card is not None) is isinstance(smp, PhossReplay)
    offline.instance.business_cards.delete(ACTOR, stored, who)
    smp.take(change(offline, who))
    held = there(old, who)
    assert held is not None
    assert held.business_card is None
    offline.instance.publishing.delete_service_group(ACTOR, stored, who)
    smp.take(change(offline, who))


def test_wrong_password_missing_file_and_silence_are_told_apart(
    old: LiveInstance, offline: OfflineInstance, tmp_path: Path
) -> None:
    secret, who = tmp_path / "wrong", participant("0088:new")
    secret.write_text("nobody:wrong\n")
    offline.instance.publishing.put_service_group(ACTOR, offline.stored, ServiceGroup(who))
    database, directory = offline.instance.database, offline.instance.directory
    for url, expected in (
        (f"{old.addresses.manage}/domains/demo", UnauthorizedError),
        ("http://127.0.0.1:9", TechnicalError),
    ):
        with (
            closing(PhossReplay(database, directory, OldApi(OldAccess(url, secret)))) as replay,
            pytest.raises(expected) as caught,
        ):
            replay.take(change(offline, who))
        assert "wrong" not in str(caught.value)
    secret.write_text("nothing")
    for file in (secret, tmp_path / "missing"):
        with pytest.raises(ConfigurationError, match=file.name):
            OldApi(OldAccess("http://127.0.0.1:9", file))


# The SML


@pytest.fixture(params=list(IdentityHeader))
def sml(request: pytest.FixtureRequest, old: LiveInstance, offline: OfflineInstance) -> Iterator[DomiSmlReplay]:
    access = OldSmlAccess(f"{old.addresses.sml_plain}/edelivery-sml", request.param)
    with closing(DomiSmlReplay(offline.instance.database, offline.instance.directory, access)) as replay:
        yield replay


def registered_at(instance: Instance, who: ParticipantIdentifier) -> str | None:
    stored = instance.directory.get("demo")
    key = stored.domain.identifiers.participant_key(who)
    with instance.database.read() as connection:
        rows = registrations.find(connection, stored.id, [(who.scheme, key)])
        names = publishers.smp_ids(connection, {row.publisher_id for row in rows})
    return names[rows[0].publisher_id] if rows else None


def test_registrations_go_there_move_there_and_end_there(
    sml: DomiSmlReplay, old: LiveInstance, offline: OfflineInstance, other: x509.Certificate
) -> None:
    service, caller, stored = offline.instance.sml, offline.caller(), offline.stored
    who, key, smp_ids = participant("0088:moves"), "11AAbb$$11AAbb$$", frozenset({SMP_ID, "SMP-OTHER"})
    service.create_publisher(offline.caller(other), Publisher("SMP-OTHER", ADDRESS, "192.0.2.1"))
    service.create_participants(caller, SMP_ID, [who])

    def told() -> str | None:
        for _ in range(2):  # the second time it is there already
            sml.take(Change(stored.id, Subject.REGISTRATION, str(who), smp_ids))
        return registered_at(old.instance, who)

    for smp_id in sorted(smp_ids):
        sml.take(Change(stored.id, Subject.PUBLISHER, smp_id))
    assert told() == SMP_ID
    service.prepare_migration(caller, SMP_ID, who, key)
    service.migrate(offline.caller(other), "SMP-OTHER", who, key)
    assert told() == "SMP-OTHER"
    service.delete_participants(offline.caller(other), "SMP-OTHER", [who])
    assert told() is None


def test_addresses_of_an_smp_go_there(sml: DomiSmlReplay, old: LiveInstance, offline: OfflineInstance) -> None:
    here = offline.instance.sml.read_publisher(offline.caller(), SMP_ID)
    sml.take(Change(offline.stored.id, Subject.PUBLISHER, SMP_ID))
    with old.sml_client() as client:
        assert client.read_publisher(SMP_ID).logical_address == here.logical_address


def test_smp_of_which_no_certificate_is_known_is_refused_by_name(sml: DomiSmlReplay, offline: OfflineInstance) -> None:
    with pytest.raises(NotFoundError, match="SMP-GONE"):
        sml.take(Change(offline.stored.id, Subject.PUBLISHER, "SMP-GONE"))
