# SPDX-License-Identifier: Apache-2.0
"""What can be compromised in a network under a configuration: each key, store or database that somebody keeps.

The key of an authority counts once, whatever anchors and certificates it stands in. The key of a party itself is no
component: whoever has it is that party. What only a configuration's label says is never looked at.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.path_extensions import path_extensions
from trust_lists.evaluation.blast_radius.network import Locator, Network, Transport
from trust_lists.evaluation.blast_radius.sources import all_leaves, source_ids
from trust_lists.evaluation.trust_configuration.model import (
    AnchorKind,
    InFederation,
    InMetadata,
    Json,
    Listed,
    ListKind,
    PathTo,
    Pinned,
    Role,
    TrustConfiguration,
)

SML_DATABASE, DNS_ZONE, TLS_AUTHORITY = "sml-database", "dns-zone", "tls-authority"


class Kind(StrEnum):
    """What kind of thing it is."""

    ANCHOR = "anchor"
    AUTHORITY = "authority"
    """Below an anchor."""
    LIST_SIGNER = "list signer"
    LOTL_SIGNER = "LOTL signer"
    NATIONAL_LIST_SIGNER = "national list signer"
    METADATA_SIGNER = "metadata signer"
    FEDERATION_ANCHOR = "federation anchor"
    SMP_KEY = "SMP key"
    SML_DATABASE = "SML database"
    DNS_ZONE = "DNS zone"
    TLS_AUTHORITY = "TLS authority"
    PIN_STORE = "pin store"


@dataclass(frozen=True, slots=True)
class Component:
    """Something that can be compromised: whoever has it can make it say, sign or hold what he wants."""

    id: str
    kind: Kind
    title: str
    certificates: tuple[ListedCertificate, ...] = ()
    """Of an authority: all that certify its key."""
    source: str = ""
    """The id of the list, metadata or federation source whose signer it is."""
    party: str = ""
    """Whose it is: an SMP, or the relying party of a pin store."""

    @property
    def authority(self) -> bool:
        """Whether it is a key that certificates are issued with."""
        return self.kind in {Kind.ANCHOR, Kind.AUTHORITY}

    def to_json(self) -> dict[str, Json]:
        """In values that `json.dumps` takes."""
        digests: list[Json] = [each.sha256 for each in self.certificates]
        return {"id": self.id, "kind": self.kind.value, "title": self.title, "certificates": digests}


def components_of(
    configuration: TrustConfiguration, network: Network, certificates: Iterable[ListedCertificate] = ()
) -> tuple[Component, ...]:
    """All of them, in the order in which reports name them.

    The anchors of `configuration` have their certificates; authorities among `certificates` count as well, since any
    of them may turn out to stand below an anchor.
    """
    return (
        *_authorities(configuration, certificates),
        *_signers(configuration),
        *_delivery(configuration, network),
        *_pin_stores(configuration, network),
    )


def is_authority(certificate: ListedCertificate) -> bool:
    """Whether a certificate says that its key issues others (RFC 5280 §4.2.1.9)."""
    return path_extensions(certificate.der).authority


def _authorities(configuration: TrustConfiguration, certificates: Iterable[ListedCertificate]) -> Iterator[Component]:
    used = {name for leaf in all_leaves(configuration) if isinstance(leaf, PathTo) for name in leaf.to}
    anchors = [each for each in configuration.stores.anchors if each.id in used]
    by_key: dict[bytes, list[ListedCertificate]] = {}
    between = [each.certificate for each in configuration.stores.intermediates if each.certificate is not None]
    for certificate in (*between, *certificates):
        if is_authority(certificate) and certificate.key:
            by_key.setdefault(certificate.key, []).append(certificate)
    seen: set[bytes] = set()
    for anchor in anchors:
        own = anchor.cert.certificate
        if own is None or own.key in seen:
            continue
        seen.add(own.key)
        others = by_key.pop(own.key, []) if anchor.kind is not AnchorKind.END_ENTITY else []
        held = tuple(dict.fromkeys((own, *others)))
        yield Component(f"anchor:{anchor.id}", Kind.ANCHOR, own.subject_text or anchor.id, held)
    for held_below in by_key.values():
        first, *_ = held_below
        name = f"authority:{first.sha256[:16]}"
        yield Component(name, Kind.AUTHORITY, first.subject_text, tuple(dict.fromkeys(held_below)))


def _signers(configuration: TrustConfiguration) -> Iterator[Component]:
    found = all_leaves(configuration)
    lists = {name for leaf in found if isinstance(leaf, Listed) for name in source_ids(leaf)}
    for source in configuration.stores.lists:
        if source.id not in lists:
            continue
        if source.kind is ListKind.LOTL:
            title = f"signer of the list of lists {source.id}"
            yield Component(f"lotl-signer:{source.id}", Kind.LOTL_SIGNER, title, source=source.id)
            title = f"signer of one national list under {source.id}"
            yield Component(f"national-list-signer:{source.id}", Kind.NATIONAL_LIST_SIGNER, title, source=source.id)
        else:
            title = f"signer of the list {source.id}"
            yield Component(f"list-signer:{source.id}", Kind.LIST_SIGNER, title, source=source.id)
    metadata = {name for leaf in found if isinstance(leaf, InMetadata) for name in source_ids(leaf)}
    for each in configuration.stores.saml_metadata:
        if each.id in metadata:
            title = f"signer of the SAML metadata {each.id}"
            yield Component(f"metadata-signer:{each.id}", Kind.METADATA_SIGNER, title, source=each.id)
    federations = {name for leaf in found if isinstance(leaf, InFederation) for name in source_ids(leaf)}
    for federation in configuration.stores.openid_federation:
        if federation.id in federations:
            title = f"trust anchor {federation.trust_anchor}"
            name = f"federation-anchor:{federation.id}"
            yield Component(name, Kind.FEDERATION_ANCHOR, title, source=federation.id)


def _delivery(configuration: TrustConfiguration, network: Network) -> Iterator[Component]:
    delivery = network.delivery
    if delivery.locator is Locator.DNS:
        for smp in network.smps:
            yield Component(f"smp-key:{smp.id}", Kind.SMP_KEY, f"key of the SMP {smp.id}", party=smp.id)
        yield Component(SML_DATABASE, Kind.SML_DATABASE, "database of the SML: which SMP a participant has")
        told = "signing key" if delivery.dnssec else "servers"
        yield Component(DNS_ZONE, Kind.DNS_ZONE, f"DNS zone of the SML: its {told}")
    smp_by_tls = delivery.locator is Locator.DNS and delivery.smp_transport is Transport.HTTPS
    by_tls = smp_by_tls or (_has_remote_sources(configuration) and delivery.source_transport is Transport.HTTPS)
    if network.on_path and by_tls and configuration.rule(Role.TLS_SERVER) is None:
        # no rule says whom TLS trusts: then it is whatever the machines trust, any authority of the web
        yield Component(TLS_AUTHORITY, Kind.TLS_AUTHORITY, "any TLS authority that the machines trust")


def _pin_stores(configuration: TrustConfiguration, network: Network) -> Iterator[Component]:
    if any(isinstance(leaf, Pinned) for leaf in all_leaves(configuration)):
        for party in network.access_points:
            yield Component(f"pin-store:{party.id}", Kind.PIN_STORE, f"pin store of {party.id}", party=party.id)


def _has_remote_sources(configuration: TrustConfiguration) -> bool:
    stores = configuration.stores
    locations = [*(each.location for each in stores.lists), *(each.location for each in stores.saml_metadata)]
    return any(each.url for each in locations)
