# SPDX-License-Identifier: Apache-2.0
"""Participants whose names an operator gave away are refused, and told to whom."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from registry.dns.records import RRset
from registry.dns.zone_records import ZoneRecords, delegation
from registry.errors import RegistryError, ValidationError
from registry.identifiers.dns_names import NameForm, participant_owner
from registry.sml.delegations import delegation_refusal
from registry.sml.errors import SmlError
from registry.storage.queries import publishers
from tests.simulators.live import SMP_ID
from tests.simulators.offline import ACTOR, OfflineInstance, participant

TYPE_1 = NameForm("{hash}.{scheme}.{icd}.iso6523")


def refusal(offline: OfflineInstance, *values: str) -> SmlError | None:
    labels = [participant_owner(participant(value), TYPE_1) for value in values]
    with offline.instance.database.read() as connection:
        return delegation_refusal(connection, offline.stored, labels)


@pytest.fixture
def records(offline: OfflineInstance) -> ZoneRecords:
    return ZoneRecords(offline.instance.database, offline.instance.journal)


def test_rfc1034_4_2_a_name_below_a_delegation_is_refused_with_its_servers(
    offline: OfflineInstance, records: ZoneRecords
) -> None:
    servers = [("ns1.example", []), ("ns2.example", [])]
    records.put(ACTOR, offline.stored, delegation("0088.iso6523", servers, [], 60))
    refused = refusal(offline, "0088:1", "0195:1")
    assert refused is not None
    zone = offline.stored.domain.dns.zone
    text = f"Names below 0088.iso6523.{zone} are given away to ns1.example, ns2.example (NS)"
    assert str(refused).startswith(f"[ERR-106] {text}")
    assert isinstance(refused.plain, ValidationError)
    assert [reason.id for reason in refused.plain.reasons] == ["SML-DELEGATED"]


def test_rfc6672_2_4_a_name_below_a_dname_is_refused_and_every_end_is_named(
    offline: OfflineInstance, records: ZoneRecords
) -> None:
    for icd in ("0088", "9914"):
        records.put(ACTOR, offline.stored, [RRset(f"{icd}.iso6523", "DNAME", 60, (f"{icd}.iso6523.example.",))])
    refused = refusal(offline, "0088:1", "9914:1", "0195:1")
    assert refused is not None
    assert isinstance(refused.plain, ValidationError)
    assert ["DNAME" in reason.message for reason in refused.plain.reasons] == [True, True]


def test_names_beside_a_delegation_are_let_in(offline: OfflineInstance, records: ZoneRecords) -> None:
    assert refusal(offline, "0195:1") is None
    records.put(ACTOR, offline.stored, delegation("0088.iso6523", [("ns1.example", [])], [], 60))
    records.put(ACTOR, offline.stored, [RRset("iso6523", "TXT", 60, ('"agencies"',))])
    assert refusal(offline, "0195:1") is None


def test_nobody_registers_below_a_delegation_or_learns_otherwise_from_a_plan(
    offline: OfflineInstance, records: ZoneRecords
) -> None:
    records.put(ACTOR, offline.stored, delegation("iso6523-actorid-upis", [("ns1.example", [])], [], 60))
    before = offline.zone_state()
    with pytest.raises(SmlError, match=r"^\[ERR-106\] Names below iso6523-actorid-upis\.") as caught:
        offline.instance.sml.create_participants(offline.caller(), SMP_ID, [participant("0088:1")])
    assert offline.zone_state() == before
    with offline.instance.database.read() as connection:
        (row,) = publishers.find(connection, [offline.stored.id], SMP_ID)
        planned = offline.instance.registrar.refusals(connection, offline.stored, row, [participant("0088:1")])
    assert [str(refused) for refused in planned] == [str(caught.value)]


@pytest.mark.parametrize("first", ["register", "delegate"])
def test_of_a_registration_and_a_delegation_at_once_the_second_is_refused(
    offline: OfflineInstance, records: ZoneRecords, first: str
) -> None:
    cut = delegation("iso6523-actorid-upis", [("ns1.example", [])], [], 60)
    acts: dict[str, Callable[[], object]] = {
        "register": lambda: offline.instance.sml.create_participants(offline.caller(), SMP_ID, [participant("0088:1")]),
        "delegate": lambda: records.put(ACTOR, offline.stored, cut),
    }
    earlier = acts.pop(first)
    (later,) = acts.values()
    with ThreadPoolExecutor(1) as pool:
        with offline.instance.database.write(ACTOR):
            earlier()
            waiting = pool.submit(later)
            with pytest.raises(TimeoutError):
                waiting.result(0.5)
        with pytest.raises(RegistryError, match=r"given away|are registered below"):
            waiting.result(30)
