# SPDX-License-Identifier: Apache-2.0
"""Bad HTTP at every listener of a running instance, and bad look-ups at the public one."""

import asyncio
import json
import random
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from registry.demo.content import demo_metadata
from registry.demo.pki import DemoPki
from registry.identifiers.url_form import participant_path, service_path
from registry.smp.documents.signing import verify_document
from tests.simulators.hostile import (
    Answer,
    Manager,
    ask,
    assert_discreet,
    assert_problem,
    cheap,
    get,
    nothing_changed,
    read_answers,
    request,
    send,
)
from tests.simulators.live import ACTOR, LiveInstance, live_instance

MB_100 = 100_000_000
SERVICE_PATH = "/edelivery-sml/manageparticipantidentifier"


@dataclass(frozen=True, slots=True)
class Target:
    """A listener, and a method with a path that it knows."""

    live: LiveInstance
    url: str
    method: str
    path: str
    context: ssl.SSLContext | None
    headers: tuple[tuple[str, str], ...] = ()

    def send(self, *parts: bytes) -> bytes:
        return send(self.url, *parts, context=self.context)

    def ask(self, *parts: bytes, method: str = "") -> Answer:
        return ask(self.url, *parts, context=self.context, method=method or self.method)


def target_of(live: LiveInstance, name: str) -> Target:
    path = participant_path(demo_metadata(live.pki.access_points)[0].participant)
    if name == "public":
        return Target(live, live.addresses.public, "GET", path, None)
    if name == "manage":
        token = (("Authorization", f"Bearer {Manager(live).token}"),)
        return Target(live, live.addresses.manage, "PUT", path, None, token)
    assert live.addresses.sml is not None
    soap = (("Content-Type", "text/xml"),)
    context = live.client_context(live.files.smp)
    return Target(live, live.addresses.sml, "POST", SERVICE_PATH, context, soap)


@pytest.fixture(scope="module", params=["public", "manage", "sml"])
def target(shared_live: LiveInstance, request: pytest.FixtureRequest) -> Target:
    return target_of(shared_live, request.param)


@pytest.fixture(scope="module")
def path(shared_live: LiveInstance) -> str:
    """The path of published service metadata, which have been read, and so signed, before."""
    metadata = demo_metadata(shared_live.pki.access_points)[0]
    shared_live.instance.publishing.put_service_metadata(ACTOR, shared_live.stored, metadata, create_group=True)
    found = service_path(metadata.participant, metadata.document_type)
    assert get(shared_live, found).status == 200
    return found


def lines(*head: str | bytes) -> bytes:
    return b"\r\n".join([line if isinstance(line, bytes) else line.encode() for line in head] + [b"", b""])


# Sizes


def test_100_megabytes_by_length_are_413_before_they_come(target: Target) -> None:
    head = request(target.method, target.path, (*target.headers, ("Content-Length", str(MB_100))))
    with nothing_changed(target.live), cheap():
        answer = target.ask(head, b"x" * 1_000)
    assert answer.status == 413
    assert_discreet(answer.body)


def test_100_megabytes_are_not_asked_for(target: Target) -> None:
    headers = (*target.headers, ("Content-Length", str(MB_100)), ("Expect", "100-continue"))
    with nothing_changed(target.live):
        raw = target.send(request(target.method, target.path, headers))
    assert raw.startswith(b"HTTP/1.1 413 ")
    assert b"100 Continue" not in raw


def test_100_megabytes_in_chunks_are_cut_off(target: Target) -> None:
    head = request(target.method, target.path, (*target.headers, ("Transfer-Encoding", "chunked")))
    chunk = b"%x\r\n%s\r\n" % (500_000, b"x" * 500_000)
    with nothing_changed(target.live), cheap(3):
        raw = target.send(head, *[chunk] * 200)
    # A look-up is answered before its body, which nobody asked for, is looked at; then the connection ends.
    status = int(raw.split(b" ", 2)[1])
    assert status in ({200, 404} if target.method == "GET" else {413})
    assert raw.count(b"HTTP/1.1 ") == 1
    assert_discreet(raw)


@pytest.mark.parametrize(
    "head",
    [
        lines("GET /" + "a" * 1_000_000 + " HTTP/1.1", "Host: x"),
        lines("GET /a HTTP/1.1", "Host: " + "x" * 40_000),
        lines("GET /a HTTP/1.1", "Host: x", *(f"X-{n}: {n}" for n in range(10_000))),
        lines("GET /a HTTP/1.1", "Host: x", *(f"A{n}: " for n in range(200))),
        b"GET /a HTTP/1.1\r\nHost: x\r\nCookie: " + b"a" * 5_000_000,
    ],
    ids=["target", "host", "many-headers", "empty-headers", "endless-header"],
)
def test_head_beyond_the_limits_is_431(target: Target, head: bytes) -> None:
    with nothing_changed(target.live), cheap():
        answer = target.ask(head)
    assert answer.status == 431
    assert_discreet(answer.body)


