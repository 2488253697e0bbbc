# SPDX-License-Identifier: Apache-2.0
"""A network where nobody has described one: from real certificates, or the least one in which everything can happen.

What is assumed is told with the result. From certificates come names and roles; how many participants somebody has,
and how senders find receivers, is in none of them.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.evaluation.blast_radius.components import is_authority
from trust_lists.evaluation.blast_radius.network import AP_ROLES, Delivery, Locator, Network, Party, Transport
from trust_lists.evaluation.blast_radius.samples import sample
from trust_lists.evaluation.blast_radius.sources import all_leaves, leaves, subject_rules, used_roles
from trust_lists.evaluation.blast_radius.unsigned import names_of
from trust_lists.evaluation.trust_configuration.model import (
    InFederation,
    InMetadata,
    Pin,
    Pinned,
    Role,
    TrustConfiguration,
)

ACCESS_POINTS, SMPS = 4, 2
_SMP_ROLES = (Role.SMP_SIGN, Role.SML_CLIENT)


def assumed_delivery(configuration: TrustConfiguration) -> Delivery:
    """By an SMP where a rule says who signs for SMPs, from the source where that names endpoints, else static."""
    locator = Locator.STATIC
    if configuration.rule(Role.SMP_SIGN) is not None:
        locator = Locator.DNS
    elif any(isinstance(leaf, InMetadata | InFederation) for leaf in all_leaves(configuration)):
        locator = Locator.SOURCE
    return Delivery(locator, dnssec=True, smp_transport=Transport.HTTPS, source_transport=Transport.HTTPS)


def assumed_network(configuration: TrustConfiguration) -> Network:
    """Four access points and two SMPs, or those that are pinned, under names that fit the rules."""
    delivery = assumed_delivery(configuration)
    roles = used_roles(configuration)
    told = ["nobody has described the network: its parties are made up, under names that fit the rules"]
    pinned = _pinned(configuration)
    if pinned:
        aps = [
            _party(configuration, name, tuple(dict.fromkeys(role for pin in pins for role in pin.roles)), number)
            for number, (name, pins) in enumerate(pinned.items(), 1)
        ]
        told = ["nobody has described the network: its parties are those that are pinned"]
    else:
        own = tuple(role for role in AP_ROLES if role in roles)
        aps = [_party(configuration, f"ap-{number}", own, number) for number in range(1, ACCESS_POINTS + 1) if own]
    own = tuple(role for role in _SMP_ROLES if role in roles)
    smps = [_party(configuration, f"smp-{number}", own, 100 + number) for number in range(1, SMPS + 1) if own]
    hosts = [_party(configuration, "host-1", (Role.TLS_SERVER,), 200)] if Role.TLS_SERVER in roles else []
    parties = (*_served(aps, smps), *smps, *hosts)
    return Network("assumed", delivery, on_path=False, parties=parties, assumed=(*told, *_ASSUMED))


def network_of_certificates(
    configuration: TrustConfiguration,
    certificates: Iterable[ListedCertificate],
    accepted: Callable[[Role, ListedCertificate], bool],
) -> Network | None:
    """Parties by certificates that are none of authorities: in the roles in which they are, or were, accepted.

    None where no certificate is, or was, accepted for an access point.
    """
    names: dict[tuple[tuple[str, str], ...], list[ListedCertificate]] = {}
    roles: dict[tuple[tuple[str, str], ...], set[Role]] = {}
    left_out = 0
    for certificate in certificates:
        if is_authority(certificate):
            continue
        found = {role for role in used_roles(configuration) if accepted(role, certificate)}
        key = tuple(names_of(certificate).items())
        if not found or not key:
            left_out += 1
            continue
        names.setdefault(key, []).append(certificate)
        roles.setdefault(key, set()).update(found)
    parties = [
        Party(
            _id(dict(key), number, names),
            tuple(role for role in Role if role in roles[key]),
            dict(key),
            participants=int(any(role in AP_ROLES for role in roles[key])),
            document_types=("message",),
            certificates=tuple(held),
        )
        for number, (key, held) in enumerate(names.items(), 1)
    ]
    aps = [each for each in parties if each.access_point]
    if not aps:
        return None
    smps = [each for each in parties if Role.SMP_SIGN in each.roles]
    delivery = assumed_delivery(configuration)
    made_up: list[Party] = []
    told = [f"the parties are those of {sum(map(len, names.values()))} certificates; {left_out} others fit no role"]
    if delivery.locator is Locator.DNS and not smps:
        made_up = [
            _party(configuration, f"smp-{number}", _SMP_ROLES[:1], 100 + number) for number in range(1, SMPS + 1)
        ]
        told.append("no certificate is that of an SMP: two are made up")
    placed = {each.id: each for each in _served(aps, smps or made_up)}
    own = (*(placed.get(each.id, each) for each in parties), *made_up)
    return Network("from-certificates", delivery, on_path=False, parties=own, assumed=(*told, *_ASSUMED))


_ASSUMED = (
    "each access point serves one participant, and all have the same kind of messages",
    "access points are spread evenly over the SMPs, whose keys are on the hosts that answer",
    "senders validate DNSSEC and fetch by HTTPS; the attacker is not on their paths",
)


def _served(aps: list[Party], smps: list[Party]) -> list[Party]:
    """The access points with an SMP each, in turns."""
    return [replace(each, smp=smps[number % len(smps)].id) if smps else each for number, each in enumerate(aps)]


def _pinned(configuration: TrustConfiguration) -> dict[str, list[Pin]]:
    """The pins of access points that count, by party."""
    rules = [rule for role in AP_ROLES if (rule := configuration.rule(role)) is not None]
    wanted = [leaf for rule in rules for leaf in leaves(rule.accept) if isinstance(leaf, Pinned)]
    found: dict[str, list[Pin]] = {}
    for pin in configuration.stores.pins:
        if pin.party is not None and any(leaf.ids is None or pin.id in leaf.ids for leaf in wanted):
            found.setdefault(pin.party, []).append(pin)
    return found


def _party(configuration: TrustConfiguration, name: str, roles: tuple[Role, ...], number: int) -> Party:
    return Party(
        name,
        roles,
        _names(configuration, name, roles, number),
        participants=int(any(role in AP_ROLES for role in roles)),
        document_types=("message",),
    )


def _names(configuration: TrustConfiguration, party: str, roles: tuple[Role, ...], number: int) -> dict[str, str]:
    found = {"C": "BE", "O": f"Example {party}", "CN": party}
    for role in roles:
        rule = configuration.rule(role)
        for each in subject_rules(rule) if rule else ():
            for attribute in each.bind:
                found.setdefault("san.dns" if attribute == "san.host" else attribute, party)
            for attribute, pattern in each.match.items():
                value = sample(pattern, number)
                if value is not None and attribute != "DN":
                    found["san.dns" if attribute == "san.host" else attribute] = value
    if Role.TLS_SERVER in roles:
        found["CN"] = found["san.dns"] = f"{party}.example.org"
    return found


def _id(names: dict[str, str], number: int, all_names: Iterable[tuple[tuple[str, str], ...]]) -> str:
    """The common name, where nobody else has it."""
    name = names.get("CN", "")
    alone = sum(dict(each).get("CN") == name for each in all_names) == 1
    return name if name and alone else f"{name or 'party'}-{number}"
