# SPDX-License-Identifier: Apache-2.0
"""A DomiSML in a real MariaDB is read as it is, and moves in whole: every carried kind is found on the other side."""

import subprocess
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from registry.demo.pki import DemoPki
from registry.errors import ConfigurationError
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.move_in.model import Kind, SourceRecord, Verdict, part_of
from registry.move_in.sml_records import (
    DnsRecord,
    MigrationRecord,
    PublisherRecord,
    RegistrationRecord,
    SubDomainRecord,
)
from registry.move_in.sources.domisml_sql import DomiSmlSql
from registry.move_in.sources.sql import open_database
from registry.move_in.sources.sql_dump import open_dump
from registry.sml.admin_sub_domains import ROLE
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries import migrations, publishers, registrations, sml_views, zones
from registry.storage.tables import registration
from tests.simulators.domisml_database import MIGRATION_KEY, ZONE, DomiSml, fill, participant_value, tomorrow
from tests.simulators.domisml_moves import Moved, move, move_all, read, read_from
from tests.simulators.domisml_oddities import (
    BIG,
    BROKEN,
    CLOSED,
    OTHER_ZONE,
    SMALL,
    Certificates,
    certificates_of,
    fill_oddly,
    key_of,
)
from tests.simulators.mariadb import MariaDb
from tests.simulators.offline import OfflineInstance
from trust_lists.certificates.parsing import fingerprint

if TYPE_CHECKING:
    from tests.conftest import ToolFinder


@pytest.fixture(scope="module")
def certificates(pki: DemoPki) -> Certificates:
    return certificates_of(pki)


@pytest.fixture
def old(mariadb: MariaDb) -> Iterator[DomiSml]:
    url = mariadb.new_database("utf8mb3")
    with DomiSml(url) as database:
        database.create()
        yield database
    mariadb.drop(url)


@pytest.fixture
def odd(old: DomiSml, certificates: Certificates) -> DomiSml:
    fill_oddly(old, certificates)
    return old


def domain_of(offline: OfflineInstance, zone: str) -> StoredDomain:
    offline.instance.directory.refresh()
    return next(each for each in offline.instance.directory.all() if each.domain.dns.zone == zone)


def state_of(offline: OfflineInstance, stored: StoredDomain) -> dict[tuple[str, str], str]:
    assert stored.zone_id is not None
    with offline.instance.database.read() as connection:
        return {(owner, rdtype): text for owner, rdtype, text in zones.newest_state(connection, stored.zone_id)}


def refused(moved: Moved, kind: Kind) -> dict[str, list[str]]:
    return {
        key: [reason.id for reason in result.reasons]
        for key, result in moved.of(kind).items()
        if result.verdict is Verdict.REFUSED
    }


# What comes over


def test_every_kind_is_found_again(offline: OfflineInstance, odd: DomiSml, certificates: Certificates) -> None:
    moved = move_all(offline.instance, odd.url)
    stored, other = domain_of(offline, ZONE), domain_of(offline, OTHER_ZONE)
    sml, trust = stored.domain.sml, stored.domain.trust.role(ROLE)
    assert (sml.max_participants, sml.max_participants_per_publisher, sml.url_schemes) == (1000, 500, {"https"})
    assert sml.wildcard_owners == {"wild-actorid-upis": (BIG,)}
    assert (len(trust.anchors), trust.pins) == (1, (fingerprint(certificates.small),))
    assert trust.subject_patterns == ("^(?:^.*CN=SMP_.*$)$",)
    assert other.domain.trust.role(ROLE).pins == (fingerprint(certificates.closed),), "known by name there"
    assert other.domain.dns.legacy_cname
    with offline.instance.database.read() as connection:
        (big,) = publishers.find(connection, [stored.id], BIG)
        (closed,) = publishers.find(connection, [other.id], CLOSED)
        held = {each.sha256: each for each in sml_views.certificates_of(connection, big.id)}
        opened = migrations.page(connection, 0, 10, offline.clock(), domain_id=stored.id)
    assert big.logical_address == "https://big.example.com/smp/"
    assert closed.suspended
    begin = held[fingerprint(certificates.next)].usable_from
    assert begin == tomorrow().replace(hour=0, tzinfo=UTC)
    assert [(each.value, each.smp_id, each.has_key(MIGRATION_KEY)) for each in opened] == [("0088:moving", SMALL, True)]
    state = state_of(offline, stored)
    assert state["www", "A"] == "60 192.0.2.1\n60 192.0.2.2"
    assert state["locator", "NAPTR"] == '60 100 10 "U" "Meta:SML" "!.*!https://locator.example.org/!" .'
    assert state_of(offline, other)["docs", "CNAME"] == "60 docs.example.net."
    assert state["*.wild-actorid-upis", "NAPTR"]
    assert moved.of(Kind.SUB_DOMAIN).keys() == {ZONE, OTHER_ZONE}


