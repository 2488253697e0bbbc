# SPDX-License-Identifier: Apache-2.0
"""The life of a migration: each ends once, in one way, and history and audit say in which."""

import contextlib
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography import x509
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.audit import events
from registry.errors import NotFoundError
from registry.identifiers.dns_names import participant_owner
from registry.identifiers.migration_key import new_migration_key
from registry.jobs.queue import enqueue
from registry.jobs.worker import Worker
from registry.sml import migrations as life
from registry.sml.administration import SmlAdministration
from registry.sml.errors import SmlError
from registry.sml.migration_ends import end_migrations_in
from registry.sml.model import Publisher
from registry.storage.engine import Actor
from registry.storage.queries import jobs, migrations, publishers, registrations
from registry.storage.queries.migrations import EndedMigration, Outcome
from tests.simulators.live import SMP_ID
from tests.simulators.offline import ACTOR, OfflineInstance, offline_instance, participant

KEY = "Ab12!!cd34-Xy"
OTHER_KEY = "Zz99!!yy88-Ww"
ONE = participant("0088:1")
SUBJECT = "iso6523-actorid-upis::0088:1"


@pytest.fixture(scope="session")
def taker(pki) -> x509.Certificate:
    """The certificate of the SMP that takes participants over."""
    own = pki.smp.certificate
    validity = {"not_before": own.not_valid_before_utc, "not_after": own.not_valid_after_utc}
    return pki.smp_ca.issue("SMP_TAKER", "PEPPOL TEST SMP", **validity).certificate


@pytest.fixture
def ready(offline: OfflineInstance, taker: x509.Certificate) -> OfflineInstance:
    """Two SMPs, and a participant of the first one whose migration is open."""
    sml = offline.instance.sml
    sml.create_publisher(offline.caller(taker), Publisher("TAKER", "https://taker.example.org/", "1.1.1.1"))
    sml.create_participants(offline.caller(), SMP_ID, [ONE])
    sml.prepare_migration(offline.caller(), SMP_ID, ONE, KEY)
    return offline


def administration(offline: OfflineInstance) -> SmlAdministration:
    instance = offline.instance
    return SmlAdministration(instance.database, instance.journal, instance.registrar, instance.trust_models.of)


def history(offline: OfflineInstance) -> list[EndedMigration]:
    return administration(offline).migration_history(offline.stored, None, 100)


def tags(offline: OfflineInstance) -> list[str]:
    told = [event.tag for event in events.about(offline.instance.database, SUBJECT)]
    return [tag for tag in told if tag.startswith("sml:migration:")]


def expire(offline: OfflineInstance) -> int:
    """Run the recurring job once; how many it ended."""
    database = offline.instance.database
    with database.write(ACTOR) as work:
        job_id = enqueue(work, life.EXPIRE, {})
    Worker(database, {life.EXPIRE: life.expire_migrations}, "test").run_one()
    with database.read() as connection:
        row = jobs.find(connection, job_id)
    assert row is not None
    assert row.state == "done"
    return int(row.result["expired"])


def refusal(call: Callable[[], object]) -> SmlError:
    with pytest.raises(SmlError) as caught:
        call()
    return caught.value


def complete(offline: OfflineInstance, taker: x509.Certificate) -> None:
    offline.instance.sml.migrate(offline.caller(taker), "TAKER", ONE, KEY)


def cancel(offline: OfflineInstance) -> None:
    administration(offline).cancel_migration(ACTOR, offline.stored, ONE)


def prepare_again(offline: OfflineInstance) -> None:
    offline.instance.sml.prepare_migration(offline.caller(), SMP_ID, ONE, OTHER_KEY)


def transfer(offline: OfflineInstance) -> None:
    administration(offline).move(ACTOR, offline.stored, [ONE], "TAKER")


def run_out(offline: OfflineInstance) -> None:
    offline.clock.forward(days=90)
    assert expire(offline) == 1


@pytest.mark.parametrize(
    ("ending", "outcome", "to_smp_id"),
    [
        (cancel, Outcome.CANCELLED, None),
        (prepare_again, Outcome.REPLACED, None),
        (transfer, Outcome.TRANSFERRED, "TAKER"),
        (run_out, Outcome.EXPIRED, None),
    ],
    ids=["cancelled", "replaced", "transferred", "expired"],
)
def test_what_ends_a_migration_is_in_its_history_and_ends_its_key(
    ready: OfflineInstance, taker: x509.Certificate, ending: Callable[..., None], outcome: Outcome, to_smp_id: str
) -> None:
    ending(ready)
    (ended,) = history(ready)
    assert (ended.outcome, ended.from_smp_id, ended.to_smp_id) == (outcome, SMP_ID, to_smp_id)
    assert ended.prepared_by == ready_caller(ready)
    assert refusal(lambda: complete(ready, taker)).code == 111


def ready_caller(offline: OfflineInstance) -> str:
    certificate = offline.pki.smp.certificate
    return f"certificate:{certificate.subject.rfc4514_string()}:{certificate.serial_number:016x}"


