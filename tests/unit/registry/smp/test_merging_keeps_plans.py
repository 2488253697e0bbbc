# SPDX-License-Identifier: Apache-2.0
"""What is planned for an access point stays planned while other parts of a document change."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from registry.demo.pki import DemoPki
from registry.smp.access_points import AccessPoints
from tests.simulators.management import Office, open_office
from tests.simulators.offline import ACTOR


@pytest.fixture
def office(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Iterator[Office]:
    with open_office(tmp_path_factory.mktemp("office"), pki) as opened:
        yield opened


@pytest.mark.parametrize("management", ["phoss", "native"])
def test_planned_change_of_an_access_point_outlives_a_change_of_another_process(
    office: Office, management: str
) -> None:
    papers, client = office.metadata(), office.client(management)
    client.publish(papers.of(papers.process("a")))
    instance = office.offline.instance
    points = AccessPoints(instance.database, office.demo, instance.trust_models.of(office.demo.domain))
    (row,) = points.listed()
    instant = office.offline.clock() + timedelta(hours=1)
    points.change(ACTOR, row.name, address="https://planned.example.org/as4", at=instant)

    both = papers.of(papers.process("b")) if management == "phoss" else papers.of(*map(papers.process, "ab"))
    assert client.ask("PUT", papers.path, both.document).status == 200
    assert client.ask("GET", papers.path).body.count(papers.endpoint.address.encode()) == 2

    office.offline.clock.forward(hours=2)
    served = client.ask("GET", papers.path).body
    assert b"https://planned.example.org/as4" in served
