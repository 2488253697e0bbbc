# SPDX-License-Identifier: Apache-2.0
"""Publishers, registrations, migrations over REST: the use cases of the SML with conditions, pages and problems."""

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from registry.accounts.permissions import Role, Scope
from registry.identifiers.participant import ISO6523
from tests.simulators.live import SMP_ID
from tests.simulators.offline import OfflineInstance, participant
from tests.simulators.rest_callers import RestCaller, RestOffice, reasons, segment

PUBLISHERS = "/domains/demo/publishers"
REGISTRATIONS = "/domains/demo/registrations"
ADDRESS = {"logical_address": "https://other.example.org/smp/", "physical_address": "192.0.2.1"}


@pytest.fixture
def office(offline: OfflineInstance) -> RestOffice:
    return RestOffice(offline)


@pytest.fixture
def admin(office: RestOffice) -> RestCaller:
    return office.caller(Role.ADMIN, Scope(office.offline.stored.id))


def one(value: str) -> str:
    return f"{REGISTRATIONS}/{segment(str(participant(value)))}"


def test_publisher_is_made_changed_and_removed(office: RestOffice, admin: RestCaller) -> None:
    made = office.ask("PUT", f"{PUBLISHERS}/OTHER", admin, ADDRESS)
    assert (made.status, made.headers["location"]) == (201, "/api/v1/domains/demo/publishers/OTHER")
    assert office.offline.zone_state()["other.publisher", "CNAME"] == "60 other.example.org."
    read = office.ask("GET", f"{PUBLISHERS}/other", admin)
    assert read.headers["etag"] == made.headers["etag"]
    again = office.ask("PUT", f"{PUBLISHERS}/OTHER", admin, ADDRESS, if_match=read.headers["etag"])
    assert (again.status, again.headers["etag"]) == (200, read.headers["etag"])
    changed = office.ask("PUT", f"{PUBLISHERS}/OTHER", admin, {"logical_address": "https://new.example.org/"})
    assert changed.json()["logical_address"] == "https://new.example.org/"
    assert office.ask("DELETE", f"{PUBLISHERS}/OTHER", admin, if_match=read.headers["etag"]).status == 412
    assert office.ask("DELETE", f"{PUBLISHERS}/OTHER", admin, if_match=changed.headers["etag"]).status == 204
    assert office.ask("GET", f"{PUBLISHERS}/OTHER", admin).status == 404


def test_publisher_that_exists_is_not_made_where_that_is_the_condition(office: RestOffice, admin: RestCaller) -> None:
    refused = office.ask("PUT", f"{PUBLISHERS}/{SMP_ID}", admin, ADDRESS, if_none_match="*")
    assert refused.status == 412


def test_publisher_that_breaks_rules_is_refused_with_all_reasons(office: RestOffice, admin: RestCaller) -> None:
    refused = office.ask("PUT", f"{PUBLISHERS}/-x-", admin, {"logical_address": "ftp://x.example/"})
    assert (refused.status, reasons(refused)) == (400, {"SMP-ID-FORM", "SML-LOGICAL-ADDRESS-SCHEME"})


def test_publishers_come_page_by_page(office: RestOffice, admin: RestCaller) -> None:
    for number in range(3):
        office.ask("PUT", f"{PUBLISHERS}/S{number}", admin, ADDRESS)
    found = office.items(f"{PUBLISHERS}?limit=2", admin)
    assert [item["smp_id"] for item in found] == ["S0", "S1", "S2", SMP_ID]


def test_certificate_gets_a_window_and_ends(office: RestOffice, admin: RestCaller) -> None:
    pem = office.offline.pki.smp.certificate.public_bytes(Encoding.PEM).decode()
    office.ask("PUT", f"{PUBLISHERS}/OTHER", admin, ADDRESS)
    path = f"{PUBLISHERS}/OTHER/certificates"
    added = office.ask("POST", path, admin, {"certificate": pem})
    assert added.status == 201
    where = added.headers["location"].removeprefix("/api/v1")
    until = "2030-01-01T00:00:00Z"
    changed = office.ask(
        "PUT", where, admin, {"usable_until": until}, if_match=office.ask("GET", where, admin).headers["etag"]
    )
    assert changed.json()["usable_until"] == until
    assert office.ask("POST", path, admin, {"certificate": pem}).status == 409
    office.offline.clock.forward(hours=1)
    assert office.ask("DELETE", where, admin).status == 409, "nobody else speaks for it"
    assert office.ask("DELETE", f"{where}?last=true", admin).status == 204
    assert office.ask("GET", where, admin).json()["usable_until"] != until
    assert len(office.items(path, admin)) == 1
    assert reasons(office.ask("POST", path, admin, {"certificate": "x"})) == {"CERTIFICATE-PEM"}


