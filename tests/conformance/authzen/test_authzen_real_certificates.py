# SPDX-License-Identifier: Apache-2.0
"""AuthZEN asked about real certificates of Peppol: the seat, the role and the name all count.

The corpus has no evidence about revocation from their time, so that is left aside, and each certificate is asked about
in the middle of its validity.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from cryptography.x509.oid import NameOID

from registry.trust import TrustModel
from tests.simulators.offline import OfflineInstance
from tests.simulators.trust_http import TrustOffice, question
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.evaluation.comparison import without_revocation
from trust_lists.evaluation.decisions.engine import DecisionEngine
from trust_lists.evaluation.trust_configuration import read_configuration
from trust_lists.evaluation.trust_configuration.certificate_files import certificates_in
from trust_lists.evaluation.trust_configuration.shipped import shipped_model

AP, SMP = "OU=PEPPOL PRODUCTION AP", "OU=PEPPOL PRODUCTION SMP"


@dataclass(frozen=True, slots=True)
class Seat:
    """A certificate, its seat id, and the middle of its validity."""

    certificate: ListedCertificate
    name: str
    middle: datetime


@pytest.fixture(scope="module")
def anchors(corpus: Path) -> Path:
    return corpus / "trust_models" / "real_anchors"


@pytest.fixture
def office(offline: OfflineInstance, anchors: Path) -> TrustOffice:
    """Every domain trusts by the shipped model of both generations of Peppol's PKI."""
    files = {path.name: path for path in anchors.glob("peppol-g*/*")}
    read = read_configuration(shipped_model("peppol-g2-g3"), lambda name: files[name].read_bytes())
    return TrustOffice(offline, TrustModel(DecisionEngine(without_revocation(read.configuration)), "demo"))


def seats(anchors: Path, unit: str) -> list[Seat]:
    found = []
    for each in json.loads((anchors / "real_certs_68.json").read_text(encoding="utf-8")):
        if unit in each["subject"].split(","):
            begin, end = (datetime.fromisoformat(each[name]) for name in ("not_before", "not_after"))
            (certificate,) = certificates_in(each["pem"].encode())
            (name,) = certificate.subject_values(NameOID.COMMON_NAME)
            found.append(Seat(certificate, name, begin + (end - begin) / 2))
    return found


def answer(office: TrustOffice, seat: Seat, action: str, name: str = "") -> tuple[bool, set[str]]:
    office.offline.clock.now = seat.middle
    reply = office.evaluate(question(name or seat.name, seat.certificate, action=action))
    assert reply.status == 200, reply.body
    return reply.json()["decision"], set(reply.json()["context"].get("reason", ()))


def test_real_access_points_are_bound_to_their_seats(office: TrustOffice, anchors: Path) -> None:
    found = seats(anchors, AP)
    assert len(found) == 3
    for seat in found:
        for role in ("ap-sign", "ap-encrypt"):
            assert answer(office, seat, role) == (True, set()), seat.name


def test_real_access_point_is_bound_to_no_other_seat(office: TrustOffice, anchors: Path) -> None:
    """To sign, the rule itself binds the seat; to encrypt, nothing but the certificate does."""
    for seat in seats(anchors, AP):
        assert answer(office, seat, "ap-sign", "PXX999999") == (False, {"SUBJECT_NOT_BOUND"})
        assert answer(office, seat, "ap-encrypt", "PXX999999") == (False, {"NAME_NOT_BOUND"})


def test_real_publishers_are_no_access_points(office: TrustOffice, anchors: Path) -> None:
    """Their certificates differ by the issuer and one attribute alone (the negative case of Peppol's testbed)."""
    found = seats(anchors, SMP)
    assert len(found) == 2
    for seat in found:
        assert answer(office, seat, "smp-sign") == (True, set())
        decision, reasons = answer(office, seat, "ap-sign")
        assert not decision
        assert {"SUBJECT_MISMATCH", "NO_PATH"} & reasons
