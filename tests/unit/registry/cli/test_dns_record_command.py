# SPDX-License-Identifier: Apache-2.0
"""`registry dns record`, `delegate`, `locator`, and `registry sml locate`: what they do, print and refuse."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from registry.cli.main import app
from registry.dns.records import RRset, naptr_rrset
from registry.errors import ValidationError
from tests.simulators.recursion import RecursiveNameServer, server_of


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with the domain `demo` as its own SML."""
    monkeypatch.setenv("REGISTRY_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("REGISTRY_LOG_LEVEL", "ERROR")
    monkeypatch.chdir(tmp_path)
    added = run("domain", "add", "demo", "--base-url", "https://smp.example.org", "--smp-id", "SMP-1")
    assert added.exit_code == 0, added.output
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def zone() -> set[str]:
    return set(run("dns", "show", "sml.test").stdout.splitlines())


def test_a_record_is_put_listed_and_removed(home: Path) -> None:
    assert run("dns", "record", "put", "0088.sml", "cname", "sml.example.org").output == "put 1 record sets\n"
    line = "0088.sml.sml.test.\t3600\tIN\tCNAME\tsml.example.org."
    assert run("dns", "record", "list").output == f"{line}\n"
    assert line in zone()
    listed = json.loads(run("dns", "record", "list", "--json", "--name", "0088.sml").output)
    assert (listed["type"], listed["records"]) == ("CNAME", ["sml.example.org."])
    again = run("dns", "record", "put", "0088.sml", "CNAME", "sml.example.org.", "--json")
    assert json.loads(again.output) == {"outcome": "unchanged", "record_sets": 0}
    assert run("dns", "record", "remove", "0088.sml", "CNAME").output == "removed 1 record sets\n"
    assert line not in zone()


def test_a_name_is_delegated_with_glue_and_ds(home: Path) -> None:
    ds = "1 13 2 " + "ab" * 32
    done = run(
        "dns", "delegate", "0088.iso6523", "--ns", "ns.0088.iso6523.sml.test=192.0.2.53,2001:db8::53",
        "--ns", "ns.example.org", "--ds", ds, "--ttl", "600",
    )  # fmt: skip
    assert done.output == "put 4 record sets\n"
    assert {
        "0088.iso6523.sml.test.\t600\tIN\tNS\tns.example.org.",
        f"0088.iso6523.sml.test.\t600\tIN\tDS\t{ds}",
        "ns.0088.iso6523.sml.test.\t600\tIN\tA\t192.0.2.53",
        "ns.0088.iso6523.sml.test.\t600\tIN\tAAAA\t2001:db8::53",
    } <= zone()
    assert run("dns", "record", "remove", "0088.iso6523").output == "removed 2 record sets\n"


def test_a_name_is_given_to_another_zone(home: Path) -> None:
    assert run("dns", "delegate", "9914.iso6523", "--dname", "9914.iso6523.g2b.example").exit_code == 0
    assert "9914.iso6523.sml.test.\t3600\tIN\tDNAME\t9914.iso6523.g2b.example." in zone()


@pytest.mark.parametrize(
    "options", [[], ["--ns", "a.example", "--dname", "b.example"], ["--dname", "b.example", "--ds", "1 13 2 ab"]]
)
def test_a_delegation_is_one_way_or_the_other(home: Path, options: list[str]) -> None:
    refused = run("dns", "delegate", "0088.iso6523", *options)
    assert isinstance(refused.exception, ValidationError)


def test_the_records_of_a_locator_are_written_and_found(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    api = "https://sml.example.org/edelivery-sml"
    assert run("dns", "locator", "0088", "--host", "sml.example.org", "--api", api).output == "put 2 record sets\n"
    assert f'0088.sml-api.sml.test.\t3600\tIN\tNAPTR\t100 10 "U" "Meta:SML" "!.*!{api}!" .' in zone()
    rrsets = [RRset("0088.sml", "CNAME", 60, ("sml.example.org.",))]
    rrsets.append(naptr_rrset("0088.sml-api", api, ["Meta:SML"], 60))
    servers = {"192.0.2.1": server_of("sml.test", *rrsets), "192.0.2.2": server_of("example.org")}
    server = RecursiveNameServer(servers, {"sml.test": "192.0.2.1", "example.org": "192.0.2.2"})
    monkeypatch.setattr("dns.nameserver.Do53Nameserver", lambda *_: server)
    found = run("sml", "locate", "0088", "--dns", "192.0.2.1", "--json")
    assert found.exit_code == 0, (found.output, found.exception)
    assert json.loads(found.output) == {"icd": "0088", "host": "sml.example.org", "api": api}
    assert f"api   {api}" in run("sml", "locate", "0088", "--dns", "192.0.2.1").output
    missing = run("sml", "locate", "0195", "--dns", "192.0.2.1")
    assert (missing.exit_code, "not registered" in missing.output) == (3, True)


def test_a_locator_without_anything_to_say_is_refused(home: Path) -> None:
    assert isinstance(run("dns", "locator", "0088").exception, ValidationError)
    assert isinstance(run("dns", "locator", "88", "--host", "x.example").exception, ValidationError)
