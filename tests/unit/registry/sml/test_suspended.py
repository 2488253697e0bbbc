# SPDX-License-Identifier: Apache-2.0
"""Our own SMP, suspended at our SML: it calls nobody, and may change what is registered no more than another one."""

import pytest

from registry.errors import ConflictError
from registry.metadata import ServiceGroup
from registry.storage.queries import publishers
from tests.simulators.live import SMP_ID
from tests.simulators.offline import ACTOR, OfflineInstance, participant

KNOWN, NEW = participant("0088:1"), participant("0088:2")


def suspend(offline: OfflineInstance, *, suspended: bool) -> None:
    with offline.instance.database.write(ACTOR) as work:
        (row,) = publishers.find(work.connection, [offline.stored.id], SMP_ID)
        publishers.set_suspended(work, row.id, suspended=suspended)


def test_suspended_smp_registers_and_deregisters_nobody_by_publishing(offline: OfflineInstance) -> None:
    publishing, stored = offline.instance.publishing, offline.stored
    publishing.put_service_group(ACTOR, stored, ServiceGroup(KNOWN))
    suspend(offline, suspended=True)
    with pytest.raises(ConflictError, match="is suspended"):
        publishing.put_service_group(ACTOR, stored, ServiceGroup(NEW))
    with pytest.raises(ConflictError, match="is suspended"):
        publishing.delete_service_group(ACTOR, stored, KNOWN)
    suspend(offline, suspended=False)
    publishing.put_service_group(ACTOR, stored, ServiceGroup(NEW))
    publishing.delete_service_group(ACTOR, stored, KNOWN)