def test_long_host_changes_nothing(shared_live: LiveInstance, path: str) -> None:
    for host in ("h" * 20_000, "smp.example.org, evil.example.org", "\u00e9.example.org", "[::1", "x:99999", "", "%00"):
        answer = get(shared_live, path, (("Host", host),))
        assert answer.status == 200
        assert host[:20].encode() not in answer.body or len(host) < 3


# Framing


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize(
    "framing",
    [
        ("Content-Length: 5", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: chunked", "Content-Length: 5"),
        ("Content-Length: 5", "Content-Length: 6"),
        ("Content-Length: 5, 6",),
        ("Content-Length: -1",),
        ("Content-Length: +5",),
        ("Content-Length: 0x5",),
        ("Content-Length: 5e3",),
        ("Content-Length: " + "9" * 40,),
        ("Content-Length: \u0665",),
        ("Content-Length:",),
        ("Transfer-Encoding: gzip, chunked",),
        ("Transfer-Encoding: identity",),
        ("Transfer-Encoding: chunked, chunked",),
        ("Transfer-Encoding: xchunked",),
        ("Transfer-Encoding : chunked",),
        (" Transfer-Encoding: chunked",),
        ("Transfer-Encoding:\x0bchunked",),
        ("Host: a", "Host: b"),
        ("X: a\x00b",),
        ("X: a\rb",),
        ("X y: z",),
        ("X",),
        (": x",),
    ],
)
def test_ambiguous_or_broken_framing_is_refused_and_nothing_behind_it_is_a_request(
    target: Target, framing: tuple[str, ...]
) -> None:
    host = () if framing[0].startswith("Host") else ("Host: x",)
    head = lines(f"{target.method} {target.path} HTTP/1.1", *host, *(f"{n}: {v}" for n, v in target.headers), *framing)
    with nothing_changed(target.live):
        raw = target.send(head + b"0\r\n\r\n" + SMUGGLED)
    status = int(raw.split(b" ", 2)[1])
    assert status in {400, 411, 413, 501}, raw[:300]
    assert raw.count(b"HTTP/1.1 ") == 1
    assert_discreet(raw)


@pytest.mark.parametrize(
    "chunks",
    [
        b"zz\r\nabc\r\n0\r\n\r\n",
        b"-1\r\nabc\r\n0\r\n\r\n",
        b"10000000000000000\r\nabc",
        b"1" * 100 + b"\r\n",
        b"3\nabc\n0\n\n",
        b"3\r\nabcdef\r\n0\r\n\r\n",
        b"3;" + b"x" * 5_000_000,
    ],
    ids=["no-number", "negative", "huge", "overlong", "bare-lf", "longer-than-said", "endless-extension"],
)
@pytest.mark.parametrize("target", ["manage", "sml"], indirect=True)
def test_broken_chunks_are_refused(target: Target, chunks: bytes) -> None:
    head = request(target.method, target.path, (*target.headers, ("Transfer-Encoding", "chunked")))
    with nothing_changed(target.live), cheap():
        answer = target.ask(head + chunks)
    assert answer.status in {400, 413}
    assert_discreet(answer.body)


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100) + b"\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET  / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET / HTTQ/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
        b"G\xc3\x89T / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET a HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"<?xml version='1.0'?><a/>\r\n\r\n",
        b"\x00" * 100,
        random.Random(1).randbytes(2_000),
    ],
    ids=lambda data: repr(data[:16]),
)
def test_what_is_no_http_gets_one_refusal(target: Target, data: bytes) -> None:
    with nothing_changed(target.live):
        raw = target.send(data)
    assert raw.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 405 ", b"HTTP/1.1 404 ")), raw[:200]
    assert raw.count(b"HTTP/1.1 ") == 1
    assert_discreet(raw)


def test_body_that_nobody_reads_is_no_request(target: Target) -> None:
    """The application answers a path that it doesn't know, or a caller, before it takes the body."""
    keep = ("Connection", "keep-alive")
    unread = request("PUT", "/nothing/here/now", (keep,), SMUGGLED * 3)
    chunked = request("PUT", "/nothing/here/now", (keep, ("Transfer-Encoding", "chunked")))
    chunked += b"%x\r\n%s\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED)
    last = request("DELETE" if target.method == "GET" else "POST", "/nothing/here/now")
    with nothing_changed(target.live):
        answers = read_answers(target.send(unread + chunked + last), "PUT", "PUT", "POST")
    assert {answer.status for answer in answers} <= {401, 404, 405}


