# SPDX-License-Identifier: Apache-2.0
"""Whole configurations of Knot, NSD and BIND: secondaries of ours with TSIG, and signers where they can be.

What they say lies beside this module as templates, each line with its reason; tests run exactly what is printed here.
A signer takes the unsigned zone from us and serves it signed (a bump in the wire), with serials of its own that are
never below ours. Catalogs (RFC 9432) are read by Knot, by BIND from 9.18, and by NSD from 4.9.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from ipaddress import ip_address
from pathlib import PurePosixPath
from string import Template
from typing import Literal

from dns.tsig import Key

from registry.dns.tsig_keys import algorithm_name, key_text
from registry.domains.dns_profile import ZonePrivacy
from registry.errors import ConfigurationError

Program = Literal["knot", "nsd", "bind"]
PROGRAMS: tuple[Program, ...] = ("knot", "nsd", "bind")
_FOLDERS = {
    "knot": ("/var/lib/knot", "/run/knot"),
    "nsd": ("/var/lib/nsd", "/run/nsd"),
    "bind": ("/var/cache/bind", "/run/named"),
}
"""Of Debian's packages: what lasts, and what lasts while the program runs."""
_EVERY_PRIVACY: tuple[ZonePrivacy, ...] = ("nsec", "nsec3", "minimal")
_MEMBER = "registry"


@dataclass(frozen=True, slots=True)
class Peer:
    """Another name server: its IP address, its port, and the key that it and the configured one share, if any."""

    host: str
    port: int
    key: Key | None = None


@dataclass(frozen=True, slots=True)
class NameServer:
    """What a name server is to be: from whom it takes which zones, where it answers, and who takes them from it."""

    primary: Peer
    zones: Mapping[str, ZonePrivacy]
    """The zones; none where they come by the catalog."""
    catalog: str = ""
    """The name of the catalog zone that it follows."""
    listen: tuple[tuple[str, int], ...] = (("0.0.0.0", 53), ("::", 53))  # noqa: S104 — a name server is for everybody
    followers: tuple[Peer, ...] = ()
    """Servers that it tells of changes, and that may transfer its zones; as the primary may, to compare them."""
    sign: bool = False
    folder: PurePosixPath | None = None
    """Where all that it writes goes; None: where Debian's package has it."""


def configuration(program: Program, server: NameServer) -> str:
    """The configuration file of a name server. It has the secrets of keys.

    Raises ConfigurationError for what this program can't do.
    """
    text = {"knot": _knot, "nsd": _nsd, "bind": _bind}[program](server)
    return re.sub(r"\n{3,}", "\n\n", text).rstrip() + "\n"  # parts that this server doesn't need leave gaps


def _filled(template: str, **values: str) -> str:
    text = files("registry.dns").joinpath("configurations", template).read_text("utf-8")
    return Template(text).substitute(values)


def _purpose(server: NameServer) -> str:
    role = "signs and serves" if server.sign else "serves"
    what = f"the zones in the catalog {server.catalog}" if server.catalog else ", ".join(sorted(server.zones))
    return f"{role} {what}"


def _folders(program: Program, server: NameServer) -> dict[str, str]:
    kept, running = _FOLDERS[program] if server.folder is None else (str(server.folder), str(server.folder))
    return {"folder": kept, "run_folder": running}


def _keys(server: NameServer) -> dict[str, Key]:
    """Every key once, by its name."""
    peers = (server.primary, *server.followers)
    return {_name(peer.key): peer.key for peer in peers if peer.key is not None}


def _name(key: Key) -> str:
    return str(key.name).removesuffix(".")


def _secret(key: Key) -> str:
    return b64encode(key.secret).decode()


def _privacies(server: NameServer) -> tuple[ZonePrivacy, ...]:
    """The ways of denying that are needed: a zone that comes by the catalog may want any."""
    return tuple(each for each in _EVERY_PRIVACY if server.catalog or each in server.zones.values())


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


# Knot


def key_of_knot(key: Key) -> str:
    """A key as an entry of Knot's section `key`."""
    return f"  - id: {_name(key)}\n    algorithm: {algorithm_name(key)}\n    secret: {_secret(key)}\n"


