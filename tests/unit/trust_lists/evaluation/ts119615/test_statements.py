# SPDX-License-Identifier: Apache-2.0
"""What a certificate says: each extension is read on its own, and never with an exception."""

import csv
from datetime import datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ObjectIdentifier
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulators.qualification_world import (
    COMPLIANCE,
    NOT_BEFORE,
    QC_STATEMENTS,
    QCP,
    SSCD,
    TYPE,
    certificate,
    name,
    oid,
    qc_statements,
    tlv,
)
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.usage import USAGES
from trust_lists.evaluation.ts119615.statements import QcStatements, Statements, statements

BARE = {"compliance": False, "types": ()}


def told(*extensions: x509.ExtensionType, **facts: object) -> Statements:
    return statements(certificate(extensions=[(each, False) for each in extensions], **facts))


def raw(dotted: str, value: bytes) -> x509.UnrecognizedExtension:
    return x509.UnrecognizedExtension(ObjectIdentifier(dotted), value)


def test_what_a_certificate_says() -> None:
    usage = x509.ExtendedKeyUsage([ObjectIdentifier("1.3.6.1.5.5.7.3.2")])
    found = told(usage, sscd=True, types=[1, 2], policies=[QCP, "1.2.3"], subject=name("Alice", "Acme", "BE"))
    assert found.qc_statements is not None
    assert (found.qc_statements.compliance, found.qc_statements.sscd) == (True, True)
    assert found.qc_statements.type_numbers == {1, 2}
    assert found.policies == {QCP, "1.2.3"}
    assert found.key_usage == {"nonRepudiation"}
    assert found.extended_key_usage == {"1.3.6.1.5.5.7.3.2"}
    assert found.subject_types == {"2.5.4.3", "2.5.4.6", "2.5.4.10"}
    assert found.not_before == NOT_BEFORE


def test_what_is_not_there_is_empty() -> None:
    found = told(**BARE)
    assert (found.qc_statements, found.policies, found.extended_key_usage) == (QcStatements(), frozenset(), frozenset())


def test_all_bits_of_a_key_usage_are_read() -> None:
    every = ListedCertificate(_with_key_usage(b"\x03\x03\x07\xff\x80"))
    assert statements(every).key_usage == set(USAGES)


def _with_key_usage(value: bytes) -> bytes:
    """The base certificate with another key usage; its signature is broken, which nobody asks here."""
    plain = certificate().der
    before = bytes.fromhex("0603551d0f0101ff0404") + b"\x03\x02\x06\x40"
    assert plain.count(before) == 1
    grown = plain.replace(before, bytes.fromhex("0603551d0f0101ff0405") + value)
    return _grown_by_one(grown, plain.index(before))


def _grown_by_one(data: bytes, inside: int) -> bytes:
    """DER whose values around a position are one byte longer than they say."""
    changed, start, end = bytearray(data), 0, len(data) - 1
    while start < inside:
        size, header = data[start + 1], 2
        if size & 0x80:
            header += size & 0x7F
            size = int.from_bytes(data[start + 2 : start + header], "big")
        end = start + header + size
        if end <= inside:
            start = end
            continue
        length = size + 1
        if header == 2:
            changed[start + 1] = length
        else:
            changed[start + 2 : start + header] = length.to_bytes(header - 2, "big")
        start += header
    return bytes(changed)


def test_legislations_and_types_of_others_are_kept() -> None:
    found = told(qc_statements(COMPLIANCE, types=[1, "1.2.3.4"], legislations=["ch", "UA"]), **BARE).qc_statements
    assert found is not None
    assert found.unknown_types == {"1.2.3.4"}
    assert found.type_numbers == {1}
    assert found.legislations == {"CH", "UA"}


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\x05\x00",
        b"\x30\x05",
        tlv(0x30, tlv(0x30)),
        tlv(0x30, tlv(0x30, oid(COMPLIANCE), b"\x05\x00", b"\x05\x00")),
        tlv(0x30, tlv(0x30, oid(TYPE))),
        tlv(0x30, tlv(0x30, oid(TYPE), oid(TYPE))),
        tlv(0x30, tlv(0x30, oid(COMPLIANCE))) + b"\x00",
        tlv(0x30, b"\x01\x01\xff"),
    ],
)
def test_statements_that_cannot_be_read_are_none_and_cost_nothing_else(value: bytes) -> None:
    found = told(raw(QC_STATEMENTS.dotted_string, value), policies=[QCP], **BARE)
    assert found.qc_statements is None
    assert found.policies == {QCP}
    assert found.key_usage == {"nonRepudiation"}


def test_other_extensions_that_cannot_be_read_cost_nothing_else() -> None:
    found = told(raw("2.5.29.32", b"\x02\x01\x01"), raw("2.5.29.37", b"\x30\x01"), raw("2.5.29.17", b"garbage"))
    assert (found.policies, found.extended_key_usage) == (None, None)
    assert found.qc_statements is not None
    assert found.qc_statements.compliance


def test_an_extension_that_is_there_twice_cannot_be_read() -> None:
    twice = certificate().der.replace(bytes.fromhex("0603551d0f"), bytes.fromhex("0603551d25"))
    both = certificate(extensions=[(x509.ExtendedKeyUsage([ObjectIdentifier("1.2.3")]), False)]).der
    both = both.replace(bytes.fromhex("0603551d0f"), bytes.fromhex("0603551d25"))
    assert statements(ListedCertificate(twice)).key_usage == frozenset()
    assert statements(ListedCertificate(both)).extended_key_usage is None


@pytest.mark.parametrize("data", [b"", b"\x30\x00", b"no certificate", b"\x30\x84\xff\xff\xff\xff"])
def test_what_is_no_certificate_says_nothing(data: bytes) -> None:
    assert statements(ListedCertificate(data)) == Statements(None, None, None, None, None, None)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_changed_bytes_never_raise(data: st.DataObject) -> None:
    plain = bytearray(certificate_with_all())
    for _ in range(data.draw(st.integers(1, 4))):
        plain[data.draw(st.integers(0, len(plain) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(plain)))
    for each in (bytes(plain), bytes(plain[:cut])):
        assert isinstance(statements(ListedCertificate(each)), Statements)


_ALL: list[bytes] = []


def certificate_with_all() -> bytes:
    if not _ALL:
        usage = x509.ExtendedKeyUsage([ObjectIdentifier("1.2.3")])
        _ALL.append(certificate(sscd=True, types=[1, 2, 3], policies=[QCP], extensions=[(usage, False)]).der)
    return _ALL[0]


def test_real_certificates_say_what_the_corpus_says(corpus: Path) -> None:
    folder = corpus / "trust_lists" / "ee-certs"
    names = {"QcCompliance": COMPLIANCE, "QcSSCD": SSCD, "esign": f"{TYPE}.1", "eseal": f"{TYPE}.2"}
    with (folder / "index.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 122
    more = 0
    for row in rows:
        found = statements(ListedCertificate((folder / row["file"]).read_bytes()))
        assert found.qc_statements is not None
        stated = {*found.qc_statements.oids, *found.qc_statements.types} & set(names.values())
        assert stated == {names[each] for each in row["qc_statements"].split()}, row["file"]
        assert found.not_before == datetime.fromisoformat(row["not_before"])
        assert found.policies is not None
        assert found.policies >= set(row["policies"].split())
        more += found.policies > set(row["policies"].split())
    # whoever wrote the index could not read the policies of four of them
    assert more == 4
