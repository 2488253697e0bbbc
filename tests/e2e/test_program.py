# SPDX-License-Identifier: Apache-2.0
"""The program `registry` in processes of its own: help, exit codes, and an instance that commands set up."""

import json
import signal
import ssl
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from typer.testing import CliRunner

from registry.cli.main import app
from registry.demo.content import INVOICE, ORDER, PARTICIPANTS
from registry.demo.pki import DemoPki, certificates_pem, new_root
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.identifiers.url_form import participant_path, service_path
from registry.sml.client import SmlClient
from registry.sml.model import Publisher
from tests.e2e.conftest import TIMEOUT, Registry, RunningDemo, command, environment, until

CONTRACT = (
    *("demo", "serve", "resolve", "import", "export", "doctor"),
    *("domain list", "domain show", "domain add", "domain change", "domain settings"),
    *("trust show", "trust use", "trust collect", "trust decide", "trust impact", "trust sources"),
    *("plan import", "plan replace", "plan list", "plan show", "plan apply", "plan abandon"),
    *("campaign add", "campaign list", "campaign show", "campaign count", "campaign late", "campaign remind"),
    "campaign close",
    *("plan submit", "plan approve", "plan reject", "plan propose", "participant change"),
    *("participant add", "participant show", "participant list", "participant remove"),
    *("token create", "token list", "token revoke", "token rotate", "dns show", "resolver", "export-config"),
    "dns configure",
    *("dns record list", "dns record put", "dns record remove", "dns delegate", "dns locator", "sml locate"),
    "dns move-zone",
    *("directory status", "directory push", "directory retry", "directory orphans"),
    *("problem list", "problem acknowledge", "alert add", "alert list", "alert show", "alert remove", "alert test"),
    *("alert deliveries", "alert change", "alert enable", "alert disable", "settings"),
    *("dns status", "dns names", "dns changes"),
    *("dns check", "dns repair", "dns export", "dns import"),
    *("dns key generate", "dns key list", "dns key show"),
    *("dns push status", "dns push now", "dns push take-over"),
    *("account list", "account show", "account create", "account change", "account disable", "account enable"),
    *("account erase", "account set-password", "account unlock"),
    *("account add-certificate", "account remove-credential"),
    *(
        "group list",
        "group create",
        "group change",
        "group delete",
        "group add-participant",
        "group remove-participant",
    ),
    *("permission list", "permission explain", "permission grant", "permission revoke"),
    *("session list", "session revoke"),
    *("backup create", "backup verify", "restore", "database copy", "database adopt"),
    *("business-card put", "business-card get", "business-card delete"),
    *("certificate calendar", "service put", "service withdraw"),
    *("audit show", "audit head", "audit verify", "audit export", "audit erase", "audit prune"),
    *("job list", "job show", "job cancel", "job retry", "job run"),
    *("participant move-out", "participant move-in", "sml migration list", "sml migration show"),
    *("sml migration history", "sml migration prepare", "sml migration complete", "sml migration cancel"),
    *("sml publisher list", "sml publisher show", "sml publisher add", "sml publisher change", "sml publisher remove"),
    *("sml registration list", "sml registration add", "sml registration move", "sml registration end"),
    *("sml certificate list", "sml certificate ending", "sml certificate add", "sml certificate change"),
    *("sml certificate end", "sml certificate prove"),
    "sml squatting",
    *("move-in plan", "move-in load", "move-in shadow", "move-in status", "move-in end"),
    *("move-in cutover", "move-in back", "move-in replay", "signing-key take", "signing-key to-pem"),
    *("sml suspend", "sml resume", "sml transfer", "sml block", "sml unblock", "sml lift-quarantine"),
    *("sml intervention list", "sml intervention show", "sml intervention approve", "sml intervention refuse"),
    *("sml intervention undo", "sml intervention quarantine", "sml intervention blocked"),
    *("sml check", "sml visible"),
    "sml who",
    *("signing-key list", "signing-key plan", "signing-key activate", "signing-key cancel"),
    *("code-list import", "code-list list", "code-list show", "code-list diff", "code-list update"),
)
HEAVY = ("fastapi", "sqlalchemy", "lxml", "cryptography", "uvicorn", "pydantic", "dns.resolver", "alembic")
NEWCOMER = f"{ISO6523}::0088:newcomer"


