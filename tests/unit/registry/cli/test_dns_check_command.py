# SPDX-License-Identifier: Apache-2.0
"""`registry dns check`, `repair`, `export` and `import`: what they do, print, refuse, and end with."""

import json
from pathlib import Path

import dns.rcode
import pytest
from typer.testing import CliRunner, Result

from registry.app.instance import Instance
from registry.cli.main import app
from registry.dns.journal import ZonePublisher
from registry.dns.tsig_keys import TsigKeys
from registry.errors import ConfigurationError, ConflictError, NotFoundError, RegistryError, ValidationError
from registry.settings import load_settings
from tests.simulators.zone_sender import Text, ZoneSender, sending, without

pytestmark = pytest.mark.database
OWN = "".join(f'r{number} 60 TXT "{number}"\n' for number in range(20))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with the domain `demo` as its own SML, and a few records."""
    monkeypatch.setenv("REGISTRY_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("REGISTRY_LOG_LEVEL", "ERROR")
    monkeypatch.chdir(tmp_path)
    assert run("domain", "add", "demo", "--base-url", "https://smp.example.org", "--smp-id", "SMP-1").exit_code == 0
    (tmp_path / "own.zone").write_text(OWN)
    assert run("dns", "import", "sml.test", "own.zone").exit_code == 0
    publish()
    return tmp_path


def publish() -> None:
    with Instance.open(load_settings()) as instance:
        ZonePublisher(instance.database, "test", 0.0).tick(serve=False)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def exported() -> list[Text]:
    """All records, as a server that follows has them."""
    records: list[Text] = []
    for line in run("dns", "export", "sml.test").stdout.splitlines()[1:]:
        owner, ttl, _, rdtype, rdata = line.split("\t", 4)
        records.append((owner, int(ttl), rdtype, rdata))
    return records


def refused(result: Result, kind: type[RegistryError]) -> str:
    assert isinstance(result.exception, kind), result.output
    return str(result.exception)


def test_server_that_follows_agrees(home: Path) -> None:
    with sending(ZoneSender(exported())) as sender:
        done = run("dns", "check", "sml.test", "--server", sender.address)
    assert done.exit_code == 0
    assert f"{sender.address}: serial 1, the present one" in done.output
    assert "records compared (transfer): all as it should be" in done.output


def test_server_that_differs_is_shown_and_repaired(home: Path) -> None:
    with sending(ZoneSender(without(exported(), "r1.sml.test."))) as sender:
        done = run("dns", "check", "sml.test", "--server", sender.address)
        assert done.exit_code == 1
        assert "missing  r1 TXT" in done.output
        assert 'wanted  60 "1"' in done.output
        planned = run("dns", "repair", "sml.test", "--server", sender.address, "--plan")
        assert planned.exit_code == 1
        assert "sml.test goes on from serial 1 with 2" in planned.output
        assert "nothing was changed" in planned.output
        shown = json.loads(run("dns", "repair", "sml.test", "--server", sender.address, "--json").output)
    assert shown["done"] == {"serial": 2, "written": {}, "failures": {}}
    assert [each["counts"]["missing"] for each in shown["servers"]] == [1]


def test_repair_that_would_change_too_much_is_refused_and_may_be_allowed(home: Path) -> None:
    records = [(o, t + 1, k, d) if k == "TXT" else (o, t, k, d) for o, t, k, d in exported()]
    with sending(ZoneSender(records)) as sender:
        words = ("dns", "repair", "sml.test", "--server", sender.address)
        assert "allow more" in refused(run(*words), ConflictError)
        assert "done: serial 2" in run(*words, "--max-percent", "100").output


def test_server_that_refuses_the_zone_is_sampled(home: Path) -> None:
    with sending(ZoneSender(exported(), transfer_rcode=dns.rcode.REFUSED)) as sender:
        done = run("dns", "check", "sml.test", "--server", sender.address)
        assert done.exit_code == 0
        assert "samples, since for the whole zone it answers REFUSED" in done.output
        assert "with 95 % confidence, fewer than" in done.output
        sender.asked.clear()
        assert run("dns", "check", "sml.test", "--server", sender.address, "--sample", "5").exit_code == 0
        assert "AXFR" not in sender.asked


def test_transfer_is_signed_by_the_key_that_is_named(home: Path) -> None:
    keys = TsigKeys(load_settings().dns_key_dir)
    keys.generate("check-key")
    with sending(ZoneSender(exported(), keys.required("check-key"), unsigned_every=2)) as sender:
        assert run("dns", "check", "sml.test", "--server", sender.address, "--key", "check-key").exit_code == 0
    with pytest.raises(ConfigurationError, match="registry dns key generate other"):
        raise run("dns", "check", "sml.test", "--server", "192.0.2.1", "--key", "other").exception or AssertionError


def test_unknown_zone_and_zone_without_servers_say_what_to_do(home: Path) -> None:
    assert "known: sml.test" in refused(run("dns", "check", "other.test"), NotFoundError)
    assert "dns.secondaries" in refused(run("dns", "check", "sml.test"), ConfigurationError)


def test_export_to_a_file_is_what_is_printed(home: Path) -> None:
    assert run("dns", "export", "sml.test", "-o", "out.zone").exit_code == 0
    assert (home / "out.zone").read_text() == run("dns", "export", "sml.test").stdout
    assert [each.name for each in home.glob("out.zone*")] == ["out.zone"]
    assert "can't be written" in refused(run("dns", "export", "sml.test", "-o", "none/out"), ConfigurationError)


def test_export_leaves_out_what_nobody_has_published_and_says_so(home: Path) -> None:
    run("dns", "record", "put", "later", "TXT", '"x"')
    done = run("dns", "export", "sml.test")
    assert "1 changes wait" in done.stderr
    assert "later" not in done.stdout


def test_import_shows_its_plan_and_does_it(home: Path) -> None:
    (home / "new.zone").write_text(OWN + 'new 60 TXT "x"\n@ 60 NS ns.elsewhere.test.\n')
    planned = run("dns", "import", "sml.test", "new.zone", "--plan")
    assert 'add      new 60 TXT "x"' in planned.output
    assert "20 of your record sets are so already" in planned.output
    assert "differs  @ NS" in planned.output
    assert "nothing was written" in planned.output
    assert json.loads(run("dns", "import", "sml.test", "new.zone", "--json").output)["changed"] == 1
    assert "it is so already" in run("dns", "import", "sml.test", "new.zone").output


def test_import_removes_only_where_that_is_said_and_not_too_much(home: Path) -> None:
    (home / "less.zone").write_text("")
    assert "it is so already" in run("dns", "import", "sml.test", "less.zone").output
    assert "30 %" in refused(run("dns", "import", "sml.test", "less.zone", "--remove"), ConflictError)
    done = run("dns", "import", "sml.test", "less.zone", "--remove", "--max-percent", "100")
    assert "20 record sets written or removed" in done.output


def test_what_is_no_master_file_is_refused(home: Path) -> None:
    (home / "bad.zone").write_bytes(b"\xff\xfe")
    refused(run("dns", "import", "sml.test", "bad.zone"), ValidationError)
    assert "can't be read" in refused(run("dns", "import", "sml.test", "none.zone"), ConfigurationError)
