# SPDX-License-Identifier: Apache-2.0
"""An instance without listeners whose domain has a directory, and what one does with both."""

import contextlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from registry.app.directory_job import ask_for_jobs
from registry.app.domain_setup import change_domain
from registry.app.job_handlers import handlers
from registry.demo.pki import DemoPki
from registry.directory.client import DirectoryClient
from registry.directory.keys import tls_context
from registry.directory.marking import place_of
from registry.directory.pushing import Pushed, Pusher
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.jobs.worker import Worker
from registry.metadata import ServiceGroup
from registry.settings import Settings, load_settings
from registry.smp.documents.business_card import BusinessCard, BusinessEntity, EntityName
from registry.smp.http import SmpReadApp
from registry.storage.document_reader import open_document_reader
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries import directory_entries, directory_standings
from registry.storage.queries.directory_entries import EntryRow
from registry.storage.queries.directory_standings import Standing
from tests.simulators.directory import (
    Directory,
    cards_of,
    profile_for,
    running_directory,
    settings_for,
    write_keys,
)
from tests.simulators.offline import ACTOR, OfflineInstance, offline_instance
from tests.simulators.server_certificates import ServerAuthority

LOOPBACK = ("127.0.0.0/8",)


@dataclass
class DirectoryOffice:
    """An instance, its domain's directory, and helpers."""

    offline: OfflineInstance
    directory: Directory
    settings: Settings

    @property
    def stored(self) -> StoredDomain:
        return self.offline.instance.directory.get("demo")

    def publish(self, value: str, name: str = "ACME") -> ParticipantIdentifier:
        """A participant with a card."""
        participant = ParticipantIdentifier(ISO6523, value)
        instance = self.offline.instance
        instance.publishing.put_service_group(ACTOR, self.stored, ServiceGroup(participant))
        entity = BusinessEntity(names=(EntityName(name),), country_code="BE")
        instance.business_cards.publish(ACTOR, self.stored, BusinessCard(participant, (entity,)))
        return participant

    def remove(self, participant: ParticipantIdentifier) -> None:
        self.offline.instance.publishing.delete_service_group(ACTOR, self.stored, participant)

    def pusher(self) -> Pusher:
        client = DirectoryClient(
            profile_for(self.directory),
            tls_context(self.settings.directory_key_dir, self.stored.domain.directory),
            LOOPBACK,
        )
        place, database = place_of(self.stored), self.offline.instance.database
        return Pusher(database, ACTOR, place, client, "demo", chance=random.Random(1))

    def push(self) -> Pushed:
        """Tell what is due, once."""
        pusher = self.pusher()
        with contextlib.closing(pusher.indexer):  # type: ignore[type-var]
            return pusher.run()

    def work(self) -> int:
        """Ask for the jobs that are due, and do them, until there is no more; how many there were."""
        instance, number = self.offline.instance, 0
        worker = Worker(instance.database, handlers(instance, self.settings), "test")
        while True:
            ask_for_jobs(instance)
            if not worker.run_one():
                return number
            number += 1

    def entry(self, participant: ParticipantIdentifier) -> EntryRow | None:
        key = (participant.scheme, self.stored.domain.identifiers.participant_key(participant))
        with self.offline.instance.database.read() as connection:
            return directory_entries.find(connection, self.stored.id, key)

    def standing(self) -> Standing:
        with self.offline.instance.database.read() as connection:
            return directory_standings.find(connection, self.stored.id)


@contextlib.contextmanager
def directory_office(folder: Path, pki: DemoPki) -> Iterator[DirectoryOffice]:
    """An office whose directory takes everything, until it is told otherwise."""
    authority = ServerAuthority()
    with offline_instance(folder, pki) as offline, contextlib.ExitStack() as holding:
        instance = offline.instance
        reader = holding.enter_context(contextlib.closing(open_document_reader(instance.database)))
        app = SmpReadApp(instance.directory, reader, instance.signer, instance.business_cards, offline.clock)
        with running_directory(folder / "directory-tls", pki, authority, cards_of(app)) as directory:
            settings = load_settings(data_dir=folder, directory_networks=",".join(LOOPBACK))
            write_keys(settings.directory_key_dir, pki, authority)
            change_domain(instance, ACTOR, "demo", {"directory": settings_for(directory)})
            yield DirectoryOffice(offline, directory, settings)
