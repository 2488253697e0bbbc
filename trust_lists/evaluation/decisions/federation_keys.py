# SPDX-License-Identifier: Apache-2.0
"""The keys of the subject of a trust chain: its federation entity keys, and those of its metadata.

What the immediate superior says of metadata has precedence, then types that somebody above doesn't allow are removed
(OpenID Federation 1.0 §3.1.1, §6.2.3). Policies aren't applied: where one is about keys, nobody here knows them.
"""

from dataclasses import dataclass

from trust_lists.certificates.jwk import Jwk
from trust_lists.documents.entity_statements import FEDERATION_ENTITY
from trust_lists.evaluation.decisions.federation_chains import TrustChain


@dataclass(frozen=True, slots=True)
class SubjectKeys:
    """The keys, and why there may be others."""

    keys: tuple[Jwk, ...]
    unknown: tuple[str, ...]
    """Entity types whose keys are at an address, or what a policy makes of them."""


def subject_keys(chain: TrustChain) -> SubjectKeys:
    """Those of the first link of a chain that ends at the anchor."""
    own = chain.links[0].configuration.statement
    above = [link.above.statement for link in chain.links if link.above is not None]
    superior = above[0].metadata if above else {}
    allowed = [each.constraints.entity_types for each in above if each.constraints is not None]
    policed = frozenset().union(*(each.policed for each in above))
    keys, unknown = list(own.keys), list[str]()
    for kind, metadata in own.metadata.items():
        if kind != FEDERATION_ENTITY and any(types is not None and kind not in types for types in allowed):
            continue
        overriding = superior.get(kind)
        stated = overriding.keys if overriding is not None and overriding.keys is not None else metadata.keys
        if kind in policed or metadata.elsewhere or (overriding is not None and overriding.elsewhere):
            unknown.append(kind)
        if stated is not None and kind not in policed:
            keys += stated
    return SubjectKeys(tuple(keys), tuple(unknown))
