# SPDX-License-Identifier: Apache-2.0
"""Probes of what configurations name by its digest: pins, and the deny list.

Nobody can make a certificate with a given digest. So one is made first, and its digest stands in the mirrored
configurations in the place of the one that is meant.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.errors import CertificateError
from trust_lists.evaluation.comparison.probing.attempts import NO, YES, Attempt
from trust_lists.evaluation.comparison.probing.bases import (
    AROUND,
    Base,
    Issuing,
    PathSource,
    base,
    bounded,
    issuers,
    path_sources,
    whole,
)
from trust_lists.evaluation.comparison.probing.keys import public_bytes, quickest
from trust_lists.evaluation.comparison.probing.minting import a_second
from trust_lists.evaluation.comparison.probing.workshop import Workshop
from trust_lists.evaluation.decisions.model import Outcome
from trust_lists.evaluation.trust_configuration import model
from trust_lists.evaluation.trust_configuration.model import (
    Anchor,
    AnchorControls,
    AnchorKind,
    CertificateReference,
    Context,
    DenyList,
    IssuerSerial,
    Pin,
    Role,
    TrustConfiguration,
    TrustPeriod,
    Validity,
)

MAX_NAMED = 50
"""Pins, and entries of a deny list, that probes are made for."""


@dataclass(frozen=True, slots=True)
class Named:
    """An attempt, and which digests of the configurations it stands for."""

    attempt: Attempt
    sides: str
    digest: str = ""
    """Of a certificate; "" where the attempt is about no such digest."""
    key: str = ""
    """Of a key."""
    key_digest: str = ""
    """Of the key that stands in its place."""


def pin_attempts(
    a: TrustConfiguration, b: TrustConfiguration, roles: tuple[Role, ...], at: datetime, workshop: Workshop
) -> Iterator[Named]:
    """For each pin and each of its roles; a pin that both sides have is asked about once."""
    sides: dict[tuple[Pin, Role], str] = {}
    for side, configuration in (("A", a), ("B", b)):
        for given in configuration.stores.pins[:MAX_NAMED]:
            pin = replace(given, valid=Validity(bounded(given.valid.since), bounded(given.valid.until)))
            for role in pin.roles:
                rule = configuration.rule(role)
                if role in roles and rule is not None and _takes(rule.accept, pin.id):
                    sides[pin, role] = sides.get((pin, role), "") + side
    ready: dict[str, ListedCertificate] = {}
    for (pin, role), of in sides.items():
        configuration = a if "A" in of else b
        try:
            found = _pinned(configuration, pin, role, at, workshop)
            certificate = ready.get(pin.cert_sha256) or workshop.certificate(found.draft, found.issuing)
        except CertificateError:
            continue
        ready[pin.cert_sha256] = certificate
        for attempt in _of_pin(found, pin, certificate):
            yield Named(attempt, of, pin.cert_sha256)


def denied_attempts(
    planned: Sequence[tuple[Base, str]], a: DenyList, b: DenyList, workshop: Workshop
) -> Iterator[Named]:
    """For each entry of the deny lists of A and B: what meets a rule of that side in everything else."""
    for kind, entries_a, entries_b in (
        ("spki_sha256", a.spki_sha256, b.spki_sha256),
        ("cert_sha256", a.cert_sha256, b.cert_sha256),
        ("issuer_serial", a.issuer_serial, b.issuer_serial),
    ):
        for entry in dict.fromkeys((*entries_a[:MAX_NAMED], *entries_b[:MAX_NAMED])):
            sides = f"{'A' if entry in entries_a else ''}{'B' if entry in entries_b else ''}"
            for found, of in planned:
                if set(sides) & set(of) and _fits(entry, found):
                    try:
                        yield _denied(kind, entry, found, sides, workshop)
                    except CertificateError:
                        continue
                    break


def _fits(entry: str | IssuerSerial, found: Base) -> bool:
    """Whether an authority of the base is the one that is meant, where an issuer is."""
    return isinstance(entry, str) or entry.issuer == found.issuing.certificate.subject_text


def _denied(kind: str, entry: str | IssuerSerial, found: Base, sides: str, workshop: Workshop) -> Named:
    attempt = Attempt("DENIED", f"it is denied by its {_BY[kind]}", f"stores.deny.{kind}", NO, found, only_signed=True)
    if isinstance(entry, IssuerSerial):
        draft = replace(found.draft, serial=int(entry.serial, 16))
        return Named(replace(attempt, base=replace(found, draft=draft)), sides)
    if kind == "cert_sha256":
        return Named(replace(attempt, ready=workshop.certificate(found.draft, found.issuing)), sides, digest=entry)
    algorithms = found.rule.leaf.algorithms
    key = workshop.pool.key(quickest(algorithms.keys if algorithms else None) or "p256", f"denied {entry}")
    made = replace(attempt, base=replace(found, draft=replace(found.draft, key=key)))
    return Named(made, sides, key=entry, key_digest=sha256(public_bytes(key)).hexdigest())


_BY = {"spki_sha256": "key", "cert_sha256": "digest", "issuer_serial": "issuer and serial number"}


def _takes(source: model.Source, pin: str) -> bool:
    """Whether an expression can accept somebody by a pin."""
    match source:
        case model.Pinned(ids):
            return ids is None or pin in ids
        case model.AnyOf(parts) | model.AllOf(parts) | model.Quorum(_, parts):
            return any(_takes(part, pin) for part in parts)
    return False


def _pinned(configuration: TrustConfiguration, pin: Pin, role: Role, at: datetime, workshop: Workshop) -> Base:
    """What meets the rule of a role and has the validity and usages that all probes of the pin need."""
    rule = configuration.rule(role)
    if rule is None:
        raise CertificateError(f"there is no rule for {role.value}")
    source = PathSource(model.PathTo((), issuer_must_be_anchor=False), f"roles.{role.value}.accept", ())
    issuing = nobody(f"stores.pins.{pin.id}", workshop.stranger.certificate)
    if isinstance(rule.accept, model.AllOf):  # a path is asked for as well
        for beside in path_sources(rule.accept, f"roles.{role.value}.accept"):
            issuing = next(issuers(configuration, beside), issuing)
    issuing = replace(issuing, origin=f"stores.pins.{pin.id}")
    known = {} if pin.party is None else {Context.PARTY: pin.party}
    found = base(configuration, role, rule, source, issuing, at, workshop.pool, known)
    valid = pin.valid
    edges = [found.draft.since, found.draft.until]
    edges += [each - AROUND for each in (valid.since,) if each] + [each + AROUND for each in (valid.until,) if each]
    at = found.at
    if (valid.since is not None and at < valid.since) or (valid.until is not None and at >= valid.until):
        first, last = valid.since or valid.until, valid.until or valid.since
        at = whole(first + (last - first) / 2) if first and last and first < last else whole(min(edges) + 2 * AROUND)
    draft = replace(found.draft, since=min(edges), until=max(edges), usages=_all_usages(configuration, pin))
    return replace(found, draft=draft, at=at)


def _all_usages(configuration: TrustConfiguration, pin: Pin) -> frozenset[str] | None:
    """Those that its roles demand together."""
    rules = [rule.leaf.key_usage for role in pin.roles if (rule := configuration.rule(role)) is not None]
    demanded = frozenset(each.value for rule in rules if rule for each in rule.required)
    return demanded or frozenset({"digitalSignature"})


def nobody(origin: str, certificate: ListedCertificate) -> Issuing:
    """An authority that nobody has to know, since what it issues is trusted itself."""
    controls = AnchorControls(
        path_len=None,
        policies=None,
        require_explicit_policy=False,
        inhibit_policy_mapping=False,
        inhibit_any_policy=False,
        permitted=None,
        excluded=(),
    )
    reference = CertificateReference(certificate.sha256, certificate=certificate)
    anchor = Anchor("nobody", reference, AnchorKind.CA, controls, TrustPeriod(None, None, None))
    return Issuing(origin, certificate, anchor, (), None, None)


def _of_pin(found: Base, pin: Pin, ready: ListedCertificate) -> Iterator[Attempt]:
    place, skew = f"stores.pins.{pin.id}", found.skew

    def asked(kind: str, told: str, rule: str, expected: Outcome, changed: Base = found) -> Attempt:
        return Attempt(kind, told, rule, expected, changed, ready=ready, only_signed=True)

    yield asked("BASE", "it is the pinned certificate", f"{place}.cert_sha256", YES)
    other = asked("NOT_PINNED", "another certificate with the same key and names", f"{place}.cert_sha256", NO)
    yield replace(other, ready=None)
    if pin.party is not None:
        another = {**found.context, Context.PARTY: f"not {pin.party}"}
        told = "it is shown by another party"
        yield asked("OTHER_PARTY", told, f"{place}.party", NO, replace(found, context=another))
    dates, edges = "engine.clock_skew", []
    if pin.valid.since is None:
        edges.append(("NOT_YET_VALID", "asked about at the beginning of it", dates, found.draft.since - skew, -1))
    else:
        begin = pin.valid.since - skew
        edges.append(("PIN_BEGINS", "asked about when its pin begins", f"{place}.valid.from", begin, -1))
    if pin.valid.until is None:
        edges.append(("EXPIRED", "asked about at the end of its validity", dates, found.draft.until + skew, 1))
    else:
        last = pin.valid.until + skew - a_second()
        edges.append(("PIN_ENDS", "asked about before its pin ends", f"{place}.valid.until", last, 1))
    for kind, told, rule, edge, beyond in edges:
        yield asked(kind, told, rule, YES, replace(found, at=edge))
        yield asked(kind, f"{told}, and a second beyond", rule, NO, replace(found, at=edge + a_second(beyond)))
