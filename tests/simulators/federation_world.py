# SPDX-License-Identifier: Apache-2.0
"""One federation with an access point below an intermediate, the question about it, and what the source answers."""

from datetime import timedelta
from typing import Any

from tests.simulators.certificate_chains import Authority, ec_key
from tests.simulators.federations import AT, NAMES, Change, Federation, new_jwk, public
from trust_lists.evaluation.decisions import Case, Evidence
from trust_lists.evaluation.decisions.evidence import StatementsAtHand
from trust_lists.evaluation.decisions.federation_grounds import FederationGrounds
from trust_lists.evaluation.decisions.grounds import Offer
from trust_lists.evaluation.trust_configuration.model import Context, FederationSource, InFederation, Role

SKEW = timedelta(minutes=5)
AUTHORITY = Authority("anybody")
KEY = ec_key()
CERTIFICATE = AUTHORITY.issue("access point", key=KEY)
AP_KEY = new_jwk("ap-1", KEY)
FEDERATION = Federation(leaf_metadata={"access_point": {"jwks": public(AP_KEY)}})
FEDERATION.marks.append(FEDERATION.mark())
STATEMENTS = FEDERATION.statements()
SOURCE = FederationSource(
    id="italy",
    trust_anchor=NAMES["anchor"],
    keys=(FEDERATION.keys["anchor"].thumbprint(),),
    max_path_length=None,
    trust_marks=None,
)
CASE = Case(Role.AP_SIGN, CERTIFICATE, AT, context={Context.PARTY: NAMES["leaf"]})
ALL = tuple(FEDERATION.claims())
ON_THE_WAY = tuple(name for name in ALL if "marker" not in name)
"""The statements that the chain consists of."""


def offered(
    statements: tuple[str, ...] | None = STATEMENTS, case: Case = CASE, source: FederationSource = SOURCE
) -> Offer:
    """What the source has for the case."""
    at_hand = {} if statements is None else {"italy": StatementsAtHand(statements, AT)}
    grounds = FederationGrounds(InFederation(("italy",)), "roles.ap-sign.accept", {"italy": source}, SKEW)
    return grounds.offer(case, Evidence(openid_federation=at_hand))


def accepts(offer: Offer) -> bool:
    """Whether something of it holds."""
    return any(not ground.checks for ground in offer.direct)


def reasons(offer: Offer) -> set[str]:
    """Why it does not accept."""
    assert not accepts(offer)
    return {check.id for ground in offer.direct for check in ground.checks} | {each.id for each in offer.problems}


def undecided(offer: Offer) -> bool:
    """Whether nobody can tell."""
    assert not accepts(offer)
    return all(check.undecided for ground in offer.direct for check in ground.checks) and all(
        each.undecided for each in offer.problems
    )


def put(**members: Any) -> Change:
    """A change that sets claims."""
    return lambda claims: claims.update(members)


def changed(name: str, change: Change) -> Offer:
    """What is offered where one statement says something else."""
    return offered(FEDERATION.statements({name: change}))
