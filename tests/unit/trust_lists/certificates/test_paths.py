# SPDX-License-Identifier: Apache-2.0
"""Paths to anchors, and the reasons why there is none; with real certificates of several networks."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path as FilePath

import pytest
from cryptography import x509

from registry.demo.pki import Authority, DemoPki, new_ec_key, new_root
from trust_lists.certificates.parsing import load_certificate, load_certificates_pem
from trust_lists.certificates.paths import Path, PathFailure, build_path
from trust_lists.errors import CertificateError

DAY = timedelta(days=1)


def failure(found: Path | PathFailure) -> PathFailure:
    assert isinstance(found, PathFailure)
    return found


def test_path_leads_over_intermediates_to_the_root(pki: DemoPki, now: datetime) -> None:
    found = build_path(
        pki.smp.certificate, [pki.ap_ca.certificate, pki.smp_ca.certificate], [pki.root.certificate], now
    )
    assert isinstance(found, Path)
    assert found.certificates == (pki.smp.certificate, pki.smp_ca.certificate, pki.root.certificate)
    assert found.anchor == pki.root.certificate


def test_an_issuer_that_is_no_root_can_be_the_anchor(pki: DemoPki, now: datetime) -> None:
    found = build_path(pki.smp.certificate, [], [pki.smp_ca.certificate], now)
    assert isinstance(found, Path)
    assert found.anchor == pki.smp_ca.certificate


def test_without_anchors_there_is_no_path(pki: DemoPki, now: datetime) -> None:
    assert failure(build_path(pki.smp.certificate, [pki.root.certificate], [], now)).reason_id == "NO_ANCHORS"


def test_intermediates_are_not_trusted_by_themselves(pki: DemoPki, now: datetime) -> None:
    other = new_root(now)
    found = failure(
        build_path(pki.smp.certificate, [pki.smp_ca.certificate, pki.root.certificate], [other.certificate], now)
    )
    assert found.reason_id == "NO_PATH"
    assert "CN=SMP_DEMO000001" in found.message
    assert "issued by CN=DEMO SERVICE METADATA PUBLISHER TEST CA" in found.message


def test_a_missing_intermediate_is_no_path(pki: DemoPki, now: datetime) -> None:
    assert failure(build_path(pki.smp.certificate, [], [pki.root.certificate], now)).reason_id == "NO_PATH"


def test_a_root_of_the_same_name_with_another_key_is_no_anchor(pki: DemoPki, now: datetime) -> None:
    impostor = new_root(now)
    assert impostor.certificate.subject == pki.root.certificate.subject
    found = build_path(pki.smp.certificate, [pki.smp_ca.certificate], [impostor.certificate], now)
    assert failure(found).reason_id == "NO_PATH"


@pytest.mark.parametrize(
    ("start", "end", "reason_id", "text"),
    [
        (-20 * DAY, -10 * DAY, "EXPIRED", "expired on 2026-11-11"),
        (10 * DAY, 20 * DAY, "NOT_YET_VALID", "valid from 2026-12-01"),
    ],
)
def test_dates_are_told_from_missing_paths(
    start: timedelta, end: timedelta, reason_id: str, text: str, now: datetime
) -> None:
    root = new_root(now - 30 * DAY)
    leaf = root.issue("leaf", not_before=now + start, not_after=now + end, key=new_ec_key()).certificate
    found = failure(build_path(leaf, [], [root.certificate], now))
    assert found.reason_id == reason_id
    assert text in found.message
    assert failure(build_path(leaf, [], [new_root(now).certificate], now)).reason_id == "NO_PATH"


@pytest.mark.parametrize("at", ["start", "end"])
def test_both_ends_of_validity_are_inclusive(at: str, pki: DemoPki) -> None:
    leaf = pki.smp.certificate
    moment = leaf.not_valid_before_utc if at == "start" else leaf.not_valid_after_utc
    assert isinstance(build_path(leaf, [], [pki.smp_ca.certificate], moment), Path)


def test_an_expired_authority_is_told(now: datetime) -> None:
    root = new_root(now - 3000 * DAY)
    leaf = root.issue("leaf", not_before=now - DAY, not_after=now + 3000 * DAY, key=new_ec_key()).certificate
    found = failure(build_path(leaf, [], [root.certificate], now + 1000 * DAY))
    assert found.reason_id == "ISSUER_NOT_VALID"
    assert "not valid at 2029-08-17" in found.message


def test_a_renewed_authority_proves_that_an_expired_certificate_belonged_here(now: datetime) -> None:
    """The authority's new certificate begins after the leaf did."""
    key = new_ec_key()
    top = new_root(now - 30 * DAY)
    window = {"not_after": now + 30 * DAY, "path_length": 0, "key_usage": ("key_cert_sign",), "key": key}
    renewed = Authority(top.issue("CA", not_before=now - 15 * DAY, **window))  # type: ignore[arg-type]
    leaf = renewed.issue("leaf", not_before=now - 20 * DAY, not_after=now - 10 * DAY, key=new_ec_key()).certificate
    assert failure(build_path(leaf, [renewed.certificate], [top.certificate], now)).reason_id == "EXPIRED"


