# SPDX-License-Identifier: Apache-2.0
"""`registry dns key`: keys are made once, kept from others, and printed as name servers want them."""

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from registry.cli.main import app
from registry.dns.tsig_keys import TsigKeys
from registry.errors import AlreadyExistsError, ConfigurationError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REGISTRY_DATA_DIR", str(tmp_path))
    return tmp_path


def told(*arguments: str) -> list[dict[str, object]]:
    result = CliRunner().invoke(app, ["dns", "key", *arguments, "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_key_is_made_once_and_nobody_else_may_read_it(folder: Path) -> None:
    (made,) = told("generate", "NS1.example.org.", "--algorithm", "hmac-sha512")
    assert (made["name"], made["algorithm"]) == ("ns1.example.org", "hmac-sha512")
    file = Path(str(made["file"]))
    assert file == folder / "tsig" / "ns1.example.org.key"
    assert file.stat().st_mode & 0o077 == 0
    with pytest.raises(AlreadyExistsError):
        told("generate", "ns1.example.org")


def test_keys_are_listed_with_what_is_wrong_with_them(folder: Path) -> None:
    told("generate", "good.test")
    told("generate", "open.test")
    (folder / "tsig" / "open.test.key").chmod(0o644)
    good, opened = told("list")
    assert (good["name"], good["algorithm"], good["problem"]) == ("good.test", "hmac-sha256", None)
    assert "chmod 600" in str(opened["problem"])


@pytest.mark.parametrize("program", ["knot", "nsd", "bind"])
def test_a_key_is_shown_with_its_secret_as_a_name_server_has_it(folder: Path, program: str) -> None:
    told("generate", "ns1.test")
    secret = TsigKeys(folder / "tsig").required("ns1.test").secret
    result = CliRunner().invoke(app, ["dns", "key", "show", "ns1.test", "--for", program])
    (shown,) = told("show", "ns1.test", "--for", program)
    assert shown["blocks"] == {program: result.stdout}
    if program == "bind":
        assert result.stdout == (folder / "tsig" / "ns1.test.key").read_text()
    else:
        block = yaml.safe_load(result.stdout)["key"]
        key = block[0] if program == "knot" else block
        assert (key.get("id") or key["name"], key["algorithm"]) == ("ns1.test", "hmac-sha256")
        import base64

        assert base64.b64decode(key["secret"]) == secret


@pytest.mark.usefixtures("folder")
def test_a_key_that_is_not_there_can_not_be_shown() -> None:
    with pytest.raises(ConfigurationError, match="registry dns key generate"):
        told("show", "ns1.test")
