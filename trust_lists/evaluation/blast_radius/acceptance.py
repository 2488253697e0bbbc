# SPDX-License-Identifier: Apache-2.0
"""Whether a key of an attacker's choice is accepted in a role, for a name: asked of the engine.

Who has the key of an authority shows the best certificate that it could issue (`unsigned`), and the engine judges path
length, name constraints, policies, dates, algorithms and the deny list as ever. Who can write into a source (the signer
of a list or of metadata, a federation's anchor, a pin store) lets it vouch for the attacker's certificate: so it does
in the configuration that is asked (`vouching`). Who has the key of a party shows that party's regular certificate.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from itertools import combinations

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.names import ComparableName
from trust_lists.certificates.path_extensions import path_extensions
from trust_lists.certificates.revocation.rules import RevocationRule
from trust_lists.certificates.signed import is_signed_with
from trust_lists.errors import CertificateError, NetworkError
from trust_lists.evaluation.blast_radius.components import Component, Kind
from trust_lists.evaluation.blast_radius.hypotheses import context_of, metadata_count, wish_for
from trust_lists.evaluation.blast_radius.network import Network, Party
from trust_lists.evaluation.blast_radius.sources import Vouching, denies, joins, leaves, subject_rules
from trust_lists.evaluation.blast_radius.unsigned import (
    Issuer,
    cross_certify,
    issue,
    own_authority,
    taken_as_good,
)
from trust_lists.evaluation.blast_radius.vouching import Shown, vouching_otherwise
from trust_lists.evaluation.decisions.engine import DecisionEngine
from trust_lists.evaluation.decisions.evidence import Evidence
from trust_lists.evaluation.decisions.model import Case, Decision
from trust_lists.evaluation.trust_configuration.model import (
    AnchorKind,
    Context,
    EndpointCertificate,
    Pinned,
    Role,
    RoleRule,
    TrustConfiguration,
)

_ALL_ROLES = tuple(Role)
_MOST_CHOICES = 6
"""Sources of which an attacker is tried with every choice, where an expression has `not`."""


class Acceptance:
    """Asks the engine, and remembers its answers."""

    def __init__(
        self,
        configuration: TrustConfiguration,
        network: Network,
        components: Sequence[Component],
        at: datetime,
        evidence: Evidence = Evidence(),  # noqa: B008 - immutable
    ) -> None:
        """`configuration` is a prepared one (`hypotheses.prepared`); `at` aware."""
        self.configuration, self.network, self.at = configuration, network, at
        self.decisions = 0
        """How often the engine was asked."""
        self._evidence = evidence
        self._engine = DecisionEngine(configuration)
        self._components = {each.id: each for each in components}
        self._store = next((each.id for each in components if each.kind is Kind.PIN_STORE), "")
        believed = {EndpointCertificate.ANCHOR, EndpointCertificate.PIN}
        self._believed = metadata_count(configuration) in believed
        self._entities = {
            f"anchor:{each.id}": each.cert.certificate
            for each in configuration.stores.anchors
            if each.kind is AnchorKind.END_ENTITY and each.cert.certificate is not None
        }
        self._known: dict[tuple[object, ...], bool] = {}
        self._still: dict[tuple[Role, str], dict[frozenset[str], bool]] = {}
        self._usual: dict[Role, bytes | None] = {}
        """The key that issued the last regular certificate for a role, and so is asked first for the next one."""
        self._regular: dict[str, tuple[Shown, ...]] = {}

    def rule(self, role: Role) -> RoleRule | None:
        """The rule of a role."""
        return self.configuration.rule(role)

    def accepted(
        self,
        role: Role,
        party: Party,
        powers: Iterable[str],
        *,
        holding: tuple[str, ...] = (),
        asserted: bool = False,
    ) -> bool:
        """Whether an attacker with these components passes for `party` in a role.

        `holding`: parties whose keys he has as well. `asserted`: whether he has made the SMP metadata that the relying
        party has at hand. He uses what helps him: where sources can also speak against him, any part of what he has.
        """
        rule = self.rule(role)
        if rule is None:
            return False
        wanted = tuple(sorted(self._speaking(powers)))
        asserted = asserted and role is Role.AP_ENCRYPT and self._believed
        if denies(rule.accept):
            ways = [(way, holding) for way in _choices(wanted)]
        elif joins(rule.accept):
            ways = [(wanted, holding)]
        else:  # one thing is enough, so that each is asked about once, alone
            ways = [*(((each,), ()) for each in wanted), *(((), (each,)) for each in holding)]
            ways += [((), ())] if asserted else []
        return any(self._accepted(role, rule, party, way, held, asserted) for way, held in ways)

    def regular(self, party: Party) -> tuple[Shown, ...]:
        """The certificates that a party has without anybody having been compromised, for the roles that it has.

        Those at hand where they are accepted; else those that the first authority could issue, the ones below anchors
        first; else one that the sources vouch for. () where it can have none that is accepted.
        """
        if party.id not in self._regular:
            found = (self._regular_in(role, party) for role in party.roles)
            self._regular[party.id] = tuple({each.certificate: each for each in found if each is not None}.values())
        return self._regular[party.id]

    def still_accepted(self, role: Role, party: Party, withdrawn: Iterable[str]) -> bool:
        """Whether a party's regular certificate is accepted when these components take back what they have said.

        An authority revokes what it has issued, where somebody listens; a source no longer vouches.
        """
        rule = self.rule(role)
        if rule is None:
            return False
        wanted = frozenset(self._speaking(withdrawn))
        known = self._still.setdefault((role, party.id), {})
        if wanted not in known:
            if any(not found and less <= wanted for less, found in known.items()):
                known[wanted] = False  # the more can be taken back, the less is surely accepted
            elif any(found and wanted <= more for more, found in known.items()):
                known[wanted] = True
            else:
                ways = list(_choices(tuple(sorted(wanted)))) if denies(rule.accept) else [tuple(sorted(wanted))]
                known[wanted] = all(self._left(role, rule, party, way) for way in ways)
        return known[wanted]

    def _left(self, role: Role, rule: RoleRule, party: Party, withdrawn: tuple[str, ...]) -> bool:
        shown = self.regular(party)
        decisions = self._decisions(role, rule, party, shown, (), asserted=True, withdrawn=withdrawn)
        return any(each.accepted for each in decisions)

    def _speaking(self, names: Iterable[str]) -> set[str]:
        """Those that have a say in who is accepted: databases and zones only say where somebody is.

        One pin store stands for all: only that of the relying party is ever asked about, and all are alike.
        """
        components = [self._components[each] for each in names]
        stores = {self._store for each in components if each.kind is Kind.PIN_STORE}
        return stores | {each.id for each in components if each.authority or each.source}

    def _accepted(
        self,
        role: Role,
        rule: RoleRule,
        party: Party,
        powers: tuple[str, ...],
        holding: tuple[str, ...],
        asserted: bool,
    ) -> bool:
        others = bool(holding) and not powers and not joins(rule.accept)
        about = self._meant(rule, party) if others else party.id
        key = (role, about, powers, holding, asserted)
        if key not in self._known:
            self._known[key] = self._asked(role, rule, party, powers, holding, asserted)
        return self._known[key]

    def _meant(self, rule: RoleRule, party: Party) -> tuple[object, ...]:
        """All that matters of a party when somebody shows another's certificate: what that is held against."""
        context = context_of(rule, party)
        bound = {key for each in subject_rules(rule) for key in each.bind.values()}
        if any(isinstance(leaf, Vouching | Pinned) for leaf in leaves(rule.accept)):
            bound.add(Context.PARTY)
        return tuple((key, context.get(key)) for key in sorted(bound))

    def _asked(
        self,
        role: Role,
        rule: RoleRule,
        party: Party,
        powers: tuple[str, ...],
        holding: tuple[str, ...],
        asserted: bool,
    ) -> bool:
        components = [self._components[each] for each in powers]
        shown = list(self._issued(role, rule, party, [each for each in components if each.authority]))
        entries = any(not each.authority for each in components)
        if entries or (asserted and (joins(rule.accept) or not holding)):
            issuer = own_authority("attacker")
            shown.append(Shown(issue(issuer, wish_for(rule, role, party, self.at), serial=2), issuer.key))
        for name in holding:
            other = self.network.party(name)
            shown += self.regular(other) if other else ()
        return any(each.accepted for each in self._decisions(role, rule, party, shown, powers, asserted=asserted))

    def _issued(self, role: Role, rule: RoleRule, party: Party, authorities: Iterable[Component]) -> Iterator[Shown]:
        """The best that each authority could issue; its own certificate where that is trusted itself."""
        for component in authorities:
            entity = self._entities.get(component.id)
            if entity is not None:
                yield Shown(entity)
                continue
            for issuer, certificate in _names(component):
                wish = wish_for(rule, role, party, self.at, certificate)
                try:
                    yield Shown(issue(issuer, wish, serial=2), issuer.key)
                except NetworkError:
                    return  # nobody could issue a certificate for such names

    def _decisions(
        self,
        role: Role,
        rule: RoleRule,
        party: Party,
        shown: Sequence[Shown],
        powers: tuple[str, ...],
        *,
        asserted: bool = False,
        withdrawn: tuple[str, ...] = (),
    ) -> Iterator[Decision]:
        engine = self._with(rule, shown, powers, withdrawn)
        crossed = list(self._crossed(rule, powers))
        claims = {each.certificate: each.claimed_by for each in (*shown, *crossed) if each.claimed_by is not None}
        named = frozenset(each.certificate.sha256 for each in shown) if asserted else frozenset()
        for each in shown:
            case = Case(
                role,
                each.certificate,
                self.at,
                tuple(one.certificate for one in crossed),
                context_of(rule, party),
                named,
            )
            self.decisions += 1
            yield engine.decide(case, self._evidence, signatures=taken_as_good(claims))

    def _crossed(self, rule: RoleRule, powers: tuple[str, ...]) -> Iterator[Shown]:
        """Where one certificate needs paths to several anchors: each authority certifies each other."""
        if not joins(rule.accept):
            return
        held = [pair for each in powers if self._components[each].authority for pair in _names(self._components[each])]
        start, end = self.at.replace(year=self.at.year - 1, day=1), self.at.replace(year=self.at.year + 1, day=1)
        for above, _ in held:
            for below, _ in held:
                if above.key != below.key:
                    yield Shown(cross_certify(above, below, start, end, serial=3), above.key)

    def _with(
        self, rule: RoleRule, shown: Sequence[Shown], powers: tuple[str, ...], withdrawn: tuple[str, ...]
    ) -> DecisionEngine:
        """The engine of a configuration whose sources say what they are made to say."""
        configuration = self.configuration
        if any(isinstance(leaf, Vouching | Pinned) for leaf in leaves(rule.accept)):
            configuration = vouching_otherwise(configuration, self._components, shown, powers, withdrawn)
        revoked = self._revoked(rule, shown, withdrawn)
        if revoked:
            deny = configuration.stores.deny
            denied = replace(deny, cert_sha256=(*deny.cert_sha256, *revoked))
            configuration = replace(configuration, stores=replace(configuration.stores, deny=denied))
        return self._engine if configuration is self.configuration else DecisionEngine(configuration)

    def _revoked(self, rule: RoleRule, shown: Sequence[Shown], withdrawn: tuple[str, ...]) -> tuple[str, ...]:
        """What withdrawn authorities have issued, of the certificates that are shown and of those between.

        Whether an anchor was revoked is asked by nobody.
        """
        keys = {each.key for name in withdrawn for each in self._components[name].certificates}
        if not keys:
            return ()
        anchors = {each.cert.sha256 for each in self.configuration.stores.anchors}
        found: list[str] = []
        if rule.revocation.leaf is not RevocationRule.NO_CHECK:
            found += [each.certificate.sha256 for each in shown if self._issuing_keys(each) & keys]
        if rule.revocation.intermediates is not RevocationRule.NO_CHECK:
            found += [each.sha256 for each, issuing in self._between.items() if issuing & keys]
        return tuple(each for each in dict.fromkeys(found) if each not in anchors)

    def _issuing_keys(self, shown: Shown) -> frozenset[bytes]:
        return self._signing(shown.certificate) if shown.claimed_by is None else frozenset({shown.claimed_by})

    @cached_property
    def _between(self) -> dict[ListedCertificate, frozenset[bytes]]:
        """The certificates of all authorities, with the keys at hand that signed them."""
        held = [one for each in self._components.values() if each.authority for one in each.certificates]
        return {each: self._signing(each) for each in held}

    def _signing(self, certificate: ListedCertificate) -> frozenset[bytes]:
        """The keys of authorities that a certificate was signed with."""
        return frozenset(key for key in self._keys(certificate.comparable_issuer) if _signed(certificate, key))

    @cached_property
    def _keys(self) -> Callable[[ComparableName], Iterable[bytes]]:
        found: dict[ComparableName, set[bytes]] = {}
        for component in self._components.values():
            for each in component.certificates:
                found.setdefault(each.comparable_subject, set()).add(each.key)
        return lambda name: found.get(name, ())

    def _regular_in(self, role: Role, party: Party) -> Shown | None:
        rule = self.rule(role)
        if rule is None:
            return None
        for shown in self._regular_choices(role, rule, party):
            if any(each.accepted for each in self._decisions(role, rule, party, (shown,), (), asserted=True)):
                self._usual[role] = shown.claimed_by
                return shown
        return None

    def _regular_choices(self, role: Role, rule: RoleRule, party: Party) -> Iterator[Shown]:
        yield from (Shown(each, party=party) for each in party.certificates)
        issuers = {each.comparable_issuer for each in party.certificates}
        authorities = [each for each in self._components.values() if each.authority and each.id not in self._entities]
        authorities.sort(
            key=lambda each: (
                not any(one.comparable_subject in issuers for one in each.certificates),
                not any(one.key == self._usual.get(role) for one in each.certificates),
                each.kind is Kind.ANCHOR,
            )
        )
        for authority in authorities:
            for shown in self._issued(role, rule, party, (authority,)):
                yield replace(shown, party=party)
        yield from (Shown(each) for each in self._entities.values())
        if any(isinstance(leaf, Vouching | Pinned) for leaf in leaves(rule.accept)):
            issuer = own_authority(party.id)
            yield Shown(issue(issuer, wish_for(rule, role, party, self.at), serial=1), issuer.key, party)


def _names(component: Component) -> Iterator[tuple[Issuer, ListedCertificate]]:
    """The names under which an authority may issue, each with a certificate that has it."""
    seen = set()
    for certificate in component.certificates:
        issuer = Issuer.of(certificate)
        if issuer is not None and (certificate.comparable_subject, _said(certificate)) not in seen:
            seen.add((certificate.comparable_subject, _said(certificate)))
            yield issuer, certificate


def _signed(certificate: ListedCertificate, key: bytes) -> bool:
    try:
        return is_signed_with(certificate, key)
    except CertificateError:
        return False


def _said(certificate: ListedCertificate) -> object:
    found = path_extensions(certificate.der)
    return found.policies, found.mappings


def _choices(powers: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """All parts of some powers; of too many all of them, and each alone."""
    sizes: Iterable[int] = range(len(powers) + 1) if len(powers) <= _MOST_CHOICES else (1, len(powers))
    for size in sizes:
        yield from combinations(powers, size)
