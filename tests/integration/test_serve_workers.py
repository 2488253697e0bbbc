# SPDX-License-Identifier: Apache-2.0
"""`registry serve --workers N` and `--only`: one address for all, restarts, no request lost, nobody stays behind."""

import contextlib
import http.client
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import dns.message
import dns.query
import dns.rcode
import dns.xfr
import dns.zone
import httpx2
import pytest

from registry.app.domain_setup import SigningKeyFile, add_domain, change_domain
from registry.app.instance import Instance
from registry.demo.pki import DemoPki
from registry.settings import load_settings
from tests.simulators.databases import database_url
from tests.simulators.live import ACTOR, SMP_ID, demo_trust
from tests.simulators.told_servers import ToldServer
from tests.simulators.zone_transfers import write

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
ZONE = "sml.test"
TIMEOUT = 60


@dataclass(slots=True)
class Program:
    """A `registry serve` process, and where it said that it listens."""

    process: "subprocess.Popen[str]"
    told: dict[str, str]
    log: Path

    def children(self) -> list[int]:
        text = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in text.split()]

    def asks_dns(self, rdtype: str = "SOA") -> bool:
        host, port = self.told["DNS"].rsplit(":", 1)
        with contextlib.suppress(dns.exception.Timeout):
            answer = dns.query.udp(dns.message.make_query(ZONE, rdtype), host, port=int(port), timeout=2)
            return answer.rcode() == dns.rcode.NOERROR and bool(answer.answer)
        return False


@dataclass(slots=True)
class Folder:
    path: Path
    url: str
    files: Path
    starts: Iterator[int] = field(default_factory=itertools.count)

    @contextlib.contextmanager
    def serve(self, *arguments: str, lines: int = 4, **settings: str) -> Iterator[Program]:
        variables = {
            **{name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")},
            "REGISTRY_DATA_DIR": str(self.path),
            "REGISTRY_DATABASE_URL": self.url,
            "REGISTRY_SML_TLS_CERT": str(self.files / "tls-certificate.pem"),
            "REGISTRY_SML_TLS_KEY": str(self.files / "tls-key.pem"),
            **{f"REGISTRY_{name}_BIND": "127.0.0.1:0" for name in ("PUBLIC", "MANAGE", "SML", "DNS")},
            **{f"REGISTRY_{name}": value for name, value in settings.items()},
        }
        log = self.path / f"serve-{next(self.starts)}.log"
        with log.open("wb") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "registry", "serve", *arguments],
                env=variables,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        watchdog = threading.Timer(TIMEOUT, process.kill)
        watchdog.start()
        program = Program(process, {}, log)
        try:
            assert process.stdout is not None
            for line in itertools.islice(process.stdout, lines):
                name, _, address = line.strip().partition(" ")
                program.told[name] = address.strip()
            assert len(program.told) == lines, log.read_text()
            yield program
            assert "Traceback" not in log.read_text()
        finally:
            watchdog.cancel()
            left = program.children() if process.poll() is None else []
            process.kill()
            process.communicate(timeout=TIMEOUT)
            eventually(lambda: not any(map(alive, left)), "workers end with their supervisor")


@pytest.fixture
def folder(tmp_path: Path, pki: DemoPki) -> Folder:
    files = pki.write(tmp_path / "pki")
    url = database_url(tmp_path)
    with Instance.open(load_settings(data_dir=tmp_path, database_url=url)) as instance:
        settings = {
            "name": "demo",
            "smp": {"base_url": "https://smp.example.org", "smp_id": SMP_ID},
            "trust": demo_trust(pki),
        }
        add_domain(instance, ACTOR, "demo", settings, signing_key=SigningKeyFile(files.smp))
    return Folder(tmp_path, url, tmp_path / "pki")


