# SPDX-License-Identifier: Apache-2.0
"""What is refused, as a problem document (RFC 9457) with a stable type and every reason."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import structlog
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from registry.accounts.authentication import PasswordChangeRequiredError
from registry.api.v1.answers import Sent
from registry.api.v1.callers import UnknownCallerError
from registry.api.v1.idempotency import OtherRequestError
from registry.errors import (
    ConfigurationError,
    Reason,
    RegistryError,
    TechnicalError,
    TooManyRequestsError,
    ValidationError,
)
from registry.problems import MEDIA_TYPE, Problem, http_problem, problem_for

PASSWORD_CHANGE_REQUIRED = "urn:edelivery-registry:problem:password-change-required"  # noqa: S105
IDEMPOTENCY_KEY_REUSED = "urn:edelivery-registry:problem:idempotency-key-reused"
log = structlog.get_logger(__name__)


def refusal(error: Exception) -> Sent:
    """The answer to a request that failed with `error`."""
    problem, headers = _problem(error)
    return Sent(problem.status, {"content-type": MEDIA_TYPE, **headers}, problem.to_bytes())


def _problem(error: Exception) -> tuple[Problem, Mapping[str, str]]:
    match error:
        case HTTPException():
            detail = "" if error.status_code in {404, 405} else error.detail
            return http_problem(error.status_code, detail), error.headers or {}
        case ClientDisconnect():
            return http_problem(400, "the request ended before its body did"), {}
        case RequestValidationError():
            return problem_for(ValidationError(map(_reason, error.errors()))), {}
        case OtherRequestError():
            return Problem(422, IDEMPOTENCY_KEY_REUSED, "The idempotency key is taken", str(error)), {}
        case UnknownCallerError():
            return problem_for(error, caller_known=False), {"www-authenticate": "Bearer"}
        case PasswordChangeRequiredError():
            return replace(problem_for(error), type=PASSWORD_CHANGE_REQUIRED), {}
        case TooManyRequestsError():
            return problem_for(error), {"retry-after": str(max(1, round(error.retry_after_s)))}
        case TechnicalError():
            log.error("request_failed", reason=str(error))
            return problem_for(error), {"retry-after": "1"}
        case RegistryError() if not isinstance(error, ConfigurationError):
            return problem_for(error), {}
        case _:
            log.error("request_failed", exc_info=error)
            return problem_for(error), {}


def _reason(error: Mapping[str, Any]) -> Reason:
    where, *path = error["loc"]
    pointer = _pointer(path) if where == "body" else "/".join([str(where), *map(str, path)])
    named = f"{path[-1]}: " if path and error["type"] != "json_invalid" else ""
    return Reason("REST-INPUT", f"{named}{error['msg']}"[:500], pointer=pointer[:500])


def _pointer(path: Sequence[str | int]) -> str:
    return "#" + "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
