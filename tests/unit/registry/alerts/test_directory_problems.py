# SPDX-License-Identifier: Apache-2.0
"""What is the matter with a directory: how long it hasn't known what it should, and whom it refuses."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.alerts.finders import directories
from registry.alerts.problem import Problem, ProblemKind, Severity
from registry.app.directory_metrics import directory_gauges
from registry.demo.pki import DemoPki
from tests.simulators.directory_office import DirectoryOffice, directory_office

pytestmark = pytest.mark.database


@pytest.fixture
def office(tmp_path: Path, pki: DemoPki) -> Iterator[DirectoryOffice]:
    with directory_office(tmp_path, pki) as made:
        yield made


def found(office: DirectoryOffice) -> list[Problem]:
    database = office.offline.instance.database
    with database.read() as connection:
        return list(directories(connection, office.stored.id, "demo", database.now()))


def test_a_directory_that_takes_nothing_is_told_after_a_while_and_becomes_worse(office: DirectoryOffice) -> None:
    office.publish("0088:one")
    office.directory.away = True
    office.push()
    assert found(office) == []
    office.offline.clock.forward(hours=1)
    (problem,) = found(office)
    assert (problem.kind, problem.severity) == (ProblemKind.DIRECTORY_LAG, Severity.WARNING)
    assert problem.parameters["participants"] == 1
    office.offline.clock.forward(days=1)
    assert [each.severity for each in found(office)] == [Severity.ERROR]
    office.directory.away = False
    office.push()
    assert found(office) == []


def test_participants_that_it_refuses_are_told_as_such_and_are_no_lag(office: DirectoryOffice) -> None:
    office.publish("0088:one")
    office.directory.statuses.append(400)
    office.push()
    office.offline.clock.forward(days=2)
    (problem,) = found(office)
    assert (problem.kind, problem.parameters) == (ProblemKind.DIRECTORY_FAILED, {"participants": 1})


def test_gauges_tell_states_and_lag(office: DirectoryOffice) -> None:
    office.publish("0088:one")
    office.offline.clock.forward(seconds=30)
    values = {
        (sample.name, *sample.labels.values()): sample.value
        for metric in directory_gauges(office.offline.instance)
        for sample in metric.samples
    }
    assert values["registry_directory_participants", "demo", "waiting"] == 1
    assert values["registry_directory_participants", "demo", "current"] == 0
    assert values["registry_directory_lag_seconds", "demo"] == 30
