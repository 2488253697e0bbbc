# SPDX-License-Identifier: Apache-2.0
"""What a directory is told: of whom, when, once more after what, and never of whom it shouldn't know."""

from datetime import timedelta

import pytest

from registry.app.domain_setup import change_domain
from registry.directory import requests
from registry.directory.client import Told
from registry.directory.pushing import FIRST_WAIT
from registry.errors import NotFoundError
from registry.identifiers.participant import ParticipantIdentifier
from registry.metadata import ServiceGroup, Visibility
from registry.storage.queries import standby
from registry.storage.queries.directory_entries import EntryState
from tests.simulators.directory_office import DirectoryOffice
from tests.simulators.offline import ACTOR


def test_a_published_card_is_told_and_fetched_back(office: DirectoryOffice) -> None:
    participant = office.publish("0088:one")
    assert office.push().to_json() == {"told": 1, "forgotten": 0, "refused": 0, "failed": 0}
    assert list(office.directory.held) == [str(participant)]
    assert b"ACME" in office.directory.held[str(participant)]
    assert office.directory.clients == {
        office.offline.pki.smp.certificate.subject.rfc4514_string().split("CN=")[1].split(",")[0]
    }
    entry = office.entry(participant)
    assert entry is not None
    assert (entry.state, entry.due_at, entry.told_at) == (EntryState.CURRENT, None, office.offline.clock.now)


def test_nothing_is_told_twice_that_has_not_changed(office: DirectoryOffice) -> None:
    office.publish("0088:one")
    office.push()
    office.publish("0088:one")
    assert office.push().calls == 0
    assert len(office.directory.calls) == 1


def test_a_changed_card_is_told_again(office: DirectoryOffice) -> None:
    participant = office.publish("0088:one")
    office.push()
    office.publish("0088:one", "ACME BV")
    assert office.push().told == 1
    assert b"ACME BV" in office.directory.held[str(participant)]


def test_a_participant_without_a_card_is_not_told(office: DirectoryOffice) -> None:
    participant = ParticipantIdentifier("iso6523-actorid-upis", "0088:cardless")
    office.offline.instance.publishing.put_service_group(ACTOR, office.stored, ServiceGroup(participant))
    assert office.push().calls == 0
    assert office.entry(participant) is None


@pytest.mark.parametrize("how", ["group", "card", "registration", "visibility"])
def test_who_is_not_to_be_found_any_more_is_forgotten(office: DirectoryOffice, how: str) -> None:
    participant = office.publish("0088:one")
    office.push()
    instance, stored = office.offline.instance, office.stored
    match how:
        case "group":
            office.remove(participant)
        case "card":
            instance.business_cards.delete(ACTOR, stored, participant)
        case "registration":
            instance.sml.delete_participants(office.offline.caller(), stored.domain.smp.smp_id, [participant])
        case _:
            group = ServiceGroup(participant, visibility=Visibility.INTERNAL)
            instance.publishing.put_service_group(ACTOR, stored, group)
    assert office.push().forgotten == 1
    assert office.directory.held == {}
    assert office.directory.calls[-1] == ("DELETE", str(participant))
    assert office.entry(participant) is None


def test_who_comes_and_goes_before_anything_was_told_leaves_nothing(office: DirectoryOffice) -> None:
    participant = office.publish("0088:one")
    office.remove(participant)
    assert office.push().calls == 0
    assert office.entry(participant) is None


def test_after_an_outage_it_is_told_what_was_missed(office: DirectoryOffice) -> None:
    participant = office.publish("0088:one")
    office.directory.away = True
    assert office.push().failed == 1
    entry, standing = office.entry(participant), office.standing()
    assert entry is not None
    assert entry.state == EntryState.FAILED
    assert entry.failure
    assert standing.failures == 1
    assert standing.paused_until is not None
    assert standing.paused_until > office.offline.clock.now
    office.directory.away = False
    assert office.push().calls == 0  # it is left alone for now
    office.offline.clock.forward(seconds=2 * FIRST_WAIT.total_seconds())
    assert office.push().told == 1
    assert office.standing().failures == 0
    assert list(office.directory.held) == [str(participant)]


def test_waits_double_from_failure_to_failure_and_have_an_end(office: DirectoryOffice) -> None:
    pusher = office.pusher()
    waits = [pusher.wait(number) / min(FIRST_WAIT * 2.0 ** (number - 1), timedelta(hours=6)) for number in range(1, 30)]
    assert all(0.75 <= share <= 1.25 for share in waits)
    assert len(set(waits)) > 1


def test_a_retry_after_is_honoured(office: DirectoryOffice) -> None:
    office.publish("0088:one")
    office.directory.statuses.append(503)
    office.directory.headers["retry-after"] = "7200"
    assert office.push().failed == 1
    until = office.standing().paused_until
    assert until is not None
    assert until >= office.offline.clock.now + timedelta(hours=2)


def test_what_the_directory_refuses_is_not_repeated_and_stops_nobody_else(office: DirectoryOffice) -> None:
    first, second = office.publish("0088:one"), office.publish("0088:two")
    office.directory.statuses.append(400)
    pusher = office.pusher()
    pusher.together = 1
    assert pusher.run().to_json() == {"told": 1, "forgotten": 0, "refused": 1, "failed": 0}
    entry = office.entry(first)
    assert entry is not None
    assert (entry.state, entry.due_at, entry.status) == (EntryState.FAILED, None, 400)
    other = office.entry(second)
    assert other is not None
    assert other.state == EntryState.CURRENT
    office.publish("0088:one", "another name")
    assert office.push().told == 1  # a change is another thing


