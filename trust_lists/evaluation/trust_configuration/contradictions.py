# SPDX-License-Identifier: Apache-2.0
"""What a configuration says against itself: each value is well formed, and together they can't be meant.

Errors are what no two people would understand in the same way, or what is surely a mistake; warnings are what may be
meant, and should be looked at.
"""

import re
from collections.abc import Callable, Iterator
from difflib import get_close_matches

from trust_lists.errors import CertificateError
from trust_lists.evaluation.trust_configuration.acceptance import bounded, leaves, operator, parts, someone
from trust_lists.evaluation.trust_configuration.model import Role
from trust_lists.evaluation.trust_configuration.places import Complaint, Place
from trust_lists.evaluation.trust_configuration.subtrees import subtree

_STORES = {
    "anchors": "path",
    "lists": "list",
    "saml_metadata": "saml_metadata",
    "openid_federation": "openid_federation",
    "pins": "pin",
}
"""The stores with ids, and the sources that refer to them."""
_COMPARED = 20
"""Ids that one may be meant of, since comparing takes time."""

Complaints = Iterator[Complaint]


def contradictions(root: Place) -> Complaints:
    """All that can't be meant."""
    for check in _CHECKS:
        yield from check(root)


def questionable(root: Place) -> Complaints:
    """All that can be meant and hardly is: rules that accept nobody, entries that nobody refers to."""
    yield from _nobody(root)
    yield from _unused(root)
    yield from _weakly_denied(root)


def _stores(root: Place) -> Iterator[tuple[str, Place]]:
    for store in _STORES:
        for entry in root.at("stores").at(store).items():
            yield store, entry


def _rules(root: Place) -> Iterator[tuple[Role, Place]]:
    for role in Role:
        if rule := root.at("roles").at(role.value):
            yield role, rule


def _ids(root: Place, store: str) -> dict[str, Place]:
    found = {entry.at("id").text: entry for each, entry in _stores(root) if each == store}
    return {key: entry for key, entry in found.items() if key}


def _references(root: Place) -> Iterator[tuple[Role, str, Place]]:
    """Every id that a rule refers to: the role, the store, and where it stands."""
    for role, rule in _rules(root):
        for leaf in leaves(rule.at("accept")):
            key, inner = operator(leaf)
            named = inner.at("to" if key == "path" else "in") if key in {"path", "list"} else inner
            for store, source in _STORES.items():
                if source == key:
                    yield from ((role, store, each) for each in named.items() if each.text)


def _ids_twice(root: Place) -> Complaints:
    seen: dict[str, str] = {}
    entries = [entry for _store, entry in _stores(root)]
    for entry in (*entries, *root.at("effective").at("deviations").items()):
        place = entry.at("id")
        if place.text and (first := seen.setdefault(place.text, place.path)) != place.path:
            yield Complaint(place.path, f"the id {place.text} stands at {first} already")


