# SPDX-License-Identifier: Apache-2.0
"""The zone of an old SML and ours are compared record by record, and by what they mean."""

from collections.abc import Callable
from pathlib import Path

import dns.rcode
import pytest

from registry.demo.pki import DemoPki
from registry.dns.reconcile.differences import Kind
from registry.errors import TechnicalError
from registry.identifiers.dns_names import participant_owner
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.move_in.model import Kind as RecordKind
from registry.move_in.model import SourceKind, Verdict, part_of
from registry.move_in.sml_records import PublisherRecord, RegistrationRecord
from registry.move_in.states import State
from registry.move_in.zones import OldZone, ZoneComparison, compare_zone, refused_names
from registry.storage.queries import move_ins, zones
from registry.storage.queries.move_ins import Moved
from tests.simulators.domisml_moves import MOVER, move
from tests.simulators.offline import OfflineInstance, offline_instance
from tests.simulators.zone_sender import Text, ZoneSender, new_key, sending, without

PARTICIPANTS = 12
SERIAL = 4_000_000_000


def filled(offline: OfflineInstance) -> OfflineInstance:
    zone = offline.stored.domain.dns.zone
    smp = PublisherRecord(zone, "SMP-OLD", "https://old.example.com/smp/", "192.0.2.1")
    who = [RegistrationRecord(zone, ISO6523, f"0088:{number}", "SMP-OLD") for number in range(PARTICIPANTS)]
    move(offline.instance, [smp.to_record(), *(each.to_record() for each in who)])
    return offline


@pytest.fixture
def here(offline: OfflineInstance) -> OfflineInstance:
    return filled(offline)


def old_records(offline: OfflineInstance, zone: str = "") -> list[Text]:
    """Our zone as another program has it: with an apex of its own, in a zone that may be one above."""
    apex = offline.stored.domain.dns.zone
    zone = zone or apex
    records: list[Text] = [
        (f"{zone}.", 86400, "SOA", f"ns.old.example. mail.old.example. {SERIAL} 1 2 3 60"),
        (f"{zone}.", 86400, "NS", "ns.old.example."),
    ]
    assert offline.stored.zone_id is not None
    with offline.instance.database.read() as connection:
        for owner, rdtype, text in zones.newest_state(connection, offline.stored.zone_id):
            for line in text.split("\n") if owner != "@" else ():
                ttl, _, rdata = line.partition(" ")
                records.append((f"{owner}.{apex}.", int(ttl), rdtype, rdata))
    return records


def compared(
    offline: OfflineInstance, records: list[Text], *, zone: str = "", others: tuple[str, ...] = (), keyed: bool = False
) -> ZoneComparison:
    key = new_key() if keyed else None
    with sending(ZoneSender(records, key, 5)) as sender:
        old = OldZone(sender.address, zone or offline.stored.domain.dns.zone, key, others)
        return compare_zone(offline.instance.database, offline.stored, old)


def found_in(comparison: ZoneComparison) -> dict[tuple[str, str], Kind]:
    return {(each.owner, each.rdtype): each.kind for each in comparison.differences}


@pytest.mark.parametrize("keyed", [False, True], ids=["without a key", "with a key"])
def test_zones_with_the_same_records_agree(here: OfflineInstance, keyed: bool) -> None:
    records = old_records(here)
    found = compared(here, records, keyed=keyed)
    assert found.agrees
    assert (found.method, found.serial, found.compared) == ("transfer", SERIAL, len(records) - 2)
    assert found.longest_ttl == 86400, "so long somebody may still have an answer of the old servers"


def test_each_difference_is_told(here: OfflineInstance) -> None:
    records = old_records(here)
    gone = next(owner for owner, _, rdtype, _ in records if rdtype == "NAPTR")
    other = next(owner for owner, _, rdtype, _ in records if rdtype == "NAPTR" and owner != gone)
    apex = here.stored.domain.dns.zone
    changed = [
        (owner, 61 if owner == other else ttl, rdtype, rdata) for owner, ttl, rdtype, rdata in without(records, gone)
    ]
    found = compared(here, [*changed, (f"more.{apex}.", 60, "A", "192.0.2.1")])
    relative = {name: name.removesuffix(f".{apex}.") for name in (gone, other)}
    assert found_in(found) == {
        (relative[gone], "NAPTR"): Kind.MISSING,
        (relative[other], "NAPTR"): Kind.DIFFERS,
        ("more", "A"): Kind.SURPLUS,
    }
    assert found.to_json()["counts"] == {"missing": 1, "differs": 1, "surplus": 1, "foreign": 0}


def test_older_way_to_write_an_expression_means_the_same(here: OfflineInstance) -> None:
    legacy = [(o, t, r, d.replace("!.*!", "!^.*$!")) for o, t, r, d in old_records(here)]
    assert any("^" in rdata for *_, rdata in legacy)
    assert compared(here, legacy).agrees


