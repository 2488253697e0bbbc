# SPDX-License-Identifier: Apache-2.0
"""Real certificates and the services of real lists that they belong to: TS 119 615 §4.3.4-03, TS 119 612 §5.5.3.

`ee-certs/index.csv` was made with other programs. Its column `matches` names, for the lists of three generations, the
entries that a certificate is identical to (key and subject) or directly signed by (issuer's name and key): list, type
and present status. Services of one list with the same type and status are one entry there.
"""

import csv
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.documents.reading import read_unverified
from trust_lists.documents.vocabulary import SERVICE_TYPE, STATUS
from trust_lists.evaluation.services import ListedService, ServiceIndex

GENERATIONS = ("gen-2019-09", "gen-2023-10", "gen-2026")


@pytest.fixture(scope="module")
def index(corpus: Path) -> ServiceIndex:
    """All lists of all generations, each under the name of its file."""
    return ServiceIndex(
        (f"{generation}/{file.name}", read_unverified(file.read_bytes()))
        for generation in GENERATIONS
        for file in sorted((corpus / "trust_lists" / generation).glob("*.xml"))
    )


def rows(corpus: Path) -> Iterator[tuple[str, ListedCertificate, set[str]]]:
    folder = corpus / "trust_lists" / "ee-certs"
    with (folder / "index.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            matches = {each.strip() for each in row["matches"].split("|") if each.strip()}
            yield row["file"], ListedCertificate((folder / row["file"]).read_bytes()), matches


def named(entry: ListedService) -> str:
    state = entry.service.current
    return f"{entry.territory}:{state.type.removeprefix(SERVICE_TYPE)}:{state.status.removeprefix(STATUS)}"


def test_ts119615_4_3_4_03_every_row_of_the_index_has_exactly_its_services(corpus: Path, index: ServiceIndex) -> None:
    found = {file: {named(entry) for entry in index.services_of(leaf)} for file, leaf, _ in rows(corpus)}
    expected = {file: matches for file, _, matches in rows(corpus)}
    assert len(expected) == 122
    assert sum(map(len, expected.values())) == 296
    assert found == expected


def test_ts119615_4_3_4_03_direct_services_are_found_by_path_or_identity_too(corpus: Path, index: ServiceIndex) -> None:
    hows = set()
    for _, leaf, matches in rows(corpus):
        assert leaf.slices is not None
        begin, _ = leaf.slices.dates
        for entry in index.services_of(leaf):
            state = entry.service.current
            found = index.matching(leaf, service_type=state.type, territory=entry.territory, at=begin)
            hows |= {match.how for match in found if match.entry is entry}
            assert entry in [match.entry for match in found], (leaf.sha256, named(entry), matches)
            assert all(match.path[-1:] == ((leaf,) if match.how == "path" else ()) for match in found)
    assert hows == {"identity", "path"}


def test_a_certificate_is_matched_in_less_than_a_millisecond(corpus: Path, index: ServiceIndex) -> None:
    leaves = [leaf for _, leaf, _ in rows(corpus)]
    for leaf in leaves:
        index.services_of(leaf)
    begin = time.thread_time()
    for leaf in leaves:
        index.services_of(leaf)
    assert (time.thread_time() - begin) / len(leaves) < 0.01


def test_each_certificate_that_cryptography_refuses_is_found_by_its_key(index: ServiceIndex) -> None:
    refused = {
        certificate: entry
        for entry in index.entries
        for certificate in entry.service.current.identity.certificates
        if certificate.certificate is None
    }
    assert len(refused) == 14
    for certificate, entry in refused.items():
        assert certificate.problem
        assert certificate.key
        assert certificate.comparable_subject
        assert entry in index.services_of(certificate)


def test_certificates_that_cryptography_refuses_are_found_by_signature(index: ServiceIndex) -> None:
    """The Bulgarian OCSP responders below their authorities, which are in the list as CA/QC and others."""
    responders = {
        certificate
        for entry in index.entries
        if entry.territory.startswith("gen-2023-10/BG") and entry.service.current.type.endswith("OCSP/QC")
        for certificate in entry.service.current.identity.certificates
        if certificate.certificate is None
    }
    assert responders
    for responder in responders:
        types = {entry.service.current.type for entry in index.services_of(responder)}
        assert types > {f"{SERVICE_TYPE}Certstatus/OCSP/QC"}, responder.subject_text


def test_2_806_anchors_are_in_the_lists_of_october_2023(corpus: Path) -> None:
    lists = [
        (document.scheme.territory, document)
        for file in sorted((corpus / "trust_lists" / "gen-2023-10").glob("*.xml"))
        if (document := read_unverified(file.read_bytes()))
    ]
    begin = time.thread_time()
    index = ServiceIndex(lists)
    assert time.thread_time() - begin < 6
    assert index.anchors == 2806
    assert len(index.entries) == 2944
