# SPDX-License-Identifier: Apache-2.0
"""The resolver over HTTP, as one raw ASGI application: `/resolve`, `/dns-query`, `/health`, `/metrics`.

Raw for the same reason as the SMP's public face: an answer from the cache is a look into a dictionary, so a framework
would be most of its cost.
"""

import json
from collections.abc import Awaitable, Callable, Iterable
from functools import lru_cache, partial
from typing import Any, Final

import structlog

from registry import __version__, telemetry
from registry.domains.domain import Domain
from registry.errors import NotFoundError, ValidationError
from registry.problems import Problem, problem_for, send_problem
from registry.resolver import dns_over_https as doh
from registry.resolver.breaker import BreakingFetcher
from registry.resolver.lookups import Lookups, OverloadedError, Served
from registry.resolver.questions import Question, question_of, read_query
from registry.smp.conditional import is_not_modified

Scope = dict[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]

OVERLOAD_RETRY_S: Final = 1
_PARAMETERS: Final = frozenset({"participant", "document_type", "process", "transport", "domain", "explain"})
_DOH_PARAMETERS: Final = frozenset({"dns", "name", "type", "do", "cd", "ct"})
_EXPLAIN: Final = {"": True, "1": True, "true": True, "0": False, "false": False}
_FLAGS: Final = {"": False, "0": False, "false": False, "1": True, "true": True}
_TECHNICAL: Final = b'110 - "Response is Stale"'
log = structlog.get_logger(__name__)


class ResolverApp:
    """Answers questions about the domains that `use` names."""

    def __init__(self, lookups: Lookups, forwarder: doh.DnsForwarder, fetcher: BreakingFetcher) -> None:
        self._lookups = lookups
        self._forwarder = forwarder
        self._fetcher = fetcher
        self._routes = {
            "/resolve": (self._resolve, {"GET", "HEAD"}),
            "/dns-query": (self._dns_query, {"GET", "HEAD", "POST"}),
            "/health": (self._health, {"GET", "HEAD"}),
            "/metrics": (self._metrics, {"GET", "HEAD"}),
        }
        self._read = lru_cache(maxsize=4096)(self._read_question)

    def use(self, domains: Iterable[Domain]) -> None:
        """Answer for these domains from now on. Raises ConfigurationError, and then goes on as before."""
        chosen = list(domains)
        self._lookups.use(chosen)
        self._forwarder.use(domain.dns.zone for domain in chosen)
        self._read = lru_cache(maxsize=4096)(self._read_question)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        method = scope["method"]
        head = method == "HEAD"
        try:
            found = self._routes.get(scope["path"])
            if found is None:
                raise NotFoundError(f"there is nothing at this path; there are: {', '.join(self._routes)}")
            handler, methods = found
            if method not in methods:
                allow = (b"allow", ", ".join(sorted(methods)).encode())
                await send_problem(send, Problem(405, "about:blank", "Method Not Allowed"), headers=[allow])
                return
            await handler(scope, receive, partial(_respond, send, head))
        except Exception as error:
            problem = problem_for(error)
            headers = []
            if isinstance(error, OverloadedError):
                headers = [(b"retry-after", str(OVERLOAD_RETRY_S).encode())]
            elif problem.status >= 500:
                log.exception("resolver_failed")
            await send_problem(send, problem, head=head, headers=headers)

    async def _resolve(self, scope: Scope, _receive: Receive, respond: "Respond") -> None:
        question, key, explained = self._read(scope["query_string"])
        served = await self._lookups.answer(question, key)
        answer = served.answer
        headers = [(b"cache-control", _cache_control(served)), (b"cache-status", _CACHE_STATUS[served.source])]
        if served.source == "stale":
            headers += ((b"age", str(served.age).encode()), (b"warning", _TECHNICAL))
        elif answer.status == 200:
            etag = answer.etag_of(explained=explained)
            headers.append((b"etag", etag.encode()))
            if_none_match = next((value for name, value in scope["headers"] if name == b"if-none-match"), None)
            if if_none_match is not None and is_not_modified(etag, 0, 0, if_none_match, None):
                await respond(304, headers, None)
                return
        if answer.retry_after:
            headers.append((b"retry-after", str(answer.retry_after).encode()))
        headers.append((b"content-type", answer.media_type))
        request_id = telemetry.request_id.get()
        body = answer.render(explained=explained, stale=served.source == "stale", request_id=request_id)
        await respond(answer.status, headers, body)

    def _read_question(self, query: bytes) -> tuple[Question, tuple[Any, ...], bool]:
        parameters = read_query(query, _PARAMETERS)
        explained = _EXPLAIN.get(parameters.pop("explain", ""))
        if explained is None:
            raise ValidationError.of("RESOLVER-QUERY", "the parameter explain is 1 or 0")
        question = question_of(parameters, self._lookups.domains)
        return question, self._lookups.key(question), explained

    async def _dns_query(self, scope: Scope, receive: Receive, respond: "Respond") -> None:
        as_json = False
        if scope["method"] == "POST":
            if (kind := _header(scope, b"content-type").partition(b";")[0].strip().lower()) != doh.MESSAGE:
                problem = Problem(415, "about:blank", "Unsupported Media Type", f"send {doh.MESSAGE.decode()}")
                await respond(415, [(b"content-type", b"application/problem+json")], problem.to_bytes())
                log.debug("doh_media_type", sent=kind.decode("latin-1"))
                return
            body = await _read_body(receive, doh.MAX_MESSAGE)
            if body is None:
                problem = Problem(413, "about:blank", "Content Too Large", f"at most {doh.MAX_MESSAGE} bytes")
                await respond(413, [(b"content-type", b"application/problem+json")], problem.to_bytes())
                return
            query = doh.read_message(body)
        else:
            parameters = read_query(scope["query_string"], _DOH_PARAMETERS)
            as_json = "name" in parameters
            if as_json == ("dns" in parameters):
                raise ValidationError.of(
                    "DOH-QUESTION", "one of the parameters dns (RFC 8484) and name (JSON) is wanted", "RFC 8484 §4.1"
                )
            query = _json_question(parameters) if as_json else doh.read_message(doh.decode_message(parameters["dns"]))
        answer: doh.DnsAnswer = await self._lookups.in_thread(partial(self._forwarder.answer, query))
        telemetry.resolver_dns_answers_total.labels("json" if as_json else "message", answer.rcode).inc()
        await respond(
            200,
            [
                (b"content-type", doh.JSON if as_json else doh.MESSAGE),
                (b"cache-control", f"max-age={answer.max_age}".encode()),
            ],
            answer.to_json() if as_json else answer.to_wire(),
        )

    async def _health(self, _scope: Scope, _receive: Receive, respond: "Respond") -> None:
        lacks = [
            f"{domain.name}: the role {role} has no trust anchors"
            for domain in self._lookups.domains.values()
            for role in ("smp-sign", "ap-encrypt")
            if domain.trust.trusts_nobody(role)
        ]
        shown = {
            "version": __version__,
            "ready": bool(self._lookups.domains) and not lacks,
            "domains": sorted(self._lookups.domains),
            "lacks": lacks,
            "open_circuits": self._fetcher.open_hosts(),
        }
        headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
        await respond(200 if shown["ready"] else 503, headers, json.dumps(shown).encode())

    async def _metrics(self, _scope: Scope, _receive: Receive, respond: "Respond") -> None:
        telemetry.resolver_open_circuits.set(len(self._fetcher.open_hosts()))
        body, media_type = telemetry.render_metrics()
        await respond(200, [(b"content-type", media_type.encode())], body)


