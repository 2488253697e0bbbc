# SPDX-License-Identifier: Apache-2.0
"""For a rule, and each authority that it trusts: a certificate that meets the rule in every point.

All probes are such a certificate with one thing changed, so that what comes of it is about this one thing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from cryptography import x509

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.path_extensions import path_extensions
from trust_lists.certificates.usage import ANY_PURPOSE
from trust_lists.errors import CertificateError
from trust_lists.evaluation.comparison.limits import Limits, effective_limits
from trust_lists.evaluation.comparison.probing.keys import HASHES, KeyPool, quickest
from trust_lists.evaluation.comparison.probing.minting import Draft
from trust_lists.evaluation.comparison.probing.patterns import fitting
from trust_lists.evaluation.trust_configuration import model
from trust_lists.evaluation.trust_configuration.model import (
    Anchor,
    AnchorKind,
    Answer,
    Context,
    Role,
    RoleRule,
    TrustConfiguration,
    Usage,
)

AROUND = timedelta(days=10)
"""How long before and after the time of a probe its certificate is valid, at most."""
OWN_POLICY = "2.25.1"
"""A policy that nobody else has."""
MAX_ISSUERS = 12
"""Authorities of a rule that probes are made for."""
_YEARS = (1951, 9990)
_CONTEXT = {
    Context.PARTY: "PARTY",
    Context.DOMAIN: "domain",
    Context.SEAT_ID: "POP000000",
    Context.SMP_ID: "SMP",
    Context.HOST: "host.example",
}


@dataclass(frozen=True, slots=True)
class Issuing:
    """An authority that issues directly to those who are accepted."""

    origin: str
    """Its key path."""
    certificate: ListedCertificate
    """As the configuration has it."""
    anchor: Anchor
    """Whom the path ends at."""
    above: tuple[ListedCertificate, ...]
    """From just below the anchor down to `certificate`; () where that is the anchor's own."""
    since: datetime | None
    """From when until when all of them count; None: no bound."""
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Base:
    """What meets a rule."""

    configuration: TrustConfiguration
    role: Role
    rule: RoleRule
    place: str
    """`roles.<role>`."""
    source: model.PathTo
    source_place: str
    issuing: Issuing
    draft: Draft
    at: datetime
    context: Mapping[Context, str] = field(default_factory=dict)
    subject_rules: tuple[tuple[model.SubjectRule, str], ...] = ()
    """The rules about names that it meets, with their places."""

    @property
    def skew(self) -> timedelta:
        """By how much dates may be missed."""
        return self.configuration.engine.clock_skew


@dataclass(frozen=True, slots=True)
class PathSource:
    """A `path` in an expression, its place, and the rules about names that stand beside it."""

    rule: model.PathTo
    place: str
    subjects: tuple[tuple[model.SubjectRule, str], ...]


def path_sources(
    source: model.Source, place: str, subjects: tuple[tuple[model.SubjectRule, str], ...] = ()
) -> Iterator[PathSource]:
    """All `path` parts of an expression that can lead to a yes."""
    match source:
        case model.PathTo():
            yield PathSource(source, f"{place}.path", subjects)
        case model.AnyOf(parts):
            for number, part in enumerate(parts, 1):
                yield from path_sources(part, f"{place}.any_of[{number}]", subjects)
        case model.AllOf(parts) | model.Quorum(_, parts):
            name = "all_of" if isinstance(source, model.AllOf) else "quorum.of"
            beside = tuple(
                (part.rule, f"{place}.{name}[{number}].subject")
                for number, part in enumerate(parts, 1)
                if isinstance(part, model.Subject)
            )
            for number, part in enumerate(parts, 1):
                yield from path_sources(part, f"{place}.{name}[{number}]", (*subjects, *beside))


