# SPDX-License-Identifier: Apache-2.0
"""A rehearsed write sees what it wrote itself, and leaves neither rows nor callbacks behind."""

import pytest

from registry.audit.events import about, record
from registry.errors import NotFoundError
from registry.storage.queries import service_groups
from registry.storage.rehearsal import RehearsalDatabase
from tests.simulators.offline import ACTOR, OfflineInstance


def test_rehearsed_write_is_rolled_back(offline: OfflineInstance) -> None:
    called: list[str] = []
    database = offline.instance.database
    rehearsal = RehearsalDatabase(database)
    with rehearsal.write(ACTOR) as work:
        record(work, "test:event", "subject")
        work.after_commit(lambda: called.append("committed"))
        assert len(about(rehearsal, "subject")) == 1
    assert about(database, "subject") == []
    assert called == []


def test_error_of_a_rehearsed_use_case_is_its_own(offline: OfflineInstance) -> None:
    with pytest.raises(NotFoundError, match="gone"), RehearsalDatabase(offline.instance.database).write(ACTOR):
        raise NotFoundError("gone")


def test_rehearsal_reads_what_is_there_at_the_same_time(offline: OfflineInstance) -> None:
    rehearsal = RehearsalDatabase(offline.instance.database)
    offline.clock.forward(hours=1)
    assert rehearsal.now() == offline.clock.now
    with rehearsal.read() as connection:
        assert service_groups.count(connection, offline.stored.id) == 0