def test_other_address_does_not_mean_the_same(here: OfflineInstance) -> None:
    other = [(o, t, r, d.replace("!.*!https://old.", "!^.*$!https://new.")) for o, t, r, d in old_records(here)]
    assert set(found_in(compared(here, other)).values()) == {Kind.DIFFERS}


def test_aliases_of_the_records_of_an_smp_mean_the_same(tmp_path: Path, pki: DemoPki) -> None:
    with offline_instance(tmp_path / "plain", pki) as plain:
        records = old_records(filled(plain))
    with offline_instance(tmp_path / "alias", pki, dns={"publisher_indirection": True}) as aliases:
        assert compared(filled(aliases), records).agrees
        fewer = without(records, next(owner for owner, _, rdtype, _ in records if rdtype == "NAPTR"))
        assert set(found_in(compared(aliases, fewer)).values()) == {Kind.MISSING}


def test_sub_domain_is_compared_with_its_part_of_the_zone_above(here: OfflineInstance) -> None:
    apex = here.stored.domain.dns.zone
    above = apex.partition(".")[2]
    strangers: list[Text] = [
        (f"x.other.{above}.", 60, "A", "192.0.2.1"),
        (f"x.inner.{apex}.", 60, "A", "192.0.2.1"),
        (f"not{apex}.", 60, "A", "192.0.2.1"),
    ]
    records = [*old_records(here, above), *strangers]
    assert compared(here, records, zone=above, others=(f"inner.{apex}",)).agrees
    assert found_in(compared(here, records, zone=above)) == {("x.inner", "A"): Kind.SURPLUS}


def test_names_of_what_was_refused_are_counted_and_no_difference(here: OfflineInstance) -> None:
    zone, profile = here.stored.domain.dns.zone, here.stored.domain.dns
    smp, who = f"{zone}/SMP-REFUSED", RegistrationRecord(zone, ISO6523, "0088:refused", "SMP-REFUSED").key
    elsewhere = RegistrationRecord("else.example.org", ISO6523, "0088:elsewhere", "SMP-X").key
    said = {
        RecordKind.PUBLISHER: [smp],
        RecordKind.REGISTRATION: [who, elsewhere, f"{zone}/{ISO6523}::"],
        RecordKind.DNS_RECORD: [f"{zone}/www A"],
    }
    with here.instance.database.write(MOVER) as work:
        move_id = move_ins.add(work, SourceKind.DOMISML_SQL, "a test", State.LOADED, [here.stored.id]).id
        for kind, keys in said.items():
            rows = [Moved(part_of(key), key, "", Verdict.REFUSED, [{"id": "X"}], None) for key in keys]
            move_ins.add_records(work, move_id, kind, rows)
    with here.instance.database.read() as connection:
        refused = refused_names(connection, move_id, here.stored, {zone})
    owner = participant_owner(ParticipantIdentifier(ISO6523, "0088:refused"), profile.name_form)
    assert {owner, "smp-refused.publisher", "www"} <= refused
    there: list[Text] = [
        (f"{owner}.{zone}.", 60, "NAPTR", '100 10 "U" "Meta:SMP" "!.*!https://x.example.com!" .'),
        (f"smp-refused.publisher.{zone}.", 60, "CNAME", "x.example.com."),
        (f"www.{zone}.", 60, "A", "192.0.2.1"),
        (f"other.{zone}.", 60, "A", "192.0.2.1"),
    ]
    with sending(ZoneSender([*old_records(here), *there], per_message=5)) as sender:
        found = compare_zone(here.instance.database, here.stored, OldZone(sender.address, zone), refused=refused)
    assert found_in(found) == {("other", "A"): Kind.SURPLUS}
    assert found.to_json()["refused"] == 3


def test_server_that_gives_no_zone_away_is_asked_for_samples(here: OfflineInstance) -> None:
    records = old_records(here)
    gone = next(owner for owner, _, rdtype, _ in records if rdtype == "NAPTR")

    def asked(held: list[Text]) -> ZoneComparison:
        with sending(ZoneSender(held, transfer_rcode=dns.rcode.REFUSED)) as sender:
            return compare_zone(
                here.instance.database, here.stored, OldZone(sender.address, here.stored.domain.dns.zone)
            )

    good, bad = asked(records), asked(without(records, gone))
    assert good.agrees
    assert good.method.startswith("samples, since")
    assert good.to_json()["undetected_percent"] > 0
    assert (good.serial, good.compared) == (None, len(records) - 2)
    assert set(found_in(bad).values()) == {Kind.MISSING}


@pytest.mark.parametrize(
    "spoil", [lambda messages: messages[:-1], lambda _: []], ids=["an end that is missing", "nothing"]
)
def test_zone_that_is_no_whole_one_is_an_error(
    here: OfflineInstance, spoil: Callable[[list[bytes]], list[bytes]]
) -> None:
    with sending(ZoneSender(old_records(here), per_message=4, spoil=spoil)) as sender:
        old = OldZone(sender.address, here.stored.domain.dns.zone)
        with pytest.raises(TechnicalError):
            compare_zone(here.instance.database, here.stored, old)
