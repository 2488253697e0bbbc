# SPDX-License-Identifier: Apache-2.0
"""Knot and BIND sign what they take from us, with the configurations that we print; `delv` validates their answers."""

import contextlib
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import dns.dnssec
import dns.name
import dns.rcode
import dns.rdatatype
import pytest

from registry.app.domain_setup import add_domain
from registry.demo.pki import DemoPki
from registry.dns.journal import NewState
from registry.dns.observation import observe
from registry.dns.zone_status import zone_statuses
from tests.simulators.followed import KEY, ZONE, Followed, followed_instance
from tests.simulators.live import ACTOR
from tests.simulators.name_servers import HOST, ServerProcess, name_server, until
from tests.simulators.programs import free_ports

pytestmark = [pytest.mark.slow, pytest.mark.database, pytest.mark.timeout(300), pytest.mark.any_database]
WAYS = {"nsec": ZONE, "nsec3": "nsec3.test", "minimal": "minimal.test"}
SCHEME = "iso6523-actorid-upis"
NAPTR = '60 100 10 "U" "Meta:SMP" "!.*!http://smp.example.org/!" .'
VALIDATED, DENIED = "; fully validated", "; negative response, fully validated"
QUESTIONS = {
    "positive": (f"there.{SCHEME}", "NAPTR", VALIDATED),
    "no-data": (f"there.{SCHEME}", "A", DENIED),
    "no-name": ("nowhere", "NAPTR", DENIED),
    "no-name-below": ("x.nowhere", "NAPTR", DENIED),
    "wildcard": (f"any.{SCHEME}", "NAPTR", VALIDATED),
    "wildcard-no-data": (f"any.{SCHEME}", "A", DENIED),
    "cname": ("alias", "NAPTR", VALIDATED),
    "dname": ("there.moved", "NAPTR", VALIDATED),
    "empty-non-terminal": (SCHEME, "NAPTR", DENIED),
    "apex": ("", "SOA", VALIDATED),
}


@dataclass(frozen=True)
class Signers:
    """Knot by the catalog, for every way of denying, and BIND for those that it knows; NSD follows that Knot."""

    knot: ServerProcess
    bind: dict[str, ServerProcess]
    nsd: ServerProcess


def states(zone: str) -> list[NewState]:
    return [
        NewState(f"there.{SCHEME}", "NAPTR", NAPTR),
        NewState(f"*.{SCHEME}", "NAPTR", NAPTR),
        NewState("alias", "CNAME", f"60 there.{SCHEME}.{zone}."),
        NewState("moved", "DNAME", f"60 {SCHEME}.{zone}."),
        NewState("cut", "NS", "60 ns1.cut.example.org."),
    ]


@pytest.fixture(scope="module")
def ports() -> list[int]:
    return free_ports(4)


