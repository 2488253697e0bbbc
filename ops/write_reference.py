# SPDX-License-Identifier: Apache-2.0
"""Writes the parts of docs/reference that are made from code: between two marks each, in pages that people write.

`make reference` runs it; a test fails where a page and the code differ.
"""

import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import typer.main
from find_reasons import ROOT, UNKNOWN, Said, find
from prometheus_client import Counter, Gauge, Histogram
from pydantic_core import PydanticUndefined

import registry.cli.main
import trust_lists.cli.main
from registry import errors, problems, telemetry
from registry.api.v1.reference import rest_reference
from registry.discovery.errors import DiscoveryError
from registry.settings import Settings
from registry.smp.documents.bdxr1 import names as bdxr1
from registry.smp.documents.bdxr2 import names as bdxr2
from registry.smp.documents.busdox import names as busdox
from trust_lists.documents.checks import RULES
from trust_lists.documents.checks.rules import OLDEST_VERSION, Rule
from trust_lists.documents.lote.checks import LOTE_RULES

PAGES = ROOT / "docs" / "reference"
END = "<!-- end -->\n"


def settings_table() -> str:
    """The settings, in the order of the code."""
    rows = []
    for name, setting in Settings.model_fields.items():
        default = "" if setting.default in (None, "", PydanticUndefined) else f"`{setting.default}`"
        rows.append((f"`REGISTRY_{name.upper()}`", default, str(setting.description)))
    return table(("setting", "default", "meaning"), rows)


def metrics_table() -> str:
    """The metrics of telemetry, in the order of the code."""
    rows = []
    for metric in vars(telemetry).values():
        if isinstance(metric, telemetry.AskedGauge):
            described, names = metric.of(()), metric.labels
        elif isinstance(metric, Counter | Gauge | Histogram):
            (described,), names = metric.describe(), metric._labelnames  # noqa: SLF001 — nothing public tells
        else:
            continue
        name = described.name + ("_total" if described.type == "counter" else "")
        labels = ", ".join(f"`{label}`" for label in names)
        rows.append((f"`{name}`", described.type, labels, described.documentation))
    return table(("metric", "type", "labels", "meaning"), rows)


def problems_table() -> str:
    """The problem types: one of each error of the tree, for callers who are known and who are not."""
    rows: dict[str, tuple[str, ...]] = {}
    for name, error in vars(errors).items():
        if isinstance(error, type) and issubclass(error, errors.RegistryError):
            made = _made(error)
            for known in (False, True):
                problem = problems.problem_for(made, caller_known=known)
                after = "any other" if error is errors.RegistryError else f"`{name}`"
                detail = "yes" if problem.detail or error is errors.ValidationError else "no"
                rows[problem.type] = (f"`{problem.type}`", str(problem.status), problem.title, after, detail)
    ordered = sorted(rows.values(), key=lambda row: (row[1], row[0]))
    return table(("type", "status", "title", "of the error", "tells a detail"), ordered)


def _made(error: type[errors.RegistryError]) -> errors.RegistryError:
    if error is errors.ValidationError:
        return errors.ValidationError(())
    return errors.TooManyRequestsError("x", 1.0) if error is errors.TooManyRequestsError else error("x")


def commands(app: typer.Typer, program: str) -> str:
    """Every command of a program with its arguments, options and example."""
    return "\n".join(_command(command, path) for command, path in _leaves(typer.main.get_command(app), program))


def _leaves(command: Any, path: str) -> Iterator[tuple[Any, str]]:
    if not (inner := getattr(command, "commands", None)):
        yield command, path
    for name, one in (inner or {}).items():
        yield from _leaves(one, f"{path} {name}")


def _command(command: Any, path: str) -> str:
    rows, usage = [], [path]
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            shown = parameter.metavar or parameter.name.upper() + "..." * (parameter.nargs < 0)
            usage.append(shown)
            rows.append((f"`{shown}`", parameter.help))
        else:
            metavar = "" if parameter.is_flag else f" {parameter.metavar or _metavar(parameter)}"
            repeated = " May be repeated." if parameter.multiple else ""
            rows.append((f"`{', '.join(parameter.opts)}{metavar}`", f"{parameter.help}{repeated}"))
    if any(parameter.param_type_name == "option" for parameter in command.params):
        usage.append("[OPTIONS]")
    text = f"### {path}\n\n```\n{' '.join(usage)}\n```\n\n{command.help.strip()}\n"
    if rows:
        text += f"\n{table(('argument or option', 'meaning'), rows)}"
    if command.epilog:
        _, _, examples = command.epilog.partition(": ")
        text += "\n```sh\n" + "\n".join(examples.split("   ")) + "\n```\n"
    return text


def _metavar(parameter: Any) -> str:
    annotation = parameter.type_descriptor.annotation
    if annotation is int:
        return "NUMBER"
    return "PATH" if annotation in {Path, list[Path]} else "TEXT"


