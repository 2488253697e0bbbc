# SPDX-License-Identifier: Apache-2.0
"""Figures from real certificates: who is accepted by which configuration, decided by the engine."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from trust_lists.certificates.anchors import AnchorControls
from trust_lists.certificates.listed import ListedCertificate, listed
from trust_lists.certificates.parsing import load_certificate
from trust_lists.evaluation.decisions import Case, Decision
from trust_lists.evaluation.decisions.engine import DecisionEngine
from trust_lists.evaluation.trust_configuration.certificate_files import certificates_in
from trust_lists.evaluation.trust_configuration.model import Role
from trust_lists.evaluation.trust_configuration.reading import read_tree
from trust_lists.evaluation.trust_configuration.shipped import shipped_model

ROOT = Path(__file__).resolve().parents[2]
CORPUS = Path(os.environ.get("REGISTRY_CORPUS", ROOT.parent / "shared" / "corpus")) / "trust_models"
ANCHORS = CORPUS / "real_anchors"
DAY = timedelta(days=1)
_ROOTS = ("Peppol_Root_CA.cer", "PEPPOL_Root_CA-G3.pem")
_AP_CAS = ("Peppol_AccessPoint_CA.cer", "PEPPOL_ACCESS_POINT_CA-G3.pem")
_SMP_CAS = ("Peppol_ServiceMetadataPublisher_CA.cer", "PEPPOL_SERVICE_METADATA_PUBLISHER_CA-G3.pem")
_NO_REVOCATION = {"leaf": "no_check", "intermediates": "no_check"}


@cache
def files(name: str) -> bytes | None:
    """A file of the real certificates, by its name."""
    return next((found.read_bytes() for found in sorted(CORPUS.glob(f"*/**/{name}"))), None)


def certificate(name: str) -> ListedCertificate:
    """The first certificate of such a file."""
    data = files(name)
    if data is None:
        raise SystemExit(f"the corpus has no {name}; set REGISTRY_CORPUS")
    return next(iter(certificates_in(data)))


def tree(model: str) -> dict[str, Any]:
    """A shipped model, to be changed."""
    found: dict[str, Any] = yaml.safe_load(shipped_model(model))
    return found


def engine(changed: Mapping[str, Any]) -> DecisionEngine:
    """The engine of a configuration, with the certificates of the corpus."""
    return DecisionEngine(read_tree(json.loads(json.dumps(changed, default=_instant)), files).configuration)


def _instant(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    raise TypeError(value)


@cache
def collected() -> tuple[ListedCertificate, ...]:
    """The certificates that were collected in public repositories."""
    rows = json.loads((ANCHORS / "real_certs_68.json").read_text(encoding="utf-8"))
    return tuple(listed(load_certificate(row["pem"].encode())) for row in rows)


def in_force(certificate: ListedCertificate) -> datetime:
    """An instant at which it was: the middle of its life."""
    start, end = dates(certificate)
    return start + (end - start) / 2


def dates(certificate: ListedCertificate) -> tuple[datetime, datetime]:
    """From when until when it is valid."""
    if certificate.slices is None:
        raise ValueError(certificate.sha256)
    return certificate.slices.dates


def _unit(certificate: ListedCertificate) -> str:
    return next(iter(certificate.subject_values("2.5.4.11")), "")


def peppol_leaves(*kinds: str) -> list[ListedCertificate]:
    """Certificates of access points (`AP`) and SMPs in production."""
    return [each for each in collected() if _unit(each) in {f"PEPPOL PRODUCTION {kind}" for kind in kinds}]


def peppol(anchors: Sequence[str], *, direct: bool) -> DecisionEngine:
    """The model of Peppol with other anchors in the role `ap-sign`; without its rule about subjects."""
    found = tree("peppol-g2-g3")
    first = found["stores"]["anchors"][0]
    entries = []
    for number, name in enumerate(anchors):
        reference = {"sha256": certificate(name).sha256, "file": name}
        open_controls = first["controls"] | {"path_len": None}
        entries.append(first | {"id": f"anchor-{number}", "cert": reference, "controls": open_controls})
    names = [each["id"] for each in entries]
    rule = found["roles"]["ap-encrypt"]
    leaf = rule["leaf"] | {"subject": "any"}
    accept = {"path": {"to": names, "issuer_must_be_anchor": direct}}
    rule = rule | {"accept": accept, "leaf": leaf, "revocation": rule["revocation"] | _NO_REVOCATION}
    between = [{"sha256": certificate(name).sha256, "file": name} for name in (*_AP_CAS, *_SMP_CAS)]
    return engine(
        found
        | {
            "engine": found["engine"] | {"max_path": 3},
            "stores": {"anchors": entries, "intermediates": between},
            "roles": {"ap-sign": rule},
        }
    )


@cache
def ways() -> Mapping[str, DecisionEngine]:
    """Three ways to set up the same PKI."""
    return {
        "root as anchor": peppol(_ROOTS, direct=False),
        "stock trust store (root, AP CA, SMP CA)": peppol((*_ROOTS, *_AP_CAS, *_SMP_CAS), direct=False),
        "AP CA as anchor": peppol(_AP_CAS, direct=True),
    }


def role_separation() -> str:
    """Which of the certificates of production each way accepts as an access point's."""
    leaves = peppol_leaves("AP", "SMP")
    smp = [each for each in leaves if _unit(each).endswith("SMP")]
    lines = [
        f"| configuration | accepted as access point, of {len(leaves)} | of these, certificates of SMPs ({len(smp)}) |",
        "|---|---|---|",
    ]
    for name, decider in ways().items():
        accepted = [each for each in leaves if ask(decider, each).accepted]
        wrong = sum(each in smp for each in accepted)
        lines.append(f"| {name} | {len(accepted)} | {wrong} |")
    return "\n".join(lines)