def test_an_authority_is_no_end_entity(pki: DemoPki, now: datetime) -> None:
    found = failure(build_path(pki.smp_ca.certificate, [], [pki.root.certificate], now))
    assert found.reason_id == "NOT_END_ENTITY"


def test_path_length_is_kept_to(pki: DemoPki, now: datetime) -> None:
    """RFC 5280 §4.2.1.9: the CA for SMPs may not create another CA."""
    window = {"not_before": now - DAY, "not_after": now + DAY}
    rogue = Authority(pki.smp_ca.issue("CA", path_length=0, key_usage=("key_cert_sign",), key=new_ec_key(), **window))
    leaf = rogue.issue("leaf", key=new_ec_key(), **window).certificate
    found = build_path(leaf, [rogue.certificate, pki.smp_ca.certificate], [pki.root.certificate], now)
    assert "path length" in failure(found).message


def test_an_end_entity_cannot_issue(pki: DemoPki, now: datetime) -> None:
    window = {"not_before": now - DAY, "not_after": now + DAY}
    leaf = Authority(pki.smp).issue("leaf", key=new_ec_key(), **window).certificate
    found = build_path(leaf, [pki.smp.certificate, pki.smp_ca.certificate], [pki.root.certificate], now)
    assert failure(found).reason_id == "NO_PATH"


def test_extended_key_usage_of_authorities_is_not_held_against_them(now: datetime) -> None:
    window = {"not_before": now - DAY, "not_after": now + DAY}
    root = new_root(now)
    mail = x509.oid.ExtendedKeyUsageOID.EMAIL_PROTECTION
    issuer = Authority(
        root.issue(
            "CA", path_length=0, key_usage=("key_cert_sign",), extended_key_usage=(mail,), key=new_ec_key(), **window
        )
    )
    leaf = issuer.issue("leaf", key=new_ec_key(), **window).certificate
    assert isinstance(build_path(leaf, [issuer.certificate], [root.certificate], now), Path)


def _bundle(folder: FilePath) -> list[x509.Certificate]:
    found: list[x509.Certificate] = []
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".pem", ".cer", ".der"):
            data = path.read_bytes()
            found += load_certificates_pem(data) if b"-----BEGIN" in data else [load_certificate(data)]
    return found


def test_real_certificates_of_the_networks_have_paths(corpus: FilePath) -> None:
    """Every certificate whose issuer we have: Peppol G2 and G3, DE4A, FINA, TOOP, and SMP and AP certificates."""
    folder = corpus / "trust_models" / "real_anchors"
    rows = json.loads((folder / "real_certs_68.json").read_text())
    authorities = _bundle(folder)
    found = 0
    for leaf in (load_certificate(row["pem"]) for row in rows if row["ca"] is False):
        issuers = [each for each in authorities if each.subject == leaf.issuer]
        if issuers:
            found += 1
            assert isinstance(build_path(leaf, [], issuers, leaf.not_valid_before_utc), Path)
            roots = [each for each in authorities if each.subject == each.issuer]
            assert isinstance(build_path(leaf, authorities, roots, leaf.not_valid_before_utc), Path)
            late = datetime(2099, 1, 1, tzinfo=UTC)
            assert failure(build_path(leaf, authorities, roots, late)).reason_id == "EXPIRED"
    assert found == 21


JUDGED = (
    "rfc5280::chain-",
    "rfc5280::intermediate-",
    "rfc5280::mismatching-",
    "rfc5280::root-",
    "rfc5280::unknown-critical-",
    "rfc5280::validity::",
    "pathlen::ee-",
    "pathlen::intermediate-",
    "pathological::intermediate-",
    "pathological::multiple-chains",
    "pathological::pathological-chain",
)


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_rfc5280_path_cases_of_limbo(corpus: FilePath) -> None:
    """x509-limbo: no case raises; those about paths (not names of web servers, key usage of leaves, CRLs) come out
    as its authors say."""
    cases = json.loads((corpus / "trust_models" / "x509_limbo" / "limbo-own-208.json").read_text())["testcases"]
    judged = 0
    for case in cases:
        try:
            leaf = load_certificate(case["peer_certificate"])
            between = [load_certificate(pem) for pem in case["untrusted_intermediates"]]
            anchors = [load_certificate(pem) for pem in case["trusted_certs"]]
        except CertificateError:
            continue
        at = datetime.fromisoformat(case["validation_time"] or "2026-11-20T00:00:00Z")
        found = build_path(leaf, between, anchors, at)
        if case["id"].startswith(JUDGED):
            judged += 1
            assert isinstance(found, Path) == (case["expected_result"] == "SUCCESS"), case["id"]
    assert judged == 38
