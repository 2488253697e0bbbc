# SPDX-License-Identifier: Apache-2.0
"""The cases of NIST PKITS 1.0.1, in the index that pyHanko made of them, each as a configuration of its own.

The one anchor is the suite's, the inputs of RFC 5280 §6.1.1 are the case's, and CRLs are required for every
certificate. A case has the certificates and CRLs that NIST names for it, and the root's CRL, told once for all.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.policies import ANY_POLICY
from trust_lists.certificates.revocation.evidence import RevocationEvidence
from trust_lists.certificates.revocation.rules import AfterExpiry, OnUnknown, RevocationRule, RevocationRules
from trust_lists.errors import JsonRefusedError, SuiteError
from trust_lists.evaluation.decisions.evidence import Evidence
from trust_lists.evaluation.decisions.model import Case
from trust_lists.evaluation.path_suites.cases import Entries, SuiteCase, anchored
from trust_lists.evaluation.trust_configuration.model import (
    Engine,
    LeafRule,
    PolicyRule,
    Profile,
    Role,
    RoleRule,
    Roles,
    Stores,
    TrustConfiguration,
)
from trust_lists.strict_json import parse_json

INDEX, CERTIFICATES, CRLS = "pkits.json", "certs", "crls"
"""The files of the suite: an index, and two folders."""
AT = datetime(2022, 5, 1, tzinfo=UTC)
"""When all of the suite's certificates count that should count."""
MAX_INDEX_BYTES = 5_000_000

_ANCHOR, _ANCHOR_CRL = "TrustAnchorRootCertificate.crt", "TrustAnchorRootCRL.crl"
_ROLE = Role.LIST_SIGNER
_REVOCATION = RevocationRules(
    leaf=RevocationRule.CRL_REQUIRED,
    intermediates=RevocationRule.CRL_REQUIRED,
    freshness=None,
    retroactive=False,
    after_expiry=AfterExpiry.REJECT,
    on_unknown=OnUnknown.REJECT,
    clock_skew=timedelta(0),
)
_BASE = TrustConfiguration(
    id="pkits",
    model="pkits",
    engine=Engine(Profile.RFC5280, max_path=20, clock_skew=timedelta(0)),
    stores=Stores(),
    roles=Roles(),
)

Files = Callable[[str], bytes | None]
"""The bytes of a file by its path in the suite (`certs/GoodCACert.crt`); None where there is none."""


def pkits_cases(files: Files) -> Iterator[SuiteCase]:
    """The cases in the order of the index. Raises SuiteError where a file is missing, or the index can't be read."""
    try:
        index = parse_json(_held(files, INDEX), max_bytes=MAX_INDEX_BYTES)
    except JsonRefusedError as error:
        raise SuiteError(f"{INDEX} can't be read: {error}") from None
    if not isinstance(index, list):
        raise SuiteError(f"{INDEX} is no list of cases")
    suite = _Suite(files)
    for number, entry in enumerate(index, 1):
        yield suite.case(Entries(entry, f"{INDEX}, case {number}"))


class _Suite:
    def __init__(self, files: Files) -> None:
        self._files = files
        self._certificates: dict[str, ListedCertificate] = {}
        self._anchor = self._certificate(_ANCHOR)

    def case(self, entry: Entries) -> SuiteCase:
        crls = (_ANCHOR_CRL, *entry.texts("crls"))
        configuration, path = anchored(_BASE, [self._anchor], None)
        leaf = LeafRule(None, None, _policies(entry.object("params")), None, None, None)
        rule = RoleRule(path, leaf, _REVOCATION)
        return SuiteCase(
            id=f"{entry.text('id')} {entry.text('name')}",
            accepted="error" not in entry,
            configuration=replace(configuration, roles=Roles().with_rule(_ROLE, rule)),
            case=Case(
                _ROLE,
                self._certificate(entry.text("cert")),
                AT,
                tuple(map(self._certificate, entry.texts("other_certs"))),
            ),
            evidence=Evidence(RevocationEvidence([_held(self._files, f"{CRLS}/{name}") for name in crls])),
        )

    def _certificate(self, name: str) -> ListedCertificate:
        found = self._certificates.get(name)
        if found is None:
            found = self._certificates[name] = ListedCertificate(_held(self._files, f"{CERTIFICATES}/{name}"))
        return found


def _policies(given: Entries) -> PolicyRule:
    wanted = tuple(each for each in given.texts("user_initial_policy_set") if each != ANY_POLICY)
    return PolicyRule(
        one_of=wanted or None,
        require_explicit_policy=given.flag("initial_explicit_policy"),
        inhibit_policy_mapping=given.flag("initial_policy_mapping_inhibit"),
        inhibit_any_policy=given.flag("initial_any_policy_inhibit"),
    )


def _held(files: Files, name: str) -> bytes:
    found = files(name)
    if found is None:
        raise SuiteError(f"the file {name} is missing")
    return found
