# SPDX-License-Identifier: Apache-2.0
"""The demonstration: a whole network in one process, from an empty folder to a recipient found by its identifier.

Everything is real: certificates, SOAP over mutual TLS, signed documents, DNS packets. Only the authorities are made for
the occasion.
"""

import asyncio
import contextlib
import fcntl
import json
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cryptography.x509 import Certificate

from registry.accounts.tokens import create_token
from registry.app.domain_setup import SigningKeyFile, add_domain, change_domain
from registry.app.instance import Instance, make_private_folder
from registry.app.participants import each_participant
from registry.app.serving import Addresses, Serving
from registry.clock import system_clock
from registry.demo.content import PARTICIPANTS, demo_metadata
from registry.demo.pki import (
    DemoPki,
    DemoPkiFiles,
    build_demo_pki,
    certificates_pem,
    private_key_pem,
    write_secret,
)
from registry.discovery.client import LookupClient, Resolution, open_client
from registry.discovery.errors import DiscoveryError
from registry.discovery.explanation import Explanation, ExplanationBuilder
from registry.errors import ConfigurationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.settings import Settings
from registry.sml.client import SmlClient
from registry.sml.model import Publisher
from registry.smp.exchange import TAKEN, ImportedDocument, Importer, Verdict
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor

DOMAIN: Final = "demo"
SMP_ID: Final = "SMP-DEMO"
_ACTOR = Actor("demo")


@dataclass(slots=True)
class DemoReport:
    """What the demonstration did and found."""

    participants: list[dict[str, Any]] = field(default_factory=list)
    explanation: Explanation = field(default_factory=Explanation)
    resolution: Resolution | None = None
    imported: list[ImportedDocument] = field(default_factory=list)
    lost: int = 0
    """Imported documents that were not found again."""

    @property
    def refused(self) -> int:
        """Documents that were not taken."""
        return sum(document.verdict is Verdict.REFUSED for document in self.imported)

    def to_json(self) -> dict[str, Any]:
        """The object that `registry demo --json` prints."""
        return {
            "domain": DOMAIN,
            "participants": self.participants,
            "explanation": self.explanation.to_json(),
            "endpoint": None if self.resolution is None else self.resolution.endpoint_to_json(),
        }


