# SPDX-License-Identifier: Apache-2.0
"""The manifest of a snapshot of evidence: the same bytes always, and nothing else is read."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trust_lists.errors import SourceError
from trust_lists.sources.evidence_manifest import FORMAT, Attempt, EvidenceManifest, Kind, State, evidence_manifest

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
MANIFEST = EvidenceManifest(
    AT,
    "ab" * 32,
    (
        Attempt(Kind.CRL, "http://pki.example/ca.crl", State.FETCHED, sha256="cd" * 32, size=7, fetched_at=AT),
        Attempt(Kind.LIST, "https://be.example/", State.FAILED, "eu", "BE", reason="FETCH_HTML", detail="a web page"),
    ),
)

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_INSTANTS = st.datetimes(timezones=st.just(UTC))
_ATTEMPTS = st.builds(
    Attempt,
    kind=st.sampled_from(Kind),
    url=_TEXTS.filter(bool),
    state=st.sampled_from(State),
    source=_TEXTS,
    territory=_TEXTS,
    request=_TEXTS,
    reason=_TEXTS,
    detail=_TEXTS,
    sha256=_TEXTS,
    size=st.integers(0, 10**12),
    fetched_at=st.none() | _INSTANTS,
)


@given(st.builds(EvidenceManifest, at=_INSTANTS, configuration=_TEXTS, attempts=st.lists(_ATTEMPTS).map(tuple)))
def test_what_is_written_is_what_is_read(manifest: EvidenceManifest) -> None:
    assert evidence_manifest(manifest.to_bytes()) == manifest


def test_the_bytes_are_canonical_and_name_what_is_not_empty() -> None:
    found = json.loads(MANIFEST.to_bytes())
    assert found == {
        "format": FORMAT,
        "at": "2026-11-20T12:00:00Z",
        "configuration": "ab" * 32,
        "attempts": [
            {
                "kind": "crl",
                "url": "http://pki.example/ca.crl",
                "state": "fetched",
                "sha256": "cd" * 32,
                "size": 7,
                "fetched_at": "2026-11-20T12:00:00Z",
            },
            {
                "kind": "list",
                "url": "https://be.example/",
                "state": "failed",
                "source": "eu",
                "territory": "BE",
                "reason": "FETCH_HTML",
                "detail": "a web page",
            },
        ],
    }
    canonical = json.dumps(found, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert canonical == MANIFEST.to_bytes()
    assert MANIFEST.objects == {"cd" * 32}


def damaged(**change: Any) -> bytes:
    return json.dumps(json.loads(MANIFEST.to_bytes()) | change).encode()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"{" * 100, id="no JSON"),
        pytest.param(damaged(format="trust-lists-snapshot-1"), id="another format"),
        pytest.param(damaged(at="yesterday"), id="no time"),
        pytest.param(damaged(at="2026-11-20T12:00:00"), id="a time without a zone"),
        pytest.param(damaged(configuration=7), id="no address"),
        pytest.param(damaged(attempts=None), id="no attempts"),
        pytest.param(damaged(attempts=[{"kind": "crl"}]), id="half an attempt"),
        pytest.param(damaged(attempts=[{"kind": "x", "url": "", "state": "kept"}]), id="an unknown kind"),
        pytest.param(damaged(attempts=["crl"]), id="a text for an attempt"),
    ],
)
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(SourceError) as told:
        evidence_manifest(data)
    assert told.value.reason_id == "SNAPSHOT_FORMAT"


@given(st.binary(max_size=200))
def test_no_bytes_do_anything_but_be_refused(data: bytes) -> None:
    with pytest.raises(SourceError):
        evidence_manifest(data)


def test_the_same_document_asked_for_another_source_is_another_attempt() -> None:
    one = MANIFEST.attempts[1]
    assert replace(one, source="other").key != one.key
    assert replace(one, state=State.KEPT, detail="").key == one.key