# Help


@pytest.mark.any_database
@pytest.mark.parametrize("words", CONTRACT)
def test_every_command_of_the_contract_has_help_with_an_example(words: str) -> None:
    """In this process: that the program shows help is the matter of the tests below."""
    done = CliRunner(env={"COLUMNS": "120"}).invoke(app, [*words.split(), "--help"])
    assert done.exit_code == 0, words
    text = " ".join(done.stdout.split())
    assert "Example" in text, words
    assert f"registry {words}" in text.partition("Example")[2], words


@pytest.mark.any_database
def test_help_imports_nothing_heavy(home: Path) -> None:
    code = (
        "import sys, runpy\n"
        "sys.argv = ['registry', '--help']\n"
        "try:\n"
        "    runpy.run_module('registry', run_name='__main__')\n"
        "except SystemExit as end:\n"
        "    assert not end.code, end.code\n"
        f"print('HEAVY', sorted(set({HEAVY!r}) & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(home), capture_output=True, text=True, timeout=TIMEOUT, check=True
    )
    assert done.stdout.splitlines()[-1] == "HEAVY []"
    assert "resolve" in done.stdout


@pytest.mark.any_database
def test_without_a_command_it_shows_its_help(registry: Registry) -> None:
    done = registry()
    assert done.returncode == 2
    assert "registry demo" in done.stdout + done.stderr


# resolve


@pytest.fixture(scope="module")
def resolve(registry: Registry, demo: RunningDemo) -> Registry:
    """`registry resolve ARGUMENTS` with the data folder and the name server of the demonstration."""

    def run(*arguments: str | Path, **settings: str | Path) -> "subprocess.CompletedProcess[str]":
        done = registry("resolve", *arguments, "--dns", demo.manifest["dns"], **{"DATA_DIR": demo.folder, **settings})
        assert "Traceback" not in done.stderr
        return done

    return run


def test_resolve_0_found(resolve: Registry) -> None:
    done = resolve("9915:TEST-HOSPITAL", "--document-type", str(ORDER), "--explain")
    assert done.returncode == 0, done.stderr
    assert "https://ap1.demo.example/as4" in done.stdout
    assert "signature" in done.stdout


def test_resolve_says_nothing_but_the_answer(resolve: Registry) -> None:
    done = resolve("9915:Test-Hospital", "--json")
    assert json.loads(done.stdout)["outcome"] == "found"
    assert done.stderr == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["0088:1", "--no-such-option"],
        ["0088:1", "--domain", "nobody"],
        ["0088:1", "--document-type", "without-a-scheme"],
    ],
    ids=["unknown option", "unknown domain", "bad document type"],
)
def test_resolve_2_usage(resolve: Registry, arguments: list[str]) -> None:
    done = resolve(*arguments)
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stderr


def test_resolve_3_not_registered(resolve: Registry) -> None:
    done = resolve("0088:nobody", "--json")
    assert done.returncode == 3, done.stderr
    assert json.loads(done.stdout)["outcome"] == "not-registered"


def test_resolve_4_no_matching_service(resolve: Registry) -> None:
    done = resolve(str(PARTICIPANTS[1][0]), "--document-type", str(ORDER), "--json")
    assert done.returncode == 4, done.stderr
    assert json.loads(done.stdout)["outcome"] == "no-matching-service"


def test_resolve_5_not_trusted(resolve: Registry, registry: Registry, tmp_path: Path) -> None:
    """Another domain of the same zone, whose operator trusts another root."""
    root = tmp_path / "other-root.pem"
    root.write_bytes(certificates_pem(new_root(datetime.now(UTC)).certificate))
    settings = tmp_path / "settings.yaml"
    settings.write_text("sml: {enabled: false}\n")
    added = registry(
        *("domain", "add", "mistrust", "--profile", "demo", "--settings", settings, "--anchors", f"smp-sign={root}"),
        DATA_DIR=tmp_path,
    )
    assert added.returncode == 0, added.stderr
    done = resolve(str(PARTICIPANTS[0][0]), "--domain", "mistrust", "--json", DATA_DIR=tmp_path)
    assert done.returncode == 5, done.stderr
    assert json.loads(done.stdout)["outcome"] == "not-trusted"


