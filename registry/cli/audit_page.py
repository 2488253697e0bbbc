# SPDX-License-Identifier: Apache-2.0
"""How `registry audit` prints events: who, when, what, and what is different afterwards."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from registry.audit.events import Event
from registry.audit.verification import Verification

_MAX_SHOWN = 200


def as_json(event: Event, domains: Mapping[int, str]) -> dict[str, Any]:
    """An event for programs; `domains` are names by id."""
    return {
        "sequence": event.sequence,
        "position": event.position,
        "at": event.at.isoformat(),
        "actor": event.actor,
        "actor_name": event.actor_name,
        "request_id": event.request_id,
        "tag": event.tag,
        "domain": None if event.domain_id is None else domains.get(event.domain_id),
        "subject": event.subject,
        "before": event.before,
        "after": event.after,
        "unreadable": event.unreadable or None,
        "count": event.count,
        "subjects": None if event.subjects is None else list(event.subjects),
    }


def verification_as_json(found: Verification) -> dict[str, Any]:
    """The result of a verification for programs."""
    flaw = found.finding
    return {
        "whole": flaw is None,
        "events": found.events,
        "unsealed": found.unsealed,
        "unopened": found.unopened,
        "begin": str(found.begin),
        "end": str(found.end),
        "finding": None
        if flaw is None
        else {"flaw": flaw.flaw.value, "position": flaw.position, "message": flaw.message},
    }


def lines(event: Event, domains: Mapping[int, str]) -> Iterator[str]:
    """An event for people: a line of its own, and below it what is different."""
    who = event.actor if event.actor_name == event.actor else f"{event.actor_name} ({event.actor})"
    domain = "" if event.domain_id is None else f"  [{domains.get(event.domain_id, event.domain_id)}]"
    many = "" if event.count is None else f"({event.count} subjects)"
    subject = f"({event.unreadable})" if event.unreadable else event.subject or many
    yield f"{event.sequence}  {event.at:%Y-%m-%d %H:%M:%S}  {event.tag}  {_printable(subject)}{domain}"
    yield f"    by {_printable(who)}, request {_printable(event.request_id)}"
    for line in _differences(event.before, event.after):
        yield f"    {line}"
    for name in event.subjects or ():
        yield f"    {_printable(name or '(erased)')}"


def _differences(before: Any, after: Any) -> Iterator[str]:
    old, new = dict(_leaves(before)), dict(_leaves(after))
    for path in sorted({**old, **new}):
        name = _printable(path or "value")
        if path not in new:
            yield f"- {name}: {old[path]}"
        elif path not in old:
            yield f"+ {name}: {new[path]}"
        elif old[path] != new[path]:
            yield f"~ {name}: {old[path]} -> {new[path]}"


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list) and value:
        for number, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{number}]")
    elif value is not None or path:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield path, _printable(text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…")


def _printable(text: str) -> str:
    # Subjects, names and values come from others: they must not move a terminal's cursor.
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
