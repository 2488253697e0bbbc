# SPDX-License-Identifier: Apache-2.0
"""Cases of NIST PKITS become trust configurations."""

import json
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from tests.simulators.certificate_chains import Authority
from trust_lists.errors import SuiteError
from trust_lists.evaluation.path_suites import SuiteCase, pkits_cases, run
from trust_lists.evaluation.path_suites.pkits import AT

ROOT = Authority("root", begin=AT.replace(year=2020), end=AT.replace(year=2030))
LEAF = ROOT.issue(begin=AT.replace(year=2020), end=AT.replace(year=2030))


def crl(*serials: int) -> bytes:
    loaded = ROOT.certificate.certificate
    assert loaded is not None
    builder = x509.CertificateRevocationListBuilder(
        loaded.subject, AT.replace(year=2021), AT.replace(year=2029)
    ).add_extension(x509.CRLNumber(1), critical=False)
    for serial in serials:
        entry = x509.RevokedCertificateBuilder(serial, AT.replace(year=2021)).build()
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(ROOT.key, hashes.SHA256()).public_bytes(Encoding.DER)


def suite(crl_of_root: bytes, **fields: Any) -> list[SuiteCase]:
    case = {"id": "40101", "name": "valid_signatures_test1", "cert": "leaf.crt"} | fields
    files = {
        "pkits.json": json.dumps([case]).encode(),
        "certs/TrustAnchorRootCertificate.crt": ROOT.certificate.der,
        "certs/leaf.crt": LEAF.der,
        "crls/TrustAnchorRootCRL.crl": crl_of_root,
    }
    return list(pkits_cases(files.get))


def test_a_case_is_accepted_unless_it_names_an_error() -> None:
    (good,) = suite(crl())
    (bad,) = suite(crl(), error={"class": "RevokedError"})
    assert (good.accepted, bad.accepted) == (True, False)
    assert run(good).as_expected
    assert not run(bad).as_expected
    assert good.id == "40101 valid_signatures_test1"


def test_every_certificate_needs_a_crl() -> None:
    loaded = LEAF.certificate
    assert loaded is not None
    (revoked,) = suite(crl(loaded.serial_number))
    assert {each.id for each in run(revoked).decision.checks} == {"REVOKED"}
    (unknown,) = suite(b"no CRL")
    assert not run(unknown).decision.accepted


def test_inputs_of_a_case_are_those_of_its_rule() -> None:
    (case,) = suite(
        crl(),
        params={
            "user_initial_policy_set": ["1.2.3", "2.5.29.32.0"],
            "initial_explicit_policy": True,
            "initial_any_policy_inhibit": True,
        },
    )
    rule = case.configuration.roles.list_signer
    assert rule is not None
    assert rule.leaf.policies is not None
    assert rule.leaf.policies.one_of == ("1.2.3",)
    assert rule.leaf.policies.require_explicit_policy
    assert not rule.leaf.policies.inhibit_policy_mapping
    assert rule.leaf.policies.inhibit_any_policy
    assert {each.id for each in run(case).decision.checks} == {"POLICY_MISSING"}


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({}, "the file pkits.json is missing"),
        ({"pkits.json": b"{"}, "pkits.json can't be read"),
        ({"pkits.json": b"{}"}, "pkits.json is no list of cases"),
        ({"pkits.json": b"[]"}, "the file certs/TrustAnchorRootCertificate.crt is missing"),
        ({"pkits.json": b"[1]", "certs/TrustAnchorRootCertificate.crt": b""}, "pkits.json, case 1 is no JSON object"),
        ({"pkits.json": b"[{}]", "certs/TrustAnchorRootCertificate.crt": b""}, "pkits.json, case 1: id is missing"),
    ],
)
def test_what_is_missing_is_told(files: dict[str, bytes], told: str) -> None:
    with pytest.raises(SuiteError, match=r".") as raised:
        list(pkits_cases(files.get))
    assert told in str(raised.value)
