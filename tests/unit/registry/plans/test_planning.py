# SPDX-License-Identifier: Apache-2.0
"""A plan says what a file would change, and changes nothing; applied, it does that and nothing else."""

import gzip

import pytest

from registry.app.plans import planner_of
from registry.audit import events
from registry.errors import ConfigurationError, ConflictError, NotFoundError, ValidationError
from registry.plans.applying import KIND, abandon, find_plan, is_stale, request_apply
from registry.plans.model import PlanKind, PlanOptions, PlanState
from registry.plans.sources import source_of
from registry.smp.exchange import Exporter
from registry.storage.queries import jobs, service_groups
from tests.simulators.offline import ACTOR, participant
from tests.simulators.plan_world import HEAD, PlanWorld

pytestmark = pytest.mark.database


def published(world: PlanWorld) -> int:
    with world.database.read() as connection:
        return service_groups.count(connection, world.stored.id)


def test_a_plan_tells_what_would_come_and_publishes_nothing(world: PlanWorld) -> None:
    plan = world.plan(world.table(1, 2, 3, 4))
    assert world.counts(plan) == {"added": 4}
    assert plan.state == PlanState.PLANNED
    assert published(world) == 0
    assert [(row.line, row.verdict) for row in world.rows(plan)] == [(number, "added") for number in (2, 3, 4, 5)]


def test_an_applied_plan_has_done_what_it_told_and_once_more_is_unchanged(world: PlanWorld) -> None:
    plan = world.apply(world.plan(world.table(1, 2, 3, 4)))
    assert (plan.state, plan.counts["done"], published(world)) == (PlanState.APPLIED, 4, 4)
    assert world.counts(world.plan(world.table(1, 2, 3, 4))) == {"unchanged": 4}
    assert all(row.done for row in world.rows(plan))


def test_what_changes_and_what_isn_t_in_the_file_is_told_with_what_it_says_now(world: PlanWorld) -> None:
    world.apply(world.plan(world.table(1, 2, 3, 4)))
    changed = world.table(1, address="https://new.example.org/as4")[:-1]
    plan = world.plan(b"\n".join((changed, world.row(2).encode())), removes=True)
    assert world.counts(plan) == {"changed": 1, "unchanged": 1, "removed": 2}
    by_verdict = {row.verdict: row for row in world.rows(plan)}
    assert by_verdict["changed"].before
    assert by_verdict["changed"].after
    assert by_verdict["removed"].before
    assert by_verdict["removed"].after is None
    world.apply(plan)
    assert published(world) == 2


def test_without_removes_who_is_not_in_the_file_stays(world: PlanWorld) -> None:
    world.apply(world.plan(world.table(1, 2)))
    assert world.counts(world.plan(world.table(2))) == {"unchanged": 1}


def test_who_is_refused_in_the_file_is_not_removed(world: PlanWorld) -> None:
    world.apply(world.plan(world.table(1, 2)))
    broken = world.table(1) + world.row(2).replace(world.certificate, "bad").encode()
    assert world.counts(world.plan(broken, removes=True)) == {"unchanged": 1, "refused": 1}


def test_nobody_is_removed_where_a_row_names_somebody_who_can_t_be_read(world: PlanWorld) -> None:
    with pytest.raises(ValidationError) as told:
        world.plan(world.table(1) + b",,,,,\n,a::b,,,,\n", removes=True)
    assert [reason.id for reason in told.value.reasons] == ["PLAN-REMOVES"]


def test_a_row_is_refused_with_every_reason_and_the_others_are_taken(world: PlanWorld) -> None:
    wrong = world.row(2).replace("https://ap.example.org/as4", "no-url:x").replace(world.certificate, "bad")
    plan = world.plan(world.table(1, 3) + wrong.encode())
    assert world.counts(plan) == {"added": 2, "refused": 1}
    (row,) = [row for row in world.rows(plan) if row.verdict == "refused"]
    assert row.line == 4
    assert row.reasons
    assert world.apply(plan).counts["done"] == 2


def test_a_participant_that_was_changed_after_the_plan_is_refused_then(world: PlanWorld) -> None:
    world.apply(world.plan(world.table(1, 2)))
    plan = world.plan(world.table(1, 2, 3, address="https://new.example.org/as4"))
    with world.database.read() as connection:
        assert not is_stale(connection, plan)
    world.apply(world.plan(world.table(2, 3, address="https://other.example.org/as4")))
    with world.database.read() as connection:
        assert is_stale(connection, plan)
    done = world.apply(plan)
    assert world.counts(done) == {"changed": 1, "refused": 2}
    assert world.reasons(done) == ["PLAN-MEANWHILE"] * 2


