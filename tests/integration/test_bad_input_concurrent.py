# SPDX-License-Identifier: Apache-2.0
"""Many writers at once: each call is done whole or refused, and tables, DNS and audit agree in the end."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

from registry.app.participants import describe, each_participant
from registry.audit import events
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.identifiers.url_form import participant_path
from registry.metadata import ServiceGroup
from registry.sml.errors import SmlError
from registry.sml.model import Publisher
from registry.smp.documents.busdox import write_service_group
from registry.smp.documents.signing import verify_document
from tests.simulators.hostile import (
    Answer,
    Manager,
    check_consistency,
    get,
    pid,
    pids,
    registered,
)
from tests.simulators.live import SMP_ID, LiveInstance
from tests.simulators.publications import Published

KEY = "Ab1@Cd2#Ef3!"
URL = "https://second.example.org"


def participants(live: LiveInstance) -> set[str]:
    return {str(participant) for participant, _ in each_participant(live.instance, live.stored)}


# Documents


def test_concurrent_puts_of_one_service_leave_one_of_them_signed_and_all_in_the_audit(
    shared_live: LiveInstance, manager: Manager, fresh: Published
) -> None:
    addresses = [f"https://ap{number}.example.org/as4" for number in range(24)]
    bodies = [fresh.document.replace("https://ap1.demo.example/as4", address) for address in addresses]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda body: manager.put(fresh.path, body), bodies))
    assert sorted(answer.status for answer in answers) == [200] * 23 + [201]
    verified = verify_document(get(shared_live, fresh.path).body)
    assert verified.parsed.metadata is not None
    served = verified.parsed.metadata.process_metadata[0].endpoints[0].address
    (shown,) = describe(shared_live.instance, shared_live.stored, fresh.metadata.participant)["services"]
    assert served == shown["process_metadata"][0]["endpoints"][0]["address"]
    about = events.about(shared_live.instance.database, str(fresh.metadata.participant))
    told = [event for event in about if "metadata" in event.tag]
    said = [row.after["says"][0]["endpoints"][0]["address"] for row in told]
    assert sorted(said) == sorted(addresses)
    assert said[-1] == served
    for earlier, later in pairwise(told):
        assert later.before == earlier.after


def test_concurrent_puts_and_deletes_never_fail_inside(
    shared_live: LiveInstance, manager: Manager, fresh: Published
) -> None:
    def work(number: int) -> Answer:
        match number % 4:
            case 0:
                return manager.put(fresh.group_path, fresh.group)
            case 1:
                return manager.put(fresh.path, fresh.document)
            case 2:
                return manager.delete(fresh.group_path if number % 8 == 2 else fresh.path)
            case _:
                return get(shared_live, fresh.path)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(work, range(80)))
    assert {answer.status for answer in answers} <= {200, 201, 204, 404}
    shared_live.wait_for_dns()
    check_consistency(shared_live.instance.database)
    group, service = get(shared_live, fresh.group_path).status, get(shared_live, fresh.path).status
    assert (group, service) in {(200, 200), (200, 404), (404, 404)}


def test_concurrent_puts_of_one_service_group_make_it_once(shared_live: LiveInstance, manager: Manager) -> None:
    participant = ParticipantIdentifier(ISO6523, "0088:made-once")
    spellings = ["0088:made-once", "0088:MADE-once", "0088:Made-Once", "0088:MADE-ONCE"] * 3

    def put(value: str) -> int:
        spelled = ParticipantIdentifier(ISO6523, value)
        return manager.put(participant_path(spelled), write_service_group(ServiceGroup(spelled), "https://x")).status

    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(put, spellings))
    assert sorted(statuses) == [200] * 11 + [201]
    assert [p for p in participants(shared_live) if p.lower().endswith("made-once")] != []
    assert sum(p.lower() == str(participant) for p in participants(shared_live)) == 1


# Registrations


def together(works: Sequence[Callable[[], object]]) -> list[object]:
    """What each call gave, or the SmlError that it raised."""

    def outcome(work: Callable[[], object]) -> object:
        try:
            return work()
        except SmlError as error:
            return error

    with ThreadPoolExecutor(6) as pool:
        return list(pool.map(outcome, works))


def test_concurrent_lists_that_overlap_are_each_registered_whole_or_not_at_all(
    shared_live: LiveInstance, second: Path
) -> None:
    lists = [[pid(f"0088:overlap-{start + index}") for index in range(30)] for start in range(0, 200, 20)]

    def create(number: int) -> str:
        with shared_live.sml_client(second if number % 2 else None) as sml:
            sml.create_participants("SMP-SECOND" if number % 2 else SMP_ID, lists[number])
        return "SMP-SECOND" if number % 2 else SMP_ID

    outcomes = together([lambda number=number: create(number) for number in range(len(lists))])
    found = registered(shared_live)
    for members, outcome in zip(lists, outcomes, strict=True):
        if isinstance(outcome, SmlError):
            assert outcome.code == 106
            assert "already exist" in str(outcome)
        else:
            assert all((URL in found[str(member.value)]) == (outcome == "SMP-SECOND") for member in members)
    done = [set(members) for members, outcome in zip(lists, outcomes, strict=True) if not isinstance(outcome, SmlError)]
    assert done
    assert {value for value in found if "overlap" in value} == {str(member.value) for group in done for member in group}


def test_concurrent_migrations_with_one_key_have_one_winner(shared_live: LiveInstance, second: Path) -> None:
    participant = pid("0088:wanted-by-many")
    with shared_live.sml_client() as sml:
        sml.create_participants(SMP_ID, [participant])
        sml.prepare_migration(SMP_ID, participant, KEY)

    def take() -> None:
        with shared_live.sml_client(second) as sml:
            sml.migrate("SMP-SECOND", participant, KEY)

    outcomes = together([take] * 8)
    assert sum(outcome is None for outcome in outcomes) == 1
    assert {outcome.code for outcome in outcomes if isinstance(outcome, SmlError)} == {111}
    assert URL in registered(shared_live)["0088:wanted-by-many"]


def test_concurrent_creation_of_one_smp_has_one_owner(shared_live: LiveInstance, second: Path) -> None:
    def create(number: int) -> None:
        with shared_live.sml_client(second if number % 2 else None) as sml:
            sml.create_publisher(Publisher("SMP-RACE" if number % 3 else "smp-race", f"https://r{number}.example", ""))

    outcomes = together([lambda number=number: create(number) for number in range(8)])
    assert sum(outcome is None for outcome in outcomes) == 1
    assert {outcome.code for outcome in outcomes if isinstance(outcome, SmlError)} == {106}


def test_concurrent_creation_and_deletion_never_fail_inside(shared_live: LiveInstance) -> None:
    members = pids("to-and-fro", 10)

    def work(number: int) -> None:
        with shared_live.sml_client() as sml:
            (sml.delete_participants if number % 2 else sml.create_participants)(SMP_ID, members)

    outcomes = together([lambda number=number: work(number) for number in range(24)])
    assert {outcome.code for outcome in outcomes if isinstance(outcome, SmlError)} <= {106, 110}
    present = {value for value in registered(shared_live) if "to-and-fro" in value}
    assert len(present) in {0, 10}


def test_new_address_during_registrations_reaches_every_participant(shared_live: LiveInstance, second: Path) -> None:
    with shared_live.sml_client(second) as sml:
        sml.create_publisher(Publisher("SMP-MOVES", "https://old.example.org", ""))

    def work(number: int) -> None:
        with shared_live.sml_client(second) as sml:
            if number % 3 == 2:
                sml.update_publisher(Publisher("SMP-MOVES", f"https://new{number}.example.org", ""))
            else:
                sml.create_participants("SMP-MOVES", pids(f"moves-{number}", 5))

    assert set(together([lambda number=number: work(number) for number in range(12)])) == {None}
    with shared_live.sml_client(second) as sml:
        address = sml.read_publisher("SMP-MOVES").logical_address
    records = {value: record for value, record in registered(shared_live).items() if "moves-" in value}
    assert len(records) == 40
    assert all(f"!{address}!" in record for record in records.values())
