# SPDX-License-Identifier: Apache-2.0
"""Erasure: nobody reads what was said of a subject, everything else stays, and the chain is whole."""

import pytest
from sqlalchemy import select

from registry.audit import chain
from registry.audit.events import EventFilter, about, record, search
from registry.audit.subjects import Erasure, erase_subject, planned_erasure
from registry.audit.verification import verify
from registry.errors import ConfigurationError, NotFoundError
from registry.storage.engine import Actor, Database
from registry.storage.tables import event_subject
from tests.simulators.databases import everything_in

WHO = "iso6523-actorid-upis::0088:forgotten"
OTHER = "iso6523-actorid-upis::0088:stays"
TAG = "smp:service-group:update"
ERASED = "audit:subject:erase"


@pytest.fixture
def told(database: Database, actor: Actor) -> Database:
    """Two events about `WHO`, one of them in the chain, and one about somebody else."""
    with database.write(actor) as work:
        record(work, TAG, WHO, after="first")
        record(work, TAG, OTHER, after="other")
    chain.seal(database)
    with database.write(actor) as work:
        record(work, TAG, WHO, after="second")
    return database


def erase(database: Database, actor: Actor, subject: str = WHO) -> Erasure:
    with database.write(actor) as work:
        return erase_subject(work, subject)


def test_plan_counts_and_changes_nothing(told: Database) -> None:
    assert planned_erasure(told, WHO).sealed_events == 2
    assert [found.after for found in about(told, WHO)] == ["first", "second"]


def test_erased_subject_is_read_by_nobody_and_the_chain_stays_whole(told: Database, actor: Actor) -> None:
    with told.read() as connection:
        salts = {bytes(salt) for salt in connection.execute(select(event_subject.c.salt)).scalars()}
    assert erase(told, actor).sealed_events == 2
    assert about(told, WHO) == []
    shown = search(told, EventFilter(tag=TAG)).events
    assert [(found.subject, found.after, found.unreadable) for found in shown] == [
        ("", None, "erased"),
        (OTHER, "other", ""),
        ("", None, "erased"),
    ]
    with told.read() as connection:
        left = {bytes(salt) for salt in connection.execute(select(event_subject.c.salt)).scalars() if salt is not None}
    assert len(salts - left) == 1
    chain.seal(told)
    assert verify(told).finding is None


def test_erasure_is_on_record_without_a_name(told: Database, actor: Actor) -> None:
    erase(told, actor)
    with told.read() as connection:
        erased = connection.execute(select(event_subject.c.id).where(event_subject.c.salt.is_(None))).scalar_one()
    (found,) = search(told, EventFilter(tag=ERASED)).events
    assert (found.subject, found.after) == (f"subject:{erased}", {"events": 2})
    assert "forgotten" not in everything_in(told)


def test_what_is_recorded_afterwards_can_be_read_and_erased_again(told: Database, actor: Actor) -> None:
    with told.write(actor) as work:
        erase_subject(work, WHO)
        record(work, TAG, WHO, after="third")
    assert [found.after for found in about(told, WHO)] == ["third"]
    assert erase(told, actor, WHO.upper()).sealed_events == 1
    assert len({found.subject for found in search(told, EventFilter(tag=ERASED)).events}) == 2
    assert about(told, WHO) == []


def test_subject_that_nobody_knows_can_not_be_erased(told: Database, actor: Actor) -> None:
    with pytest.raises(NotFoundError, match="no sealed event"):
        erase(told, actor, "iso6523-actorid-upis::0088:nobody")
    erase(told, actor)
    with pytest.raises(NotFoundError):
        erase(told, actor)
    with pytest.raises(NotFoundError):
        planned_erasure(told, WHO)


def test_events_from_before_they_were_sealed_are_counted_apart(told: Database, actor: Actor) -> None:
    with told.write(actor) as work:
        record(work, "old:event:tag", WHO)
    assert erase(told, actor).plain_events == 1
    with pytest.raises(NotFoundError, match="1 events from before"):
        erase(told, actor)


def test_erasure_needs_the_master_key(told: Database, actor: Actor) -> None:
    told.master_key = None
    with pytest.raises(ConfigurationError):
        erase(told, actor)
