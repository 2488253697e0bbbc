# SPDX-License-Identifier: Apache-2.0
"""Rows of DomiSML's tables become records, whatever form a driver or a dump gives their values."""

from datetime import datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from registry.demo.pki import DemoPki
from registry.move_in.sml_records import (
    DnsRecord,
    MigrationRecord,
    RegistrationRecord,
    SubDomainRecord,
    dns_name_of,
    participant_key,
    participant_of,
)
from registry.move_in.sources.domisml_records import DomiSmlTables, der_of, is_set, moment_of, services_of
from registry.storage.queries.migrations import key_hash

NAME = "sml.example.org"
TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="/"), min_size=1, max_size=20)
LISTS = st.lists(TEXT, max_size=3).map(tuple)


@pytest.mark.parametrize("value", [b"\x01", "\x01", "1", 1, True], ids=repr)
def test_flag_is_set_in_whatever_form(value: Any) -> None:
    assert is_set(value)


@pytest.mark.parametrize("value", [b"\x00", b"", "\x00", "0", "", 0, False, None], ids=repr)
def test_flag_is_not_set_in_whatever_form(value: Any) -> None:
    assert not is_set(value)


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-11-30 02:00:00", datetime.fromisoformat("2026-11-30T02:00")),
        (datetime.fromisoformat("2026-11-30"), datetime.fromisoformat("2026-11-30")),
        ("0000-00-00 00:00:00", None),
        (None, None),
    ],
    ids=["text", "moment", "none of MySQL", "none"],
)
def test_moment_is_read_from_text_too(value: Any, moment: datetime | None) -> None:
    assert moment_of(value) == moment


@pytest.mark.parametrize(
    ("text", "services"),
    [("", ()), ("Meta:SMP", ("Meta:SMP",)), (" Meta:SMP | x:y ||", ("Meta:SMP", "x:y"))],
    ids=["none", "one", "several"],
)
def test_services_stand_between_bars(text: str, services: tuple[str, ...]) -> None:
    assert services_of(text) == services


def test_certificate_is_read_with_and_without_its_frame(pki: DemoPki) -> None:
    certificate = pki.smp.certificate
    pem, der = certificate.public_bytes(Encoding.PEM).decode(), certificate.public_bytes(Encoding.DER)
    bare = "".join(pem.splitlines()[1:-1])
    assert der_of(pem) == der_of(bare) == der
    assert der_of(None) is der_of("") is der_of("no certificate") is None


@given(TEXT, TEXT)
def test_participant_is_found_again_in_its_key(scheme: str, value: str) -> None:
    sub_domain, participant = participant_of(participant_key(NAME, f"{scheme}-a-b", value))
    assert sub_domain == NAME
    assert participant == RegistrationRecord(NAME, f"{scheme}-a-b".lower(), value.lower(), "SMP").participant


@given(TEXT, st.sampled_from(["A", "CNAME", "NAPTR"]))
def test_name_of_a_dns_record_is_found_again_in_its_key(owner: str, rdtype: str) -> None:
    assert dns_name_of(DnsRecord(NAME, owner, rdtype, ()).key) == (NAME, owner, rdtype)


@given(
    st.builds(RegistrationRecord, TEXT, TEXT, TEXT, TEXT, LISTS, st.booleans(), LISTS)
    | st.builds(MigrationRecord, TEXT, TEXT, TEXT, TEXT, TEXT, LISTS)
    | st.builds(DnsRecord, TEXT, TEXT, TEXT, st.lists(st.tuples(TEXT, st.none() | TEXT), max_size=3).map(tuple))
    | st.builds(
        SubDomainRecord,
        TEXT,
        TEXT,
        participants=st.none() | TEXT,
        max_participants=st.none() | st.integers(0, 10),
        roots=st.lists(st.binary(max_size=5), max_size=2).map(tuple),
        unknown=LISTS,
        wildcard_owners=st.dictionaries(TEXT, LISTS, max_size=2),
        schemes=LISTS,
    )
)
def test_record_comes_back_from_staging_as_it_went_in(
    record: RegistrationRecord | MigrationRecord | DnsRecord | SubDomainRecord,
) -> None:
    assert type(record).of(record.to_record()) == record


