# SPDX-License-Identifier: Apache-2.0
"""The four goals of an attacker, as monotone functions of what he has compromised.

Who is attacked is an ordered pair: who relies on a certificate, and whose it should be. What has to come together is
written here step by step, as the network delivers; whether a key is accepted is asked of the engine (`acceptance`).
"""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from enum import StrEnum

from trust_lists.evaluation.blast_radius.acceptance import Acceptance
from trust_lists.evaluation.blast_radius.components import DNS_ZONE, SML_DATABASE, TLS_AUTHORITY, Component, Kind
from trust_lists.evaluation.blast_radius.network import AP_ROLES, Locator, Network, Party, Signing, Transport
from trust_lists.evaluation.blast_radius.sources import Vouching, joins, leaves, source_ids
from trust_lists.evaluation.trust_configuration.model import Role


class Goal(StrEnum):
    """What an attacker wants (trust models, §3c)."""

    IMPERSONATE = "G1"
    INTERCEPT = "G2"
    DENY = "G3"
    ROLL_BACK = "G4"

    @property
    def wish(self) -> str:
        """In words, after "can"."""
        return _WISHES[self]


_WISHES = {
    Goal.IMPERSONATE: "impersonate a sending access point",
    Goal.INTERCEPT: "redirect or intercept messages",
    Goal.DENY: "deny service",
    Goal.ROLL_BACK: "roll back to an old list or old metadata",
}


class Attacker(StrEnum):
    """Who begins."""

    OUTSIDER = "outsider"
    """Has no key of the network."""
    MEMBER = "member"
    """Is an access point of the network itself, with a certificate that was issued regularly."""


_ASKED = ((Role.AP_SIGN, False), (Role.AP_ENCRYPT, False), (Role.AP_ENCRYPT, True))
"""Roles of access points, and whether SMP metadata of the attacker's making are at hand."""


