# SPDX-License-Identifier: Apache-2.0
"""Broken real lists as a source: each has a named status, and the last good list stays (TS 119 612 §5.3.15)."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from trust_lists.sources.folder import FolderSource
from trust_lists.sources.lotl import LotlConfiguration
from trust_lists.sources.oj_certificates import read_oj_certificates
from trust_lists.sources.refresh import How, RefreshReport, refresh
from trust_lists.sources.snapshots import load_snapshot
from trust_lists.sources.states import ListState

LOTL_URL = "https://ec.europa.eu/tools/lotl/eu-lotl.xml"
OJ_URL = "https://eur-lex.europa.eu/legal-content/EN/TXT/?uri=uriserv:OJ.C_.2019.276.01.0001.01.ENG"
AT = datetime(2019, 9, 20, tzinfo=UTC)


@pytest.fixture
def lists(corpus: Path) -> Path:
    return corpus / "trust_lists"


def run(lists: Path, folder: Path, lotl: str, czech: str, at: datetime = AT) -> RefreshReport:
    """A refresh from a folder of these two files."""
    folder.mkdir()
    (folder / "eu-lotl.xml").symlink_to(lists / lotl)
    (folder / "CZ.xml").symlink_to(lists / czech)
    certificates = read_oj_certificates(sorted((lists / "lotl-signing-certs").glob("dss_oj_2019_*"))).certificates
    configuration = LotlConfiguration(OJ_URL, LOTL_URL, certificates)
    return refresh(configuration, FolderSource(folder, LOTL_URL), folder.parent / "store", at)


def good(lists: Path, folder: Path) -> str:
    """A first refresh of what is good; the digest of the Czech list."""
    report = run(lists, folder / "good", "gen-2019-09/eu-lotl_sn248.xml", "gen-2019-09/CZ_sn77.xml")
    [czech] = [each for each in report.lists if each.entry.territory == "CZ"]
    assert czech.entry.state is ListState.FRESH
    return czech.entry.sha256


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("CZ_broken-sig.xml", "OWN_DIGEST_MISMATCH"),
        ("CZ_no-sig.xml", "OWN_NO_SIGNATURE"),
        ("CZ_two-sigs.xml", "OWN_SEVERAL_SIGNATURES"),
        ("CZ_empty.xml", "OWN_FETCH_EMPTY"),
        ("CZ_not-parsable.xml", "OWN_XML_NOT_WELL_FORMED"),
        ("CZ_not-conform.xml", "OWN_XML_NOT_WELL_FORMED"),
        ("CZ_not-compliant.xml", "OWN_SIGNATURE_MISMATCH"),
    ],
)
def test_a_broken_list_is_named_and_the_last_good_one_stays(
    lists: Path, tmp_path: Path, file: str, reason: str
) -> None:
    digest = good(lists, tmp_path)
    later = AT + timedelta(days=1)
    report = run(lists, tmp_path / "bad", "gen-2019-09/eu-lotl_sn248.xml", f"negative/dss-lotlCache/{file}", later)
    [czech] = [each for each in report.lists if each.entry.territory == "CZ"]
    assert (czech.entry.reason, czech.entry.state, czech.how) == (reason, ListState.STALE, How.KEPT)
    assert czech.entry.sha256 == digest
    assert report.healthy


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("eu-lotl_broken-sig.xml", "OWN_DIGEST_MISMATCH"),
        ("eu-lotl_not-parsable.xml", "OWN_XML_NOT_WELL_FORMED"),
        ("eu-lotl_non-compliant.xml", "OWN_DIGEST_MISMATCH"),
    ],
)
def test_a_broken_list_of_lists_is_named_and_the_last_good_one_stays(
    lists: Path, tmp_path: Path, file: str, reason: str
) -> None:
    digest = good(lists, tmp_path)
    before = load_snapshot(tmp_path / "store").manifest.lotl.sha256
    later = AT + timedelta(days=1)
    report = run(lists, tmp_path / "bad", f"negative/dss-lotlCache/{file}", "gen-2019-09/CZ_sn77.xml", later)
    assert (report.lotl.entry.reason, report.lotl.entry.state) == (reason, ListState.STALE)
    assert report.lotl.entry.sha256 == before
    assert digest in {each.entry.sha256 for each in report.lists}


def test_other_bytes_under_the_same_number_do_not_replace_the_list_of_lists(lists: Path, tmp_path: Path) -> None:
    good(lists, tmp_path)
    without_declaration = "negative/dss-lotlCache/eu-lotl_xml-directive-removed.xml"
    report = run(lists, tmp_path / "other", without_declaration, "gen-2019-09/CZ_sn77.xml", AT + timedelta(days=1))
    assert report.lotl.entry.reason == "OWN_LIST_SEQUENCE_REUSED"
    assert report.healthy


def test_the_french_list_whose_signer_the_list_of_lists_does_not_know_leaves_the_older_one(
    lists: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "lists"
    folder.mkdir()
    (folder / "eu-lotl.xml").symlink_to(lists / "gen-2019-09/eu-lotl_sn248.xml")
    (folder / "FR_sn56.xml").symlink_to(lists / "gen-2019-09/FR_sn56.xml")
    certificates = read_oj_certificates(sorted((lists / "lotl-signing-certs").glob("dss_oj_2019_*"))).certificates
    configuration = LotlConfiguration(OJ_URL, LOTL_URL, certificates)
    store = tmp_path / "store"
    assert refresh(configuration, FolderSource(folder, LOTL_URL), store, AT).healthy
    (folder / "FR_sn59.xml").symlink_to(lists / "gen-2019-09/FR_sn59.xml")
    report = refresh(configuration, FolderSource(folder, LOTL_URL), store, AT + timedelta(days=1))
    [french] = [each.entry for each in report.lists if each.entry.territory == "FR"]
    assert (french.sequence, french.reason) == (56, "EUTLSO_SIGNER_CERT_NOT_AUTHENTICATED_BY_LOTL")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("generation", "day", "lists_good"),
    [("gen-2019-09", AT, 27), ("gen-2023-10", datetime(2023, 10, 20, tzinfo=UTC), 30)],
)
def test_a_whole_generation_from_a_folder(
    lists: Path, tmp_path: Path, generation: str, day: datetime, lists_good: int
) -> None:
    certificates = read_oj_certificates(sorted((lists / "lotl-signing-certs").glob("dss_oj_2019_*"))).certificates
    configuration = LotlConfiguration(OJ_URL, LOTL_URL, certificates)
    report = refresh(configuration, FolderSource(lists / generation, LOTL_URL), tmp_path, day)
    assert report.healthy
    assert sum(each.entry.good for each in report.lists) == lists_good
    failed = {each.entry.territory: each.entry.reason for each in report.lists if not each.entry.good}
    unknown_signer = {"FR": "EUTLSO_SIGNER_CERT_NOT_AUTHENTICATED_BY_LOTL"} if generation == "gen-2019-09" else {}
    missing = failed.keys() - unknown_signer.keys()
    assert failed == {**dict.fromkeys(missing, "OWN_FETCH_NOT_FOUND"), **unknown_signer}