def unprobed(configuration: TrustConfiguration, source: model.Source, place: str) -> Iterator[str]:
    """The parts of an expression that no probes are made for, and why."""
    match source:
        case model.AnyOf(parts) | model.AllOf(parts) | model.Quorum(_, parts):
            name = {model.AnyOf: "any_of", model.AllOf: "all_of"}.get(type(source), "quorum.of")
            for number, part in enumerate(parts, 1):
                yield from unprobed(configuration, part, f"{place}.{name}[{number}]")
        case model.InMetadata():
            yield f"{place}.saml_metadata: nobody here can sign metadata"
        case model.InFederation():
            yield f"{place}.openid_federation: nobody here can sign statements"
        case model.PathTo(to):
            for anchor in configuration.stores.anchors:
                if anchor.id in to and anchor.kind is AnchorKind.END_ENTITY:
                    yield f"{place}.path, stores.anchors.{anchor.id}: it is trusted itself, and issues nothing"


def issuers(configuration: TrustConfiguration, source: PathSource) -> Iterator[Issuing]:
    """The authorities that may issue under a `path`: its anchors, and intermediates right below one."""
    anchors = [each for each in configuration.stores.anchors if each.id in source.rule.to]
    for anchor in anchors:
        certificate = anchor.cert.certificate
        if certificate is None or anchor.kind is AnchorKind.END_ENTITY:
            continue
        limits = effective_limits(anchor, certificate)
        times = (bounded(limits.since), bounded(limits.until))
        yield Issuing(f"stores.anchors.{anchor.id}", certificate, anchor, (), *times)
        if source.rule.issuer_must_be_anchor or configuration.engine.max_path < 2:
            continue
        for reference in configuration.stores.intermediates:
            between = reference.certificate
            if between and between != certificate and between.comparable_issuer == certificate.comparable_subject:
                try:
                    since, until = between.slices.dates if between.slices else (None, None)
                except CertificateError:
                    continue
                yield Issuing(
                    f"stores.intermediates.{reference.sha256}",
                    between,
                    anchor,
                    (between,),
                    bounded(max((each for each in (since, limits.since) if each), default=None)),
                    bounded(min((each for each in (until, limits.until) if each), default=None)),
                )


def bounded(at: datetime | None) -> datetime | None:
    """A time around which there are others; None, no bound, for those that only stand for one (RFC 5280 §4.1.2.5)."""
    return at if at is not None and _YEARS[0] <= at.year <= _YEARS[1] else None


def base(
    configuration: TrustConfiguration,
    role: Role,
    rule: RoleRule,
    source: PathSource,
    issuing: Issuing,
    at: datetime,
    pool: KeyPool,
    known: Mapping[Context, str] = MappingProxyType({}),
) -> Base:
    """What meets the rule below an authority, in a case of which this is known.

    Raises CertificateError where nothing can be thought of that would.
    """
    when = _when(issuing, at)
    around = _around(issuing, when, rule.leaf.max_lifetime)
    place = f"roles.{role.value}"
    subjects = (*source.subjects, *([(rule.leaf.subject, f"{place}.leaf.subject")] if rule.leaf.subject else []))
    names, context = _names(subjects, known)
    algorithms = rule.leaf.algorithms
    kind = quickest(algorithms.keys if algorithms else None)
    hash_name = next((each for each in HASHES if algorithms is None or each in algorithms.hashes), None)
    if kind is None or hash_name is None:
        raise CertificateError(f"{place}.leaf.algorithms: no key or hash that it allows can be made here")
    draft = Draft(
        names=names,
        since=_issued_in_time(issuing.anchor, when - around),
        until=when + around,
        key=pool.key(kind, "leaf"),
        usages=_usages(rule.leaf.key_usage),
        purposes=_purposes(rule.leaf.eku),
        policies=_policies(rule.leaf.policies, issuing),
        hash=hash_name,
        base=permitted_base(issuing),
    )
    return Base(configuration, role, rule, place, source.rule, source.place, issuing, draft, when, context, subjects)


def moved(found: Base, at: datetime) -> Base:
    """The same at another time, valid around that."""
    around = min(AROUND, (found.rule.leaf.max_lifetime or AROUND * 4) / 4)
    since = _issued_in_time(found.issuing.anchor, at - around)
    return replace(found, at=at, draft=replace(found.draft, since=whole(since), until=whole(at + around)))


def _issued_in_time(anchor: Anchor, since: datetime) -> datetime:
    """A time at which the anchor was still trusted to issue."""
    last = anchor.trusted.for_certs_issued_before
    return since if last is None or since < last else last - timedelta(days=1)


