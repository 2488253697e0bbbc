# SPDX-License-Identifier: Apache-2.0
"""The statements of OpenID Federation 1.0 about parties: up from each of them, to a trust anchor.

Each entity tells by its configuration who is above it (`authority_hints`, §3.1), and who is above makes statements
about it at its fetch endpoint (§8.1). Everything is read unverified, to know what to ask for next; which chain counts
is for who decides.
"""

import re
from base64 import urlsafe_b64decode
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from trust_lists.errors import JsonRefusedError, SourceError
from trust_lists.evaluation.trust_configuration.model import FederationSource
from trust_lists.sources.attempts import Run, Task
from trust_lists.sources.evidence_manifest import Kind
from trust_lists.strict_json import parse_json

MAX_HINTS = 20
"""Of one entity."""
MAX_ENTITIES = 500
"""Above all parties together."""
_MAX_STATEMENT_BYTES = 1_000_000
_JWS = re.compile(rb"\s*[A-Za-z0-9_-]+\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+\s*")


def fetch_statements(run: Run, source: FederationSource, parties: Iterable[str]) -> None:
    """Fetches what chains from these parties (entity identifiers) to the source's trust anchor may consist of."""
    known: dict[str, dict[str, Any]] = {}
    _fetch_configurations(run, source, known, [source.trust_anchor])
    climbed = {source.trust_anchor}
    level = [each for each in dict.fromkeys(parties) if each not in climbed]
    most = len(level) + MAX_ENTITIES
    height = 0
    while level and (source.max_path_length is None or height <= source.max_path_length):
        _fetch_configurations(run, source, known, level)
        links = [(entity, superior) for entity in level for superior in _hints(known[entity])]
        superiors = list(dict.fromkeys(superior for _, superior in links))[: max(most - len(known), 0)]
        _fetch_configurations(run, source, known, superiors)
        _fetch(run, source, [url for entity, superior in links if (url := _question(known.get(superior, {}), entity))])
        climbed.update(level)
        level = [each for each in superiors if each not in climbed]
        height += 1


def _fetch_configurations(
    run: Run, source: FederationSource, known: dict[str, dict[str, Any]], entities: Iterable[str]
) -> None:
    new = [each for each in entities if each not in known]
    found = _fetch(run, source, [f"{each.rstrip('/')}/.well-known/openid-federation" for each in new])
    known |= dict(zip(new, found, strict=True))


def _fetch(run: Run, source: FederationSource, urls: Iterable[str]) -> list[dict[str, Any]]:
    """What statements say, whoever says it; nothing where one can't be had."""
    found = run.fetch([Task(Kind.STATEMENT, url, source.id, check=claims) for url in urls])
    return [claims(data) if data is not None else {} for data in found]


def _question(superior: dict[str, Any], subject: str) -> str:
    """Where a superior is asked for its statement about a subject; "" where it doesn't say."""
    endpoint = _fetch_endpoint(superior)
    return f"{endpoint}{'&' if '?' in endpoint else '?'}sub={quote(subject, safe='')}" if endpoint else ""


def claims(data: bytes) -> dict[str, Any]:
    """The claims of a statement, unverified. Raises SourceError STATEMENT_UNREADABLE."""
    match = _JWS.fullmatch(data)
    try:
        text = urlsafe_b64decode(match[1] + b"=" * (-len(match[1]) % 4)) if match else b""
        found: Any = parse_json(text, max_bytes=_MAX_STATEMENT_BYTES)
    except (JsonRefusedError, ValueError):
        found = None
    if not isinstance(found, dict):
        raise SourceError("STATEMENT_UNREADABLE", "this is no statement of OpenID Federation (a compact JWS)")
    return found


def _hints(claimed: dict[str, Any]) -> list[str]:
    hints = claimed.get("authority_hints")
    found = [each for each in hints if isinstance(each, str)] if isinstance(hints, list) else []
    return list(dict.fromkeys(found))[:MAX_HINTS]


def _fetch_endpoint(claimed: dict[str, Any]) -> str:
    found: Any = claimed
    for name in ("metadata", "federation_entity", "federation_fetch_endpoint"):
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, str) else ""