class Attack:
    """A network, a prepared configuration and an attacker."""

    def __init__(self, acceptance: Acceptance, components: Sequence[Component], attacker: Attacker) -> None:
        self.acceptance, self.attacker = acceptance, attacker
        self.components = tuple(components)
        self.network: Network = acceptance.network
        self._stores = {each.party: each.id for each in components if each.kind is Kind.PIN_STORE}
        self._all_stores = frozenset(self._stores.values())
        self._store = next(iter(self._stores.values()), "")
        """One for all: a relying party believes its own store, and all of them are alike."""
        self._smp_keys = {each.id: each.party for each in components if each.kind is Kind.SMP_KEY}
        self._known: dict[tuple[Goal, str, frozenset[str]], bool] = {}
        self._grouped: dict[Goal, Sequence[Sequence[Party]]] = {}
        self._likenesses: dict[str, object] = {}

    def subjects(self, goal: Goal) -> tuple[Party, ...]:
        """Whom the goal can be about: senders, receivers; service can be denied only to those who have some."""
        aps = self.network.access_points if len(self.network.access_points) > 1 else ()
        match goal:
            case Goal.IMPERSONATE:
                return tuple(each for each in aps if Role.AP_SIGN in each.roles)
            case Goal.INTERCEPT:
                return tuple(each for each in aps if Role.AP_ENCRYPT in each.roles)
            case Goal.DENY:
                return tuple(each for each in aps if self._serves(each, frozenset()))
        return aps

    def relations(self, goal: Goal) -> int:
        """In how many ordered pairs of access points the goal means something."""
        return sum(map(len, self._groups(goal))) * (len(self.network.access_points) - 1)

    def reached_in(self, goal: Goal, compromised: AbstractSet[str]) -> int:
        """In how many of them it is reached."""
        return sum(count for subject, own, count in self._views(goal, compromised) if self.reached(goal, subject, own))

    def somewhere(self, goal: Goal, compromised: AbstractSet[str]) -> bool:
        """Whether the goal is reached in any pair."""
        return any(self.reached(goal, subject, own) for subject, own, _count in self._views(goal, compromised))

    def everywhere(self, goal: Goal, compromised: AbstractSet[str]) -> bool:
        """Whether it is reached in whichever pair the attacker chooses."""
        return bool(self._groups(goal)) and all(
            self.reached(goal, subject, own) for subject, own, _count in self._views(goal, compromised)
        )

    def reached(self, goal: Goal, subject: Party, compromised: frozenset[str]) -> bool:
        """Whether it is reached against a relying party, about a subject. Monotone in `compromised`.

        Of pin stores only the relying party's own is in `compromised`.
        """
        key = (goal, subject.id, compromised)
        if key not in self._known:
            self._known[key] = self._reached(goal, subject, compromised)
        return self._known[key]

    def forgeable(self, role: Role, party: Party, compromised: frozenset[str]) -> bool:
        """Whether some certificate, or entry, that can be forged with these is accepted in a role, for a name."""
        asserted = (
            role is Role.AP_ENCRYPT
            and self.network.delivery.locator is Locator.DNS
            and self._metadata_made(party, compromised)
        )
        return self._passes(role, party, compromised, asserted=asserted)

    def _views(self, goal: Goal, compromised: AbstractSet[str]) -> Iterator[tuple[Party, frozenset[str], int]]:
        """For each group of subjects one of them, what is compromised as a relying party sees it, and how many pairs.

        A relying party believes its own pin store, and nobody else's.
        """
        base = frozenset(compromised - self._all_stores)
        stores = len(self._all_stores & compromised)
        others = len(self.network.access_points) - 1
        for group in self._groups(goal):
            first, *_ = group
            own = sum(self._stores.get(each.id, "") in compromised for each in group) if stores else 0
            touched = len(group) * stores - own
            if touched:
                yield first, base | {self._store}, touched
            if touched < len(group) * others:
                yield first, base, len(group) * others - touched

    def _groups(self, goal: Goal) -> Sequence[Sequence[Party]]:
        """The subjects, those together that are alike in all that an answer depends on."""
        if goal not in self._grouped:
            found: dict[object, list[Party]] = {}
            for each in self.subjects(goal):
                if each.id not in self._likenesses:
                    self._likenesses[each.id] = self._likeness(each)
                found.setdefault(self._likenesses[each.id], []).append(each)
            self._grouped[goal] = tuple(found.values())
        return self._grouped[goal]

    def _likeness(self, subject: Party) -> object:
        """Its SMP, who issued its certificates, and what each component and each held key is good for alone.

        Where several sources have to agree, what they are good for alone doesn't say everything: then each is its own.
        """
        rules = [rule for role in AP_ROLES if (rule := self.acceptance.rule(role)) is not None]
        if any(joins(rule.accept) for rule in rules):
            return subject.id
        powers = [each.id for each in self.components if each.kind is not Kind.PIN_STORE or each.id == self._store]
        holders = [*self._smp_keys.values(), *self._member(subject)]
        alone = [
            self.acceptance.accepted(role, subject, (power,), asserted=asserted)
            for role, asserted in _ASKED
            for power in powers
        ]
        held = [
            self.acceptance.accepted(role, subject, (), holding=(holder,), asserted=asserted)
            for role, asserted in _ASKED
            for holder in holders
        ]
        withdrawn = [
            role in subject.roles and self.acceptance.still_accepted(role, subject, (power,))
            for role in AP_ROLES
            for power in powers
        ]
        issued = tuple(
            each.claimed_by or each.certificate.comparable_issuer for each in self.acceptance.regular(subject)
        )
        return subject.roles, subject.smp, tuple(alone), tuple(held), tuple(withdrawn), issued

    def _reached(self, goal: Goal, subject: Party, compromised: frozenset[str]) -> bool:
        match goal:
            case Goal.IMPERSONATE:
                return self._passes(Role.AP_SIGN, subject, compromised)
            case Goal.INTERCEPT:
                return self._intercepts(subject, compromised)
            case Goal.DENY:
                return self._denies(subject, compromised)
        return self._rolls_back(subject, compromised)

    def _passes(self, role: Role, party: Party, compromised: AbstractSet[str], *, asserted: bool = False) -> bool:
        """Whether he has a key that is accepted in the role, for the name."""
        return self.acceptance.accepted(
            role, party, compromised, holding=self._holding(party, compromised), asserted=asserted
        )

    def _holding(self, subject: Party, compromised: AbstractSet[str]) -> tuple[str, ...]:
        """Parties whose keys he has: SMPs that are compromised, and, as a member, one other access point."""
        held = [party for key, party in self._smp_keys.items() if key in compromised]
        return (*held, *self._member(subject))

    def _member(self, subject: Party) -> tuple[str, ...]:
        """The attacker himself, if he is a member: an access point that isn't the subject."""
        if self.attacker is Attacker.OUTSIDER:
            return ()
        return tuple(each.id for each in self.network.access_points[-2:] if each.id != subject.id)[-1:]

    def _intercepts(self, subject: Party, compromised: AbstractSet[str]) -> bool:
        """He says where the receiver is, and which key to encrypt to; and the sender accepts that key."""
        match self.network.delivery.locator:
            case Locator.DNS:
                told = self._metadata_made(subject, compromised)
            case Locator.SOURCE:
                told = bool(self._signers() & compromised)
            case Locator.STATIC:
                told = self._store in compromised
        return told and self._passes(Role.AP_ENCRYPT, subject, compromised, asserted=True)

    def _metadata_made(self, subject: Party, compromised: AbstractSet[str]) -> bool:
        """Whether the sender gets metadata of the attacker's making, signed by whom he accepts for an SMP."""
        smp = self.network.party(subject.smp)
        if smp is None:
            return False
        if self._passes(Role.SMP_SIGN, smp, compromised):
            return self._metadata_delivered(subject, compromised)
        # who decides which SMP it is may name the very SMP whose key he has
        held = [each for each in self.network.smps if f"smp-key:{each.id}" in compromised]
        return self._located(compromised) and any(self._passes(Role.SMP_SIGN, each, compromised) for each in held)

    def _metadata_delivered(self, subject: Party, compromised: AbstractSet[str]) -> bool:
        """Whether it is the attacker who answers when the sender asks for the subject's metadata."""
        smp = self.network.party(subject.smp)
        return self._located(compromised) or (
            smp is not None and (self._speaks_as(smp, compromised) or self._between(smp, compromised))
        )

    def _located(self, compromised: AbstractSet[str]) -> bool:
        """Whether he says which SMP a participant has."""
        if {SML_DATABASE, DNS_ZONE} & compromised:
            return True
        return self.network.on_path and not self.network.delivery.dnssec

    def _speaks_as(self, smp: Party, compromised: AbstractSet[str]) -> bool:
        """Whether the key of an SMP makes him the SMP: it is on its host, or it logs in to the SML."""
        usable = smp.smp_signing is Signing.ONLINE or Role.SML_CLIENT in smp.roles
        return usable and f"smp-key:{smp.id}" in compromised

    def _between(self, smp: Party, compromised: AbstractSet[str]) -> bool:
        """Whether he can answer in the place of the SMP, being on the path to it."""
        if not self.network.on_path:
            return False
        if self.network.delivery.smp_transport is Transport.HTTP or TLS_AUTHORITY in compromised:
            return True
        return self._passes(Role.TLS_SERVER, smp, compromised)

    def _denies(self, subject: Party, compromised: AbstractSet[str]) -> bool:
        if self.network.on_path:
            return True
        if self.network.delivery.locator is Locator.DNS:
            smp = self.network.party(subject.smp)
            if {SML_DATABASE, DNS_ZONE} & compromised or (smp and self._speaks_as(smp, compromised)):
                return True
        return not self._serves(subject, compromised)

    def _serves(self, subject: Party, withdrawn: AbstractSet[str]) -> bool:
        """Whether all that the subject needs is accepted although these take back their word."""
        needed = [(role, subject) for role in AP_ROLES if role in subject.roles]
        smp = self.network.party(subject.smp)
        if self.network.delivery.locator is Locator.DNS and smp is not None:
            needed.append((Role.SMP_SIGN, smp))
        return all(
            self.acceptance.still_accepted(role, party, withdrawn)
            for role, party in needed
            if self.acceptance.rule(role) is not None
        )

    def _rolls_back(self, subject: Party, compromised: AbstractSet[str]) -> bool:
        """What was signed once is shown again: that needs no key, but being asked."""
        locator = self.network.delivery.locator
        if locator is Locator.DNS and self._metadata_delivered(subject, compromised):
            return True
        if locator is Locator.STATIC and self._store in compromised:
            return True
        signers = self._signers()
        if signers & compromised:
            return True
        by_http = self.network.delivery.source_transport is Transport.HTTP
        return bool(signers) and self.network.on_path and (by_http or TLS_AUTHORITY in compromised)

    def _signers(self) -> frozenset[str]:
        """The components that sign lists or metadata which the rules for access points go by."""
        rules = [rule for role in AP_ROLES if (rule := self.acceptance.rule(role)) is not None]
        vouching = [leaf for rule in rules for leaf in leaves(rule.accept) if isinstance(leaf, Vouching)]
        used = {name for leaf in vouching for name in source_ids(leaf)}
        return frozenset(each.id for each in self.components if each.source in used)
