# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI 3.1 document of `/api/v1`, made from the routes: every status with its schema, every header."""

import inspect
import json
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from registry import __version__
from registry.api.v1.callers import session_cookie
from registry.api.v1.models import ProblemModel
from registry.api.v1.routing import PREFIX, Entry, Resource, RuledRoute
from registry.api.v1.rules import Authenticated, Needs, Open, Within
from registry.problems import MEDIA_TYPE

_REF = "#/components/schemas/"
_PROBLEMS = {
    400: "The input breaks rules; `reasons` has all of them.",
    401: "Who calls is unknown.",
    403: "The caller may not do this.",
    404: "There is no such thing, or none that the caller may know of.",
    409: "The present state forbids this.",
    412: "It is not what the condition says.",
    413: "The body is too large.",
    415: "The body is of a media type that is not taken here.",
    422: "The idempotency key was used for another request.",
    429: "Too many requests; `Retry-After` says how many seconds to wait.",
    500: "Something went wrong here.",
    503: "Something that is needed does not answer; try again later.",
}
_WRITES_ONLY = frozenset({409, 412, 413, 415, 422})
_ABOUT = """\
One API over the use cases that SOAP, the SMP interface and the command line have, too.

**Lists** come page by page: `limit`, and `cursor` with the `next_cursor` of the page before (also as `Link` header).
**ETag** is sent with every single resource; `If-Match` makes a change fail (412) where somebody was faster, and
`If-None-Match` saves to read again what is known (304). **Idempotency-Key** on a write that is sent twice gives the
first answer again for 24 hours (`Idempotency-Replayed: true`). Identifiers in paths are percent-encoded, `/` as `%2F`.
**Problems** are RFC 9457 documents: `type` is stable, `reasons` names everything that is wrong.
"""


def documented(entry: Entry) -> dict[str, Any]:
    """What FastAPI is to say of a route besides what it sees in the handler."""
    usual = next(iter(entry.answers))
    summary, _, rest = inspect.cleandoc(entry.handler.__doc__ or "").partition("\n")
    responses: dict[int | str, dict[str, Any]] = {}
    for status, model in entry.answers.items():
        response: dict[str, Any] = {"description": HTTPStatus(status).phrase, "headers": _headers(entry, status)}
        if isinstance(model, str):
            response["content"] = {model: {}}
        elif model is not None and status != usual:
            response["model"] = model
        responses[status] = response
    if not entry.writes and not entry.is_list:
        responses[304] = {"description": "It is what `If-None-Match` says.", "headers": _headers(entry, 304)}
    responses |= {status: _problem_response(status) for status in _PROBLEMS if _can_be(entry, status)}
    first = entry.answers[usual]
    extra: dict[str, Any] = {"parameters": _parameters(entry), "x-rule": _rule(entry)}
    if entry.body is not None:
        content = {
            media_type: {**described, "schema": _without_definitions(described["schema"])}
            for media_type, described in entry.body.items()
        }
        extra["requestBody"] = {"required": True, "content": content}
    return {
        "status_code": usual,
        "response_model": first if isinstance(first, type) and issubclass(first, BaseModel) else None,
        "summary": summary.rstrip("."),
        "description": f"{rest.strip()}\n\n{_rule_text(entry)}".strip(),
        "responses": responses,
        "openapi_extra": extra,
    }


def openapi_of(routes: Sequence[RuledRoute], resources: Iterable[Resource]) -> bytes:
    """The document, as JSON."""
    document = get_openapi(
        title="edelivery-registry REST API",
        version=__version__,
        openapi_version="3.1.0",
        description=_ABOUT,
        routes=routes,
        tags=[{"name": resource.tag, "description": resource.description} for resource in resources],
        servers=[{"url": PREFIX}],
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        separate_input_output_schemas=False,
    )
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    problem = ProblemModel.model_json_schema(ref_template=_REF + "{model}")
    schemas |= {**problem.pop("$defs"), ProblemModel.__name__: problem}
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for route in routes:
        schemas |= _definitions(route.entry)
    components["responses"] = {_name(status): _problem_response(status) for status in _PROBLEMS}
    components["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "An API token."},
        "session": {"type": "apiKey", "in": "cookie", "name": session_cookie("https"), "description": "Of a login."},
        "certificate": {"type": "mutualTLS", "description": "A client certificate of an account."},
    }
    for route in routes:
        operation = document["paths"][route.path_format][route.entry.method.lower()]
        operation["security"] = _security(route.entry)
        if 422 not in route.responses:
            operation["responses"].pop("422", None)  # FastAPI's own; ours is 400
        for status in _PROBLEMS.keys() & route.responses:
            operation["responses"][str(status)] = {"$ref": f"#/components/responses/{_name(status)}"}
        _complete_body(operation, route)
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _name(status: int) -> str:
    return f"Problem{status}"