def tables(**rows: Any) -> DomiSmlTables:
    usual: dict[str, Any] = {
        "sub_domains": [
            {
                "subdomain_id": 1,
                "subdomain_name": NAME,
                "dns_zone": NAME,
                "description": None,
                "dns_record_types": "all",
                "participant_id_regexp": "^.*$",
                "smp_url_schemas": "all",
            }
        ],
        "smps": [],
        "certificates": [],
        "domain_certificates": [],
        "wildcards": [],
        "migrations": [],
        "dns_records": [],
    }
    return DomiSmlTables(**usual | rows)


def smp(smp_id: str = "SMP-1", **said: Any) -> dict[str, Any]:
    usual = {
        "id": 1,
        "smp_id": smp_id,
        "endpoint_logical_address": "https://smp.example.com",
        "endpoint_physical_address": None,
        "smp_disabled": 0,
        "fk_certificate_id": 9,
        "fk_subdomain_id": 1,
    }
    return usual | said


def certificate(number: int, pki: DemoPki, **said: Any) -> dict[str, Any]:
    pem = pki.smp.certificate.public_bytes(Encoding.PEM).decode()
    return {
        "id": number,
        "certificate_id": f"CN=c{number},O=x,C=BE:01",
        "pem_encoding": pem,
        "new_cert_id": None,
    } | said


def test_planned_change_without_a_day_begins_with_the_new_validity(pki: DemoPki) -> None:
    held = [certificate(9, pki, pem_encoding=None, new_cert_id=8), certificate(8, pki)]
    (record,) = tables(smps=[smp()], certificates=held).publisher_records()
    (planned,) = record.certificates
    assert planned.since == pki.smp.certificate.not_valid_before_utc
    assert record.unknown == ("CN=c9,O=x,C=BE:01",)


def test_smp_in_no_sub_domain_is_left_out(pki: DemoPki) -> None:
    assert not [*tables(smps=[smp(fk_subdomain_id=7)]).publisher_records()]


def migration(key: str, **said: Any) -> dict[str, Any]:
    usual = {"migration_key": key, "participant_id": "0088:X ", "scheme": "a-b-c", "migrated": 0, "new_smp_id": None}
    return usual | {"old_smp_id": "SMP-1", "last_updated_on": None, "created_on": None} | said


def test_last_of_several_open_migrations_counts() -> None:
    rows = [
        migration("first", last_updated_on="2026-01-01 00:00:00"),
        migration("last", last_updated_on="2026-02-01 00:00:00", participant_id="0088:x"),
        migration("older", created_on="2026-01-15 00:00:00"),
        migration("done", migrated=b"\x01", last_updated_on="2026-03-01 00:00:00"),
    ]
    (record,) = tables(smps=[smp()], migrations=rows).migration_records()
    assert (record.key_sha256, record.value) == (key_hash("last"), "0088:x")
    assert record.notes == ("2 earlier ones of it are open, too: the last one counts",)


def test_migration_is_that_of_its_smp_however_the_id_is_spelled() -> None:
    found = tables(smps=[smp()], migrations=[migration("key", old_smp_id="smp-1 ")])
    (record,) = found.migration_records()
    assert record.key_sha256 == key_hash("key")
    assert "bdmsl_migrate.old_smp_id" not in {name for name, count, _ in found.left_out() if count}


def test_names_of_sub_domains_that_differ_in_case_are_one() -> None:
    row = dict(tables().sub_domains[0])
    other = row | {"subdomain_id": 2, "subdomain_name": f"{NAME.upper()}.", "description": "again"}
    both = tables(sub_domains=[row, other], smps=[smp(), smp("SMP-2", id=2, fk_subdomain_id=2)])
    assert [each.description for each in both.sub_domain_records()] == [None]
    assert {each.sub_domain for each in both.publisher_records()} == {NAME}
    assert ("bdmsl_subdomain.subdomain_name", 1) in {(name, count) for name, count, _ in both.left_out()}


def test_pattern_for_subjects_is_that_of_all_where_the_sub_domain_has_none(pki: DemoPki) -> None:
    pem = pki.smp_ca.certificate.public_bytes(Encoding.PEM).decode()
    rule = {"certificate": "CN=x", "is_admin": 0, "is_root_ca": 1, "fk_subdomain_id": 1, "pem_encoding": pem}
    properties = {"authorization.smp.certSubjectRegex": "^.*CN=SMP_.*$"}
    (record,) = tables(domain_certificates=[rule], properties=properties).sub_domain_records()
    assert record.subjects == "^.*CN=SMP_.*$"
    (record,) = tables(properties=properties).sub_domain_records()
    assert record.subjects is None, "it is for those whom an issuer lets in"
