# SPDX-License-Identifier: Apache-2.0
"""Operations of BDMSLService at the service: existence, services of single participants, and whether it is alive."""

from datetime import timedelta

import pytest

from registry.demo.pki import SMP_UNIT, new_ec_key
from registry.sml.errors import FaultKind, SmlError
from registry.sml.model import Caller, Publisher
from registry.storage.queries import probes
from tests.simulators.databases import everything_in
from tests.simulators.live import SMP_ID
from tests.simulators.offline import OfflineInstance, participant

WHO = participant()


def stranger(offline: OfflineInstance, unit: str = SMP_UNIT) -> Caller:
    now = offline.clock.now
    issued = offline.pki.smp_ca.issue(
        "SMP_OTHER", unit, not_before=now - timedelta(days=1), not_after=now + timedelta(days=9), key=new_ec_key()
    )
    return offline.caller(issued.certificate)


def test_exists_is_said_of_an_smp_and_a_participant_in_any_spelling(offline: OfflineInstance) -> None:
    sml = offline.instance.sml
    sml.create_participants(offline.caller(), SMP_ID, [participant("0088:abc")])
    for caller in (offline.caller(), stranger(offline)):
        assert sml.exists_participant(caller, SMP_ID.lower(), participant("0088:ABC"))
        assert not sml.exists_participant(caller, SMP_ID, participant("0088:abcd"))


def test_exists_asks_of_one_smp_and_not_of_another(offline: OfflineInstance) -> None:
    sml, other = offline.instance.sml, stranger(offline)
    sml.create_publisher(other, Publisher("OTHER", "https://a.example", "192.0.2.1"))
    sml.create_participants(other, "OTHER", [WHO])
    assert not sml.exists_participant(other, SMP_ID, WHO)
    assert sml.exists_participant(offline.caller(), "OTHER", WHO)
    with pytest.raises(SmlError, match=r"^\[ERR-100\] The SMP 'NONE' doesn't exist$"):
        sml.exists_participant(other, "NONE", WHO)


def test_whom_no_domain_lets_in_learns_nothing(offline: OfflineInstance) -> None:
    outside = stranger(offline, "SOMETHING ELSE")
    with pytest.raises(SmlError, match="ERR-101"):
        offline.instance.sml.exists_participant(outside, SMP_ID, WHO)
    with pytest.raises(SmlError, match="ERR-101"):
        offline.instance.sml.is_alive(outside)


def test_asking_whether_it_is_alive_leaves_nothing_behind(offline: OfflineInstance) -> None:
    before = everything_in(offline.instance.database)
    offline.instance.sml.is_alive(offline.caller())
    assert everything_in(offline.instance.database) == before


def test_database_that_gives_back_something_else_is_not_alive(
    offline: OfflineInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probes, "write_and_read", lambda _work: False)
    with pytest.raises(SmlError) as caught:
        offline.instance.sml.is_alive(offline.caller())
    assert (caught.value.kind, caught.value.code) == (FaultKind.INTERNAL_ERROR, 105)
