# SPDX-License-Identifier: Apache-2.0
"""Signatures of 140 real, test and broken lists against the verdicts of two other verifiers (TS 119 612 §5.7, B.1).

`FILES.tsv` of the corpus has what signxml and xmlsec1 say. Where we say something else, it stands here with the reason.
"""

import csv
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from trust_lists.certificates.listed import ListedCertificate, listed
from trust_lists.certificates.parsing import load_certificate
from trust_lists.errors import TrustListError
from trust_lists.signatures.list_policies import ARCHIVE, CURRENT, ListPolicy
from trust_lists.signatures.list_signers import was_valid
from trust_lists.signatures.xades import verify_xades
from trust_lists.sources.verifying import verify_announced, verify_list

Row = dict[str, str]

REASONS = {
    "OK": "",
    "OK only at mid-validity time": "",
    "InvalidDigest": "DIGEST_MISMATCH",
    "InvalidSignature": "SIGNATURE_MISMATCH",
    "NO-SIG": "NO_SIGNATURE",
    "PARSE-FAIL": "XML_NOT_WELL_FORMED",
}
NEEDS_ARCHIVE = {
    # one transform (what it yields is canonicalised inclusively), where TS 119 612 B.1 prescribes two
    **{f"ee-test-tl/EE_T-{name}": "TRANSFORM" for name in ("CA", "OCSP", "TSA", "no_QCSD", "no_QCStatement")},
    "ee-test-tl/TSL": "TRANSFORM",
    # RSA of 1024 bits
    "gen-2019-09/tl_pivot_172_mp": "KEY",
    # SHA-1
    "special/tsl-pe": "ALGORITHM",
}
"""By the beginning of the path: what the policy for today refuses, and that of the archive accepts."""
OTHERWISE = {
    # signxml takes the signed list that is hidden inside of a forged one for the whole; xmlsec1 one of the two
    "negative/xsw/XSW-enveloped-fake-content.xml": "NESTED_LIST",
    "negative/xsw/XSW-enveloped-fake-content-misplaced.xml": "NESTED_LIST",
    "negative/xsw/XSW-enveloped-fake-content-two-same-id.xml": "NESTED_LIST",
    # no lists, whatever their signatures are worth
    "negative/xsw/XSW-enveloped-fake-signedProperties.xml": "LIST_NOT_A_LIST",
    "negative/xsw/XSW-enveloping-fake-manifest.xml": "LIST_NOT_A_LIST",
    "negative/xsw/XSW-enveloping-fake-object.xml": "LIST_NOT_A_LIST",
    "negative/xsw/disable-checks.xml": "LIST_NOT_A_LIST",
    # the first thing that is wrong with it
    "negative/dss-lotlCache/CZ_two-sigs.xml": "SEVERAL_SIGNATURES",
    "negative/dss-lotlCache/CZ_empty.xml": "LIST_EMPTY",
    "negative/dss-lotlCache/tl_pivot_247_mp_empty.xml": "LIST_EMPTY",
    # its references stand in another order than signxml wants them; xmlsec1 verifies it
    "special/tsl-pe.xml": "",
}


@pytest.fixture(scope="module")
def lists(corpus: Path) -> Path:
    return corpus / "trust_lists"


@pytest.fixture(scope="module")
def rows(lists: Path) -> list[Row]:
    with (lists / "FILES.tsv").open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def verdict(data: bytes, policy: ListPolicy, at: datetime | None = None) -> str:
    """The reason of a refusal; "" where the list verifies."""
    try:
        verify_list(data, signers=None, policy=policy, verification_time=at)
    except TrustListError as error:
        return str(getattr(error, "reason_id", error))
    return ""


@dataclass(frozen=True)
class Seen:
    """What is left of a list once it was verified; whole lists would fill the memory."""

    reason: str
    warnings: tuple[str, ...] = ()
    signer: ListedCertificate | None = None
    summary: tuple[object, ...] = ()


@pytest.fixture(scope="module")
def seen(rows: list[Row], lists: Path) -> dict[str, Seen]:
    """All lists under the archive's policy, by their path."""
    return {row["file"]: look_at((lists / row["file"]).read_bytes()) for row in rows}


def look_at(data: bytes) -> Seen:
    try:
        found = verify_list(data, signers=None, policy=ARCHIVE)
    except TrustListError as error:
        return Seen(str(getattr(error, "reason_id", error)))
    scheme = found.document.scheme
    summary = (scheme.territory, scheme.sequence, scheme.issued_at, len(found.document.services), found.sha256[:16])
    return Seen("", found.warnings, found.signer, summary)


def expected(row: Row, policy: ListPolicy) -> str:
    name = row["file"]
    needs_archive = next((reason for start, reason in NEEDS_ARCHIVE.items() if name.startswith(start)), "")
    if policy is CURRENT and needs_archive and name != "ee-test-tl/EE_T.xml":
        return needs_archive
    return OTHERWISE[name] if name in OTHERWISE else REASONS[row["signxml_5.2_at_issue"]]


def test_every_list_verifies_or_fails_as_the_table_says(rows: list[Row], seen: dict[str, Seen]) -> None:
    assert {name: found.reason for name, found in seen.items()} == {row["file"]: expected(row, ARCHIVE) for row in rows}
    assert len(seen) == len(rows) > 130


def test_the_policy_for_today_refuses_what_needs_the_archive(rows: list[Row], lists: Path) -> None:
    found = {row["file"]: verdict((lists / row["file"]).read_bytes(), CURRENT) for row in rows}
    assert found == {row["file"]: expected(row, CURRENT) for row in rows}