def test_http_1_0_without_a_host_is_answered_and_closed(target: Target) -> None:
    raw = target.send(f"GET {target.path} HTTP/1.0\r\n\r\n".encode())
    (answer,) = read_answers(raw, "GET")
    assert answer.status in {200, 404}
    assert b"transfer-encoding" not in raw.lower()


def test_pipelined_requests_are_answered_in_order(target: Target) -> None:
    first = request("GET", target.path, (("Connection", "keep-alive"),))
    head = request("HEAD", target.path, (("Connection", "keep-alive"),))
    unknown = request("GET", "/%ff/x/y", (("Connection", "keep-alive"),))
    last = request("DELETE" if target.method != "PUT" else "PATCH", target.path)
    answers = read_answers(target.send(first + head + unknown + first + last), "GET", "HEAD", "GET", "GET", "DELETE")
    assert answers[0].status == answers[1].status == answers[3].status
    assert answers[0].headers["content-length"] == answers[1].headers["content-length"]
    assert answers[1].body == b""
    assert answers[2].status in {400, 404}
    assert answers[4].status == 405


def test_a_thousand_pipelined_requests_are_answered_each(target: Target) -> None:
    one = request("GET", "/nothing/here/now", (("Connection", "keep-alive"),))
    with cheap(4):
        raw = target.send(*[one] * 999, request("GET", "/nothing/here/now"))
    answers = read_answers(raw, *["GET"] * 1_000)
    assert {answer.status for answer in answers} == {404}


@pytest.mark.parametrize("method", ["get", "FOO", "PROPFIND", "TRACE", "OPTIONS", "M-SEARCH"])
def test_unknown_method_is_refused(target: Target, method: str) -> None:
    with nothing_changed(target.live):
        raw = target.send(request(method, target.path, target.headers))
    assert raw.split(b" ", 2)[1] in {b"400", b"405"}, raw[:200]
    assert_discreet(raw)


def test_options_for_everything_is_no_path(target: Target) -> None:
    with nothing_changed(target.live):
        raw = target.send(request("OPTIONS", "*"))
    assert raw.split(b" ", 2)[1] in {b"400", b"404", b"405"}


@pytest.mark.parametrize(
    "headers",
    [
        ("X-HTTP-Method-Override", "DELETE"),
        ("X-Original-URL", "/metrics"),
        ("X-Rewrite-URL", "/api/v1/health"),
        ("Upgrade", "h2c"),
        ("Upgrade", "websocket"),
        ("Range", "bytes=0-0,-1,5-2," + ",".join(f"{n}-" for n in range(1000))),
        ("Accept", "application/json;q=x"),
        ("Accept-Encoding", "gzip;q=NaN, br, *;q=0"),
        ("Cookie", "a=" + "b" * 10_000),
        ("Forwarded", "for=unknown;host=evil.example"),
        ("TE", "trailers"),
    ],
    ids=lambda header: header[0],
)
def test_headers_that_other_servers_act_on_do_nothing(
    shared_live: LiveInstance, path: str, headers: tuple[str, str]
) -> None:
    with nothing_changed(shared_live):
        plain = get(shared_live, path)
        answer = get(shared_live, path, (headers,))
    assert (answer.status, answer.body) == (200, plain.body)


# Slow clients


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Iterator[LiveInstance]:
    """An instance that waits for nobody."""
    times = {"head_timeout_s": 0.3, "body_timeout_s": 0.3, "keep_alive_s": 0.3, "write_timeout_s": 0.3}
    with live_instance(tmp_path_factory.mktemp("impatient"), pki, **times) as running:
        yield running


