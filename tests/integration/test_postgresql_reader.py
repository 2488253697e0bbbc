# SPDX-License-Identifier: Apache-2.0
"""The read path on PostgreSQL: one round trip, or none where the document is in memory and still right."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.demo.content import demo_metadata
from registry.demo.pki import DemoPki
from registry.errors import TechnicalError
from registry.smp.access_points import AccessPoints
from registry.storage.document_cache import CacheLimits
from registry.storage.document_reader import DocumentKey, DocumentReader, FoundService, open_document_reader
from registry.storage.engine import Database
from registry.storage.unit_of_work import Topic
from tests.simulators.offline import ACTOR, OfflineInstance, offline_instance
from tests.simulators.postgresql import Cluster

pytestmark = pytest.mark.slow


class Read:
    """A published and signed service, a reader with a cache, and another process that changes things."""

    def __init__(self, offline: OfflineInstance) -> None:
        self.offline = offline
        self.connected = True
        self.metadata = demo_metadata(offline.pki.access_points)[0]
        rules = offline.stored.domain.identifiers
        published = offline.instance.publishing.put_service_metadata(
            ACTOR, offline.stored, self.metadata, create_group=True
        )
        assert published.service_id is not None
        self.service_id = published.service_id
        offline.instance.signer.sign(self.service_id, "busdox")
        participant, document_type = self.metadata.participant, self.metadata.document_type
        self.key = DocumentKey(
            offline.stored.id,
            participant.scheme,
            rules.participant_key(participant),
            document_type.scheme,
            rules.document_type_key(document_type),
            "busdox",
        )
        # An object of its own, so that it isn't told of what the instance writes, as in another process.
        self.database = Database(offline.instance.database.engine.url.render_as_string(False), offline.clock)
        self.reader: DocumentReader = open_document_reader(
            self.database, CacheLimits(10, 1_000_000), lambda: self.connected
        )

    def find(self) -> FoundService | None:
        return self.reader.find(self.key, self.offline.clock(), with_body=True)

    def known(self) -> FoundService | None:
        return self.reader.known(self.key, self.offline.clock())


@pytest.fixture
def read(cluster: Cluster, tmp_path: Path, pki: DemoPki) -> Iterator[Read]:
    with offline_instance(tmp_path, pki, database=cluster.migrated_database()) as offline:
        opened = Read(offline)
        yield opened
        opened.reader.close()
        opened.database.dispose()


def test_what_was_read_is_known_with_the_same_bytes(read: Read) -> None:
    assert read.known() is None
    found = read.find()
    assert found is not None
    assert found.document == read.offline.instance.signer.current(read.service_id, "busdox")
    assert read.known() == found


def test_what_is_not_signed_or_not_there_is_not_kept(read: Read) -> None:
    other = read.metadata.participant
    missing = DocumentKey(read.key.domain_id, other.scheme, "0088:nobody", *("a", "b"), "busdox")
    assert read.reader.find(missing, read.offline.clock(), with_body=True) is None
    unsigned = DocumentKey(*(getattr(read.key, name) for name in list(DocumentKey.__dataclass_fields__)[:-1]), "bdxr1")
    found = read.reader.find(unsigned, read.offline.clock(), with_body=True)
    assert found is not None
    assert found.document is None
    assert len(read.reader._cache) == 0  # type: ignore[attr-defined]


def test_a_change_that_is_told_is_read_and_one_that_may_not_be_told_too(read: Read) -> None:
    before = read.find()
    read.offline.instance.publishing.delete_service_metadata(
        ACTOR, read.offline.stored, read.metadata.participant, read.metadata.document_type
    )
    assert read.known() == before, "nobody has told yet"
    read.connected = False
    assert read.known() is None
    read.connected = True
    read.reader.changed(frozenset({Topic.DOCUMENTS}))
    assert read.known() is None
    assert read.find() is None


def test_what_the_own_process_changes_is_forgotten_before_its_write_returns(read: Read) -> None:
    instance = read.offline.instance
    reader = open_document_reader(instance.database, CacheLimits(10, 1_000_000), lambda: True)
    assert reader.find(read.key, read.offline.clock(), with_body=True) == reader.known(read.key, read.offline.clock())
    instance.publishing.delete_service_metadata(
        ACTOR, read.offline.stored, read.metadata.participant, read.metadata.document_type
    )
    assert reader.known(read.key, read.offline.clock()) is None


def test_a_planned_change_is_served_from_its_instant_on(read: Read) -> None:
    offline = read.offline
    trust = offline.instance.trust_models.of(offline.stored.domain)
    points = AccessPoints(offline.instance.database, offline.stored, trust)
    instant = offline.clock().replace(microsecond=0)
    offline.clock.forward(seconds=-3600)
    for row in points.listed():
        points.change(ACTOR, row.name, address="https://moved.example.org/as4", at=instant)
    read.reader.changed(frozenset({Topic.DOCUMENTS}))
    before = read.find()
    assert before is not None
    assert read.known() == before
    offline.clock.forward(seconds=3599.999999)
    assert read.known() == before
    offline.clock.forward(seconds=0.000001)
    assert read.known() is None
    after = read.find()
    assert after is not None
    assert after.stamp != before.stamp
    assert after.document is None, "nobody has signed this state yet"


def test_a_server_that_was_started_anew_is_read_again(read: Read, cluster: Cluster) -> None:
    found = read.find()
    url = read.database.url.render_as_string(False)
    assert cluster.terminate(url) > 0
    assert read.find() == found


def test_a_server_that_is_gone_is_a_technical_error(read: Read, cluster: Cluster) -> None:
    url = read.database.url.render_as_string(False)
    read.find()
    cluster.drop(url)
    with pytest.raises(TechnicalError):
        read.find()
