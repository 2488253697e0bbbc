# SPDX-License-Identifier: Apache-2.0
"""Looks into the audit for tests."""

from registry.audit.events import Event, EventFilter, search
from registry.storage.engine import Database


def all_events(database: Database, tag: str = "*") -> list[Event]:
    """Every event whose tag fits, oldest first, opened where that is possible."""
    found: list[Event] = []
    page = search(database, EventFilter(tag=tag), size=1_000)
    found += page.events
    while page.after is not None:
        page = search(database, EventFilter(tag=tag), page.after, size=1_000)
        found += page.events
    return found[::-1]
