# SPDX-License-Identifier: Apache-2.0
"""What reads a source, by what it is."""

from collections.abc import Callable, Sequence
from pathlib import Path

from registry.domains.domain import Domain
from registry.errors import ConfigurationError
from registry.plans.bounded import BoundedLines
from registry.plans.document_reading import DocumentReader
from registry.plans.line_reading import LineReader
from registry.plans.model import PlanKind
from registry.plans.planning import Source
from registry.plans.table_reading import TableReader
from registry.smp.exchange.json_lines import MAX_LINE_BYTES


def source_of(domain: Domain, paths: Sequence[Path]) -> Source:
    """A table (.csv), JSON lines (.jsonl), each a single file; or documents and exports, files and folders of them.

    Raises ConfigurationError for tables and lines among others.
    """
    kinds = {_kind_of(path) for path in paths}
    if kinds == {PlanKind.DOCUMENTS}:
        reader = DocumentReader(domain, paths)
        return Source(PlanKind.DOCUMENTS, ", ".join(path.name for path in paths), reader)
    if len(paths) != 1:
        raise ConfigurationError("a table, or JSON lines, is a plan of its own: one file at a time")
    return content_source(domain, kinds.pop(), paths[0].name, paths[0])


def content_source(domain: Domain, kind: PlanKind, name: str, content: Path | bytes) -> Source:
    """A table, or JSON lines."""
    if kind is PlanKind.CSV:
        lines = BoundedLines(content)
        return Source(kind, name, TableReader(domain, lines), _digest(lines))
    lines = BoundedLines(content, longest=MAX_LINE_BYTES)
    return Source(kind, name, LineReader(domain, lines), _digest(lines))


def _digest(lines: BoundedLines) -> Callable[[], str]:
    return lambda: lines.digest


def _kind_of(path: Path) -> PlanKind:
    by_end = {".csv": PlanKind.CSV, ".jsonl": PlanKind.JSON_LINES}
    return by_end.get(Path(path.name.removesuffix(".gz")).suffix.lower(), PlanKind.DOCUMENTS)
