# SPDX-License-Identifier: Apache-2.0
"""OCSP responses and CRLs that `openssl` makes are understood; nothing of ours takes part in making them."""

import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.simulators.certificate_chains import Authority
from tests.simulators.revocation_evidence import CRL_RULES, DAY, OCSP_RULES, issuer_of, responder_of, serial
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.revocation.evidence import RevocationEvidence
from trust_lists.certificates.revocation.model import CrlReason, RevocationStatus, Status
from trust_lists.certificates.revocation.rules import RevocationRules
from trust_lists.certificates.revocation.status import check_revocation

REVOKED_AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def pem(certificate: ListedCertificate) -> bytes:
    assert certificate.certificate is not None
    return certificate.certificate.public_bytes(Encoding.PEM)


def _hex(number: int) -> str:
    """In whole octets: openssl refuses an odd number of digits, and finds nothing under more zeros."""
    return number.to_bytes((number.bit_length() + 7) // 8).hex().upper()


@dataclass(frozen=True)
class Office:
    """An authority with its files, as `openssl ocsp` and `openssl ca` want them."""

    openssl: str
    folder: Path
    authority: Authority
    responder: Authority
    good: ListedCertificate
    revoked: ListedCertificate

    def write(self) -> None:
        for name, who in {"ca": self.authority, "responder": self.responder}.items():
            assert isinstance(who.key, ec.EllipticCurvePrivateKey)
            key = who.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            (self.folder / f"{name}.key").write_bytes(key)
            (self.folder / f"{name}.pem").write_bytes(pem(who.certificate))
        for name, certificate in {"good": self.good, "revoked": self.revoked}.items():
            (self.folder / f"{name}.pem").write_bytes(pem(certificate))
        since = f"{REVOKED_AT:%y%m%d%H%M%SZ},keyCompromise"
        index = f"V\t351231000000Z\t\t{_hex(serial(self.good))}\tunknown\t/CN=good\n"
        index += f"R\t351231000000Z\t{since}\t{_hex(serial(self.revoked))}\tunknown\t/CN=revoked\n"
        (self.folder / "index.txt").write_text(index)

    def run(self, *arguments: str) -> None:
        subprocess.run([self.openssl, *arguments], cwd=self.folder, check=True, capture_output=True, timeout=60)

    def response(self, name: str, signer: str, *options: str) -> bytes:
        self.run("ocsp", "-issuer", "ca.pem", "-sha256", "-cert", f"{name}.pem", "-reqout", "request.der")
        files = ["-index", "index.txt", "-CA", "ca.pem", "-rsigner", f"{signer}.pem", "-rkey", f"{signer}.key"]
        self.run("ocsp", *files, "-ndays", "1", "-reqin", "request.der", "-respout", "response.der", *options)
        return (self.folder / "response.der").read_bytes()

    def crl(self) -> bytes:
        (self.folder / "ca.cnf").write_text("[ca]\ndefault_ca=own\n[own]\ndatabase=index.txt\ndefault_md=sha256\n")
        files = ["-config", "ca.cnf", "-cert", "ca.pem", "-keyfile", "ca.key", "-crldays", "1"]
        self.run("ca", "-gencrl", *files, "-out", "crl.pem")
        return (self.folder / "crl.pem").read_bytes()

    def asked(
        self, certificate: ListedCertificate, evidence: RevocationEvidence, rules: RevocationRules
    ) -> RevocationStatus:
        # openssl has no other clock than the real one
        at = datetime.now(UTC)
        return check_revocation(certificate, issuer_of(self.authority), at, evidence, rules)


@pytest.fixture(scope="module")
def office(tool: Any, tmp_path_factory: pytest.TempPathFactory) -> Office:
    now = datetime.now(UTC).replace(microsecond=0)
    times = {"begin": now - 300 * DAY, "end": now + 300 * DAY}
    authority = Authority("openssl test", **times)
    good, revoked = (authority.issue(name, **times) for name in ("good", "revoked"))
    responder = responder_of(authority, **times)
    found = Office(tool.path("openssl"), tmp_path_factory.mktemp("openssl"), authority, responder, good, revoked)
    found.write()
    return found


@pytest.mark.parametrize("signer", ["ca", "responder"])
@pytest.mark.parametrize("options", [(), ("-resp_key_id",)], ids=["by name", "by key"])
def test_rfc6960_4_2_what_openssl_answers_is_understood(office: Office, signer: str, options: tuple[str, ...]) -> None:
    good = office.asked(office.good, RevocationEvidence((), [office.response("good", signer, *options)]), OCSP_RULES)
    assert (good.status, good.reasons) == (Status.GOOD, ())
    evidence = RevocationEvidence((), [office.response("revoked", signer, *options)])
    revoked = office.asked(office.revoked, evidence, OCSP_RULES)
    assert revoked.status is Status.REVOKED
    assert revoked.revocation is not None
    assert (revoked.revocation.date, revoked.revocation.reason) == (REVOKED_AT, CrlReason.KEY_COMPROMISE)
    assert office.asked(office.good, evidence, OCSP_RULES).status is Status.UNKNOWN


def test_rfc5280_5_a_list_that_openssl_made_is_understood(office: Office) -> None:
    evidence = RevocationEvidence([office.crl()])
    assert office.asked(office.good, evidence, CRL_RULES).status is Status.GOOD
    revoked = office.asked(office.revoked, evidence, CRL_RULES)
    assert revoked.revocation is not None
    assert (revoked.revocation.date, revoked.revocation.reason) == (REVOKED_AT, CrlReason.KEY_COMPROMISE)


def test_rfc5280_6_3_3_a_openssls_list_counts_for_a_day(office: Office) -> None:
    evidence = RevocationEvidence([office.crl()])
    later = datetime.now(UTC) + 2 * DAY
    found = check_revocation(office.good, issuer_of(office.authority), later, evidence, CRL_RULES)
    assert (found.status, found.reasons[0].id) == (Status.UNKNOWN, "EVIDENCE_STALE")
