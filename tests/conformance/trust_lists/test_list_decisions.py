# SPDX-License-Identifier: Apache-2.0
"""Real certificates decided about by real lists: the EU's qualified seals, and the lists of epSOS and e-CODEX."""

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.documents.reading import read_unverified
from trust_lists.errors import SourceError
from trust_lists.evaluation.authenticated import AuthenticatedList, AuthenticatedLists
from trust_lists.evaluation.decisions.engine import DecisionEngine
from trust_lists.evaluation.decisions.evidence import Evidence, ListsAtHand
from trust_lists.evaluation.decisions.list_grounds import ListGrounds
from trust_lists.evaluation.decisions.model import Case, Decision, Outcome
from trust_lists.evaluation.services import ServiceIndex
from trust_lists.evaluation.trust_configuration import TrustConfiguration, read_configuration
from trust_lists.evaluation.trust_configuration.model import (
    CertificateReference,
    Listed,
    ListKind,
    OnExpired,
    Role,
    ServiceMatch,
    TrustedListSource,
    UrlOrFile,
)
from trust_lists.evaluation.trust_configuration.shipped import shipped_model
from trust_lists.sources.collecting import collect
from trust_lists.sources.evidence import load_evidence
from trust_lists.sources.evidence_manifest import Kind, State
from trust_lists.sources.folder import FolderSource
from trust_lists.sources.oj_certificates import read_oj_certificates

