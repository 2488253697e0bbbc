# SPDX-License-Identifier: Apache-2.0
"""`registry account`, `group`, `permission`, `session`, `token`: from the first administrator to the last session."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from registry.accounts.authentication import Authenticator
from registry.accounts.sessions import Sessions
from registry.audit.events import about
from registry.cli.main import app
from registry.clock import system_clock
from registry.demo.pki import DemoPki
from registry.errors import AlreadyExistsError, ConflictError, NotFoundError, RegistryError, ValidationError
from registry.master_key import MasterKey
from registry.storage.engine import Database
from tests.simulators.databases import database_url

WHO = "iso6523-actorid-upis::0088:7300010000001"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder that the commands use."""
    monkeypatch.setenv("REGISTRY_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("REGISTRY_LOG_LEVEL", "ERROR")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def with_domain(data: Path) -> Path:
    """A data folder with the domain `net`, whose SMP has a participant."""
    for arguments in (
        ("domain", "add", "net", "--profile", "demo", "--base-url", "https://smp.example.org"),
        ("participant", "add", WHO),
    ):
        done(*arguments)
    return data


def run(*arguments: str, **options: Any) -> Result:
    return CliRunner().invoke(app, list(arguments), **options)


def done(*arguments: str, **options: Any) -> str:
    result = run(*arguments, **options)
    assert result.exit_code == 0, result.output
    return result.stdout


def told(*arguments: str) -> Any:
    """What a command prints as JSON: one value, or a list of those of several lines."""
    lines = [json.loads(line) for line in done(*arguments, "--json").splitlines()]
    return lines[0] if len(lines) == 1 else lines


def refused(kind: type[RegistryError], *arguments: str) -> str:
    result = run(*arguments)
    assert isinstance(result.exception, kind), result.output
    return str(result.exception)


def database(folder: Path) -> Database:
    return Database(database_url(folder), system_clock, master_key=MasterKey.open(folder / "master.key"))


def test_first_administrator_is_made_here_and_has_to_change_the_password(data: Path) -> None:
    result = run("account", "create", "anna", "--admin")
    assert result.exit_code == 0
    password = result.stdout.strip()
    assert re.fullmatch(r"\S{20}", password)
    opened = database(data)
    begun = Sessions(opened).login("anna", password)
    assert begun.must_change
    assert password not in repr(about(opened, "person:1"))
    opened.dispose()
    assert run("permission", "explain", "anna", "domain:create").exit_code == 0


def test_password_may_come_from_a_file_or_standard_input(data: Path) -> None:
    file = data / "password"
    file.write_text("from a file, really\n")
    file.chmod(0o600)
    assert done("account", "create", "anna", "--password-file", str(file)) == ""
    assert done("account", "create", "bert", "--password-file", "-", input="from stdin, really\n") == ""
    opened = database(data)
    for name, password in (("anna", "from a file, really"), ("bert", "from stdin, really")):
        assert Sessions(opened).login(name, password).must_change
    opened.dispose()
    file.chmod(0o644)
    assert run("account", "set-password", "anna", "--password-file", str(file)).exit_code == 2


def test_refused_password_makes_no_account(data: Path) -> None:
    result = run("account", "create", "anna", "--admin", "--password-file", "-", input="short\n")
    assert isinstance(result.exception, ValidationError)
    assert done("account", "list") == ""


def test_account_from_its_making_to_its_end(data: Path) -> None:
    made = told("account", "create", "anna", "--email", "anna@example.org")
    assert (made["kind"], made["name"], len(made["password"])) == ("person", "anna", 20)
    assert "already" in refused(AlreadyExistsError, "account", "create", "ANNA")
    assert told("account", "change", "anna", "--name", "anne", "--display-name", "Anne A.")["name"] == "anne"
    assert run("account", "change", "anne").exit_code == 2
    assert told("account", "disable", "anne")["state"] == "disabled"
    assert told("account", "enable", "anne")["state"] == "active"
    assert len(told("account", "set-password", "anne")["password"]) == 20
    assert done("account", "unlock", "anne") == "anne: there were no failures\n"
    assert "password" in done("account", "show", "anne")
    assert run("account", "erase", "anne", input="n\n").exit_code == 1
    assert done("account", "erase", "anne", "--yes").startswith("erased-1")
    assert "no account" in refused(NotFoundError, "account", "show", "anne")
    assert (told("account", "list")["state"], told("account", "show", "erased-1")["grants"]) == ("erased", [])


def test_list_is_narrowed_by_kind_and_state(data: Path) -> None:
    done("account", "create", "anna")
    done("account", "create", "erp", "--program")
    done("account", "create", "sso", "--without-password")
    done("account", "disable", "erp")
    assert [row["name"] for row in told("account", "list", "--kind", "person")] == ["anna", "sso"]
    assert told("account", "list", "--state", "disabled")["name"] == "erp"
    assert done("account", "list").count("\n") == 3


def test_last_administrator_stays(data: Path) -> None:
    done("account", "create", "anna", "--admin")
    assert "last administrator" in refused(ConflictError, "account", "disable", "anna")
    assert "last administrator" in refused(ConflictError, "permission", "revoke", "anna")


def test_certificate_of_an_account(data: Path, pki: DemoPki) -> None:
    files = pki.write(data / "pki")
    done("account", "create", "erp", "--program")
    row = told("account", "add-certificate", "erp", str(files.tls_certificate), "--label", "ERP")
    assert row["label"] == "ERP"
    assert "credential" in done("account", "show", "erp")
    assert told("account", "remove-credential", "erp", str(row["id"])) == {"name": "erp", "removed": row["id"]}
    assert "number" in refused(NotFoundError, "account", "remove-credential", "erp", str(row["id"]))


def test_permissions_are_listed_given_explained_and_taken(with_domain: Path) -> None:
    assert {"action": "domain:create", "role": "admin", "level": "system"} in told("permission", "list")
    assert "domain:create" in done("permission", "list")
    done("account", "create", "erp", "--program")
    done("group", "create", "hospitals")
    places = ([], ["--domain", "net"], ["--group", "hospitals"], ["--participant", WHO])
    for place in places:
        assert done("permission", "grant", "erp", "viewer", *place)
    assert len(told("account", "show", "erp")["grants"]) == 4
    assert WHO in done("account", "show", "erp")
    allowed = told("permission", "explain", "erp", "service:read", "--participant", WHO)
    assert allowed["allowed"]
    result = run("permission", "explain", "erp", "service:write", "--participant", WHO)
    assert result.exit_code == 1
    assert result.stdout.startswith("refused\n")
    assert result.stdout.count("\n") == 6, "each of the four grants, and the end"
    for place in places:
        assert done("permission", "revoke", "erp", *place).startswith("erp: no more viewer")
    assert "nothing" in refused(NotFoundError, "permission", "revoke", "erp")


@pytest.mark.parametrize(
    "arguments",
    [
        ("permission", "explain", "erp", "no:action"),
        ("permission", "grant", "erp", "owner"),
        ("permission", "grant", "erp", "viewer", "--group", "a", "--participant", WHO),
        ("token", "create", "t", "--role", "owner"),
        ("session", "revoke"),
        ("session", "revoke", "1", "--account", "anna"),
        ("account", "create", "erp", "--program", "--password-file", "-"),
        ("group", "change", "hospitals"),
    ],
    ids=" ".join,
)
def test_wrong_use_ends_with_2(with_domain: Path, arguments: tuple[str, ...]) -> None:
    done("account", "create", "erp", "--program")
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert not result.stdout


def test_groups_of_a_domain(with_domain: Path) -> None:
    assert told("group", "create", "hospitals", "--description", "All")["description"] == "All"
    assert told("group", "change", "hospitals", "--name", "clinics")["name"] == "clinics"
    assert told("group", "add-participant", "clinics", WHO) == {"participant": WHO, "group": "clinics"}
    assert "move them first" in refused(ConflictError, "group", "delete", "clinics")
    assert done("group", "remove-participant", WHO) == f"{WHO}: in no group\n"
    assert told("group", "list")["domain"] == "net"
    assert done("group", "delete", "clinics") == "clinics: deleted\n"
    assert done("group", "list") == ""
    assert "no group" in refused(NotFoundError, "group", "add-participant", "clinics", WHO)


def test_token_of_an_account_from_its_making_to_its_end(with_domain: Path) -> None:
    done("account", "create", "erp", "--program")
    done("permission", "grant", "erp", "admin", "--domain", "net")
    made = told("token", "create", "t", "--account", "erp", "--role", "viewer", "--domain", "net", "--expires", "3")
    assert (made["account"], made["role"], made["domain"]) == ("erp", "viewer", "net")
    row = told("token", "list", "--account", "erp")
    assert (row["name"], row["domain"], row["revoked_at"]) == ("t", "net", None)
    assert made["token"] not in done("token", "list")
    assert run("permission", "explain", "token:t", "domain:change", "--domain", "net").exit_code == 1
    new = done("token", "rotate", "t", "--overlap", "2").strip()
    opened = database(with_domain)
    authenticator = Authenticator(opened)
    assert authenticator.by_token(new).name == authenticator.by_token(made["token"]).name == "erp"
    opened.dispose()
    assert done("token", "revoke", "t") == "t: revoked\n"
    assert "revoked" in done("token", "list")
    assert "revoked" in refused(ConflictError, "token", "rotate", "t")
    assert "account" in refused(ValidationError, "token", "create", "root", "--role", "admin")


def test_sessions_are_listed_and_ended(data: Path) -> None:
    password = told("account", "create", "anna")["password"]
    opened = database(data)
    for _ in range(3):
        Sessions(opened).login("anna", password, address="192.0.2.1")
    opened.dispose()
    listed = told("session", "list")
    assert [row["account"] for row in listed] == ["anna"] * 3
    assert "192.0.2.1" in done("session", "list", "--account", "anna")
    assert told("session", "revoke", str(listed[0]["id"])) == {"ended": 1}
    assert done("session", "revoke", "--account", "anna") == "2 ended\n"
    assert done("session", "list") == ""
    assert "no session" in refused(NotFoundError, "session", "revoke", "99")
