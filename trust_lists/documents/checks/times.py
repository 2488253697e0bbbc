# SPDX-License-Identifier: Apache-2.0
"""How times are written (TS 119 612 §5.1.3); only the XML shows it, the model has instants."""

import re
from collections.abc import Iterator

from lxml import etree

from trust_lists.documents.checks.rules import Rule
from trust_lists.documents.checks.structure import Paths
from trust_lists.documents.findings import Finding
from trust_lists.documents.vocabulary import TSL

_FORM = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_TIMES = tuple(
    f"{{{TSL}}}{name}" for name in ("ListIssueDateTime", "dateTime", "StatusStartingTime", "ExpiredCertsRevocationInfo")
)

TIME = Rule("TS119612-5.1.3", "5.1.3", "Times are in UTC (Z), to the second.", since=5)

TIME_RULES = (TIME,)


def check_times(root: etree._Element, paths: Paths) -> Iterator[Finding]:
    """Findings of §5.1.3."""
    for element in root.iter(*_TIMES):
        text = (element.text or "").strip()
        if not _FORM.fullmatch(text):
            yield TIME.broken(f"{text!r} isn't written as 2026-01-31T00:00:00Z", paths.of(element))
