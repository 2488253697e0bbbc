# SPDX-License-Identifier: Apache-2.0
"""`registry demo` as other tools and people use it: what it prints, what it writes, how it ends, what it imports."""

import json
import signal
import ssl
import stat
import subprocess
from pathlib import Path
from typing import Any

import dns.resolver
import httpx2
import pytest
from lxml import etree

from registry.demo.content import PARTICIPANTS
from registry.identifiers.dns_names import NameForm, participant_name
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.identifiers.url_form import parse_service_href, participant_path, service_path
from registry.sml.client import SmlClient
from registry.sml.model import Publisher
from tests.e2e.conftest import Registry, RunningDemo, running_demo, until
from trust_lists.certificates.parsing import fingerprint, load_certificates_pem

BUSDOX = "{http://busdox.org/serviceMetadata/publishing/1.0/}"
FILES = (
    *("manage_token_file", "ca_file", "smp_client_certificate_file", "smp_client_key_file"),
    "smp_signer_certificate_file",
)
KEYS = {
    *("domain", "zone", "dns", "smp_url", "manage_url", "sml_url", "smp_id", "participants"),
    *FILES,
}
Imported = tuple["subprocess.CompletedProcess[str]", dict[str, Any]]
NEW = ParticipantIdentifier(ISO6523, "0088:e2e-newcomer")


# --once


@pytest.fixture(scope="module")
def once(registry: Registry) -> "subprocess.CompletedProcess[str]":
    return registry("demo", "--once", "--json")


@pytest.fixture(scope="module")
def report(once: "subprocess.CompletedProcess[str]") -> dict[str, Any]:
    """The last line that was printed."""
    last: dict[str, Any] = json.loads(once.stdout.splitlines()[-1])
    return last


def test_demo_once_ends_with_0_and_says_nothing_wrong(once: "subprocess.CompletedProcess[str]") -> None:
    assert once.returncode == 0, once.stderr
    assert "Traceback" not in once.stderr
    assert "rror" not in once.stderr


def test_demo_json_has_exactly_the_promised_members(report: dict[str, Any]) -> None:
    assert set(report) == {"domain", "participants", "explanation", "endpoint"}
    assert report["domain"] == "demo"
    assert report["participants"] == [
        {"id": str(participant), "document_types": sorted(str(document_type) for document_type, _ in services)}
        for participant, services in PARTICIPANTS
    ]
    assert set(report["endpoint"]) == {"url", "transport_profile", "certificate_sha256"}
    assert report["endpoint"]["url"].startswith("https://")
    assert len(bytes.fromhex(report["endpoint"]["certificate_sha256"])) == 32


def test_demo_json_explains_each_step(report: dict[str, Any]) -> None:
    for step in report["explanation"]:
        assert set(step) == {"step", "outcome", "detail", "ms"}
        assert step["outcome"] in {"ok", "warning", "failed"}
        assert step["detail"]
        assert step["ms"] >= 0
    names = [step["step"] for step in report["explanation"]]
    wanted = ["sml", "publish", "dns", "smp", "metadata", "signature", "trust-smp-sign", "endpoint", "trust-ap-encrypt"]
    assert [name for name in names if name in wanted] == wanted
    assert {step["outcome"] for step in report["explanation"]} == {"ok"}
    assert any("revo" in step["detail"] for step in report["explanation"]), "it has to say that it didn't ask"


def test_demo_leaves_nothing_behind(once: "subprocess.CompletedProcess[str]", home: Path) -> None:
    assert once.returncode == 0
    assert not list(home.glob("registry-demo-*"))
    assert not (home / "data").exists()


def test_demo_once_without_json_prints_a_readable_tree(registry: Registry, tmp_path: Path) -> None:
    done = registry("demo", "--once", "--data", tmp_path / "data")
    assert done.returncode == 0, done.stderr
    assert "├── ok" in done.stdout
    assert "└── ok" in done.stdout
    participant = PARTICIPANTS[0][0]
    assert done.stdout.splitlines()[-1] == f"{participant} receives at https://ap1.demo.example/as4"
    assert (tmp_path / "data" / "demo.json").is_file()


# --data, while it serves


def test_manifest_has_exactly_the_promised_fields(demo: RunningDemo) -> None:
    manifest = demo.manifest
    assert set(manifest) == KEYS
    assert (manifest["domain"], manifest["zone"]) == ("demo", "sml.test")
    host, _, port = manifest["dns"].rpartition(":")
    assert (host, port.isdigit()) == ("127.0.0.1", True)
    for url in ("smp_url", "manage_url", "sml_url"):
        assert manifest[url].startswith(("http://127.0.0.1:", "https://127.0.0.1:"))
    assert manifest["participants"] == [
        {"id": str(participant), "document_types": sorted(str(document_type) for document_type, _ in services)}
        for participant, services in PARTICIPANTS
    ]