@dataclass(frozen=True, slots=True)
class RunningDemo:
    """A demonstration that serves: what it found, and where it listens."""

    serving: Serving
    report: DemoReport
    addresses: Addresses
    stored: StoredDomain


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep other demonstrations out of a folder. Raises ConfigurationError while one is in it."""
    make_private_folder(folder)
    with (folder / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigurationError(
                f"{folder} is in use: a demonstration that runs already keeps its data there"
            ) from error
        yield


@contextlib.asynccontextmanager
async def running_demo(
    settings: Settings, imports: Sequence[Path], progress: Callable[[str], None]
) -> AsyncIterator[RunningDemo]:
    """Build the network in the data folder of `settings`, look a recipient up, and go on serving inside the block.

    A folder of an earlier run is gone on with. Raises the error of the step that failed.
    """
    folder = settings.data_dir
    (folder / "demo.json").unlink(missing_ok=True)  # it says that everything is ready
    again = await asyncio.to_thread(_is_set_up, settings)
    steps = ExplanationBuilder()
    files = DemoPkiFiles.in_folder(folder / "pki")
    pki: DemoPki | None = None
    if not again:
        with steps.step("pki") as step:
            pki = await asyncio.to_thread(build_demo_pki, system_clock())
            pki.write(folder / "pki")
            _write_client_identity(folder, pki)
            step.detail = "a root, a CA for SMPs and one for access points, and their certificates"
            progress(f"Made {step.detail}")
    settings = settings.model_copy(update={"sml_tls_cert": files.tls_certificate, "sml_tls_key": files.tls_key})
    serving = Serving(settings)
    async with serving.running() as addresses:
        if pki is None:
            stored = await _resume(serving, addresses, files, steps, progress)
        else:
            stored = await _set_up(serving, addresses, pki, files, steps, progress)
            await _publish(serving, stored, pki, steps, progress)
        report = DemoReport()
        await _import(serving, stored, imports, report, steps, progress)
        await asyncio.to_thread(_look_up, addresses, stored, report, steps)
        await asyncio.to_thread(_write_manifest, serving, folder, addresses, files, report)
        yield RunningDemo(serving, report, addresses, stored)


def _is_set_up(settings: Settings) -> bool:
    """Whether an earlier run got as far as making the domain."""
    with Instance.open(settings) as instance:
        return any(stored.domain.name == DOMAIN for stored in instance.directory.all())


async def _resume(
    serving: Serving,
    addresses: Addresses,
    files: DemoPkiFiles,
    steps: ExplanationBuilder,
    progress: Callable[[str], None],
) -> StoredDomain:
    """Go on with the data of an earlier run, under the addresses of this one."""
    with steps.step("domain") as step:
        base_url = {"smp": {"base_url": addresses.public, "smp_id": SMP_ID}}
        stored = await asyncio.to_thread(change_domain, serving.instance, _ACTOR, DOMAIN, base_url)
        await serving.refresh()
        step.detail = f"{DOMAIN} as it was, with the zone {stored.domain.dns.zone} on {addresses.dns}"
        progress(f"Found the domain {step.detail}")
    with steps.step("sml") as step:
        await asyncio.to_thread(_call_sml, addresses, files, SmlClient.update_publisher)
        step.detail = f"{SMP_ID} updated at {addresses.sml} by SOAP over mutual TLS"
        progress(step.detail)
    return stored


async def _set_up(
    serving: Serving,
    addresses: Addresses,
    pki: DemoPki,
    files: DemoPkiFiles,
    steps: ExplanationBuilder,
    progress: Callable[[str], None],
) -> StoredDomain:
    with steps.step("domain") as step:
        stored = await asyncio.to_thread(
            add_domain,
            serving.instance,
            _ACTOR,
            DOMAIN,
            _settings(addresses, pki),
            signing_key=SigningKeyFile(files.smp),
            register_smp=False,
        )
        await serving.refresh()
        step.detail = f"{DOMAIN}, with the zone {stored.domain.dns.zone} on {addresses.dns}"
        progress(f"Made the domain {step.detail}")
    with steps.step("sml") as step:
        await asyncio.to_thread(_call_sml, addresses, files, SmlClient.create_publisher)
        step.detail = f"{SMP_ID} registered at {addresses.sml} by SOAP over mutual TLS"
        progress(step.detail)
    return stored


def _settings(addresses: Addresses, pki: DemoPki) -> dict[str, Any]:
    root = [_text(pki.root.certificate)]
    smp_ca, ap_ca = [_text(pki.smp_ca.certificate)], [_text(pki.ap_ca.certificate)]
    return {
        "name": DOMAIN,
        "public_page": True,
        "smp": {"base_url": addresses.public, "smp_id": SMP_ID},
        "trust": {
            "smp-sign": {"anchors": root, "intermediates": smp_ca, "subject_patterns": ["OU=PEPPOL TEST SMP"]},
            "sml-client": {"anchors": root, "intermediates": smp_ca, "subject_patterns": ["OU=PEPPOL TEST SMP"]},
            "ap-encrypt": {"anchors": root, "intermediates": ap_ca},
            "ap-sign": {"anchors": root, "intermediates": ap_ca},
        },
    }


def _text(certificate: Certificate) -> str:
    return certificates_pem(certificate).decode()


def _call_sml(addresses: Addresses, files: DemoPkiFiles, call: Callable[[SmlClient, Publisher], None]) -> None:
    """Tell the SML about our SMP, as any other SMP would."""
    context = ssl.create_default_context(cafile=str(files.root))
    context.load_cert_chain(files.smp)
    with SmlClient(f"{addresses.sml}/edelivery-sml", context) as client:
        call(client, Publisher(SMP_ID, addresses.public, "127.0.0.1"))


async def _publish(
    serving: Serving,
    stored: StoredDomain,
    pki: DemoPki,
    steps: ExplanationBuilder,
    progress: Callable[[str], None],
) -> None:
    publishing = serving.instance.publishing
    with steps.step("publish") as step:
        documents = demo_metadata(pki.access_points)
        for metadata in documents:
            await asyncio.to_thread(publishing.put_service_metadata, _ACTOR, stored, metadata, create_group=True)
        step.detail = f"{len(documents)} service metadata of {len(PARTICIPANTS)} participants, registered and published"
        progress(f"Published {step.detail}")


async def _import(
    serving: Serving,
    stored: StoredDomain,
    imports: Sequence[Path],
    report: DemoReport,
    steps: ExplanationBuilder,
    progress: Callable[[str], None],
) -> None:
    if imports:
        with steps.step("import") as step:
            importer = Importer(serving.instance.publishing, stored)
            report.imported = await asyncio.to_thread(lambda: list(importer.run(_ACTOR, imports)))
            taken = sum(document.verdict in TAKEN for document in report.imported)
            step.detail = f"{len(report.imported)} documents: {taken} taken, {report.refused} refused"
            if report.refused:
                step.warn(step.detail)
            progress(f"Imported {step.detail}")
    await serving.wait_until_published()
    listed = await asyncio.to_thread(lambda: list(each_participant(serving.instance, stored)))
    report.participants = [
        {"id": str(participant), "document_types": [str(document_type) for document_type in document_types]}
        for participant, document_types in listed
    ]


def _look_up(addresses: Addresses, stored: StoredDomain, report: DemoReport, steps: ExplanationBuilder) -> None:
    with open_client(stored.domain, addresses.dns) as client:
        if report.imported:
            _find_again(client, report, steps)
        try:
            report.resolution = client.resolve(PARTICIPANTS[0][0])
            found = report.resolution.explanation
        except DiscoveryError as error:
            found = error.explanation
    report.explanation = Explanation((*steps.build().steps, *found.steps))


def _find_again(client: LookupClient, report: DemoReport, steps: ExplanationBuilder) -> None:
    """Look up each (participant, document type) that was imported, as an access point would."""
    wanted = {
        (document.participant, document.document_type)
        for document in report.imported
        if document.document_type and document.verdict is not Verdict.REFUSED
    }
    idle = 0
    with steps.step("find-again") as step:
        lost = []
        for participant, document_type in sorted(wanted):
            try:
                client.resolve(ParticipantIdentifier.parse(participant), DocumentTypeIdentifier.parse(document_type))
            except DiscoveryError as error:
                # Found, verified, and honest about its dates: an old document's endpoints have run out.
                if error.reason_id == "no-usable-endpoint":
                    idle += 1
                else:
                    lost.append(f"{participant} {document_type}: {error}")
        report.lost = len(lost)
        step.detail = f"{len(wanted) - len(lost)} of {len(wanted)} found through DNS and SMP, signatures verified"
        if idle:
            step.detail += f"; {idle} of them have no endpoint in force today"
        if lost:
            step.warn("; ".join((step.detail, *lost)))


def _client_identity(folder: Path) -> tuple[Path, Path]:
    """Where certificate and key of the SMP lie, apart, as other tools want them."""
    return folder / "pki" / "smp-client.pem", folder / "pki" / "smp-client-key.pem"


def _write_client_identity(folder: Path, pki: DemoPki) -> None:
    certificate_file, key_file = _client_identity(folder)
    certificate_file.write_bytes(certificates_pem(pki.smp.certificate, *pki.smp.chain))
    write_secret(key_file, private_key_pem(pki.smp.private_key))


def _write_manifest(
    serving: Serving, folder: Path, addresses: Addresses, files: DemoPkiFiles, report: DemoReport
) -> None:
    """Write what other tools start from, last of all and whole: first beside it, then renamed."""
    token_file = folder / "manage-token"
    if not token_file.exists():
        write_secret(token_file, create_token(serving.instance.database, _ACTOR, "demo").encode())
    certificate_file, key_file = _client_identity(folder)
    manifest = {
        "domain": DOMAIN,
        "zone": "sml.test",
        "dns": addresses.dns,
        "smp_url": addresses.public,
        "manage_url": addresses.manage,
        "manage_token_file": str(token_file.absolute()),
        "sml_url": f"{addresses.sml}/edelivery-sml",
        "smp_id": SMP_ID,
        "ca_file": str(files.root.absolute()),
        "smp_client_certificate_file": str(certificate_file.absolute()),
        "smp_client_key_file": str(key_file.absolute()),
        "smp_signer_certificate_file": str(certificate_file.absolute()),
        "participants": report.participants,
    }
    beside = folder / "demo.json.new"
    beside.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
    beside.replace(folder / "demo.json")
