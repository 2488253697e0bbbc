# SPDX-License-Identifier: Apache-2.0
"""Comparison of two configurations over 10,000 certificates, in all roles, on one core.

The rules are those of Peppol's model; its issuing authorities are the anchors of A, the root above them that of B. Half
of the certificates are of access points, half of SMPs; all are RSA-2048, and revocation is left aside.
"""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from trust_lists.evaluation.comparison import Asked, Compared, Subject, compare
from trust_lists.evaluation.comparison.probing.keys import KeyPool
from trust_lists.evaluation.comparison.probing.minting import Authority, Draft, Mint
from trust_lists.evaluation.decisions import Evidence
from trust_lists.evaluation.trust_configuration import TrustConfiguration, read_configuration
from trust_lists.evaluation.trust_configuration.model import CertificateReference, Context, PathTo
from trust_lists.evaluation.trust_configuration.shipped import shipped_model

CERTIFICATES = 10_000
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
YEAR = timedelta(days=365)


def run() -> dict[str, Any]:
    """Seconds of wall time and of CPU, with all flips traced and grouped."""
    pool, mint = KeyPool(), Mint()
    root = mint.root("root", pool.key("rsa2048", "root"), NOW - 5 * YEAR, NOW + 5 * YEAR)
    issuing = [_issuing(mint, pool, root, name) for name in ("AP", "SMP")]
    corpus = [_subject(mint, pool, issuing[number % 2], number) for number in range(CERTIFICATES)]
    asked = Asked(at=NOW, corpus=corpus, own_context=((Context.SEAT_ID, "CN"),), without_revocation=True)
    sides = (Compared("A", _pinned(issuing), Evidence()), Compared("B", _rooted(root, issuing), Evidence()))
    begun, cpu = time.perf_counter(), time.process_time()
    found = compare(*sides, asked)
    return {
        "name": "comparison",
        "certificates": len(corpus),
        "roles": len(found.roles),
        "flips": sum(each.flipped for each in found.matrices),
        "seconds": round(time.perf_counter() - begun, 1),
        "cpu_seconds": round(time.process_time() - cpu, 1),
    }


def _issuing(mint: Mint, pool: KeyPool, root: Authority, name: str) -> Authority:
    key = pool.key("rsa2048", name)
    draft = Draft(
        names=(("CN", f"{name} CA"),),
        since=NOW - 5 * YEAR,
        until=NOW + 5 * YEAR,
        key=key,
        usages=frozenset({"keyCertSign", "cRLSign"}),
        authority=True,
        path_len=0,
    )
    return Authority(mint.certificate(draft, root), key)


def _subject(mint: Mint, pool: KeyPool, issuer: Authority, number: int) -> Subject:
    unit = issuer.certificate.subject_text.removeprefix("CN=").removesuffix(" CA")
    draft = Draft(
        names=(("OU", f"PEPPOL PRODUCTION {unit}"), ("CN", f"PBE{number:06}")),
        since=NOW - YEAR,
        until=NOW + YEAR,
        key=pool.key("rsa2048", "leaf"),
        usages=frozenset({"digitalSignature", "keyEncipherment"}),
        purposes=("1.3.6.1.5.5.7.3.2",),
    )
    return Subject(mint.certificate(draft, issuer))


def _pinned(issuing: list[Authority]) -> TrustConfiguration:
    """peppol-g2 with these authorities."""
    found = read_configuration(shipped_model("peppol-g2")).configuration
    stores = found.stores
    anchors = tuple(
        replace(anchor, cert=_reference(authority)) for anchor, authority in zip(stores.anchors, issuing, strict=True)
    )
    return replace(found, stores=replace(stores, anchors=anchors))


def _rooted(root: Authority, issuing: list[Authority]) -> TrustConfiguration:
    """The same with the root, whichever authority issued a certificate."""
    found = _pinned(issuing)
    first = found.stores.anchors[0]
    anchor = replace(first, id="root", cert=_reference(root), controls=replace(first.controls, path_len=1))
    stores = replace(found.stores, anchors=(anchor,), intermediates=tuple(map(_reference, issuing)))
    to_root = PathTo(("root",), issuer_must_be_anchor=False)
    roles = found.roles
    rules = {name: getattr(roles, name) for name in ("ap_sign", "ap_encrypt", "smp_sign", "sml_client")}
    changed = {
        name: replace(rule, accept=to_root, leaf=replace(rule.leaf, subject=None)) for name, rule in rules.items()
    }
    return replace(found, engine=replace(found.engine, max_path=2), stores=stores, roles=replace(roles, **changed))


def _reference(authority: Authority) -> CertificateReference:
    return CertificateReference(authority.certificate.sha256, certificate=authority.certificate)
