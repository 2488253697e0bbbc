# SPDX-License-Identifier: Apache-2.0
"""What an administrator does at the SML: the rules, names and events of SOAP, and errors with all reasons."""

from datetime import timedelta

import pytest
from cryptography import x509

from registry.audit.events import about
from registry.errors import (
    AlreadyExistsError,
    ConflictError,
    NotFoundError,
    RegistryError,
    ValidationError,
)
from registry.identifiers.dns_names import participant_owner
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.sml.administration import SmlAdministration
from registry.sml.errors import SmlError
from registry.sml.model import Publisher
from registry.sml.publisher_certificates import Window
from registry.sml.registration_plans import MAX_LIST
from registry.storage.engine import Actor
from registry.storage.queries import publishers
from registry.storage.queries.beginnings import Sought
from tests.simulators.databases import everything_in
from tests.simulators.live import SMP_ID
from tests.simulators.offline import BASE_URL, OfflineInstance, offline_instance, participant

ADMIN = Actor("person:1", "request-7")
OTHER = Publisher("OTHER", "https://other.example.org/smp/", "192.0.2.1")
KEY = "Ab12!!cd34-Xy"


@pytest.fixture
def sml(offline: OfflineInstance) -> SmlAdministration:
    instance = offline.instance
    return SmlAdministration(instance.database, instance.journal, instance.registrar, instance.trust_models.of)


@pytest.fixture(scope="session")
def other(pki) -> x509.Certificate:
    """The certificate of another SMP of the same network."""
    own = pki.smp.certificate
    return pki.smp_ca.issue(
        "SMP_OTHER", "PEPPOL TEST SMP", not_before=own.not_valid_before_utc, not_after=own.not_valid_after_utc
    ).certificate


def naptr(offline: OfflineInstance, value: str) -> str | None:
    return offline.zone_state().get((participant_owner(participant(value)), "NAPTR"))


def tags(offline: OfflineInstance, subject: str) -> list[str]:
    return [event.tag for event in about(offline.instance.database, subject)]


def values(sml: SmlAdministration, offline: OfflineInstance, sought: Sought, smp_id: str | None = None) -> list[str]:
    return [row.value for row in sml.registrations(offline.stored, (), 100, smp_id=smp_id, sought=sought)[0]]


def test_publisher_gets_row_name_and_event(sml: SmlAdministration, offline: OfflineInstance) -> None:
    sml.create_publisher(ADMIN, offline.stored, OTHER)
    assert offline.zone_state()["other.publisher", "CNAME"] == "60 other.example.org."
    (event,) = about(offline.instance.database, "OTHER")
    assert (event.tag, event.actor, event.request_id) == ("sml:publisher:create", "person:1", "request-7")
    view, certificates = sml.publisher(offline.stored, "other")
    assert (view.smp_id, view.registrations, certificates) == ("OTHER", 0, [])


def test_publisher_that_breaks_rules_is_refused_with_all_reasons(
    sml: SmlAdministration, offline: OfflineInstance
) -> None:
    before = everything_in(offline.instance.database)
    with pytest.raises(ValidationError) as caught:
        sml.create_publisher(ADMIN, offline.stored, Publisher("-bad-", "ftp://x.example/", "a" * 256))
    assert {reason.id for reason in caught.value.reasons} == {
        "SMP-ID-FORM",
        "SML-LOGICAL-ADDRESS-SCHEME",
        "SML-PHYSICAL-ADDRESS-LENGTH",
    }
    with pytest.raises(AlreadyExistsError):
        sml.create_publisher(ADMIN, offline.stored, Publisher(SMP_ID.lower(), OTHER.logical_address, ""))
    assert everything_in(offline.instance.database) == before


def test_names_follow_a_changed_publisher(sml: SmlAdministration, offline: OfflineInstance) -> None:
    sml.register(ADMIN, offline.stored, SMP_ID, [participant("0088:1")])
    assert sml.change_publisher(ADMIN, offline.stored, SMP_ID, "https://new.example.org/", "192.0.2.9")
    assert "https://new.example.org/" in (naptr(offline, "0088:1") or "")
    assert not sml.change_publisher(ADMIN, offline.stored, SMP_ID, "https://new.example.org/", "192.0.2.9")
    assert tags(offline, SMP_ID).count("sml:publisher:update") == 1, "what changes nothing leaves no event"