def _knot(server: NameServer) -> str:
    peers = {"registry": server.primary}
    peers |= {f"follower-{number}": peer for number, peer in enumerate(server.followers, 1)}
    folders = _folders("knot", server)
    ways = _privacies(server) if server.sign else ()
    if server.followers and server.sign and "minimal" in server.zones.values():
        raise ConfigurationError(
            "zone_privacy minimal is signed answer by answer: whoever takes the zone from the signer has it unsigned. "
            "Leave the followers out, or choose nsec or nsec3"
        )
    templates = [
        _template_of_knot(way, ("registry",) if way == "minimal" else tuple(peers), folders["folder"]) + _SIGNING[way]
        for way in ways
    ] or [_template_of_knot(_MEMBER, tuple(peers), folders["folder"])]
    zones = [f"  - domain: {zone}\n    template: {way if server.sign else _MEMBER}\n" for zone, way in _named(server)]
    if server.catalog:
        zones = [_catalog_of_knot(server, ways or (_MEMBER,), folders["folder"])]
    policies = [_filled("knot-policy.conf", id=way, nsec3="on" if way == "nsec3" else "off") for way in ways]
    return _filled(
        "knot.conf",
        purpose=_purpose(server),
        listen=", ".join(f"{host}@{port}" for host, port in server.listen),
        keys="".join(map(key_of_knot, _keys(server).values())),
        remotes="".join(_remote_of_knot(name, peer) for name, peer in peers.items()),
        acls="".join(_acl_of_knot(name, peer) for name, peer in peers.items()),
        policies="policy:\n" + "".join(policies) if ways else "",
        modules=_modules_of_knot(server, ways),
        templates="".join(templates),
        zones="".join(zones),
        **folders,
    )


def _modules_of_knot(server: NameServer, ways: tuple[ZonePrivacy, ...]) -> str:
    online = "mod-onlinesign:\n  - id: minimal\n    policy: minimal\n" if "minimal" in ways else ""
    # A catalog is for name servers, not for who asks (RFC 9432 §7).
    asked = f"mod-queryacl:\n  - id: catalog\n    address: {server.primary.host}\n" if server.catalog else ""
    return online + asked


def _named(server: NameServer) -> list[tuple[str, ZonePrivacy]]:
    return sorted(server.zones.items())


def _remote_of_knot(name: str, peer: Peer) -> str:
    key = "" if peer.key is None else f"    key: {_name(peer.key)}\n"
    return f"  - id: {name}\n    address: {peer.host}@{peer.port}\n{key}"


def _acl_of_knot(name: str, peer: Peer) -> str:
    # A key is enough, from wherever it comes: the registry may have several addresses.
    who = f"    address: {peer.host}\n" if peer.key is None else f"    key: {_name(peer.key)}\n"
    actions = "[notify, transfer]" if name == "registry" else "transfer"
    return f"  - id: {name}\n{who}    action: {actions}\n"


_SIGNING: Mapping[ZonePrivacy, str] = {
    "nsec": "    dnssec-signing: on\n    dnssec-policy: nsec\n",
    "nsec3": "    dnssec-signing: on\n    dnssec-policy: nsec3\n",
    "minimal": "    module: mod-onlinesign/minimal\n",  # nothing for followers: they would have it unsigned
}


def _template_of_knot(name: str, peers: tuple[str, ...], folder: str) -> str:
    followers = ", ".join(peer for peer in peers if peer != "registry")
    notify = f"    notify: [{followers}]\n" if followers else ""
    return _filled("knot-template.conf", id=name, folder=folder, acls=", ".join(peers), notify=notify)


def _catalog_of_knot(server: NameServer, templates: Iterable[str], folder: str) -> str:
    return (
        f"  - domain: {server.catalog}\n"
        f'    storage: "{folder}"\n'
        "    zonefile-sync: -1\n    zonefile-load: none\n    journal-content: all\n"
        "    master: registry\n    acl: [registry]\n"
        "    module: mod-queryacl/catalog\n"
        "    catalog-role: interpret\n"
        f"    # A member's group chooses; the first one is for members without a group that is known here.\n"
        f"    catalog-template: [{', '.join(templates)}]\n"
    )


# NSD


def key_of_nsd(key: Key) -> str:
    """A key as a section of NSD's configuration."""
    return f'key:\n    name: "{_name(key)}"\n    algorithm: {algorithm_name(key)}\n    secret: "{_secret(key)}"\n'


