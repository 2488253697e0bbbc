# SPDX-License-Identifier: Apache-2.0
import asyncio
import json
from typing import Any

import pytest

from registry import telemetry
from registry.errors import (
    AlreadyExistsError,
    ConfigurationError,
    ConflictError,
    NotFoundError,
    Reason,
    RegistryError,
    TechnicalError,
    TooManyRequestsError,
    UnauthorizedError,
    ValidationError,
)
from registry.problems import Problem, problem_for, send_problem


def every_error(base: type[Exception] = RegistryError) -> set[type[Exception]]:
    found = {base}
    for cls in base.__subclasses__():
        found |= every_error(cls)
    return {cls for cls in found if cls.__module__ == "registry.errors"}


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (ValidationError.of("R-1", "bad"), 400, "validation"),
        (NotFoundError("x"), 404, "not-found"),
        (AlreadyExistsError("x"), 409, "already-exists"),
        (ConflictError("x"), 409, "conflict"),
        (UnauthorizedError("x"), 403, "forbidden"),
        (TechnicalError("x"), 503, "unavailable"),
        (ConfigurationError("x"), 500, "configuration"),
        (RegistryError("x"), 500, "internal"),
        (KeyError("x"), 500, "internal"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_every_error_has_a_status(error: Exception, status: int, kind: str) -> None:
    problem = problem_for(error)
    assert problem.status == status
    assert problem.type == f"urn:edelivery-registry:problem:{kind}"
    assert problem.title


def made(cls: type[RegistryError]) -> RegistryError:
    return TooManyRequestsError("x", 1.0) if cls is TooManyRequestsError else cls("x")


def test_no_error_of_the_tree_is_forgotten() -> None:
    unmapped = {cls for cls in every_error() if problem_for(made(cls)).type.endswith(":internal")}
    assert unmapped == {RegistryError}


def test_subclass_is_told_as_its_nearest_known_base() -> None:
    class SpecialConflictError(ConflictError):
        pass

    problem = problem_for(SpecialConflictError("taken"))
    assert (problem.status, problem.detail) == (409, "taken")


@pytest.mark.parametrize("error", [KeyError("secret"), ConfigurationError("secret"), RegistryError("secret")])
def test_errors_of_ours_tell_no_detail(error: Exception) -> None:
    assert b"secret" not in problem_for(error).to_bytes()


def test_unknown_caller_is_401_and_a_known_one_403() -> None:
    assert problem_for(UnauthorizedError("x"), caller_known=False).status == 401
    assert problem_for(UnauthorizedError("x")).status == 403
    assert problem_for(NotFoundError("x"), caller_known=False).status == 404


def test_all_reasons_are_told_with_their_clauses() -> None:
    error = ValidationError([Reason("R-1", "too long", "SMP 2.1"), Reason("R-2", "café")])
    assert json.loads(problem_for(error).to_bytes()) == {
        "type": "urn:edelivery-registry:problem:validation",
        "title": "The input breaks rules",
        "status": 400,
        "detail": "too long [R-1; SMP 2.1]; café [R-2]",
        "reasons": [
            {"id": "R-1", "message": "too long", "clause": "SMP 2.1"},
            {"id": "R-2", "message": "café", "clause": ""},
        ],
    }


def test_instance_names_the_request() -> None:
    token = telemetry.request_id.set("0a1b")
    try:
        assert problem_for(NotFoundError("x")).instance == "urn:uuid:0a1b"
    finally:
        telemetry.request_id.reset(token)
    assert problem_for(NotFoundError("x")).instance == ""


@pytest.mark.parametrize("head", [False, True])
def test_problem_is_sent_as_asgi_messages(head: bool) -> None:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    problem = Problem(401, "about:blank", "Who are you")
    asyncio.run(send_problem(send, problem, head=head, headers=[(b"www-authenticate", b"Bearer")]))
    start, body = sent
    headers = dict(start["headers"])
    assert start["status"] == 401
    assert headers[b"content-type"] == b"application/problem+json"
    assert headers[b"content-length"] == str(len(problem.to_bytes())).encode()
    assert headers[b"cache-control"] == b"no-store"
    assert headers[b"www-authenticate"] == b"Bearer"
    assert body["body"] == (b"" if head else problem.to_bytes())


def test_endless_reasons_are_cut_and_the_number_of_the_others_told() -> None:
    problem = problem_for(ValidationError(Reason("R-1", f"number {n}") for n in range(100_000)))
    assert [reason.id for reason in problem.reasons] == ["R-1"] * 100 + ["MORE-REASONS"]
    assert problem.reasons[-1].message.startswith("99900 ")
    assert len(problem.to_bytes()) < 20_000
