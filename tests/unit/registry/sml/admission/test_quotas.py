# SPDX-License-Identifier: Apache-2.0
"""Quotas of a domain and of each SMP: exact, also when many register at once, and nothing for domains without."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from sqlalchemy import event

from registry.app.domain_setup import change_domain
from registry.demo.pki import DemoPki
from registry.sml.errors import FaultKind, SmlError
from registry.sml.model import Publisher
from tests.simulators.live import SMP_ID
from tests.simulators.offline import ACTOR, OfflineInstance, offline_instance, participant

KEY = "Ab12!!cd34-Xy"


@pytest.fixture(scope="session")
def second(pki: DemoPki) -> x509.Certificate:
    """The certificate of a second SMP of the network."""
    own = pki.smp.certificate
    return pki.smp_ca.issue(
        "SMP_SECOND", "PEPPOL TEST SMP", not_before=own.not_valid_before_utc, not_after=own.not_valid_after_utc
    ).certificate


def with_quota(tmp_path: Path, pki: DemoPki, **quotas: int) -> Any:
    return offline_instance(tmp_path, pki, sml={"enabled": True, **quotas})


def refusal(call: Callable[[], object]) -> SmlError:
    with pytest.raises(SmlError) as caught:
        call()
    return caught.value


def numbered(*numbers: int) -> list[Any]:
    return [participant(f"0088:{number}") for number in numbers]


def add_second(offline: OfflineInstance, second: x509.Certificate) -> None:
    offline.instance.sml.create_publisher(
        offline.caller(second), Publisher("SECOND", "https://second.example.org/", "1.1.1.1")
    )


def test_domain_takes_as_many_as_its_quota_says_from_all_smps(
    tmp_path: Path, pki: DemoPki, second: x509.Certificate
) -> None:
    with with_quota(tmp_path, pki, max_participants=3) as offline:
        sml = offline.instance.sml
        add_second(offline, second)
        sml.create_participants(offline.caller(), SMP_ID, numbered(1, 2))
        error = refusal(lambda: sml.create_participants(offline.caller(second), "SECOND", numbered(3, 4)))
        assert (error.kind, error.code) == (FaultKind.BAD_REQUEST, 106)
        assert str(error) == (
            "[ERR-106] The maximum number of participants for the domain demo would be exceeded: 3 is the most"
        )
        sml.create_participants(offline.caller(second), "SECOND", numbered(3))
        sml.delete_participants(offline.caller(), SMP_ID, numbered(1))
        sml.create_participants(offline.caller(second), "SECOND", numbered(4))


def test_smp_takes_as_many_as_its_quota_says_also_by_migration(
    tmp_path: Path, pki: DemoPki, second: x509.Certificate
) -> None:
    with with_quota(tmp_path, pki, max_participants_per_publisher=2, max_participants=3) as offline:
        sml = offline.instance.sml
        add_second(offline, second)
        sml.create_participants(offline.caller(), SMP_ID, numbered(1, 2))
        assert f"for the SMP '{SMP_ID}' would be exceeded: 2 is the most" in str(
            refusal(lambda: sml.create_participants(offline.caller(), SMP_ID, numbered(3)))
        )
        sml.create_participants(offline.caller(second), "SECOND", numbered(3))
        for number in (1, 2):
            sml.prepare_migration(offline.caller(), SMP_ID, *numbered(number), KEY)
        sml.migrate(offline.caller(second), "SECOND", *numbered(1), KEY)  # the domain is full, and has not one more
        assert "for the SMP 'SECOND'" in str(
            refusal(lambda: sml.migrate(offline.caller(second), "SECOND", *numbered(2), KEY))
        )


def test_what_is_there_stays_when_a_quota_comes(tmp_path: Path, pki: DemoPki) -> None:
    with with_quota(tmp_path, pki) as offline:
        sml = offline.instance.sml
        sml.create_participants(offline.caller(), SMP_ID, numbered(1, 2, 3))
        change_domain(offline.instance, ACTOR, "demo", {"sml": {"enabled": True, "max_participants": 2}})
        offline.instance.directory.refresh()
        refusal(lambda: sml.create_participants(offline.caller(), SMP_ID, numbered(4)))
        assert len(sml.list_participants(offline.caller(), SMP_ID, None).participants) == 3
        sml.create_participants(offline.caller(), SMP_ID, [])


def test_more_than_the_quota_at_once_is_refused_unread(tmp_path: Path, pki: DemoPki) -> None:
    with with_quota(tmp_path, pki, max_participants=1) as offline:
        refusal(lambda: offline.instance.sml.create_participants(offline.caller(), SMP_ID, numbered(1, 2)))


@pytest.mark.parametrize("quota", ["max_participants", "max_participants_per_publisher"])
def test_of_many_at_once_as_many_win_as_there_are_places(tmp_path: Path, pki: DemoPki, quota: str) -> None:
    with with_quota(tmp_path, pki, **{quota: 5}) as offline:
        together = threading.Barrier(8)

        def register(number: int) -> str:
            together.wait(20)
            try:
                offline.instance.sml.create_participants(offline.caller(), SMP_ID, numbered(number))
            except SmlError as error:
                return str(error).partition(" would be")[2] or str(error)
            return ""

        with ThreadPoolExecutor(8) as pool:
            said = [future.result() for future in [pool.submit(register, number) for number in range(8)]]
        assert sorted(said) == [*[""] * 5, *[" exceeded: 5 is the most"] * 3]
        assert len(offline.instance.sml.list_participants(offline.caller(), SMP_ID, None).participants) == 5


def test_domain_without_quotas_pays_nothing(offline: OfflineInstance) -> None:
    statements: list[str] = []
    engine = offline.instance.database._writers

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        offline.instance.sml.create_participants(offline.caller(), SMP_ID, numbered(1))
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert statements
    assert not any("count(" in statement for statement in statements)
