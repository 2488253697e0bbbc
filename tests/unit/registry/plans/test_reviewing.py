# SPDX-License-Identifier: Apache-2.0
"""In a domain that wants a review two people are needed for whatever changes what is published (ADR 0091)."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from registry.accounts.accounts import Kind, create_account, disable_account
from registry.accounts.tokens import create_token
from registry.alerts import finders
from registry.app.domain_setup import change_domain
from registry.app.plans import planner_of, replacer_of
from registry.audit.events import record
from registry.demo.pki import DemoPki
from registry.domains.loader import load_domain, profile_names
from registry.errors import ConflictError, RegistryError, ReviewRequiredError, UnauthorizedError, ValidationError
from registry.identifiers.participant import ParticipantIdentifier
from registry.jobs import queue
from registry.metadata import ServiceGroup, ServiceMetadata, Visibility
from registry.plans.applying import abandon, request_apply
from registry.plans.model import PlanKind, PlanOptions
from registry.plans.proposing import propose
from registry.plans.reviewing import approve, reject, submit
from registry.plans.sources import content_source
from registry.sml.interventions.model import Operator
from registry.smp.access_points import AccessPoints
from registry.smp.bulk_publishing import BulkPublishing, WantedParticipant
from registry.smp.documents.business_card import BusinessCard, BusinessEntity, EntityName
from registry.smp.exchange.importer import Importer
from registry.smp.participants import Participants
from registry.storage.engine import Actor
from registry.storage.queries import service_groups, services
from registry.storage.queries.plans import PlanRow
from registry.storage.unit_of_work import UnitOfWork
from tests.simulators.offline import ACTOR, offline_instance
from tests.simulators.plan_world import OPEN, PlanWorld

HELD, NEW = 1, 2


class ReviewWorld(PlanWorld):
    """A participant that was published before the domain wanted a review, and two people."""

    maker: Operator
    other: Operator

    def prepare(self) -> None:
        """Publish, want a review, make the people."""
        self.apply(self.plan(self.table(HELD)))
        self.want_review(wanted=True)
        self.maker, self.other = self.person("maker"), self.person("other")

    def want_review(self, *, wanted: bool) -> None:
        """Change the setting."""
        change_domain(self.instance, ACTOR, self.stored.domain.name, {"review": {"required": wanted}})
        self.stored = self.instance.directory.get(self.stored.domain.name)

    def person(self, name: str) -> Operator:
        """An account."""
        row = create_account(self.database, ACTOR, Kind.PERSON, name)
        return Operator(Actor(f"person:{row.id}"), row.id)

    def who(self, number: int) -> ParticipantIdentifier:
        """The participant of a row."""
        return ParticipantIdentifier("iso6523-actorid-upis", f"0088:{7300010000000 + number}")

    def published(self, number: int) -> object:
        """What is published of a participant; None where it isn't there."""
        with self.database.read() as connection:
            row = service_groups.find(connection, self.stored.id, "iso6523-actorid-upis", self.who(number).value)
            held = [] if row is None else services.of_group(connection, row.id)
            return row and (row, services.load_many(connection, [item.id for item in held], self.offline.clock.now))

    def submitted(self, *numbers: int) -> PlanRow:
        """A plan under review."""
        plan = self.plan(self.table(*numbers, address="https://next.example.org/as4"))
        submit(self.database, self.maker, plan.id)
        return self.found(plan.id)

    def do(self, plan: PlanRow) -> PlanRow:
        """Apply a plan."""
        request_apply(self.database, ACTOR, plan.id, 100)
        self.work()
        return self.found(plan.id)


@pytest.fixture
def world(tmp_path: Path, pki: DemoPki) -> Iterator[ReviewWorld]:
    with offline_instance(tmp_path, pki, **OPEN) as offline:
        made = ReviewWorld(offline)
        made.prepare()
        yield made


def _metadata(world: ReviewWorld) -> ServiceMetadata:
    with world.database.read() as connection:
        row = service_groups.find(connection, world.stored.id, "iso6523-actorid-upis", world.who(HELD).value)
        assert row is not None
        (service,) = services.of_group(connection, row.id)
        return services.load(connection, service.id, world.offline.clock.now)