AT = datetime(2023, 11, 1, tzinfo=UTC)
LOTL = "https://ec.europa.eu/tools/lotl/eu-lotl.xml"
EPSOS_AT = datetime(2016, 3, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Offline:
    """Lists from a folder, and nothing else."""

    lists: FolderSource

    def fetch(self, kind: Kind, url: str, body: bytes | None = None) -> bytes:
        raise SourceError("FETCH_CONNECTION", f"{kind} {url} is not asked for here ({body is not None})")


def leave_open(tree: dict[str, Any]) -> None:
    """Takes away what a model asks of certificates beside being listed."""
    for name, role in tree["roles"].items():
        if name != "smp-metadata":
            role["leaf"] = dict.fromkeys(role["leaf"], "any")
            role["revocation"] |= {"leaf": "no_check", "intermediates": "no_check"}


def seal_model(corpus: Path, notice: str = "dss_oj_2019_*.cer") -> TrustConfiguration:
    """The shipped model with the certificates of an Official Journal, 2019 by default; all else is left open."""
    folder = corpus / "trust_lists/lotl-signing-certs"
    signers = read_oj_certificates(sorted(folder.glob(notice))).certificates
    tree: dict[str, Any] = yaml.safe_load(shipped_model("eu-lotl-qualified-seal"))
    [entry] = tree["stores"]["lists"]
    entry["signers"] = [{"sha256": each.sha256} for each in signers]
    leave_open(tree)
    files = {f"{each.sha256}.der": each.der for each in signers}
    return read_configuration(json.dumps(tree).encode(), files.get).configuration


@dataclass(frozen=True)
class Europe:
    """The lists of 2023, collected, and who decides by them."""

    folder: Path
    configuration: TrustConfiguration
    evidence: Evidence
    engine: DecisionEngine

    def decide(self, certificate: ListedCertificate, at: datetime = AT) -> Decision:
        return self.engine.decide(Case(Role.AP_SIGN, certificate, at), self.evidence)


@pytest.fixture(scope="module")
def europe(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Europe:
    folder = tmp_path_factory.mktemp("evidence")
    configuration = seal_model(corpus)
    source = FolderSource(corpus / "trust_lists/gen-2023-10", LOTL)
    report = collect(configuration, (), Offline(source), folder, AT)
    german = next(each for each in report.manifest.attempts if each.territory == "DE")
    assert (german.state, german.reason) == (State.FAILED, "OWN_FETCH_NOT_FOUND")
    evidence = load_evidence(folder, configuration, AT)
    assert evidence.digest == report.snapshot
    return Europe(folder, configuration, evidence, DecisionEngine(configuration))


def rows(corpus: Path) -> list[tuple[Mapping[str, str], ListedCertificate]]:
    """The index of real end-entity certificates, each with its certificate."""
    folder = corpus / "trust_lists/ee-certs"
    with (folder / "index.csv").open(newline="") as stream:
        return [(row, ListedCertificate((folder / row["file"]).read_bytes())) for row in csv.DictReader(stream)]


def is_a_seal_of_2023(row: Mapping[str, str]) -> bool:
    """Whether the index says that it was valid then, is for seals, and came from a granted CA/QC service."""
    start, end = (datetime.fromisoformat(row[name]) for name in ("not_before", "not_after"))
    listed = any(":CA/QC:granted" in each and "gen-2023-10/" in each for each in row["matches"].split(" | "))
    return "eseal" in row["qc_statements"].split() and start <= AT <= end and listed


def test_real_certificates_are_qualified_seals_where_the_index_says_so(europe: Europe, corpus: Path) -> None:
    expected = {row["file"] for row, _ in rows(corpus) if is_a_seal_of_2023(row)}
    accepted = {row["file"] for row, certificate in rows(corpus) if europe.decide(certificate).accepted}
    assert accepted == expected
    assert len(accepted) == 9


def test_decisions_cite_the_snapshot_and_name_the_service(europe: Europe, corpus: Path) -> None:
    certificate = next(each for row, each in rows(corpus) if row["file"] == "74e00448fa79.cer")
    decision = europe.decide(certificate)
    assert decision.evidence == europe.evidence.digest
    assert decision.grounds == ("stores.lists.eu-lotl/RO/CERTSIGN S.A./certSIGN Qualified CA",)


def test_certificates_of_a_country_whose_list_is_missing_are_undecided(europe: Europe, corpus: Path) -> None:
    found = [europe.decide(certificate) for row, certificate in rows(corpus) if row["subject_c"] == "DE"]
    undecided = [each for each in found if each.outcome is Outcome.INDETERMINATE]
    assert len(undecided) == 6
    for each in undecided:
        [check] = each.checks
        assert (check.id, check.source) == ("LIST_NOT_AUTHENTICATED", "stores.lists.eu-lotl/DE")


def test_a_copy_that_is_older_than_the_model_allows_counts_for_nobody(europe: Europe, corpus: Path) -> None:
    certificate = next(each for row, each in rows(corpus) if is_a_seal_of_2023(row))
    decision = europe.decide(certificate, AT + timedelta(days=3))
    assert decision.outcome is Outcome.REJECT
    assert {"LIST_TOO_OLD"} <= {check.id for check in decision.checks}


def test_the_same_documents_at_the_same_time_have_the_same_digest(europe: Europe, corpus: Path, tmp_path: Path) -> None:
    source = FolderSource(corpus / "trust_lists/gen-2023-10", LOTL)
    again = collect(europe.configuration, (), Offline(source), tmp_path, AT)
    assert again.snapshot == europe.evidence.digest


@pytest.mark.parametrize(
    ("notice", "codes"),
    [
        pytest.param("libdigidocpp_tl-mp*.crt", ("EUTL_VERIFICATION_PASSED",), id="2026, without pivots"),
        pytest.param("dss_oj_2019_*.cer", None, id="2019, a pivot is missing"),
    ],
)
def test_the_list_of_lists_of_2026_leads_to_the_notice_that_is_pinned(
    corpus: Path, tmp_path: Path, notice: str, codes: tuple[str, ...] | None
) -> None:
    configuration = seal_model(corpus, notice)
    at = datetime(2026, 6, 1, tzinfo=UTC)
    source = FolderSource(corpus / "trust_lists/gen-2026", LOTL)
    report = collect(configuration, (), Offline(source), tmp_path, at)
    lists = load_evidence(tmp_path, configuration, at).lists["eu-lotl"].lists.lists
    if codes is None:
        assert (list(lists), lists[""].document) == ([""], None)
        [failed] = report.failures
        assert "eu-lotl-pivot-378.xml couldn't be had" in failed.detail
    else:
        assert (lists["BE"].status, *lists["BE"].sub_status) == codes
        assert lists["DE"].document is None


# epSOS and e-CODEX


def domain_source(**fields: Any) -> TrustedListSource:
    source = TrustedListSource(
        id="domain",
        kind=ListKind.TL,
        location=UrlOrFile(file="list.xml"),
        signers=(CertificateReference("ab" * 32),),
        pivots=False,
        territories=None,
        service_types=("http://uri.epsos.eu/Svc/Svctype/NCP",),
        statuses=("http://uri.etsi.org/TrstSvc/Svcstatus/inaccord",),
        max_age=None,
        on_expired=OnExpired.REJECT,
    )
    return replace(source, **fields)


def taken_for_granted(data: bytes, at: datetime) -> ListsAtHand:
    """A list as if it were authenticated: those of epSOS are signed in ways that nobody may accept today."""
    document = read_unverified(data)
    territory = document.scheme.territory
    entry = AuthenticatedList(territory, "EUTL_VERIFICATION_PASSED", (), document)
    return ListsAtHand(AuthenticatedLists({territory: entry}), ServiceIndex([(territory, document)]), at)


def list_file(corpus: Path, name: str) -> bytes:
    return (corpus / "trust_models/lists" / name).read_bytes()


EPSOS = ["epsos_NCP_Service_Status_List__Austria_AT_.xml", "epsos_PREFIXED_NCP_Service_Status_List__Austria_AT_.xml"]


@pytest.mark.parametrize("name", [*EPSOS, "ecodex_ger_tsl.xml"])
def test_domain_lists_of_old_are_not_authenticated_and_leave_everything_undecided(
    corpus: Path, tmp_path: Path, name: str
) -> None:
    tree: dict[str, Any] = yaml.safe_load(shipped_model("domain-trusted-list"))
    tree["stores"]["lists"][0]["signers"] = [{"sha256": "ab" * 32}]
    leave_open(tree)
    configuration = read_configuration(json.dumps(tree).encode()).configuration
    data = list_file(corpus, name)
    fetcher = Offline(FolderSource(tmp_path))
    report = collect(configuration, (), fetcher, tmp_path / "evidence", EPSOS_AT, files={"domain-list.xml": data}.get)
    [attempt] = report.failures
    assert (attempt.state, attempt.url) == (State.FAILED, "file:domain-list.xml")
    assert attempt.reason in {"DUPLICATE_ID", "NO_SIGNATURE"}
    evidence = load_evidence(tmp_path / "evidence", configuration, EPSOS_AT)
    [certificate] = {each for entry in read_unverified(data).services for each in entry.current.identity.certificates}
    decision = DecisionEngine(configuration).decide(Case(Role.AP_SIGN, certificate, EPSOS_AT), evidence)
    assert decision.outcome is Outcome.INDETERMINATE
    [check] = decision.checks
    assert check.id == "LIST_NOT_AUTHENTICATED"
    assert attempt.reason in check.message


@pytest.mark.parametrize(
    ("at", "checks"),
    [
        pytest.param(EPSOS_AT, (), id="while it is in force"),
        pytest.param(EPSOS_AT + timedelta(days=30), ("LIST_EXPIRED",), id="after its month"),
        pytest.param(EPSOS_AT - timedelta(days=30), ("SERVICE_NOT_YET_LISTED",), id="before the service was listed"),
    ],
)
@pytest.mark.parametrize("name", EPSOS)
def test_a_contact_point_in_a_list_of_epsos_is_a_ground(
    corpus: Path, name: str, at: datetime, checks: tuple[str, ...]
) -> None:
    at_hand = taken_for_granted(list_file(corpus, name), EPSOS_AT)
    [certificate] = {each for entry in at_hand.index.entries for each in entry.service.current.identity.certificates}
    rule = Listed(("domain",), ServiceMatch.IDENTITY, None)
    grounds = ListGrounds(rule, "roles.ap-sign.accept", {"domain": domain_source()}, timedelta())
    offer = grounds.offer(Case(Role.AP_SIGN, certificate, at), Evidence(lists={"domain": at_hand}))
    assert [tuple(check.id for check in ground.checks) for ground in offer.direct] == [checks, checks]


def test_a_service_of_the_e_codex_list_without_a_time_cannot_be_followed(corpus: Path) -> None:
    at_hand = taken_for_granted(list_file(corpus, "ecodex_ger_tsl.xml"), EPSOS_AT)
    [entry] = at_hand.index.entries
    [certificate] = entry.service.current.identity.certificates
    rule = Listed(("domain",), ServiceMatch.IDENTITY, None)
    source = domain_source(service_types=None, statuses=None)
    grounds = ListGrounds(rule, "roles.ap-sign.accept", {"domain": source}, timedelta())
    [ground] = grounds.offer(Case(Role.AP_SIGN, certificate, EPSOS_AT), Evidence(lists={"domain": at_hand})).direct
    assert [(check.id, check.undecided) for check in ground.checks] == [("SERVICE_HISTORY_DISORDERED", True)]
