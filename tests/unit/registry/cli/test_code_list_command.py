# SPDX-License-Identifier: Apache-2.0
"""`registry code-list`, and what `registry domain show` tells of the lists in force."""

import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from registry.cli.main import app
from registry.errors import ConfigurationError, NotFoundError, ValidationError
from tests.simulators.code_lists import code_list, participant_list, written

WHO = "iso6523-actorid-upis::0088:1"
TRANSPORT = "peppol-transport-as4-v2_0"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of the commands, whose instance has the strict domain `net` and the lax domain `demo`."""
    monkeypatch.setenv("REGISTRY_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("REGISTRY_LOG_LEVEL", "ERROR")
    monkeypatch.chdir(tmp_path)
    assert run("domain", "add", "net", "--profile", "peppol-test").exit_code == 0
    assert run("domain", "add", "demo").exit_code == 0
    return tmp_path


@pytest.fixture
def served() -> Iterator[tuple[str, list[bytes]]]:
    """A URL on this machine, and the list whose last element it answers with."""
    bodies: list[bytes] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(bodies[-1])))
            self.end_headers()
            self.wfile.write(bodies[-1])

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/list.json", bodies
        server.shutdown()
        thread.join()


def run(*arguments: str, answer: str = "") -> Result:
    return CliRunner().invoke(app, list(arguments), input=answer)


def in_force(domain: str = "net") -> dict[str, dict[str, object]]:
    listed: dict[str, dict[str, dict[str, object]]] = json.loads(run("code-list", "list", "--json").stdout)
    return listed[domain]


def profiles(version: str, state: str) -> bytes:
    return code_list(version, {"profile-id": TRANSPORT, "state": state})


def test_lists_of_the_corpus_are_recognised_in_every_form_shown_and_in_force(folder: Path, corpus: Path) -> None:
    lists = corpus / "smp" / "codelists" / "v9.7"
    names = (
        "participant-identifier-schemes-v9.7.json",
        "document-types-v9.7.xml",
        "processes-v9.7.gc",
        "transport-profiles-v9.7.json",
    )
    done = run("code-list", "import", *(str(lists / name) for name in names), "--domain", "net")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        "net\tdocument type codes\tversion 9.7\t209 active, 71 deprecated, 41 removed",
        "net\tparticipant codes\tversion 9.7\t84 active, 5 deprecated, 16 removed",
        "net\tprocess codes\tversion 9.7\t91 active, 13 deprecated, 5 removed",
        "net\ttransport profile codes\tversion 9.7\t1 active, 4 removed",
    ]
    listed = run("code-list", "list")
    assert listed.stdout == done.stdout
    assert listed.stderr == "demo has no code lists\n"
    shown = run("domain", "show", "net", "--yaml")
    assert "# process codes: version 9.7, 109 rows" in shown.stdout.splitlines()
    assert "code_lists" not in yaml.safe_load(shown.stdout)
    assert json.loads(run("domain", "show", "net", "--json").stdout)["code_lists"]["process"] == {
        "version": "9.7",
        "rows": 109,
    }
    assert "version 9.7, 109 codes" in run("domain", "show", "net").stdout
    refused = run("participant", "add", "iso6523-actorid-upis::9908:991825827", "--domain", "net")
    assert isinstance(refused.exception, ValidationError)
    assert "PARTICIPANT-REMOVED" in str(refused.exception)


def test_participant_of_a_deprecated_icd_is_told_from_a_new_one(folder: Path) -> None:
    assert run("participant", "add", WHO, "--domain", "net").exit_code == 0
    (file,) = written(folder, participant_list("2", i0088="deprecated"))
    done = run("code-list", "import", str(file), "--domain", "net", "--json")
    assert json.loads(done.stdout) == {"net": {"participant": {"version": "2", "rows": 1}}}
    assert "unchanged" in run("participant", "add", WHO, "--domain", "net").stdout
    assert isinstance(run("participant", "add", f"{WHO}0", "--domain", "net").exception, ValidationError)


def test_file_that_is_none_is_named_with_what_was_expected(folder: Path) -> None:
    (file,) = written(folder, code_list("9.7", {"use-case-id": "MLS", "state": "active"}))
    refused = run("code-list", "import", str(file), "--domain", "net")
    assert isinstance(refused.exception, ValidationError)
    assert str(refused.exception).startswith(f"{file}: this is none of OpenPeppol's code lists of participant")
    assert isinstance(run("code-list", "import", "none.json", "--domain", "net").exception, ConfigurationError)
    assert isinstance(run("code-list", "import", str(file), "--domain", "other").exception, NotFoundError)
    assert run("code-list", "import", "--domain", "net").exit_code == 2


def test_domain_without_lists_and_lax_domain_say_so(folder: Path) -> None:
    assert "there are no code lists" in run("domain", "show", "net").stderr
    assert "code lists" not in run("domain", "show", "demo").stderr
    (file,) = written(folder, participant_list(i0088="active"))
    assert "aren't asked" in run("code-list", "import", str(file), "--domain", "demo").stderr
    run("code-list", "import", str(file), "--domain", "net")
    assert "code lists" not in run("domain", "show", "net").stderr


def test_codes_are_shown_by_kind_and_state(folder: Path) -> None:
    assert isinstance(run("code-list", "show", "participant", "--domain", "net").exception, NotFoundError)
    rows: list[dict[str, object]] = [
        {"iso6523": "0088", "state": "active", "scheme-name": "GLN"},
        {"iso6523": "9901", "state": "removed", "scheme-name": "Other"},
    ]
    document = {"scheme": "s", "value": "v", "state": "active", "abstract": False, "name": "N"}
    run(
        "code-list",
        "import",
        *map(str, written(folder, code_list("3", *rows), code_list("1", document))),
        "--domain",
        "net",
    )
    assert run("code-list", "show", "participant", "--domain", "net").stdout.splitlines() == [
        "active\t0088\tGLN",
        "removed\t9901\tOther",
    ]
    active = run("code-list", "show", "participant", "--domain", "net", "--state", "active", "--json")
    assert json.loads(active.stdout)["codes"] == [
        {"scheme": "iso6523-actorid-upis", "value": "0088", "state": "active", "name": "GLN"}
    ]
    found = run("code-list", "show", "participant", "--domain", "net", "--search", "gln UPIS")
    assert found.stdout == "active\t0088\tGLN\n", "all words, in name and code, whatever their case"
    assert run("code-list", "show", "document-type", "--domain", "net").stdout == "active\ts::v\tN\n"


def test_difference_is_shown_with_what_it_takes_away_and_changes_nothing(folder: Path) -> None:
    first, second = written(
        folder,
        participant_list("1", i0088="active", i0192="active"),
        participant_list("2", i0088="deprecated", i0007="active"),
    )
    run("code-list", "import", str(first), "--domain", "net")
    assert run("participant", "add", WHO, "--domain", "net").exit_code == 0
    done = run("code-list", "diff", str(second), "--domain", "net")
    assert done.stdout.splitlines() == [
        "participant codes: 1 -> 2",
        "+ 0007: added (active)",
        "~ 0088: active to deprecated; 1 participants have it",
        "- 0192: gone",
        "1 active to deprecated, 1 added, 1 gone; 0 as before",
    ]
    assert "1 participants have codes that nothing new can be registered with" in done.stderr
    found = json.loads(run("code-list", "diff", str(second), "--domain", "net", "--json").stdout)
    assert (found["before"], found["after"], found["counts"]["gone"]) == ("1", "2", 1)
    assert [change["participants"] for change in found["changes"]] == [0, 1, 0]
    assert in_force() == {"participant": {"version": "1", "rows": 2}}


def test_update_asks_and_does_what_is_answered(folder: Path, served: tuple[str, list[bytes]]) -> None:
    url, bodies = served
    bodies.append(profiles("1", "active"))
    pinned = ("--sha256", hashlib.sha256(bodies[-1]).hexdigest(), "--domain", "net")
    declined = run("code-list", "update", "--from", url, *pinned, answer="n\n")
    assert "transport profile codes: none -> 1" in declined.stdout
    assert "net: nothing was changed" in declined.stdout
    assert in_force() == {}
    agreed = run("code-list", "update", "--from", url, *pinned, answer="y\n")
    assert agreed.stdout.endswith("net: in force now\n")
    assert in_force() == {"transport profile": {"version": "1", "rows": 1}}
    again = run("code-list", "update", "--from", url, *pinned)
    assert "no code differs; 1 as before" in again.stdout
    assert "net: nothing was changed" in again.stdout


def test_update_with_json_needs_a_yes_beforehand(folder: Path, served: tuple[str, list[bytes]]) -> None:
    url, bodies = served
    bodies.append(profiles("1", "removed"))
    command = ("code-list", "update", "--from", url, "--sha256", hashlib.sha256(bodies[-1]).hexdigest(), "--json")
    assert json.loads(run(*command, "--domain", "net").stdout)["applied"] is False
    assert in_force() == {}
    done = json.loads(run(*command, "--domain", "net", "--yes").stdout)
    assert (done["applied"], done["after"]) == (True, "1")
    assert in_force() == {"transport profile": {"version": "1", "rows": 1}}


def test_update_refuses_another_file(folder: Path, served: tuple[str, list[bytes]]) -> None:
    url, bodies = served
    bodies.append(profiles("1", "active"))
    pinned = hashlib.sha256(bodies[-1]).hexdigest()
    bodies.append(profiles("2", "removed"))
    refused = run("code-list", "update", "--from", url, "--sha256", pinned, "--domain", "net", "--yes")
    assert isinstance(refused.exception, ValidationError)
    assert "CODE-LIST-HASH" in str(refused.exception)
    assert in_force() == {}


@pytest.mark.parametrize("command", ["import", "list", "show", "diff", "update"])
def test_every_command_has_help_with_an_example_of_itself(command: str) -> None:
    done = run("code-list", command, "--help")
    assert done.exit_code == 0
    assert f"registry code-list {command}" in " ".join(done.stdout.split()).partition("Example")[2]