def eventually(true: Callable[[], bool], what: str, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not true():
        assert time.monotonic() < deadline, f"in vain: {what}"
        pause.wait(0.02)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_roles_of_a_process_are_the_ones_that_it_was_told(folder: Folder) -> None:
    with folder.serve("--only", "dns,manage", lines=2) as program:
        assert set(program.told) == {"manage", "DNS"}
        assert program.asks_dns()
        assert httpx2.get(program.told["manage"] + "/livez").status_code == 200
    with folder.serve("--only", "smp", "--only", "sml", lines=2) as program:
        assert set(program.told) == {"SMP", "SML"}
        assert httpx2.get(program.told["SMP"] + "/x").status_code == 404
        program.process.terminate()
        assert program.process.wait(TIMEOUT) == 0


def test_process_without_listeners_says_so_and_stops(folder: Folder) -> None:
    with folder.serve("--only", "jobs", lines=1) as program:
        assert program.told == {"jobs": "no listener"}
        program.process.terminate()
        assert program.process.wait(TIMEOUT) == 0


def test_unknown_role_is_refused(folder: Folder) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "registry", "serve", "--only", "web"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 2
    assert "web" in done.stderr


def test_workers_share_addresses_and_their_metrics_are_one(folder: Folder) -> None:
    with folder.serve("--workers", "2") as program:
        assert len(program.children()) == 2
        manage = program.told["manage"]
        for _ in range(40):
            assert httpx2.get(f"{manage}/livez").status_code == 200
            assert program.asks_dns()
        eventually(lambda: httpx2.get(f"{manage}/readyz").status_code == 200, "ready")

        def counted() -> float:
            name = 'registry_requests_total{listener="manage",method="GET",status="200"}'
            for line in httpx2.get(f"{manage}/metrics").text.splitlines():
                if line.startswith(name):
                    return float(line.split()[-1])
            return 0.0

        first = counted()
        assert first >= 40
        assert counted() > first, "whichever of them answers"
        program.process.send_signal(signal.SIGHUP)
        assert httpx2.get(f"{manage}/livez").status_code == 200
        children = program.children()
        program.process.terminate()
        assert program.process.wait(TIMEOUT) == 0
        assert not any(map(alive, children))


def test_worker_that_dies_is_started_again_and_others_answer_meanwhile(folder: Folder) -> None:
    with folder.serve("--workers", "2") as program:
        manage, before = program.told["manage"], program.children()
        os.kill(before[0], signal.SIGKILL)
        eventually(lambda: not alive(before[0]), "it is dead")
        for _ in range(20):
            assert httpx2.get(f"{manage}/livez").status_code == 200
            assert program.asks_dns()
        eventually(lambda: len(program.children()) == 2, "there are two again")
        assert before[1] in program.children()
        assert any(json.loads(line)["event"] == "worker_died" for line in program.log.read_text().splitlines())


def test_secondary_that_asks_when_it_is_told_has_each_serial_whichever_worker_stamps_and_answers(
    folder: Folder,
) -> None:
    """NOTIFY comes of one worker, the transfer of any, which may serve the serial before: so it comes again."""
    with (
        Instance.open(load_settings(data_dir=folder.path, database_url=folder.url)) as instance,
        ToldServer().listening() as server,
    ):
        change_domain(instance, ACTOR, "demo", {"dns": {"secondaries": [{"server": server.address}]}})
        zone_id = instance.directory.get("demo").zone_id or 0
        with folder.serve("--workers", "2") as program:
            host, port = program.told["DNS"].rsplit(":", 1)
            copy = dns.zone.Zone(ZONE)
            for number in range(4):
                name = f"name-{number}"
                write(instance.database, zone_id, (name, "TXT", f'60 "{number}"'))
                while copy.get_node(name) is None:
                    server.told.get(timeout=20)
                    query, _ = dns.xfr.make_query(copy)
                    dns.query.inbound_xfr(host, copy, query, int(port), timeout=10)
                if number < 2:  # one of the two is who stamped; the other takes over when its lease has run out
                    victim = program.children()[0]
                    os.kill(victim, signal.SIGKILL)
                    eventually(lambda victim=victim: not alive(victim), "it is dead")  # type: ignore[misc]
                    eventually(lambda: len(program.children()) == 2, "there are two again")


def test_workers_end_with_a_supervisor_that_is_killed(folder: Folder) -> None:
    with folder.serve("--workers", "2") as program:
        children = program.children()
        program.process.kill()
        program.process.wait(TIMEOUT)
        eventually(lambda: not any(map(alive, children)), "nobody stays behind")


def test_no_request_is_lost_while_workers_come_and_go(folder: Folder) -> None:
    """Only a refused connection is tried again, and there is none as long as the supervisor holds the socket."""
    with folder.serve("--workers", "2") as program:
        host, port = program.told["SMP"].removeprefix("http://").split(":")
        ended = threading.Event()
        answers: list[int] = []
        refused: list[str] = []

        def keep_asking(*, reuse: bool) -> None:
            connection = http.client.HTTPConnection(host, int(port), timeout=TIMEOUT)
            while not ended.is_set():
                try:
                    connection.request("GET", "/x")
                    answer = connection.getresponse()
                    answer.read()
                except ConnectionRefusedError as error:
                    refused.append(str(error))
                else:
                    answers.append(answer.status)
                if not reuse:
                    connection.close()
            connection.close()

        errors: list[Exception] = []

        def asker(reuse: bool) -> None:
            try:
                keep_asking(reuse=reuse)
            except Exception as error:  # noqa: BLE001 — whatever it is, the request was lost
                errors.append(error)

        askers = [threading.Thread(target=asker, args=(number % 2 == 0,)) for number in range(4)]
        for thread in askers:
            thread.start()
        for _ in range(3):
            (victim, *_) = program.children()
            os.kill(victim, signal.SIGTERM)
            eventually(lambda victim=victim: not alive(victim), "it has ended")  # type: ignore[misc]
            eventually(lambda: len(program.children()) == 2, "there are two again")
        ended.set()
        for thread in askers:
            thread.join(TIMEOUT)
        assert errors == []
        assert refused == []
        assert set(answers) == {404}
        assert len(answers) > 50


def test_supervisor_ends_with_the_error_of_a_worker_that_cannot_begin(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "bad.pem").write_text("nothing")
    variables = {
        **{name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")},
        "REGISTRY_DATA_DIR": str(folder.path),
        "REGISTRY_DATABASE_URL": folder.url,
        "REGISTRY_MANAGE_TLS_CERT": str(tmp_path / "bad.pem"),
        "REGISTRY_MANAGE_TLS_KEY": str(tmp_path / "bad.pem"),
        **{f"REGISTRY_{name}_BIND": "127.0.0.1:0" for name in ("PUBLIC", "MANAGE", "SML", "DNS")},
    }
    done = subprocess.run(
        [sys.executable, "-m", "registry", "serve", "--workers", "2"],
        env=variables,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.count("error: ") == 1
    assert done.stdout == ""