def test_registration_is_made_moved_and_removed(office: RestOffice, admin: RestCaller) -> None:
    office.ask("PUT", f"{PUBLISHERS}/OTHER", admin, ADDRESS)
    made = office.ask("PUT", one("0088:Abc"), admin, {"publisher": SMP_ID})
    assert made.status == 201
    assert made.json()["participant"] == f"{ISO6523}::0088:Abc"
    moved = office.ask("PUT", one("0088:ABC"), admin, {"publisher": "OTHER"}, if_match=made.headers["etag"])
    assert (moved.status, moved.json()["publisher"], moved.json()["name"]) == (200, "OTHER", made.json()["name"])
    assert office.ask("DELETE", one("0088:abc"), admin).status == 204
    assert office.ask("GET", one("0088:abc"), admin).status == 404
    assert office.ask("DELETE", one("0088:abc"), admin).status == 404


def test_list_of_participants_is_done_as_a_whole_or_not_at_all(office: RestOffice, admin: RestCaller) -> None:
    people = [str(participant(f"0088:{number}")) for number in range(5)]
    done = office.ask("POST", REGISTRATIONS, admin, {"publisher": SMP_ID, "participants": people[:3]})
    assert (done.status, done.json()) == (200, {"changed": 3})
    clash = office.ask("POST", REGISTRATIONS, admin, {"publisher": SMP_ID, "participants": people[2:]})
    assert clash.status == 409
    bad = office.ask("POST", REGISTRATIONS, admin, {"publisher": SMP_ID, "participants": [people[4], "x", "y"]})
    assert [reason["pointer"] for reason in bad.json()["reasons"]] == ["#/participants/1", "#/participants/2"]
    assert len(office.items(REGISTRATIONS, admin)) == 3
    missing = office.ask("POST", f"{REGISTRATIONS}/remove", admin, {"participants": people})
    assert missing.status == 404
    office.ask("PUT", f"{PUBLISHERS}/OTHER", admin, ADDRESS)
    moved = office.ask("POST", f"{REGISTRATIONS}/move", admin, {"publisher": "OTHER", "participants": people[:3]})
    assert moved.json() == {"changed": 3}
    assert office.ask("POST", f"{REGISTRATIONS}/remove", admin, {"participants": people[:3]}).json() == {"changed": 3}
    assert office.items(REGISTRATIONS, admin) == []


def test_registrations_are_filtered_and_paged(office: RestOffice, admin: RestCaller) -> None:
    people = [str(participant(f"0088:{number:02}")) for number in range(12)]
    office.ask("POST", REGISTRATIONS, admin, {"publisher": SMP_ID, "participants": people})
    assert len(office.items(f"{REGISTRATIONS}?limit=5", admin)) == 12
    assert len(office.items(f"{REGISTRATIONS}?limit=5&publisher={SMP_ID}", admin)) == 12
    begins = office.items(f"{REGISTRATIONS}?scheme={ISO6523}&value=0088:1", admin)
    assert [item["participant"] for item in begins] == people[10:]
    assert office.items(f"{REGISTRATIONS}?limit=1&value=0088:1", admin) == begins
    assert office.items(f"{REGISTRATIONS}?limit=1&search=1&publisher={SMP_ID}", admin) == begins
    assert office.items(f"{REGISTRATIONS}?search=0099", admin) == []
    assert office.ask("GET", f"{REGISTRATIONS}?publisher=NOBODY", admin).status == 404


def test_cursor_of_another_list_is_refused(office: RestOffice, admin: RestCaller) -> None:
    people = [str(participant(f"0088:{number:02}")) for number in range(3)]
    office.ask("POST", REGISTRATIONS, admin, {"publisher": SMP_ID, "participants": people})
    cursor = office.ask("GET", f"{REGISTRATIONS}?limit=1", admin).json()["next_cursor"]
    other = office.ask("GET", f"{REGISTRATIONS}?limit=1&publisher={SMP_ID}&cursor={cursor}", admin)
    assert reasons(other) == {"REST-CURSOR"}


