# SPDX-License-Identifier: Apache-2.0
"""Which provider, and which service, of one issue is which of the next.

A service is its type and its key (TS 119 612 §5.5.3: a new key is a new service); names, certificates and even
providers may change around it. A type and a key can stand in a list more than once, though they shouldn't: then
provider and name tell the entries apart, and at last their order. Services without a key are their URIs, or what else
identifies them.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from trust_lists.certificates.names import comparable_text
from trust_lists.documents.model import DigitalIdentity, Text, TrustedList, TrustService, TrustServiceProvider

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A service with its provider."""

    provider: TrustServiceProvider
    service: TrustService


@dataclass(slots=True)
class Pairs(Generic[_Item]):
    """What belongs together, and what is left on either side."""

    before: list[_Item]
    after: list[_Item]
    paired: list[tuple[_Item, _Item]] = field(default_factory=list)

    def pair(self, key: Callable[[_Item], Hashable | None], *, only_single: bool = False) -> list[tuple[_Item, _Item]]:
        """Pairs what has the same key, not None; several of one key in their order, or not at all.

        Returns the new pairs.
        """
        candidates = _grouped(self.after, key)
        known = _grouped(self.before, key)
        found = [
            pair
            for value, items in known.items()
            if not only_single or len(items) == len(candidates.get(value, ())) == 1
            for pair in zip(items, candidates.get(value, ()), strict=False)
        ]
        gone, came = {id(one) for one, _ in found}, {id(other) for _, other in found}
        self.before = [each for each in self.before if id(each) not in gone]
        self.after = [each for each in self.after if id(each) not in came]
        self.paired += found
        return found


def _grouped(items: Iterable[_Item], key: Callable[[_Item], Hashable | None]) -> dict[Hashable, list[_Item]]:
    groups: dict[Hashable, list[_Item]] = defaultdict(list)
    for item in items:
        if (value := key(item)) is not None:
            groups[value].append(item)
    return groups


def pair_providers(before: TrustedList, after: TrustedList) -> Pairs[TrustServiceProvider]:
    """Providers by names, else by official identifiers, else by the keys of their services; each at most once."""
    pairs = Pairs(list(before.providers), list(after.providers))
    pairs.pair(lambda provider: names_of(provider.names))
    pairs.pair(_official_identifiers, only_single=True)
    _pair_by_services(pairs)
    return pairs


def pair_services(before: TrustedList, after: TrustedList) -> Pairs[Entry]:
    """Services by type and key."""
    pairs = Pairs(_entries(before), _entries(after))
    # most are as they were: their bytes are compared before keys are cut out of certificates
    pairs.pair(lambda each: (_certificates(each), names_of(each.provider.names), names_of(each.service.current.names)))
    pairs.pair(lambda each: (identity_of(each), names_of(each.provider.names), names_of(each.service.current.names)))
    pairs.pair(lambda each: (identity_of(each), names_of(each.provider.names)))
    pairs.pair(identity_of)
    return pairs


def identity_of(entry: Entry) -> Hashable:
    """Type and key of a service; without a key, whatever else identifies it."""
    state = entry.service.current
    return state.type, keys_of(state.identity) or _without_key(state.identity) or names_of(state.names)


def keys_of(identity: DigitalIdentity) -> frozenset[bytes]:
    """The keys (SubjectPublicKeyInfo) of an identity; a certificate too damaged to give its key stands for itself."""
    return frozenset(each.key or each.der for each in identity.certificates)


def names_of(texts: tuple[Text, ...]) -> frozenset[str]:
    """Names as they are compared, whatever their languages."""
    return frozenset(comparable_text(each.value) for each in texts)


def _entries(document: TrustedList) -> list[Entry]:
    return [Entry(provider, service) for provider in document.providers for service in provider.services]


def _certificates(entry: Entry) -> Hashable | None:
    state = entry.service.current
    found = frozenset(each.sha256 for each in state.identity.certificates)
    return (state.type, found) if found else None


def _without_key(identity: DigitalIdentity) -> frozenset[str | bytes]:
    return frozenset((*identity.other, *identity.key_values, *identity.skis, *identity.subject_names))


def _official_identifiers(provider: TrustServiceProvider) -> Hashable | None:
    found = {each.value.strip().upper() for each in provider.trade_names}
    return frozenset(each for each in found if each[5:6] == "-" and each[:5].isalpha()) or None


def _pair_by_services(pairs: Pairs[TrustServiceProvider]) -> None:
    """Pairs providers each of which shares more keys with the other than with anybody else."""
    old, new = _owners(pairs.before), _owners(pairs.after)
    shared = Counter((old[key], new[key]) for key in old.keys() & new.keys())
    best_new = _favourites({(one, other): count for (one, other), count in shared.items()})
    best_old = _favourites({(other, one): count for (one, other), count in shared.items()})
    partners = {
        provider: (one, other)
        for one, other in best_new.items()
        if best_old.get(other) == one
        for provider in (one, other)
    }
    pairs.pair(lambda provider: partners.get(id(provider)))


def _owners(providers: list[TrustServiceProvider]) -> dict[bytes, int]:
    """Who has a key, by identity; keys that several have tell nothing."""
    owners: dict[bytes, set[int]] = defaultdict(set)
    for provider in providers:
        for key in _keys(provider):
            owners[key].add(id(provider))
    return {key: next(iter(found)) for key, found in owners.items() if len(found) == 1}


def _favourites(shared: dict[tuple[int, int], int]) -> dict[int, int]:
    """With whom each shares most; nobody where two are equal."""
    ranked: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for (one, other), count in shared.items():
        ranked[one].append((count, other))
    best = {one: sorted(found, reverse=True)[:2] for one, found in ranked.items()}
    return {one: found[0][1] for one, found in best.items() if len(found) == 1 or found[0][0] > found[1][0]}


def _keys(provider: TrustServiceProvider) -> frozenset[bytes]:
    return frozenset(key for service in provider.services for key in keys_of(service.current.identity))