def test_preparing_with_the_same_key_is_the_same_migration_with_new_time(ready: OfflineInstance) -> None:
    first = administration(ready).migration(ready.stored, ONE)
    ready.clock.forward(days=60)
    ready.instance.sml.prepare_migration(ready.caller(), SMP_ID, ONE, KEY)
    again = administration(ready).migration(ready.stored, ONE)
    assert history(ready) == []
    assert again.prepared_at == first.prepared_at
    assert again.expires_at == ready.clock.now + life.timedelta(days=90)


def test_completed_migration_names_both_sides(ready: OfflineInstance, taker: x509.Certificate) -> None:
    complete(ready, taker)
    (ended,) = history(ready)
    assert (ended.outcome, ended.from_smp_id, ended.to_smp_id) == (Outcome.COMPLETED, SMP_ID, "TAKER")
    assert "SMP_TAKER" in ended.ended_by
    assert refusal(lambda: complete(ready, taker)).code == 111, "a key is good once"


def test_unregistering_ends_what_nobody_may_complete_any_more(ready: OfflineInstance) -> None:
    ready.clock.forward(days=90)
    ready.instance.sml.delete_participants(ready.caller(), SMP_ID, [ONE])
    assert [row.outcome for row in history(ready)] == [Outcome.EXPIRED]
    assert tags(ready) == ["sml:migration:prepare", "sml:migration:expire"]
    assert expire(ready) == 0


def test_expiry_is_announced_exactly_once(ready: OfflineInstance) -> None:
    ready.clock.forward(days=89, hours=23)
    assert expire(ready) == 0
    ready.clock.forward(hours=1)
    expires_at = ready.clock.now
    ready.clock.forward(minutes=30)
    assert [expire(ready), expire(ready)] == [1, 0]
    assert tags(ready) == ["sml:migration:prepare", "sml:migration:expire"]
    (ended,) = history(ready)
    assert ended.ended_at == expires_at, "when its key ceased to be good, not when somebody looked"


@pytest.mark.parametrize("meeting", [prepare_again, transfer], ids=["preparing", "transferring"])
def test_whoever_comes_across_an_expired_one_announces_it(
    ready: OfflineInstance, meeting: Callable[[OfflineInstance], None]
) -> None:
    ready.clock.forward(days=91)
    meeting(ready)
    assert [row.outcome for row in history(ready)] == [Outcome.EXPIRED]
    assert tags(ready).count("sml:migration:expire") == 1
    assert expire(ready) == 0


def test_cancelling_what_has_expired_says_that_none_is_open(ready: OfflineInstance) -> None:
    ready.clock.forward(days=90)
    with pytest.raises(NotFoundError):
        cancel(ready)
    assert tags(ready) == ["sml:migration:prepare"], "what was refused was taken back whole"
    assert expire(ready) == 1


def test_days_that_a_migration_stays_open_are_the_domains(tmp_path, pki) -> None:
    with offline_instance(tmp_path, pki, sml={"enabled": True, "migration_days": 7}) as offline:
        offline.instance.sml.create_participants(offline.caller(), SMP_ID, [ONE])
        offline.instance.sml.prepare_migration(offline.caller(), SMP_ID, ONE, KEY)
        opened = administration(offline).migration(offline.stored, ONE)
        assert opened.expires_at is not None
        assert (opened.expires_at - opened.prepared_at).days == 7


def test_refusal_to_delete_names_the_migration_behind_the_text_that_clients_know(ready: OfflineInstance) -> None:
    error = refusal(lambda: ready.instance.sml.delete_participants(ready.caller(), SMP_ID, [ONE]))
    now = ready.clock.now
    begin = (
        "[ERR-114] The participant identifier '0088:1' with scheme: 'iso6523-actorid-upis' can't be deleted: "
        "its migration is planned"
    )
    assert str(error).startswith(begin)
    assert str(error).endswith(
        f" (prepared by {ready_caller(ready)} at {now:%Y-%m-%dT%H:%MZ}, "
        f"open until {now.replace(tzinfo=None) + life.timedelta(days=90):%Y-%m-%dT%H:%MZ})"
    )
    assert error.code == 114


def test_bulk_moves_end_the_migrations_of_their_range_only(ready: OfflineInstance) -> None:
    sml = ready.instance.sml
    people = [participant(f"0088:{number}") for number in range(2, 6)]
    sml.create_participants(ready.caller(), SMP_ID, people)
    for each in people:
        sml.prepare_migration(ready.caller(), SMP_ID, each, KEY)
    admin = administration(ready)
    ids = [row.registration_id for row in admin.migrations(ready.stored, 0, 100)]
    assert len(ids) == 5
    with ready.instance.database.write(ACTOR) as work:
        (own,) = publishers.find(work.connection, [ready.stored.id], SMP_ID)
        (other,) = publishers.find(work.connection, [ready.stored.id], "TAKER")
        assert end_migrations_in(work, other.id, 0, ids[-1], Outcome.TRANSFERRED) == []
        ended = end_migrations_in(work, own.id, ids[0], ids[2], Outcome.TRANSFERRED, "TAKER")
    assert sorted(row.value for row in ended) == ["0088:2", "0088:3"]
    assert [row.registration_id for row in admin.migrations(ready.stored, 0, 100)] == [ids[0], ids[3], ids[4]]