def test_migration_is_listed_and_cancelled(office: RestOffice, admin: RestCaller) -> None:
    who = participant("0088:1")
    office.ask("PUT", one("0088:1"), admin, {"publisher": SMP_ID})
    office.offline.instance.sml.prepare_migration(office.offline.caller(), SMP_ID, who, "Ab12!!cd34-Xy")
    (found,) = office.items("/domains/demo/migrations", admin)
    assert (found["participant"], found["publisher"]) == (str(who), SMP_ID)
    assert office.ask("DELETE", one("0088:1"), admin).status == 409
    path = f"/domains/demo/migrations/{segment(str(who))}"
    assert office.ask("DELETE", path, admin).status == 204
    assert office.ask("DELETE", path, admin).status == 404
    assert office.items("/domains/demo/migrations", admin) == []
    (ended,) = office.items(f"/domains/demo/ended-migrations?participant={segment(str(who))}", admin)
    assert (ended["outcome"], ended["from_publisher"], ended["to_publisher"]) == ("cancelled", SMP_ID, None)


def test_migration_is_prepared_read_and_completed_by_its_key(office: RestOffice, admin: RestCaller) -> None:
    key, who = "Ab12!!cd34-Xy", str(participant("0088:1"))
    office.ask("PUT", one("0088:1"), admin, {"publisher": SMP_ID})
    address = {"logical_address": "https://taker.example.org/"}
    office.ask("PUT", "/domains/demo/publishers/TAKER", admin, address)
    weak = office.ask("POST", "/domains/demo/migrations", admin, {"participant": who, "key": "weak"})
    assert "MIGRATION-KEY-LENGTH" in reasons(weak)
    made = office.ask("POST", "/domains/demo/migrations", admin, {"participant": who, "key": key})
    assert made.status == 201
    path = made.headers["location"].removeprefix("/api/v1")
    assert office.ask("GET", path, admin).json() == made.json()
    assert key not in made.body.decode()
    wrong = office.ask("POST", f"{path}/complete", admin, {"publisher": "TAKER", "key": "Zz99!!yy88-Ww"})
    assert wrong.status == 404
    done = office.ask("POST", f"{path}/complete", admin, {"publisher": "TAKER", "key": key})
    assert (done.status, done.json()["publisher"], done.json()["migrating"]) == (200, "TAKER", False)
    assert office.ask("GET", path, admin).status == 404
    everything = "/domains/demo/ended-migrations"
    assert [item["outcome"] for item in office.items(f"{everything}?publisher=TAKER", admin)] == ["completed"]
    assert office.items(f"{everything}?publisher=NOBODY", admin) == []


def test_write_that_is_sent_twice_under_one_key_is_done_once(office: RestOffice, admin: RestCaller) -> None:
    body = {"publisher": SMP_ID, "participants": [str(participant("0088:1"))]}
    first = office.ask("POST", REGISTRATIONS, admin, body, idempotency_key="k1")
    second = office.ask("POST", REGISTRATIONS, admin, body, idempotency_key="k1")
    assert (first.status, second.status, second.headers["idempotency-replayed"]) == (200, 200, "true")
    other = office.caller(Role.ADMIN, Scope(office.offline.stored.id))
    assert office.ask("POST", REGISTRATIONS, other, body, idempotency_key="k1").status == 409, "another's key is new"


def test_change_of_registrations_is_told_before_it_is_made(office: RestOffice, admin: RestCaller) -> None:
    office.ask("PUT", f"{PUBLISHERS}/OTHER", admin, ADDRESS)
    office.ask("PUT", one("0088:1"), admin, {"publisher": SMP_ID})
    who = {"participants": [str(participant("0088:1"))]}
    before = office.everything()
    none = {"suspended": 0, "migrations": 0, "quarantine_days": 0}
    plan = office.ask("POST", f"{REGISTRATIONS}/plan", admin, {"change": "move", "publisher": "OTHER", **who})
    assert plan.json() == {"changed": 1, "publishers": {SMP_ID: 1}, **none}
    plan = office.ask("POST", f"{REGISTRATIONS}/plan", admin, {"change": "remove", **who})
    assert plan.json() == {"changed": 1, "publishers": {SMP_ID: 1}, **none}
    new = {"participants": [str(participant("0088:2"))], "change": "register", "publisher": "OTHER"}
    assert office.ask("POST", f"{REGISTRATIONS}/plan", admin, new).json() == {"changed": 1, "publishers": {}, **none}
    for wrong in ({"change": "move"}, {"change": "remove", "publisher": "OTHER"}, {"change": "register"}):
        refused = office.ask("POST", f"{REGISTRATIONS}/plan", admin, wrong | who)
        assert (refused.status, reasons(refused)) == (400, {"REGISTRATION-PUBLISHER"})
    assert office.ask("POST", f"{REGISTRATIONS}/plan", admin, new | who).status == 409
    removal = office.ask("GET", f"{PUBLISHERS}/{SMP_ID}/removal", admin).json()
    assert removal == {"registrations": 1, "wildcards": 0, "suspended": 0, "migrations": 0, "names": 2} | {
        "quarantine_days": 0
    }
    assert office.everything() == before