def _put_metadata(world: ReviewWorld) -> None:
    held = _metadata(world)
    (part,) = held.process_metadata
    endpoint = replace(part.endpoints[0], address="https://mine.example.org/as4")
    changed = replace(held, process_metadata=(replace(part, endpoints=(endpoint,)),))
    world.instance.publishing.put_service_metadata(ACTOR, world.stored, changed)


def _delete_metadata(world: ReviewWorld) -> None:
    document_type = _metadata(world).document_type
    world.instance.publishing.delete_service_metadata(ACTOR, world.stored, world.who(HELD), document_type)


def _card(world: ReviewWorld) -> None:
    card = BusinessCard(world.who(HELD), (BusinessEntity((EntityName("Held"),), "BE"),))
    world.instance.business_cards.publish(ACTOR, world.stored, card)


def _access_point(world: ReviewWorld) -> None:
    points = AccessPoints(world.database, world.stored, world.instance.trust_models.of(world.stored.domain))
    points.change(ACTOR, points.listed()[0].name, address="https://mine.example.org/as4")


def _access_point_later(world: ReviewWorld) -> None:
    points = AccessPoints(world.database, world.stored, world.instance.trust_models.of(world.stored.domain))
    at = world.offline.clock.now + timedelta(days=3)
    points.change(ACTOR, points.listed()[0].name, address="https://mine.example.org/as4", at=at)


def _visibility(world: ReviewWorld) -> None:
    people = Participants(world.database, world.instance.publishing, world.instance.registrar)
    people.show_to(ACTOR, world.stored, world.who(HELD), Visibility.PRIVATE)


def _import(world: ReviewWorld) -> None:
    held = _metadata(world)
    lines = world.offline.folder / "export.jsonl"
    participant = {"scheme": held.participant.scheme, "value": world.who(NEW).value}
    written = ({"format": "edelivery-registry/1"}, {"participant": participant, "services": []})
    lines.write_text("".join(json.dumps(line) + "\n" for line in written))
    done = list(Importer(world.instance.publishing, world.stored).run(ACTOR, [lines]))
    if reasons := [reason for item in done for reason in item.reasons]:
        assert all("REVIEW-REQUIRED" in str(reason) for reason in reasons), reasons
        raise ReviewRequiredError


def _bulk(world: ReviewWorld) -> None:
    bulk = BulkPublishing(world.database, world.instance.registrar)
    with world.database.write(ACTOR) as work:
        (written,) = bulk.put_all(work, world.stored, [WantedParticipant(world.who(NEW), ())])
        if written.error is not None:
            raise written.error


WRITES: dict[str, Callable[[ReviewWorld], object]] = {
    "a participant comes": lambda w: w.instance.publishing.put_service_group(ACTOR, w.stored, ServiceGroup(w.who(NEW))),
    "a participant goes": lambda w: w.instance.publishing.delete_service_group(ACTOR, w.stored, w.who(HELD)),
    "a service is changed": _put_metadata,
    "a service is withdrawn": _delete_metadata,
    "all services are withdrawn": lambda w: w.instance.publishing.delete_all_service_metadata(
        ACTOR, w.stored, w.who(HELD)
    ),
    "a business card comes": _card,
    "an access point is changed": _access_point,
    "an access point is changed later": _access_point_later,
    "who learns of a participant is changed": _visibility,
    "an export is imported": _import,
    "many are published at once": _bulk,
}


@pytest.mark.parametrize("write", WRITES.values(), ids=list(WRITES))
def test_nothing_that_is_published_changes_by_one_persons_hand(
    world: ReviewWorld, write: Callable[[ReviewWorld], object]
) -> None:
    before = world.published(HELD), world.published(NEW)
    with pytest.raises(ReviewRequiredError, match="REVIEW-REQUIRED"):
        write(world)
    assert (world.published(HELD), world.published(NEW)) == before
    world.want_review(wanted=False)
    write(world)


def test_a_write_that_changes_nothing_is_none(world: ReviewWorld) -> None:
    held = _metadata(world)
    world.instance.publishing.put_service_metadata(ACTOR, world.stored, held)