def ask(decider: DecisionEngine, asked: ListedCertificate, at: datetime | None = None) -> Decision:
    """Whether it is accepted as an access point's; at the middle of its life, if no time is given."""
    return decider.decide(Case(Role.AP_SIGN, asked, at or in_force(asked)))


def access_points() -> str:
    """How many of the real certificates of access points the right model accepts."""
    tests = [("Peppol_Test_AccessPoint_CA.cer", "PEPPOL_ACCESS_POINT_TEST_CA-G3.pem"), _AP_CAS]
    lines = ["| anchors | certificates of access points | accepted |", "|---|---|---|"]
    total = accepted_in_all = 0
    for anchors, name, environment in zip(
        tests, ("test AP CAs, G2 and G3", "AP CAs, G2 and G3"), ("TEST", "PRODUCTION"), strict=True
    ):
        decider = peppol(anchors, direct=True)
        issuers = {certificate(each).comparable_subject for each in anchors}
        leaves = [
            each
            for each in collected()
            if _unit(each) == f"PEPPOL {environment} AP" and each.comparable_issuer in issuers
        ]
        accepted = sum(ask(decider, each).accepted for each in leaves)
        total, accepted_in_all = total + len(leaves), accepted_in_all + accepted
        lines.append(f"| {name} | {len(leaves)} | {accepted} |")
    return "\n".join((*lines, f"| together | {total} | {accepted_in_all} |"))


def path_lengths() -> str:
    """How many authorities may stand below each authority of both generations, by its certificate."""
    lines = ["| authority | G2 | G3 |", "|---|---|---|"]
    for name, pair in (("root", _ROOTS), ("access point CA", _AP_CAS), ("SMP CA", _SMP_CAS)):
        found = [AnchorControls.of(certificate(each)).path_length for each in pair]
        lines.append(f"| {name} | {' | '.join('no limit' if each is None else str(each) for each in found)} |")
    return "\n".join(lines)


def federal() -> list[ListedCertificate]:
    """The authorities of the US Federal PKI, and their bridge."""
    folder = CORPUS / "fpki_real"
    found = (
        each
        for file in sorted(folder.iterdir())
        if file.suffix in {".p7b", ".cer"}
        for each in certificates_in(file.read_bytes())
    )
    return list(dict.fromkeys(found))


FIGURES: Mapping[str, Callable[[], str]] = {
    "role-separation": role_separation,
    "access-points": access_points,
    "path-lengths": path_lengths,
}
