# SPDX-License-Identifier: Apache-2.0
"""`registry sml suspend` and the others: the plan before the question, and two accounts where the domain wants them."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from cryptography.hazmat.primitives.serialization import Encoding
from typer.testing import CliRunner

from registry.accounts.accounts import Kind as AccountKind
from registry.accounts.accounts import create_account
from registry.accounts.grants import give_grant
from registry.accounts.permissions import Role, Scope
from registry.accounts.tokens import create_token
from registry.app.domain_setup import change_domain
from registry.cli.main import app
from registry.errors import AlreadyExistsError, NotFoundError, UnauthorizedError, ValidationError
from registry.identifiers.participant import ISO6523
from registry.storage.queries import quarantine
from registry.storage.queries.quarantine import QuarantineRow
from tests.simulators.interventions import A, B, Office, open_office
from tests.simulators.offline import ACTOR, OfflineInstance, participant

TRANSFER = ("transfer", A, B, "--order", "court 12/2026")


@pytest.fixture
def smps(offline: OfflineInstance, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setenv("REGISTRY_DATA_DIR", str(offline.folder))
    office = open_office(offline)
    office.register(A, "0088:1", "0088:2")
    return office


def run(*arguments: str, answer: str = "") -> Result:
    return CliRunner().invoke(app, ["sml", *arguments], input=answer)


def told(*arguments: str) -> dict[str, Any]:
    done = run(*arguments, "--json")
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def token_of(office: Office, name: str, role: Role = Role.ADMIN) -> str:
    database, scope = office.offline.instance.database, Scope(office.stored.id)
    account = create_account(database, ACTOR, AccountKind.PERSON, name)
    give_grant(database, ACTOR, account.id, role, scope)
    file: Path = office.offline.folder / f"{name}.token"
    file.write_text(create_token(database, ACTOR, name, account_id=account.id, role=role) + "\n")
    return str(file)


def test_plan_is_shown_and_a_no_does_nothing(smps: Office) -> None:
    planned = run(*TRANSFER, "--plan")
    assert planned.exit_code == 0
    assert planned.stdout.splitlines()[:2] == ["transfer: SMP-A to SMP-B", "          2  participants"]
    refused = run(*TRANSFER, answer="n\n")
    assert (refused.exit_code, "nothing was done" in refused.stderr) == (0, True)
    assert told(*TRANSFER)["asked"] is False
    assert smps.held(A) == ["0088:1", "0088:2"]


def test_yes_does_it_and_says_how_to_undo_it(smps: Office) -> None:
    done = run(*TRANSFER, answer="y\n")
    assert done.exit_code == 0, done.output
    assert "intervention 1: applied" in done.stdout
    assert "registry sml intervention undo 1" in done.stdout
    assert smps.held(B) == ["0088:1", "0088:2"]
    assert run("intervention", "undo", "1", "--yes").exit_code == 0
    assert smps.held(A) == ["0088:1", "0088:2"]
    listed = run("intervention", "list").stdout.splitlines()
    assert [line.split("\t")[:4] for line in listed] == [
        ["2", "transfer", "intervention 1", "applied"],
        ["1", "transfer", "SMP-A to SMP-B", "undone"],
    ]
    page = run("intervention", "show", "1").stdout
    assert "  order      court 12/2026" in page
    assert "  state      undone" in page


def test_smp_or_participants_are_suspended_and_resumed(smps: Office) -> None:
    told("suspend", A, "--yes", "--reason", "its key was stolen")
    assert smps.naptr("0088:1") is None
    told("resume", A, "--yes")
    one = f"{ISO6523}::0088:1"
    told("suspend", "--participant", one, "--participant", f"{ISO6523}::0088:2", "--yes")
    assert told("resume", "--participant", one, "--yes")["plan"]["counts"]["participants"] == 1
    assert (smps.naptr("0088:1") is None, smps.naptr("0088:2") is None) == (False, True)
    again = run("resume", "--participant", one, "--yes")
    assert isinstance(again.exception, AlreadyExistsError)
    for wrong in (("suspend",), ("suspend", A, "--participant", one)):
        assert run(*wrong).exit_code == 2


def test_certificates_are_blocked_by_file_or_name(smps: Office) -> None:
    every = [smps.certificates[smp_id].public_bytes(Encoding.PEM) for smp_id in (A, B)]
    file = smps.offline.folder / "stolen.pem"
    file.write_bytes(b"".join(every))
    der = smps.offline.folder / "stolen.der"
    der.write_bytes(smps.certificates[A].public_bytes(Encoding.DER))
    planned = run("block", str(file), str(der), "--plan")
    assert "          2  certificates" in planned.stdout
    assert "  - without any other certificate then: SMP-A, SMP-B" in planned.stdout
    told("block", str(file), "--issuer", "CN=Some CA", "--serial", "001F", "--yes")
    listed = run("intervention", "blocked").stdout.splitlines()
    assert sum(line.startswith("1f\tCN=Some CA\t") for line in listed) == 1
    assert len(listed) == 3
    told("unblock", "--issuer", "CN=Some CA", "--serial", "1f", "--yes")
    assert len(run("intervention", "blocked", "--json").stdout.splitlines()) == 2
    for wrong in (("block",), ("block", "--issuer", "CN=x")):
        assert run(*wrong).exit_code == 2
    file.write_text("nothing")
    assert isinstance(run("block", str(file)).exception, ValidationError)


def test_quarantine_is_listed_and_lifted(smps: Office) -> None:
    now = smps.offline.clock.now
    with smps.offline.instance.database.write(ACTOR) as work:
        until = now.replace(year=now.year + 1)
        quarantine.put(work, [QuarantineRow(smps.stored.id, ISO6523, "0088:gone", A, until)])
    assert run("intervention", "quarantine").stdout.startswith(f"{ISO6523}::0088:gone\t{A}\t{until:%Y-%m-%d}")
    told("lift-quarantine", f"{ISO6523}::0088:gone", "--yes")
    assert run("intervention", "quarantine", "--json").stdout == ""


def test_terminal_is_no_account(smps: Office) -> None:
    change_domain(smps.offline.instance, ACTOR, "demo", {"sml": {"four_eyes": ["transfer"]}})
    assert isinstance(run(*TRANSFER, "--yes").exception, UnauthorizedError)
    anna, bert = token_of(smps, "Anita"), token_of(smps, "Bela")
    asked = run(*TRANSFER, "--yes", "--token-file", anna)
    assert "intervention 1: waits for somebody else's approval" in asked.stdout
    assert isinstance(run("intervention", "approve", "1", "--token-file", anna).exception, UnauthorizedError)
    assert run("intervention", "approve", "1").exit_code == 2
    assert smps.held(A) == ["0088:1", "0088:2"]
    approved = run("intervention", "approve", "1", "--token-file", bert)
    assert "intervention 1: applied" in approved.stdout
    assert smps.held(B) == ["0088:1", "0088:2"]
    shown = told("intervention", "show", "1")
    assert (shown["asked_by"], shown["approved_by"], shown["state"]) == ("Anita", "Bela", "applied")


def test_bearer_of_a_token_needs_the_role(smps: Office) -> None:
    editor = token_of(smps, "Edda", Role.EDITOR)
    assert isinstance(run(*TRANSFER, "--yes", "--token-file", editor).exception, UnauthorizedError)
    assert smps.held(A) == ["0088:1", "0088:2"]


def test_asked_for_is_refused_at_a_terminal(smps: Office) -> None:
    change_domain(smps.offline.instance, ACTOR, "demo", {"sml": {"four_eyes": ["suspend-participant"]}})
    one = str(participant("0088:1"))
    asked = told("suspend", "--participant", one, "--yes", "--token-file", token_of(smps, "Anita"))
    page = run("intervention", "show", str(asked["id"])).stdout
    assert f"  of         {one}" in page
    assert "  would do now" in page
    assert run("intervention", "refuse", str(asked["id"])).exit_code == 0
    assert [line["state"] for line in map(json.loads, run("intervention", "list", "--json").stdout.splitlines())] == [
        "refused"
    ]
    assert run("intervention", "list", "--state", "waiting").stdout == ""
    assert run("intervention", "list", "--state", "lost").exit_code == 2
    assert isinstance(run("intervention", "show", "99").exception, NotFoundError)