@pytest.mark.parametrize("name", ["public", "manage", "sml"])
def test_half_a_head_is_408(impatient: LiveInstance, name: str) -> None:
    slow = target_of(impatient, name)
    assert slow.ask(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ").status == 408


@pytest.mark.parametrize("name", ["manage", "sml"])
def test_half_a_body_is_408_and_changes_nothing(impatient: LiveInstance, name: str) -> None:
    slow = target_of(impatient, name)
    head = request(slow.method, slow.path, (*slow.headers, ("Content-Length", "1000")))
    with nothing_changed(impatient):
        answer = slow.ask(head + b"<half>")
    assert answer.status == 408
    assert_discreet(answer.body)


@pytest.mark.parametrize("name", ["manage", "sml"])
def test_chunk_that_never_ends_is_408(impatient: LiveInstance, name: str) -> None:
    slow = target_of(impatient, name)
    head = request(slow.method, slow.path, (*slow.headers, ("Transfer-Encoding", "chunked")))
    assert slow.ask(head + b"fffffffffffffff\r\nabc").status == 408


@pytest.mark.parametrize("name", ["public", "manage", "sml"])
def test_silent_client_is_left(impatient: LiveInstance, name: str) -> None:
    assert target_of(impatient, name).send(b"") == b""


def test_client_that_reads_nothing_does_not_hold_the_others_up(impatient: LiveInstance) -> None:
    async def main() -> None:
        host, port = impatient.addresses.public.removeprefix("http://").split(":")
        greedy = [await asyncio.open_connection(host, int(port)) for _ in range(20)]
        for _, writer in greedy:
            writer.write(request("GET", "/nothing/here/now", (("Connection", "keep-alive"),)) * 500)
        answer = await asyncio.to_thread(get, impatient, "/nothing")
        assert answer.status == 404
        for _, writer in greedy:
            writer.close()

    asyncio.run(main())


# Look-ups


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        (b"/iso6523-actorid-upis%3A%3A0088%3A%zz", "URL-ESCAPE"),
        (b"/iso6523-actorid-upis%3A%3A0088%3A%", "URL-ESCAPE"),
        (b"/iso6523-actorid-upis%3A%3A0088%3A%ff", "URL-UTF8"),
        (b"/iso6523-actorid-upis%3A%3A0088%3A%c0%ae%c0%ae", "URL-UTF8"),
        (b"/iso6523-actorid-upis%3A%3A0088%3A%f4%90%80%80", "URL-UTF8"),
        (b"/iso6523-actorid-upis%3A%3A0088%3A1%00", "URL-CONTROL"),
        (b"/iso6523-actorid-upis%3A%3A0088%3A1%0d%0aX-Injected:%20yes", "URL-CONTROL"),
        (b"/iso6523-actorid-upis%3A%3A0088%3A1/services/a%3A%3Ab%1f", "URL-CONTROL"),
        (b"/iso6523-actorid-upis%3A%3A0088%3A1/%ff/a%3A%3Ab", "URL-UTF8"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_path_that_cannot_be_decoded_is_400_with_its_reason(
    shared_live: LiveInstance, method: str, target: bytes, reason: str
) -> None:
    answer = ask(shared_live.addresses.public, request(method, target), method=method)
    assert "x-injected" not in answer.headers
    if method == "HEAD":
        assert (answer.status, answer.body) == (400, b"")
    else:
        assert_problem(answer, 400, reason)


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "//",
        "///",
        "/..",
        "/../../../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2fetc%2fpasswd",
        "/iso6523-actorid-upis%3A%3A0088%3A1",
        "//iso6523-actorid-upis%3A%3A0088%3A7300010000001",
        "/./iso6523-actorid-upis%3A%3A0088%3A7300010000001",
        "/x/../iso6523-actorid-upis%3A%3A0088%3A7300010000001",
        "/iso6523-actorid-upis%3A%3A0088%3A7300010000001%2Fservices%2Fx%3A%3Ay",
        "/iso6523-actorid-upis%3A%3A0088%3A7300010000001/services",
        "/iso6523-actorid-upis%3A%3A0088%3A7300010000001/SERVICES/x%3A%3Ay",
        "/iso6523-actorid-upis%3A%3A0088%3A7300010000001/services/x",
        "/iso6523-actorid-upis%3A%3A0088%3A7300010000001;jsessionid=1",
        "/iso6523-actorid-upis%253A%253A0088%253A7300010000001",
        "/ISO6523-ACTORID-UPIS%3A%3A0088%3A7300010000001",
        "/unknown-scheme%3A%3A0088%3A7300010000001",
        "/*",
        "/iso6523-actorid-upis%3A%3A*",
        "/iso6523-actorid-upis%3A%3A%25",
        "/'%20OR%201=1--",
        "/<script>alert(1)</script>",
        "/" + "a%3A%3A" + "b" * 10_000,
        "/a%3A%3Ab/services/" + "c%3A%3A" + "d" * 10_000,
        "/" + "/".join("a" * 5_000),
        "/api/v1/health",
        "/metrics",
        "/wp-login.php",
        "/\u00e9",
    ],
    ids=lambda target: target[:40],
)
def test_look_up_of_what_is_not_there_is_404(shared_live: LiveInstance, path: str, target: str) -> None:
    sent = target if target.isascii() else "/%C3%A9"
    with cheap(1):
        answer = get(shared_live, sent)
    assert_problem(answer, 404, kind="not-found")
    assert b"root:" not in answer.body
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("suffix", ["?", "?x", "?x=1&x=2", "?%zz%00", "?/services/", "?" + "a" * 10_000, "#fragment"])
def test_query_string_or_fragment_finds_the_same_document(shared_live: LiveInstance, path: str, suffix: str) -> None:
    plain = get(shared_live, path)
    answer = get(shared_live, path + suffix)
    if suffix == "#fragment":  # "##" belongs to document types, so a "#" is never cut off
        assert_problem(answer, 404, kind="not-found")
    else:
        assert (answer.status, answer.body) == (200, plain.body)


