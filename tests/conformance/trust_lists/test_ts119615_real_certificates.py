# SPDX-License-Identifier: Apache-2.0
"""Real certificates over real lists: what the corpus says of both is what TS 119 615 makes of them."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.documents.reading import read_unverified
from trust_lists.evaluation.authenticated import AuthenticatedList, AuthenticatedLists
from trust_lists.evaluation.services import ServiceIndex
from trust_lists.evaluation.ts119615 import D0, ListEvidence, QscdOutcome, qualified_device, token_issuer
from trust_lists.evaluation.ts119615.services import list_territory

GENERATIONS = {
    "gen-2019-09": datetime(2019, 9, 20, tzinfo=UTC),
    "gen-2023-10": datetime(2023, 10, 20, tzinfo=UTC),
    "gen-2026": datetime(2026, 6, 1, tzinfo=UTC),
}
CA_QC, QTST = ":CA/QC:granted", "http://uri.etsi.org/TrstSvc/Svctype/TSA/QTST"
PURPOSES = {"esign": "eSig", "eseal": "eSeal"}


@dataclass(frozen=True)
class Row:
    """A certificate of the corpus, asked at the time of one generation of lists."""

    file: str
    facts: dict[str, str]
    generation: str
    certificate: ListedCertificate

    @property
    def at(self) -> datetime:
        return GENERATIONS[self.generation]

    @property
    def territory(self) -> str:
        return list_territory((self.certificate.issuer_values("2.5.4.6") or ("",))[0])

    @property
    def statements(self) -> set[str]:
        return set(self.facts["qc_statements"].split())

    def matches(self, kind: str, territory: str) -> bool:
        """Whether the corpus says that a service of this kind and status issued it, in that list."""
        start = f"{self.generation}/{territory}_"
        return any(each.startswith(start) and each.endswith(kind) for each in self.facts["matches"].split(" | "))


def lists_of(folder: Path) -> ListEvidence:
    found = {}
    for path in sorted(folder.glob("*.xml")):
        # of France two issues of one year are there; the last one stays
        document = read_unverified(path.read_bytes())
        territory = document.scheme.territory
        if territory != "EU":
            found[territory] = AuthenticatedList(territory, "EUTL_VERIFICATION_PASSED", (), document)
    index = ServiceIndex((territory, each.document) for territory, each in found.items() if each.document)
    return ListEvidence(AuthenticatedLists(found), index)


@pytest.fixture(scope="module")
def evidence(corpus: Path) -> dict[str, ListEvidence]:
    return {name: lists_of(corpus / "trust_lists" / name) for name in GENERATIONS}


@pytest.fixture(scope="module")
def rows(corpus: Path) -> list[Row]:
    """Each certificate with each generation at whose time it was valid."""
    folder = corpus / "trust_lists" / "ee-certs"
    return list(_rows(folder))


def _rows(folder: Path) -> Iterator[Row]:
    with (folder / "index.csv").open(newline="") as file:
        for facts in csv.DictReader(file):
            data = (folder / facts["file"]).read_bytes()
            start, end = (datetime.fromisoformat(facts[each]) for each in ("not_before", "not_after"))
            for name, moment in GENERATIONS.items():
                if start <= moment <= end:
                    yield Row(facts["file"], facts, name, ListedCertificate(data))


def outcome_of(row: Row, evidence: dict[str, ListEvidence]) -> QscdOutcome:
    return qualified_device(row.certificate, row.at, evidence[row.generation])


def test_seals_and_signatures_of_granted_services_are_qualified_but_for_named_reasons(
    rows: list[Row], evidence: dict[str, ListEvidence]
) -> None:
    exceptions, positive = {}, 0
    for row in rows:
        stated = [name for name in PURPOSES if name in row.statements]
        if "QcCompliance" not in row.statements or len(stated) != 1 or not row.matches(CA_QC, row.territory):
            continue
        outcome = outcome_of(row, evidence)
        if outcome.qualified.qualified_for == (PURPOSES[stated[0]],):
            positive += 1
            if outcome.qualified.sub_status == ():
                assert outcome.result == ("QSCD_YES" if "QcSSCD" in row.statements else "QSCD_NO"), row.file
        else:
            exceptions[row.file, row.generation] = outcome.qualified.sub_status
    name = ("ERROR_TSP_NAME_INCONSISTENCY_BETWEEN_CERT_AND_TL",)
    # GlobalSign and the Finnish authority are listed under other names than their authorities bear
    assert exceptions == {
        ("2861de02b61b.cer", "gen-2026"): name,
        ("fbec3a3b1bb2.cer", "gen-2026"): name,
        ("a7eaa9b912ab.cer", "gen-2023-10"): name,
    }
    assert positive == 26


def test_no_certificate_without_a_granted_service_is_qualified(
    rows: list[Row], evidence: dict[str, ListEvidence]
) -> None:
    asked = 0
    for row in rows:
        outcome = outcome_of(row, evidence)
        if not row.matches(CA_QC, row.territory):
            asked += 1
            assert outcome.qualified.qualified_for == (), row.file
            assert outcome.result != "QSCD_YES"
    assert asked >= 40


def test_certificates_that_do_not_claim_it_are_qualified_by_their_list_only(
    rows: list[Row], evidence: dict[str, ListEvidence]
) -> None:
    for row in rows:
        outcome = outcome_of(row, evidence).qualified
        if "QcCompliance" not in row.statements and outcome.qualified_for:
            qualifiers = {uri.rpartition("/")[2] for each in outcome.qualifications for uri in each.qualifiers}
            assert "QCStatement" in qualifiers, row.file


def test_time_stamping_units_of_granted_services_are_qualified_or_named_otherwise(
    rows: list[Row], evidence: dict[str, ListEvidence]
) -> None:
    qualified = 0
    for row in rows:
        country = list_territory(row.facts["subject_c"])
        if row.at < D0 or not row.matches(":TSA/QTST:granted", country):
            continue
        outcome = token_issuer(row.certificate, QTST, row.at, evidence[row.generation])
        if outcome.status == "PROCESS_PASSED":
            assert outcome.result == "Qualified", row.file
            qualified += 1
        else:
            assert outcome.result == "Indeterminate"
            assert any(code.startswith(("ERROR_", "OWN_ERROR_")) for code in outcome.sub_status), row.file
    assert qualified >= 10


def test_every_answer_over_the_real_lists_is_consistent(rows: list[Row], evidence: dict[str, ListEvidence]) -> None:
    assert len(rows) == 99
    for row in rows:
        for moment in (row.at, D0, datetime(2014, 1, 1, tzinfo=UTC)):
            outcome = qualified_device(row.certificate, moment, evidence[row.generation])
            assert len(outcome.qualified.qualified_for) <= 1
            assert outcome.explanation.as_text()
            if outcome.status == "PROCESS_FAILED":
                assert outcome.result is None
                assert outcome.sub_status