def test_deleted_publisher_takes_registrations_and_names_along(
    sml: SmlAdministration, offline: OfflineInstance
) -> None:
    sml.create_publisher(ADMIN, offline.stored, OTHER)
    sml.register(ADMIN, offline.stored, "OTHER", [participant("0088:1")])
    sml.delete_publisher(ADMIN, offline.stored, "OTHER")
    assert naptr(offline, "0088:1") is None
    with pytest.raises(NotFoundError):
        sml.publisher(offline.stored, "OTHER")
    with pytest.raises(NotFoundError):
        sml.delete_publisher(ADMIN, offline.stored, "OTHER")


def test_publisher_with_an_open_migration_stays(sml: SmlAdministration, offline: OfflineInstance) -> None:
    sml.register(ADMIN, offline.stored, SMP_ID, [participant("0088:1")])
    offline.instance.sml.prepare_migration(offline.caller(), SMP_ID, participant("0088:1"), KEY)
    with pytest.raises(ConflictError):
        sml.delete_publisher(ADMIN, offline.stored, SMP_ID)
    with pytest.raises(ConflictError):
        sml.unregister(ADMIN, offline.stored, [participant("0088:1")])


def test_certificate_speaks_for_a_publisher_in_its_window_only(
    sml: SmlAdministration, offline: OfflineInstance, other: x509.Certificate
) -> None:
    soap, caller = offline.instance.sml, offline.caller(other)
    sml.create_publisher(ADMIN, offline.stored, OTHER)
    start = offline.clock.now + timedelta(hours=1)
    sha256 = sml.add_certificate(ADMIN, offline.stored, "OTHER", other, Window(start, start + timedelta(hours=1)))
    with pytest.raises(SmlError):
        soap.read_publisher(caller, "OTHER")
    offline.clock.forward(hours=1)
    assert soap.read_publisher(caller, "OTHER") == OTHER
    assert sml.change_certificate(ADMIN, offline.stored, "OTHER", sha256, Window())
    offline.clock.forward(hours=2)
    assert soap.read_publisher(caller, "OTHER") == OTHER
    sml.end_certificate(ADMIN, offline.stored, "OTHER", sha256, last=True)
    with pytest.raises(SmlError):
        soap.read_publisher(caller, "OTHER")
    sml.end_certificate(ADMIN, offline.stored, "OTHER", sha256, last=True)
    assert [tag for tag in tags(offline, "OTHER") if "certificate" in tag] == [
        "sml:publisher-certificate:create",
        "sml:publisher-certificate:update",
        "sml:publisher-certificate:end",
    ]


def test_certificate_that_never_spoke_is_forgotten_when_it_ends(
    sml: SmlAdministration, offline: OfflineInstance, other: x509.Certificate
) -> None:
    start = offline.clock.now + timedelta(hours=1)
    sha256 = sml.add_certificate(ADMIN, offline.stored, SMP_ID, other, Window(start))
    sml.end_certificate(ADMIN, offline.stored, SMP_ID, sha256)
    assert sha256 not in {held.sha256 for held in sml.publisher(offline.stored, SMP_ID)[1]}


def test_certificate_that_the_domain_refuses_is_refused(sml: SmlAdministration, offline: OfflineInstance) -> None:
    moment = offline.clock.now
    certificate = offline.pki.access_points[0].certificate
    with pytest.raises(ValidationError) as caught:
        sml.add_certificate(ADMIN, offline.stored, SMP_ID, certificate, Window(moment, moment))
    assert [reason.id for reason in caught.value.reasons] == ["SML-CERTIFICATE-WINDOW", "SML-CERTIFICATE-REFUSED"]
    with pytest.raises(AlreadyExistsError):
        sml.add_certificate(ADMIN, offline.stored, SMP_ID, offline.pki.smp.certificate, Window())
    with pytest.raises(NotFoundError):
        sml.change_certificate(ADMIN, offline.stored, SMP_ID, "0" * 64, Window())


