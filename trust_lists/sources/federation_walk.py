# SPDX-License-Identifier: Apache-2.0
"""The statements of OpenID Federation 1.0 about parties: up from each of them, to a trust anchor.

Each entity tells by its configuration who is above it (`authority_hints`, §3.1), and who is above makes statements
about it at its fetch endpoint (§8.1). Everything is read unverified, to know what to ask for next; which chain counts
is for who decides. A trust mark counts where a chain leads to the anchor from its issuer as well (§7.3).
"""

import re
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from trust_lists.documents.trust_marks import MARK_TYPE, read_trust_mark
from trust_lists.errors import JsonRefusedError, MetadataRefusedError, SignatureInvalidError, SourceError
from trust_lists.evaluation.decisions.federation_statements import SignedStatement, read_statements
from trust_lists.evaluation.trust_configuration.model import FederationSource
from trust_lists.signatures.jws import read_jws
from trust_lists.sources.attempts import Run, Task
from trust_lists.sources.evidence_manifest import Kind
from trust_lists.strict_json import parse_json

MAX_HINTS = 20
"""Of one entity."""
MAX_ENTITIES = 500
"""Above all parties together, and as many above the issuers of their trust marks."""
_MAX_STATEMENT_BYTES = 1_000_000
_JWS = re.compile(rb"\s*[A-Za-z0-9_-]+\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+\s*")


def fetch_statements(run: Run, source: FederationSource, parties: Iterable[str]) -> None:
    """Fetches what chains from these parties (entity identifiers) to the source's trust anchor may consist of."""
    below = list(dict.fromkeys(parties))
    known: dict[str, dict[str, Any]] = {}
    _fetch_configurations(run, source, known, [source.trust_anchor])
    _climb(run, source, known, below)
    _climb(run, source, known, _mark_issuers(run, source, below))


def _climb(run: Run, source: FederationSource, known: dict[str, dict[str, Any]], entities: Iterable[str]) -> None:
    climbed = {source.trust_anchor}
    level = [each for each in entities if each not in climbed]
    most = len(known) + len(level) + MAX_ENTITIES
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


def _mark_issuers(run: Run, source: FederationSource, parties: Iterable[str]) -> list[str]:
    """Who made the trust marks of parties that the source demands, as far as the anchor lets them."""
    if not source.trust_marks:
        return []
    held = [each for each in run.attempts.values() if (each.kind, each.source) == (Kind.STATEMENT, source.id)]
    texts = tuple(run.store.read(each.sha256).decode("ascii", "replace").strip() for each in held if each.sha256)
    configurations = read_statements(texts).configurations
    allowed = [each.statement.mark_issuers for each in configurations.get(source.trust_anchor, ())]
    marks = [each for party in parties for own in configurations.get(party, ()) for each in _marks(own)]
    found = [
        issuer
        for kind, issuer in marks
        if kind in source.trust_marks
        and any(kind in issuers and (not issuers[kind] or issuer in issuers[kind]) for issuers in allowed)
    ]
    return list(dict.fromkeys(found))[:MAX_ENTITIES]


def _marks(configuration: SignedStatement) -> Iterator[tuple[str, str]]:
    """The kind and the issuer of each mark that can be read."""
    for kind, token in configuration.statement.trust_marks:
        with suppress(SignatureInvalidError, MetadataRefusedError):
            yield kind, read_trust_mark(read_jws(token, MARK_TYPE).payload).issuer


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
