# SPDX-License-Identifier: Apache-2.0
"""A running instance that name servers follow, their configurations as its command prints them, and random changes."""

import base64
import contextlib
import hashlib
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dns.tsig

from registry.app.domain_setup import change_domain
from registry.demo.pki import DemoPki
from registry.dns.journal import NewState
from registry.dns.tsig_keys import TsigKeys
from registry.settings import Settings
from registry.storage.queries import zones
from tests.simulators.live import ACTOR, LiveInstance, live_instance
from tests.simulators.name_servers import HOST, Record, held_records

KEY = "follower-key"
CATALOG = "catalog.test"
ZONE = "sml.test"
_TYPES = ("A", "AAAA", "CNAME")
_OWNERS = 900


def configured(settings: Settings, program: str, primary: str, *words: str) -> str:
    """What `registry dns configure` prints for a name server that takes its zones from `primary`."""
    variables = {"DATA_DIR": str(settings.data_dir), "DATABASE_URL": settings.database_url}
    if settings.dns_catalog_zone:
        variables["DNS_CATALOG_ZONE"] = settings.dns_catalog_zone
        variables["DNS_CATALOG_SECONDARIES"] = ",".join(settings.dns_catalog_secondaries)
    # In a process of its own: the command sets the logging up for the whole process.
    command = [sys.executable, "-m", "registry", "dns", "configure", program, "--primary", primary, *words]
    environment = {**os.environ, **{f"REGISTRY_{name}": value for name, value in variables.items()}}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@dataclass(frozen=True, slots=True)
class Followed:
    """An instance whose zone and catalog are taken by name servers at ports of this machine."""

    live: LiveInstance

    @property
    def key(self) -> dns.tsig.Key:
        """The key of all followers."""
        return TsigKeys(self.live.settings.dns_key_dir).required(KEY)

    def configuration(self, program: str, port: int, folder: Path, *words: str) -> str:
        """That of the follower at a port, which writes to a folder."""
        said = ("--server", f"{HOST}:{port}", "--folder", str(folder), *words)
        return configured(self.live.settings, program, self.live.addresses.dns, *said)

    def serial(self, zone: str = ZONE) -> int:
        """The serial that a zone has once all that is committed is served."""
        self.live.wait_for_dns()
        with self.live.instance.database.read() as connection:
            return next(row.serial for row in zones.all_zones(connection) if row.name == zone)

    def records(self, zone: str = ZONE) -> set[Record]:
        """All that a zone holds."""
        return held_records(self.live.instance.database, zone)

    def write(self, states: Sequence[NewState], zone: str = ZONE) -> int:
        """Bring names of a zone to new states in one transaction; returns how many record sets changed."""
        with self.live.instance.database.write(ACTOR) as work:
            zone_id = next(row.id for row in zones.all_zones(work.connection) if row.name == zone)
            return self.live.instance.journal.write(work, zone_id, states)

    def change(self, number: int, seed: int, per_transaction: int = 100) -> None:
        """Make so many random changes of record sets: of every kind that a zone has, and now and then back again."""
        chance, done = random.Random(seed), 0
        while done < number:
            states: list[NewState] = []
            while len(states) < min(per_transaction, number - done):
                states += random_states(chance)
            done += self.write(states)
            if chance.random() < 0.5:  # a version of its own; else it may be one with the next
                self.live.wait_for_dns()


@contextlib.contextmanager
def followed_instance(
    folder: Path, pki: DemoPki, ports: Sequence[int], dns: dict[str, Any] | None = None, **overrides: Any
) -> Iterator[Followed]:
    """Run an instance whose zone, and catalog, are taken by name servers at these ports of this machine."""
    servers = [f"{HOST}:{port}" for port in ports]
    catalog = {"dns_catalog_zone": CATALOG, "dns_catalog_secondaries": tuple(f"{each}/{KEY}" for each in servers)}
    with live_instance(folder, pki, **{**catalog, "dns_transfers": 8, **overrides}) as live:
        TsigKeys(live.settings.dns_key_dir).generate(KEY)
        secondaries = [{"server": each, "key": KEY} for each in servers]
        change_domain(
            live.instance, ACTOR, live.stored.domain.name, {"dns": {"secondaries": secondaries, **(dns or {})}}
        )
        live.run(live.serving.refresh())
        live.wait_for_dns()
        yield Followed(live)


def random_states(chance: random.Random) -> list[NewState]:
    """What one name shall hold, of each type that it may have: a name that changes its kind does so at once."""
    number, ttl = chance.randrange(_OWNERS), chance.choice((60, 300))
    digest = hashlib.sha256(str(number).encode()).digest()
    gone = chance.random() < 0.25
    kind = number % 10
    if kind < 6:
        owner = f"{base64.b32encode(digest).decode().rstrip('=').lower()}.iso6523-actorid-upis"
        return [NewState(owner, "NAPTR", None if gone else f"{ttl} {_naptr(chance)}")]
    if kind == 6:
        owner = f"b-{digest.hex()[:32]}.iso6523-actorid-upis"
        return [NewState(owner, "CNAME", None if gone else f"{ttl} smp-{chance.randrange(50)}.publisher.{ZONE}.")]
    if kind == 7:
        texts = {
            "A": f"{ttl} 192.0.2.{chance.randrange(256)}",
            "AAAA": "\n".join(f"{ttl} 2001:db8::{part:x}" for part in sorted(chance.sample(range(1, 99), 3))),
            "CNAME": f"{ttl} Host-{chance.randrange(9)}.example.org.",
        }
        has = set() if gone else chance.choice(({"A"}, {"AAAA"}, {"A", "AAAA"}, {"CNAME"}))
        owner = f"smp-{number}.publisher"
        return [NewState(owner, rdtype, texts[rdtype] if rdtype in has else None) for rdtype in _TYPES]
    if kind == 8:
        lines = [f'{ttl} "{each}"' for each in chance.sample(("v=1", "a b", "ü".encode().hex(), "x" * 200), 2)]
        owner = f"text-{number}"
        return [NewState(owner, "TXT", None if gone else "\n".join(lines))]
    if number % 20 == 9:
        owner = f"{number:04}.dname"
        return [NewState(owner, "DNAME", None if gone else f"{ttl} part-{chance.randrange(9)}.example.org.")]
    cut = f"{number:04}.iso6523"
    own = f"{ttl} ns1.{cut}.{ZONE}."
    return [
        NewState(cut, "NS", None if gone else f"{own}\n{ttl} ns.example.org."),
        NewState(f"ns1.{cut}", "A", None if gone else f"{ttl} 192.0.2.{chance.randrange(256)}"),
    ]


def _naptr(chance: random.Random) -> str:
    return f'100 10 "U" "Meta:SMP" "!.*!http://SMP-{chance.randrange(50)}.publisher.{ZONE}/!" .'
