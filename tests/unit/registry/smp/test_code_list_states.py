# SPDX-License-Identifier: Apache-2.0
"""Code lists keep new entries out; what is published already may stay and change, unless its code was removed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from registry.app.code_lists import import_code_lists
from registry.demo.content import BILLING, CREDIT_NOTE, INVOICE, ORDERING, TRANSPORT_PROFILE, demo_metadata
from registry.demo.pki import DemoPki
from registry.errors import ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.metadata import Extension, Process, ServiceGroup, ServiceMetadata
from registry.sml.errors import SmlError
from registry.smp.access_points import AccessPoints
from registry.smp.publishing import Outcome, Published
from registry.storage.queries import registrations
from tests.simulators.code_lists import code_list, participant_list, written
from tests.simulators.live import SMP_ID
from tests.simulators.offline import ACTOR, OfflineInstance, offline_instance, participant

NOTE = Extension(b"<x:note xmlns:x='urn:x'/>")


@pytest.fixture
def strict(tmp_path: Path, pki: DemoPki) -> Iterator[OfflineInstance]:
    """An instance whose domain has strict identifiers."""
    with offline_instance(tmp_path, pki, identifiers={"strict": True}) as instance:
        yield instance


@pytest.fixture
def metadata(pki: DemoPki) -> ServiceMetadata:
    return demo_metadata(pki.access_points)[0]


def lists_say(strict: OfflineInstance, *lists: bytes) -> None:
    strict.stored = import_code_lists(strict.instance, ACTOR, "demo", written(strict.folder, *lists))


def document_types(**states: str) -> bytes:
    known = {"invoice": INVOICE, "credit_note": CREDIT_NOTE}
    return code_list("1", *(_row(known[name]) | {"state": state, "abstract": False} for name, state in states.items()))


def processes(**states: str) -> bytes:
    known = {"billing": BILLING, "ordering": ORDERING}
    rows = (ProcessIdentifier("cenbii-procid-ubl", known[name]) for name in states)
    return code_list("1", *(_row(row) | {"state": state} for row, state in zip(rows, states.values(), strict=True)))


def profiles(state: str) -> bytes:
    return code_list("1", {"profile-id": TRANSPORT_PROFILE, "state": state})


def _row(identifier: DocumentTypeIdentifier | ProcessIdentifier) -> dict[str, object]:
    return {"scheme": identifier.scheme, "value": identifier.value}


def put(strict: OfflineInstance, metadata: ServiceMetadata) -> Published:
    return strict.instance.publishing.put_service_metadata(ACTOR, strict.stored, metadata, create_group=True)


def put_group(strict: OfflineInstance, value: str, *extensions: Extension) -> Published:
    group = ServiceGroup(participant(value), extensions=extensions)
    return strict.instance.publishing.put_service_group(ACTOR, strict.stored, group)


def refusal(act, *arguments: object) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        act(*arguments)
    return [reason.id for reason in caught.value.reasons]


def with_processes(metadata: ServiceMetadata, *values: str) -> ServiceMetadata:
    (group,) = metadata.process_metadata
    named = (Process(ProcessIdentifier("cenbii-procid-ubl", value)) for value in values)
    return replace(metadata, process_metadata=tuple(replace(group, processes=(process,)) for process in named))


@pytest.mark.parametrize("states", [{"i0088": "deprecated"}, {"i0192": "active"}, {"i0088": "removed"}])
def test_new_participant_needs_an_active_icd_at_smp_and_sml(strict: OfflineInstance, states: dict[str, str]) -> None:
    lists_say(strict, participant_list(**states))
    assert len(refusal(put_group, strict, "0088:1")) == 1
    with pytest.raises(SmlError, match=r"code list|deprecated"):
        strict.instance.sml.create_participants(strict.caller(), SMP_ID, [participant("0088:1")])
    with strict.instance.database.read() as connection:
        assert registrations.find(connection, strict.stored.id, [(participant().scheme, "0088:1")]) == []


def test_participant_of_a_deprecated_icd_may_change_in_any_spelling(strict: OfflineInstance) -> None:
    put_group(strict, "0088:ab")
    lists_say(strict, participant_list(i0088="deprecated"))
    changed = put_group(strict, "0088:AB", NOTE)
    assert changed.outcome is Outcome.UPDATED
    assert any("PARTICIPANT-DEPRECATED" in warning for warning in changed.warnings)
    assert put_group(strict, "0088:ab", NOTE).outcome is Outcome.UNCHANGED
    assert refusal(put_group, strict, "0088:ac") == ["PARTICIPANT-DEPRECATED"]


def test_participant_of_a_removed_icd_may_only_be_withdrawn(strict: OfflineInstance, metadata: ServiceMetadata) -> None:
    put(strict, metadata)
    lists_say(strict, participant_list(i0088="removed"))
    assert refusal(put_group, strict, metadata.participant.value, NOTE) == ["PARTICIPANT-REMOVED"]
    assert refusal(put, strict, replace(metadata, extensions=(NOTE,))) == ["PARTICIPANT-REMOVED"]
    strict.instance.publishing.delete_service_group(ACTOR, strict.stored, metadata.participant)


def test_participant_of_a_deprecated_icd_may_receive_more(strict: OfflineInstance, metadata: ServiceMetadata) -> None:
    put(strict, metadata)
    lists_say(strict, participant_list(i0088="deprecated"))
    more = put(strict, replace(metadata, document_type=CREDIT_NOTE))
    assert more.outcome is Outcome.CREATED
    assert any("PARTICIPANT-DEPRECATED" in warning for warning in more.warnings)


def test_deprecated_document_type_may_change_but_not_come_in(
    strict: OfflineInstance, metadata: ServiceMetadata
) -> None:
    put(strict, metadata)
    lists_say(strict, document_types(invoice="deprecated", credit_note="deprecated"))
    assert put(strict, replace(metadata, extensions=(NOTE,))).outcome is Outcome.UPDATED
    assert refusal(put, strict, replace(metadata, document_type=CREDIT_NOTE)) == ["DOCUMENT-TYPE-DEPRECATED"]
    elsewhere = replace(metadata, participant=participant("0088:2"))
    assert refusal(put, strict, elsewhere) == ["DOCUMENT-TYPE-DEPRECATED"]
    lists_say(strict, document_types(invoice="removed"))
    assert refusal(put, strict, metadata) == ["DOCUMENT-TYPE-REMOVED"]


def test_deprecated_process_may_stay_but_not_be_added(strict: OfflineInstance, metadata: ServiceMetadata) -> None:
    put(strict, metadata)
    lists_say(strict, processes(billing="deprecated", ordering="deprecated"))
    assert put(strict, replace(metadata, extensions=(NOTE,))).outcome is Outcome.UPDATED
    assert refusal(put, strict, with_processes(metadata, BILLING, ORDERING)) == ["PROCESS-DEPRECATED"]
    lists_say(strict, processes(billing="deprecated", ordering="active"))
    assert put(strict, with_processes(metadata, BILLING, ORDERING)).outcome is Outcome.UPDATED


def test_transport_profile_that_is_listed_no_more_may_stay(strict: OfflineInstance, metadata: ServiceMetadata) -> None:
    put(strict, metadata)
    lists_say(strict, profiles("deprecated"))
    assert put(strict, replace(metadata, extensions=(NOTE,))).outcome is Outcome.UPDATED
    assert refusal(put, strict, replace(metadata, document_type=CREDIT_NOTE)) == ["TRANSPORT-PROFILE-DEPRECATED"]


def test_access_point_of_a_deprecated_profile_may_move_and_of_a_removed_one_may_not(
    strict: OfflineInstance, metadata: ServiceMetadata
) -> None:
    put(strict, metadata)
    lists_say(strict, profiles("deprecated"))

    def move() -> list[str]:
        trust = strict.instance.trust_models.of(strict.stored.domain)
        points = AccessPoints(strict.instance.database, strict.stored, trust)
        return points.change(ACTOR, points.listed()[0].name, address="https://new.example.org/as4")

    assert any("TRANSPORT-PROFILE-DEPRECATED" in warning for warning in move())
    lists_say(strict, profiles("removed"))
    assert refusal(move) == ["TRANSPORT-PROFILE-REMOVED"]


def test_what_is_wrong_otherwise_is_said_together_with_what_lists_say(
    strict: OfflineInstance, metadata: ServiceMetadata
) -> None:
    lists_say(strict, participant_list(i0088="deprecated"), document_types(invoice="deprecated"))
    assert refusal(put, strict, replace(metadata, process_metadata=())) == [
        "PARTICIPANT-DEPRECATED",
        "DOCUMENT-TYPE-DEPRECATED",
        "SMP-EMPTY",
        "BUSDOX-PROCESS",
    ]


def test_real_lists_let_the_demonstration_in(strict: OfflineInstance, metadata: ServiceMetadata, corpus: Path) -> None:
    folder = corpus / "smp" / "codelists" / "v9.7"
    names = ("participant-identifier-schemes", "document-types", "processes", "transport-profiles")
    files = [folder / f"{name}-v9.7.json" for name in names]
    strict.stored = import_code_lists(strict.instance, ACTOR, "demo", files)
    assert put(strict, metadata).outcome is Outcome.CREATED
    norway_before_2023 = replace(metadata, participant=participant("9908:991825827"))
    assert refusal(put, strict, norway_before_2023) == ["PARTICIPANT-REMOVED"]


def test_lax_domain_does_not_ask_its_lists(offline: OfflineInstance, metadata: ServiceMetadata) -> None:
    lists_say(offline, participant_list(i0088="removed"))
    assert put(offline, metadata).outcome is Outcome.CREATED