def test_other_domains_settings_and_what_is_no_content_go_on(world: ReviewWorld) -> None:
    world.want_review(wanted=True)
    with world.database.write(ACTOR) as work:
        for tag in ("smp:access-point:remind", "smp:service-group:move", "smp:service-group:grant-create"):
            record(work, tag, "subject" if "access" in tag else str(world.who(HELD)), domain_id=world.stored.id)


def test_a_plan_is_published_once_somebody_else_has_approved_it(world: ReviewWorld) -> None:
    plan = world.submitted(HELD, NEW)
    assert plan.state == "under-review"
    with pytest.raises(ReviewRequiredError, match="somebody else has to approve it"):
        request_apply(world.database, ACTOR, plan.id, 100)
    approve(world.database, world.other, plan.id, "looked at")
    done = world.do(plan)
    assert (done.state, world.counts(done)) == ("applied", {"added": 1, "changed": 1})
    assert (done.submitted_by, done.decided_by, done.decision) == (world.maker.name, world.other.name, "looked at")


def test_a_plan_that_nobody_has_submitted_is_not_applied(world: ReviewWorld) -> None:
    plan = world.plan(world.table(NEW))
    with pytest.raises(ReviewRequiredError, match="submit it"):
        request_apply(world.database, ACTOR, plan.id, 100)
    assert world.published(NEW) is None


def test_removals_and_replacements_are_reviewed_alike(world: ReviewWorld) -> None:
    removing = world.plan(b"participant,document_type\n" + str(world.who(NEW)).encode() + b",\n", removes=True)
    replacing = world.found(
        replacer_of(world.instance, world.stored).plan(
            ACTOR, address=("https://ap.example.org/as4", "https://b.example/")
        )
    )
    assert "refused" not in world.counts(removing) | world.counts(replacing)
    for plan in (replacing, removing):
        submit(world.database, world.maker, plan.id)
        approve(world.database, world.other, plan.id)
        assert world.do(plan).state == "applied"
    assert world.reasons(removing) == ["PLAN-MEANWHILE"], "what the replacement has changed wasn't approved so"


def test_who_made_or_submitted_a_plan_never_decides(world: ReviewWorld) -> None:
    plan = world.submitted(NEW)
    with pytest.raises(UnauthorizedError, match="somebody else has to"):
        approve(world.database, world.maker, plan.id)
    with pytest.raises(UnauthorizedError, match="somebody else has to"):
        reject(world.database, world.maker, plan.id, "no")
    third = world.person("third")
    made = world.found(_planned_by(world, third.actor))
    submit(world.database, world.maker, made.id)
    with pytest.raises(UnauthorizedError, match="somebody else has to"):
        approve(world.database, third, made.id)


@pytest.mark.parametrize("made_by", ["token:one", "program:robot"])
def test_a_program_that_made_a_plan_decides_by_no_other_token_either(world: ReviewWorld, made_by: str) -> None:
    robot = create_account(world.database, ACTOR, Kind.PROGRAM, "Robot")
    for name in ("one", "two"):
        create_token(world.database, ACTOR, name, account_id=robot.id)
    made = _planned_by(world, Actor(made_by))
    submit(world.database, world.maker, made)
    with pytest.raises(UnauthorizedError, match="somebody else has to"):
        approve(world.database, Operator(Actor("token:two"), robot.id), made)
    approve(world.database, world.other, made)


def _planned_by(world: ReviewWorld, actor: Actor) -> int:
    source = content_source(world.stored.domain, PlanKind.CSV, "t.csv", world.table(NEW))
    return planner_of(world.instance, world.stored).plan(actor, source, PlanOptions())


def test_only_accounts_submit_and_decide(world: ReviewWorld) -> None:
    plan = world.plan(world.table(NEW))
    with pytest.raises(UnauthorizedError):
        submit(world.database, Operator(ACTOR), plan.id)
    submit(world.database, world.maker, plan.id)
    with pytest.raises(UnauthorizedError):
        approve(world.database, Operator(Actor("token:ops")), plan.id)


