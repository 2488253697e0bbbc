# SPDX-License-Identifier: Apache-2.0
"""Probes of who vouches for the certificate: other authorities, more of them, other times, other names, revocation."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta

from cryptography import x509

from trust_lists.certificates.path_extensions import path_extensions
from trust_lists.certificates.revocation.rules import OnUnknown, RevocationRule
from trust_lists.evaluation.comparison.probing.attempts import (
    NO,
    UNKNOWN,
    YES,
    Asserted,
    Attempt,
    By,
    Evidencing,
    Source,
)
from trust_lists.evaluation.comparison.probing.bases import OWN_POLICY, Base, Issuing, moved, whole
from trust_lists.evaluation.comparison.probing.minting import a_second
from trust_lists.evaluation.decisions.model import Outcome
from trust_lists.evaluation.trust_configuration.model import AnchorKind, EndpointCertificate, Role

MAX_BELOW = 5
"""Authorities that a probe puts below another one: what allows more is not tried out."""
_TREES = {"dns": "san.dns", "email": "san.email", "uri": "san.uri"}
_OUTSIDE = {"dns": "outside.invalid", "email": "probe@outside.invalid", "uri": "https://outside.invalid/"}


def path_attempts(base: Base, others: Iterable[Issuing]) -> Iterator[Attempt]:
    """All of them for one base; `others` are authorities of other roles, which this one doesn't name."""
    yield from _other_issuers(base, others)
    yield from _lengths(base)
    yield from _periods(base)
    yield from _constraints(base)
    yield from _revocation(base)
    yield from _metadata(base)


def _other_issuers(base: Base, others: Iterable[Issuing]) -> Iterator[Attempt]:
    place = f"{base.source_place}.to"
    for other in others:
        told = f"it is issued by {other.certificate.subject_text}, the authority of another role"
        yield Attempt("OTHER_ROLE", told, place, NO, base, by=By.OTHER_ROLE, other=other)
    # an intermediate isn't trusted itself: whoever else its anchor certifies is as good
    told, expected = "it is issued by a sibling of its issuer", YES if base.issuing.above else NO
    yield Attempt("SIBLING", told, place, expected, base, by=By.SIBLING)
    yield Attempt("STRANGER", "it is issued by somebody unknown", place, NO, base, by=By.STRANGER)
    told = "it is issued under the name of its issuer, with another key"
    yield Attempt("IMPOSTOR", told, base.issuing.origin, NO, base, by=By.IMPOSTOR, only_signed=True)


def _lengths(base: Base) -> Iterator[Attempt]:
    """How many authorities may stand below the issuer: as many as the narrowest of all limits says."""
    issuing, anchor = base.issuing, base.issuing.anchor
    depth = len(issuing.above)
    limits: list[tuple[int, str]] = [(base.configuration.engine.max_path - 1 - depth, "engine.max_path")]
    if base.source.issuer_must_be_anchor:
        limits.append((0, f"{base.source_place}.issuer_must_be_anchor"))
    if anchor.controls.path_len is not None:
        limits.append((anchor.controls.path_len - depth, f"stores.anchors.{anchor.id}.controls.path_len"))
    certificates = list(issuing.above)
    if anchor.kind is AnchorKind.CA and anchor.cert.certificate:
        certificates.insert(0, anchor.cert.certificate)
    for above, each in enumerate(certificates):
        stated = path_extensions(each.der).path_length
        if stated is not None:
            place = f"stores.anchors.{anchor.id}.cert" if len(certificates) - above > depth else issuing.origin
            limits.append((stated - (len(certificates) - 1 - above), place))
    room = min(limit for limit, _place in limits)
    narrowest = [place for limit, place in limits if limit == room]
    if not 0 <= room < MAX_BELOW:
        return
    if room:
        told = f"{room} {'authority stands' if room == 1 else 'authorities stand'} below its issuer"
        yield Attempt("PATH_LENGTH", told, narrowest[0], YES, base, by=By.BELOW, below=room)
    many = room + 1
    told = f"{many} {'authority stands' if many == 1 else 'authorities stand'} below its issuer"
    for place in narrowest:
        yield Attempt("PATH_LENGTH", told, place, NO, base, by=By.BELOW, below=many)


