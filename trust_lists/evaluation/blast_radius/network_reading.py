# SPDX-License-Identifier: Apache-2.0
"""Descriptions of networks (YAML or JSON), read strictly, and their JSON Schema, both from one description.

What may be left out has a default that stands in the description itself (`empty`), so that the schema, the reader and
the reference page can't differ.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from trust_lists.errors import JsonRefusedError, NetworkError, YamlRefusedError
from trust_lists.evaluation.blast_radius.network import Delivery, Locator, Network, Party, Signing, Transport
from trust_lists.evaluation.blast_radius.unsigned import subject_name
from trust_lists.evaluation.trust_configuration.composites import ByKey, Many, Section
from trust_lists.evaluation.trust_configuration.format import ID
from trust_lists.evaluation.trust_configuration.forms import Choice, Flag, Nullable, Schema, Text, Whole, prose
from trust_lists.evaluation.trust_configuration.model import Context, Role
from trust_lists.evaluation.trust_configuration.reading import node_of
from trust_lists.strict_json import parse_json
from trust_lists.yaml_nodes import Node, parse

MAX_BYTES = 10_000_000
SCHEMA_ID = "urn:edelivery-registry:network:v1"

PARTY_ID = Text(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}", "an id of letters, digits, dots, hyphens, colons", 100)
ATTRIBUTE = Text(
    r"(?:CN|OU|O|L|ST|C|DC|UID|E|serialNumber|organizationIdentifier|san\.(?:dns|uri|email))",
    "CN, OU, O, L, ST, C, DC, UID, E, serialNumber, organizationIdentifier, san.dns, san.uri or san.email",
)
_CONTEXT = Text(r"context\.(?:party|domain|seat_id|smp_id|host)", "context.party, context.domain, context.seat_id …")
_VALUE = prose(500)


@dataclass(frozen=True, slots=True)
class _Attacker:
    on_path: bool


@dataclass(frozen=True, slots=True)
class _Description:
    id: str
    delivery: Delivery
    attacker: _Attacker
    parties: tuple[Party, ...]


def _party(**fields: Any) -> Party:
    fields["context"] = {Context(key): value for key, value in fields["context"].items()}
    return Party(**fields)


_DELIVERY: dict[str, Any] = {
    "locator": "dns",
    "dnssec": True,
    "smp_transport": "https",
    "source_transport": "https",
}
PARTY = Section(
    _party,
    {
        "id": PARTY_ID,
        "roles": Many(Choice(Role), 1),
        "names": ByKey(ATTRIBUTE, _VALUE, 1),
        "context": ByKey(_CONTEXT, _VALUE),
        "participants": Whole(0, 100_000_000),
        "document_types": Many(_VALUE),
        "smp": Nullable(PARTY_ID),
        "smp_signing": Choice(Signing),
    },
    empty={"context": {}, "participants": 1, "document_types": ["message"], "smp": None, "smp_signing": "online"},
)
NETWORK = Section(
    _Description,
    {
        "id": ID,
        "delivery": Section(
            Delivery,
            {
                "locator": Choice(Locator),
                "dnssec": Flag(),
                "smp_transport": Choice(Transport),
                "source_transport": Choice(Transport),
            },
            empty=_DELIVERY,
        ),
        "attacker": Section(_Attacker, {"on_path": Flag()}, empty={"on_path": False}),
        "parties": Many(PARTY, 1),
    },
    empty={"delivery": _DELIVERY, "attacker": {"on_path": False}},
    constants={"apiVersion": "network/v1", "kind": "Network"},
)


def read_network(data: bytes) -> Network:
    """The network of a text (YAML, or JSON if it begins with `{`). Raises NetworkError with all reasons."""
    root = _root(data)
    tree: Any = NETWORK.read(root) if root else None
    if not root:
        raise NetworkError(("the description of the network is empty",))
    reasons = [*root.reasons, *([] if root.reasons else _contradictions(tree["parties"]))]
    if reasons:
        raise NetworkError(tuple(dict.fromkeys(reasons)))
    found: _Description = NETWORK.build(tree)
    reasons = [reason for number, each in enumerate(found.parties, 1) for reason in _unusable(each, number)]
    if reasons:
        raise NetworkError(tuple(reasons))
    return Network(found.id, found.delivery, found.attacker.on_path, found.parties)


def network_schema() -> Schema:
    """The JSON Schema (2020-12)."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "Network",
        **NETWORK.schema(),
    }


def _root(data: bytes) -> Node:
    try:
        if data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{":
            tree: Any = parse_json(data, max_bytes=MAX_BYTES)
            return node_of(tree)
        return parse(data)
    except (JsonRefusedError, YamlRefusedError) as error:
        raise NetworkError((str(error),)) from None


def _contradictions(parties: list[dict[str, Any]]) -> Iterator[str]:
    by_id: dict[str, dict[str, Any]] = {}
    for number, each in enumerate(parties, 1):
        if each["id"] in by_id:
            yield f"parties[{number}].id: there is another party {each['id']}"
        by_id.setdefault(each["id"], each)
    for number, each in enumerate(parties, 1):
        smp = each["smp"]
        if smp is not None and Role.SMP_SIGN.value not in by_id.get(smp, {"roles": ()})["roles"]:
            yield f"parties[{number}].smp: {smp} is no party with the role {Role.SMP_SIGN.value}"
    if not any({"ap-sign", "ap-encrypt"} & set(each["roles"]) for each in parties):
        yield "parties: none of them has the role ap-sign or ap-encrypt"


def _unusable(party: Party, number: int) -> Iterator[str]:
    try:
        subject_name(party.names)
    except NetworkError as error:
        yield f"parties[{number}].names: {error}"
