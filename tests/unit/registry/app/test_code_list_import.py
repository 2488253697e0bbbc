# SPDX-License-Identifier: Apache-2.0
"""Importing code lists: all files or none, in force in every process, and on record."""

from pathlib import Path

import pytest

from registry.app.code_lists import import_code_lists
from registry.audit import events
from registry.errors import ConfigurationError, NotFoundError, ValidationError
from registry.identifiers.code_lists import Kind, State
from registry.identifiers.participant import ISO6523
from registry.storage.domain_directory import DomainDirectory
from tests.simulators.code_lists import code_list, participant_list, written
from tests.simulators.offline import ACTOR, OfflineInstance

PROFILES = code_list("2", {"profile-id": "peppol-transport-as4-v2_0", "state": "active"})


def imported(offline: OfflineInstance, *lists: bytes) -> dict[Kind, str]:
    """Import into the domain; the versions in force then."""
    files = written(offline.folder, *lists)
    domain = import_code_lists(offline.instance, ACTOR, "demo", files).domain
    return {kind: item.version for kind, item in domain.identifiers.code_lists.items()}


def events_of(offline: OfflineInstance) -> list[events.Event]:
    about = events.about(offline.instance.database, "domain:demo")
    return [event for event in about if event.tag == "domains:code-list:import"]


def test_list_replaces_the_one_of_its_kind_and_leaves_the_others(offline: OfflineInstance) -> None:
    assert imported(offline, participant_list("1", i0088="active")) == {Kind.PARTICIPANT: "1"}
    assert imported(offline, PROFILES) == {Kind.PARTICIPANT: "1", Kind.TRANSPORT_PROFILE: "2"}
    assert imported(offline, participant_list("3", i0088="removed")) == {
        Kind.PARTICIPANT: "3",
        Kind.TRANSPORT_PROFILE: "2",
    }


def test_another_process_takes_the_lists_over_when_it_looks(offline: OfflineInstance) -> None:
    other = DomainDirectory(offline.instance.database)
    generation = other.generation
    imported(offline, participant_list("1", i0088="deprecated"))
    other.refresh()
    assert other.generation == generation + 1
    codes = other.get("demo").domain.identifiers.code_lists[Kind.PARTICIPANT]
    assert codes.state(ISO6523, "0088") is State.DEPRECATED
    other.refresh()
    assert other.generation == generation + 1


def test_import_is_on_record_with_what_was_in_force_before(offline: OfflineInstance) -> None:
    imported(offline, participant_list("1", i0088="active"))
    imported(offline, participant_list("2", i0088="active", i0192="active"), PROFILES)
    first, second, third = events_of(offline)
    assert (first.before, first.after) == (None, {"kind": "participant", "version": "1", "rows": 1})
    assert (second.before, second.after) == (first.after, {"kind": "participant", "version": "2", "rows": 2})
    assert (third.before, third.after) == (None, {"kind": "transport profile", "version": "2", "rows": 1})
    assert {event.actor for event in (first, second, third)} == {ACTOR.name}


def test_same_list_again_does_nothing(offline: OfflineInstance) -> None:
    imported(offline, PROFILES)
    generation = offline.instance.directory.generation
    assert imported(offline, PROFILES) == {Kind.TRANSPORT_PROFILE: "2"}
    assert offline.instance.directory.generation == generation
    assert len(events_of(offline)) == 1


def test_one_bad_file_keeps_all_lists_out_and_every_bad_file_is_named(offline: OfflineInstance) -> None:
    with pytest.raises(ValidationError) as caught:
        imported(offline, PROFILES, b"<CodeList/>", code_list("1", {"use-case-id": "MLS"}), PROFILES)
    messages = [(reason.id, Path(reason.message.partition(":")[0]).name) for reason in caught.value.reasons]
    assert messages == [
        ("CODE-LIST-FORM", "list-1.json"),
        ("CODE-LIST-FORM", "list-2.json"),
        ("CODE-LIST-TWICE", "list-3.json"),
    ]
    assert offline.instance.directory.get("demo").domain.identifiers.code_lists == {}
    assert events_of(offline) == []


def test_file_that_is_not_there_and_domain_that_is_not_there_are_named(offline: OfflineInstance) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.json can't be read: No such file"):
        import_code_lists(offline.instance, ACTOR, "demo", [offline.folder / "none.json"])
    with pytest.raises(NotFoundError, match="known: demo"):
        import_code_lists(offline.instance, ACTOR, "other", [])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_encodings_of_json_and_lone_surrogates_survive_the_database(offline: OfflineInstance, encoding: str) -> None:
    row = '{"scheme": "s", "value": "\u00e9\\ud800\\u0000", "state": "active"}'
    text = f'{{"version": "1", "values": [{row}]}}'
    assert imported(offline, text.encode(encoding)) == {Kind.PROCESS: "1"}
    codes = DomainDirectory(offline.instance.database).get("demo").domain.identifiers.code_lists[Kind.PROCESS]
    assert codes.state("s", "\u00e9\ud800\0") is State.ACTIVE