def test_registering_is_all_or_nothing_and_says_all_that_is_wrong(
    sml: SmlAdministration, offline: OfflineInstance
) -> None:
    sml.register(ADMIN, offline.stored, SMP_ID, [participant("0088:1"), participant("0088:2")])
    before = everything_in(offline.instance.database)
    with pytest.raises(AlreadyExistsError, match=r"0088:1.*0088:2"):
        sml.register(ADMIN, offline.stored, SMP_ID, [participant(f"0088:{number}") for number in (3, 1, 2)])
    bad = [ParticipantIdentifier(ISO6523, "*"), ParticipantIdentifier("publisher", "x"), participant("0088:1")]
    with pytest.raises(ValidationError) as caught:
        sml.register(ADMIN, offline.stored, SMP_ID, bad)
    assert {"SML-WILDCARD-OWNER"} < {reason.id for reason in caught.value.reasons}
    for many in ([participant("0088:a"), participant("0088:A")], [participant(str(n)) for n in range(MAX_LIST + 1)]):
        with pytest.raises(ValidationError):
            sml.register(ADMIN, offline.stored, SMP_ID, many)
    assert everything_in(offline.instance.database) == before


def test_unregistering_is_all_or_nothing_and_names_those_that_are_missing(
    sml: SmlAdministration, offline: OfflineInstance
) -> None:
    sml.create_publisher(ADMIN, offline.stored, OTHER)
    sml.register(ADMIN, offline.stored, SMP_ID, [participant("0088:1")])
    sml.register(ADMIN, offline.stored, "OTHER", [participant("0088:2")])
    before = everything_in(offline.instance.database)
    with pytest.raises(NotFoundError, match=r"0088:8, .*0088:9"):
        sml.unregister(ADMIN, offline.stored, [participant(f"0088:{number}") for number in (1, 8, 9)])
    assert everything_in(offline.instance.database) == before
    sml.unregister(ADMIN, offline.stored, [participant("0088:1"), participant("0088:2")])
    assert (naptr(offline, "0088:1"), naptr(offline, "0088:2")) == (None, None)
    assert values(sml, offline, Sought()) == []


def test_moving_lets_names_lead_to_the_new_publisher_and_ends_the_migration(
    sml: SmlAdministration, offline: OfflineInstance
) -> None:
    sml.create_publisher(ADMIN, offline.stored, OTHER)
    both = [participant("0088:1"), participant("0088:2")]
    sml.register(ADMIN, offline.stored, SMP_ID, both[:1])
    sml.register(ADMIN, offline.stored, "OTHER", both[1:])
    offline.instance.sml.prepare_migration(offline.caller(), SMP_ID, both[0], KEY)
    assert sml.move(ADMIN, offline.stored, both, "OTHER") == 1
    assert OTHER.logical_address in (naptr(offline, "0088:1") or "")
    assert sml.migrations(offline.stored, 0, 10) == []
    assert sml.move(ADMIN, offline.stored, both, "OTHER") == 0


def test_wildcard_does_not_move_to_who_may_not_have_it(tmp_path, pki) -> None:
    settings = {"sml": {"wildcard_owners": {ISO6523: [SMP_ID]}}}
    with offline_instance(tmp_path, pki, **settings) as offline:
        instance = offline.instance
        sml = SmlAdministration(instance.database, instance.journal, instance.registrar, instance.trust_models.of)
        sml.create_publisher(ADMIN, offline.stored, OTHER)
        wildcard = ParticipantIdentifier(ISO6523, "*")
        sml.register(ADMIN, offline.stored, SMP_ID, [wildcard])
        with pytest.raises(ValidationError, match="SML-WILDCARD-OWNER"):
            sml.move(ADMIN, offline.stored, [wildcard], "OTHER")


def test_migrations_are_listed_while_open_and_can_be_cancelled(
    sml: SmlAdministration, offline: OfflineInstance
) -> None:
    people = [participant(f"0088:{number}") for number in range(3)]
    sml.register(ADMIN, offline.stored, SMP_ID, people)
    for one in people:
        offline.instance.sml.prepare_migration(offline.caller(), SMP_ID, one, KEY)
    first, _, third = sml.migrations(offline.stored, 0, 10)
    assert [row.value for row in sml.migrations(offline.stored, first.registration_id, 1, SMP_ID)] == ["0088:1"]
    sml.cancel_migration(ADMIN, offline.stored, people[1])
    assert sml.migrations(offline.stored, 0, 10) == [first, third]
    assert not sml.registration(offline.stored, people[1]).migrating
    assert sml.registration(offline.stored, people[2]).migrating
    assert tags(offline, str(people[1]))[-1] == "sml:migration:cancel"
    with pytest.raises(NotFoundError):
        sml.cancel_migration(ADMIN, offline.stored, people[1])
    offline.clock.forward(days=91)
    assert sml.migrations(offline.stored, 0, 10) == []
    with pytest.raises(NotFoundError):
        sml.cancel_migration(ADMIN, offline.stored, people[0])


