# SPDX-License-Identifier: Apache-2.0
"""One card for each service group, replaced in place, gone with the group."""

import pytest

from registry.errors import NotFoundError
from registry.metadata import ServiceGroup
from registry.storage.queries import business_cards, service_groups
from tests.simulators.offline import ACTOR, OfflineInstance, participant

WHO = participant()


@pytest.fixture
def group(offline: OfflineInstance) -> service_groups.ServiceGroupRow:
    offline.instance.publishing.put_service_group(ACTOR, offline.stored, ServiceGroup(WHO))
    with offline.instance.database.read() as connection:
        found = service_groups.find(connection, offline.stored.id, WHO.scheme, WHO.value)
    assert found is not None
    return found


def held(offline: OfflineInstance) -> tuple[bytes, str, int] | None:
    with offline.instance.database.read() as connection:
        found = business_cards.find(connection, offline.stored.id, WHO.scheme, WHO.value)
    return found and (found.body, found.etag, found.last_modified)


def test_second_card_takes_the_place_of_the_first(
    offline: OfflineInstance, group: service_groups.ServiceGroupRow
) -> None:
    started = int(offline.clock.now.timestamp())
    for second, body in enumerate((b"one", b"two")):
        with offline.instance.database.write(ACTOR) as work:
            business_cards.put(work, group.id, body, f'"{second}"')
        assert held(offline) == (body, f'"{second}"', started + second)
        offline.clock.forward(seconds=1)


def test_removing_twice_is_no_error(offline: OfflineInstance, group: service_groups.ServiceGroupRow) -> None:
    with offline.instance.database.write(ACTOR) as work:
        business_cards.put(work, group.id, b"one", '"1"')
        business_cards.remove(work, group.id)
        business_cards.remove(work, group.id)
    assert held(offline) is None


def test_card_goes_with_its_group(offline: OfflineInstance, group: service_groups.ServiceGroupRow) -> None:
    with offline.instance.database.write(ACTOR) as work:
        business_cards.put(work, group.id, b"one", '"1"')
        service_groups.remove(work, group.id)
    assert held(offline) is None


def test_card_of_a_group_that_has_gone_is_not_found(
    offline: OfflineInstance, group: service_groups.ServiceGroupRow
) -> None:
    with offline.instance.database.write(ACTOR) as work:
        service_groups.remove(work, group.id)
        with pytest.raises(NotFoundError):
            business_cards.put(work, group.id, b"one", '"1"')
