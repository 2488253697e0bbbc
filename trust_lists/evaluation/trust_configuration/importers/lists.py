# SPDX-License-Identifier: Apache-2.0
"""Trust configurations from a list (TS 119 612, TS 119 602): as a list to follow, or as the anchors it has today.

A list to follow is right tomorrow as well; anchors are what a list said at a time, and nobody takes them back.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.revocation.rules import RevocationRule
from trust_lists.documents import vocabulary
from trust_lists.documents.model import Dialect, TrustedList
from trust_lists.documents.reading import read_unverified
from trust_lists.errors import ConfigurationError
from trust_lists.evaluation.services import state_at
from trust_lists.evaluation.trust_configuration.importers.building import OPEN_LEAF, Draft, Imported, revocation
from trust_lists.evaluation.trust_configuration.model import (
    AnchorKind,
    EndpointCertificate,
    Listed,
    ListKind,
    OnExpired,
    PathTo,
    Role,
    RoleRule,
    ServiceMatch,
    Source,
    TrustedListSource,
    UrlOrFile,
)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which services count: their types and statuses, by URI; none: any."""

    service_types: Collection[str] = ()
    statuses: Collection[str] = ()


def import_list_source(
    data: bytes,
    location: UrlOrFile,
    signers: Collection[ListedCertificate],
    roles: Collection[Role],
    chosen: Chosen,
    *,
    name: str = "trusted-list",
) -> Imported:
    """A configuration that follows the list, as long as one of `signers` signs it.

    Raises ListRefusedError, XmlRefusedError and JsonRefusedError for what is no list, and ConfigurationError where
    nobody is named who signs it: whom to believe is never taken from the list itself.
    """
    found = read_unverified(data)
    if not signers:
        raise ConfigurationError(("say who signs the list; a list can't say it of itself",))
    draft = Draft(name, "domain-trusted-list")
    kind = _kind(found)
    draft.lists.append(
        TrustedListSource(
            id="list",
            kind=kind,
            location=location,
            signers=tuple(draft.reference(each) for each in signers),
            pivots=kind is ListKind.LOTL,
            territories=None,
            service_types=tuple(sorted(chosen.service_types)) or None,
            statuses=tuple(sorted(chosen.statuses)) or None,
            max_age=timedelta(days=1),
            on_expired=OnExpired.REJECT,
        )
    )
    if location.file:
        draft.files[location.file] = data
    draft.lost.append("max_age is one day, and an expired list is not used: see whether that is what you want")
    return _finished(draft, Listed(("list",), ServiceMatch.EITHER, None), roles)


def import_list_anchors(
    data: bytes, roles: Collection[Role], chosen: Chosen, at: datetime, *, name: str = "trusted-list"
) -> Imported:
    """A configuration with the services as anchors (key and name) that have one of the statuses at `at`.

    Each is trusted from the time at which its status began. Raises as `import_list_source` does.
    """
    found = read_unverified(data)
    draft = Draft(name, "ca-whitelist")
    draft.lost.append("nobody has verified the signature of the list on the way: do that before (trust-lists verify)")
    ids: dict[str, None] = {}
    for service in found.services:
        state = state_at(service, at)
        if state is None or not _counts(state.type, state.status, chosen):
            continue
        if found.dialect is Dialect.TS_119_612 and state.starting_time is None:
            draft.lost.append("a service doesn't say since when it has its status; it is left out")
            continue
        certificates = service.current.identity.certificates  # the history has none (TS 119 612 §5.6.3)
        if not certificates:
            draft.lost.append(f"a service of the type {state.type} has no certificate; it is left out")
        for certificate in certificates[:1]:
            ids[draft.anchor(certificate, AnchorKind.KEY_AND_NAME, since=state.starting_time)] = None
    if not ids:
        raise ConfigurationError(("no service of the list has the type and status at that time",))
    draft.lost.append("what the list says later, and of qualified certificates, does not reach this configuration")
    return _finished(draft, PathTo(tuple(ids), issuer_must_be_anchor=False), roles)


def _finished(draft: Draft, accept: Source, roles: Collection[Role]) -> Imported:
    draft.lost.append("a list says nothing of key usage, purposes and names; they are any")
    declared = revocation(RevocationRule.CHECK_IF_DECLARED, RevocationRule.CHECK_IF_DECLARED)
    rules = {role: RoleRule(accept, OPEN_LEAF, declared) for role in roles}
    return draft.finish(rules, EndpointCertificate.HINT, allow_wider=False)


def _kind(found: TrustedList) -> ListKind:
    if found.dialect is not Dialect.TS_119_612:
        return ListKind.LOTE
    is_lotl = found.scheme.list_type == vocabulary.EU_LIST_OF_LISTS or (found.scheme.pointers and not found.providers)
    return ListKind.LOTL if is_lotl else ListKind.TL


def _counts(service_type: str, status: str, chosen: Chosen) -> bool:
    return (not chosen.service_types or service_type in chosen.service_types) and (
        not chosen.statuses or status in chosen.statuses
    )
