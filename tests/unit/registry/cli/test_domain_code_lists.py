# SPDX-License-Identifier: Apache-2.0
"""`registry domain code-lists` and what `registry domain show` tells of them."""

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from registry.cli.main import app
from registry.errors import ConfigurationError, NotFoundError, ValidationError
from tests.simulators.code_lists import code_list, participant_list, written

WHO = "iso6523-actorid-upis::0088:1"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of the commands, whose instance has the strict domain `net` and the lax domain `demo`."""
    monkeypatch.setenv("REGISTRY_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("REGISTRY_LOG_LEVEL", "ERROR")
    monkeypatch.chdir(tmp_path)
    assert run("domain", "add", "net", "--profile", "peppol-test").exit_code == 0
    assert run("domain", "add", "demo").exit_code == 0
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_lists_of_the_corpus_are_recognised_shown_and_in_force(folder: Path, corpus: Path) -> None:
    lists = corpus / "smp" / "codelists" / "v9.7"
    names = ("participant-identifier-schemes", "document-types", "processes", "transport-profiles")
    done = run("domain", "code-lists", "net", *(str(lists / f"{name}-v9.7.json") for name in names))
    assert done.exit_code == 0, done.output
    lines = [
        "document type codes: version 9.7, 321 rows",
        "participant codes: version 9.7, 105 rows",
        "process codes: version 9.7, 109 rows",
        "transport profile codes: version 9.7, 5 rows",
    ]
    assert done.stdout.splitlines() == lines
    shown = run("domain", "show", "net")
    assert [line.removeprefix("# ") for line in shown.stdout.splitlines()[-4:]] == lines
    assert "code_lists" not in yaml.safe_load(shown.stdout)
    assert json.loads(run("domain", "show", "net", "--json").stdout)["code_lists"]["process"] == {
        "version": "9.7",
        "rows": 109,
    }
    refused = run("participant", "add", "iso6523-actorid-upis::9908:991825827", "--domain", "net")
    assert isinstance(refused.exception, ValidationError)
    assert "PARTICIPANT-REMOVED" in str(refused.exception)


def test_participant_of_a_deprecated_icd_is_told_from_a_new_one(folder: Path) -> None:
    assert run("participant", "add", WHO, "--domain", "net").exit_code == 0
    (file,) = written(folder, participant_list("2", i0088="deprecated"))
    done = run("domain", "code-lists", "net", str(file), "--json")
    assert json.loads(done.stdout) == {"participant": {"version": "2", "rows": 1}}
    assert "unchanged" in run("participant", "add", WHO, "--domain", "net").stdout
    assert isinstance(run("participant", "add", f"{WHO}0", "--domain", "net").exception, ValidationError)


def test_file_that_is_none_is_named_with_what_was_expected(folder: Path) -> None:
    (file,) = written(folder, code_list("9.7", {"use-case-id": "MLS", "state": "active"}))
    refused = run("domain", "code-lists", "net", str(file))
    assert isinstance(refused.exception, ValidationError)
    assert str(refused.exception).startswith(f"{file}: this is none of OpenPeppol's code lists of participant")
    assert isinstance(run("domain", "code-lists", "net", "none.json").exception, ConfigurationError)
    assert isinstance(run("domain", "code-lists", "other", str(file)).exception, NotFoundError)
    assert run("domain", "code-lists", "net").exit_code == 2


def test_domain_without_lists_and_lax_domain_say_so(folder: Path) -> None:
    assert "there are no code lists" in run("domain", "show", "net").stderr
    assert "code lists" not in run("domain", "show", "demo").stderr
    (file,) = written(folder, participant_list(i0088="active"))
    assert "aren't asked" in run("domain", "code-lists", "demo", str(file)).stderr
    run("domain", "code-lists", "net", str(file))
    assert "code lists" not in run("domain", "show", "net").stderr