def _unknown_references(root: Place) -> Complaints:
    stores = {store: _ids(root, store) for store in _STORES}
    for role, store, place in _references(root):
        known = stores[store]
        if place.text not in known:
            near = get_close_matches(place.text, list(known)[:_COMPARED], 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            yield Complaint(place.path, f"there is no {place.text} among stores.{store}{hint}")
        elif store == "pins":
            roles = [each.text for each in known[place.text].at("roles").items()]
            if role.value not in roles:
                yield Complaint(place.path, f"the pin {place.text} is not for {role.value}")


def _denied(root: Place) -> Complaints:
    denied = {each.text: each.path for each in root.at("stores").at("deny").at("cert_sha256").items() if each.text}
    named = [
        (entry.at("cert").at("sha256") if store == "anchors" else entry.at("cert_sha256"), entry.at("id").text)
        for store, entry in _stores(root)
        if store in {"anchors", "pins"}
    ]
    for place, name in named:
        if place.text in denied:
            yield Complaint(place.path, f"{name} is also denied, at {denied[place.text]}")


def _periods(root: Place) -> Complaints:
    for store, entry in _stores(root):
        period = entry.at("trusted" if store == "anchors" else "valid")
        start, end = period.at("from").text, period.at("until").text
        if start and end and start >= end:
            yield Complaint(period.at("until").path, f"it ends at {end}, and begins at {start}")


def _controls(root: Place) -> Complaints:
    for entry in _ids(root, "anchors").values():
        controls = entry.at("controls")
        excluded = {each.text for each in controls.at("excluded").items()}
        for name in (*controls.at("permitted").items(), *controls.at("excluded").items()):
            if name.path.startswith(controls.at("permitted").path) and name.text in excluded:
                yield Complaint(name.path, f"{name.text} is also excluded")
            if name.text and (problem := _wrong_subtree(name.text)):
                yield Complaint(name.path, problem)


def _wrong_subtree(name: str) -> str:
    try:
        subtree(name)
    except CertificateError as error:
        return str(error)
    return ""


def _lists(root: Place) -> Complaints:
    for entry in _ids(root, "lists").values():
        if entry.at("pivots").value is True and entry.at("kind").text != "lotl":
            yield Complaint(entry.at("pivots").path, "only a list of lists has pivots (TS 119 615 PRO-4.1.4)")


def _expressions(root: Place) -> Complaints:
    kinds = {key: entry.at("as").text for key, entry in _ids(root, "anchors").items()}
    for role, rule in _rules(root):
        yield from _combined(rule.at("accept"))
        if rule.at("accept") and not bounded(rule.at("accept")):
            yield Complaint(
                rule.at("accept").path,
                f"{role.value} would accept whoever isn't named; put it into an all_of with a source",
            )
        for leaf in leaves(rule.at("accept")):
            path = leaf.at("path")
            for each in path.at("to").items():
                if path.at("issuer_must_be_anchor").value is True and kinds.get(each.text) == "end-entity":
                    yield Complaint(each.path, f"{each.text} is no authority, and can't be the issuer")


def _combined(place: Place) -> Complaints:
    key, inner = operator(place)
    if key == "quorum" and inner.at("least").number > len(inner.at("of").items()):
        count = len(inner.at("of").items())
        yield Complaint(inner.at("least").path, f"{inner.at('least').number} of {count} parts can never accept")
    for part in parts(place):
        yield from _combined(part)


def _leaves(root: Place) -> Complaints:
    for _role, rule in _rules(root):
        leaf = rule.at("leaf")
        named = (operator(each) for each in leaves(rule.at("accept")))
        forbidden = {each.text for each in leaf.at("key_usage").at("none").items()}
        for usage in leaf.at("key_usage").at("all").items():
            if usage.text in forbidden:
                yield Complaint(usage.path, f"{usage.text} is both demanded and forbidden")
        yield from _subject(leaf.at("subject"), "; write any")
        for key, subject in named:
            if key == "subject":
                yield from _subject(subject, "")


def _subject(subject: Place, advice: str) -> Complaints:
    if subject.at("match").value == {} and subject.at("bind").value == {}:
        yield Complaint(subject.path, f"this says nothing about names{advice}")
    for attribute in subject.at("match").entries().values():
        try:
            re.compile(attribute.text)
        except (re.error, OverflowError, RecursionError) as error:
            yield Complaint(attribute.path, f"this is no regular expression: {error}")


def _metadata(root: Place) -> Complaints:
    roles = root.at("roles")
    if not roles.at("smp-metadata"):
        for role in (Role.AP_ENCRYPT, Role.SMP_SIGN):
            if roles.at(role.value):
                yield Complaint(
                    roles.at("smp-metadata").path,
                    f"this is missing: {role.value} needs to know how far SMP documents are believed",
                )
                return


def _nobody(root: Place) -> Complaints:
    for role, rule in _rules(root):
        pins = frozenset(
            key
            for key, entry in _ids(root, "pins").items()
            if role.value in [each.text for each in entry.at("roles").items()]
        )
        eku = rule.at("leaf").at("eku")
        purposeless = eku.at("any").value == [] and {eku.at("absent").text, eku.at("any_eku").text} == {"reject"}
        if not someone(rule.at("accept"), pins) or purposeless:
            yield Complaint(rule.path, f"the role {role.value} can accept nobody")
    if not any(True for _each in _rules(root)):
        yield Complaint("roles", "there is no rule, so that nobody is accepted for anything")


def _weakly_denied(root: Place) -> Complaints:
    place = root.at("stores").at("deny").at("cert_sha256")
    if place.items():
        told = "a digest denies these bytes only, and an ECDSA signature has a twin; name issuer and serial number"
        yield Complaint(place.path, told)


def _unused(root: Place) -> Complaints:
    used = {(store, place.text) for _role, store, place in _references(root)}
    any_pin = {
        role for role, rule in _rules(root) for leaf in leaves(rule.at("accept")) if leaf.at("pin").text == "any"
    }
    for store, entry in _stores(root):
        name = entry.at("id").text
        meant = store == "pins" and any_pin & {each.text for each in entry.at("roles").items()}
        if name and (store, name) not in used and not meant:
            yield Complaint(entry.path, f"no rule refers to {name}")


_CHECKS: tuple[Callable[[Place], Complaints], ...] = (
    _ids_twice,
    _unknown_references,
    _denied,
    _periods,
    _controls,
    _lists,
    _expressions,
    _leaves,
    _metadata,
)
