# SPDX-License-Identifier: Apache-2.0
"""Who learns of a participant (ADR 0092): outside, a private one answers as one that isn't there."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from registry.demo.content import demo_metadata
from registry.demo.pki import DemoPki
from registry.errors import NotFoundError
from registry.identifiers.url_form import encode_segment, participant_path, service_path
from registry.metadata import ServiceGroup, ServiceMetadata, Visibility
from registry.smp.documents.business_card import BusinessCard, BusinessEntity, EntityName
from registry.smp.exchange import Exporter
from registry.smp.http import SmpReadApp
from registry.smp.participants import Participants
from registry.smp.publishing import Outcome, Published
from registry.storage.document_cache import CacheLimits
from registry.storage.document_reader import open_document_reader
from registry.storage.engine import Database
from registry.storage.queries import registrations
from registry.storage.unit_of_work import Topic
from tests.simulators.asgi import Reply, call
from tests.simulators.live import SMP_ID
from tests.simulators.offline import ACTOR, BASE_URL, OfflineInstance, offline_instance, participant

WHO = participant()
CONDITIONS: tuple[tuple[tuple[bytes, bytes], ...], ...] = (
    (),
    ((b"if-none-match", b"*"),),
    ((b"if-modified-since", b"Fri, 31 Dec 2049 00:00:00 GMT"),),
)


class World:
    """An SMP, and another process that serves the same database."""

    def __init__(self, offline: OfflineInstance) -> None:
        self.offline = offline
        self.instance, self.stored = offline.instance, offline.stored
        self.people = Participants(self.instance.database, self.instance.publishing, self.instance.registrar)
        self.metadata: ServiceMetadata = replace(demo_metadata(offline.pki.access_points)[0], participant=WHO)
        self.database = Database(self.instance.database.engine.url.render_as_string(False), offline.clock)
        self.reader = open_document_reader(self.database, CacheLimits(10, 1_000_000), lambda: True)
        # As `storage.changes.ChangeListener` does with what the commit of another process tells.
        self.told: list[frozenset[Topic]] = []
        self.instance.database.watch(self.reader.changed)
        self.instance.database.watch(self.told.append)
        self.app = SmpReadApp(
            self.instance.directory, self.reader, self.instance.signer, self.instance.business_cards, offline.clock
        )

    def publish(self) -> None:
        """A participant with a service and a card."""
        self.instance.publishing.put_service_metadata(ACTOR, self.stored, self.metadata, create_group=True)
        card = BusinessCard(WHO, (BusinessEntity((EntityName("Somebody"),), "BE"),))
        self.instance.business_cards.publish(ACTOR, self.stored, card)

    def show_to(self, visibility: Visibility) -> Published:
        """Change who learns of it."""
        return self.people.show_to(ACTOR, self.stored, WHO, visibility)

    def asked(self) -> list[tuple[int, tuple[tuple[str, str], ...], bytes]]:
        """All that the public can ask about it, in every dialect, by GET and HEAD, with conditions and without."""
        paths = [
            participant_path(WHO),
            service_path(WHO, self.metadata.document_type),
            f"/bdxr-smp-2{participant_path(WHO)}",
            f"/bdxr-smp-2{service_path(WHO, self.metadata.document_type)}",
            f"/businesscard/{encode_segment(str(WHO))}",
        ]
        found = []
        for path in paths:
            for method in ("GET", "HEAD"):
                for headers in CONDITIONS:
                    reply: Reply = call(self.app, method, path.encode(), headers=headers)
                    found.append((reply.status, reply.header_list, reply.body))
        return found


@pytest.fixture
def world(tmp_path: Path, pki: DemoPki) -> Iterator[World]:
    smp = {"base_url": BASE_URL, "smp_id": SMP_ID, "dialects": ["busdox", "bdxr2"]}
    with offline_instance(tmp_path, pki, smp=smp, default=True) as offline:
        made = World(offline)
        yield made
        made.reader.close()
        made.database.dispose()


def statuses(world: World) -> set[int]:
    return {status for status, _, _ in world.asked()}


def test_who_is_private_answers_as_one_that_was_never_there(world: World) -> None:
    unknown = world.asked()
    assert {status for status, _, _ in unknown} == {404}
    world.publish()
    assert statuses(world) == {200, 304}
    public = world.asked()  # by now signed, and kept where anything is kept
    world.show_to(Visibility.PRIVATE)
    assert world.asked() == unknown
    world.show_to(Visibility.PUBLIC)
    assert world.asked() == public


def test_who_is_private_before_anything_was_signed_is_not_there_either(world: World) -> None:
    unknown = world.asked()
    world.publish()
    world.show_to(Visibility.PRIVATE)
    assert world.asked() == unknown


def test_who_is_internal_is_looked_up_as_ever(world: World) -> None:
    world.publish()
    public = world.asked()
    world.show_to(Visibility.INTERNAL)
    assert world.asked() == public


def test_a_change_is_told_to_every_process_with_its_commit(world: World) -> None:
    world.publish()
    world.told.clear()
    assert world.show_to(Visibility.PRIVATE).outcome is Outcome.UPDATED
    assert Topic.DOCUMENTS in frozenset().union(*world.told)


def test_the_same_again_changes_nothing_and_nobody_else_is_changed(world: World) -> None:
    world.publish()
    assert world.show_to(Visibility.PUBLIC).outcome is Outcome.UNCHANGED
    with pytest.raises(NotFoundError):
        world.people.show_to(ACTOR, world.stored, participant("0088:nobody"), Visibility.PRIVATE)


def test_administrators_see_who_is_private(world: World) -> None:
    world.publish()
    world.show_to(Visibility.PRIVATE)
    row = world.people.find(world.stored, WHO)
    assert row is not None
    assert (row.visibility, row.services) == (Visibility.PRIVATE, 1)
    exported = list(
        Exporter(world.instance.database, world.instance.signer, world.stored).run(world.offline.folder / "x")
    )
    assert [item.reasons for item in exported if item.reasons] == []


def test_its_registration_stays_and_is_warned_of(world: World) -> None:
    world.publish()
    (warning,) = world.show_to(Visibility.PRIVATE).warnings
    assert "private, but registered at the SML" in warning
    key = world.stored.domain.identifiers.participant_key(WHO)
    with world.instance.database.read() as connection:
        assert registrations.find(connection, world.stored.id, [(WHO.scheme, key)])


def test_a_private_participant_of_a_wildcard_scheme_is_answered_by_the_wildcard(tmp_path: Path, pki: DemoPki) -> None:
    smp = {"base_url": BASE_URL, "smp_id": SMP_ID, "dialects": ["busdox", "bdxr2"]}
    sml = {"wildcard_owners": {WHO.scheme: [SMP_ID]}}
    with offline_instance(tmp_path, pki, smp=smp, sml=sml, default=True) as offline:
        world = World(offline)
        template = replace(world.metadata, participant=replace(WHO, value="*"))
        world.instance.publishing.put_service_metadata(ACTOR, world.stored, template, create_group=True)
        by_wildcard = world.asked()[:-6]  # without those of the card, which wildcards don't have
        world.instance.publishing.put_service_group(ACTOR, world.stored, ServiceGroup(WHO), in_sml=False)
        world.publish()
        world.show_to(Visibility.PRIVATE)
        assert world.asked()[:-6] == by_wildcard
        world.reader.close()
        world.database.dispose()


@pytest.mark.parametrize("default", list(Visibility))
def test_a_domain_says_what_newcomers_are(tmp_path: Path, pki: DemoPki, default: Visibility) -> None:
    with offline_instance(tmp_path, pki, visibility={"default": default.value}) as offline:
        offline.instance.publishing.put_service_group(ACTOR, offline.stored, ServiceGroup(WHO))
        people = Participants(offline.instance.database, offline.instance.publishing, offline.instance.registrar)
        row = people.find(offline.stored, WHO)
        assert row is not None
        assert row.visibility is default
        said = ServiceGroup(participant("0088:7300010000002"), visibility=Visibility.INTERNAL)
        offline.instance.publishing.put_service_group(ACTOR, offline.stored, said)
        other = people.find(offline.stored, said.participant)
        assert other is not None
        assert other.visibility is Visibility.INTERNAL