def test_registrations_are_as_they_were(offline: OfflineInstance, odd: DomiSml) -> None:
    move_all(offline.instance, odd.url)
    stored, other = domain_of(offline, ZONE), domain_of(offline, OTHER_ZONE)
    with offline.instance.database.read() as connection:
        rows = [
            row
            for domain, smp_id in ((stored, BIG), (stored, SMALL), (other, CLOSED))
            for (publisher,) in [publishers.find(connection, [domain.id], smp_id)]
            for row in registrations.page(connection, publisher.id, 0, 100)
        ]
    found = {(row.scheme, row.value): (row.services, row.suspended) for row in rows}
    urn = "urn:oasis:names:tc:ebcore:partyid-type:iso6523:0088"
    assert found == {
        ("wild-actorid-upis", "*"): (None, False),
        (ISO6523, "0088:MixedCase1"): (None, False),
        (ISO6523, "0088:own"): ("Meta:CPPA|Meta:SMP", False),
        (ISO6523, "0088:off"): (None, True),
        (ISO6523, "0088:twice"): (None, False),
        (ISO6523, "0088:moving"): (None, False),
        (ISO6523, "0088:moving-on"): (None, False),
        (ISO6523, "9999:here-and-there"): (None, False),
        (urn, "4035811991021"): (None, False),
    }


def test_what_breaks_rules_is_refused_by_name_and_reason(offline: OfflineInstance, odd: DomiSml) -> None:
    moved = move_all(offline.instance, odd.url)
    assert refused(moved, Kind.SUB_DOMAIN) == {}
    assert refused(moved, Kind.PUBLISHER) == {f"{ZONE}/{BROKEN}": ["SML-LOGICAL-ADDRESS-SCHEME"]}
    assert refused(moved, Kind.REGISTRATION) == {
        key_of("0088:torn"): ["MOVE-IN-SEVERAL-SMPS"],
        key_of("0007:outside"): ["PARTICIPANT-FORM"],
        key_of("0088:homeless"): ["MOVE-IN-NO-SMP"],
    }
    assert refused(moved, Kind.MIGRATION) == {key_of("0088:moving-on"): ["MOVE-IN-MIGRATION-OTHER-SMP"]}
    assert refused(moved, Kind.DNS_RECORD) == {"/elsewhere.example.org. A": ["MOVE-IN-DNS-OUTSIDE"]}


def test_what_has_no_home_is_counted_by_name(odd: DomiSml) -> None:
    _, unhoused = read(odd.url)
    assert {each.name: each.count for each in unhoused} == {
        "bdmsl_configuration": 1,
        "bdmsl_certificate.pem_encoding": 1,
        "bdmsl_certificate_domain.is_admin": 1,
        "bdmsl_certificate_domain.crl_url": 1,
        "bdmsl_migrate.migrated": 1,
        "bdmsl_migrate.old_smp_id": 1,
        "bdmsl_participant_identifier.fk_smp_id": 1,
        "bdmsl_participant_identifier.participant_id": 1,
        "bdmsl_participant_identifier.created_on": 16,
        "bdmsl_news": 2,
        "bdmsl_rev_info": 1,
    }
    assert all(each.why for each in unhoused)


