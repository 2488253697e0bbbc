# SPDX-License-Identifier: Apache-2.0
"""Databases of old systems, planned, loaded, and loaded again as `registry move-in` does it."""

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text

from registry.app.move_in import Moving, chosen_move, load, moving_of, plan, standings
from registry.app.move_in_cutover import carry_over_again
from registry.app.move_in_receivers import Choices
from registry.app.move_in_sources import SourceChoice
from registry.demo.pki import DemoPki
from registry.errors import ConfigurationError, ConflictError, NotFoundError, TechnicalError
from registry.move_in.loading import Loader
from registry.move_in.model import Kind, SourceKind, Verdict
from registry.move_in.moves import end_move
from registry.move_in.report import Limits, Report
from registry.move_in.sources.phoss_sql import PhossSql
from registry.move_in.states import State
from registry.settings import load_settings
from registry.sml.model import Publisher
from registry.storage.queries import service_groups
from tests.simulators import phoss_database
from tests.simulators.domisml_database import ZONE, DomiSml
from tests.simulators.domisml_oddities import certificates_of, fill_oddly
from tests.simulators.mariadb import MariaDb
from tests.simulators.offline import ACTOR, OfflineInstance

ALL = Limits(100, 100)
PEOPLE = 300


def planned(offline: OfflineInstance, moving: Moving) -> Report:
    settings = load_settings(data_dir=offline.folder)
    return plan(offline.instance, settings, ACTOR, moving, lambda _what, _number: None)


def loaded(offline: OfflineInstance, moving: Moving, limits: Limits = ALL) -> Report:
    settings = load_settings(data_dir=offline.folder)
    return load(offline.instance, settings, ACTOR, moving, limits, lambda _what, _number: None)


# An SMP


@pytest.fixture
def phoss(mariadb: MariaDb) -> Iterator[Engine]:
    url = mariadb.new_database()
    engine = create_engine(url)
    with engine.connect() as connection:
        phoss_database.create(connection)
        phoss_database.fill(connection, participants=PEOPLE, access_points=10)
    yield engine
    engine.dispose()
    mariadb.drop(url)


def from_phoss(offline: OfflineInstance, engine: Engine) -> Moving:
    url = engine.url.render_as_string(hide_password=False)
    return Moving(SourceChoice(SourceKind.PHOSS_SQL, url), offline.stored, Choices(keep_untrusted=True))


def test_a_phoss_smp_moves_in_as_it_was_planned(offline: OfflineInstance, phoss: Engine) -> None:
    moving = from_phoss(offline, phoss)
    wanted = planned(offline, moving)
    assert wanted.tally.counts[Kind.PARTICIPANT, Verdict.CREATED] == PEOPLE
    done = loaded(offline, moving)
    assert done.tally.to_json() == wanted.tally.to_json()
    with offline.instance.database.read() as connection:
        assert len(service_groups.page(connection, offline.stored.id, 0, 1_000)) == PEOPLE


def test_of_a_phoss_smp_only_what_has_changed_is_taken_again(offline: OfflineInstance, phoss: Engine) -> None:
    moving = from_phoss(offline, phoss)
    loaded(offline, moving)
    assert loaded(offline, moving).tally.total == 0
    with phoss.connect() as connection:
        connection.execute(text("UPDATE smp_endpoint SET technicalContactUrl = 'mailto:new@example.org' LIMIT 1"))
        connection.execute(text("DELETE FROM smp_service_group WHERE businessIdentifier = '9915:00000007'"))
        connection.commit()
        phoss_database.fill(connection, participants=2, first=PEOPLE + 1)
    again = moving_of(offline.instance, chosen_move(offline.instance, offline.stored), moving.source.url)
    assert again.choices == moving.choices
    assert loaded(offline, again).tally.counts == {
        (Kind.PARTICIPANT, Verdict.UPDATED): 1,
        (Kind.PARTICIPANT, Verdict.REMOVED): 1,
        (Kind.PARTICIPANT, Verdict.CREATED): 2,
    }