def test_too_much_at_once_is_refused_unless_it_is_said(world: PlanWorld) -> None:
    world.apply(world.plan(world.table(*range(10))))
    plan = world.plan(world.table(0, 1, 2, address="https://new.example.org/as4"))
    with pytest.raises(ConflictError, match="3 of 10 participants, more than 20 %"):
        request_apply(world.database, ACTOR, plan.id)
    assert world.found(plan.id).state == PlanState.PLANNED
    assert world.apply(plan, max_percent=30).state == PlanState.APPLIED


def test_a_plan_that_was_given_up_or_has_expired_can_t_be_applied(world: PlanWorld) -> None:
    given_up, old = world.plan(world.table(1)), world.plan(world.table(1))
    abandon(world.database, ACTOR, given_up.id)
    with pytest.raises(ConflictError, match="abandoned"):
        request_apply(world.database, ACTOR, given_up.id)
    world.offline.clock.forward(days=7)
    with pytest.raises(ConflictError, match="expired"):
        request_apply(world.database, ACTOR, old.id)
    with pytest.raises(NotFoundError):
        find_plan(world.database, 999)


def test_an_applied_plan_can_neither_be_applied_again_nor_given_up(world: PlanWorld) -> None:
    plan = world.apply(world.plan(world.table(1)))
    with pytest.raises(ConflictError, match="applied"):
        request_apply(world.database, ACTOR, plan.id)
    with pytest.raises(ConflictError, match="applied"):
        abandon(world.database, ACTOR, plan.id)


def test_a_plan_that_is_applied_gives_the_job_that_it_has(world: PlanWorld) -> None:
    plan = world.plan(world.table(1))
    assert request_apply(world.database, ACTOR, plan.id) == request_apply(world.database, ACTOR, plan.id)
    world.work()
    with world.database.read() as connection:
        (job,) = jobs.page(connection, jobs.JobFilter(kind=KIND), None, 10)
    assert (job.done, job.total, job.result) == (1, 1, {"added": 1, "refused": 0})


def test_a_plan_isn_t_applied_beside_another_one_of_its_domain(world: PlanWorld) -> None:
    first, second = world.plan(world.table(1)), world.plan(world.table(2))
    request_apply(world.database, ACTOR, first.id)
    with pytest.raises(ConflictError, match=f"plan {first.id} of the same domain is being applied"):
        request_apply(world.database, ACTOR, second.id)
    assert world.found(second.id).state == PlanState.PLANNED
    world.work()
    assert world.apply(second).state == PlanState.APPLIED


def test_what_has_no_column_stays_as_it_is(world: PlanWorld) -> None:
    with_property = f"{HEAD},property.tier,participant_extension\n{world.row(1)},gold,<a/>\n"
    world.apply(world.plan(with_property.encode()))
    assert world.counts(world.plan(world.table(1))) == {"unchanged": 1}
    assert world.counts(world.plan(f"{HEAD},property.tier\n{world.row(1)},\n".encode())) == {"changed": 1}
    only_names = b"participant\niso6523-actorid-upis::0088:7300010000001\n"
    assert world.counts(world.plan(only_names)) == {"unchanged": 1}


def test_a_group_that_isn_t_there_is_a_reason(world: PlanWorld) -> None:
    assert world.reasons(world.plan(f"{HEAD},owner\n{world.row(1)},nobody\n".encode())) == ["PLAN-OWNER"]


def test_a_plan_is_told_in_the_audit_log(world: PlanWorld) -> None:
    plan = world.apply(world.plan(world.table(1)))
    tags = [event.tag for event in events.about(world.database, f"plan:{plan.id}")]
    assert tags == ["plans:plan:create", "plans:plan:apply", "plans:plan:applied"]


def test_files_are_told_apart_by_their_names(world: PlanWorld) -> None:
    folder = world.offline.folder
    (folder / "t.csv.gz").write_bytes(gzip.compress(world.table(1)))
    source = source_of(world.stored.domain, [folder / "t.csv.gz"])
    assert source.kind is PlanKind.CSV
    plan = world.found(planner_of(world.instance, world.stored).plan(ACTOR, source, PlanOptions()))
    assert world.counts(plan) == {"added": 1}
    assert len(plan.digest) == 64
    assert source_of(world.stored.domain, [folder / "x.jsonl"]).kind is PlanKind.JSON_LINES
    with pytest.raises(ConfigurationError, match="one file at a time"):
        source_of(world.stored.domain, [folder / "t.csv.gz", folder / "x.jsonl"])


def test_documents_leave_other_services_of_the_participant(world: PlanWorld) -> None:
    world.apply(world.plan(world.table(1, 2)))
    exporter_folder = world.offline.folder / "documents"
    list(Exporter(world.database, world.instance.signer, world.stored).run(exporter_folder))
    source = source_of(world.stored.domain, [exporter_folder])
    plan = world.found(planner_of(world.instance, world.stored).plan(ACTOR, source, PlanOptions()))
    assert (plan.kind, world.counts(plan)) == (PlanKind.DOCUMENTS, {"unchanged": 2})
    assert participant().scheme in world.rows(plan)[0].subject
