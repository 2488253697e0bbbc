# SPDX-License-Identifier: Apache-2.0
"""`trust-lists build`, `sign` and `reissue`: what they write, what they refuse, and their exit codes."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from typer.testing import CliRunner, Result

from tests.simulators.own_lists import OPERATOR, OwnNetwork, content, key_pem, new_key, own_network, services_of
from trust_lists.cli.main import app
from trust_lists.documents.model import TrustedList
from trust_lists.documents.reading import read_unverified
from trust_lists.publishing.issuing import is_signed

FIRST, SECOND, THIRD = "2026-11-22T10:00:00Z", "2026-12-22T10:00:00Z", "2027-01-22T10:00:00Z"
PASSWORD = "correct horse"

runner = CliRunner()


@pytest.fixture
def network(tmp_path: Path, pki_files: Callable[[Path], OwnNetwork]) -> OwnNetwork:
    return pki_files(tmp_path)


@pytest.fixture(scope="module")
def pki_files(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], OwnNetwork]:
    made = own_network(tmp_path_factory.mktemp("network"))

    def copied(folder: Path) -> OwnNetwork:
        for file in made.folder.iterdir():
            (folder / file.name).write_bytes(file.read_bytes())
        return OwnNetwork(folder, made.tlso, made.ap_ca, made.smp_ca)

    return copied


def run(*arguments: str | Path, stdin: str | None = None) -> Result:
    return runner.invoke(app, [str(argument) for argument in arguments], input=stdin)


def key(network: OwnNetwork) -> tuple[str, Path]:
    return "--key", network.folder / "tlso.key.pem"


def made(network: OwnNetwork, at: str = FIRST) -> None:
    """The first issue, in place."""
    done = run("build", network.source, "--sign", *key(network), "--at", at)
    assert done.exit_code == 0, done.output


def lists(network: OwnNetwork) -> list[TrustedList]:
    return [read_unverified((network.folder / name).read_bytes()) for name in ("example-tl.xml", "example-lote.json")]


def files(network: OwnNetwork) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in network.folder.iterdir() if file.name.startswith("example-")}


# build and reissue


def test_build_makes_the_first_issue_and_reissue_the_next_ones(network: OwnNetwork) -> None:
    made(network)
    assert sorted(files(network)) == ["example-lote.json", "example-lote.sha2", "example-tl.sha2", "example-tl.xml"]
    services = content()
    services_of(services)[0]["status"] = "withdrawn"
    network.write(services)
    done = run("reissue", network.source, *key(network), "--at", SECOND)
    assert done.exit_code == 0, done.output
    assert "example-tl.xml: is issue 2, 2 services, next update by 2027-06-22" in done.stdout
    for document in lists(network):
        assert document.scheme.sequence == 2
        assert [len(service.history) for service in document.services] == [1, 0]
    found = files(network)
    for name in ("example-tl.xml", "example-lote.json"):
        assert found[f"{name.rpartition('.')[0]}.sha2"].decode() == sha256(found[name]).hexdigest()


def test_build_with_the_previous_issues_is_the_same_as_reissue(network: OwnNetwork) -> None:
    made(network)
    previous = [
        item for name in ("example-lote.json", "example-tl.xml") for item in ("--previous", network.folder / name)
    ]
    done = run("build", network.source, "--sign", *key(network), "--at", SECOND, *previous, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["written"] is True
    assert [(each["form"], each["sequence"], each["next_update"]) for each in told["lists"]] == [
        ("TS 119 612", 2, "2027-06-22T10:00:00Z"),
        ("TS 119 602 JSON", 2, "2027-06-22T10:00:00Z"),
    ]
    assert [document.scheme.sequence for document in lists(network)] == [2, 2]


def test_the_lists_go_to_another_folder(network: OwnNetwork, tmp_path: Path) -> None:
    done = run("build", network.source, *key(network), "-o", tmp_path / "public" / "lists")
    assert done.exit_code == 0, done.output
    assert len(list((tmp_path / "public" / "lists").iterdir())) == 4
    done = run("reissue", network.source, *key(network), "-o", tmp_path / "public" / "lists", "--at", "2030-01-01")
    assert done.exit_code == 0, done.output
    assert files(network) == {}


def test_a_dry_run_shows_the_changes_and_writes_nothing(network: OwnNetwork) -> None:
    made(network)
    before = files(network)
    services = content()
    services_of(services)[0]["status"] = "withdrawn"
    network.write(services)
    done = run("reissue", network.source, *key(network), "--at", SECOND, "--dry-run")
    assert done.exit_code == 0, done.output
    assert "example-tl.xml: would be issue 2" in done.stdout
    assert f"granted since {FIRST} -> withdrawn since {SECOND}" in done.stdout
    told = json.loads(run("reissue", network.source, *key(network), "--at", SECOND, "--dry-run", "--json").stdout)
    assert told["written"] is False
    assert all(each["changes"]["counts"] for each in told["lists"])
    assert files(network) == before


def test_a_dry_run_of_the_first_issue_has_nothing_to_compare_with(network: OwnNetwork) -> None:
    done = run("build", network.source, "--dry-run")
    assert "the first issue" in done.stdout
    assert json.loads(run("build", network.source, "--dry-run", "--json").stdout)["lists"][0]["changes"] is None
    assert files(network) == {}


def test_the_template_can_be_built(network: OwnNetwork) -> None:
    done = run("build", "--template")
    assert done.exit_code == 0
    network.source.write_text(done.stdout)
    made(network)
    assert [len(document.services) for document in lists(network)] == [2, 2]


# sign


def test_drafts_are_signed_by_another_command(network: OwnNetwork) -> None:
    done = run("build", network.source, "--at", FIRST)
    assert done.exit_code == 0, done.output
    assert sorted(files(network)) == ["example-lote.unsigned.json", "example-tl.unsigned.xml"]
    for name in ("example-lote.unsigned.json", "example-tl.unsigned.xml"):
        done = run("sign", network.folder / name, *key(network), "--at", FIRST)
        assert done.exit_code == 0, done.output
    assert {name for name, data in files(network).items() if name.endswith((".xml", ".json")) and is_signed(data)} == {
        "example-tl.xml",
        "example-lote.json",
    }
    assert "example-tl.sha2" in files(network)


def test_sign_puts_only_the_next_issue_in_place(network: OwnNetwork) -> None:
    made(network)
    before = files(network)
    draft = network.folder / "example-lote.unsigned.json"
    elsewhere = network.folder / "elsewhere"
    assert run("build", network.source, "--at", SECOND, "-o", elsewhere).exit_code == 0  # a first issue again
    draft.write_bytes((elsewhere / draft.name).read_bytes())
    done = run("sign", draft, *key(network), "--at", SECOND)
    assert done.exit_code == 1
    assert "has sequence 1, so that the next is 2" in done.stderr
    told = json.loads(run("sign", draft, *key(network), "--at", SECOND, "--json").stdout)
    assert told["written"] is False
    assert len(told["reasons"]) == 1
    assert files(network) == before | {draft.name: draft.read_bytes()}


def test_a_draft_of_a_later_issue_is_built_without_the_key(network: OwnNetwork) -> None:
    made(network)
    tlso = network.folder / "tlso.pem"
    network.add("tlso.pem", network.tlso)
    network.write(content() | {"signers": "tlso.pem"})
    previous = [
        item for name in ("example-lote.json", "example-tl.xml") for item in ("--previous", network.folder / name)
    ]
    assert run("build", network.source, "--at", SECOND, *previous).exit_code == 0
    done = run("sign", network.folder / "example-tl.unsigned.xml", *key(network), "--signer", tlso, "--at", SECOND)
    assert done.exit_code == 0, done.output
    assert lists(network)[0].scheme.sequence == 2
    draft, other = network.folder / "example-tl.unsigned.xml", network.folder / "other.xml"
    done = run("sign", draft, *key(network), "-o", other, "--at", SECOND)
    assert "nothing was compared" in done.stderr


# Keys


def test_keys_are_pem_or_pkcs12_with_a_password_from_a_file_the_input_or_the_keyboard(network: OwnNetwork) -> None:
    private, certificate = network.tlso.private_key, network.tlso.certificate
    protected = BestAvailableEncryption(PASSWORD.encode())
    store, pem = network.folder / "tlso.p12", network.folder / "tlso.encrypted.pem"
    store.write_bytes(pkcs12.serialize_key_and_certificates(b"tlso", private, certificate, None, protected))
    pem.write_bytes(key_pem(network.tlso, PASSWORD.encode()))
    secret = network.folder / "password"
    secret.write_text(PASSWORD + "\n")
    ways: list[tuple[tuple[str | Path, ...], str | None]] = [
        (("--key", store, "--password-file", secret), None),
        (("--key", pem, "--password-file", "-"), PASSWORD + "\n"),
        (("--key", pem, "--ask-password"), PASSWORD + "\n"),
    ]
    for options, stdin in ways:
        done = run("build", network.source, *options, "--dry-run", stdin=stdin)
        assert done.exit_code == 0, done.output
        assert PASSWORD not in done.output
    for options, stdin in [(ways[0][0][:2], None), ((*ways[2][0],), "wrong\n")]:
        done = run("build", network.source, *options, "--dry-run", stdin=stdin)
        assert done.exit_code == 2
        assert "password" in done.output
        assert "wrong\n" not in done.output


def test_a_key_of_somebody_else_does_not_reissue(network: OwnNetwork) -> None:
    made(network)
    before = files(network)
    other = network.folder / "other.pem"
    other.write_bytes(key_pem(new_key("List Signing", OPERATOR)))
    done = run("reissue", network.source, "--key", other, "--at", SECOND)
    assert done.exit_code == 1
    assert done.stderr.count("the previous issue is not accepted") == 2
    assert files(network) == before


# Refusals


def test_a_wrong_source_is_1_with_all_reasons(network: OwnNetwork) -> None:
    source = content()
    source["scheme"]["territory"] = "Belgium"
    del source["providers"][0]["email"]
    network.write(source)
    done = run("build", network.source)
    assert done.exit_code == 1
    assert "scheme.territory (line" in done.stderr
    assert "providers[1].email: this is missing" in done.stderr
    told = json.loads(run("build", network.source, "--json").stdout)
    assert (told["written"], len(told["reasons"])) == (False, 2)


def test_a_second_first_issue_is_1(network: OwnNetwork) -> None:
    made(network)
    before = files(network)
    for more in ((), key(network)):
        done = run("build", network.source, *more, "--at", SECOND)
        assert done.exit_code == 1
        assert "is there already" in done.stderr
    assert files(network) == before


def test_reissue_without_a_list_in_place_is_1_and_says_how_to_begin(network: OwnNetwork) -> None:
    done = run("reissue", network.source, *key(network))
    assert done.exit_code == 1
    assert "trust-lists build --sign" in done.stderr
    assert files(network) == {}


def test_a_list_is_added_to_another_one(network: OwnNetwork) -> None:
    """A network that had a trusted list only gets a LoTE, too."""
    one, both = content(), content()
    del one["files"]["lote"]
    network.write(one)
    made(network)
    network.write(both)
    done = run("reissue", network.source, *key(network), "--at", SECOND)
    assert done.exit_code == 1
    assert "with --previous for the other list" in done.stderr
    previous = ("--previous", network.folder / "example-tl.xml")
    assert run("build", network.source, *key(network), "--at", SECOND, *previous).exit_code == 0
    assert [document.scheme.sequence for document in lists(network)] == [2, 1]
    assert run("reissue", network.source, *key(network), "--at", THIRD).exit_code == 0
    assert [document.scheme.sequence for document in lists(network)] == [3, 2]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["build"], 2, "--template"),
        (["build", "SOURCE", "--sign"], 2, "--key"),
        (["build", "SOURCE", "--key", "SOURCE"], 2, "--key"),
        (["build", "SOURCE", "--at", "tomorrow"], 2, "--at"),
        (["build", "SOURCE", "--previous", "SOURCE"], 2, "--previous"),
        (["build", "SOURCE", "--key", "KEY", "--ask-password", "--password-file", "KEY"], 2, "only one"),
        (["build", "no-such.yaml"], 6, "cannot be read"),
        (["build", "SOURCE", "--key", "no-such.pem"], 6, "cannot be read"),
        (["sign", "no-such.xml", "--key", "KEY"], 6, "cannot be read"),
        (["sign", "SOURCE", "--key", "KEY"], 1, "neither XML nor JSON"),
        (["sign", "SOURCE"], 2, "--key"),
        (["reissue", "SOURCE"], 2, "--key"),
        (["build", "SOURCE", "-o", "SOURCE"], 6, "cannot be"),
    ],
)
def test_exit_codes(network: OwnNetwork, arguments: list[str], code: int, told: str) -> None:
    places: dict[str, Path] = {"SOURCE": network.source, "KEY": network.folder / "tlso.key.pem"}
    done = run(*(places.get(argument, argument) for argument in arguments))
    assert done.exit_code == code, done.output
    assert told in " ".join(done.output.split()).replace("│ ", "")


def test_two_previous_lists_of_a_kind_are_2(network: OwnNetwork) -> None:
    made(network)
    again: list[Any] = ["--previous", network.folder / "example-tl.xml"] * 2
    done = run("build", network.source, *again)
    assert done.exit_code == 2
    assert yaml.safe_load(network.source.read_text())["profile"] == "edelivery"
