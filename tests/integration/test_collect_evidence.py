# SPDX-License-Identifier: Apache-2.0
"""Evidence collected over real connections, from servers that work and from servers that don't."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.simulators.certificate_chains import NOW
from tests.simulators.evidence_world import EvidenceWorld
from tests.simulators.list_worlds import ListWorld, certificate, pointer
from trust_lists.cli.main import app
from trust_lists.errors import SourceError
from trust_lists.evaluation.decisions.engine import DecisionEngine
from trust_lists.evaluation.decisions.model import Case, Outcome
from trust_lists.evaluation.trust_configuration.canonical import to_yaml
from trust_lists.evaluation.trust_configuration.model import Role
from trust_lists.sources.addresses import AddressPolicy
from trust_lists.sources.collecting import CollectReport, collect
from trust_lists.sources.evidence import load_evidence
from trust_lists.sources.evidence_fetching import WebFetcher
from trust_lists.sources.evidence_manifest import Attempt, Kind, State
from trust_lists.sources.web import Limits

OWN = "127.0.0.0/8"
QUICK = Limits(max_bytes=200_000, redirections=3, connect_seconds=5, read_seconds=0.4, total_seconds=5, tries=1)


class Network(ThreadingHTTPServer):
    """What a world publishes, on a port of this machine; `wrong` says what a path does instead."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.base = f"http://127.0.0.1:{self.server_address[1]}"
        self.world = EvidenceWorld(self.base)
        self.wrong: dict[str, str] = {}
        self.closing = threading.Event()

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that leave are no news here."""


class _Handler(BaseHTTPRequestHandler):
    server: Network

    def do_GET(self) -> None:
        self.answer(None)

    def do_POST(self) -> None:
        assert self.headers["Content-Type"] == "application/ocsp-request"
        self.answer(self.rfile.read(int(self.headers["Content-Length"])))

    def answer(self, body: bytes | None) -> None:
        how = self.server.wrong.get(self.path, "")
        if how.startswith("to "):
            self.send_response(302)
            self.send_header("Location", how.removeprefix("to "))
            self.end_headers()
            return
        if how == "slow":
            self.server.closing.wait(30)
            return
        if how == "endless":
            self.send_response(200)
            self.end_headers()
            while not self.server.closing.is_set():
                self.wfile.write(b" " * 100_000)
            return
        kind = Kind.OCSP if self.path.startswith("/ocsp") else Kind.CRL
        try:
            data = b"<html>busy</html>" if how == "page" else self.server.world.get(kind, self.url, body)
        except SourceError:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    @property
    def url(self) -> str:
        return f"{self.server.base}{self.path}"

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def network() -> Iterator[Network]:
    server = Network()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    server.closing.set()
    server.shutdown()
    server.server_close()
    thread.join(10)


def run(network: Network, folder: Path, limits: Limits = QUICK) -> CollectReport:
    world = network.world
    with WebFetcher(AddressPolicy.of([OWN]), limits) as fetcher:
        return collect(world.configuration(), [world.leaf], fetcher, folder, NOW)


def outcome(network: Network, folder: Path) -> Outcome:
    configuration = network.world.configuration()
    evidence = load_evidence(folder, configuration, NOW)
    return DecisionEngine(configuration).decide(Case(Role.AP_SIGN, network.world.leaf, NOW), evidence).outcome


def failed(report: CollectReport) -> Attempt:
    [found] = report.failures
    return found


def test_what_a_decision_needs_comes_over_http(network: Network, tmp_path: Path) -> None:
    report = run(network, tmp_path)
    assert (report.failures, report.count(State.FETCHED)) == ((), 4)
    assert outcome(network, tmp_path) is Outcome.ACCEPT


def test_ocsp_goes_by_post_where_get_is_not_answered(network: Network, tmp_path: Path) -> None:
    network.world.get_answers_ocsp = False
    assert run(network, tmp_path).failures == ()
    assert "ocsp POST" in [kind for kind, _ in network.world.asked]
    assert outcome(network, tmp_path) is Outcome.ACCEPT


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        pytest.param("slow", "FETCH_TIMEOUT", id="slow"),
        pytest.param("endless", "FETCH_TOO_LARGE", id="too large"),
        pytest.param("page", "UNREADABLE", id="garbage"),
        pytest.param("to /missing", "FETCH_NOT_FOUND", id="not found"),
        pytest.param("to /issuing.crl", "FETCH_REDIRECT_LOOP", id="in a circle"),
        pytest.param("to http://10.0.0.1/ca.crl", "FETCH_ADDRESS", id="to a private address"),
        pytest.param("to http://169.254.169.254/latest/meta-data", "FETCH_ADDRESS", id="to the metadata of a cloud"),
        pytest.param("to http://[::1]/ca.crl", "FETCH_ADDRESS", id="to another loopback address"),
        pytest.param("to file:///etc/passwd", "FETCH_URL", id="to a file"),
    ],
)
def test_what_a_server_does_wrong_is_told_and_costs_no_other_document(
    network: Network, tmp_path: Path, how: str, reason: str
) -> None:
    network.wrong["/issuing.crl"] = how
    report = run(network, tmp_path)
    found = failed(report)
    assert (found.kind, found.state, found.reason) == (Kind.CRL, State.FAILED, reason)
    assert report.count(State.FETCHED) == 3
    assert outcome(network, tmp_path) is Outcome.INDETERMINATE


def test_a_redirection_that_stays_in_the_web_is_followed(network: Network, tmp_path: Path) -> None:
    network.wrong["/issuing.crl"] = "to /moved.crl"
    network.world.documents[network.world.at("moved.crl")] = network.world.documents[network.world.at("issuing.crl")]
    assert run(network, tmp_path).failures == ()


def test_private_addresses_are_refused_unless_somebody_allows_them(network: Network, tmp_path: Path) -> None:
    world = network.world
    with WebFetcher(limits=QUICK) as fetcher:
        report = collect(world.configuration(), [world.leaf], fetcher, tmp_path, NOW)
    assert {each.reason for each in report.failures} == {"FETCH_ADDRESS"}
    assert world.asked == []


def test_the_pointers_of_a_list_of_lists_lead_into_no_private_network(network: Network, tmp_path: Path) -> None:
    lists = ListWorld()
    location = network.world.at("lotl.xml")
    pointers = (
        pointer("BE", "be", location=network.world.at("be.xml")),
        pointer("EL", "el", location="http://10.1.2.3/el.xml"),
    )
    network.world.documents[location] = lists.put_lotl(pointers=pointers, location=location)
    network.world.documents[network.world.at("be.xml")] = lists.put_list("BE")
    signer = certificate("lotl")

    def change(tree: dict[str, object]) -> None:
        tree["stores"] |= {  # type: ignore[operator]
            "lists": [
                {
                    "id": "eu",
                    "kind": "lotl",
                    "location": {"url": location},
                    "signers": [{"sha256": signer.sha256}],
                    "pivots": True,
                    "territories": "any",
                    "service_types": "any",
                    "statuses": "any",
                    "max_age": "any",
                    "on_expired": "reject",
                }
            ]
        }

    with WebFetcher(AddressPolicy.of([OWN]), QUICK) as fetcher:
        report = collect(network.world.configuration(change), [], fetcher, tmp_path, NOW)
    states = {each.territory: (each.state, each.reason) for each in report.manifest.attempts}
    assert states["EL"] == (State.FAILED, "OWN_FETCH_ADDRESS")
    assert states["BE"][0] is State.FETCHED


# The command


def test_the_command_collects_and_the_next_one_decides(network: Network, tmp_path: Path) -> None:
    world = network.world
    model = tmp_path / "model.yaml"
    model.write_text(to_yaml(world.configuration()), "utf-8")
    (tmp_path / "ap.der").write_bytes(world.leaf.der)
    out = tmp_path / "evidence"
    options = ["--model", str(model), "--certificate", str(tmp_path / "ap.der"), "--out", str(out)]
    ran = CliRunner().invoke(
        app, ["collect", *options, "--allow-network", OWN, "--at", NOW.isoformat(), "--json"], catch_exceptions=False
    )
    assert ran.exit_code == 0, ran.output
    told = json.loads(ran.stdout)
    assert (told["complete"], told["requests"], len(told["attempts"])) == (True, 4, 4)
    decided = CliRunner().invoke(
        app,
        [
            *("decide", str(tmp_path / "ap.der"), "--model", str(model), "--role", "ap-sign"),
            *("--evidence", str(out), "--at", NOW.isoformat(), "--json"),
        ],
        catch_exceptions=False,
    )
    assert decided.exit_code == 0, decided.output
    assert told["snapshot"] in decided.stdout
