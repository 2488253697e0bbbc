# SPDX-License-Identifier: Apache-2.0
"""What is asked in AuthZEN: whether a key is bound to a name in a role.

Shapes of the OpenID Authorization API 1.0 (§5, §6.1, §7.1), as draft-johansson-authzen-trust narrows them for trust
registries. Unlike in `/api/v1`, members that nobody knows are passed over (§10.1.1).
"""

import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, Literal, TypeVar

import pydantic
from pydantic import BaseModel, ConfigDict, Field

from registry.api.v1.trust_models import MAX_INTERMEDIATES
from registry.errors import Reason, ValidationError
from trust_lists.certificates.jwk import read_jwk
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.parsing import MAX_CERTIFICATE_BYTES
from trust_lists.errors import CertificateError, JsonRefusedError
from trust_lists.evaluation.trust_configuration.model import Context
from trust_lists.strict_json import parse_json

MAX_EVALUATIONS = 100
_ENTITIES = ("subject", "action", "resource", "context")
_Text = Annotated[str, Field(max_length=1024)]


class Semantic(StrEnum):
    """When a batch ends (§7.1.2.1)."""

    EXECUTE_ALL = "execute_all"
    DENY_ON_FIRST_DENY = "deny_on_first_deny"
    PERMIT_ON_FIRST_PERMIT = "permit_on_first_permit"


class _Shape(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


_S = TypeVar("_S", bound=_Shape)


class _Subject(_Shape):
    type: Literal["key"]
    id: Annotated[_Text, Field(min_length=1)]


class _Resource(_Shape):
    type: Literal["x5c", "jwk"]
    id: _Text
    key: list[str] | dict[str, Any]


class _Action(_Shape):
    name: Annotated[_Text, Field(min_length=1)]


class _Context(_Shape):
    domain: _Text | None = None
    party: _Text | None = None
    seat_id: _Text | None = None
    smp_id: _Text | None = None
    host: _Text | None = None


class _Evaluation(_Shape):
    subject: _Subject
    action: _Action
    resource: _Resource
    context: _Context = _Context()


class _Options(_Shape):
    evaluations_semantic: Annotated[Semantic, Field(strict=False)] = Semantic.EXECUTE_ALL


class _Batch(_Shape):
    evaluations: Annotated[list[dict[str, Any]], Field(max_length=MAX_EVALUATIONS)] = Field(default_factory=list)
    options: _Options = _Options()


@dataclass(frozen=True, slots=True)
class Question:
    """One evaluation: whether these certificates, or this key, are bound to the name."""

    name: str
    action: str
    certificates: tuple[ListedCertificate, ...]
    """The first is asked about, the others came along; none for a bare key."""
    domain: str | None
    """None: the default."""
    context: Mapping[Context, str] = field(default_factory=dict)
    """What the caller says of the case besides the name."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Several evaluations, each with the defaults laid below it (§7.1.1), not looked into yet."""

    evaluations: tuple[Mapping[str, object], ...]
    semantic: Semantic


def read_json(body: bytes, *, max_bytes: int) -> Mapping[str, object]:
    """The object of a body (§10.1.1). Raises ValidationError."""
    try:
        value = parse_json(body, max_bytes=max_bytes)
    except JsonRefusedError as error:
        raise _refused(str(error), "#") from None
    if not isinstance(value, dict):
        raise _refused("the body is to be a JSON object", "#")
    return value


def read_batch(value: Mapping[str, object]) -> Batch | None:
    """The evaluations of a request; None where it has none and so is a single one (§7.1). Raises ValidationError."""
    batch = _read(_Batch, value)
    if not batch.evaluations:
        return None
    defaults = {name: value[name] for name in _ENTITIES if name in value}
    return Batch(tuple(defaults | each for each in batch.evaluations), batch.options.evaluations_semantic)


def read_question(value: Mapping[str, object]) -> Question:
    """One evaluation. Raises ValidationError with everything that is wrong."""
    asked = _read(_Evaluation, value)
    resource, context = asked.resource, asked.context
    if resource.id != asked.subject.id:
        raise _refused("resource.id is not subject.id, and both are the name of the key", "#/resource/id")
    known = {
        Context.PARTY: context.party,
        Context.SEAT_ID: context.seat_id,
        Context.SMP_ID: context.smp_id,
        Context.HOST: context.host,
    }
    return Question(
        asked.subject.id,
        asked.action.name,
        tuple(_certificate(each, number) for number, each in enumerate(_x5c(resource))),
        context.domain,
        {key: each for key, each in known.items() if each is not None},
    )


def _x5c(resource: _Resource) -> list[object]:
    """The certificates of a resource; none where it is a bare key. The first is of the key (RFC 7517 §4.7)."""
    match resource.type, resource.key:
        case "x5c", list() as entries if entries:
            return _bounded(entries)
        case "jwk", dict() as jwk:
            try:
                read_jwk(jwk)
            except CertificateError as error:
                raise _refused(str(error), "#/resource/key") from None
            return _bounded(jwk.get("x5c", []))
    raise _refused("x5c is a list of certificates, jwk a key (RFC 7517 §4), maybe with an x5c", "#/resource/key")


def _bounded(x5c: list[object]) -> list[object]:
    if len(x5c) > MAX_INTERMEDIATES + 1:
        raise _refused(f"x5c has {len(x5c)} certificates; {MAX_INTERMEDIATES + 1} are the most", "#/resource/key")
    return x5c


def _certificate(text: object, number: int) -> ListedCertificate:
    """An entry of x5c: base64 of DER, not base64url (RFC 7517 §4.7)."""
    try:
        der = binascii.a2b_base64(text if isinstance(text, str) else b"", strict_mode=True)
    except ValueError:
        der = b""
    found = ListedCertificate(der)
    if not found.key or len(der) > MAX_CERTIFICATE_BYTES:
        raise _refused("this is no certificate: the base64 of DER is wanted", f"#/resource/key/{number}")
    return found


def _read(shape: type[_S], value: Mapping[str, object]) -> _S:
    try:
        return shape.model_validate(value)
    except pydantic.ValidationError as error:
        raise ValidationError(
            Reason("AUTHZEN-INPUT", _told(each), pointer=_pointer(each["loc"]))
            for each in error.errors(include_url=False, include_input=False, include_context=False)
        ) from None


def _told(error: Mapping[str, Any]) -> str:
    return "an object is wanted" if error["type"] == "model_type" else str(error["msg"])[:500]


def _pointer(path: tuple[int | str, ...]) -> str:
    return "#" + "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)[:500]


def _refused(message: str, pointer: str) -> ValidationError:
    return ValidationError((Reason("AUTHZEN-INPUT", message, pointer=pointer),))
