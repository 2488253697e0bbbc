# SPDX-License-Identifier: Apache-2.0
"""A zone moves to another name, and at every moment participants are found under both names (RFC 6672)."""

import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest
from sqlalchemy import update

from registry.app import zone_move
from registry.app.domain_setup import change_domain
from registry.app.zone_move import Step, end, prepare, switch
from registry.domains.server_address import parse_server_address
from registry.errors import ConflictError, NotFoundError, RegistryError, ValidationError
from registry.identifiers.dns_names import participant_owner
from registry.serials import is_greater
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries import zone_moves
from registry.storage.queries.zones import ZoneRow
from registry.storage.tables import zone
from registry.storage.unit_of_work import UnitOfWork
from tests.simulators.live import ACTOR, SMP_ID, LiveInstance
from tests.simulators.offline import participant

NEW = "sml.example.org"


def domain(live: LiveInstance) -> StoredDomain:
    live.instance.directory.refresh()
    return live.instance.directory.get("demo")


def ask(live: LiveInstance, name: str, rdtype: str = "NAPTR") -> dns.message.Message:
    host, port = parse_server_address(live.addresses.dns) or ("", 0)
    return dns.query.udp(dns.message.make_query(f"{name}.", rdtype, flags=0), host, 5, port)


def found(live: LiveInstance, zone: str) -> list[str]:
    """The NAPTR records of a participant below a zone's name, through all aliases."""
    live.wait_for_dns()
    stored = domain(live)
    answer = ask(live, f"{participant_owner(participant(), stored.domain.dns.name_form)}.{zone}")
    records = [r.to_text() for rrset in answer.answer if rrset.rdtype == dns.rdatatype.NAPTR for r in rrset]
    if not records and answer.rcode() == dns.rcode.NOERROR and answer.answer:
        # The chain leaves the zone that was asked for; a resolver asks again where it leads.
        target = [r.target for rrset in answer.answer if rrset.rdtype == dns.rdatatype.CNAME for r in rrset][-1]
        again = ask(live, target.to_text(omit_final_dot=True))
        records = [r.to_text() for rrset in again.answer if rrset.rdtype == dns.rdatatype.NAPTR for r in rrset]
    return records


def serial(live: LiveInstance, zone: str) -> int:
    live.wait_for_dns()
    (soa,) = ask(live, zone, "SOA").answer[0]
    return int(soa.serial)


@pytest.mark.parametrize("indirection", [False, True], ids=["direct", "indirect"])
def test_participants_are_found_under_both_names_before_and_after_the_switch(
    live: LiveInstance, indirection: bool
) -> None:
    change_domain(live.instance, ACTOR, "demo", {"dns": {"publisher_indirection": indirection}})
    with live.sml_client() as client:
        client.create_participants(SMP_ID, [participant()])
    old = domain(live).domain.dns.zone
    expected = found(live, old)
    assert len(expected) == 1
    first = serial(live, old)

    assert prepare(live.instance, ACTOR, domain(live), NEW.upper() + ".").alias == NEW
    assert found(live, old) == found(live, NEW) == expected
    second = serial(live, NEW)

    moved = switch(live.instance, ACTOR, domain(live), NEW)
    assert (moved.zone, moved.alias) == (NEW, old)
    assert domain(live).domain.dns.zone == NEW
    assert found(live, NEW) == found(live, old) == expected
    assert is_greater(serial(live, old), first)
    assert is_greater(serial(live, NEW), second)
    assert [rrset.rdtype for rrset in ask(live, f"x.{old}").answer] == [dns.rdatatype.DNAME, dns.rdatatype.CNAME]

    end(live.instance, ACTOR, domain(live), old)
    assert found(live, NEW) == expected
    assert ask(live, old, "SOA").rcode() == dns.rcode.REFUSED


def test_what_is_registered_after_the_switch_is_found_under_both_names(live: LiveInstance) -> None:
    old = domain(live).domain.dns.zone
    prepare(live.instance, ACTOR, domain(live), NEW)
    switch(live.instance, ACTOR, domain(live), NEW)
    live.run(live.serving.refresh())
    with live.sml_client() as client:
        client.create_participants(SMP_ID, [participant()])
    assert len(found(live, NEW)) == 1
    assert found(live, NEW) == found(live, old)