def _complete_body(operation: dict[str, Any], route: RuledRoute) -> None:
    body = operation.get("requestBody")
    if body is None or route.entry.body is not None:
        return
    ((_, described),) = body["content"].items()
    if route.entry.examples:
        described["examples"] = {name: {"value": value} for name, value in route.entry.examples.items()}
    body["content"] = dict.fromkeys(route.media_types(), described)


def _problem_response(status: int) -> dict[str, Any]:
    schema = {"$ref": _REF + ProblemModel.__name__}
    headers = {"X-Request-Id": _header("The id of the request, as in the log and in the audit.")}
    if status == 401:
        headers["WWW-Authenticate"] = _header("Bearer")
    if status in {429, 503}:
        headers["Retry-After"] = _header("How many seconds to wait.")
    return {"description": _PROBLEMS[status], "content": {MEDIA_TYPE: {"schema": schema}}, "headers": headers}


def _definitions(entry: Entry) -> dict[str, Any]:
    """What the schemas of a body that the handler reads itself refer to."""
    found: dict[str, Any] = {}
    for described in (entry.body or {}).values():
        found |= described["schema"].get("$defs", {})
    return found


def _without_definitions(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key != "$defs"}


def _can_be(entry: Entry, status: int) -> bool:
    if status in entry.answers:
        return False
    if status == 403 and isinstance(entry.rule, Open):
        return entry.writes  # from a page of somebody else
    return entry.writes or status not in _WRITES_ONLY


def _security(entry: Entry) -> list[dict[str, list[str]]]:
    return [] if isinstance(entry.rule, Open) else [{"token": []}, {"session": []}, {"certificate": []}]


def _headers(entry: Entry, status: int) -> dict[str, Any]:
    headers = {"X-Request-Id": _header("The id of the request, as in the log and in the audit.")}
    if status < 300 and entry.is_list:
        headers["Link"] = _header("The next page, as rel=next; absent at the end.")
    elif status in {200, 201, 304} and entry.tagged and entry.answers.get(status, "") is not None:
        headers["ETag"] = _header("The strong entity tag of what is answered.")
    if status in {201, 202}:
        headers["Location"] = _header("Where it is now.")
    if status < 300 and entry.writes and not entry.alone:
        headers["Idempotency-Replayed"] = _header("`true` where this is the answer to the first of several requests.")
    return headers


def _header(text: str) -> dict[str, Any]:
    return {"description": text, "schema": {"type": "string"}}


def _parameters(entry: Entry) -> list[dict[str, Any]]:
    if not entry.writes:
        return [] if entry.is_list else [_parameter("If-None-Match", "The ETag that is known already.")]
    if entry.alone:
        return []
    key = {"minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}
    found = [_parameter("Idempotency-Key", "Chosen by the client, one for each request.", **key)]
    if entry.method in {"PUT", "PATCH", "DELETE"}:
        found.append(_parameter("If-Match", "Only if the ETag is this one."))
    if entry.method == "PUT":
        found.append(_parameter("If-None-Match", "`*`: only if there is nothing yet."))
    return found


def _parameter(name: str, text: str, **bounds: Any) -> dict[str, Any]:
    schema = {"type": "string", **bounds}
    return {"name": name, "in": "header", "required": False, "description": text, "schema": schema}


def _rule(entry: Entry) -> dict[str, str]:
    match entry.rule:
        case Needs(action, _) | Within(action, _):
            return {"action": action.title, "role": action.role.value, "level": action.level.value}
        case rule:
            return {"who": "everybody" if isinstance(rule, Open) else "everybody who is known"}


def _rule_text(entry: Entry) -> str:
    match entry.rule:
        case Open():
            return "For everybody."
        case Authenticated():
            return "For everybody who is known."
        case Needs(action, _):
            return f"Needs `{action.title}`: {action.role} of the {action.level}, or of what it is in."
        case Within(action, _):
            return f"Shows or changes what the caller has `{action.title}` for: {action.role} of the {action.level}."
    raise AssertionError(entry.rule)
