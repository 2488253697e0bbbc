# SPDX-License-Identifier: Apache-2.0
"""Probes of what the certificate itself must be: its dates, usages, policies, algorithms, lifetime and names."""

from collections.abc import Iterator
from dataclasses import replace

from trust_lists.certificates.usage import ANY_PURPOSE
from trust_lists.evaluation.comparison.probing.attempts import NO, UNKNOWN, YES, Attempt
from trust_lists.evaluation.comparison.probing.bases import OWN_POLICY, Base
from trust_lists.evaluation.comparison.probing.keys import HASHES, outside
from trust_lists.evaluation.comparison.probing.minting import a_second
from trust_lists.evaluation.comparison.probing.patterns import unfitting
from trust_lists.evaluation.decisions.model import Outcome
from trust_lists.evaluation.trust_configuration.format import PURPOSES
from trust_lists.evaluation.trust_configuration.model import Answer, Usage

_NAMES = {oid: name for name, oid in PURPOSES.items()}


def leaf_attempts(base: Base) -> Iterator[Attempt]:
    """All of them for one base."""
    yield Attempt("BASE", "nothing is changed", f"{base.place}.accept", YES, base)
    yield from _dates(base)
    yield from _key_usage(base)
    yield from _purposes(base)
    yield from _policies(base)
    yield from _algorithms(base)
    yield from _lifetime(base)
    yield from _names(base)


def _dates(base: Base) -> Iterator[Attempt]:
    skew, rule = base.skew, "engine.clock_skew"
    edges = (
        ("EXPIRED", "asked about at the end of its validity", base.draft.until + skew, a_second()),
        ("NOT_YET_VALID", "asked about at the beginning of its validity", base.draft.since - skew, -a_second()),
    )
    for kind, told, edge, beyond in edges:
        yield Attempt(kind, told, rule, YES, replace(base, at=edge))
        yield Attempt(kind, f"{told}, and a second beyond", rule, NO, replace(base, at=edge + beyond))


def _key_usage(base: Base) -> Iterator[Attempt]:
    rule, place = base.rule.leaf.key_usage, f"{base.place}.leaf.key_usage"
    if rule is None:
        return
    own = base.draft.usages or frozenset()
    for each in rule.required:
        # something stays, since a key usage without any usage is an encoding error
        rest = own - {each.value} or {_free(each.value, rule.forbidden)}
        changed = replace(base, draft=replace(base.draft, usages=frozenset(rest)))
        yield Attempt("KEY_USAGE_MISSING", f"its key is not for {each.value}", f"{place}.all", NO, changed)
    for each in rule.forbidden:
        more = own | {each.value}
        if each in {Usage.ENCIPHER_ONLY, Usage.DECIPHER_ONLY}:
            more |= {Usage.KEY_AGREEMENT.value}
        changed = replace(base, draft=replace(base.draft, usages=more))
        yield Attempt("KEY_USAGE_FORBIDDEN", f"its key is for {each.value} too", f"{place}.none", NO, changed)
    changed = replace(base, draft=replace(base.draft, usages=None))
    expected = YES if rule.absent is Answer.ACCEPT else NO
    yield Attempt("KEY_USAGE_ABSENT", "it has no key usage", f"{place}.absent", expected, changed)


def _free(missing: str, forbidden: tuple[Usage, ...]) -> str:
    barred = {missing, *(each.value for each in forbidden)}
    return next((each.value for each in Usage if each.value not in barred), missing)


def _purposes(base: Base) -> Iterator[Attempt]:
    rule, place = base.rule.leaf.eku, f"{base.place}.leaf.eku"
    if rule is None:
        return
    wrong = next((oid for oid in PURPOSES.values() if oid not in rule.one_of), OWN_POLICY)
    variants = (
        ("EKU_WRONG", f"its only purpose is {_NAMES.get(wrong, wrong)}", "any", (wrong,), NO),
        ("EKU_ABSENT", "it has no extended key usage", "absent", None, _says(rule.absent)),
        ("EKU_ANY", "its only purpose is anyExtendedKeyUsage", "any_eku", (ANY_PURPOSE,), _says(rule.any_eku)),
    )
    for kind, told, key, purposes, expected in variants:
        changed = replace(base, draft=replace(base.draft, purposes=purposes))
        yield Attempt(kind, told, f"{place}.{key}", expected, changed)


def _says(answer: Answer) -> Outcome:
    return YES if answer is Answer.ACCEPT else NO


def _policies(base: Base) -> Iterator[Attempt]:
    rule, place = base.rule.leaf.policies, f"{base.place}.leaf.policies"
    if rule is None:
        return
    if rule.one_of is not None or rule.require_explicit_policy:
        changed = replace(base, draft=replace(base.draft, policies=()))
        key = "require_explicit_policy" if rule.require_explicit_policy else "any"
        yield Attempt("POLICY_MISSING", "it has no policy", f"{place}.{key}", NO, changed)
    if rule.one_of is not None:
        changed = replace(base, draft=replace(base.draft, policies=(OWN_POLICY,)))
        yield Attempt("POLICY_OTHER", "its policy is another one", f"{place}.any", NO, changed)


def _algorithms(base: Base) -> Iterator[Attempt]:
    rule, place = base.rule.leaf.algorithms, f"{base.place}.leaf.algorithms"
    if rule is None:
        return
    for kind in outside(rule.keys):
        yield Attempt("KEY_WEAK", f"its key is {kind}", f"{place}.keys", NO, base, key_kind=kind)
    wrong = next((name for name in HASHES if name not in rule.hashes), None)
    if wrong is not None:
        changed = replace(base, draft=replace(base.draft, hash=wrong))
        yield Attempt("HASH_WEAK", f"it is signed with {wrong}", f"{place}.hashes", NO, changed)


def _lifetime(base: Base) -> Iterator[Attempt]:
    longest, place = base.rule.leaf.max_lifetime, f"{base.place}.leaf.max_lifetime"
    if longest is None:
        return
    end = base.draft.since + longest
    told = f"it is valid for {longest.days} days"
    within = replace(base, draft=replace(base.draft, until=end))
    beyond = replace(base, draft=replace(base.draft, until=end + a_second()))
    yield Attempt("LIFETIME", told, place, YES, within)
    yield Attempt("LIFETIME", f"{told} and a second", place, NO, beyond)


def _names(base: Base) -> Iterator[Attempt]:
    for rule, place in base.subject_rules:
        for name, pattern in rule.match.items():
            wrong = unfitting(pattern)
            if wrong is None:
                continue
            names = tuple((key, wrong if key == name else text) for key, text in base.draft.names)
            context = {key: wrong if rule.bind.get(name) is key else text for key, text in base.context.items()}
            changed = replace(base, draft=replace(base.draft, names=names), context=context)
            yield Attempt("SUBJECT_MISMATCH", f"its {name} is {wrong}", f"{place}.match.{name}", NO, changed)
        for name, bound in rule.bind.items():
            other = {**base.context, bound: "somebody else"}
            unknown = {key: text for key, text in base.context.items() if key is not bound}
            told = f"{bound.value} is not what its {name} is"
            yield Attempt("SUBJECT_NOT_BOUND", told, f"{place}.bind.{name}", NO, replace(base, context=other))
            told = f"{bound.value} is not known"
            yield Attempt("CONTEXT_MISSING", told, f"{place}.bind.{name}", UNKNOWN, replace(base, context=unknown))
