# SPDX-License-Identifier: Apache-2.0
"""Trust configurations from a `ValidatorRecipe`: the XML of vefa's and Oxalis' commons-certvalidator (version 1.0).

A recipe has validators by name, each a conjunction of rules; a role takes one of them. What its rules mean was read
in that software, and differs from what their names suggest: KeyUsage wants exactly these bits, HandleError lets pass
what can't be found out, CRL asks only where the certificate says where, and neither CRL nor OCSP looks above the
certificate. Only certificates of a Chain can have issued, so that a rule about the issuer's name says which of them
may have. Rules that depend on program code, or are about whole names, can't be said; they are refused with their
places, all at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from lxml import etree

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.revocation.rules import OnUnknown, RevocationRule, RevocationRules
from trust_lists.errors import ConfigurationError, shown
from trust_lists.evaluation.trust_configuration.importers.building import OPEN_LEAF, Draft, Imported, revocation
from trust_lists.evaluation.trust_configuration.importers.recipe_buckets import Buckets, place, tag
from trust_lists.evaluation.trust_configuration.importers.recipe_leaf import (
    IssuerRule,
    issuer,
    key_usage,
    names,
    policies,
)
from trust_lists.evaluation.trust_configuration.model import (
    AllOf,
    AnchorKind,
    AnyOf,
    EndpointCertificate,
    LeafRule,
    Not,
    PathTo,
    Pinned,
    Quorum,
    Role,
    RoleRule,
    Source,
)
from trust_lists.xml import parse_xml

MAX_RULES = 1_000
NAMESPACES = ("http://oxalis.network/xsd/certvalidator/1.0", "http://difi.no/xsd/certvalidator/1.0")
DEFAULT = "default"
_CODE = {"Class", "RuleReference", "Extension", "CriticalExtensionRequired"}
_LEAF = {"KeyUsage": key_usage, "PrincipleName": names}


@dataclass(slots=True)
class _Rule:
    """What a conjunction comes to: sources, what the certificate must be, whether revocation is asked about."""

    sources: list[Source]
    leaf: LeafRule = OPEN_LEAF
    asked: bool = False
    hard: bool = False
    """Whether an answer must be had."""
    roots: list[ListedCertificate] = field(default_factory=list)
    between: list[ListedCertificate] = field(default_factory=list)
    """Of its chains: nobody else can have issued what they accept."""
    issuers: list[IssuerRule] = field(default_factory=list)
    public: str = ""
    """Where it says that a certificate must not be self-signed."""


def import_recipe(
    data: bytes, roles: Mapping[Role, str], *, name: str = "recipe", allow_wider: bool = False
) -> Imported:
    """The configuration in which each role is decided by the validator of that name ("": `default`).

    Raises XmlRefusedError for what is no XML, and ConfigurationError with all that can't be said in the format.
    """
    root = parse_xml(data)
    if etree.QName(root).namespace not in NAMESPACES or tag(root) != "ValidatorRecipe":
        raise ConfigurationError(("this is no ValidatorRecipe of version 1.0",))
    draft = Draft(root.get("name") or name, "dedicated-domain-pki")
    buckets = Buckets.of(root, draft)
    validators = {each.get("name") or DEFAULT: each for each in root if tag(each) == "Validator"}
    rules: dict[Role, RoleRule] = {}
    for role, wanted in roles.items():
        validator = validators.get(wanted or DEFAULT)
        if validator is None:
            known = ", ".join(map(shown, validators))
            draft.refused.append(f"{role.value}: there is no validator {wanted or DEFAULT}; there are {known}")
        else:
            found = _Translation(draft, buckets, validators, role).conjunction(validator)
            rules[role] = _role_rule(draft, role, found)
    draft.lost.append("a recipe says nothing of purposes, algorithms and lifetimes; they are any")
    return draft.finish(rules, EndpointCertificate.HINT, allow_wider=allow_wider)


def _role_rule(draft: Draft, role: Role, rule: _Rule) -> RoleRule:
    _settle(draft, role, rule)
    if not rule.sources:
        draft.refused.append(f"{role.value}: the validator accepts whoever isn't named (no Chain, no Whitelist)")
    sources = tuple(dict.fromkeys(rule.sources))
    accept = sources[0] if len(sources) == 1 else AllOf(sources)
    return RoleRule(accept, rule.leaf, _revocation(rule))


def _settle(draft: Draft, role: Role, rule: _Rule) -> None:
    """Say by anchors who issued, and by pins who must not stand for itself; both take the chains beside them."""
    for each in rule.issuers:
        named = [one for one in (*rule.roots, *rule.between) if each.fits(one)]
        if named:
            ids = dict.fromkeys(draft.anchor(one, AnchorKind.KEY_AND_NAME) for one in named)
            rule.sources.append(PathTo(tuple(ids), issuer_must_be_anchor=True))
        else:
            draft.refused.append(f"{each.place}: no certificate of a Chain beside it has such a name")
    if rule.public and rule.roots:
        pins = dict.fromkeys(draft.pin(one, [role]) for one in rule.roots)
        rule.sources.append(Not(Pinned(tuple(pins))))
    elif rule.public:
        draft.wider.append(f"{rule.public}: that a certificate must not be self-signed can't be said without a Chain")
    rule.issuers, rule.public = [], ""


def _revocation(rule: _Rule) -> RevocationRules:
    if not rule.asked:
        return revocation(RevocationRule.NO_CHECK, RevocationRule.NO_CHECK)
    unknown = OnUnknown.REJECT if rule.hard else OnUnknown.ACCEPT
    return revocation(RevocationRule.CHECK_IF_DECLARED, RevocationRule.NO_CHECK, unknown)


@dataclass(slots=True)
class _Translation:
    draft: Draft
    buckets: Buckets
    validators: Mapping[str, etree._Element]
    role: Role
    left: int = MAX_RULES
    above: tuple[str, ...] = ()
    """The validators that led here by reference."""

    def conjunction(self, parent: etree._Element, *, forgiving: bool = False) -> _Rule:
        """All rules inside of an element, which all have to hold."""
        found = _Rule([])
        for rule in parent:
            self.left -= 1
            if self.left < 0:
                raise ConfigurationError((f"a validator with more than {MAX_RULES} rules is too much",))
            self._add(found, rule, forgiving=forgiving)
        return found

    def _add(self, found: _Rule, rule: etree._Element, *, forgiving: bool) -> None:
        match tag(rule):
            case "Chain":
                found.sources.append(self._chain(rule, found))
            case "Whitelist" | "Blacklist":
                found.sources.append(self._bucket(rule))
            case "Junction":
                self._junction(rule, found, forgiving=forgiving)
            case "PrincipleName" if rule.get("principal") == "ISSUER":
                self._issuer(rule, found)
            case "Signing" if rule.get("type") == "PUBLIC_SIGNED":
                found.public = place(rule)
            case "KeyUsage" | "PrincipleName" as kind:
                self._leaf(kind, rule, found)
            case "CRL" | "OCSP":
                found.asked, found.hard = True, found.hard or not forgiving
                self.draft.lost.append(f"{place(rule)}: a CRL or an OCSP response will do, whichever is at hand")
            case "Cached" | "HandleError":
                self._inside(rule, found, forgiving=forgiving or tag(rule) == "HandleError")
            case "ValidatorReference":
                self._reference(rule, found, forgiving=forgiving)
            case _:
                self._other(rule)

    def _inside(self, rule: etree._Element, found: _Rule, *, forgiving: bool) -> None:
        if tag(rule) == "Cached":
            self.draft.lost.append(f"{place(rule)}: decisions are never kept, so that its timeout is left out")
        self._join(found, self.conjunction(rule, forgiving=forgiving), rule)

    def _join(self, found: _Rule, inner: _Rule, rule: etree._Element) -> None:
        found.sources += inner.sources
        found.asked, found.hard = found.asked or inner.asked, found.hard or inner.hard
        found.roots += inner.roots
        found.between += inner.between
        found.issuers += inner.issuers
        found.public = found.public or inner.public
        for name in ("key_usage", "policies", "subject"):
            ours, theirs = getattr(found.leaf, name), getattr(inner.leaf, name)
            if ours is not None and theirs is not None and ours != theirs:
                self.draft.refused.append(f"{place(rule)}: two different rules about {name} can't be said of one role")
            elif theirs is not None:
                found.leaf = replace(found.leaf, **{name: theirs})

    def _issuer(self, rule: etree._Element, found: _Rule) -> None:
        try:
            found.issuers.append(issuer(rule))
        except ConfigurationError as error:
            self.draft.refused += [f"{place(rule)}: {each}" for each in error.reasons]

    def _leaf(self, kind: str, rule: etree._Element, found: _Rule) -> None:
        try:
            self._join(found, _Rule([], _LEAF[kind](rule)), rule)
        except ConfigurationError as error:
            self.draft.refused += [f"{place(rule)}: {each}" for each in error.reasons]

    def _chain(self, rule: etree._Element, found: _Rule) -> Source:
        roots, between, oids = [], [], []
        for child in rule:
            match tag(child):
                case "RootBucketReference":
                    roots = self.buckets.get(child)
                case "IntermediateBucketReference":
                    between = self.buckets.get(child)
                case "Policy":
                    oids.append((child.text or "").strip())
                case _:
                    self.draft.refused.append(f"{place(child)}: this can't be said in the format")
        for certificate in between:
            self.draft.intermediate(certificate)
        found.roots += roots
        found.between += between
        if oids:
            self._join(found, _Rule([], policies(oids)), rule)
        if not roots:
            self.draft.refused.append(f"{place(rule)}: there is no certificate in its root bucket")
        ids = tuple(dict.fromkeys(self.draft.anchor(each, AnchorKind.KEY_AND_NAME) for each in roots))
        return PathTo(ids, issuer_must_be_anchor=False)

    def _bucket(self, rule: etree._Element) -> Source:
        certificates = self.buckets.get(rule)
        if not certificates:
            self.draft.refused.append(f"{place(rule)}: there is no certificate in its bucket")
        self.draft.lost.append(
            f"{place(rule)}: out of its dates a certificate never counts, even without an Expiration"
        )
        pins = Pinned(tuple(dict.fromkeys(self.draft.pin(each, [self.role]) for each in certificates)))
        return pins if tag(rule) == "Whitelist" else Not(pins)

    def _junction(self, rule: etree._Element, found: _Rule, *, forgiving: bool) -> None:
        kind = rule.get("type")
        if kind == "AND":
            self._join(found, self.conjunction(rule, forgiving=forgiving), rule)
            return
        parts: list[Source] = []
        for child in rule:
            part = _Rule([])
            self._add(part, child, forgiving=forgiving)
            _settle(self.draft, self.role, part)
            if part.leaf != OPEN_LEAF or part.asked:
                self.draft.refused.append(
                    f"{place(child)}: only sources can be alternatives, not what is to be checked"
                )
            parts += [AllOf(tuple(part.sources))] if len(part.sources) > 1 else part.sources
        if not parts:
            self.draft.refused.append(f"{place(rule)}: it has no rule that could be an alternative")
        elif kind == "OR":
            found.sources.append(AnyOf(tuple(parts)))
        elif kind == "XOR":
            found.sources += [AnyOf(tuple(parts))]
            if len(parts) > 1:
                found.sources.append(Not(Quorum(2, tuple(parts))))
        else:
            self.draft.refused.append(f"{place(rule)}: its type is none of AND, OR, XOR")

    def _reference(self, rule: etree._Element, found: _Rule, *, forgiving: bool) -> None:
        wanted = (rule.text or "").strip()
        validator = self.validators.get(wanted)
        if validator is None or wanted in self.above:
            problem = "it leads back to itself" if validator is not None else "there is no such validator"
            self.draft.refused.append(f"{place(rule)}: {shown(wanted)}: {problem}")
            return
        self.above = (*self.above, wanted)
        self._join(found, self.conjunction(validator, forgiving=forgiving), rule)
        self.above = self.above[:-1]

    def _other(self, rule: etree._Element) -> None:
        kind = tag(rule)
        if kind == "Expiration":
            if rule.get("millis"):
                self.draft.wider.append(f"{place(rule)}: that a certificate must not expire soon can't be said")
        elif kind == "Dummy" and not (rule.text or "").strip():
            return
        elif kind == "CriticalExtensionRecognized":
            self.draft.lost.append(f"{place(rule)}: which critical extensions are known is the engine's matter")
        elif kind in _CODE:
            self.draft.refused.append(f"{place(rule)}: this depends on program code")
        else:
            self.draft.refused.append(f"{place(rule)}: this can't be said in the format")
