# SPDX-License-Identifier: Apache-2.0
"""TS 119 615 §4.4 for one granted service: 7 purposes, 10 sets of qualifiers and 16 kinds of certificates.

The reference counted these 1,120 cases with a reading of its own (its clause 11): 332 are positive, 554 indeterminate
(243 of these are qualified of unknown type in the validator DSS, 311 not qualified there), and the others negative.
"""

from collections import Counter
from itertools import combinations, product

from tests.simulators.qualification_world import DATE_TIME, certificate, lists, service, state
from trust_lists.evaluation.ts119615 import qualified_certificate

PURPOSES = ("ForeSignatures", "ForeSeals", "ForWebSiteAuthentication")
OWN = ("QCForESig", "QCForESeal", "QCForWSA")
QUALIFIERS = (
    (),
    ("NotQualified",),
    ("QCStatement",),
    ("NotQualified", "QCStatement"),
    *((own,) for own in OWN),
    *(("QCStatement", own) for own in OWN),
)
TYPES = [types for size in range(4) for types in combinations((1, 2, 3), size)]


def test_all_cases_of_one_granted_service() -> None:
    kinds = {
        (stated, types): certificate(compliance=stated, types=types) for stated in (True, False) for types in TYPES
    }
    found = Counter()
    seals_beside_signatures = []
    purposes = [each for size in (1, 2, 3) for each in combinations(PURPOSES, size)]
    for information, qualifiers in product(purposes, QUALIFIERS):
        evidence = lists(service(state(information=information, qualifiers=qualifiers)))
        for kind, leaf in kinds.items():
            outcome = qualified_certificate(leaf, DATE_TIME, evidence)
            if outcome.qualified_for:
                found["positive"] += 1
            elif any(result.startswith("INDET_") for result in outcome.results):
                found["indeterminate"] += 1
            else:
                found["negative"] += 1
                assert outcome.status == "PROCESS_PASSED"
            plain = qualifiers in ((), ("QCStatement",)) and "ForeSignatures" in information
            if plain and any(kind == (True, (k,)) and PURPOSES[k - 1] not in information for k in (2, 3)):
                assert not outcome.qualified_for
                seals_beside_signatures.append((information, qualifiers, kind))
    assert found == {"positive": 332, "indeterminate": 554, "negative": 234}
    # DSS takes a type for which the service isn't listed for qualified here
    assert len(seals_beside_signatures) == 8
