# SPDX-License-Identifier: Apache-2.0
"""Compares two issues of a list: its sequence, its scheme, its pointers, its providers and services.

Nothing is verified and nothing judged: what is here is what the two documents say.
"""

from collections.abc import Iterator

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.names import COMMON_NAME
from trust_lists.changes.describing import address_texts, digest_texts, extension_texts, language_texts, time_text
from trust_lists.changes.model import Change, Issue, Kind, ListChanges, in_order
from trust_lists.changes.pairing import Pairs
from trust_lists.changes.services import service_changes
from trust_lists.documents.model import Pointer, PointerQualifier, Scheme, TrustedList

Signers = tuple[ListedCertificate | None, ListedCertificate | None]
"""Who signed the former issue and who the later one; None for an issue without a valid signature."""


def compare_lists(before: TrustedList, after: TrustedList, *, signers: Signers | None = None) -> ListChanges:
    """All changes from one issue of a list to another, in the order of their kinds; none where they say the same.

    Signers are compared where they are given.
    """
    changes: list[Change] = []
    if signers is not None and signers[0] != signers[1]:
        names = [(_signer_name(each),) if each else () for each in signers]
        note = "" if all(signers) else "one of the issues has no valid signature"
        changes.append(Change(Kind.SIGNER, names[0], names[1], note=note))
    if before != after:
        changes += _sequence(before, after)
        if before.tag != after.tag:
            changes.append(Change(Kind.SCHEME, (before.tag,), (after.tag,), what="tag"))
        changes += _scheme(before.scheme, after.scheme)
        changes += _pointers(before.scheme.pointers, after.scheme.pointers)
        changes += service_changes(before, after)
    return ListChanges(_issue(before), _issue(after), in_order(changes))


def _issue(document: TrustedList) -> Issue:
    scheme = document.scheme
    services = len(document.services)
    return Issue(scheme.territory, scheme.sequence, scheme.issued_at, scheme.next_update, services, scheme.version)


def _sequence(before: TrustedList, after: TrustedList) -> Iterator[Change]:
    old, new = before.scheme, after.scheme
    numbers = (str(old.sequence),), (str(new.sequence),)
    if new.sequence == old.sequence:
        yield Change(Kind.SEQUENCE, *numbers, note="the same number, another content (§5.3.2)")
    elif new.sequence < old.sequence:
        yield Change(Kind.SEQUENCE, *numbers, note="the number is lower (§5.3.2)")
    elif new.sequence > old.sequence + 1:
        between = new.sequence - old.sequence - 1
        text = "one issue" if between == 1 else f"{between} issues"
        yield Change(
            Kind.SEQUENCE, *numbers, note=f"{text} between them {'was' if between == 1 else 'were'} not compared"
        )
    if new.sequence > old.sequence and new.issued_at < old.issued_at:
        times = (time_text(old.issued_at),), (time_text(new.issued_at),)
        yield Change(Kind.SEQUENCE, *times, what="issue time", note="the higher number was issued earlier")
    if (old.next_update is None) != (new.next_update is None):
        times = (time_text(old.next_update),), (time_text(new.next_update),)
        note = "there will be no further issue" if new.next_update is None else "the list was closed before"
        yield Change(Kind.CLOSED, *times, note=note)


def _scheme(old: Scheme, new: Scheme) -> Iterator[Change]:
    fields = (
        ("version", {str(old.version)}, {str(new.version)}),
        ("type", {old.list_type}, {new.list_type}),
        ("territory", {old.territory}, {new.territory}),
        ("operator", language_texts(old.operator_names), language_texts(new.operator_names)),
        ("operator's address", address_texts(old.operator_address), address_texts(new.operator_address)),
        ("name", language_texts(old.names), language_texts(new.names)),
        ("information URI", language_texts(old.information_uris), language_texts(new.information_uris)),
        ("status determination", {old.status_determination}, {new.status_determination}),
        ("community rules", language_texts(old.community_rules), language_texts(new.community_rules)),
        ("policy", language_texts(old.policies), language_texts(new.policies)),
        ("legal notice", language_texts(old.legal_notices), language_texts(new.legal_notices)),
        ("history kept for days", {str(old.historical_period)}, {str(new.historical_period)}),
        ("distribution point", set(old.distribution_points), set(new.distribution_points)),
        ("extension", extension_texts(old.extensions), extension_texts(new.extensions)),
    )
    for what, one, other in fields:
        if one != other:
            yield Change(Kind.SCHEME, tuple(sorted(one - other)), tuple(sorted(other - one)), what=what)


def _pointers(old: tuple[Pointer, ...], new: tuple[Pointer, ...]) -> Iterator[Change]:
    pairs = Pairs(list(old), list(new))
    pairs.pair(lambda each: (each.territory, each.mime_type, each.list_type, each.location))
    pairs.pair(lambda each: (each.territory, each.mime_type, each.list_type))
    for pointer in pairs.before:
        yield Change(Kind.POINTER_REMOVED, before=(pointer.location,), what=_pointer_name(pointer))
    for pointer in pairs.after:
        yield Change(Kind.POINTER_ADDED, after=(pointer.location,), what=_pointer_name(pointer))
    for one, other in pairs.paired:
        what = _pointer_name(other)
        signers = [{_signer_name(each) for each in pointer.certificates} for pointer in (one, other)]
        if signers[0] != signers[1]:
            gone, came = (tuple(sorted(signers[first] - signers[1 - first])) for first in (0, 1))
            yield Change(Kind.POINTER_SIGNERS, gone, came, what=what)
        for name, earlier, later in (
            ("location", {one.location}, {other.location}),
            ("operator", language_texts(one.operator_names), language_texts(other.operator_names)),
            ("community rules", language_texts(one.community_rules), language_texts(other.community_rules)),
            ("text", language_texts(one.texts), language_texts(other.texts)),
            ("other information", digest_texts(one.other), digest_texts(other.other)),
            ("further qualifier", _qualifier_texts(one), _qualifier_texts(other)),
        ):
            if earlier != later:
                values = tuple(sorted(earlier - later)), tuple(sorted(later - earlier))
                yield Change(Kind.POINTER, *values, what=f"{what}, {name}")


def _qualifier_texts(pointer: Pointer) -> frozenset[str]:
    return frozenset(
        " ".join((each.territory, each.mime_type, each.list_type, *sorted(_texts(each)))).strip()
        for each in pointer.more_qualifiers
    )


def _texts(qualifier: PointerQualifier) -> frozenset[str]:
    return language_texts(qualifier.operator_names + qualifier.community_rules)


def _pointer_name(pointer: Pointer) -> str:
    return f"{pointer.territory or '(no territory)'} {pointer.mime_type.rpartition('/')[2]}".rstrip()


def _signer_name(certificate: ListedCertificate) -> str:
    names = certificate.subject_values(COMMON_NAME) or (certificate.subject_text,)
    return f"{names[0]} {certificate.sha256}"
