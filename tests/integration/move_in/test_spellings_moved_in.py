# SPDX-License-Identifier: Apache-2.0
"""Sources that keep apart what is one participant here: loaded, and loaded again as spellings come and go."""

from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from registry.app.move_in import Moving, load
from registry.app.move_in_sources import SourceChoice
from registry.move_in.model import SourceKind, Verdict, part_of
from registry.move_in.report import Limits, Report
from registry.move_in.sources.sql import WORDS
from registry.settings import load_settings
from registry.storage.queries import service_groups
from tests.simulators import phoss_database as phoss
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.phoss_database import SCHEME

if TYPE_CHECKING:
    from tests.simulators.mariadb import MariaDb
    from tests.simulators.postgresql import Cluster

UPPER, LOWER = "9915:TEST", "9915:test"
KEYS = (
    f"{SCHEME}::{UPPER}",
    f"{SCHEME} :: {LOWER} ",
    "urn:oasis:names:tc:ebcore:partyid-type:iso6523::0088:A",
    f"{SCHEME}::9915:GRÜN",
    f"{SCHEME}::9915:İI",
    "no-scheme",
)
Source = tuple[Callable[[Collection[str]], None], SourceChoice]


@pytest.fixture
def table(offline: OfflineInstance) -> Source:
    """A CSV, written anew with each content."""
    file = offline.folder / "participants.csv"

    def hold(values: Collection[str]) -> None:
        file.write_text("participant\n" + "".join(f"{SCHEME}::{value}\n" for value in values))

    return hold, SourceChoice(SourceKind.CSV, file=file)


@pytest.fixture
def database(cluster: "Cluster") -> Iterator[Source]:
    """A phoss SMP on PostgreSQL, whose keys are compared by octets."""
    url = cluster.new_database()
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        phoss.create(connection)
        phoss.put_user(connection, "admin", "admin@example.org")

    def hold(values: Collection[str]) -> None:
        with engine.begin() as connection:
            held = set(connection.execute(text("SELECT businessIdentifier FROM smp_service_group")).scalars())
            for value in held - set(values):
                for name in ("smp_ownership", "smp_service_group"):
                    connection.execute(text(f"DELETE FROM {name} WHERE businessIdentifier = :value"), {"value": value})  # noqa: S608
            for value in set(values) - held:
                phoss.put_participant(connection, value)

    yield hold, SourceChoice(SourceKind.PHOSS_SQL, url)
    engine.dispose()
    cluster.drop(url)


@pytest.fixture(params=["table", "database"])
def source(request: pytest.FixtureRequest) -> Source:
    found: Source = request.getfixturevalue(request.param)
    return found


def test_a_participant_is_here_as_long_as_the_source_has_one_of_its_spellings(
    offline: OfflineInstance, source: Source
) -> None:
    hold, choice = source

    def loaded(*values: str) -> Report:
        hold([*values, "9915:other"])
        settings, moving = load_settings(data_dir=offline.folder), Moving(choice, offline.stored)
        return load(offline.instance, settings, ACTOR, moving, Limits(100, 100), lambda _what, _number: None)

    both = loaded(UPPER, LOWER)
    assert (both.tally.count(Verdict.REFUSED), both.tally.reasons) == (1, {"MOVE-IN-TWICE": 1})
    assert spelled(offline) == UPPER
    assert loaded(LOWER).tally.count(Verdict.REMOVED) == 0
    assert spelled(offline) == LOWER
    assert loaded(LOWER, UPPER).tally.count(Verdict.REFUSED) == 1
    assert spelled(offline) == UPPER
    assert loaded().tally.reasons == {}
    assert spelled(offline) is None


def spelled(offline: OfflineInstance) -> str | None:
    with offline.instance.database.read() as connection:
        found = service_groups.find(connection, offline.stored.id, SCHEME, LOWER)
    return None if found is None else found.participant.value


@pytest.mark.parametrize("on", ["mariadb", "postgresql"])
def test_the_databases_count_parts_as_we_do(request: pytest.FixtureRequest, on: str) -> None:
    server: MariaDb | Cluster = request.getfixturevalue("mariadb" if on == "mariadb" else "cluster")
    url = server.new_database()
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE named (name varchar(200))"))
        connection.execute(text("INSERT INTO named VALUES (:name)"), [{"name": key} for key in KEYS])
        found = connection.execute(text(f"SELECT name, {WORDS[on].digits('name')} FROM named")).all()  # noqa: S608
    engine.dispose()
    server.drop(url)
    assert {(key, int(digits, 16)) for key, digits in found} == {(key, part_of(key)) for key in KEYS}