def test_second_load_changes_nothing(offline: OfflineInstance, odd: DomiSml) -> None:
    move_all(offline.instance, odd.url)
    again = move_all(offline.instance, odd.url)
    assert {result.verdict for result in again.results.values()} <= {Verdict.UNCHANGED, Verdict.REFUSED}


def test_all_that_was_moved_goes_again(offline: OfflineInstance, odd: DomiSml) -> None:
    before = offline.zone_state()
    moved = move_all(offline.instance, odd.url)
    gone = move(offline.instance, [], gone=list(moved.results))
    assert {result.verdict for result in gone.results.values()} == {Verdict.REMOVED}
    assert offline.zone_state() == before
    for zone in (ZONE, OTHER_ZONE):
        assert {rdtype for _, rdtype in state_of(offline, domain_of(offline, zone))} == {"SOA", "NS"}
    with offline.instance.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(registration)).scalar_one() == 0


def test_sub_domain_goes_to_the_domain_that_the_operator_names(
    offline: OfflineInstance, old: DomiSml, certificates: Certificates
) -> None:
    fill(old, participants=20, smps=2, certificates=[certificates.big])
    moved = move_all(offline.instance, old.url, sub_domains={ZONE: "demo"})
    assert {result.verdict for result in moved.of(Kind.REGISTRATION).values()} == {Verdict.CREATED}
    found = offline.instance.administration.registration(
        offline.stored, ParticipantIdentifier(ISO6523, participant_value(7))
    )
    assert found.smp_id == "SMP-1"


# How it is read


def test_checksums_tell_of_the_parts_that_have_changed_alone(old: DomiSml, certificates: Certificates) -> None:
    fill(old, participants=3000, smps=3, certificates=[certificates.big])
    before = _read_twice(old)[0]
    value = participant_value(17)
    old.run("UPDATE bdmsl_participant_identifier SET disabled = 1 WHERE participant_id = %s", (value,))
    old.participant(2, "0088:new-one")
    old.run("DELETE FROM bdmsl_participant_identifier WHERE participant_id = %s", (participant_value(99),))
    after, records = _read_twice(old)
    changed = {place for place in before.keys() | after.keys() if before.get(place) != after.get(place)}
    wanted = {(Kind.REGISTRATION, part_of(key_of(each))) for each in (value, "0088:new-one", participant_value(99))}
    assert changed == wanted
    assert {record.key for record in records} >= {key_of(value), key_of("0088:new-one")}


def test_another_spelling_of_a_scheme_is_a_change(old: DomiSml, certificates: Certificates) -> None:
    fill(old, participants=3, smps=1, certificates=[certificates.big])
    before = _read_twice(old)[0]
    old.run("UPDATE bdmsl_participant_identifier SET scheme = upper(scheme)")
    assert _read_twice(old)[0] != before


def _read_twice(old: DomiSml) -> tuple[dict[tuple[Kind, int], str], list[SourceRecord]]:
    """What the parts amount to; the records of some parts are the same whether all are read or these alone."""
    source = DomiSmlSql(open_database(old.url))
    try:
        sums = dict(source.checksums() or {})
        every = list(source.records(None))
        assert {(each.kind, part_of(each.key)) for each in every} == sums.keys()
        some = {
            (Kind.REGISTRATION, part_of(key_of(participant_value(17)))),
            (Kind.REGISTRATION, part_of(key_of("0088:new-one"))),
        }
        chosen = list(source.records(some & sums.keys()))
        assert sorted(chosen, key=repr) == sorted(
            (each for each in every if (each.kind, part_of(each.key)) in some), key=repr
        )
        return sums, chosen
    finally:
        source.close()


def test_what_others_write_meanwhile_is_not_seen(old: DomiSml, certificates: Certificates) -> None:
    fill(old, participants=50, smps=1, certificates=[certificates.big])
    source = DomiSmlSql(open_database(old.url))
    try:
        before = source.checksums()
        old.participant(1, "0088:meanwhile")
        old.run("UPDATE bdmsl_smp SET endpoint_logical_address = 'https://elsewhere.example.com'")
        assert source.checksums() == before
        assert not any("meanwhile" in record.key for record in source.records(None))
    finally:
        source.close()