def test_what_is_rejected_is_over_and_says_why(world: ReviewWorld) -> None:
    plan = world.submitted(NEW)
    for text, why in (("  ", "say why"), ("x" * 2001, "more than 2000")):
        with pytest.raises(ValidationError, match=why):
            reject(world.database, world.other, plan.id, text)
    reject(world.database, world.other, plan.id, " not now ")
    assert (world.found(plan.id).state, world.found(plan.id).decision) == ("rejected", "not now")
    with pytest.raises(ConflictError):
        request_apply(world.database, ACTOR, plan.id, 100)
    with pytest.raises(ConflictError):
        approve(world.database, world.other, plan.id)
    with pytest.raises(ConflictError):
        submit(world.database, world.maker, plan.id)


def test_the_maker_can_give_it_up_at_any_time_before(world: ReviewWorld) -> None:
    plan = world.submitted(NEW)
    abandon(world.database, world.maker.actor, plan.id)
    with pytest.raises(ConflictError, match="abandoned"):
        approve(world.database, world.other, plan.id)


@pytest.mark.parametrize("who", ["maker", "other"])
def test_an_account_that_is_disabled_meanwhile_does_not_count(world: ReviewWorld, who: str) -> None:
    plan = world.submitted(NEW)
    approve(world.database, world.other, plan.id)
    gone = getattr(world, who)
    disable_account(world.database, ACTOR, gone.account_id)
    with pytest.raises(ReviewRequiredError, match="disabled"):
        request_apply(world.database, ACTOR, plan.id, 100)
    submit(world.database, world.person("third"), plan.id)
    approve(world.database, world.person("fourth"), plan.id)
    assert world.do(plan).state == "applied"


@pytest.mark.parametrize("again", ["plan", "job"])
def test_an_application_that_was_broken_off_does_not_go_on_for_a_disabled_account(
    world: ReviewWorld, again: str
) -> None:
    plan = world.submitted(NEW)
    approve(world.database, world.other, plan.id)
    job = request_apply(world.database, ACTOR, plan.id, 100)
    with world.database.write(ACTOR) as work:
        queue.cancel(work, job)
    assert world.other.account_id is not None
    disable_account(world.database, ACTOR, world.other.account_id)
    if again == "plan":
        with pytest.raises(ReviewRequiredError, match="disabled"):
            request_apply(world.database, ACTOR, plan.id, 100)
    else:
        with world.database.write(ACTOR) as work:
            queue.retry(work, job)
    world.work()
    assert world.published(NEW) is None


def test_what_a_disabled_account_has_submitted_is_not_approved(world: ReviewWorld) -> None:
    plan = world.submitted(NEW)
    assert world.maker.account_id is not None
    disable_account(world.database, ACTOR, world.maker.account_id)
    with pytest.raises(ConflictError, match="submitted again"):
        approve(world.database, world.other, plan.id)