def test_manifest_names_files_by_absolute_paths(demo: RunningDemo) -> None:
    for name in FILES:
        path = Path(demo.manifest[name])
        assert path.is_absolute()
        assert path.is_file()
        assert path.is_relative_to(demo.folder)
    for secret in ("manage_token_file", "smp_client_key_file"):
        assert stat.S_IMODE(Path(demo.manifest[secret]).stat().st_mode) == 0o600
    assert stat.S_IMODE(demo.folder.stat().st_mode) == 0o700


def test_manifest_is_written_whole_and_last(demo: RunningDemo) -> None:
    assert [path.name for path in demo.folder.glob("demo.json*")] == ["demo.json"]
    newest = max(path.stat().st_mtime_ns for path in (demo.folder / "pki").iterdir())
    assert (demo.folder / "demo.json").stat().st_mtime_ns >= newest


def test_printed_addresses_are_those_of_the_manifest(demo: RunningDemo) -> None:
    shown = "\n".join(demo.shown)
    for field in ("smp_url", "manage_url", "sml_url"):
        assert demo.manifest[field] in shown
    assert f"-p {demo.manifest['dns'].rpartition(':')[2]} " in shown


def test_who_runs_it_is_told_how_to_log_in_and_where_everybody_looks(demo: RunningDemo) -> None:
    pages, public = (next(line for line in demo.shown if line.startswith(name)) for name in ("pages", "public"))
    password = pages.rpartition(" with ")[2].partition(",")[0]
    with httpx2.Client(base_url=demo.manifest["manage_url"]) as client:
        answer = client.post("/api/v1/session", json={"name": "demo", "password": password})
        assert (answer.status_code, answer.json().get("must_change_password")) == (200, True)
    page = httpx2.get(public.split()[1])
    assert page.status_code == 200
    assert "An access point finds an endpoint" in page.text


def test_everything_in_the_manifest_is_served(demo: RunningDemo) -> None:
    (signer, *_) = load_certificates_pem(Path(demo.manifest["smp_signer_certificate_file"]).read_bytes())
    for item in demo.manifest["participants"]:
        participant = ParticipantIdentifier.parse(item["id"])
        assert naptr(demo, participant) == demo.manifest["smp_url"]
        group = httpx2.get(demo.manifest["smp_url"] + participant_path(participant))
        assert group.content.count(b"ServiceMetadataReference ") == len(item["document_types"])
        for reference in etree.fromstring(group.content).iterfind(".//{*}ServiceMetadataReference"):
            document = etree.fromstring(httpx2.get(str(reference.get("href"))).content)
            certificate = document.findtext("{*}Signature//{*}X509Certificate")
            assert certificate is not None
            assert fingerprint(load_certificates_pem(pem(certificate))[0]) == fingerprint(signer)


def test_another_tool_resolves_by_the_data_folder(demo: RunningDemo, registry: Registry) -> None:
    participant = demo.manifest["participants"][-1]["id"]
    done = registry("resolve", participant, "--dns", demo.manifest["dns"], "--json", DATA_DIR=demo.folder)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["outcome"], found["domain"]) == ("found", demo.domain)
    assert found["endpoint"]["url"].startswith("https://ap")


def test_another_tool_publishes_and_withdraws_with_the_token(demo: RunningDemo) -> None:
    headers = {"Authorization": f"Bearer {Path(demo.manifest['manage_token_file']).read_text()}"}
    participant, document_type = NEW, PARTICIPANTS[0][1][0][0]
    sample = httpx2.get(demo.manifest["smp_url"] + service_path(PARTICIPANTS[0][0], document_type))
    group = (
        f'<ServiceGroup xmlns="{BUSDOX[1:-1]}"><i:ParticipantIdentifier '
        f'xmlns:i="http://busdox.org/transport/identifiers/1.0/" scheme="{ISO6523}">{participant.value}'
        "</i:ParticipantIdentifier><ServiceMetadataReferenceCollection/></ServiceGroup>"
    )
    metadata = sample.content.replace(PARTICIPANTS[0][0].value.encode(), participant.value.encode())
    with httpx2.Client(base_url=demo.manifest["manage_url"]) as manage:
        assert manage.put(participant_path(participant), content=group).status_code == 401
        manage.headers.update(headers)
        assert manage.put(participant_path(participant), content=group).status_code == 201
        # Its signature is of another document, and of no interest: the SMP makes its own.
        assert manage.put(service_path(participant, document_type), content=metadata).status_code == 201
        until(lambda: naptr(demo, participant) == demo.manifest["smp_url"], "the new name in DNS")
        served = httpx2.get(demo.manifest["smp_url"] + service_path(participant, document_type))
        assert served.status_code == 200
        assert participant.value.encode() in served.content
        assert manage.delete(service_path(participant, document_type)).status_code == 204
        assert manage.delete(participant_path(participant)).status_code == 204
    assert httpx2.get(demo.manifest["smp_url"] + participant_path(participant)).status_code == 404
    until(lambda: naptr(demo, participant) is None, "the name's end in DNS")