def _periods(base: Base) -> Iterator[Attempt]:
    """The edges of the time in which the authority counts; those beyond another edge decide nothing."""
    issuing, anchor, skew = base.issuing, base.issuing.anchor, base.skew
    place = f"stores.anchors.{anchor.id}.trusted"
    since, until = issuing.since, issuing.until
    if since is not None:
        rule = f"{place}.from" if since == anchor.trusted.since else f"{issuing.origin}.cert"
        told = "asked about when its issuer begins to count"
        yield Attempt("ISSUER_BEGINS", told, rule, YES, moved(base, since - skew))
        yield Attempt("ISSUER_BEGINS", f"{told}, a second sooner", rule, NO, moved(base, since - skew - a_second()))
    if until is not None:
        told = "asked about when its issuer ceases to count"
        if until == anchor.trusted.until:  # the configuration's end is exclusive, that of a certificate is included
            rule, last = f"{place}.until", until + skew - a_second()
        else:
            rule, last = f"{issuing.origin}.cert", until + skew
        at_the_end, longest = moved(base, last), base.rule.leaf.max_lifetime
        # who must have issued it long before can't have issued anything that is valid until then
        if longest is None or at_the_end.draft.until - at_the_end.draft.since < longest:
            yield Attempt("ISSUER_ENDS", told, rule, YES, at_the_end)
            yield Attempt("ISSUER_ENDS", f"{told}, a second later", rule, NO, moved(base, last + a_second()))
    issued = anchor.trusted.for_certs_issued_before
    if issued is not None and (until is None or issued < until) and (since is None or issued > since):
        rule = f"{place}.for_certs_issued_before"
        for told, start, expected in (
            ("issued a second before its issuer is distrusted", issued - a_second(), YES),
            ("issued when its issuer is distrusted", issued, NO),
        ):
            later = moved(base, issued)
            draft = replace(later.draft, since=whole(start))
            yield Attempt("ISSUED_BEFORE", told, rule, expected, replace(later, draft=draft, at=whole(issued)))


def _constraints(base: Base) -> Iterator[Attempt]:
    """Names that the controls of the anchor don't permit, or exclude; policies that it isn't trusted for."""
    controls, place = base.issuing.anchor.controls, f"stores.anchors.{base.issuing.anchor.id}.controls"
    forms = {each.partition(":")[0] for each in controls.permitted or ()}
    for form in sorted(forms & set(_OUTSIDE)):
        changed = _also_named(base, _TREES[form], _OUTSIDE[form])
        told = f"it also has the name {_OUTSIDE[form]}"
        yield Attempt("NAME_NOT_PERMITTED", told, f"{place}.permitted", NO, changed)
    if "directory" in forms:
        changed = replace(base, draft=replace(base.draft, base=None))
        told = "its subject is outside of what is permitted"
        yield Attempt("NAME_NOT_PERMITTED", told, f"{place}.permitted", NO, changed)
    for each in controls.excluded:
        form, _, name = each.partition(":")
        if form == "directory":
            inside = x509.Name.from_rfc4514_string(name)
            changed = replace(base, draft=replace(base.draft, base=inside))
        elif form in _TREES:
            changed = _also_named(base, _TREES[form], _within(form, name))
        else:
            continue
        yield Attempt("NAME_EXCLUDED", f"it has a name within {each}", f"{place}.excluded", NO, changed)
    rule = base.rule.leaf.policies
    explicit = controls.require_explicit_policy or (rule is not None and rule.require_explicit_policy)
    if controls.policies is not None and explicit:
        changed = replace(base, draft=replace(base.draft, policies=(OWN_POLICY,)))
        told = "its policy is none that the anchor is trusted for"
        yield Attempt("POLICY_OF_ANCHOR", told, f"{place}.policies", NO, changed)


