# SPDX-License-Identifier: Apache-2.0
"""Every use case, killed before and after each of its commits: nothing acknowledged is lost, nothing is there by half.

Killed before its nth commit, a use case has left what it had after the one before; killed after it, what it has then.
Run once more it comes to the same end as if nobody had disturbed it, or says that it was done already.
"""

import inspect
from pathlib import Path

import pytest
from sqlalchemy import and_, select

import registry
from registry.app.domain_setup import SigningKeyFile, add_domain
from registry.app.instance import Instance
from registry.clock import system_clock
from registry.demo.pki import DemoPki
from registry.settings import load_settings
from registry.sml.model import SmlOperations
from registry.storage.engine import Database
from registry.storage.tables import publisher, registration, zone_change, zone_rrset
from tests.simulators.crashes import Prepared, writers_in
from tests.simulators.live import SMP_ID, demo_trust
from tests.simulators.offline import BASE_URL
from tests.simulators.use_cases import ACTOR, USE_CASES, World, prepare

pytestmark = [pytest.mark.slow, pytest.mark.sqlite]
ELSEWHERE = {
    "registry.storage.installation:check_installation": "runs before there is anything to lose",
    "registry.storage.postgresql_dump:restore": "test_restore_killed.py",
    "registry.jobs.worker:Worker._give_back": "a worker that is told to stop: the claim would run out anyway",
    "registry.jobs.worker:Worker._renewed.renew": "a claim that isn't renewed runs out",
    "registry.dns.transfer.sending:ZoneSender._note": "what a transfer has cost, which another one costs otherwise",
    "registry.move_in.loading:Loader._rehearse_some": "a plan, which takes back whatever it has done",
    "registry.dns.notify:Notifier._ours": "a lease that nobody took is taken when it is looked next",
    "registry.app.server_check_job:server_check_job.looked_at": "how far a job is that would begin anew",
    "registry.app.directory_job:orphans_job.looked_at": "how far a job is that would begin anew",
    "registry.app.server_check_job:_note": "what a look has found that would begin anew",
    "registry.app.server_check_job:request_checks": "all at once, of each job one, by a job that would begin anew",
    "registry.api.management.desk:Desk._put_group": "puts use cases together, and commits once",
}
"""Transactions that are no use case, and why."""
DIFFERS_AGAIN = {
    "remind_those_who_are_late": "a message has another id each time",
    "count_campaigns_in_background": "a job whose worker died waits for its lease to run out",
    "tell_of_problems": "a message that was being sent is tried again later",
    "make_and_remove_webhook": "a channel that was there already is refused",
    "fail_to_login": "each attempt counts",
    "login_at_provider": "each login has a session of its own",
    "sign_in_background": "a job whose worker died waits for its lease to run out",
    "put_off_job": "a job whose worker died waits for its lease to run out",
    "do_job": "a job whose worker died waits for its lease to run out",
    "undo_intervention": "it names another one by its number, of which PostgreSQL gives none twice",
    "give_back_by_job": "a job whose worker died waits for its lease to run out",
    "fail_job": "a job whose worker died waits for its lease to run out",
    "expire_migrations": "a job whose worker died waits for its lease to run out",
    "carry_out_bulk": "a job whose worker died waits for its lease to run out",
    "follow_publisher_in_background": "a job whose worker died waits for its lease to run out",
    "transfer_publisher_in_background": "a job whose worker died waits for its lease to run out",
    "remove_publisher_in_background": "a job whose worker died waits for its lease to run out",
    "compare_every_night": "a job whose worker died waits for its lease to run out",
    "check_in_background": "a job whose worker died waits for its lease to run out",
    "load_what_has_changed": "what came and has gone since is in the journal of the zone, as often as that was so",
    "plan_import": "a plan that was broken off stays, and another one is made",
    "give_up_plan": "a plan that was broken off stays, and another one is made",
    "approve_plan": "a plan that was broken off stays, and another one is made",
    "reject_plan": "a plan that was broken off stays, and another one is made",
    "propose_participant": "each proposal is a plan of its own",
    "apply_plan": "a job whose worker died waits for its lease to run out",
    "apply_replacement": "a job whose worker died waits for its lease to run out",
    "plan_what_can_t_be_read": "a plan that was broken off stays, and another one is made",
    "adopt_restored_database": "each restore moves the serials on",
    "repair_zone": "each repair moves the serial on",
    "tell_directory": "what was being told is told again later",
    "tell_directory_to_forget": "what was being told is told again later",
    "tell_directory_in_vain": "what was being told is told again later, and failed once more",
    "tell_directory_now": "each request is told",
    "tell_directory_without_a_key": "each failure counts",
    "put_directory_right": "what was corrected is corrected again, since the list is the same",
}
"""Use cases that do something else the second time, and why."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def prepared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Prepared:
    folder = tmp_path_factory.mktemp("killed")
    cluster = request.getfixturevalue("cluster") if request.param == "postgresql" else None
    url = cluster.migrated_database() if cluster else f"sqlite:///{folder / 'registry.sqlite3'}"
    moment = system_clock().replace(microsecond=0)
    files = pki.write(folder / "pki")
    smp = {"base_url": BASE_URL, "smp_id": SMP_ID, "dialects": ["busdox", "bdxr2"]}
    domain = {"name": "demo", "smp": smp, "trust": demo_trust(pki)}
    with Instance.open(load_settings(data_dir=folder, database_url=url), lambda: moment) as instance:
        stored = add_domain(instance, ACTOR, "demo", domain, signing_key=SigningKeyFile(files.smp))
        prepare(World(instance, stored, pki, folder, lambda: moment))
    return Prepared(folder, pki, lambda: moment, url, cluster)


@pytest.fixture(scope="module")
def writers(prepared: Prepared) -> dict[str, set[str]]:
    """What wrote in each use case that has run on this database already."""
    return {}


def check_consistent(database: Database) -> None:
    """Tables, journal and zone say the same of each name, and each registered participant has one."""
    with database.read() as connection:
        held = {(row.zone_id, row.owner, row.rdtype): row.content for row in connection.execute(select(zone_rrset))}
        changes = connection.execute(select(zone_change).order_by(zone_change.c.sequence)).all()
        found = and_(~registration.c.suspended, ~publisher.c.suspended)  # what is suspended has no name
        named = select(registration.c.label).join(publisher, publisher.c.id == registration.c.publisher_id)
        labels = set(connection.execute(named.where(found)).scalars())
    told = {(row.zone_id, row.owner, row.rdtype): row.after for row in changes}
    assert {key: after for key, after in told.items() if after is not None} == held
    assert labels <= {owner for _, owner, _ in held}


@pytest.mark.timeout(600)  # some have twenty commits: eighty processes, one after the other
@pytest.mark.parametrize("name", USE_CASES)
def test_killed_use_case_has_done_all_of_it_or_nothing(
    prepared: Prepared, writers: dict[str, set[str]], name: str
) -> None:
    act = USE_CASES[name]
    with prepared.copy() as url:
        course = prepared.run(url, act)
    assert course is not None
    assert not course.refused
    writers[name] = course.writers
    for number in range(1, len(course.states)):
        for moment, expected in (("before", course.states[number - 1]), ("after", course.states[number])):
            with prepared.copy() as url:
                assert prepared.run(url, act, (moment, number)) is None, "it ended by itself"
                assert prepared.state(url) == expected
                again = prepared.run(url, act)
                assert again is not None
                same = prepared.state(url, numbers=False) == course.end
                assert again.refused or same or name in DIFFERS_AGAIN
                with prepared.database(url) as database:
                    check_consistent(database)


@pytest.mark.timeout(600)  # by itself, or first in a random order, it has to run every use case
def test_every_transaction_of_the_product_is_in_a_use_case_of_this_test(
    prepared: Prepared, writers: dict[str, set[str]]
) -> None:
    for name, act in USE_CASES.items():
        if name not in writers:
            with prepared.copy() as url:
                course = prepared.run(url, act)
            assert course is not None
            writers[name] = course.writers
    seen = set[str]().union(*writers.values())
    written = writers_in(Path(registry.__file__).parent)
    # Routes and commands put use cases together: those join the one transaction of the kernel or the command.
    together = {name for name in written if name.startswith(("registry.api.v1.", "registry.cli."))}
    assert written - seen - ELSEWHERE.keys() - together == set()
    assert "registry.api.v1.routing:_Writer.carry_out" in seen
    assert ELSEWHERE.keys() <= written


def test_every_operation_of_the_sml_is_a_use_case_of_this_test() -> None:
    operations = {name for name, _ in inspect.getmembers(SmlOperations, inspect.isfunction) if name[0] != "_"}
    assert operations <= USE_CASES.keys()