def test_a_switch_is_taken_back_by_another_and_the_new_name_ended(live: LiveInstance) -> None:
    with live.sml_client() as client:
        client.create_participants(SMP_ID, [participant()])
    old = domain(live).domain.dns.zone
    before = domain(live).domain
    prepare(live.instance, ACTOR, domain(live), NEW)
    switch(live.instance, ACTOR, domain(live), NEW)
    assert switch(live.instance, ACTOR, domain(live), old).zone == old
    assert end(live.instance, ACTOR, domain(live), NEW).steps == (Step.PREPARE,)
    assert domain(live).domain == before
    assert len(found(live, old)) == 1
    assert ask(live, NEW, "SOA").rcode() == dns.rcode.REFUSED


def test_a_prepared_move_can_be_prepared_again_and_no_other_one(live: LiveInstance) -> None:
    prepare(live.instance, ACTOR, domain(live), NEW)
    assert prepare(live.instance, ACTOR, domain(live), NEW).alias == NEW
    with pytest.raises(ConflictError, match=NEW):
        prepare(live.instance, ACTOR, domain(live), "other.example.org")


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("", ValidationError),
        ("-.example", ValidationError),
        ("below.sml.test", ConflictError),
        ("test", ConflictError),
        ("sml.test", ConflictError),
    ],
)
def test_a_name_that_no_zone_can_have_beside_the_old_one_is_refused(
    live: LiveInstance, name: str, error: type[RegistryError]
) -> None:
    stored = domain(live)
    assert stored.domain.dns.zone == "sml.test"
    with pytest.raises(error):
        prepare(live.instance, ACTOR, stored, name)
    with live.instance.database.read() as connection:
        assert zone_moves.alias_of(connection, stored.zone_id or 0) is None


def test_nothing_can_be_switched_or_ended_that_was_not_prepared(live: LiveInstance) -> None:
    with pytest.raises(NotFoundError, match="prepare"):
        switch(live.instance, ACTOR, domain(live), NEW)
    with pytest.raises(NotFoundError, match="prepare"):
        end(live.instance, ACTOR, domain(live), NEW)


def test_a_serial_that_the_other_name_gets_before_it_is_locked_is_exceeded_too(
    live: LiveInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = domain(live).domain.dns.zone
    prepare(live.instance, ACTOR, domain(live), NEW)
    live.wait_for_dns()
    stamped = serial(live, old) + serial(live, NEW) + 50
    lock = zone_moves.lock

    def lock_late(work: UnitOfWork, zone_id: int) -> ZoneRow:
        """Another process stamps the zone while this one waits for its lock."""
        row = lock(work, zone_id)
        if row.name == NEW:
            work.connection.execute(update(zone).where(zone.c.id == zone_id).values(serial=stamped))
            row = lock(work, zone_id)
        return row

    monkeypatch.setattr(zone_moves, "lock", lock_late)
    switch(live.instance, ACTOR, domain(live), NEW)
    monkeypatch.undo()
    assert is_greater(serial(live, NEW), stamped)
    assert is_greater(serial(live, old), stamped)


def test_a_switch_that_is_asked_for_again_changes_nothing(live: LiveInstance) -> None:
    prepare(live.instance, ACTOR, domain(live), NEW)
    first = switch(live.instance, ACTOR, domain(live), NEW)
    at = serial(live, NEW)
    assert switch(live.instance, ACTOR, domain(live), NEW) == first
    assert serial(live, NEW) == at


def test_only_the_name_that_leads_can_be_ended(live: LiveInstance) -> None:
    old = domain(live).domain.dns.zone
    prepare(live.instance, ACTOR, domain(live), NEW)
    with pytest.raises(ConflictError, match="content"):
        end(live.instance, ACTOR, domain(live), old)
    with pytest.raises(NotFoundError, match=NEW):
        end(live.instance, ACTOR, domain(live), "other.example.org")


def test_a_move_tells_what_has_to_be_seen_to_by_hand(live: LiveInstance) -> None:
    prepare(live.instance, ACTOR, domain(live), NEW)
    notes = zone_move.zone_move(live.instance, domain(live)).notes
    assert any("parent" in note for note in notes)
