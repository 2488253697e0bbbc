# SPDX-License-Identifier: Apache-2.0
"""Attacks in HTTP/1.1 at every listener: smuggled requests, split answers, paths that climb, and games with the host.

What must hold: a request that two readers could see as different ones gets one refusal and nothing behind it is
answered; no answer has a header that a client made up; no path and no host leads to a file or another domain.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.app.domain_setup import add_domain
from registry.demo.content import demo_metadata
from registry.demo.pki import DemoPki, certificates_pem
from registry.identifiers.url_form import participant_path, service_path
from tests.simulators.attacker import HTTP_LISTENERS, Target, all_targets, heads, statuses
from tests.simulators.hostile import Manager, assert_discreet, get, request
from tests.simulators.live import ACTOR, LiveInstance
from tests.simulators.publications import documents

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
KNOWN_HEADERS = {
    *(b"date", b"content-type", b"content-length", b"connection", b"transfer-encoding", b"x-content-type-options"),
    *(b"etag", b"last-modified", b"cache-control", b"allow", b"www-authenticate", b"retry-after", b"vary", b"age"),
    *(b"content-security-policy", b"x-frame-options", b"referrer-policy", b"cross-origin-resource-policy"),
    *(b"x-request-id", b"request-id", b"warning", b"location", b"link", b"accept", b"cache-status"),
}


@pytest.fixture(scope="module")
def targets(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Iterator[dict[str, Target]]:
    times = {"head_timeout_s": 1, "body_timeout_s": 1, "keep_alive_s": 0.3}
    with all_targets(tmp_path_factory.mktemp("attacked"), pki, **times) as running:
        yield running


@pytest.fixture(params=HTTP_LISTENERS)
def target(targets: dict[str, Target], request: pytest.FixtureRequest) -> Target:
    return targets[request.param]


def head(target: Target, *lines: str | bytes, host: bool = True) -> bytes:
    """A request of this target with further header lines, and the empty line behind them."""
    first = [f"{target.method} {target.path} HTTP/1.1", *(["Host: x"] if host else [])]
    rest = [f"{name}: {value}" for name, value in target.headers]
    all_lines = [line if isinstance(line, bytes) else line.encode() for line in (*first, *rest, *lines)]
    return b"\r\n".join([*all_lines, b"", b""])


def assert_refused_once(raw: bytes, *codes: int) -> None:
    found = statuses(raw)
    assert len(found) == 1, raw[:400]
    assert found[0] in (codes or (400, 411, 413, 431, 501)), raw[:400]
    assert_discreet(raw)


# Smuggling


@pytest.mark.parametrize(
    "lines",
    [
        ("Content-Length: 5", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: chunked", "Content-Length: 5"),
        ("Content-Length: 0", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
        ("Transfer-Encoding: identity", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: chunked", "Transfer-Encoding: x"),
        ("Transfer-Encoding: chunked, identity",),
        ("Transfer-Encoding: x, chunked",),
        ('Transfer-Encoding: "chunked"',),
        ("Transfer-Encoding: chunked\x0b",),
        ("Transfer-Encoding:\x0cchunked",),
        (b"Transfer-Encoding: chun\xc4\xb8ed",),
        ("Transfer-Encoding", " : chunked"),
        ("Transfer-Encoding : chunked",),
        ("X: a\r\n Transfer-Encoding: chunked", "Content-Length: 3, 4"),
        ("Content-Length: 5", "Content-Length: 5"),
        ("Content-Length: 5", "Content-Length: 7"),
        ("Content-Length: 5, 5",),
        ("Content-Length: +5",),
        ("Content-Length: 5 5",),
        ("Content-Length: 05x",),
        ("Content-Length: 0x10",),
        ("Content-Length: 18446744073709551617",),
        ("Content-Length: \xb2",),
        ("Content-Length : 5",),
        (b"Content-Length: 5\x00",),
        ("X-Fold: a\r\n\tb: c", "Content-Length: -0"),
        ("X: a\rTransfer-Encoding: chunked",),
        (b"X\x00: a",),
        ("(X): a",),
    ],
    ids=repr,
)
def test_framing_that_two_readers_could_see_differently_is_refused(
    target: Target, lines: tuple[str | bytes, ...]
) -> None:
    assert_refused_once(target.exchange(head(target, *lines) + b"0\r\n\r\n" + SMUGGLED))


@pytest.mark.parametrize(
    "folded",
    [b"X: a\r\n b", b"X: a\r\n\tb", b"X:\r\n a", b"Host: x\r\n y", b" X: a"],
    ids=repr,
)
def test_folded_lines_hide_no_header(target: Target, folded: bytes) -> None:
    """obs-fold (RFC 9112 §5.2): refused, or one header as it was unfolded; never two readings."""
    raw = target.exchange(head(target, folded, "Connection: close", host=b"Host" not in folded))
    assert len(statuses(raw)) == 1
    hidden = folded + b"\r\n Transfer-Encoding: chunked"
    smuggling = head(target, hidden, "Content-Length: 0", "Connection: close", host=b"Host" not in folded)
    assert len(statuses(target.exchange(smuggling + SMUGGLED))) == 1


@pytest.mark.parametrize("ending", [b"\n", b"\r", b"\r\r\n", b"\n\r"], ids=repr)
def test_lines_that_do_not_end_with_crlf_are_one_request_at_most(target: Target, ending: bytes) -> None:
    raw = target.exchange(head(target, "Connection: close").replace(b"\r\n", ending) + SMUGGLED)
    assert len(statuses(raw)) <= 1
    assert_discreet(raw)


@pytest.mark.parametrize(
    "chunks",
    [
        b"fffffffffffffffff\r\na\r\n0\r\n\r\n",
        b"8000000000000000\r\na\r\n0\r\n\r\n",
        b"0x3\r\nabc\r\n0\r\n\r\n",
        b"+3\r\nabc\r\n0\r\n\r\n",
        b" 3\r\nabc\r\n0\r\n\r\n",
        b"3 \r\nabc\r\n0\r\n\r\n",
        b"3\rabc\r\n0\r\n\r\n",
        b"3\r\nabcX\r\n0\r\n\r\n",
        b"3\r\nabc0\r\n\r\n",
        b"\r\nabc\r\n0\r\n\r\n",
        b"3;a\nb\r\nabc\r\n0\r\n\r\n",
        b"3;\x00\r\nabc\r\n0\r\n\r\n",
    ],
    ids=repr,
)
@pytest.mark.parametrize("name", ["manage", "sml"])
def test_broken_chunks_are_refused_and_nothing_behind_them_is_a_request(
    targets: dict[str, Target], name: str, chunks: bytes
) -> None:
    raw = targets[name].exchange(head(targets[name], "Transfer-Encoding: chunked") + chunks + SMUGGLED)
    assert len(statuses(raw)) <= 1, raw
    assert not statuses(raw) or 400 <= statuses(raw)[0] <= 501
    assert_discreet(raw)


@pytest.mark.parametrize("name", ["manage", "sml"])
def test_extensions_and_trailers_of_chunks_are_read_over_and_set_no_header(
    targets: dict[str, Target], name: str
) -> None:
    target = targets[name]
    body = b'3;a=b;c="d\\"e"\r\n<a>\r\n0;x\r\nHost: evil\r\nAuthorization: Bearer x\r\n\r\n'
    last = request("GET", "/nothing/here/now")
    raw = target.exchange(head(target, "Transfer-Encoding: chunked") + body + last)
    assert len(statuses(raw)) == 2
    assert statuses(raw)[1] in {404, 405}


def test_body_of_a_request_that_has_none_is_no_request(target: Target) -> None:
    inside = request("GET", "/inside", (("Connection", "keep-alive"),))
    outer = request("GET", "/nothing/here/now", (("Connection", "keep-alive"), ("Content-Length", str(len(inside)))))
    raw = target.exchange(outer + inside + request("GET", "/nothing/here/now"))
    assert len(statuses(raw)) == 2


def test_http_0_9_is_not_spoken(target: Target) -> None:
    for line in (b"GET /\r\n", b"GET /\r\n\r\n", b"GET / HTTP/0.9\r\n\r\n", b"GET\r\n\r\n"):
        raw = target.exchange(line + b"\r\n")
        assert raw == b"" or raw.startswith(b"HTTP/1.1 4"), raw[:100]


@pytest.mark.parametrize("version", [b"HTTP/1.2", b"HTTP/2.0", b"HTTP/1.10", b"http/1.1", b"HTTP/1,1", b"HTTP/1.1\x0b"])
def test_other_versions_are_one_answer_at_most(target: Target, version: bytes) -> None:
    raw = target.exchange(b"GET /nothing " + version + b"\r\nHost: x\r\nConnection: close\r\n\r\n" + SMUGGLED)
    assert len(statuses(raw)) <= 1


def test_request_behind_connection_close_is_not_answered(target: Target) -> None:
    raw = target.exchange(target.good() + SMUGGLED)
    assert len(statuses(raw)) == 1


# Hosts


@pytest.mark.parametrize(
    ("line", "host"),
    [
        (b"http://evil.example/nothing", b"x"),
        (b"http://x@evil.example/nothing", b"x"),
        (b"https://evil.example:443/nothing", b"x"),
        (b"ftp://evil.example/nothing", b"x"),
        (b"http:///nothing", b"x"),
    ],
    ids=repr,
)
def test_absolute_form_and_host_must_agree(target: Target, line: bytes, host: bytes) -> None:
    raw = target.exchange(b"GET " + line + b" HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n")
    assert_refused_once(raw, 400)


def test_absolute_form_that_agrees_is_answered(target: Target) -> None:
    raw = target.exchange(b"GET http://X:1/nothing/here HTTP/1.1\r\nHost: x:1\r\nConnection: close\r\n\r\n")
    assert statuses(raw) == [404]


@pytest.mark.parametrize(
    "hosts",
    [
        (),
        ("x", "y"),
        ("x", "x"),
        ("",),
        ("x y",),
        ("x/../y",),
        ("x\ty",),
        ("x,y",),
        ("evil.example#x",),
        ("evil.example?x",),
        ("user:password@x",),
        ("[::1",),
        ("x:99999999",),
        ("x:-1",),
        ("<script>alert(1)</script>",),
    ],
    ids=repr,
)
def test_host_that_is_none_never_gets_into_an_answer(target: Target, hosts: tuple[str, ...]) -> None:
    lines = "".join(f"Host: {host}\r\n" for host in hosts)
    path = "/nothing/here/now" if target.name != "public" else target.path
    raw = target.exchange(f"GET {path} HTTP/1.1\r\n{lines}Connection: close\r\n\r\n".encode())
    assert len(statuses(raw)) == 1
    assert statuses(raw)[0] < 500
    if len(hosts) != 1:
        assert statuses(raw) == [400]
    assert b"evil" not in raw
    assert b"script" not in raw
    assert b"password@" not in raw


# Split answers


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE", "HEAD"])
@pytest.mark.parametrize(
    "path",
    [
        "/iso6523-actorid-upis%3A%3A0088%3Ax%0d%0aX-Injected:%20yes",
        "/a%0d%0aX-Injected:%20yes%0d%0a%0d%0a<html>",
        "/%E5%98%8A%E5%98%8DX-Injected:%20yes",
        "/a?next=%0d%0aX-Injected:%20yes",
        "/api/v1/domains/%0d%0aX-Injected:%20yes",
        "/resolve?participant=a%0d%0aX-Injected:%20yes&domain=%0aX-Injected:%20yes",
        "/dns-query?name=a%0d%0aX-Injected:%20yes&type=A",
    ],
)
def test_encoded_line_ends_in_a_path_split_no_answer(target: Target, method: str, path: str) -> None:
    body = b"" if method in {"PUT", "POST"} else None
    raw = target.exchange(request(method, path, target.headers, body))
    assert len(statuses(raw)) == 1
    assert_no_made_up_header(raw)


@pytest.mark.parametrize(
    "name", ["X-Request-Id", "Idempotency-Key", "If-None-Match", "Origin", "Authorization", "Accept"]
)
@pytest.mark.parametrize(
    "end", [b"\r\n", b"\n", b"\r", b"\x00", b"%0d%0a", b"\\r\\n", b"\xe5\x98\x8a\xe5\x98\x8d"], ids=repr
)
def test_line_ends_in_a_header_split_no_answer(target: Target, name: str, end: bytes) -> None:
    value = b"a" + end + b"X-Injected: yes" + end + b"Set-Cookie: a=b"
    raw = target.exchange(
        request(target.method, target.path, ((name, value),), b"" if target.method != "GET" else None)
    )
    assert len(statuses(raw)) <= 1
    assert_no_made_up_header(raw)


def assert_no_made_up_header(raw: bytes) -> None:
    for lines in heads(raw):
        for line in lines:
            assert not line.startswith((b"x-injected", b"set-cookie")), line
            assert line.partition(b":")[0] in KNOWN_HEADERS, line


# Paths


CLIMBING = [
    "/../../../../etc/passwd",
    "/..%2f..%2f..%2fetc%2fpasswd",
    "/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "/%252e%252e%252f%252e%252e%252fetc%252fpasswd",
    "/..\\..\\..\\etc\\passwd",
    "/..%5c..%5cetc%5cpasswd",
    "/%c0%ae%c0%ae%c0%af%c0%ae%c0%ae%c0%afetc/passwd",
    "/..;/..;/etc/passwd",
    "/etc/passwd%00.xml",
    "/%00/etc/passwd",
    "//etc/passwd",
    "///../etc/passwd",
    "/./././etc/passwd",
    "/file:///etc/passwd",
    "/api/v1/../../etc/passwd",
    "/api/v1/backups/..%2f..%2fetc%2fpasswd",
    "/metrics/../../etc/passwd",
    "/.env",
    "/master.key",
    "/%2e/master.key",
]


@pytest.mark.parametrize("path", CLIMBING)
def test_no_path_leads_to_a_file(target: Target, path: str) -> None:
    for method in ("GET", "PUT"):
        raw = target.exchange(request(method, path, target.headers, b"" if method == "PUT" else None))
        assert len(statuses(raw)) == 1
        assert 400 <= statuses(raw)[0] < 500, raw[:300]
        assert b"root:" not in raw
        assert b"SQLite format" not in raw
        assert_discreet(raw)


@pytest.fixture(scope="module")
def two_domains(shared_live: LiveInstance) -> str:
    """The path of a service of the domain `demo`, beside which there is `strict` at another host."""
    metadata = demo_metadata(shared_live.pki.access_points)[0]
    made = documents(metadata)
    manager = Manager(shared_live)
    assert manager.put(made.group_path, made.group).status == 201
    assert manager.put(made.path, made.document).status == 201
    root, ap_ca = (
        certificates_pem(c).decode() for c in (shared_live.pki.root.certificate, shared_live.pki.ap_ca.certificate)
    )
    settings = {
        "name": "strict",
        "smp": {"base_url": "https://strict.example.org"},
        "dns": {"zone": "strict.test"},
        "sml": {"enabled": False},
        "trust": {"ap-encrypt": {"anchors": [root], "intermediates": [ap_ca], "subject_patterns": []}},
    }
    add_domain(shared_live.instance, ACTOR, "peppol-test", settings, register_smp=False)
    shared_live.run(shared_live.serving.refresh())
    path = service_path(metadata.participant, metadata.document_type)
    assert path == made.path
    assert participant_path(metadata.participant) == made.group_path
    return path


@pytest.mark.parametrize(
    "prefix",
    [
        "",
        "/.",
        "/..",
        "/%2e%2e",
        "/demo/..",
        "/x/..",
        "/demo",
        "/%2e%2e%2f",
        "/\\..",
        "//127.0.0.1",
        "/strict/../demo",
        "/%00",
    ],
)
def test_no_path_leads_to_another_domain(shared_live: LiveInstance, two_domains: str, prefix: str) -> None:
    for host in ("strict.example.org", "STRICT.example.org", "strict.example.org:443"):
        answer = get(shared_live, prefix + two_domains, (("Host", host),))
        assert answer.status in {400, 404}, (host, prefix)
        assert b"SignedServiceMetadata" not in answer.body


@pytest.mark.parametrize(
    "headers",
    [
        (("X-Forwarded-Host", "strict.example.org"),),
        (("Forwarded", "for=1.2.3.4;host=strict.example.org"),),
        (("X-Host", "strict.example.org"), ("X-Original-Host", "strict.example.org")),
        (("X-Forwarded-For", "127.0.0.1"), ("X-Real-IP", "127.0.0.1")),
    ],
    ids=lambda headers: headers[0][0],
)
def test_no_header_but_host_chooses_the_domain(
    shared_live: LiveInstance, two_domains: str, headers: tuple[tuple[str, str], ...]
) -> None:
    base = shared_live.addresses.public.removeprefix("http://")
    assert get(shared_live, two_domains, (("Host", base), *headers)).status == 200
    swapped = tuple((name, value.replace("strict.example.org", base)) for name, value in headers)
    assert get(shared_live, two_domains, (("Host", "strict.example.org"), *swapped)).status == 404


def test_client_can_read_nothing_of_the_data_folder(shared_live: LiveInstance) -> None:
    secret = Path(shared_live.settings.master_key_file).read_text("ascii").strip().encode()
    for path in CLIMBING:
        assert secret not in get(shared_live, path).body