def test_pages_of_registrations_have_each_once_in_either_order(
    sml: SmlAdministration, offline: OfflineInstance
) -> None:
    sml.create_publisher(ADMIN, offline.stored, OTHER)
    everyone = [participant(f"0088:{number:02}") for number in reversed(range(25))]
    sml.register(ADMIN, offline.stored, SMP_ID, everyone[:20])
    sml.register(ADMIN, offline.stored, "OTHER", everyone[20:])
    for filters, expected in (
        ({}, everyone),
        ({"smp_id": SMP_ID}, everyone[:20]),
        ({"smp_id": SMP_ID, "sought": Sought(ISO6523)}, everyone[:20]),
        ({"sought": Sought(anything="0088")}, everyone),
    ):
        seen: list[str] = []
        place: tuple[int | str, ...] = ()
        while True:
            page, place = sml.registrations(offline.stored, place, 7, **filters)
            seen += [row.value for row in page]
            if not place:
                break
        assert sorted(seen) == sorted(one.value for one in expected)


def test_registrations_are_found_by_how_they_begin(sml: SmlAdministration, offline: OfflineInstance) -> None:
    sml.create_publisher(ADMIN, offline.stored, OTHER)
    everyone = [participant(f"0088:{number:02}") for number in range(25)]
    sml.register(ADMIN, offline.stored, SMP_ID, everyone[:20])
    sml.register(ADMIN, offline.stored, "OTHER", everyone[20:])
    tens = [f"0088:{number}" for number in range(10, 20)]
    assert values(sml, offline, Sought(ISO6523, "0088:1")) == tens
    assert values(sml, offline, Sought(value="0088:1")) == tens
    assert values(sml, offline, Sought(anything="1")) == tens, "behind the code of an agency"
    assert values(sml, offline, Sought(anything=f"{ISO6523}::0088:1")) == tens
    assert values(sml, offline, Sought(anything="0088:2"), "OTHER") == [f"0088:{number}" for number in range(20, 25)]
    assert values(sml, offline, Sought(ISO6523, "0088_")) == [], "a pattern's signs mean themselves"
    assert values(sml, offline, Sought("other")) == []


@pytest.mark.parametrize("what", ["create", "register", "cancel"])
def test_domain_without_an_sml_here_takes_no_writes(tmp_path, pki, what: str) -> None:
    with offline_instance(tmp_path, pki, sml={"enabled": False}) as offline:
        instance = offline.instance
        sml = SmlAdministration(instance.database, instance.journal, instance.registrar, instance.trust_models.of)
        calls = {
            "create": lambda: sml.create_publisher(ADMIN, offline.stored, OTHER),
            "register": lambda: sml.register(ADMIN, offline.stored, SMP_ID, [participant()]),
            "cancel": lambda: sml.cancel_migration(ADMIN, offline.stored, participant()),
        }
        with pytest.raises(ConflictError, match="not the SML"):
            calls[what]()
        assert sml.publishers(offline.stored, "", 10) == []


def test_refusals_are_of_the_tree_and_never_soap(sml: SmlAdministration, offline: OfflineInstance) -> None:
    unknown = [participant("0088:9")]
    for call in (
        lambda: sml.register(ADMIN, offline.stored, "NOBODY", unknown),
        lambda: sml.move(ADMIN, offline.stored, unknown, SMP_ID),
        lambda: sml.registration(offline.stored, unknown[0]),
    ):
        with pytest.raises(RegistryError) as caught:
            call()
        assert isinstance(caught.value, NotFoundError)
        assert "ERR-" not in str(caught.value)
    assert BASE_URL in sml.publisher(offline.stored, SMP_ID)[0].logical_address


def test_a_scheme_that_has_no_name_in_dns_stands_against_a_registration_at_once(offline: OfflineInstance) -> None:
    """The rules of the domain take it, so only its name tells."""
    nameless = ParticipantIdentifier("-abc-d", "0088:1")
    assert not offline.stored.domain.identifiers.validate_participant(nameless)
    with offline.instance.database.read() as connection:
        (row,) = publishers.find(connection, [offline.stored.id], SMP_ID)
        with pytest.raises(SmlError, match="can't be a DNS label"):
            offline.instance.registrar.refusals(connection, offline.stored, row, [nameless])
