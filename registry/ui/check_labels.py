# SPDX-License-Identifier: Apache-2.0
"""Words for what checks find, of trust, of the audit and of DNS; English, translated when shown."""

from collections.abc import Mapping

from registry.ui.labels import ORPHANS, mark

TRUST_ROLES = {
    "ap-sign": mark("Access point: signs"),
    "ap-encrypt": mark("Access point: is encrypted for"),
    "smp-sign": mark("SMP: signs"),
    "sml-client": mark("SMP: calls the SML"),
    "list-signer": mark("Signs lists"),
    "tls-server": mark("TLS server"),
}
DECISIONS = {
    "ACCEPT": mark("It is accepted."),
    "REJECT": mark("It is not accepted."),
    "INDETERMINATE": mark("It can't be told, so it is not accepted."),
}
TRACE_OUTCOMES = {
    "PASSED": mark("passed"),
    "FAILED": mark("failed"),
    "UNDECIDED": mark("can't be told"),
    "NOT CHECKED": mark("not checked"),
}
SOURCE_KINDS = {
    "tl": mark("Trusted list"),
    "lotl": mark("List of trusted lists"),
    "lote": mark("List of trusted entities"),
    "saml-metadata": mark("SAML metadata"),
    "openid-federation": mark("Federation (OpenID)"),
    "crl": mark("Revocation lists (CRL)"),
    "ocsp": mark("OCSP responses"),
    "issuer": mark("Certificates of issuers"),
}
DOCUMENT_STATES = {
    "fetched": mark("fetched"),
    "kept": mark("an older one is kept"),
    "failed": mark("could not be had"),
}
SIGNATURES = {
    "verified": mark("good"),
    "refused": mark("does not count"),
    "chained": mark("counts with others only"),
    "unknown": mark("not known"),
}
FINDINGS = {
    **{kind: text for kind, text in ORPHANS.items() if not kind.startswith("directory-")},
    "server-differs": mark("A name server answers other than the zone that it claims to serve"),
}
REPAIRS = {
    "group-unregistered": mark("it is registered"),
    "registration-unserved": mark("its registration is removed"),
    "name-missing": mark("they are written"),
    "name-differs": mark("they are replaced"),
    "name-surplus": mark("they are removed"),
}
"""What a repair does, of what it does anything about."""
AREAS = {
    "groups": mark("What the SMP serves with what is registered"),
    "names": mark("What is registered with what names hold"),
    "servers": mark("What names hold with what name servers answer"),
}
STANDINGS = {
    "current": mark("up to date"),
    "behind": mark("behind"),
    "outdated": mark("has to take the whole zone"),
    "ahead": mark("ahead of us"),
    "own": mark("counts by itself"),
    "unknown": mark("not known"),
}
SERVED = {
    "missing": mark("lacking"),
    "differs": mark("other than ours"),
    "surplus": mark("too much"),
    "foreign": mark("of others"),
}
LABELS: Mapping[str, Mapping[str, str]] = {
    "trust-role": TRUST_ROLES,
    "decision": DECISIONS,
    "trace": TRACE_OUTCOMES,
    "source-kind": SOURCE_KINDS,
    "document-state": DOCUMENT_STATES,
    "signature": SIGNATURES,
    "finding": FINDINGS,
    "repair": REPAIRS,
    "area": AREAS,
    "standing": STANDINGS,
    "served": SERVED,
}
"""By kind of code, and code."""