def _also_named(base: Base, name: str, text: str) -> Base:
    return replace(base, draft=replace(base.draft, names=(*base.draft.names, (name, text))))


def _within(form: str, name: str) -> str:
    host = name.removeprefix(".")
    if form == "email":
        return name if "@" in name else f"probe@{'mail.' if name.startswith('.') else ''}{host}"
    if form == "uri":
        return f"https://{'www.' if name.startswith('.') else ''}{host}/"
    return f"probe.{host}"


def _revocation(base: Base) -> Iterator[Attempt]:
    rules, place = base.rule.revocation, f"{base.place}.revocation"
    if rules.leaf is not RevocationRule.NO_CHECK:
        yield from _of_leaf(base, place)
    if base.issuing.above and rules.intermediates is not RevocationRule.NO_CHECK:
        revoked = Evidencing(age=timedelta(), revoked="issuer")
        told = "the certificate of its issuer was revoked when it is asked about"
        yield Attempt("ISSUER_REVOKED", told, f"{place}.intermediates", NO, base, evidence=revoked, only_signed=True)


def _of_leaf(base: Base, place: str) -> Iterator[Attempt]:
    rules = base.rule.revocation
    unknown = {OnUnknown.REJECT: NO, OnUnknown.INDETERMINATE: UNKNOWN, OnUnknown.ACCEPT: YES}[rules.on_unknown]

    def asked(kind: str, told: str, key: str, expected: Outcome, evidence: Evidencing, shift: int = 0) -> Attempt:
        when = replace(base, at=base.at + a_second(shift))
        return Attempt(kind, told, f"{place}.{key}", expected, when, evidence=evidence, only_signed=True)

    yield asked("REVOKED", "asked about a second before it was revoked", "leaf", YES, Evidencing(), -1)
    revoked = Evidencing(age=timedelta(), revoked="leaf")
    yield asked("REVOKED", "asked about when it was revoked", "leaf", NO, revoked)
    told = "nobody says whether it was revoked"
    yield asked("STATUS_UNKNOWN", told, "on_unknown", unknown, Evidencing(Source.NONE))
    for source, alone, enough in (
        (Source.CRL, "a CRL", {RevocationRule.CRL_REQUIRED, RevocationRule.CRL_OR_OCSP_REQUIRED}),
        (Source.OCSP, "an OCSP response", {RevocationRule.OCSP_REQUIRED, RevocationRule.CRL_OR_OCSP_REQUIRED}),
    ):
        expected = YES if rules.leaf in {*enough, RevocationRule.CHECK_IF_DECLARED} else unknown
        told = f"{alone} says that it is good, and nothing else does"
        yield asked("STATUS_BY_ONE", told, "leaf", expected, Evidencing(source))
    if rules.freshness is not None:
        told = f"the evidence is {rules.freshness} old"
        within, beyond = Evidencing(age=rules.freshness), Evidencing(age=rules.freshness + a_second())
        yield asked("EVIDENCE_AGE", told, "freshness", YES, within)
        yield asked("EVIDENCE_AGE", f"{told} and a second", "freshness", unknown, beyond)


def _metadata(base: Base) -> Iterator[Attempt]:
    """What an SMP asserts counts for the encryption key only."""
    metadata = base.configuration.roles.smp_metadata
    if base.role is not Role.AP_ENCRYPT or metadata is None:
        return
    place, use = "roles.smp-metadata.endpoint_certificate", metadata.endpoint_certificate
    expected = NO if use is EndpointCertificate.PIN else YES
    told = "the SMP names another certificate"
    yield Attempt("NOT_ASSERTED", told, place, expected, base, asserted=Asserted.OTHER)
    expected = YES if use is EndpointCertificate.ANCHOR else NO
    told = "it is issued by somebody unknown, and the SMP names it"
    yield Attempt("ASSERTED", told, place, expected, base, by=By.STRANGER, asserted=Asserted.THIS)