@pytest.fixture(scope="module")
def primary(ports: list[int], tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Iterator[Followed]:
    """An instance with a zone for each way, of which all are in its catalog."""
    with followed_instance(tmp_path_factory.mktemp("primary"), pki, ports) as followed:
        for way, zone in WAYS.items():
            if zone != ZONE:
                dns = {"zone": zone, "zone_privacy": way, "name_servers": ["ns1.example.org"]}
                dns["secondaries"] = [{"server": f"{HOST}:{port}", "key": "follower-key"} for port in ports]
                settings = {"name": way, "default": False, "smp": {"base_url": f"https://{way}.example"}, "dns": dns}
                add_domain(followed.live.instance, ACTOR, "demo", settings, register_smp=False)
            followed.write(states(zone), zone)
        followed.live.run(followed.live.serving.refresh())
        followed.live.wait_for_dns()
        yield followed


@pytest.fixture(scope="module")
def signers(
    tool: Any, primary: Followed, ports: list[int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Signers]:
    with contextlib.ExitStack() as stack:

        def started(program: Any, port: int, *words: str) -> ServerProcess:
            folder = tmp_path_factory.mktemp(program)
            text = primary.configuration(program, port, folder, *words)
            return stack.enter_context(name_server(tool, program, text, folder, port))

        follower = ("--follower", f"{HOST}:{ports[3]}/{KEY}")
        knot = started("knot", ports[0], "--catalog", "--sign", *follower)
        nsec = started("bind", ports[1], "--zone", WAYS["nsec"], "--sign")
        nsec3 = started("bind", ports[2], "--zone", WAYS["nsec3"], "--sign")
        nsd = started("nsd", ports[3], "--primary", f"{HOST}:{ports[0]}", "--key", KEY)
        yield Signers(knot, {"nsec": nsec, "nsec3": nsec3}, nsd)


@pytest.fixture(scope="module")
def delv(tool: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[[ServerProcess, str, str, str], str]:
    """What delv says of an answer; it trusts the key that the server has for the zone, and nothing else."""
    program, folder = tool.path("delv"), tmp_path_factory.mktemp("delv")

    def ask(server: ServerProcess, zone: str, name: str, rdtype: str) -> str:
        (keys,) = [each for each in server.ask(zone, "DNSKEY").answer if each.rdtype == dns.rdatatype.DNSKEY]
        anchors = folder / f"{zone}-{server.port}"
        anchors.write_text(
            "trust-anchors {\n"
            + "".join(f'  "{zone}." static-key {k.flags} {k.protocol} {k.algorithm} "{_base64(k)}";\n' for k in keys)
            + "};\n"
        )
        owner = f"{name}.{zone}." if name else f"{zone}."
        command = [program, f"@{HOST}", "-p", str(server.port), "-a", anchors, f"+root={zone}", owner, rdtype]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        return done.stdout + done.stderr

    return ask


def _base64(key: Any) -> str:
    return str(key.to_text().partition(" ")[2].partition(" ")[2].partition(" ")[2]).replace(" ", "")


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("way", WAYS)
def test_answers_of_knot_validate(signers: Signers, delv: Callable[..., str], way: str, question: str) -> None:
    name, rdtype, verdict = QUESTIONS[question]
    signers.knot.wait_for(WAYS[way])
    assert verdict in (said := delv(signers.knot, WAYS[way], name, rdtype)), said


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("way", ["nsec", "nsec3"])
def test_answers_of_bind_validate(signers: Signers, delv: Callable[..., str], way: str, question: str) -> None:
    name, rdtype, verdict = QUESTIONS[question]
    _wait_for_signatures(signers.bind[way], WAYS[way])
    assert verdict in (said := delv(signers.bind[way], WAYS[way], name, rdtype)), said


@pytest.mark.parametrize("question", ["positive", "no-name", "wildcard", "dname"])
@pytest.mark.parametrize("way", ["nsec", "nsec3"])
def test_answers_of_nsd_behind_the_signer_validate(
    signers: Signers, delv: Callable[..., str], way: str, question: str
) -> None:
    name, rdtype, verdict = QUESTIONS[question]
    signers.nsd.wait_for(WAYS[way])
    assert verdict in (said := delv(signers.nsd, WAYS[way], name, rdtype)), said


def _wait_for_signatures(server: ServerProcess, zone: str) -> None:
    """BIND serves a zone before it has signed it."""
    server.wait_for(zone)
    until(lambda: _types(server, f"nowhere.{zone}") >= {"RRSIG"}, lambda: f"{zone} isn't signed", 60)


def _types(server: ServerProcess, name: str) -> set[str]:
    """The types of the records by which a server denies a name."""
    answer = server.ask(name, "NAPTR", dnssec=True)
    return {dns.rdatatype.to_text(each.rdtype) for each in answer.authority}


def _set(server: ServerProcess, name: str, rdtype: str) -> list[Any]:
    return [record for each in server.ask(name, rdtype).answer for record in each if each.rdtype == record.rdtype]


@pytest.mark.parametrize("way", WAYS)
def test_knot_signs_with_one_key_and_tells_the_parent_of_it(signers: Signers, way: str) -> None:
    zone = WAYS[way]
    signers.knot.wait_for(zone)
    (key,) = _set(signers.knot, zone, "DNSKEY")
    assert (key.algorithm, key.flags) == (dns.dnssec.Algorithm.ECDSAP256SHA256, 257)
    (cds,), (cdnskey,) = _set(signers.knot, zone, "CDS"), _set(signers.knot, zone, "CDNSKEY")
    made = dns.dnssec.make_ds(dns.name.from_text(zone), key, "SHA256")
    assert (cds.key_tag, cds.digest) == (made.key_tag, made.digest)
    assert cdnskey.key == key.key


def _denials(server: ServerProcess, name: str, kind: str = "NSEC") -> list[Any]:
    wanted = dns.rdatatype.from_text(kind)
    return [each for each in server.ask(name, "NAPTR", dnssec=True).authority if each.rdtype == wanted]


def test_nsec_tells_every_name_to_who_walks(primary: Followed, signers: Signers) -> None:
    """What an outsider needs to ask for: each denial names the next name, until the first one comes again."""
    name, walked = f"{ZONE}.", []
    while name not in walked:
        walked.append(name)
        answer = signers.knot.ask(name, "NSEC", dnssec=True)
        # At a delegation the parent's NSEC comes with the referral.
        said = [*answer.answer, *answer.authority]
        (nsec,) = [each for each in said if each.rdtype == dns.rdatatype.NSEC and each.name.to_text() == name]
        name = nsec[0].next.to_text()
    assert {owner.lower() for owner, *_ in primary.records()} == set(walked)


def test_nsec3_has_neither_iterations_nor_salt_and_names_hashes_only(primary: Followed, signers: Signers) -> None:
    zone = WAYS["nsec3"]
    for server in (signers.knot, signers.bind["nsec3"]):
        _wait_for_signatures(server, zone)
        (parameters,) = _set(server, zone, "NSEC3PARAM")
        assert (parameters.iterations, parameters.salt, parameters.flags) == (0, b"", 0)
        denials = _denials(server, f"nowhere.{zone}", "NSEC3")
        assert denials
        owners = {owner for owner, *_ in primary.records(zone)}
        assert not owners & {each.name.to_text() for each in denials}


def test_minimal_names_nothing_but_what_was_asked(primary: Followed, signers: Signers) -> None:
    """Knot denies the type, not the name: the answer for a name that isn't there has the code NOERROR."""
    zone = WAYS["minimal"]
    owners = {owner for owner, *_ in primary.records(zone)}
    answer = signers.knot.ask(f"nowhere.{zone}", "NAPTR", dnssec=True)
    assert (answer.rcode(), answer.answer) == (dns.rcode.NOERROR, [])
    denials = _denials(signers.knot, f"nowhere.{zone}")
    assert denials
    for each in denials:
        assert each[0].next.to_text() not in owners
        assert each.name.to_text() not in owners


def test_signed_zones_follow_changes(primary: Followed, signers: Signers, delv: Callable[..., str]) -> None:
    """The serial of a signer is never below ours: it takes ours, or goes on from its own."""
    for zone in WAYS.values():
        primary.write([NewState("new", "NAPTR", NAPTR)], zone)
    served = [(signers.knot, zone) for zone in WAYS.values()]
    served += [(server, WAYS[way]) for way, server in signers.bind.items()]
    for server, zone in served:
        wanted = primary.serial(zone)
        until(
            lambda: VALIDATED in delv(server, zone, "new", "NAPTR"),  # noqa: B023 — called before the next turn
            lambda: f"{zone}: {delv(server, zone, 'new', 'NAPTR')}",  # noqa: B023
        )
        assert (server.serial(zone) or 0) >= wanted


def test_serials_of_ours_are_known_at_every_signer(primary: Followed, signers: Signers) -> None:
    """However it signs, and whatever it counts."""
    instance = primary.live.instance
    instance.directory.refresh()
    domains = instance.directory.all()
    for zone in WAYS.values():
        primary.write([NewState("newest", "NAPTR", NAPTR)], zone)
    at = {zone: [signers.knot.port] for zone in WAYS.values()}
    for way, server in signers.bind.items():
        at[WAYS[way]].append(server.port)
    wanted = {(zone, f"{HOST}:{port}"): primary.serial(zone) for zone, ports in at.items() for port in ports}

    def known() -> dict[tuple[str, str], tuple[int | None, bool]]:
        observe(instance.database, domains)
        found = {
            (zone.name, each.address): each
            for zone in zone_statuses(instance.database, domains)
            for each in zone.servers
        }
        return {place: (found[place].serial, found[place].own_serial is not None) for place in wanted}

    until(lambda: known() == {place: (serial, True) for place, serial in wanted.items()}, lambda: f"{known()} {wanted}")