def test_another_tool_calls_the_sml_with_the_client_certificate(demo: RunningDemo) -> None:
    context = ssl.create_default_context(cafile=demo.manifest["ca_file"])
    context.load_cert_chain(demo.manifest["smp_client_certificate_file"], demo.manifest["smp_client_key_file"])
    participant = ParticipantIdentifier(ISO6523, "0088:e2e-by-soap")
    smp_id = demo.manifest["smp_id"]
    with SmlClient(demo.manifest["sml_url"], context) as sml:
        assert sml.read_publisher(smp_id).logical_address == demo.manifest["smp_url"]
        registered = {str(item) for item in sml.list_participants(smp_id).participants}
        assert registered >= {item["id"] for item in demo.manifest["participants"]}
        sml.create_publisher(Publisher("SMP-E2E", "https://smp.e2e.example/x", "192.0.2.1"))
        sml.create_participants("SMP-E2E", [participant])
        until(lambda: naptr(demo, participant) == "https://smp.e2e.example/x", "the new name in DNS")
        sml.delete_publisher("SMP-E2E")
    until(lambda: naptr(demo, participant) is None, "the name's end in DNS")


def test_wsdl_can_be_fetched(demo: RunningDemo) -> None:
    context = ssl.create_default_context(cafile=demo.manifest["ca_file"])
    for service in ("manageservicemetadata", "manageparticipantidentifier"):
        answer = httpx2.get(f"{demo.manifest['sml_url']}/{service}?wsdl", verify=context)
        assert answer.status_code == 200
        assert f"{demo.manifest['sml_url']}/{service}" in answer.text


def test_health_says_that_nothing_is_missing(demo: RunningDemo) -> None:
    health = httpx2.get(f"{demo.manifest['manage_url']}/api/v1/health")
    assert (health.status_code, health.json()["ready"]) == (200, True)


def test_a_second_demonstration_in_the_same_folder_is_refused(home: Path, tmp_path: Path, registry: Registry) -> None:
    """It would lead every name of the first one away from it."""
    with running_demo(home, tmp_path / "data") as first:
        before = (first.folder / "demo.json").read_bytes()
        second = registry("demo", "--once", "--data", first.folder)
        assert second.returncode == 2, second.stdout
        assert "in use" in second.stderr
        assert "Traceback" not in second.stderr
        assert (first.folder / "demo.json").read_bytes() == before
        assert naptr(first, PARTICIPANTS[0][0]) == first.manifest["smp_url"]
        assert first.stop()[0] in {0, 143}


def test_a_demonstration_goes_on_with_its_folder_under_new_addresses(
    home: Path, tmp_path: Path, registry: Registry
) -> None:
    with running_demo(home, tmp_path / "data") as first:
        assert first.stop()[0] in {0, 143}
    with running_demo(home, tmp_path / "data") as again:
        assert again.manifest["participants"] == first.manifest["participants"]
        assert again.manifest["smp_url"] != first.manifest["smp_url"]
        for participant, _ in PARTICIPANTS:
            assert naptr(again, participant) == again.manifest["smp_url"]
            group = httpx2.get(again.manifest["smp_url"] + participant_path(participant))
            assert first.manifest["smp_url"] not in group.text
        resolved = registry("resolve", str(PARTICIPANTS[0][0]), "--dns", again.manifest["dns"], DATA_DIR=again.folder)
        assert resolved.returncode == 0, resolved.stderr
        token = Path(again.manifest["manage_token_file"]).read_text()
        headers = {"Authorization": f"Bearer {token}"}
        gone = again.manifest["manage_url"] + participant_path(PARTICIPANTS[2][0])
        assert httpx2.delete(gone, headers=headers).status_code == 204


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_signal_ends_it_in_order(home: Path, tmp_path: Path, number: signal.Signals) -> None:
    with (
        running_demo(home, tmp_path / "data", "--json", ready='"explanation"') as demo,
        httpx2.Client(base_url=demo.manifest["smp_url"]) as idle,
    ):
        # A client that keeps its connection open must not keep the demonstration.
        assert idle.get(participant_path(PARTICIPANTS[0][0])).status_code == 200
        code, said = demo.stop(number)
    assert code in {0, 128 + number}
    assert "Traceback" not in said
    assert "rror" not in said