def _nsd(server: NameServer) -> str:
    if server.sign:
        raise ConfigurationError("NSD doesn't sign; let it follow a signer: --primary HOST:PORT --key NAME")
    primary = server.primary
    key = "NOKEY" if primary.key is None else _name(primary.key)
    anywhere = [primary.host] if primary.key is None else ["0.0.0.0/0", "::/0"]
    access = [f"    request-xfr: {primary.host}@{primary.port} {key}"]
    access += [f"    allow-notify: {network} {key}" for network in anywhere]
    access += [f"    provide-xfr: {network} {key}" for network in anywhere]
    for peer in server.followers:
        follower = "NOKEY" if peer.key is None else _name(peer.key)
        access += [f"    notify: {peer.host}@{peer.port} {follower}", f"    provide-xfr: {peer.host} {follower}"]
    if server.followers:
        access.append("    store-ixfr: yes")
    zones = [f'zone:\n    name: "{zone}"\n    include-pattern: "registry"\n' for zone, _ in _named(server)]
    if server.catalog:
        zones = [_catalog_of_nsd(server.catalog, access)]
    return _filled(
        "nsd.conf",
        version="4.9" if server.catalog else "4.6",
        purpose=_purpose(server),
        listen=_lines(f"    ip-address: {host}@{port}" for host, port in server.listen).rstrip("\n"),
        keys="".join(map(key_of_nsd, _keys(server).values())),
        access=_lines(access),
        zones="".join(zones),
        **_folders("nsd", server),
    )


def _catalog_of_nsd(catalog: str, access: Iterable[str]) -> str:
    return (
        f'zone:\n    name: "{catalog}"\n    catalog: consumer\n'
        '    catalog-member-pattern: "registry"\n    catalog-group-pattern: "registry"\n'
        # It is for name servers, not for who asks (RFC 9432 §7).
        f"    allow-query: BLOCKED\n{_lines(access)}"
    )


# BIND


def _bind(server: NameServer) -> str:
    ways = _privacies(server) if server.sign else ()
    if server.sign and server.catalog:
        raise ConfigurationError("BIND serves the zones of a catalog as they come; name a zone to be signed: --zone")
    if "minimal" in ways:
        raise ConfigurationError("BIND doesn't sign answer by answer, as zone_privacy minimal wants: use Knot")
    folders, primary = _folders("bind", server), server.primary
    signing = {way: f'\tdnssec-policy "registry-{way}";\n\tinline-signing yes;\n' for way in ways}
    zones = [_filled("bind-zone.conf", zone=zone, signing=signing.get(way, "")) for zone, way in _named(server)] or [
        _filled("bind-zone.conf", zone=server.catalog, signing="\tallow-query { none; };\n")
    ]
    policies = [
        _filled(
            "bind-policy.conf", id=way, nsec3="\tnsec3param iterations 0 optout no salt-length 0;\n" * (way == "nsec3")
        )
        for way in ways
    ]
    keys = _keys(server)
    return _filled(
        "bind.conf",
        purpose=_purpose(server),
        keys="".join(key_text(name, algorithm_name(key), _secret(key)) for name, key in keys.items()),
        primary=_peer_of_bind(primary),
        primary_acl=_acl_of_bind(primary),
        transfer_acl="; ".join(dict.fromkeys(map(_acl_of_bind, (primary, *server.followers)))),
        listen="\n".join(
            _listen_of_bind("listen-on", (each for each in server.listen if ":" not in each[0]))
            + _listen_of_bind("listen-on-v6", (each for each in server.listen if ":" in each[0]))
        ),
        followers=_followers_of_bind(server.followers),
        # Port 953 and the key of rndc are for the server of the package.
        controls="controls { };\n" if server.folder else "",
        catalog=_catalog_of_bind(server.catalog),
        policies="".join(policies),
        zones="".join(zones),
        **folders,
    )


def _peer_of_bind(peer: Peer) -> str:
    key = "" if peer.key is None else f' key "{_name(peer.key)}"'
    return f"{peer.host} port {peer.port}{key}"


def _acl_of_bind(peer: Peer) -> str:
    return peer.host if peer.key is None else f'key "{_name(peer.key)}"'


def _listen_of_bind(option: str, addresses: Iterable[tuple[str, int]]) -> list[str]:
    lines = [
        f"\t{option} port {port} {{ {'any' if ip_address(host).is_unspecified else host}; }};"
        for host, port in addresses
    ]
    return lines or [f"\t{option} {{ none; }};"]


def _followers_of_bind(followers: Iterable[Peer]) -> str:
    told = "; ".join(map(_peer_of_bind, followers))
    return f"\tnotify explicit;\n\talso-notify {{ {told}; }};" if told else "\tnotify no;"


def _catalog_of_bind(catalog: str) -> str:
    if not catalog:
        return ""
    return (
        f'\tcatalog-zones {{\n\t\tzone "{catalog}" default-primaries {{ "registry"; }} '
        "in-memory no min-update-interval 1;\n\t};\n"
    )
