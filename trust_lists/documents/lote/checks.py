# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a list of trusted entities, rule by rule (TS 119 602 V1.1.1): all findings at once.

What holds for every list comes first, then what the Annex of its type asks for. A finding is no verdict.
"""

from datetime import datetime

from cryptography.x509.oid import NameOID

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.names import comparable_text
from trust_lists.documents.checks.rules import Rule
from trust_lists.documents.findings import Finding
from trust_lists.documents.lote.annexes import ANNEX_RULES, annex_of, check_annex
from trust_lists.documents.lote.entity_checks import ENTITY_RULES, check_entities
from trust_lists.documents.lote.scheme_checks import SCHEME_RULES, check_scheme
from trust_lists.documents.model import TrustedList
from trust_lists.documents.vocabulary import TERRITORY_GROUPS

SIGNER = Rule("TS119602-6.8", "6.8", "The signer's certificate names the scheme's territory and operator.")

LOTE_RULES: tuple[Rule, ...] = (*SCHEME_RULES, *ENTITY_RULES, SIGNER, *ANNEX_RULES)
"""Every rule; each id stands once."""


def check_lote(document: TrustedList, *, at: datetime | None = None) -> list[Finding]:
    """All findings about what a TS 119 602 list says, in the order of the rules' groups.

    With `at`, an aware time, also those that hold only then: the list is past its next update, or not yet issued.
    """
    annex = annex_of(document)
    return [
        *check_scheme(document, at, explicit=annex is not None),
        *check_entities(document, may_lack_identity=annex is not None and annex.may_lack_identity),
        *(check_annex(document, annex) if annex else ()),
    ]


def check_signer(document: TrustedList, signer: ListedCertificate) -> list[Finding]:
    """Findings about the certificate that a list is signed with (§6.8): its country, its organisation."""
    found: list[Finding] = []
    countries = signer.subject_values(NameOID.COUNTRY_NAME)
    territory = document.scheme.territory
    if territory and territory not in (*TERRITORY_GROUPS, *countries):
        found.append(SIGNER.broken(f"the country is {', '.join(countries) or 'not told'}, not that of the scheme"))
    operators = {comparable_text(name.value) for name in document.scheme.operator_names}
    organizations = signer.subject_values(NameOID.ORGANIZATION_NAME)
    if operators.isdisjoint(map(comparable_text, organizations)):
        found.append(SIGNER.broken(f"the organisation is {', '.join(organizations) or 'not told'}, not the operator"))
    return found
