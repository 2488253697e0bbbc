# SPDX-License-Identifier: Apache-2.0
"""Trust decisions on chains of three certificates below an anchor: with and without trace, beside pyHanko's validator.

RSA-2048 throughout; each end entity has a key and extensions of its own, and is asked about once. The authorities are
the same for all, as they are in life.
"""

import base64
import json
import os
import statistics
import subprocess
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from processes import ROOT

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.evaluation.decisions import Case
from trust_lists.evaluation.decisions.engine import DecisionEngine
from trust_lists.evaluation.trust_configuration.certificates import with_certificates
from trust_lists.evaluation.trust_configuration.model import Role
from trust_lists.evaluation.trust_configuration.reading import read_tree

PYHANKO = ROOT / ".venv-interop" / "bin" / "python"
CHAINS, ROUNDS = 3_000, 3
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
_KEY = rsa.generate_private_key(65537, 2048)


def run() -> dict[str, Any]:
    """All figures. Raises RuntimeError without pyHanko."""
    if not PYHANKO.exists():
        raise RuntimeError("this benchmark needs pyHanko (make interop-venv)")
    root = _issued("root", "root", authority=True)
    between = [_issued("root", "one", authority=True), _issued("one", "two", authority=True)]
    leaves = [_issued("two", f"PBE{number:06}", authority=False) for number in range(ROUNDS * CHAINS)]
    engine = _engine(root, between)
    plain = [_rate(engine, leaves[each::ROUNDS], trace=False) for each in range(ROUNDS)]
    traced = _rate(engine, leaves[: CHAINS // 3], trace=True)
    theirs = _pyhanko(root, between, leaves[: CHAINS // 3])
    ours = statistics.median(plain)
    return {
        "name": "decisions",
        "per_second": round(ours),
        "rounds": [round(each) for each in plain],
        "per_second_with_trace": round(traced),
        "pyhanko_per_second": round(theirs),
        "times_pyhanko": round(ours / theirs, 1),
    }


def _issued(issuer: str, subject: str, *, authority: bool) -> ListedCertificate:
    # nobody signs with the key of an end entity here, so any odd number will do as its modulus
    modulus = int.from_bytes(b"\xc0" + os.urandom(254) + b"\x01", "big")
    key = _KEY.public_key() if authority else rsa.RSAPublicNumbers(65537, modulus).public_key()
    usage = {
        name: name == ("key_cert_sign" if authority else "digital_signature")
        for name in (
            *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
            *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
        )
    }
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=300))
        .not_valid_after(NOW + timedelta(days=400))
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(_KEY.public_key()), critical=False)
    )
    return ListedCertificate(builder.sign(_KEY, hashes.SHA256()).public_bytes(Encoding.DER))


def _name(common_name: str) -> x509.Name:
    organization = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example")
    return x509.Name([organization, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _engine(root: ListedCertificate, between: Sequence[ListedCertificate]) -> DecisionEngine:
    flags = dict.fromkeys(("require_explicit_policy", "inhibit_policy_mapping", "inhibit_any_policy"), False)
    revocation = {"leaf": "no_check", "intermediates": "no_check", "freshness": "any", "retroactive": False}
    leaf = {
        "key_usage": {"all": ["digitalSignature"], "none": ["keyCertSign"], "absent": "reject"},
        "eku": "any",
        "policies": "any",
        "algorithms": {"keys": ["rsa>=2048"], "hashes": ["sha256"]},
        "max_lifetime": "P760D",
        "subject": {"match": {"CN": "P[A-Z]{2}[0-9]{6}", "O": "Example"}, "bind": {}},
    }
    anchor = {
        "id": "root",
        "cert": {"sha256": root.sha256},
        "as": "ca",
        "controls": {"path_len": 2, "policies": "any", **flags, "permitted": "any", "excluded": []},
        "trusted": {"from": None, "until": None, "for_certs_issued_before": None},
    }
    tree: dict[str, Any] = {
        "apiVersion": "trust/v1",
        "kind": "TrustConfiguration",
        "id": "benchmark",
        "model": "benchmark",
        "engine": {"profile": "rfc5280+rfc9618", "max_path": 3, "clock_skew": "PT5M"},
        "stores": {"anchors": [anchor], "intermediates": [{"sha256": each.sha256} for each in between]},
        "roles": {
            "ap-sign": {
                "accept": {"path": {"to": ["root"], "issuer_must_be_anchor": False}},
                "leaf": leaf,
                "revocation": revocation
                | {"after_expiry": "reject", "on_unknown": "indeterminate", "clock_skew": "PT5M"},
            }
        },
    }
    held = {each.sha256: each for each in (root, *between)}
    return DecisionEngine(with_certificates(read_tree(tree).configuration, held))


def _rate(engine: DecisionEngine, leaves: Sequence[ListedCertificate], *, trace: bool) -> float:
    cases = [Case(Role.AP_SIGN, leaf, NOW) for leaf in leaves]
    begun = time.process_time()
    accepted = sum(engine.decide(case, trace=trace).accepted for case in cases)
    seconds = time.process_time() - begun
    if accepted != len(cases):
        raise RuntimeError(f"{len(cases) - accepted} certificates were not accepted")
    return len(cases) / seconds


def _pyhanko(
    root: ListedCertificate, between: Sequence[ListedCertificate], leaves: Sequence[ListedCertificate]
) -> float:
    def encoded(certificates: Sequence[ListedCertificate]) -> list[str]:
        return [base64.b64encode(each.der).decode() for each in certificates]

    work = {"root": encoded([root]), "between": encoded(between), "leaves": encoded(leaves), "at": NOW.isoformat()}
    command = [str(PYHANKO), str(ROOT / "ops" / "bench" / "pyhanko_validator.py")]
    done = subprocess.run(command, input=json.dumps(work), capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    return float(found["valid"]) / float(found["cpu_seconds"])