# --import


@pytest.fixture(scope="module")
def samples(corpus: Path) -> Path:
    return corpus / "smp" / "samples" / "vefa-peppol"


@pytest.fixture(scope="module")
def imported(samples: Path, registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Imported:
    """The demonstration with real documents of 2014 to 2026: what it printed, and its manifest."""
    folder = tmp_path_factory.mktemp("import") / "data"
    done = registry("demo", "--once", "--import", samples, "--data", folder)
    return done, json.loads((folder / "demo.json").read_text())


def documents_of(samples: Path) -> dict[str, tuple[str, str]]:
    """File name -> participant and document type (empty for a group), as a tool of our own reads them."""
    found = {}
    for path in sorted(samples.glob("*.xml")):
        root = etree.parse(path).getroot()
        redirect = root.find(".//{*}Redirect")
        if redirect is not None:
            participant, document_type = map(str, parse_service_href(str(redirect.get("href"))))
            found[path.name] = (participant, document_type)
            continue
        ids = [root.find(f".//{{*}}{name}") for name in ("ParticipantIdentifier", "DocumentIdentifier")]
        texts = ["" if item is None else f"{item.get('scheme')}::{(item.text or '').strip()}" for item in ids]
        found[path.name] = (texts[0], texts[1])
    return found


def test_import_publishes_every_document(imported: Imported, samples: Path) -> None:
    documents = documents_of(samples)
    assert len(documents) > 15
    published = {item["id"].lower(): set(item["document_types"]) for item in imported[1]["participants"]}
    for name, (participant, document_type) in documents.items():
        assert participant.lower() in published, name
        if document_type:
            assert document_type in published[participant.lower()], name


def test_import_finds_each_participant_and_document_type_again(imported: Imported, samples: Path) -> None:
    distinct = {(who.lower(), what) for who, what in documents_of(samples).values() if what}
    printed = " ".join(imported[0].stdout.split())
    assert f"{len(distinct)} of {len(distinct)} found" in printed


def test_import_takes_documents_of_other_dialects_and_drafts(imported: Imported, samples: Path) -> None:
    lines = imported[0].stdout.splitlines()
    assert not [line for line in lines if line.startswith("refused ")]
    others = [path.name for path in samples.glob("bdxr*.xml")]
    assert len(others) >= 3
    assert {name for name in others if any(name in line for line in lines)} == set(others)
    assert any("draft" in line for line in lines), "what is a draft is noted"


def test_import_says_which_of_several_documents_about_the_same_won(imported: Imported, samples: Path) -> None:
    """The last one in name order; a redirect never replaces service metadata."""
    lines = [line for line in imported[0].stdout.splitlines() if str(samples) in line and not line.startswith(" ")]
    verdict_of = {Path(line.split(str(samples))[1]).name: line.split(str(samples))[0].strip() for line in lines}
    assert verdict_of.keys() == {path.name for path in samples.glob("*.xml")}
    groups: dict[tuple[str, str], list[str]] = {}
    for name, (who, what) in documents_of(samples).items():
        groups.setdefault((who.lower(), what), []).append(name)
    several = [names for (_, what), names in groups.items() if what and len(names) > 1]
    assert several
    for names in several:
        redirects = [name for name in names if "-redirect-" in name]
        others = [name for name in names if name not in redirects]
        *losers, winner = others or redirects
        assert verdict_of[winner] in {"created", "updated", "unchanged"}, winner
        assert {verdict_of[name] for name in losers} <= {"superseded"}, losers
        assert {verdict_of[name] for name in redirects if others} <= {"left out"}, redirects


def test_import_ends_with_0_since_nothing_was_refused(imported: Imported) -> None:
    assert imported[0].returncode == 0
    assert "Traceback" not in imported[0].stderr


def test_import_wants_a_path_that_exists(registry: Registry, tmp_path: Path) -> None:
    assert registry("demo", "--once", "--import", tmp_path / "nothing").returncode == 2


# what tests ask of a running demonstration


def naptr(demo: RunningDemo, participant: ParticipantIdentifier) -> str | None:
    """Where the participant's name leads now; None where there is no such name."""
    host, _, port = demo.manifest["dns"].rpartition(":")
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [host], int(port)
    try:
        (record,) = resolver.resolve(participant_name(participant, demo.manifest["zone"], NameForm()), "NAPTR")
    except dns.resolver.NXDOMAIN:
        return None
    return str(record.regexp.decode().split("!")[2])


def pem(base64_text: str) -> bytes:
    lines = "\n".join(base64_text.split())
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n".encode()