def test_what_nobody_has_written_to_since_it_was_carried_over_is_not_read_again(
    offline: OfflineInstance, phoss: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    moving = from_phoss(offline, phoss)
    number = loaded(offline, moving).move_id
    asked: list[PhossSql] = []
    sums = PhossSql.checksums

    def counted(source: PhossSql) -> Any:
        asked.append(source)
        return sums(source)

    monkeypatch.setattr(PhossSql, "checksums", counted)

    def carried_over() -> tuple[int, int]:
        """How many records, and how often the source was summed up for them."""
        asked.clear()
        settings = load_settings(data_dir=offline.folder)
        return carry_over_again(offline.instance, settings, ACTOR, number, moving), len(asked)

    run = Loader.run

    def dies(*args: Any) -> None:
        run(*args)
        raise TechnicalError("broken off")

    def address(said: str) -> None:
        with phoss.begin() as connection:
            connection.execute(text("UPDATE smp_endpoint SET endpointReference = :said"), {"said": said})

    address("https://one.example/as4")
    assert carried_over() == (PEOPLE, 1)
    assert carried_over() == (0, 0)
    address("https://two.example/as4")
    with monkeypatch.context() as broken:
        broken.setattr(Loader, "run", dies)
        with pytest.raises(TechnicalError, match="broken off"):
            carried_over()
    address("https://one.example/as4")
    assert carried_over() == (PEOPLE, 1), "what had come of the other state goes back"
    assert carried_over() == (0, 0)
    loaded(offline, moving)
    assert carried_over() == (0, 1), "a load isn't the cutover's"


def test_what_is_kept_of_a_source_has_no_secrets(offline: OfflineInstance, phoss: Engine, mariadb: MariaDb) -> None:
    url = mariadb.new_user(phoss.url.render_as_string(hide_password=False))
    moving = Moving(SourceChoice(SourceKind.PHOSS_SQL, url), offline.stored)
    planned(offline, moving)
    source = chosen_move(offline.instance, offline.stored).source
    assert source == f"mysql+pymysql://localhost/{phoss.url.database}"
    assert "reader" not in repr(moving)


def test_a_user_without_rights_is_told_what_is_missing_and_nothing_has_begun(
    offline: OfflineInstance, phoss: Engine, mariadb: MariaDb
) -> None:
    url = mariadb.new_user(phoss.url.render_as_string(hide_password=False), on="smp_secuser")
    with pytest.raises(ConfigurationError, match="SELECT"):
        loaded(offline, Moving(SourceChoice(SourceKind.PHOSS_SQL, url), offline.stored))
    with pytest.raises(NotFoundError):
        chosen_move(offline.instance, offline.stored)


def test_a_dump_holds_what_the_database_held(
    offline: OfflineInstance, phoss: Engine, mariadb: MariaDb, tool: Any, tmp_path: Path
) -> None:
    moving = from_phoss(offline, phoss)
    loaded(offline, moving)
    dump = tmp_path / "phoss.sql"
    program = tool.path("mariadb-dump")
    with dump.open("wb") as written:
        subprocess.run(
            [program, f"--socket={mariadb.socket}", "--user=root", str(phoss.url.database)], stdout=written, check=True
        )
    from_dump = replace(moving, source=SourceChoice(SourceKind.PHOSS_SQL, file=dump))
    assert loaded(offline, from_dump).tally.total == 0
    assert sorted(file.name for file in (offline.folder / "move-in").iterdir()) == []


# An SML


@pytest.fixture
def domisml(mariadb: MariaDb, pki: DemoPki) -> Iterator[DomiSml]:
    url = mariadb.new_database("utf8mb3")
    with DomiSml(url) as database:
        database.create()
        fill_oddly(database, certificates_of(pki))
        yield database
    mariadb.drop(url)


def test_a_domisml_moves_in_as_it_was_planned_with_the_domains_that_it_makes(
    offline: OfflineInstance, domisml: DomiSml
) -> None:
    moving = Moving(SourceChoice(SourceKind.DOMISML_SQL, domisml.url), None)
    wanted = planned(offline, moving)
    offline.instance.directory.refresh()
    assert [stored.domain.name for stored in offline.instance.directory.all()] == ["demo"]
    done = loaded(offline, moving)
    assert done.tally.to_json() == wanted.tally.to_json()
    assert done.tally.counts[Kind.REGISTRATION, Verdict.CREATED] > 0
    assert done.unhoused
    move = chosen_move(offline.instance, None)
    offline.instance.directory.refresh()
    made = {stored.id: stored.domain for stored in offline.instance.directory.all() if stored.domain.name != "demo"}
    assert set(move.domain_ids) >= made.keys()
    assert ZONE in {domain.dns.zone for domain in made.values()}
    (standing,) = standings(offline.instance, load_settings(data_dir=offline.folder), [move], 100)
    refused = sum(verdicts.get("refused", 0) for verdicts in standing.records.values())
    assert len(standing.refusals) == min(refused, 100) == done.tally.count(Verdict.REFUSED)
    name = next(domain.name for domain in made.values() if domain.dns.zone == ZONE)
    stored = offline.instance.directory.get(name)
    with pytest.raises(ConflictError, match="moving in"):
        offline.instance.administration.create_publisher(
            ACTOR, stored, Publisher("SMP-NEW", "https://a.example/", "1.2.3.4")
        )
    end_move(offline.instance.database, ACTOR, move.id, offline.instance.directory)
    offline.instance.administration.create_publisher(
        ACTOR, stored, Publisher("SMP-NEW", "https://a.example/", "1.2.3.4")
    )


def test_of_a_domisml_nothing_is_taken_twice(offline: OfflineInstance, domisml: DomiSml) -> None:
    moving = Moving(SourceChoice(SourceKind.DOMISML_SQL, domisml.url), None)
    first = loaded(offline, moving).tally
    again = loaded(offline, moving).tally
    assert again.total == again.count(Verdict.REFUSED) == first.count(Verdict.REFUSED)
    assert chosen_move(offline.instance, None).state == State.LOADED