@pytest.mark.parametrize("origin", ["http://smp.example.org", "https://user:password@evil.example:99", "http://[::1]"])
def test_absolute_form_is_taken_for_its_path(shared_live: LiveInstance, path: str, origin: str) -> None:
    host = (("Host", urlsplit(origin).netloc.rpartition("@")[2]),)
    answer = get(shared_live, origin + path, host)
    assert answer.status == 200
    group = get(shared_live, origin + path.partition("/services/")[0], host)
    assert group.status == 200
    assert shared_live.addresses.public.encode() in group.body
    assert b"evil" not in group.body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_public_listener_takes_no_writes(shared_live: LiveInstance, path: str, method: str) -> None:
    token = Manager(shared_live).token
    with nothing_changed(shared_live):
        sent = request(method, path, (("Authorization", f"Bearer {token}"),), b"<a/>")
        answer = ask(shared_live.addresses.public, sent, method=method)
    assert answer.status == 405
    assert answer.headers["allow"] == "GET, HEAD"


GARBAGE = [
    "",
    "*,",
    '"',
    'W/"',
    '"' + "a" * 10_000 + '"',
    ",".join(['"a"'] * 1_000),
    b"\xff\xfe",
    "'; DROP TABLE service; --",
    'W/W/"x"',
    '"\\"',
]


@pytest.mark.parametrize("value", GARBAGE, ids=lambda value: repr(value)[:20])
def test_garbage_in_if_none_match_is_no_match(shared_live: LiveInstance, path: str, value: str | bytes) -> None:
    expected = 304 if value == "*," else 200
    assert get(shared_live, path, (("If-None-Match", value),)).status == expected
    assert get(shared_live, path.partition("/services/")[0], (("If-None-Match", value),)).status == expected


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "0",
        "yesterday",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Fri, 31 Feb 2099 25:61:61 GMT",
        "Sat, 01 Jan 0000 00:00:00 GMT",
        "Sat, 01 Jan 99999999999999999999 00:00:00 GMT",
        "Mon, 01 Jan 0001 00:00:00 +9999",
        "1 Jan 2020 99999999999:0:0 +0000",
        "Sun, 06 Nov 1994 08:49:37 " + "9" * 10_000,
        "\u0661 Jan 2020 00:00:00 GMT",
        b"\xff\xff",
        "a" * 10_000,
        "-" * 1_000,
        "Sun Nov  6 08:49:37 1994",
        "2099-01-01T00:00:00Z",
        "(((((((((",
        "Thu, 01 Jan 1970 00:00:00 -0000",
    ],
    ids=lambda value: repr(value)[:24],
)
def test_garbage_in_if_modified_since_is_ignored(shared_live: LiveInstance, path: str, value: str | bytes) -> None:
    answer = get(shared_live, path, (("If-Modified-Since", value),))
    assert answer.status == 200
    verify_document(answer.body)


def test_repeated_host_or_conditions_do_not_confuse(shared_live: LiveInstance, path: str) -> None:
    etag = get(shared_live, path).headers["etag"]
    both = get(shared_live, path, (("If-None-Match", '"x"'), ("If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT")))
    assert both.status == 200
    weak = get(shared_live, path, (("If-None-Match", f'"a", W/{etag}'),))
    assert (weak.status, weak.body) == (304, b"")


def test_management_paths_are_not_public(shared_live: LiveInstance) -> None:
    for hidden in ("/api/v1/health", "/api/docs", "/openapi.json", "/metrics", "/domains/demo"):
        assert_problem(get(shared_live, hidden), 404)


def test_problem_tells_its_status_and_request_in_json(shared_live: LiveInstance) -> None:
    ids = set()
    for _ in range(3):
        problem = json.loads(get(shared_live, "/nothing").body)
        assert problem["instance"].startswith("urn:uuid:")
        ids.add(problem["instance"])
    assert len(ids) == 3