Headers = list[tuple[bytes, bytes]]
Respond = Callable[[int, Headers, bytes | None], Awaitable[None]]
_CACHE_STATUS: Final = {  # RFC 9211
    "cache": b"edelivery-resolver; hit",
    "lookup": b"edelivery-resolver; fwd=miss",
    "stale": b'edelivery-resolver; hit; detail="stale"',
}


async def _respond(send: Send, head: bool, status: int, headers: Headers, body: bytes | None) -> None:
    if body is not None:
        headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head or body is None else body})


def _cache_control(served: Served) -> bytes:
    return b"private, max-age=%d" % served.fresh_for if served.fresh_for else b"no-cache"


def _json_question(parameters: dict[str, str]) -> Any:
    flags = {name: _FLAGS.get(parameters.get(name, "")) for name in ("do", "cd")}
    for name, value in flags.items():
        if value is None:
            raise ValidationError.of("DOH-QUESTION", f"the parameter {name} is 1 or 0")
    return doh.question(
        parameters["name"],
        parameters.get("type") or "A",
        dnssec=bool(flags["do"]),
        checking_disabled=bool(flags["cd"]),
    )


def _header(scope: Scope, wanted: bytes) -> bytes:
    return next((bytes(value) for name, value in scope["headers"] if name == wanted), b"")


async def _read_body(receive: Receive, most: int) -> bytes | None:
    """The body, None where it is longer than `most`."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > most:
            return None
        if not message.get("more_body"):
            return bytes(body)
