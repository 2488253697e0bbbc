# SPDX-License-Identifier: Apache-2.0
"""Looks into the audit for tests."""

from collections.abc import Iterator
from dataclasses import replace

from registry.audit.events import Event, EventFilter, search
from registry.storage.engine import Database


def all_events(database: Database, tag: str = "*") -> list[Event]:
    """Every event whose tag fits, oldest first, opened where that is possible; one about many once for each of them."""
    found: list[Event] = []
    page = search(database, EventFilter(tag=tag), size=1_000, whole=True)
    found += page.events
    while page.after is not None:
        page = search(database, EventFilter(tag=tag), page.after, size=1_000, whole=True)
        found += page.events
    return [each for event in found[::-1] for each in _of_each(event)]


def _of_each(event: Event) -> Iterator[Event]:
    if event.subjects is None:
        yield event
        return
    before, after = ((state or {}).get("each") for state in (event.before, event.after))
    for subject in event.subjects:
        yield replace(event, subject=subject or "", before=before, after=after)
