# SPDX-License-Identifier: Apache-2.0
"""Comparisons of two configurations over what a domain holds: who is lost, since when, why; killed and gone on with."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from registry.audit.retention import Policy, purge
from registry.errors import NotFoundError
from registry.impact import asking
from registry.impact.affected_participants import lost_participants
from registry.impact.effects import LOST, Effect
from registry.impact.holdings import Kind
from registry.impact.report import ImpactReport, latest_report
from registry.storage.engine import Database
from registry.storage.tables import trust_timeline
from registry.storage.unit_of_work import UnitOfWork
from tests.simulators.certificate_chains import NOW, Authority
from tests.simulators.impact_world import ImpactWorld, trusting
from tests.simulators.offline import ACTOR
from tests.simulators.revocation_evidence import crl, entry
from trust_lists.certificates.revocation.evidence import RevocationEvidence
from trust_lists.evaluation.decisions import Evidence
from trust_lists.instants import write_instant

DAY = timedelta(days=1)
OLD, NEW = Authority("old"), Authority("new")


def lost(report: ImpactReport) -> dict[str, tuple[Effect, datetime]]:
    """Who is lost, how and since when."""
    firsts = {each.holder.name: each.first(*LOST) for each in report.lost}
    return {name: (change.effect, change.since) for name, change in firsts.items() if change}


def at_end_of(report: ImpactReport, day: int, course: str = "participants") -> int:
    """How many are accepted no longer at the end of a date."""
    return report.courses[course].at(report.days_at()[1 + day]).of(*LOST)


def test_who_is_accepted_by_the_old_authority_only_stops_now(world: ImpactWorld) -> None:
    world.access_point("stays", NEW.issue(), participants=3)
    world.access_point("goes", OLD.issue(), participants=2)
    report = world.compare(trusting(OLD, NEW), trusting(NEW)).run(ACTOR)
    assert lost(report) == {"goes": (Effect.STOPS, NOW)}
    assert report.totals["participants"] == 5
    tally = report.courses["participants"].at(NOW)
    assert (tally.before, tally.after, tally.of(*LOST)) == (5, 3, 2)
    (cause,) = report.causes
    assert (cause.check, cause.participants, len(cause.holders)) == ("NO_PATH", 2, 1)


def test_who_ends_drops_out_on_that_date_whatever_is_configured(world: ImpactWorld) -> None:
    world.access_point("ends", OLD.issue(end=NOW + 10 * DAY), participants=4)
    report = world.compare(trusting(OLD)).run(ACTOR)
    assert report.same
    ((effect, since),) = lost(report).values()
    assert effect is Effect.LAPSES
    assert since.replace(microsecond=0) == NOW + 10 * DAY
    assert [at_end_of(report, day) for day in (0, 9, 10, 90)] == [0, 0, 4, 4]
    assert report.causes[0].check == "EXPIRED"


def test_an_anchor_that_ends_takes_all_below_it_along(world: ImpactWorld) -> None:
    for number in range(3):
        world.access_point(f"ap-{number}", OLD.issue(), participants=1)
    ending = trusting(OLD, until={"root-0": write_instant(NOW + 30 * DAY)})
    report = world.compare(trusting(OLD), ending).run(ACTOR)
    assert set(lost(report).values()) == {(Effect.STOPS, NOW + 30 * DAY)}
    assert (at_end_of(report, 29, "access-point"), at_end_of(report, 30, "access-point")) == (0, 3)


def test_a_planned_successor_counts_from_its_instant_on(world: ImpactWorld) -> None:
    world.access_point("moves", OLD.issue(), participants=1, successor=(NEW.issue(), NOW + 5 * DAY))
    gone = world.compare(trusting(OLD, NEW), trusting(NEW)).run(ACTOR)
    (each,) = gone.affected
    assert [(change.effect, change.since) for change in each.changes] == [
        (Effect.STOPS, NOW),
        (Effect.SAME, NOW + 5 * DAY),
    ]
    assert gone.totals["access-point"] == 1


def test_a_participant_is_lost_with_any_access_point_that_it_needs(world: ImpactWorld) -> None:
    goes, stays = world.access_point("goes", OLD.issue()), world.access_point("stays", NEW.issue())
    world.participant(goes, stays)
    world.participant(stays)
    report = world.compare(trusting(OLD, NEW), trusting(NEW)).run(ACTOR)
    tally = report.courses["participants"].at(NOW)
    assert (tally.before, tally.after, tally.of(Effect.STOPS)) == (2, 1, 1)
    told = list(lost_participants(world.offline.instance.database, world.offline.stored.id, report))
    assert [(each.value, each.holder, each.effect) for each in told] == [("0088:000001", "goes", Effect.STOPS)]


def test_participants_that_are_led_to_another_smp_need_its_certificate(world: ImpactWorld) -> None:
    world.participant(redirected=OLD.issue("other smp"))
    world.participant(world.access_point("stays", NEW.issue()))
    report = world.compare(trusting(OLD, NEW), trusting(NEW)).run(ACTOR)
    assert [each.holder.kind for each in report.lost] == [Kind.REDIRECT]
    assert report.courses["participants"].at(NOW).of(Effect.STOPS) == 1
    told = list(lost_participants(world.offline.instance.database, world.offline.stored.id, report))
    assert [each.value for each in told] == ["0088:000001"]


def test_an_smp_is_lost_where_none_of_its_certificates_is_left(world: ImpactWorld) -> None:
    world.publisher("SMP-OLD", OLD.issue(), registrations=3)
    world.publisher("SMP-BOTH", OLD.issue(), NEW.issue(), registrations=2)
    report = world.compare(trusting(OLD, NEW), trusting(NEW)).run(ACTOR)
    assert [(each.holder.name, each.participants) for each in report.lost] == [("SMP-OLD", 3)]


def test_roles_in_which_the_domain_warns_are_told_apart(world: ImpactWorld) -> None:
    world.access_point("warned", OLD.issue(), participants=1)
    report = world.compare(trusting(OLD, NEW), trusting(NEW), advisory=["ap-encrypt"]).run(ACTOR)
    assert not report.lost
    assert [each.changes[0].effect for each in report.affected] == [Effect.WARNED]


def test_signing_counts_where_the_configuration_has_a_rule_for_it(world: ImpactWorld) -> None:
    world.access_point("ap", OLD.issue(), participants=1)
    signing = trusting(OLD, roles=("ap-encrypt", "ap-sign"), until={"root-0": write_instant(NOW + DAY)})
    report = world.compare(trusting(OLD), signing).run(ACTOR)
    change = report.lost[0].first(Effect.STOPS)
    assert change is not None
    assert change.since == NOW + DAY


def test_who_is_new_begins_and_who_would_be_lost_is_kept(world: ImpactWorld) -> None:
    world.access_point("begins", NEW.issue(), participants=1)
    world.access_point("kept", OLD.issue(), participants=1)
    ending = trusting(OLD, until={"root-0": write_instant(NOW + 3 * DAY)})
    report = world.compare(ending, trusting(OLD, NEW)).run(ACTOR)
    effects = {each.holder.name: each.changes[-1].effect for each in report.affected}
    assert effects == {"begins": Effect.BEGINS, "kept": Effect.KEPT}
    assert not report.lost


def test_evidence_is_taken_to_be_renewed_but_the_revoked_stay_out(world: ImpactWorld) -> None:
    good, revoked = OLD.issue(), OLD.issue()
    world.access_point("good", good, participants=1)
    world.access_point("revoked", revoked, participants=1)
    said = crl(OLD, entry(revoked), this_update=NOW - timedelta(hours=1), next_update=NOW + DAY)
    world.evidence = Evidence(RevocationEvidence([said]), digest="a" * 64)
    asking = trusting(OLD, revocation={"leaf": "crl_required", "freshness": "P2D"})
    report = world.compare(trusting(OLD), asking).run(ACTOR)
    assert lost(report) == {"revoked": (Effect.STOPS, NOW)}
    assert at_end_of(report, 90) == 1


class KilledError(Exception):
    """The process is gone."""


def killed_after(batches: int) -> Callable[[UnitOfWork, int, int, str], None]:
    """Lets so many batches be committed."""
    left = [batches]

    def progress(work: UnitOfWork, done: int, total: int, message: str) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise KilledError

    return progress


def stored_timelines(database: Database) -> int:
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(trust_timeline)).scalar_one()


def test_a_killed_run_goes_on_where_it_was(world: ImpactWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "BATCH", 2)
    for number in range(8):
        world.access_point(f"ap-{number}", OLD.issue(), participants=1)
    compared = world.compare(trusting(OLD, NEW), trusting(NEW))
    with pytest.raises(KilledError):
        compared.run(ACTOR, progress=killed_after(3))
    assert stored_timelines(world.offline.instance.database) == 6
    world.offline.clock.forward(hours=5)
    report = compared.run(ACTOR, resume=True)
    assert report.since == NOW
    assert (report.effort.timelines, report.effort.taken_over, report.effort.decisions) == (16, 6, 10)
    with pytest.raises(NotFoundError, match="broken off"):
        compared.run(ACTOR, resume=True)


def test_a_run_after_which_evidence_was_collected_is_begun_anew(world: ImpactWorld) -> None:
    world.access_point("ap", OLD.issue())
    with pytest.raises(KilledError):
        world.compare(trusting(OLD)).run(ACTOR, progress=killed_after(0))
    world.evidence = Evidence(digest="b" * 64)
    with pytest.raises(NotFoundError, match="evidence"):
        world.compare(trusting(OLD)).run(ACTOR, resume=True)


def test_the_next_night_decides_only_about_what_is_new_and_what_the_window_reached(world: ImpactWorld) -> None:
    for number in range(5):
        world.access_point(f"ap-{number}", OLD.issue())
    world.access_point("ends", OLD.issue(end=NOW + 91 * DAY), participants=1)
    first = world.compare(trusting(OLD)).run(ACTOR)
    assert (first.effort.decisions, first.effort.taken_over) == (6, 0)
    assert not first.lost
    world.offline.clock.forward(days=1)
    world.access_point("new", OLD.issue())
    second = world.compare(trusting(OLD)).run(ACTOR)
    # one for the new one, and two at the end of the one that ends: up to it, and a tick later
    assert (second.effort.timelines, second.effort.decisions) == (7, 3)
    assert list(lost(second)) == ["ends"]
    again = world.compare(trusting(OLD)).run(ACTOR)
    assert (again.effort.taken_over, again.effort.decisions) == (7, 0)
    shorter = world.compare(trusting(OLD)).run(ACTOR, days=7)
    assert (shorter.effort.decisions, shorter.days, shorter.lost) == (0, 7, ())


def test_another_new_configuration_takes_over_what_the_one_in_force_says(world: ImpactWorld) -> None:
    for number in range(4):
        world.access_point(f"ap-{number}", OLD.issue())
    world.compare(trusting(OLD), trusting(NEW)).run(ACTOR)
    report = world.compare(trusting(OLD), trusting(OLD, NEW)).run(ACTOR)
    assert (report.effort.taken_over, report.effort.decisions) == (4, 4)


def test_new_evidence_is_asked_anew_and_what_rested_on_the_old_is_forgotten(world: ImpactWorld) -> None:
    world.access_point("ap", OLD.issue())
    world.compare(trusting(OLD)).run(ACTOR)
    world.evidence = Evidence(digest="c" * 64)
    report = world.compare(trusting(OLD)).run(ACTOR)
    assert report.effort.taken_over == 0
    assert stored_timelines(world.offline.instance.database) == 1


def test_evidence_that_has_grown_old_isnt_taken_over(world: ImpactWorld) -> None:
    world.access_point("ap", OLD.issue())
    world.evidence = Evidence(RevocationEvidence([crl(OLD, next_update=NOW + DAY)]), digest="d" * 64)
    asking = trusting(OLD, revocation={"leaf": "crl_required"})
    assert world.compare(asking).run(ACTOR).courses["access-point"].at(NOW).after == 1
    world.offline.clock.forward(days=2)
    report = world.compare(asking).run(ACTOR)
    assert report.courses["access-point"].at(report.since).after == 0


def test_what_was_found_long_ago_is_purged(world: ImpactWorld) -> None:
    world.access_point("ap", OLD.issue())
    world.compare(trusting(OLD)).run(ACTOR)
    world.offline.clock.forward(days=89)
    kept = purge(world.offline.instance.database, Policy())
    assert (kept["trust_impact_run"], kept["trust_timeline"]) == (0, 0)
    world.offline.clock.forward(days=2)
    gone = purge(world.offline.instance.database, Policy())
    assert (gone["trust_impact_run"], gone["trust_timeline"]) == (1, 1)


def test_the_latest_report_is_what_was_reported(world: ImpactWorld) -> None:
    world.access_point("ap", OLD.issue(), participants=1)
    report = world.compare(trusting(OLD), trusting(NEW)).run(ACTOR)
    database, domain_id = world.offline.instance.database, world.offline.stored.id
    with database.read() as connection:
        assert latest_report(connection, domain_id) == report.to_json()
        assert latest_report(connection, domain_id, report.after.address) == report.to_json()
        assert latest_report(connection, domain_id, "0" * 64) is None
        assert latest_report(connection, domain_id + 1) is None
    assert len(report.to_json()["dates"]) == 92
