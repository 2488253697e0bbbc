# SPDX-License-Identifier: Apache-2.0
"""What an engine will say at later times, where evidence goes on saying what it says now.

CRLs count for days and OCSP responses for hours; asked about a time weeks ahead, all of them are stale, and an answer
that rests on that would tell nobody anything. So revocation is taken to be as it is known now, and lists as renewed in
time; everything else, above all the dates of certificates, anchors, pins and services, counts as of then. SAML metadata
and statements of a federation end when they say, as nobody can tell what their signer will sign next.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from trust_lists.certificates.revocation.rules import RevocationRule
from trust_lists.evaluation.authenticated import AuthenticatedList
from trust_lists.evaluation.decisions.engine import DecisionEngine
from trust_lists.evaluation.decisions.evidence import Evidence, ListsAtHand, MetadataAtHand, StatementsAtHand
from trust_lists.evaluation.decisions.instants import TICK, Instants
from trust_lists.evaluation.decisions.model import Case, Decision
from trust_lists.evaluation.trust_configuration.model import Role, RoleRule, TrustConfiguration

_REMEMBERED = 64
_ANY_AGE = timedelta(days=100 * 365)


class Outlook:
    """The decisions of an engine at `now` (aware) and later. Made once for many certificates, by one thread."""

    def __init__(self, engine: DecisionEngine, evidence: Evidence, now: datetime) -> None:
        self._engine, self._evidence, self._now = engine, evidence, now
        self._asks = {role for role in Role if (rule := engine.configuration.rule(role)) is not None and _asks(rule)}
        unasked = _with_rules(engine.configuration, _not_asking) if self._asks else engine.configuration
        self._unasked = DecisionEngine(unasked) if self._asks else engine
        """The same without questions about revocation."""
        lenient = _with_rules(engine.configuration, _lenient) if self._asks else engine.configuration
        self._lenient = DecisionEngine(lenient) if self._asks else engine
        """The same for who isn't in force yet, and of whom nobody can tell how old evidence will be by then."""
        self._instants = Instants(engine.configuration, evidence)
        self._instants_unasked = Instants(unasked, evidence) if self._asks else self._instants
        self._renewed: dict[timedelta, Evidence] = {}
        self._known: tuple[Case | None, Decision | None] = (None, None)

    def rests_on_evidence(self, role: Role) -> bool:
        """Whether answers may change by evidence growing old alone, even where it stays the same."""
        evidence = self._evidence
        return role in self._asks or bool(evidence.lists or evidence.saml_metadata or evidence.openid_federation)

    def instants(self, case: Case, until: datetime, after: datetime | None = None) -> tuple[datetime, ...]:
        """The times from now up to `until`, included, at which the answer about the case may change, now among them.

        With `after` only those after that time.
        """
        start = after or self._now
        asks = case.role in self._asks and not self._at_present(case).accepted
        found = (self._instants if asks else self._instants_unasked).of(case, start, until)
        if after is not None:
            return found[1:]
        # Of several reasons another one may come first where revocation isn't looked at any more.
        return tuple(dict.fromkeys((start, min(start + TICK, until), *found[1:]))) if asks else found

    def decide(self, case: Case) -> Decision:
        """The answer at `case.at`, which isn't before now. Raises nothing."""
        return replace(self._decided(case), at=case.at, configuration=self._engine.address)

    def _decided(self, case: Case) -> Decision:
        elapsed = case.at - self._now
        present = self._at_present(case)
        if elapsed <= timedelta():
            return present
        evidence = self._renewed_by(elapsed)
        if case.role not in self._asks:
            return self._engine.decide(case, evidence)
        otherwise = self._unasked.decide(case, evidence)
        if present.accepted or not otherwise.accepted:
            return otherwise
        if self._unasked.decide(replace(case, at=self._now), self._evidence).accepted:
            return present  # nothing but revocation speaks against it, now as then
        return self._lenient.decide(case, evidence)

    def _at_present(self, case: Case) -> Decision:
        asked = replace(case, at=self._now)
        known, decision = self._known
        if decision is None or known != asked:
            decision = self._engine.decide(asked, self._evidence)
            self._known = (asked, decision)
        return decision

    def _renewed_by(self, elapsed: timedelta) -> Evidence:
        """The evidence, renewed as often as needed by then; the same instants come up again and again."""
        found = self._renewed.get(elapsed)
        if found is None:
            if len(self._renewed) >= _REMEMBERED:
                self._renewed.clear()
            found = self._renewed[elapsed] = _later(self._evidence, elapsed)
        return found


def _asks(rule: RoleRule) -> bool:
    return {rule.revocation.leaf, rule.revocation.intermediates} != {RevocationRule.NO_CHECK}


def _not_asking(rule: RoleRule) -> RoleRule:
    none = RevocationRule.NO_CHECK
    return replace(rule, revocation=replace(rule.revocation, leaf=none, intermediates=none))


def _lenient(rule: RoleRule) -> RoleRule:
    demands = rule.revocation
    return replace(rule, revocation=replace(demands, freshness=None, clock_skew=demands.clock_skew + _ANY_AGE))


def _with_rules(configuration: TrustConfiguration, change: Callable[[RoleRule], RoleRule]) -> TrustConfiguration:
    return replace(configuration, roles=configuration.roles.with_rules(change))


def _later(evidence: Evidence, elapsed: timedelta) -> Evidence:
    """The same, had all of it been fetched so much later, and issued with as much time to go."""
    lists = {name: _later_lists(each, elapsed) for name, each in evidence.lists.items()}
    metadata: Mapping[str, MetadataAtHand] = {
        name: replace(each, fetched_at=each.fetched_at + elapsed) for name, each in evidence.saml_metadata.items()
    }
    statements: Mapping[str, StatementsAtHand] = {
        name: replace(each, fetched_at=each.fetched_at + elapsed) for name, each in evidence.openid_federation.items()
    }
    if not (lists or metadata or statements):
        return evidence
    return replace(evidence, lists=lists, saml_metadata=metadata, openid_federation=statements)


def _later_lists(at_hand: ListsAtHand, elapsed: timedelta) -> ListsAtHand:
    lists = {name: _later_list(each, elapsed) for name, each in at_hand.lists.lists.items()}
    return replace(at_hand, lists=replace(at_hand.lists, lists=lists), fetched_at=at_hand.fetched_at + elapsed)


def _later_list(found: AuthenticatedList, elapsed: timedelta) -> AuthenticatedList:
    document = found.document
    if document is None or document.scheme.next_update is None:
        return found
    scheme = replace(document.scheme, next_update=document.scheme.next_update + elapsed)
    return replace(found, document=replace(document, scheme=scheme))
