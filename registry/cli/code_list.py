# SPDX-License-Identifier: Apache-2.0
"""`registry code-list`: OpenPeppol's code lists in the domains of the instance."""

from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from registry.cli.common import DOMAIN_OPTION, JSON_OPTION

if TYPE_CHECKING:
    from registry.app.code_lists import PlannedCodeList
    from registry.domains.domain import Domain
    from registry.identifiers.code_lists import CodeList

app = typer.Typer(help="Code lists: which codes a domain's identifiers may have.", no_args_is_help=True)
_FILE_HELP = (
    "participant identifier schemes, document types, processes or transport profiles, as JSON, XML or Genericode."
)
_SIGNS = {"added": "+", "gone": "-"}
_USERS = {"participant": "participants", "transport profile": "endpoints"}


class KindName(StrEnum):
    """The kinds of lists, as one types them."""

    PARTICIPANT = "participant"
    DOCUMENT_TYPE = "document-type"
    PROCESS = "process"
    TRANSPORT_PROFILE = "transport-profile"


class StateName(StrEnum):
    """The states of a code."""

    ACTIVE = "active"
    DEPRECATED = "deprecated"
    REMOVED = "removed"


@app.command("import", epilog="Example: registry code-list import document-types-v9.7.json --domain peppol-test")
def import_lists(
    files: list[Path] = typer.Argument(help=f"OpenPeppol's files of {_FILE_HELP}"),
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Put code lists in force, each in place of the one of its kind; print all that are in force then.

    What is published already may keep a code that is no longer active, unless it was removed from the list.
    """
    from registry.app.code_lists import import_code_lists
    from registry.cli.common import chosen_domain, cli_actor, open_instance

    with open_instance() as instance:
        name = chosen_domain(instance, domain).domain.name
        changed = import_code_lists(instance, cli_actor(), name, files).domain
    _print_lists({name: changed}, as_json=json_output)
    _note_if_lax(changed)


@app.command("list", epilog="Example: registry code-list list --json")
def list_lists(json_output: bool = JSON_OPTION) -> None:
    """List the code lists that are in force, by domain."""
    from registry.cli.common import open_instance

    with open_instance() as instance:
        domains = {stored.domain.name: stored.domain for stored in instance.directory.all()}
    _print_lists(domains, as_json=json_output)


@app.command("show", epilog="Example: registry code-list show transport-profile --state active")
def show(
    kind: KindName = typer.Argument(help="Which list.", metavar="KIND"),
    domain: str | None = DOMAIN_OPTION,
    state: StateName | None = typer.Option(None, "--state", help="Only active, deprecated or removed codes."),
    search: str = typer.Option("", "--search", help="Only codes that hold these words, or whose names do."),
    json_output: bool = JSON_OPTION,
) -> None:
    """Print the codes of the list in force. KIND is participant, document-type, process or transport-profile."""
    from registry.cli.common import chosen_domain, open_instance, print_json
    from registry.errors import NotFoundError
    from registry.identifiers.code_lists import Kind, State

    with open_instance() as instance:
        chosen = chosen_domain(instance, domain).domain
    item = chosen.identifiers.code_lists.get(Kind[kind.name])
    if item is None:
        raise NotFoundError(
            f"{chosen.name} has no list of {Kind[kind.name]} codes; import one: registry code-list import"
        )
    rows = [
        {"scheme": scheme, "value": value, "state": entry.state.value, "name": entry.name}
        for (scheme, value), entry in item.matching(search, None if state is None else State(state.value))
    ]
    if json_output:
        print_json({"domain": chosen.name, "kind": item.kind.value, "version": item.version, "codes": rows})
        return
    for row in rows:
        typer.echo(f"{row['state']}\t{_code(row['scheme'], row['value'], item.kind.value)}\t{row['name']}")


@app.command("diff", epilog="Example: registry code-list diff document-types-v9.8.json --domain peppol-test")
def diff(
    file: Path = typer.Argument(help=f"OpenPeppol's file of {_FILE_HELP}"),
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Print what a list would change, and what is published with codes that it takes away. Changes nothing."""
    from registry.app.code_lists import plan_code_list, read_file
    from registry.cli.common import chosen_domain, open_instance, print_json

    with open_instance() as instance:
        planned = plan_code_list(instance, chosen_domain(instance, domain).domain.name, read_file(file))
    if json_output:
        print_json(_to_json(planned))
    else:
        _print_plan(planned)


@app.command(
    "update",
    epilog="Example: registry code-list update --from https://example.org/document-types-v9.8.json --sha256 "
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 --domain peppol-test",
)
def update(
    source: str = typer.Option(..., "--from", help="An https URL or a path.", metavar="URL"),
    sha256: str = typer.Option(..., "--sha256", help="The hash of the file, as its publisher tells it elsewhere."),
    domain: str | None = DOMAIN_OPTION,
    yes: bool = typer.Option(False, "--yes", help="Put it in force without asking."),
    json_output: bool = JSON_OPTION,
) -> None:
    """Fetch a list, show what it changes, and put it in force after a yes.

    Refused where the file has another hash. With --json nobody is asked: without --yes nothing is changed.
    """
    from registry.app.code_lists import apply_code_list, fetch_code_list, plan_code_list
    from registry.cli.common import chosen_domain, cli_actor, open_instance, print_json
    from registry.discovery.fetcher import HttpFetcher
    from registry.identifiers.code_list_files import MAX_BYTES

    with open_instance() as instance, HttpFetcher(max_bytes=MAX_BYTES) as fetcher:
        name = chosen_domain(instance, domain).domain.name
        planned = plan_code_list(instance, name, fetch_code_list(source, sha256, fetcher))
        if not json_output:
            _print_plan(planned)
        wanted = bool(planned.diff.changes) or planned.before is None or planned.before.version != planned.item.version
        agreed = wanted and (yes or (not json_output and typer.confirm(f"Put it in force in {name}?")))
        if agreed:
            apply_code_list(instance, cli_actor(), name, planned)
    if json_output:
        print_json(_to_json(planned) | {"applied": agreed})
    else:
        typer.echo(f"{name}: in force now" if agreed else f"{name}: nothing was changed")


def lists_in_force(domain: "Domain") -> dict[str, dict[str, Any]]:
    """The code lists of a domain, by kind."""
    return {
        kind.value: {"version": item.version, "rows": len(item.entries)}
        for kind, item in domain.identifiers.code_lists.items()
    }


def _print_lists(domains: "dict[str, Domain]", *, as_json: bool) -> None:
    from registry.cli.common import print_json

    if as_json:
        print_json({name: lists_in_force(domain) for name, domain in domains.items()})
        return
    for name, domain in domains.items():
        for item in domain.identifiers.code_lists.values():
            typer.echo(f"{name}\t{item.kind} codes\tversion {item.version}\t{_states(item)}")
        if not domain.identifiers.code_lists:
            typer.echo(f"{name} has no code lists", err=True)


def _states(item: "CodeList") -> str:
    states = Counter(entry.state.value for entry in item.entries.values())
    return ", ".join(f"{states[state.value]} {state.value}" for state in StateName if states[state.value])


def _note_if_lax(domain: "Domain") -> None:
    if not domain.identifiers.strict:
        typer.echo("note: the identifiers of this domain are not strict, so its code lists aren't asked", err=True)


def _print_plan(planned: "PlannedCodeList") -> None:
    found = planned.diff
    uses = dict(planned.concerned)
    counts = ", ".join(f"{number} {what}" for what, number in found.counts.items()) or "no code differs"
    typer.echo(f"{found.kind} codes: {found.version_before or 'none'} -> {found.version_after}")
    for change in found.changes:
        state = f" ({change.state})" if change.what == "added" else ""
        used = f"; {uses[change]} {_users(planned)} have it" if change in uses else ""
        code = _code(change.scheme, change.value, found.kind.value)
        typer.echo(f"{_SIGNS.get(change.what, '~')} {code}: {change.what}{state}{used}")
    typer.echo(f"{counts}; {found.unchanged} as before")
    if planned.concerned:
        message = f"{sum(uses.values())} {_users(planned)} have codes that nothing new can be registered with"
        typer.echo(f"warning: {message}", err=True)


def _to_json(planned: "PlannedCodeList") -> dict[str, Any]:
    uses = dict(planned.concerned)
    return {
        "kind": planned.diff.kind.value,
        "before": planned.diff.version_before or None,
        "after": planned.diff.version_after,
        "counts": planned.diff.counts,
        "unchanged": planned.diff.unchanged,
        "changes": [
            {
                "scheme": change.scheme,
                "value": change.value,
                "what": change.what,
                "state": change.state,
                _users(planned): uses.get(change, 0),
            }
            for change in planned.diff.changes
        ],
    }


def _users(planned: "PlannedCodeList") -> str:
    return _USERS.get(planned.diff.kind.value, "services")


def _code(scheme: str, value: str, kind: str) -> str:
    """As people know it: an ICD and a transport profile stand for themselves."""
    return value if kind in _USERS else f"{scheme}::{value}"