def test_of_two_who_decide_at_once_one_does(world: ReviewWorld) -> None:
    plan, third = world.submitted(NEW), world.person("third")
    refused: list[RegistryError] = []
    start = threading.Barrier(2)

    def decide(act: Callable[[], None]) -> None:
        start.wait(timeout=30)
        try:
            act()
        except RegistryError as error:
            refused.append(error)

    acts = [
        lambda: approve(world.database, world.other, plan.id),
        lambda: reject(world.database, third, plan.id, "no"),
    ]
    threads = [threading.Thread(target=decide, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [type(error) for error in refused] == [ConflictError]
    assert world.found(plan.id).state in {"approved", "rejected"}


def test_what_has_changed_since_is_not_applied_as_approved(world: ReviewWorld) -> None:
    plan, other = world.submitted(HELD), world.submitted(HELD, NEW)
    for each in (plan, other):
        approve(world.database, world.other, each.id)
    assert world.do(plan).state == "applied"
    done = world.do(other)
    assert (world.counts(done), world.reasons(done)) == ({"added": 1, "refused": 1}, ["PLAN-MEANWHILE"])


def test_a_plan_asked_for_before_the_domain_wanted_a_review_is_refused_row_by_row(world: ReviewWorld) -> None:
    world.want_review(wanted=False)
    plan = world.plan(world.table(NEW))
    request_apply(world.database, ACTOR, plan.id, 100)
    world.want_review(wanted=True)
    world.work()
    assert world.reasons(plan) == ["REVIEW-REQUIRED"]
    assert world.published(NEW) is None


def test_without_a_review_plans_are_applied_as_they_are(world: ReviewWorld) -> None:
    waits = world.submitted(NEW)
    world.want_review(wanted=False)
    plan = world.plan(world.table(HELD, address="https://c.example/"))
    with pytest.raises(ConflictError, match="wants no review"):
        submit(world.database, world.maker, plan.id)
    assert world.do(plan).state == world.do(waits).state == "applied"


def test_what_expires_under_review_is_not_approved(world: ReviewWorld) -> None:
    plan = world.submitted(NEW)
    world.offline.clock.forward(days=8)
    with pytest.raises(ConflictError, match="expired"):
        approve(world.database, world.other, plan.id)


def test_what_waits_for_somebody_is_a_problem_until_it_is_decided(world: ReviewWorld) -> None:
    def waiting() -> list[str]:
        with world.database.read() as connection:
            found = finders.waiting_reviews(connection, world.stored.id, world.offline.clock.now)
            return [problem.subject for problem in found]

    decided, expiring = world.submitted(NEW), world.submitted(NEW)
    assert sorted(waiting()) == sorted(f"plan {plan.id}" for plan in (decided, expiring))
    approve(world.database, world.other, decided.id)
    assert waiting() == [f"plan {expiring.id}"]
    world.offline.clock.forward(days=8)
    assert waiting() == []


def _proposed(world: ReviewWorld, change: Callable[[UnitOfWork], tuple[str, ...]], number: int = HELD) -> PlanRow:
    plan_id = propose(world.database, world.maker, world.stored, world.who(number), change)
    return world.found(plan_id)


def test_a_write_of_one_participant_is_proposed_tried_and_submitted(world: ReviewWorld) -> None:
    def change(work: UnitOfWork) -> tuple[str, ...]:
        _visibility(world)
        return ("noted",)

    before = world.published(HELD)
    plan = _proposed(world, change)
    assert (plan.kind, plan.state, world.counts(plan)) == ("proposal", "under-review", {"changed": 1})
    assert world.published(HELD) == before
    assert list(world.rows(plan)[0].notes) == ["noted"]
    approve(world.database, world.other, plan.id)
    request_apply(world.database, ACTOR, plan.id)  # one participant of one is no slip of a spreadsheet
    world.work()
    with world.database.read() as connection:
        row = service_groups.find(connection, world.stored.id, "iso6523-actorid-upis", world.who(HELD).value)
    assert row is not None
    assert row.visibility is Visibility.PRIVATE


def test_removals_and_newcomers_are_proposed(world: ReviewWorld) -> None:
    publishing, stored = world.instance.publishing, world.stored

    def remove(_work: UnitOfWork) -> tuple[str, ...]:
        publishing.delete_service_group(ACTOR, stored, world.who(HELD))
        return ()

    def add(_work: UnitOfWork) -> tuple[str, ...]:
        return publishing.put_service_group(ACTOR, stored, ServiceGroup(world.who(NEW))).warnings

    for plan in (_proposed(world, remove), _proposed(world, add, NEW)):
        approve(world.database, world.other, plan.id)
        assert world.do(plan).state == "applied"
    assert world.published(HELD) is None
    assert world.published(NEW) is not None


def test_what_changes_nothing_or_is_refused_is_no_plan(world: ReviewWorld) -> None:
    with pytest.raises(ConflictError, match="nothing would change"):
        _proposed(world, lambda _work: ())

    def gone(_work: UnitOfWork) -> tuple[str, ...]:
        world.instance.publishing.delete_service_group(ACTOR, world.stored, world.who(NEW))
        return ()

    with pytest.raises(RegistryError, match="no service group"):
        _proposed(world, gone, NEW)
    with pytest.raises(ReviewRequiredError):
        _visibility(world)


@pytest.mark.any_database
def test_no_shipped_profile_wants_a_review() -> None:
    """`queries.domains` reads it from the settings that are laid over the profile."""
    assert not any(load_domain(name).review.required for name in profile_names())