def test_every_signer_was_valid_when_the_list_was_issued_but_those_of_the_synthetic_pivots(
    rows: list[Row], seen: dict[str, Seen], lists: Path
) -> None:
    early = set()
    for row in rows:
        signer = seen[row["file"]].signer
        if signer is not None and not was_valid(signer, datetime.fromisoformat(row["issue"])):
            early.add(row["file"])
    assert early == {row["file"] for row in rows if row["signxml_5.2_at_issue"] == "OK only at mid-validity time"}
    for name in early:
        data, signer = (lists / name).read_bytes(), seen[name].signer
        assert signer is not None
        assert signer.slices is not None
        start, end = signer.slices.dates
        assert verdict(data, CURRENT, start + (end - start) / 2) == ""
        assert verdict(data, CURRENT, start - timedelta(days=1)) == "SIGNER_NOT_VALID"


def test_what_xmlsec1_verifies_we_verify_and_nothing_else(rows: list[Row], seen: dict[str, Seen]) -> None:
    """Under the archive's policy, and but for the documents that are no lists or hide another one."""
    assert {row["file"] for row in rows if (row["xmlsec1_1.2.37"] == "OK") != (seen[row["file"]].reason == "")} == {
        "negative/xsw/XSW-enveloped-fake-content-misplaced.xml",
        "negative/xsw/XSW-enveloped-fake-signedProperties.xml",
    }


def test_the_list_that_is_read_is_the_one_that_was_signed(rows: list[Row], seen: dict[str, Seen]) -> None:
    for row in rows:
        if seen[row["file"]].reason:
            continue
        territory, sequence, issued_at, services, sha256 = seen[row["file"]].summary
        assert sequence == int(row["sequence"]), row["file"]
        assert issued_at == datetime.fromisoformat(row["issue"]), row["file"]
        assert territory == row["territory"] or row["territory"] in {"EE_T", ""}, row["file"]
        assert services == int(row["services"] or str(services)), row["file"]
        assert sha256 == row["sha256"], row["file"]


def test_algorithms_and_forms_of_real_signatures(rows: list[Row], lists: Path) -> None:
    for row in rows:
        if not row["sigalg/SigningCertificate"] or expected(row, ARCHIVE):
            continue
        found = verify_xades((lists / row["file"]).read_bytes(), signers=None, policy=ARCHIVE)
        named = f"{found.signature_algorithm.rpartition('#')[2]}/{found.signing_certificate}"
        assert named == row["sigalg/SigningCertificate"], row["file"]


def test_the_estonian_list_of_lists_is_signed_with_its_certificate(lists: Path) -> None:
    certificate = listed(load_certificate((lists / "ee-test-tl" / "TSL.crt").read_bytes()))
    data = (lists / "ee-test-tl" / "TSL.xml").read_bytes()
    assert verify_list(data, signers=[certificate], policy=ARCHIVE).signer == certificate


@pytest.mark.parametrize(("generation", "lotl"), [("gen-2019-09", "eu-lotl_sn248"), ("gen-2023-10", "eu-lotl_sn332")])
def test_the_list_of_lists_of_a_generation_announces_who_signed_its_lists(
    generation: str, lotl: str, rows: list[Row], lists: Path
) -> None:
    """All but a French list, which is newer than the list of lists."""
    above = verify_list((lists / generation / f"{lotl}.xml").read_bytes(), signers=None).document
    of_members = [row for row in rows if row["file"].startswith(generation) and row["territory"] != "EU"]
    refused = {}
    for row in of_members:
        try:
            verify_announced((lists / row["file"]).read_bytes(), above)
        except TrustListError as error:
            refused[row["file"]] = error
    assert set(refused) == {row["file"] for row in of_members if row["signer_in_trust_source_of_generation"] == "NO"}
    assert {getattr(error, "reason_id", "") for error in refused.values()} <= {"SIGNER_NOT_EXPECTED"}
    assert len(of_members) - len(refused) >= 28


# Lists of trusted entities in XML


def test_signed_lists_of_trusted_entities(lists: Path) -> None:
    folder = lists / "lote"
    found = {path.name: verdict(path.read_bytes(), CURRENT) for path in sorted(folder.rglob("*.xml"))}
    signed = {name for name, reason in found.items() if not reason}
    assert len(signed) == 7
    assert all(name.endswith("-EU.xml") for name in signed)
    # DSS's sample takes the signature out by XPath, which TS 119 602 §6.8 has no place for
    assert found["valid-signed.xml"] == "TRANSFORM"
    assert found["valid.xml"] == "NO_SIGNATURE"


# What deviates is told


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gen-2019-09/BG_sn27.xml", "SHA-1 digest"),
        ("gen-2019-09/CZ_sn77.xml", "KeyInfo has more"),
        ("gen-2026/eu-lotl_sn388_v6.xml", "tslSigning"),
        ("special/fi-v5-sig-cert-v2.xml", "version 5 has to name its signer by SigningCertificate "),
        ("special/fi-v6-sig-cert.xml", "version 6 has to name its signer by SigningCertificateV2"),
        ("special/peru-lotl.xml", "KeyInfo has more"),
        ("ee-test-tl/TSL.xml", "other transforms"),
        ("ee-test-tl/TSL.xml", "SignedInfo is canonicalised by"),
    ],
)
def test_deviations_of_real_lists_are_warnings(name: str, words: str, seen: dict[str, Seen]) -> None:
    assert any(words in warning for warning in seen[name].warnings), seen[name].warnings


def test_signers_with_2032_bits_are_accepted_with_a_warning(seen: dict[str, Seen]) -> None:
    """Five of 175 lists; ours here are accepted today, too, as the table of what needs the archive says."""
    short = [name for name, found in seen.items() if any("2032 bits" in each for each in found.warnings)]
    assert len(short) >= 2
