# SPDX-License-Identifier: Apache-2.0
"""`trust-lists blast-radius`: text, JSON, pages, and what it says to wrong options."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from typer.testing import CliRunner, Result

from tests.simulators.certificate_chains import Authority
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.cli.main import app

AT = ("--at", "2026-11-20T12:00:00Z")


def blast(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["blast-radius", *arguments], env={"COLUMNS": "300"})


def pem(certificate: ListedCertificate) -> bytes:
    assert certificate.certificate is not None
    return certificate.certificate.public_bytes(Encoding.PEM)


@pytest.fixture
def bridge(tmp_path: Path) -> tuple[Path, Path, Authority]:
    """A model with a root, and a folder of authorities: a bridge below the root, and one below the bridge."""
    root = Authority("root")
    middle = Authority("bridge", root)
    far, near = Authority("far", middle), Authority("near", root)
    corpus = tmp_path / "corpus"
    (corpus / "deep").mkdir(parents=True)
    for name, authority in (("root.pem", root), ("bridge.pem", middle), ("deep/far.pem", far), ("near.pem", near)):
        (corpus / name).write_bytes(pem(authority.certificate))
    (corpus / "notes.txt").write_text("no certificate")
    text = CliRunner().invoke(app, ["model", "show", "us-fpki-bridge", "--source"]).stdout
    model = tmp_path / "ours.yaml"
    changed = text.replace("5f9aecc24616b2191372600dd80f6dd320c8ca5a0ceb7f09c985ebf0696934fc", root.certificate.sha256)
    changed = changed.replace(
        "74383ca1bb648f96efe9e6ecadb5a8a359e7df9ba262ef7c02bd004eab3895f4", middle.certificate.sha256
    )
    model.write_text(changed.replace("require_explicit_policy: true", "require_explicit_policy: false"))
    return model, corpus, middle


def test_a_shipped_model_alone_is_enough_and_says_what_it_assumes() -> None:
    done = blast("peppol-g3", *AT)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("Most depends on anchor:ap-ca-g3")
    assert "is not at hand: one that limits nothing stands in" in done.stdout
    assert "nobody has described the network" in done.stdout


def test_json_is_the_same_for_the_same_question() -> None:
    once, again = (blast("peppol-g3", *AT, "--json").stdout for _ in range(2))
    assert json.loads(once)["configuration"]["id"] == "peppol-g3"
    assert once == again


def test_effective_deviations_are_put_into_force_and_named() -> None:
    declared, effective = (
        json.loads(blast("ehdsi-trust-on-metadata", *AT, *more, "--json").stdout) for more in ((), ("--effective",))
    )
    assert effective["configuration"]["effective"] == ["openncp-anchor-from-smp"]
    assert declared["configuration"]["address"] != effective["configuration"]["address"]
    key = ["smp-key:smp-1"]
    for told, expected in ((declared, False), (effective, True)):
        assert (key in told["minimal_sets"]["outsider"]["G2"]["against_somebody"]["sets"]) is expected


def test_a_network_is_read_and_can_be_shown_to_begin_with(tmp_path: Path) -> None:
    shown = blast("peppol-g3", *AT, "--show-network")
    file = tmp_path / "network.json"
    file.write_text(shown.stdout)
    assert json.loads(blast("peppol-g3", *AT, "--network", str(file), "--json").stdout)["network"]["id"] == "assumed"


def test_one_component_is_told_with_all_names() -> None:
    done = blast("peppol-g3", *AT, "--component", "anchor:ap-ca-g3")
    assert "With anchor:ap-ca-g3 somebody else passes for" in done.stdout
    assert "ap-sign: ap-1, ap-2, ap-3, ap-4" in done.stdout
    assert len(json.loads(blast("peppol-g3", *AT, "--component", "dns-zone", "--json").stdout)["blast_radius"]) == 1


def test_authorities_of_a_corpus_are_components_by_their_digest(bridge: tuple[Path, Path, Authority]) -> None:
    model, corpus, middle = bridge
    done = blast(str(model), *AT, "--corpus", str(corpus), "--component", middle.certificate.sha256, "--json")
    (reach,) = json.loads(done.stdout)["blast_radius"]
    assert reach["component"]["certificates"] == [middle.certificate.sha256]
    assert reach["ordered_pairs"]["fraction"] == 1.0


def test_without_a_bridge_whoever_stands_behind_it_is_lost(
    bridge: tuple[Path, Path, Authority], tmp_path: Path
) -> None:
    model, corpus, middle = bridge
    page = tmp_path / "lost.html"
    by_file = blast(
        str(model), *AT, "--corpus", str(corpus), "--without", str(corpus / "bridge.pem"), "--html", str(page), "--json"
    )
    told = json.loads(by_file.stdout)
    for measure in told["standing"]:
        assert [each.partition(",")[0] for each in measure["lost"]] == ["CN=bridge", "CN=far"]
        assert len(measure["reached"]) == 4
    assert "2 of 4 authorities are lost" in page.read_text()
    for name in (middle.certificate.sha256, middle.certificate.subject_text):
        text = blast(str(model), *AT, "--corpus", str(corpus), "--without", name).stdout
        assert text.startswith(f"Without {middle.certificate.subject_text}: 2 of 4 authorities are lost")
    assert "without" in blast(str(model), *AT, "--corpus", str(corpus), "--without", "each").stdout


def test_a_page_is_written_beside_the_text(tmp_path: Path) -> None:
    page = tmp_path / "blast.html"
    done = blast("mutual-exchange", *AT, "--html", str(page))
    assert done.exit_code == 0
    assert page.read_text().startswith("<!doctype html>")
    assert "<svg" in page.read_text()
    assert blast("mutual-exchange", *AT, "--html", str(tmp_path / "no" / "page.html")).exit_code == 6


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("no-such-model",), "there is no model no-such-model"),
        (("peppol-g3", "--component", "anchor:other"), "there is no component anchor:other"),
        (("peppol-g3", "--without", "CN=nobody"), "no authority at hand is CN=nobody"),
        (("peppol-g3", "--corpus", "/no/such/folder"), "is no folder"),
        (("peppol-g3", "--at", "soon"), "no ISO 8601 time"),
    ],
    ids=["model", "component", "without", "corpus", "at"],
)
def test_wrong_options_say_what_is_wrong(arguments: tuple[str, ...], told: str) -> None:
    done = blast(*arguments)
    assert done.exit_code == 2
    assert told in done.output.replace("\n", " ").replace("│", "").replace("  ", " ")


def test_a_wrong_network_says_all_that_is_wrong_with_it(tmp_path: Path) -> None:
    file = tmp_path / "network.yaml"
    file.write_text("kind: Network\nparties: []\n")
    done = blast("peppol-g3", "--network", str(file))
    assert done.exit_code == 2
    assert "apiVersion" in done.output
    assert "parties" in done.output
    assert blast("peppol-g3", "--network", str(tmp_path / "none.yaml")).exit_code == 6


def test_evidence_that_is_no_snapshot_is_a_technical_error(tmp_path: Path) -> None:
    done = blast("peppol-g3", "--evidence", str(tmp_path))
    assert done.exit_code == 6
    assert "STORE_MISSING" in done.output
