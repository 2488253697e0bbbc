# SPDX-License-Identifier: Apache-2.0
"""Who may register what, by SOAP, REST and our own SMP alike: allow-lists, check digits, somebody outside, codes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from registry.accounts.permissions import Role
from registry.app.code_lists import import_code_lists
from registry.app.domain_setup import change_domain
from registry.demo.pki import DemoPki
from registry.errors import ConflictError
from registry.metadata import ServiceGroup
from registry.sml.admission.admission import ask_ahead
from registry.sml.admission.asking import NotAskedYetError
from registry.sml.errors import FaultKind, SmlError
from registry.sml.model import Publisher
from registry.storage.queries import publishers
from registry.telemetry import METRICS
from tests.simulators.admission_service import AdmissionService, admission_service
from tests.simulators.code_lists import participant_list, written
from tests.simulators.live import SMP_ID
from tests.simulators.offline import ACTOR, OfflineInstance, offline_instance, participant
from tests.simulators.rest_callers import RestOffice, reasons

KEY = "Ab12!!cd34-Xy"
BELGIAN = participant("0208:0899965307")
OTHER_BELGIAN = participant("0208:0202239951")


@pytest.fixture(scope="session")
def other(pki: DemoPki) -> x509.Certificate:
    """The certificate of another SMP of the same network."""
    own = pki.smp.certificate
    return pki.smp_ca.issue(
        "SMP_OTHER", "PEPPOL TEST SMP", not_before=own.not_valid_before_utc, not_after=own.not_valid_after_utc
    ).certificate


@pytest.fixture
def service() -> Iterator[AdmissionService]:
    with admission_service() as outside:
        yield outside


def instance_with(tmp_path: Path, pki: DemoPki, *rules: dict[str, Any], **sml: Any) -> Any:
    return offline_instance(tmp_path, pki, sml={"enabled": True, "admission": [*rules], **sml})


@pytest.fixture
def asking(
    tmp_path: Path, pki: DemoPki, service: AdmissionService, monkeypatch: pytest.MonkeyPatch
) -> Iterator[OfflineInstance]:
    """An instance that asks the service about Belgian numbers."""
    monkeypatch.setenv("REGISTRY_SML_ADMISSION_NETWORKS", "127.0.0.0/8")
    rule = {"icds": ["0208"], "ask": {"url": service.url, "timeout_s": 5}}
    with instance_with(tmp_path, pki, rule) as offline:
        yield offline


def refusal(offline: OfflineInstance, *participants: Any, smp_id: str = SMP_ID, by: Any = None) -> SmlError:
    with pytest.raises(SmlError) as caught:
        offline.instance.sml.create_participants(offline.caller(by), smp_id, participants)
    return caught.value


def held_by(offline: OfflineInstance, smp_id: str = SMP_ID, by: Any = None) -> list[str]:
    page = offline.instance.sml.list_participants(offline.caller(by), smp_id, None)
    return [item.value for item in page.participants]


def test_allow_list_lets_only_its_smps_register_the_agencys_numbers(
    tmp_path: Path, pki: DemoPki, other: x509.Certificate
) -> None:
    with instance_with(tmp_path, pki, {"icds": ["0208"], "publishers": ["other"]}) as offline:
        sml = offline.instance.sml
        sml.create_publisher(offline.caller(other), Publisher("OTHER", "https://other.example.org/", "1.1.1.1"))
        error = refusal(offline, participant("0088:1"), BELGIAN)
        assert (error.kind, error.code) == (FaultKind.BAD_REQUEST, 106)
        assert f"does not let the SMP {SMP_ID} register iso6523-actorid-upis::0208:0899965307" in str(error)
        assert held_by(offline) == [], "all or none"
        sml.create_participants(offline.caller(), SMP_ID, [participant("0088:1")])
        sml.create_participants(offline.caller(other), "OTHER", [BELGIAN])


def test_smp_that_may_not_register_a_number_may_not_take_it_over_either(
    tmp_path: Path, pki: DemoPki, other: x509.Certificate
) -> None:
    with instance_with(tmp_path, pki, {"icds": ["0208"], "publishers": ["OTHER"]}) as offline:
        sml = offline.instance.sml
        sml.create_publisher(offline.caller(other), Publisher("OTHER", "https://other.example.org/", "1.1.1.1"))
        sml.create_participants(offline.caller(other), "OTHER", [BELGIAN])
        sml.prepare_migration(offline.caller(other), "OTHER", BELGIAN, KEY)
        with pytest.raises(SmlError, match="SML-ADMISSION-PUBLISHER"):
            sml.migrate(offline.caller(), SMP_ID, BELGIAN, KEY)
        assert held_by(offline, "OTHER", other) == [BELGIAN.value]


def test_repeated_registration_hears_that_it_is_there_whatever_the_rules_are_now(tmp_path: Path, pki: DemoPki) -> None:
    with instance_with(tmp_path, pki) as offline:
        offline.instance.sml.create_participants(offline.caller(), SMP_ID, [BELGIAN])
        change_domain(offline.instance, ACTOR, "demo", {"sml": {"enabled": True, "admission": [{"publishers": []}]}})
        offline.instance.directory.refresh()
        error = refusal(offline, BELGIAN)
        assert "SML-ADMISSION-PUBLISHER" in str(refusal(offline, OTHER_BELGIAN))
    assert str(error).startswith("[ERR-106] The participant identifier '0208:0899965307' with scheme:")


def test_every_wrong_check_digit_of_a_list_is_named(tmp_path: Path, pki: DemoPki) -> None:
    with instance_with(tmp_path, pki, {"check_digits": True}) as offline:
        error = refusal(offline, participant("0208:0899965308"), participant("9930:DE129430207"), BELGIAN)
        assert str(error).count("PARTICIPANT-CHECK-DIGIT") == 2
        offline.instance.sml.create_participants(offline.caller(), SMP_ID, [BELGIAN, participant("0060:123")])


def test_what_is_registered_is_not_judged_again_by_its_check_digits(
    tmp_path: Path, pki: DemoPki, other: x509.Certificate
) -> None:
    rule = {"check_digits": True, "icds": ["9930"]}
    with instance_with(tmp_path, pki, rule) as offline:
        admission, sml = offline.instance.admission, offline.instance.sml
        sml.create_publisher(offline.caller(other), Publisher("OTHER", "https://other.example.org/", "1.1.1.1"))
        with offline.instance.database.read() as connection:
            (row,) = publishers.find(connection, [offline.stored.id], "OTHER")
        wrong = [participant("9930:DE129430207")]
        assert admission.check(offline.stored, row, wrong)
        assert admission.check(offline.stored, row, wrong, moved=True) == []


def test_own_smp_registers_by_the_same_rules(tmp_path: Path, pki: DemoPki) -> None:
    with instance_with(tmp_path, pki, {"icds": ["0208"], "publishers": ["OTHER"]}) as offline:
        with pytest.raises(ConflictError, match="SML-ADMISSION-PUBLISHER"):
            offline.instance.publishing.put_service_group(ACTOR, offline.stored, ServiceGroup(BELGIAN))
        assert held_by(offline) == []


def test_administrators_register_and_move_by_the_same_rules(
    tmp_path: Path, pki: DemoPki, other: x509.Certificate
) -> None:
    with instance_with(tmp_path, pki, {"icds": ["0208"], "publishers": ["OTHER"]}) as offline:
        sml, office = offline.instance.sml, RestOffice(offline)
        sml.create_publisher(offline.caller(other), Publisher("OTHER", "https://other.example.org/", "1.1.1.1"))
        sml.create_participants(offline.caller(other), "OTHER", [BELGIAN])
        admin = office.caller(Role.ADMIN)
        body = {"publisher": SMP_ID, "participants": [str(OTHER_BELGIAN)]}
        assert reasons(office.ask("POST", "/domains/demo/registrations", admin, body)) == {"SML-ADMISSION-PUBLISHER"}
        body = {"publisher": SMP_ID, "participants": [str(BELGIAN)]}
        moved = office.ask("POST", "/domains/demo/registrations/move", admin, body)
        assert reasons(moved) == {"SML-ADMISSION-PUBLISHER"}


def test_service_outside_is_asked_once_for_a_list_and_only_about_what_its_rule_covers(
    asking: OfflineInstance, service: AdmissionService
) -> None:
    sml = asking.instance.sml
    sml.create_participants(asking.caller(), SMP_ID, [BELGIAN, participant("0088:1"), OTHER_BELGIAN])
    assert service.asked == [
        {
            "domain": "demo",
            "publisher": SMP_ID,
            "operation": "register",
            "participants": [str(BELGIAN), str(OTHER_BELGIAN)],
        }
    ]
    sml.create_participants(asking.caller(), SMP_ID, [participant("0088:2")])
    assert len(service.asked) == 1


def test_no_of_the_service_outside_is_told_with_its_reason_for_each(
    asking: OfflineInstance, service: AdmissionService
) -> None:
    service.say = lambda name: True if name.endswith("0899965307") else "struck off\nthe register"
    error = refusal(asking, BELGIAN, OTHER_BELGIAN)
    text = f"{OTHER_BELGIAN} is not to be registered by {SMP_ID}: struck off the register [SML-ADMISSION-REFUSED]"
    assert str(error) == f"[ERR-106] {text}"
    assert held_by(asking) == []


def test_nobody_is_asked_while_a_transaction_is_open(asking: OfflineInstance, service: AdmissionService) -> None:
    database = asking.instance.database
    open_then: list[bool] = []
    service.say = lambda _name: open_then.append(database.engine.pool.checkedout() > 0) is None
    asking.instance.sml.create_participants(asking.caller(), SMP_ID, [BELGIAN])
    office = RestOffice(asking)
    body = {"publisher": SMP_ID, "participants": [str(OTHER_BELGIAN)]}
    assert office.ask("POST", "/domains/demo/registrations", office.caller(Role.ADMIN), body).status == 200
    asking.instance.publishing.put_service_group(ACTOR, asking.stored, ServiceGroup(participant("0208:0403170701")))
    assert open_then == [False, False, False]


def test_list_that_is_registered_one_by_one_is_asked_about_in_one_call(
    asking: OfflineInstance, service: AdmissionService
) -> None:
    database, admission, publishing = asking.instance.database, asking.instance.admission, asking.instance.publishing
    service.say = lambda name: not name.endswith("0202239951")
    ask_ahead(database, admission, asking.stored, SMP_ID, [BELGIAN, OTHER_BELGIAN, participant("0088:1")])
    assert [question["participants"] for question in service.asked] == [[str(BELGIAN), str(OTHER_BELGIAN)]]
    publishing.put_service_group(ACTOR, asking.stored, ServiceGroup(BELGIAN))
    with pytest.raises(ConflictError, match="SML-ADMISSION-REFUSED"):
        publishing.put_service_group(ACTOR, asking.stored, ServiceGroup(OTHER_BELGIAN))
    assert len(service.asked) == 1
    with pytest.raises(NotAskedYetError), database.write(ACTOR):
        ask_ahead(database, admission, asking.stored, SMP_ID, [participant("0208:0403170701")])


def test_takeover_is_asked_about_as_one(
    asking: OfflineInstance, service: AdmissionService, other: x509.Certificate
) -> None:
    sml = asking.instance.sml
    sml.create_publisher(asking.caller(other), Publisher("OTHER", "https://other.example.org/", "1.1.1.1"))
    sml.create_participants(asking.caller(), SMP_ID, [BELGIAN])
    sml.prepare_migration(asking.caller(), SMP_ID, BELGIAN, KEY)
    sml.migrate(asking.caller(other), "OTHER", BELGIAN, KEY)
    assert [question["operation"] for question in service.asked] == ["register", "migrate"]
    assert service.asked[1]["publisher"] == "OTHER"


@pytest.mark.parametrize(
    ("status", "raw"),
    [
        (200, b"yes"),
        (200, b"{}"),
        (200, b'{"participants": []}'),
        (200, b'{"participants": [{"participant": "iso6523-actorid-upis::0208:0899965307"}]}'),
        (200, b'{"participants": [{"participant": "iso6523-actorid-upis::0208:0899965307", "allowed": "yes"}]}'),
        (200, b'{"participants": [{"participant": "x", "allowed": true}]}'),
        (200, b'{"participants": ["iso6523-actorid-upis::0208:0899965307"]}'),
        (500, b""),
        (404, b""),
        (302, b""),
        (200, b" " * 1_100_000),
    ],
    ids=["text", "nothing", "none", "neither", "no-flag", "others", "no-row", "500", "404", "302", "long"],
)
def test_who_can_not_be_asked_lets_nobody_in(
    asking: OfflineInstance, service: AdmissionService, status: int, raw: bytes
) -> None:
    service.status, service.raw = status, raw
    error = refusal(asking, BELGIAN)
    assert (error.kind, error.code) == (FaultKind.INTERNAL_ERROR, 105)
    assert "can't be found out now" in str(error)
    assert held_by(asking) == []


def test_service_that_is_silent_lets_nobody_in(
    tmp_path: Path, pki: DemoPki, service: AdmissionService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGISTRY_SML_ADMISSION_NETWORKS", "127.0.0.0/8")
    service.release.clear()
    with instance_with(tmp_path, pki, {"ask": {"url": service.url, "timeout_s": 1}}) as offline:
        assert "more than 1 s" in str(refusal(offline, BELGIAN).plain)


def test_own_network_is_not_asked_unless_the_operator_allows_it(
    tmp_path: Path, pki: DemoPki, service: AdmissionService
) -> None:
    with instance_with(tmp_path, pki, {"ask": {"url": service.url}}) as offline:
        assert "127.0.0.1 may not be asked" in str(refusal(offline, BELGIAN).plain)
    assert service.asked == []


def test_checks_are_counted(asking: OfflineInstance, service: AdmissionService) -> None:
    def counted() -> list[float]:
        names = ("admitted", "refused", "failed")
        values = (METRICS.get_sample_value("registry_admission_checks_total", {"outcome": name}) for name in names)
        return [value or 0 for value in values]

    before = counted()
    asking.instance.sml.create_participants(asking.caller(), SMP_ID, [BELGIAN])
    service.say = lambda _name: False
    refusal(asking, OTHER_BELGIAN)
    service.raw = b"x"
    refusal(asking, participant("0208:0403170701"))
    assert [now - then for now, then in zip(counted(), before, strict=True)] == [1, 1, 1]


def test_deprecated_code_takes_nothing_new_and_keeps_what_it_has(
    tmp_path: Path, pki: DemoPki, other: x509.Certificate
) -> None:
    with offline_instance(tmp_path, pki, identifiers={"strict": True}) as offline:
        sml = offline.instance.sml
        sml.create_publisher(offline.caller(other), Publisher("OTHER", "https://other.example.org/", "1.1.1.1"))
        sml.create_participants(offline.caller(), SMP_ID, [participant("0088:7300010000001")])
        files = written(tmp_path, participant_list(i0088="deprecated", i9901="removed"))
        import_code_lists(offline.instance, ACTOR, "demo", files)
        assert "is deprecated: nothing new" in str(refusal(offline, participant("0088:7300010000018")))
        assert "was removed from the code list" in str(refusal(offline, participant("9901:1")))
        sml.prepare_migration(offline.caller(), SMP_ID, participant("0088:7300010000001"), KEY)
        sml.migrate(offline.caller(other), "OTHER", participant("0088:7300010000001"), KEY)
        assert held_by(offline, "OTHER", other) == ["0088:7300010000001"]