def test_records_come_back_from_staging_as_they_went_in(odd: DomiSml) -> None:
    records, _ = read(odd.url)
    kinds = {
        each.kind: each for each in (SubDomainRecord, PublisherRecord, RegistrationRecord, MigrationRecord, DnsRecord)
    }
    assert {kind for kind, _ in records} == kinds.keys()
    for record in records.values():
        read_back = kinds[record.kind].of(record)
        assert read_back.to_record() == record


def test_dump_says_the_same_as_the_database(
    odd: DomiSml, tmp_path: Path, mariadb: MariaDb, tool: "type[ToolFinder]"
) -> None:
    name = odd.url.partition("localhost/")[2].partition("?")[0]
    dump = tmp_path / "dump.sql"
    arguments = [tool.path("mariadb-dump"), f"--socket={mariadb.socket}", "--user=root", "--single-transaction", name]
    dump.write_bytes(subprocess.run(arguments, capture_output=True, check=True).stdout)
    assert read_from(DomiSmlSql(open_dump(dump, tmp_path))) == read(odd.url)


def test_contradicting_flags_of_an_smp_count_as_disabled(old: DomiSml, certificates: Certificates) -> None:
    old.run("ALTER TABLE bdmsl_smp ADD COLUMN disabled BIT DEFAULT 0")
    fill(old, participants=1, smps=2, certificates=[certificates.big])
    old.run("UPDATE bdmsl_smp SET smp_disabled = 1 WHERE smp_id = 'SMP-0'")
    records, _ = read(old.url)
    found = {key: PublisherRecord.of(each) for (kind, key), each in records.items() if kind is Kind.PUBLISHER}
    assert found[f"{ZONE}/SMP-0"].suspended
    assert "contradict" in found[f"{ZONE}/SMP-0"].notes[0]
    assert (found[f"{ZONE}/SMP-1"].suspended, found[f"{ZONE}/SMP-1"].notes) == (False, ())


def test_older_layout_without_flags_and_services_is_read(old: DomiSml, certificates: Certificates) -> None:
    fill(old, participants=5, smps=1, certificates=[certificates.big])
    for table, columns in {
        "bdmsl_participant_identifier": ("disabled", "naptr_services", "naptr_hash", "cname_hash"),
        "bdmsl_smp": ("smp_disabled", "dns_record_types"),
        "bdmsl_subdomain": ("smp_ia_cert_policy_oids", "domain_max_participant_count", "smp_max_participant_count"),
        "bdmsl_certificate_domain": ("pem_encoding", "crl_url", "truststore_alias"),
    }.items():
        for column in columns:
            old.run(f"ALTER TABLE {table} DROP COLUMN {column}")
    records, _ = read(old.url)
    assert sum(kind is Kind.REGISTRATION for kind, _ in records) == 5


def test_empty_database_is_read(old: DomiSml) -> None:
    records, unhoused = read(old.url)
    assert (records, unhoused) == ({}, ())
    source = DomiSmlSql(open_database(old.url))
    assert source.checksums() == {}
    source.close()


# What an operator hears


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("DROP TABLE bdmsl_migrate", "no table bdmsl_migrate"),
        ("ALTER TABLE bdmsl_subdomain DROP COLUMN dns_zone", "no column bdmsl_subdomain.dns_zone"),
    ],
    ids=["table", "column"],
)
def test_layout_that_is_not_known_is_named(old: DomiSml, change: str, said: str) -> None:
    old.run(change)
    with pytest.raises(ConfigurationError, match=said):
        read(old.url)


def test_user_without_rights_is_told_what_to_grant(mariadb: MariaDb, old: DomiSml) -> None:
    with pytest.raises(ConfigurationError, match="may the user of the URL SELECT from all its tables"):
        read(mariadb.new_user(old.url, on="bdmsl_smp"))


def test_reader_with_select_alone_is_enough(mariadb: MariaDb, odd: DomiSml) -> None:
    assert read(mariadb.new_user(odd.url)) == read(odd.url)