def table(head: tuple[str, ...], rows: Collection[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |\n" for line in lines)


# Reasons


def validation_reasons() -> str:
    """The reasons of ValidationError, by package."""
    found = [*find("registry", ("Reason", "ValidationError")), *_dialect_reasons()]
    parts = []
    for package in sorted({one.package for one in found}):
        rows = _by_id([one for one in found if one.package == package])
        parts.append(f"### {package}\n\n{table(('id', 'says', 'clause'), rows)}")
    return "\n".join(parts)


def _dialect_reasons() -> Iterator[Said]:
    """What each dialect of SMP documents says, much of it in modules that they share."""
    own = {"smp1": (busdox.VOCABULARY, bdxr1.VOCABULARY), "bdxr2": (bdxr2.VOCABULARY,), "business_card": ()}
    for words in (busdox.VOCABULARY, bdxr1.VOCABULARY, bdxr2.VOCABULARY):
        for one in find("registry/smp/documents", ("refuse",), self=SimpleNamespace(vocabulary=words, _words=words)):
            if words in own.get(one.module.split(".")[3], (words,)):
                reason = words.reason(one.id, one.message, one.clause)
                yield replace(one, id=reason.id, clause=reason.clause if one.clause else "")


def lookup_reasons() -> str:
    """The reason ids of DiscoveryError, by outcome."""
    outcomes = {error.__name__: error.outcome for error in DiscoveryError.__subclasses__()}
    return _by_call(find("registry/discovery", outcomes), "outcome", outcomes)


def trust_reasons() -> str:
    """The reason ids of trust_lists, by class."""
    kinds = ("XmlRefusedError", "JsonRefusedError", "ListRefusedError", "SignatureInvalidError", "SourceError")
    names = {name: name for name in kinds}
    return _by_call(find("trust_lists", names), "of", names)


def rules_table(rules: Collection[Rule]) -> str:
    """Rules about lists, in the order in which they are asked."""
    rows = []
    for rule in rules:
        versions = "" if rule.since == OLDEST_VERSION else f"{rule.since} and later"
        rows.append((f"`{rule.id}`", rule.text, rule.level.value, versions))
    return table(("id", "what must be so", "level", "versions"), rows)


def _by_call(found: Collection[Said], title: str, names: Mapping[str, str]) -> str:
    rows = [
        (row[0], f"`{name}`", row[1])
        for call, name in names.items()
        for row in _by_id([one for one in found if one.call == call])
    ]
    return table(("id", title, "says"), rows)


def _by_id(found: Collection[Said]) -> list[tuple[str, str, str]]:
    """A row for each id: everything that is said with it, and all clauses."""
    rows = []
    for name in sorted({one.id for one in found}):
        said = [one for one in found if one.id == name]
        messages = dict.fromkeys(one.message for one in said if one.message.strip(f"{UNKNOWN} :;()"))
        clauses = dict.fromkeys(one.clause for one in said if one.clause)
        rows.append((f"`{name}`", " / ".join(messages) or UNKNOWN, "; ".join(clauses)))
    return rows


# Pages


@dataclass(frozen=True, slots=True)
class Part:
    """What stands between two marks of a page; `source` is named in the first of them."""

    page: str
    source: str
    make: Callable[[], str]

    @property
    def begin(self) -> str:
        return f"<!-- made by `make reference` from {self.source}: begin -->\n"


PARTS = (
    Part("settings.md", "registry/settings.py", settings_table),
    Part("cli.md", "registry/cli", partial(commands, registry.cli.main.app, "registry")),
    Part("cli.md", "trust_lists/cli/main.py", partial(commands, trust_lists.cli.main.app, "trust-lists")),
    Part("metrics.md", "registry/telemetry.py", metrics_table),
    Part("errors.md", "registry/problems.py", problems_table),
    Part("reasons.md", "the reasons in registry", validation_reasons),
    Part("reasons.md", "the reasons in registry/discovery", lookup_reasons),
    Part("reasons.md", "the reasons in trust_lists", trust_reasons),
    Part("list-rules.md", "trust_lists/documents/checks", partial(rules_table, RULES)),
    Part("list-rules.md", "trust_lists/documents/lote/checks.py", partial(rules_table, LOTE_RULES)),
)


WHOLE: Mapping[str, Callable[[], str]] = {"rest.md": rest_reference}
"""Pages of which nothing is written by people."""


def written(page: str) -> str:
    """A page with what its parts are today. Raises ValueError where a mark is missing."""
    if page in WHOLE:
        return WHOLE[page]()
    text = (PAGES / page).read_text(encoding="utf-8")
    for part in (part for part in PARTS if part.page == page):
        head, begin, rest = text.partition(part.begin)
        _, end, tail = rest.partition(END)
        if not (begin and end):
            raise ValueError(f"docs/reference/{page} lacks a mark of {part.source}")
        text = f"{head}{begin}\n{part.make()}\n{end}{tail}"
    return text


def main() -> int:
    for page in dict.fromkeys([*(part.page for part in PARTS), *WHOLE]):
        (PAGES / page).write_text(written(page), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
