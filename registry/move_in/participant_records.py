# SPDX-License-Identifier: Apache-2.0
"""What an old SMP holds of a participant, as a record: everything in one body, as a line of our own export has it.

Beside what a line says there are `owner` (the login of who looks after it), `refused`: what a source has against its
own participant (an extension that is broken, a row against the rules), and `notes` of what it had to guess. Those
become the reasons of a refusal, and notes, so that nothing that can't be read is left out in silence.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from registry.errors import Reason
from registry.identifiers.participant import ParticipantIdentifier
from registry.metadata import CustomProperty, Extension, ServiceMetadata
from registry.move_in.model import Kind, SourceRecord
from registry.smp.exchange.model_json import (
    extensions_to_json,
    identifier_to_json,
    properties_to_json,
    service_to_json,
)
from registry.storage.types import to_json

_SERVICES = b',"services":['


def service_text(metadata: ServiceMetadata) -> str:
    """One of `participant_record`'s services; whoever reads the same again and again may keep it."""
    return to_json(service_to_json(metadata))


def participant_record(
    key: str,
    participant: ParticipantIdentifier,
    services: Iterable[str] = (),
    *,
    extensions: tuple[Extension, ...] = (),
    properties: tuple[CustomProperty, ...] = (),
    business_card: bytes | None = None,
    owner: str = "",
    refused: Sequence[Reason] = (),
    notes: Sequence[str] = (),
) -> SourceRecord:
    """All that a source says of a participant, which it spells as `key`.

    `services` are made by `service_text`, `business_card` is XML of any version. The order of services doesn't count:
    they are sorted, so that the same is said in the same bytes.
    """
    said: dict[str, str] = {"participant": to_json(identifier_to_json(participant))}
    if business_card is not None:
        said["business_card"] = to_json(business_card.decode())
    if extensions:
        said["extensions"] = to_json(extensions_to_json(extensions))
    if notes:
        said["notes"] = to_json(list(dict.fromkeys(notes)))
    if owner:
        said["owner"] = to_json(owner)
    if properties:
        said["properties"] = to_json(properties_to_json(properties))
    if refused:
        said["refused"] = to_json([_reason(reason) for reason in refused])
    if listed := sorted(services):
        said["services"] = f"[{','.join(listed)}]"
    body = ",".join(f'"{name}":{said[name]}' for name in sorted(said))
    return SourceRecord(Kind.PARTICIPANT, key, f"{{{body}}}\n".encode())


def owner_record(login: str, name: str = "", email: str = "", *, enabled: bool = True) -> SourceRecord:
    """A user of an old SMP, whose password is not carried."""
    said = {"login": login, "name": name, "email": email, "enabled": enabled}
    return SourceRecord(Kind.OWNER, login, f"{to_json(said)}\n".encode())


def reasons_in(body: Any) -> tuple[Reason, ...]:
    """What the source has against a participant; `body` is that of a record, parsed."""
    return tuple(Reason(**reason) for reason in body.get("refused", ()))


def parsed(record: SourceRecord) -> tuple[dict[str, Any], bytes]:
    """The body of a record without the services, and these as the text of a list: mostly many have the same.

    Nothing comes after the services, since the names are in order; and what they begin with is in no text, since there
    quotes are escaped.
    """
    own, named, services = record.body.partition(_SERVICES)
    body: dict[str, Any] = json.loads(own + b"}" if named else own)
    return body, b"[" + services.rstrip()[:-1] if named else b"[]"


def _reason(reason: Reason) -> dict[str, str]:
    told = {"id": reason.id, "message": reason.message, "clause": reason.clause}
    return {name: text for name, text in told.items() if text}