def test_a_refusal_of_our_certificate_leaves_the_directory_alone(office: DirectoryOffice) -> None:
    for number in range(3):
        office.publish(f"0088:{number}")
    office.directory.statuses.extend([403] * 3)
    assert office.push().failed == 3
    assert office.standing().failures == 1


def test_a_call_whose_answer_was_lost_is_made_again_and_does_no_harm(office: DirectoryOffice) -> None:
    participant = office.publish("0088:one")
    office.directory.loses = True
    office.push()
    assert list(office.directory.held) == [str(participant)]
    office.directory.loses = False
    office.offline.clock.forward(hours=1)
    assert office.push().told == 1
    office.remove(participant)
    office.directory.loses = True
    office.push()
    office.directory.loses = False
    office.offline.clock.forward(hours=1)
    assert office.push().forgotten == 1


def test_who_is_removed_after_a_call_of_unknown_outcome_is_forgotten_all_the_same(office: DirectoryOffice) -> None:
    participant = office.publish("0088:one")
    office.directory.loses = True
    office.push()
    office.directory.loses = False
    office.remove(participant)
    office.offline.clock.forward(hours=1)
    assert office.push().forgotten == 1
    assert office.directory.held == {}


class Killed(BaseException):
    """Nobody catches it, as nobody catches a kill."""


class DyingIndexer:
    """Dies of the first call."""

    def put(self, participant: ParticipantIdentifier) -> Told:
        raise Killed

    delete = put


def test_what_was_being_told_when_a_process_died_is_told_later(office: DirectoryOffice) -> None:
    participant = office.publish("0088:one")
    pusher = office.pusher()
    pusher.indexer = DyingIndexer()
    with pytest.raises(Killed):
        pusher.run()
    assert office.push().calls == 0
    office.offline.clock.forward(minutes=1)
    assert office.push().told == 1
    assert list(office.directory.held) == [str(participant)]


def test_a_change_while_it_is_told_is_told_afterwards(office: DirectoryOffice) -> None:
    participant = office.publish("0088:one")
    names = ["changed meanwhile"]
    office.directory.before_answer = lambda: [office.publish("0088:one", names.pop()) for _ in names]
    office.push()
    office.push()
    entry = office.entry(participant)
    assert entry is not None
    assert entry.state == EntryState.CURRENT
    assert len(office.directory.calls) == 2
    assert b"changed meanwhile" in office.directory.held[str(participant)]


def test_jobs_tell_what_is_due_and_find_what_nobody_marked(office: DirectoryOffice) -> None:
    change_domain(office.offline.instance, ACTOR, "demo", {"directory": {"enabled": False}})
    participant = office.publish("0088:before")
    assert office.work() == 0
    assert office.entry(participant) is None
    change_domain(office.offline.instance, ACTOR, "demo", {"directory": {"enabled": True}})
    assert office.work() == 2
    assert list(office.directory.held) == [str(participant)]
    assert office.work() == 0
    office.offline.clock.forward(hours=2)
    assert office.work() == 1  # everything is compared each hour


def test_a_domain_in_standby_leaves_the_directory_to_the_other_system(office: DirectoryOffice) -> None:
    office.publish("0088:one")
    with office.offline.instance.database.write(ACTOR) as work:
        standby.put(work, office.stored.id, standby=True)
    assert office.work() == 0
    assert office.directory.calls == []


def test_another_address_is_told_of_everybody(office: DirectoryOffice) -> None:
    office.publish("0088:one")
    office.work()
    url = office.directory.url.replace("127.0.0.1", "localhost")
    change_domain(office.offline.instance, ACTOR, "demo", {"directory": {"url": f"{office.directory.url}/"}})
    assert office.work() == 0  # it is the same
    change_domain(office.offline.instance, ACTOR, "demo", {"directory": {"url": url}})
    assert office.work() >= 1
    assert office.standing().failures == 1  # its certificate isn't for that name


def test_a_key_that_is_missing_is_told_and_not_tried_all_the_time(office: DirectoryOffice) -> None:
    office.publish("0088:one")
    office.work()
    (office.settings.directory_key_dir / "smp.pem").unlink()
    office.publish("0088:two")
    assert office.work() == 1
    assert "smp" in (office.standing().failure or "")


def test_an_operator_has_everything_told_once_more(office: DirectoryOffice) -> None:
    office.publish("0088:one")
    office.work()
    with office.offline.instance.database.write(ACTOR) as work:
        requests.push_all(work, office.stored, every=True)
    office.work()
    assert len(office.directory.calls) == 2


def test_an_operator_retries_what_failed(office: DirectoryOffice) -> None:
    participant = office.publish("0088:one")
    office.directory.away = True
    office.push()
    office.directory.away = False
    with office.offline.instance.database.write(ACTOR) as work:
        assert requests.retry(work, office.stored, participant) == 1
    assert office.push().told == 1
    with office.offline.instance.database.write(ACTOR) as work, pytest.raises(NotFoundError):
        requests.retry(work, office.stored, participant)


def test_a_directory_on_a_private_address_is_not_asked_unless_it_is_allowed(office: DirectoryOffice) -> None:
    office.publish("0088:one")
    office.settings = office.settings.model_copy(update={"directory_networks": ()})
    office.work()
    assert office.directory.calls == []
    assert "may not be asked" in (office.standing().failure or "")