def test_resolve_6_technical_failure_of_dns(resolve: Registry) -> None:
    """The name server refuses questions about zones that aren't its own."""
    done = resolve(str(PARTICIPANTS[0][0]), "--domain", "peppol-test", "--json")
    assert done.returncode == 6, done.stderr
    assert json.loads(done.stdout)["outcome"] == "technical-failure"


def test_resolve_6_technical_failure_of_the_smp(resolve: Registry, demo: RunningDemo) -> None:
    context = ssl.create_default_context(cafile=demo.manifest["ca_file"])
    context.load_cert_chain(demo.manifest["smp_client_certificate_file"], demo.manifest["smp_client_key_file"])
    with SmlClient(demo.manifest["sml_url"], context) as sml:
        # Port 1 of loopback: nobody listens there.
        sml.create_publisher(Publisher("SMP-DOWN", "http://127.0.0.1:1", "127.0.0.1"))
        sml.create_participants("SMP-DOWN", [ParticipantIdentifier(ISO6523, "0088:down")])
        until(lambda: resolve("0088:down").returncode != 3, "the new name in DNS")
        assert resolve("0088:down").returncode == 6
        sml.delete_publisher("SMP-DOWN")


# An instance that commands set up


@pytest.fixture(scope="module")
def signing_key(pki: DemoPki, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pki.write(tmp_path_factory.mktemp("pki")).smp


@pytest.fixture(scope="module")
def instance(registry: Registry, signing_key: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with one domain, made by `registry domain add`."""
    folder = tmp_path_factory.mktemp("instance") / "data"
    ca = signing_key.with_name("root.pem")
    added = registry(
        *("domain", "add", "network", "--profile", "demo", "--base-url", "http://smp.example.org", "--sml"),
        *("--smp-id", "SMP-CLI", "--zone", "cli.test", "--name-server", "ns.example.org", "--default"),
        *("--signing-key", signing_key, "--anchors", f"smp-sign={ca}", "--anchors", f"sml-client={ca}"),
        DATA_DIR=folder,
    )
    assert added.returncode == 0, added.stderr
    return folder


def test_commands_add_show_list_and_remove_a_participant(registry: Registry, instance: Path) -> None:
    added = registry("participant", "add", NEWCOMER, DATA_DIR=instance)
    assert (added.returncode, added.stdout) == (0, f"{NEWCOMER}: created\n")
    shown = json.loads(registry("participant", "show", NEWCOMER, "--json", DATA_DIR=instance).stdout)
    assert (shown["participant"], shown["registered_by"]) == (NEWCOMER, "SMP-CLI")
    assert shown["dns_name"].endswith(".iso6523-actorid-upis.cli.test")
    listed = registry("participant", "list", "--json", DATA_DIR=instance)
    assert [json.loads(line)["id"] for line in listed.stdout.splitlines()] == [NEWCOMER]
    assert registry("participant", "remove", NEWCOMER, DATA_DIR=instance).returncode == 0
    again = registry("participant", "remove", NEWCOMER, DATA_DIR=instance)
    assert again.returncode == 1
    assert "Traceback" not in again.stderr


def test_export_and_import_go_round(registry: Registry, instance: Path, corpus: Path, tmp_path: Path) -> None:
    sample = corpus / "smp" / "samples" / "vefa-peppol" / "busdox-servicemetadata-0192-991825827.xml"
    taken = registry("import", sample, DATA_DIR=instance)
    assert taken.returncode == 0, taken.stdout + taken.stderr
    exported = registry("export", tmp_path / "out", DATA_DIR=instance)
    assert exported.returncode == 0, exported.stderr
    files = sorted(path for path in (tmp_path / "out").rglob("*.xml"))
    assert len(files) == 2
    again = registry("import", tmp_path / "out", DATA_DIR=instance)
    assert again.returncode == 0, again.stdout
    assert "created" not in again.stdout
    registry("participant", "remove", f"{ISO6523}::0192:991825827", DATA_DIR=instance)


def test_1_when_something_is_refused(registry: Registry, instance: Path, corpus: Path) -> None:
    sample = corpus / "smp" / "samples" / "bdxr-smp-client" / "oasis-smp" / "invalid.xml"
    done = registry("import", sample, DATA_DIR=instance)
    assert done.returncode == 1
    assert done.stdout.startswith("refused")
    assert registry("participant", "show", f"{ISO6523}::0088:nobody", DATA_DIR=instance).returncode == 1


@pytest.mark.parametrize(
    "arguments",
    [["participant", "add"], ["domain", "add", "other", "--profile", "no-such-profile"]],
    ids=" ".join,
)
def test_2_when_the_command_is_used_wrongly(registry: Registry, instance: Path, arguments: list[str]) -> None:
    done = registry(*arguments, DATA_DIR=instance)
    assert done.returncode == 2
    assert done.stderr
    assert "Traceback" not in done.stderr


def test_2_when_a_setting_is_wrong(registry: Registry, instance: Path) -> None:
    done = registry("serve", DATA_DIR=instance, PUBLIC_BIND="nowhere")
    assert done.returncode == 2
    assert "REGISTRY_PUBLIC_BIND" in done.stderr


@pytest.mark.sqlite
def test_6_when_the_database_is_broken(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "registry.sqlite3").write_bytes(b"this is no database" * 1000)
    done = registry("participant", "list", DATA_DIR=tmp_path)
    assert done.returncode == 6
    assert "Traceback" not in done.stderr


def test_serve_answers_on_every_address_until_it_is_told_to_stop(
    registry: Registry, instance: Path, signing_key: Path, home: Path, pki: DemoPki
) -> None:
    token = registry("token", "create", "e2e", "--domain", "network", DATA_DIR=instance)
    assert token.returncode == 0, token.stderr
    pki_folder = signing_key.parent
    settings = {
        "DATA_DIR": str(instance),
        "SML_TLS_CERT": str(pki_folder / "tls-certificate.pem"),
        "SML_TLS_KEY": str(pki_folder / "tls-key.pem"),
        **{f"{name}_BIND": "127.0.0.1:0" for name in ("PUBLIC", "MANAGE", "SML", "DNS")},
    }
    process = subprocess.Popen(
        command("serve"),
        cwd=home,
        env=environment(home, **settings),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    watchdog = threading.Timer(TIMEOUT, process.kill)
    watchdog.start()
    try:
        assert process.stdout is not None
        urls = dict(process.stdout.readline().split() for _ in range(4))
        assert list(urls) == ["SMP", "manage", "SML", "DNS"]
        participant = ParticipantIdentifier.parse(NEWCOMER)
        group = (
            '<ServiceGroup xmlns="http://busdox.org/serviceMetadata/publishing/1.0/">'
            '<i:ParticipantIdentifier xmlns:i="http://busdox.org/transport/identifiers/1.0/" '
            f'scheme="{participant.scheme}">{participant.value}</i:ParticipantIdentifier>'
            "<ServiceMetadataReferenceCollection/></ServiceGroup>"
        )
        headers = {"Authorization": f"Bearer {token.stdout.strip()}"}
        put = httpx2.put(urls["manage"] + participant_path(participant), content=group, headers=headers)
        assert put.status_code == 201, put.text
        assert httpx2.get(urls["SMP"] + participant_path(participant)).status_code == 200
        assert httpx2.get(urls["SMP"] + service_path(participant, INVOICE)).status_code == 404
        # A command works on the same database meanwhile, and what it does is served.
        assert registry("participant", "remove", NEWCOMER, DATA_DIR=instance).returncode == 0
        assert httpx2.get(urls["SMP"] + participant_path(participant)).status_code == 404
        process.send_signal(signal.SIGTERM)
        rest, errors = process.communicate(timeout=TIMEOUT)
    finally:
        watchdog.cancel()
        process.kill()
        process.communicate(timeout=TIMEOUT)
    assert process.returncode in {0, 143}
    assert "Traceback" not in rest + errors
