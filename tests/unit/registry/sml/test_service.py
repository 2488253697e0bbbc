# SPDX-License-Identifier: Apache-2.0
"""The SML's use cases: rows, zone records and audit events together, and who may do what."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509

from registry.audit import events
from registry.demo.pki import DemoPki
from registry.identifiers.dns_names import participant_owner
from registry.sml.errors import FaultKind, SmlError
from registry.sml.model import Publisher
from tests.simulators.databases import everything_in
from tests.simulators.live import SMP_ID
from tests.simulators.offline import BASE_URL, OfflineInstance, offline_instance, participant

KEY = "Ab12!!cd34-Xy"
OTHER_KEY = "Zz99!!yy88-Ww"
OTHER_ADDRESS = "https://other.example.org/smp/"


@pytest.fixture(scope="session")
def other(pki) -> x509.Certificate:
    """The certificate of another SMP of the same network."""
    own = pki.smp.certificate
    return pki.smp_ca.issue(
        "SMP_OTHER", "PEPPOL TEST SMP", not_before=own.not_valid_before_utc, not_after=own.not_valid_after_utc
    ).certificate


def refusal(call: Callable[[], object]) -> SmlError:
    with pytest.raises(SmlError) as caught:
        call()
    return caught.value


def naptr(offline: OfflineInstance, value: str) -> str | None:
    return offline.zone_state().get((participant_owner(participant(value)), "NAPTR"))


def subjects(offline: OfflineInstance, subject: str) -> list[str]:
    return [event.tag for event in events.about(offline.instance.database, subject)]


def test_registration_writes_row_record_and_event_together(offline: OfflineInstance) -> None:
    sml = offline.instance.sml
    sml.create_participants(offline.caller(), SMP_ID, [participant("0088:Abc")])
    assert naptr(offline, "0088:abc") == f'60 100 10 "U" "Meta:SMP" "!.*!{BASE_URL}!" .'
    assert subjects(offline, "iso6523-actorid-upis::0088:Abc") == ["sml:registration:create"]
    page = sml.list_participants(offline.caller(), SMP_ID, None)
    assert page.participants == (participant("0088:Abc"),), "the registered spelling stays"


def test_participant_has_one_owner_whatever_the_spelling(offline: OfflineInstance, other: x509.Certificate) -> None:
    sml = offline.instance.sml
    sml.create_publisher(offline.caller(other), Publisher("OTHER", OTHER_ADDRESS, "1.1.1.1"))
    sml.create_participants(offline.caller(), SMP_ID, [participant("0088:abc")])
    error = refusal(lambda: sml.create_participants(offline.caller(other), "OTHER", [participant("0088:ABC")]))
    assert str(error).startswith(
        "[ERR-106] The participant identifier '0088:ABC' with scheme: 'iso6523-actorid-upis' already exist"
    )


def test_list_is_all_or_nothing(offline: OfflineInstance) -> None:
    sml = offline.instance.sml
    sml.create_participants(offline.caller(), SMP_ID, [participant("0088:1")])
    refusal(lambda: sml.create_participants(offline.caller(), SMP_ID, [participant("0088:2"), participant("0088:1")]))
    assert naptr(offline, "0088:2") is None
    refusal(lambda: sml.delete_participants(offline.caller(), SMP_ID, [participant("0088:1"), participant("0088:9")]))
    assert naptr(offline, "0088:1") is not None


def test_list_of_101_is_refused_and_of_none_is_done(offline: OfflineInstance) -> None:
    sml = offline.instance.sml
    many = [participant(f"0088:{number}") for number in range(101)]
    assert refusal(lambda: sml.create_participants(offline.caller(), SMP_ID, many)).code == 106
    sml.create_participants(offline.caller(), SMP_ID, many[:100])
    sml.create_participants(offline.caller(), SMP_ID, [])
    sml.delete_participants(offline.caller(), None, [])


def test_list_that_names_a_participant_twice_is_refused(offline: OfflineInstance) -> None:
    twice = [participant("0088:a"), participant("0088:A")]
    assert refusal(lambda: offline.instance.sml.create_participants(offline.caller(), SMP_ID, twice)).code == 106


def test_pages_go_through_all_participants_once(offline: OfflineInstance) -> None:
    sml = offline.instance.sml
    everyone = [participant(f"0088:{number:03}") for number in range(250)]
    for start in range(0, 250, 100):
        sml.create_participants(offline.caller(), SMP_ID, everyone[start : start + 100])
    found, page = [], None
    while True:
        answer = sml.list_participants(offline.caller(), SMP_ID, page)
        found += answer.participants
        page = answer.next_page
        if page is None:
            break
    assert found == everyone


@pytest.mark.parametrize("page", ["x", "-1", "1.5", "9" * 30])
def test_page_identifier_that_we_never_gave_is_refused(offline: OfflineInstance, page: str) -> None:
    assert refusal(lambda: offline.instance.sml.list_participants(offline.caller(), SMP_ID, page)).code == 106


def test_delete_list_without_smp_id_means_the_callers_own(offline: OfflineInstance, other: x509.Certificate) -> None:
    sml = offline.instance.sml
    sml.create_publisher(offline.caller(other), Publisher("OTHER", OTHER_ADDRESS, "1.1.1.1"))
    sml.create_participants(offline.caller(), SMP_ID, [participant("0088:1")])
    error = refusal(lambda: sml.delete_participants(offline.caller(other), None, [participant("0088:1")]))
    assert error.kind is FaultKind.UNAUTHORIZED
    sml.delete_participants(offline.caller(), None, [participant("0088:1")])
    assert naptr(offline, "0088:1") is None


def test_deleting_twice_is_not_found_with_the_parsed_text(offline: OfflineInstance) -> None:
    sml = offline.instance.sml
    sml.create_participants(offline.caller(), SMP_ID, [participant("0088:1")])
    sml.delete_participants(offline.caller(), SMP_ID, [participant("0088:1")])
    error = refusal(lambda: sml.delete_participants(offline.caller(), SMP_ID, [participant("0088:1")]))
    assert str(error) == "[ERR-110] At least one of the participants doesn't exist in the list"


def test_publisher_can_be_deleted_with_its_participants_and_made_again(offline: OfflineInstance) -> None:
    sml = offline.instance.sml
    everyone = [participant(f"0088:{number}") for number in range(151)]
    sml.create_participants(offline.caller(), SMP_ID, everyone[:100])
    sml.create_participants(offline.caller(), SMP_ID, everyone[100:])
    sml.delete_publisher(offline.caller(), SMP_ID)
    assert [rdtype for _, rdtype in sorted(offline.zone_state())] == ["NS", "SOA"]
    assert str(refusal(lambda: sml.delete_publisher(offline.caller(), SMP_ID))) == (
        f"[ERR-100] The SMP '{SMP_ID}' doesn't exist"
    )
    sml.create_publisher(offline.caller(), Publisher(SMP_ID, BASE_URL, "1.1.1.1"))
    sml.create_participants(offline.caller(), SMP_ID, everyone[:100])
    assert naptr(offline, "0088:0") is not None


def test_new_address_moves_every_name_of_a_publisher(offline: OfflineInstance) -> None:
    sml = offline.instance.sml
    sml.create_participants(offline.caller(), SMP_ID, [participant("0088:1"), participant("0088:2")])
    sml.update_publisher(offline.caller(), Publisher(SMP_ID.lower(), "https://10.0.0.9/smp", "2.2.2.2"))
    assert "https://10.0.0.9/smp" in (naptr(offline, "0088:1") or "")
    assert "https://10.0.0.9/smp" in (naptr(offline, "0088:2") or "")
    state = offline.zone_state()
    owner = f"{SMP_ID.lower()}.publisher"
    assert state[owner, "A"] == "60 10.0.0.9"
    assert (owner, "CNAME") not in state
    assert sml.read_publisher(offline.caller(), SMP_ID) == Publisher(SMP_ID, "https://10.0.0.9/smp", "2.2.2.2")


def test_same_update_again_leaves_no_trace(offline: OfflineInstance) -> None:
    sml = offline.instance.sml
    publisher = Publisher(SMP_ID, OTHER_ADDRESS, "2.2.2.2")
    sml.update_publisher(offline.caller(), publisher)
    serial = offline.served().serial
    before = subjects(offline, SMP_ID)
    sml.update_publisher(offline.caller(), publisher)
    assert offline.served().serial == serial
    assert subjects(offline, SMP_ID) == before


def test_publisher_belongs_to_its_certificate(offline: OfflineInstance, other: x509.Certificate) -> None:
    error = refusal(lambda: offline.instance.sml.read_publisher(offline.caller(other), SMP_ID))
    assert (error.kind, error.code) == (FaultKind.UNAUTHORIZED, 101)


def test_caller_without_certificate_is_unauthorized(offline: OfflineInstance) -> None:
    caller = offline.caller()
    nobody = type(caller)(None, "request-3")
    assert refusal(lambda: offline.instance.sml.read_publisher(nobody, SMP_ID)).kind is FaultKind.UNAUTHORIZED


def test_certificate_of_another_role_is_unauthorized(offline: OfflineInstance) -> None:
    certificate = offline.pki.access_points[0].certificate
    error = refusal(lambda: offline.instance.sml.read_publisher(offline.caller(certificate), SMP_ID))
    assert error.kind is FaultKind.UNAUTHORIZED


def test_smp_id_is_compared_without_case_and_unique(offline: OfflineInstance, other: x509.Certificate) -> None:
    again = Publisher(SMP_ID.lower(), OTHER_ADDRESS, "1.1.1.1")
    error = refusal(lambda: offline.instance.sml.create_publisher(offline.caller(other), again))
    assert str(error) == f"[ERR-106] The SMP '{SMP_ID.lower()}' already exists"


@pytest.mark.parametrize(
    "publisher",
    [
        Publisher("a..b", BASE_URL, "1.1.1.1"),
        Publisher("A", "ftp://smp.example.org", "1.1.1.1"),
        Publisher("A", "smp.example.org", "1.1.1.1"),
        Publisher("A", "https://smp.example.org/!", "1.1.1.1"),
        Publisher("A", "https://[::1", "1.1.1.1"),
        Publisher("A", "https://" + "a" * 300 + ".org", "1.1.1.1"),
        Publisher("", "", ""),
    ],
)
def test_publisher_that_breaks_a_rule_is_refused_and_nothing_written(
    offline: OfflineInstance, other: x509.Certificate, publisher: Publisher
) -> None:
    before = offline.zone_state()
    error = refusal(lambda: offline.instance.sml.create_publisher(offline.caller(other), publisher))
    assert error.code == 106
    assert offline.zone_state() == before


# Migration


def prepared(offline: OfflineInstance, other: x509.Certificate) -> None:
    sml = offline.instance.sml
    sml.create_publisher(offline.caller(other), Publisher("OTHER", OTHER_ADDRESS, "1.1.1.1"))
    sml.create_participants(offline.caller(), SMP_ID, [participant("0088:1")])
    sml.prepare_migration(offline.caller(), SMP_ID, participant("0088:1"), KEY)


def test_migration_gives_participant_and_name_to_the_new_smp(offline: OfflineInstance, other: x509.Certificate) -> None:
    prepared(offline, other)
    sml = offline.instance.sml
    sml.migrate(offline.caller(other), "OTHER", participant("0088:1"), KEY)
    assert OTHER_ADDRESS in (naptr(offline, "0088:1") or "")
    assert sml.list_participants(offline.caller(), SMP_ID, None).participants == ()
    error = refusal(lambda: sml.delete_participants(offline.caller(), SMP_ID, [participant("0088:1")]))
    assert error.kind is FaultKind.UNAUTHORIZED, "it is no longer the old SMP's to delete"


def test_migration_key_is_single_use(offline: OfflineInstance, other: x509.Certificate) -> None:
    prepared(offline, other)
    sml = offline.instance.sml
    sml.migrate(offline.caller(other), "OTHER", participant("0088:1"), KEY)
    assert refusal(lambda: sml.migrate(offline.caller(), SMP_ID, participant("0088:1"), KEY)).code == 111


def test_wrong_migration_key_is_not_found(offline: OfflineInstance, other: x509.Certificate) -> None:
    prepared(offline, other)
    error = refusal(
        lambda: offline.instance.sml.migrate(offline.caller(other), "OTHER", participant("0088:1"), OTHER_KEY)
    )
    assert (error.kind, error.code) == (FaultKind.NOT_FOUND, 111)


def test_preparing_again_replaces_the_key(offline: OfflineInstance, other: x509.Certificate) -> None:
    prepared(offline, other)
    sml = offline.instance.sml
    sml.prepare_migration(offline.caller(), SMP_ID, participant("0088:1"), OTHER_KEY)
    assert refusal(lambda: sml.migrate(offline.caller(other), "OTHER", participant("0088:1"), KEY)).code == 111
    sml.migrate(offline.caller(other), "OTHER", participant("0088:1"), OTHER_KEY)


def test_migration_expires(offline: OfflineInstance, other: x509.Certificate) -> None:
    prepared(offline, other)
    offline.clock.forward(days=91)
    sml = offline.instance.sml
    assert refusal(lambda: sml.migrate(offline.caller(other), "OTHER", participant("0088:1"), KEY)).code == 111
    sml.delete_participants(offline.caller(), SMP_ID, [participant("0088:1")])


def test_participant_with_open_migration_is_not_deleted(offline: OfflineInstance, other: x509.Certificate) -> None:
    prepared(offline, other)
    sml = offline.instance.sml
    assert refusal(lambda: sml.delete_participants(offline.caller(), SMP_ID, [participant("0088:1")])).code == 114
    assert refusal(lambda: sml.delete_publisher(offline.caller(), SMP_ID)).code == 113


def test_migration_key_is_kept_as_a_hash_only(offline: OfflineInstance, other: x509.Certificate) -> None:
    prepared(offline, other)
    assert KEY not in everything_in(offline.instance.database)
    told = str(events.about(offline.instance.database, "iso6523-actorid-upis::0088:1"))
    assert "sml:migration:prepare" in told
    assert KEY not in told


def test_weak_migration_key_is_refused(offline: OfflineInstance) -> None:
    sml = offline.instance.sml
    error = refusal(lambda: sml.prepare_migration(offline.caller(), SMP_ID, participant("0088:1"), "weak"))
    assert error.code == 106


# Wildcards


def test_wildcard_is_for_those_whom_the_domain_names(offline: OfflineInstance) -> None:
    error = refusal(lambda: offline.instance.sml.create_participants(offline.caller(), SMP_ID, [participant("*")]))
    assert str(error) == "[ERR-101] The user is not allowed to register Wildcard for this scheme"


def test_while_a_wildcard_exists_nobody_else_registers_in_its_scheme(tmp_path, pki) -> None:
    owners = {"enabled": True, "wildcard_owners": {"iso6523-actorid-upis": [SMP_ID]}}
    with offline_instance(tmp_path, pki, sml=owners) as offline:
        sml = offline.instance.sml
        sml.create_participants(offline.caller(), SMP_ID, [participant("*")])
        assert ("*.iso6523-actorid-upis", "NAPTR") in offline.zone_state()
        error = refusal(lambda: sml.create_participants(offline.caller(), SMP_ID, [participant("0088:1")]))
        assert "Only ParticipantIdentifier Wildcards can be registered for this scheme" in str(error)


def test_old_cname_names_only_where_a_profile_turns_them_on(tmp_path, pki, offline: OfflineInstance) -> None:
    offline.instance.sml.create_participants(offline.caller(), SMP_ID, [participant("0088:1")])
    assert not any(owner.startswith("b-") for owner, _ in offline.zone_state())
    with offline_instance(tmp_path / "legacy", pki, dns={"legacy_cname": True}) as legacy:
        legacy.instance.sml.create_participants(legacy.caller(), SMP_ID, [participant("0088:1")])
        (owner,) = [owner for owner, rdtype in legacy.zone_state() if owner.startswith("b-")]
        assert legacy.zone_state()[owner, "CNAME"] == f"60 {SMP_ID.lower()}.publisher.sml.test."
        legacy.instance.sml.delete_participants(legacy.caller(), SMP_ID, [participant("0088:1")])
        assert not any(owner.startswith("b-") for owner, _ in legacy.zone_state())


@pytest.mark.parametrize("address", ["https://other.example.org:8443/smp", "https://192.0.2.1/smp"])
def test_smp_at_another_port_or_at_an_address_is_refused_where_the_domain_says_so(
    tmp_path: Path, pki: DemoPki, other: x509.Certificate, address: str
) -> None:
    smp = {"base_url": "https://smp.example.org", "smp_id": SMP_ID, "https_443_only": True}
    with offline_instance(tmp_path, pki, smp=smp) as strict:
        sml = strict.instance.sml
        error = refusal(lambda: sml.create_publisher(strict.caller(other), Publisher("OTHER", address, "1.1.1.1")))
        assert (error.kind, error.code) == (FaultKind.BAD_REQUEST, 106)
        assert "SMP-HTTPS-443" in str(error)
        sml.create_publisher(strict.caller(other), Publisher("OTHER", OTHER_ADDRESS, "1.1.1.1"))
        error = refusal(lambda: sml.update_publisher(strict.caller(other), Publisher("OTHER", address, "1.1.1.1")))
        assert "SMP-HTTPS-443" in str(error)