def whole(at: datetime) -> datetime:
    """To the second, as certificates have it."""
    return at.replace(microsecond=0)


def _when(issuing: Issuing, at: datetime) -> datetime:
    """The time that was asked for, or the middle of that in which the authority counts."""
    since, until = issuing.since, issuing.until
    if since is not None and until is not None and since >= until:
        raise CertificateError(f"{issuing.origin}: there is no time at which it counts")
    if (since is None or at > since) and (until is None or at < until):
        return whole(at)
    if since is not None and until is not None:
        return whole(since + (until - since) / 2)
    return whole(since + AROUND * 2 if since is not None else (until or at) - AROUND * 2)


def _around(issuing: Issuing, when: datetime, most: timedelta | None) -> timedelta:
    """Half of the lifetime, so that its edges lie within that of the authority, and within what the rule allows."""
    room = [each for each in (issuing.since and when - issuing.since, issuing.until and issuing.until - when) if each]
    found = min([AROUND, *(each / 2 for each in room), *([most / 4] if most else [])])
    return timedelta(seconds=max(1, found // timedelta(seconds=1)))


def _names(
    subjects: tuple[tuple[model.SubjectRule, str], ...], known: Mapping[Context, str]
) -> tuple[tuple[tuple[str, str], ...], dict[Context, str]]:
    """Names that fit all rules, and the case that they are bound to."""
    names: dict[str, str] = {}
    context: dict[Context, str] = {**_CONTEXT, **known}
    for rule, place in subjects:
        for name, pattern in rule.match.items():
            text = names.get(name) or fitting(pattern)
            if text is None or name == "DN":
                raise CertificateError(f"{place}.match.{name}: no name is known that fits {pattern}")
            names[name] = text
    for rule, place in subjects:
        for name, bound in rule.bind.items():
            names.setdefault(name, context[bound])
            if known.get(bound, names[name]) != names[name]:
                raise CertificateError(f"{place}.bind.{name}: no name is known that is {known[bound]} too")
            context[bound] = names[name]
    return tuple({"CN": "probe", **names}.items()), context


def _usages(rule: model.KeyUsageRule | None) -> frozenset[str] | None:
    if rule is None or not rule.required:
        forbidden = {each.value for each in rule.forbidden} if rule else set()
        free = next((each.value for each in Usage if each.value not in forbidden), None)
        return frozenset({free}) if free else None
    found = {each.value for each in rule.required}
    if found & {Usage.ENCIPHER_ONLY.value, Usage.DECIPHER_ONLY.value}:
        found.add(Usage.KEY_AGREEMENT.value)
    return frozenset(found)


def _purposes(rule: model.ExtendedKeyUsageRule | None) -> tuple[str, ...] | None:
    if rule is None:
        return None
    if rule.one_of:
        return rule.one_of[:1]
    return None if rule.absent is Answer.ACCEPT else (ANY_PURPOSE,)


def _policies(rule: model.PolicyRule | None, issuing: Issuing) -> tuple[str, ...]:
    """What the rule wants, as far as the authorities above may issue under it; else what they may."""
    wanted = rule.one_of if rule else None
    stated = (path_extensions(each.der).policies for each in issuing.above)
    allowed = [_limits(issuing).policies, *(None if each is None else tuple(each) for each in stated)]
    bounded = [set(each) for each in allowed if each is not None and "2.5.29.32.0" not in each]
    common = set.intersection(*bounded) if bounded else None
    if wanted is not None:
        found = tuple(each for each in wanted if common is None or each in common)
        return found or wanted[:1]
    return tuple(sorted(common))[:1] if common else (OWN_POLICY,)


def permitted_base(issuing: Issuing) -> x509.Name | None:
    """A name that the subject has to begin with below an anchor; None where it may be any, or where nobody knows."""
    found = next((each for each in _limits(issuing).permitted or () if each.startswith("directory:")), None)
    try:
        return x509.Name.from_rfc4514_string(found.partition(":")[2]) if found else None
    except ValueError:
        return None


def _limits(issuing: Issuing) -> Limits:
    """What certificate and controls of the anchor leave."""
    return effective_limits(issuing.anchor, issuing.anchor.cert.certificate or issuing.certificate)
