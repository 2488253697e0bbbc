# SPDX-License-Identifier: Apache-2.0
"""A configuration whose sources say what they are made to say: for an attacker's certificate, or for nobody's.

Who signs a list, metadata or statements decides what stands in them, and with that whom they vouch for. So a pin of the
certificate beside the source stands for a forged entry, whatever kind of source it is; all that the rule of the role
asks beyond that is judged as ever.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.evaluation.blast_radius.components import Component, Kind
from trust_lists.evaluation.blast_radius.network import Party
from trust_lists.evaluation.blast_radius.sources import source_ids, with_leaves
from trust_lists.evaluation.trust_configuration.model import (
    AnyOf,
    InFederation,
    InMetadata,
    Listed,
    Pin,
    Pinned,
    Role,
    Source,
    TrustConfiguration,
    Validity,
)

_ALL_ROLES = tuple(Role)


@dataclass(frozen=True, slots=True)
class Shown:
    """A certificate whose key somebody has."""

    certificate: ListedCertificate
    claimed_by: bytes | None = None
    """The key that it is said to be signed with; None: its signature is verified."""
    party: Party | None = None
    """Whose regular certificate it is; None: the attacker's own."""


def vouching_otherwise(
    configuration: TrustConfiguration,
    components: Mapping[str, Component],
    shown: Sequence[Shown],
    powers: Iterable[str],
    withdrawn: Iterable[str],
) -> TrustConfiguration:
    """The configuration in which the sources that are `powers` vouch for the attacker's certificates among `shown`.

    All others vouch for the regular certificates of parties, but for those that are `withdrawn`.
    """
    stores = configuration.stores
    pins = [_pin(number, each) for number, each in enumerate(shown)]
    change = _Changed(components, stores.pins, pins, frozenset(powers), frozenset(withdrawn))
    return with_leaves(replace(configuration, stores=replace(stores, pins=(*stores.pins, *change.pins))), change)


@dataclass(frozen=True, slots=True)
class _Changed:
    """What a leaf of an expression becomes."""

    components: Mapping[str, Component]
    own_pins: tuple[Pin, ...]
    made: Sequence[tuple[Pin, Party | None]]
    powers: frozenset[str]
    withdrawn: frozenset[str]

    @property
    def pins(self) -> Iterator[Pin]:
        """All that the changed expressions refer to: bound to their party, and not."""
        for pin, _party in self.made:
            yield from (pin, replace(pin, id=f"{pin.id}.any", party=None))

    def __call__(self, leaf: Source) -> Source:
        if isinstance(leaf, Pinned):
            return self._pinned(leaf)
        if not isinstance(leaf, Listed | InMetadata | InFederation):
            return leaf
        signers = [{each.id for each in self.components.values() if each.source == name} for name in source_ids(leaf)]
        ids = []
        for pin, party in self.made:
            if party is None and any(each & self.powers for each in signers):
                ids.append(f"{pin.id}.any")
            # what a party has is in a list for everybody, and in metadata for itself
            if party is not None and not all(each & self.withdrawn for each in signers):
                ids.append(f"{pin.id}.any" if isinstance(leaf, Listed) else pin.id)
        return AnyOf((leaf, Pinned(tuple(ids)))) if ids else leaf

    def _pinned(self, leaf: Pinned) -> Pinned:
        meant = [each for each in self.own_pins if leaf.ids is None or each.id in leaf.ids]
        stores = {each.id for each in self.components.values() if each.kind is Kind.PIN_STORE}
        if stores & self.withdrawn:
            return Pinned(())
        parties = {each.party for each in meant}
        ids = [each.id for each in meant]
        for pin, party in self.made:
            if party is None and stores & self.powers:
                ids.append(f"{pin.id}.any")
            if party is not None and pin.party in parties:
                ids.append(pin.id)
        return Pinned(tuple(ids))


def _pin(number: int, shown: Shown) -> tuple[Pin, Party | None]:
    party = shown.party.id if shown.party else None
    name = f"hypothesis.{number}"
    return Pin(name, party, shown.certificate.sha256, _ALL_ROLES, Validity(None, None)), shown.party
