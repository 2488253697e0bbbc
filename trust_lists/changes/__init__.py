# SPDX-License-Identifier: Apache-2.0
"""What changed between two issues of a list, or between two snapshots: as values, text, JSON and a page."""

from trust_lists.changes.lists import compare_lists
from trust_lists.changes.model import Change, Issue, Kind, ListChanges, SnapshotChanges
from trust_lists.changes.snapshots import compare_snapshots

__all__ = ["Change", "Issue", "Kind", "ListChanges", "SnapshotChanges", "compare_lists", "compare_snapshots"]