def test_of_two_who_complete_at_once_one_wins(ready: OfflineInstance, taker: x509.Certificate) -> None:
    sml, caller = ready.instance.sml, ready.caller(taker)
    sml.create_publisher(caller, Publisher("TAKER-2", "https://taker-2.example.org/", "1.1.1.1"))
    start, outcomes = threading.Barrier(2), []

    def take(smp_id: str) -> None:
        start.wait()
        try:
            sml.migrate(caller, smp_id, ONE, KEY)
            outcomes.append("won")
        except SmlError as error:
            outcomes.append(str(error.code))

    threads = [threading.Thread(target=take, args=(smp_id,)) for smp_id in ("TAKER", "TAKER-2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["111", "won"]
    assert [row.outcome for row in history(ready)] == [Outcome.COMPLETED]


def test_of_completing_and_cancelling_at_once_one_wins(ready: OfflineInstance, taker: x509.Certificate) -> None:
    start, outcomes = threading.Barrier(2), []

    def act(name: str, call: Callable[[], None]) -> None:
        start.wait()
        with contextlib.suppress(SmlError, NotFoundError):
            call()
            outcomes.append(name)

    threads = [
        threading.Thread(target=act, args=("completed", lambda: complete(ready, taker))),
        threading.Thread(target=act, args=("cancelled", lambda: cancel(ready))),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [row.outcome for row in history(ready)] == outcomes


_STEPS = st.lists(
    st.sampled_from(["prepare", "cancel", "complete", "transfer", "wait", "expire", "return"]), min_size=1, max_size=12
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=_STEPS)
def test_each_migration_that_was_prepared_ends_at_most_once(
    ready: OfflineInstance, taker: x509.Certificate, steps: list[str]
) -> None:
    sml, admin, keys = ready.instance.sml, administration(ready), [KEY]

    def prepare() -> None:
        keys.append(new_migration_key())
        sml.prepare_migration(ready.caller(), SMP_ID, ONE, keys[-1])

    def state() -> tuple[int, int, int]:
        opened = admin.migrations(ready.stored, 0, 10)
        prepared = tags(ready).count("sml:migration:prepare")
        expired = [row for row in history(ready) if row.outcome is Outcome.EXPIRED]
        assert tags(ready).count("sml:migration:expire") == len(expired)
        return prepared, len(history(ready)), len(opened)

    acts: dict[str, Callable[[], object]] = {
        "prepare": prepare,
        "cancel": lambda: cancel(ready),
        "complete": lambda: sml.migrate(ready.caller(taker), "TAKER", ONE, keys[-1]),
        "transfer": lambda: transfer(ready),
        "wait": lambda: ready.clock.forward(days=50),
        "expire": lambda: expire(ready),
        "return": lambda: admin.move(ACTOR, ready.stored, [ONE], SMP_ID),
    }
    for step in steps:
        with contextlib.suppress(SmlError, NotFoundError):
            acts[step]()
        prepared, ended, opened = state()
        with ready.instance.database.read() as connection:
            noted = len(migrations.page(connection, 0, 10, ready.clock.now.replace(year=2000)))
        assert prepared == ended + noted, "each is open, or waits to be noted as expired, or has ended"
        assert opened <= noted <= 1


def test_migration_lifts_no_suspension(ready: OfflineInstance, taker: x509.Certificate) -> None:
    name = (participant_owner(ONE), "NAPTR")
    assert name in ready.zone_state()
    with ready.instance.database.write(ACTOR) as work:
        (row,) = ready.instance.registrar.find(work, ready.stored, [ONE])
        (holder,) = publishers.find(work.connection, [ready.stored.id], SMP_ID)
        registrations.set_suspended(work, [row.id], suspended=True)
        ready.instance.registrar.point(work, ready.stored, holder, [replace(row, suspended=True)])
    assert name not in ready.zone_state()
    complete(ready, taker)
    assert name not in ready.zone_state()


def test_who_works_for_the_operator_prepares_in_place_of_the_smp(
    ready: OfflineInstance, taker: x509.Certificate
) -> None:
    admin = administration(ready)
    operator = Actor("account:ops")
    opened = admin.prepare_migration(operator, ready.stored, ONE, OTHER_KEY)
    assert (opened.smp_id, opened.prepared_by) == (SMP_ID, "account:ops")
    admin.complete_migration(operator, ready.stored, ONE, "taker", OTHER_KEY)
    assert [row.outcome for row in history(ready)] == [Outcome.COMPLETED, Outcome.REPLACED]
    assert admin.registration(ready.stored, ONE).smp_id == "TAKER"
