# SPDX-License-Identifier: Apache-2.0
"""A whole running instance for tests: every listener on a free loopback port, in an event loop of its own thread."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from registry.app.domain_setup import SigningKeyFile, add_domain
from registry.app.instance import Instance
from registry.app.serving import Addresses, Serving
from registry.clock import Clock, system_clock
from registry.demo.pki import DemoPki, DemoPkiFiles, certificates_pem
from registry.discovery.client import LookupClient, open_client
from registry.domains.loader import load_domain
from registry.settings import Settings, load_settings
from registry.sml.client import SmlClient
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor
from tests.simulators.databases import database_url
from tests.simulators.own_loop import in_own_loop

ACTOR = Actor("test")
SMP_ID = "SMP-TEST"
_T = TypeVar("_T")


def demo_trust(pki: DemoPki) -> dict[str, Any]:
    """Trust roles that accept the certificates of a test PKI."""
    root, smp_ca, ap_ca = (
        [certificates_pem(authority.certificate).decode()] for authority in (pki.root, pki.smp_ca, pki.ap_ca)
    )
    smp = {"anchors": root, "intermediates": smp_ca, "subject_patterns": ["OU=PEPPOL TEST SMP"]}
    ap = {"anchors": root, "intermediates": ap_ca}
    return {"smp-sign": smp, "sml-client": smp, "ap-encrypt": ap, "ap-sign": ap}


@dataclass(slots=True)
class LiveInstance:
    """A running instance with the domain `demo`, whose SMP is registered at its own SML.

    Of one that was begun without a domain, `stored` is no domain of it until `wait_for_domain` has found one.
    """

    serving: Serving
    instance: Instance
    addresses: Addresses
    stored: StoredDomain
    pki: DemoPki
    files: DemoPkiFiles
    settings: Settings
    loop: asyncio.AbstractEventLoop

    def run(self, work: Coroutine[Any, Any, _T], timeout: float = 30) -> _T:
        """Run a coroutine in the instance's event loop and wait for its result."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout)

    def wait_for_dns(self) -> None:
        """Return once DNS serves what is committed."""
        self.run(self.serving.wait_until_published())

    def wait_for_domain(self, name: str) -> None:
        """Return once a domain that somebody has made is served; it is this one's from then on."""
        self.run(self.serving.refresh())
        self.stored = self.instance.directory.get(name)
        self.wait_for_dns()

    def client_context(self, identity: Path | None = None) -> ssl.SSLContext:
        """A TLS context that trusts the instance; shows the key and certificate of `identity`, a PEM file."""
        context = ssl.create_default_context(cafile=str(self.files.root))
        if identity is not None:
            context.load_cert_chain(identity)
        return context

    @contextlib.contextmanager
    def sml_client(self, identity: Path | None = None) -> Iterator[SmlClient]:
        """A SOAP client; by default it is the instance's own SMP."""
        context = self.client_context(identity or self.files.smp)
        with SmlClient(f"{self.addresses.sml}/edelivery-sml", context) as client:
            yield client

    @contextlib.contextmanager
    def lookup_client(self, clock: Clock = system_clock) -> Iterator[LookupClient]:
        """A locator client that asks this instance."""
        domain = self.instance.directory.get(self.stored.domain.name).domain
        with open_client(domain, self.addresses.dns, clock) as client:
            yield client


@contextlib.contextmanager
def live_instance(
    folder: Path,
    pki: DemoPki,
    *,
    clock: Clock = system_clock,
    register_smp: bool = True,
    with_domain: bool = True,
    **overrides: Any,
) -> Iterator[LiveInstance]:
    """Run an instance in `folder` while the block lasts; `overrides` are fields of `Settings`."""
    files = pki.write(folder / "pki")
    settings = load_settings(
        **{
            "data_dir": folder,
            "database_url": database_url(folder),
            "public_bind": "127.0.0.1:0",
            "manage_bind": "127.0.0.1:0",
            "sml_bind": "127.0.0.1:0",
            "dns_bind": "127.0.0.1:0",
            "sml_tls_cert": files.tls_certificate,
            "sml_tls_key": files.tls_key,
            "shutdown_grace_s": 1,
        }
        | overrides
    )

    @contextlib.asynccontextmanager
    async def running() -> AsyncIterator[LiveInstance]:
        serving = Serving(settings, clock)
        async with serving.running() as addresses:
            stored = StoredDomain(0, load_domain("demo"), None)
            if with_domain:
                stored = await asyncio.to_thread(
                    add_domain,
                    serving.instance,
                    ACTOR,
                    "demo",
                    {"name": "demo", "smp": {"base_url": addresses.public, "smp_id": SMP_ID}, "trust": demo_trust(pki)},
                    signing_key=SigningKeyFile(files.smp),
                    register_smp=register_smp,
                )
                await serving.refresh()
            await serving.wait_until_published()
            loop = asyncio.get_running_loop()
            yield LiveInstance(serving, serving.instance, addresses, stored, pki, files, settings, loop)

    with in_own_loop("live-instance", running) as live:
        yield live
