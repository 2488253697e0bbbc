# SPDX-License-Identifier: Apache-2.0
"""A network as an attacker sees it: who takes part under which names, how senders find receivers, and on which paths.

Trust subjects are access points and SMPs; participants are numbers beside them, since their keys are none of the
network's (a four-corner network knows them as rows of metadata).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from hashlib import sha256

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.evaluation.trust_configuration.model import Context, Json, Role
from trust_lists.strict_json import canonical_json

AP_ROLES = (Role.AP_SIGN, Role.AP_ENCRYPT)


class Locator(StrEnum):
    """How a sender learns where a receiver is, and which key to encrypt to."""

    DNS = "dns"
    """DNS leads to an SMP, whose signed answer has address and certificate (BDXL, SMP)."""
    SOURCE = "source"
    """The source of trust itself has the address: SAML metadata, a list with service supply points."""
    STATIC = "static"
    """Somebody has put it into the sender's own store (PModes)."""


class Transport(StrEnum):
    """How something is fetched."""

    HTTP = "http"
    HTTPS = "https"


class Signing(StrEnum):
    """Where the key of an SMP is."""

    ONLINE = "online"
    """On the host that answers: who has the key can answer with it for all whom this SMP serves."""
    OFFLINE = "offline"
    """Elsewhere: documents are signed, and then put on the host."""


@dataclass(frozen=True, slots=True)
class Party:
    """An access point, an SMP, or whoever else has keys in the network."""

    id: str
    roles: tuple[Role, ...]
    names: Mapping[str, str] = field(default_factory=dict)
    """What its certificates say of it, by the attributes of trust configurations (`CN`, `O`, `san.dns`), in order."""
    context: Mapping[Context, str] = field(default_factory=dict)
    """What others know of it beforehand; what is missing here follows from its names."""
    participants: int = 0
    """Participants that it serves."""
    document_types: tuple[str, ...] = ()
    smp: str | None = None
    """The party that publishes its metadata."""
    smp_signing: Signing = Signing.ONLINE
    certificates: tuple[ListedCertificate, ...] = ()
    """Its own, where they are at hand."""

    @property
    def access_point(self) -> bool:
        """Whether it sends or receives messages."""
        return any(role in self.roles for role in AP_ROLES)


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a sender's question travels."""

    locator: Locator
    dnssec: bool
    """Whether senders validate DNSSEC."""
    smp_transport: Transport
    source_transport: Transport
    """Of lists and metadata that have a URL."""


@dataclass(frozen=True)  # without slots, since what follows from it is kept
class Network:
    """All of it."""

    id: str
    delivery: Delivery
    on_path: bool
    """Whether the attacker can read and change what travels to and from senders; he has no keys by that."""
    parties: tuple[Party, ...]
    assumed: tuple[str, ...] = ()
    """What nobody has said, in words."""

    @cached_property
    def access_points(self) -> tuple[Party, ...]:
        """In their order."""
        return tuple(each for each in self.parties if each.access_point)

    @cached_property
    def smps(self) -> tuple[Party, ...]:
        """Whoever signs metadata, in their order."""
        return tuple(each for each in self.parties if Role.SMP_SIGN in each.roles)

    def party(self, name: str | None) -> Party | None:
        """By id."""
        return next((each for each in self.parties if each.id == name), None)

    @cached_property
    def participants(self) -> int:
        """All of them."""
        return sum(each.participants for each in self.access_points)

    @cached_property
    def document_types(self) -> tuple[str, ...]:
        """Each once, sorted: the classes of messages."""
        return tuple(sorted({kind for each in self.access_points for kind in each.document_types}))

    def to_json(self) -> dict[str, Json]:
        """As the reader takes it; without certificates."""
        delivery = self.delivery
        return {
            "apiVersion": "network/v1",
            "kind": "Network",
            "id": self.id,
            "delivery": {
                "locator": delivery.locator.value,
                "dnssec": delivery.dnssec,
                "smp_transport": delivery.smp_transport.value,
                "source_transport": delivery.source_transport.value,
            },
            "attacker": {"on_path": self.on_path},
            "parties": [_party_json(each) for each in self.parties],
        }

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical form."""
        return sha256(canonical_json(self.to_json()).encode()).hexdigest()


def _party_json(party: Party) -> Json:
    return {
        "id": party.id,
        "roles": [role.value for role in party.roles],
        "names": dict(party.names),
        "context": {key.value: value for key, value in party.context.items()},
        "participants": party.participants,
        "document_types": list(party.document_types),
        "smp": party.smp,
        "smp_signing": party.smp_signing.value,
    }
