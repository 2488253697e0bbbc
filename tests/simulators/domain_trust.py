# SPDX-License-Identifier: Apache-2.0
"""Trust models for domains whose certificates are those of a test PKI, and evidence about them."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from registry.demo.pki import Authority, DemoPki
from registry.domains.trust_models import pem_text
from tests.simulators.trust_models import anchor, path_to, rule
from trust_lists.certificates.listed import listed
from trust_lists.sources.evidence import evidence_folder
from trust_lists.sources.evidence_manifest import Attempt, EvidenceManifest, Kind, State

CRL_REQUIRED = {"leaf": "crl_required", "intermediates": "no_check"}


def peppol_like(
    pki: DemoPki,
    *,
    access_points: str = "ap-ca",
    revocation: Mapping[str, Any] | None = None,
    endpoint_certificate: str = "hint",
    leaf: Mapping[str, Any] | None = None,
    **other_roles: Any,
) -> dict[str, Any]:
    """A model as JSON has it, with its certificates: SMPs below the authority for SMPs, access points below
    `access_points`, which is `ap-ca` or `root`.
    """
    authorities = {"root": pki.root, "ap-ca": pki.ap_ca, "smp-ca": pki.smp_ca}
    points = rule(path_to(access_points), leaf, revocation)
    smps = rule(path_to("smp-ca", direct=True), None, revocation)
    return {
        "apiVersion": "trust/v1",
        "kind": "TrustConfiguration",
        "id": f"by-{access_points}",
        "model": "dedicated-domain-pki",
        "engine": {"profile": "rfc5280+rfc9618", "max_path": 3, "clock_skew": "PT0S"},
        "stores": {
            "anchors": [_anchor(name, authorities[name]) for name in sorted({access_points, "smp-ca"})],
            "intermediates": [_certificate(pki.ap_ca), _certificate(pki.smp_ca)],
        },
        "roles": {
            "ap-encrypt": points,
            "ap-sign": points,
            "smp-sign": smps,
            "sml-client": smps,
            "smp-metadata": {"endpoint_certificate": endpoint_certificate},
            **other_roles,
        },
    }


def write_model(folder: Path, model: Mapping[str, Any], name: str = "ours.yaml") -> Path:
    """The model in a file, with its certificates in files beside it."""

    def in_files(tree: Any) -> Any:
        match tree:
            case {"sha256": str(digest), "pem": str(text)}:
                (folder / f"{digest}.pem").write_text(text)
                return {"sha256": digest, "file": f"{digest}.pem"}
            case dict():
                return {key: in_files(each) for key, each in tree.items()}
            case list():
                return [in_files(each) for each in tree]
        return tree

    path = folder / name
    path.write_text(json.dumps(in_files(model), indent=1))
    return path


def crl(authority: Authority, now: datetime, *revoked: x509.Certificate) -> bytes:
    """A list of an authority, good for a day from an hour ago on."""
    hour = timedelta(hours=1)
    builder = x509.CertificateRevocationListBuilder().issuer_name(authority.certificate.subject)
    builder = builder.last_update(now - hour).next_update(now + 24 * hour)
    for each in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(each.serial_number).revocation_date(now - hour)
        builder = builder.add_revoked_certificate(entry.build())
    key = authority.identity.private_key
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def write_evidence(folder: Path, at: datetime, *crls: bytes) -> str:
    """A snapshot of evidence with these lists; it is the newest one of the folder. Returns its digest."""
    store = evidence_folder(folder)
    with store.lock():
        attempts = []
        for data in crls:
            url = f"http://crl.test/{hashlib.sha256(data).hexdigest()}"
            digest = store.put(data)
            attempts.append(Attempt(Kind.CRL, url, State.FETCHED, sha256=digest, size=len(data), fetched_at=at))
        attempts.sort(key=lambda attempt: attempt.key)
        digest = store.put_manifest(EvidenceManifest(at, "0" * 64, tuple(attempts)))
        store.set_current(digest)
    return digest


def _anchor(name: str, authority: Authority) -> dict[str, Any]:
    return anchor(name, listed(authority.certificate)) | {"cert": _certificate(authority)}


def _certificate(authority: Authority) -> dict[str, str]:
    found = listed(authority.certificate)
    return {"sha256": found.sha256, "pem": pem_text(found.der)}
