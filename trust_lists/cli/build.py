# SPDX-License-Identifier: Apache-2.0
"""`trust-lists build` and `reissue`: lists of our own from a YAML source."""

from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trust_lists.cli.common import AsJson, moment, print_json, read_file
from trust_lists.cli.own_lists import (
    AskPassword,
    DryRun,
    IssueAt,
    Key,
    OptionalKey,
    Output,
    PasswordFile,
    facts,
    load_key,
    print_list,
    refusals,
    refuse,
)

if TYPE_CHECKING:
    from trust_lists.certificates.parsing import SigningKey
    from trust_lists.documents.model import Dialect
    from trust_lists.publishing.issuing import Prepared
    from trust_lists.publishing.source import ListSource

Source = Annotated[Path, typer.Argument(metavar="SOURCE.yaml", help="The source of the lists; see build --template.")]


def build(
    source: Annotated[
        Path | None, typer.Argument(metavar="SOURCE.yaml", help="The source of the lists; see --template.")
    ] = None,
    previous: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="The issue before, once for each list. Without it: the first issue."),
    ] = None,
    output: Output = None,
    sign: Annotated[bool, typer.Option("--sign", help="Sign the lists, with --key.")] = False,
    key: OptionalKey = None,
    password_file: PasswordFile = None,
    ask_password: AskPassword = False,
    at: IssueAt = "",
    dry_run: DryRun = False,
    template: Annotated[bool, typer.Option("--template", help="Print a source with comments, to begin with.")] = False,
    as_json: AsJson = False,
) -> None:
    """Build the next issue of lists from their source; with --key also sign them and put them in place.

    Without a key the lists are written as NAME.unsigned.xml or .json, for the command sign.
    """
    from trust_lists.publishing.source import template as template_text

    if template:
        typer.echo(template_text(), nl=False)
        return
    if source is None:
        raise typer.BadParameter("name the source, or print one with --template", param_hint="SOURCE.yaml")
    if sign and key is None:
        raise typer.BadParameter("--sign needs a --key", param_hint="--key")
    signing_key = None if key is None else load_key(key, password_file, ask=ask_password)
    read = _read(source, as_json=as_json)
    before = _by_dialect(previous or [])
    _issue(read, before, signing_key, output or source.parent, moment(at), dry_run=dry_run, as_json=as_json)


def reissue(
    source: Source,
    key: Key,
    output: Output = None,
    password_file: PasswordFile = None,
    ask_password: AskPassword = False,
    at: IssueAt = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Replace the lists in place by their next issue: built from the source, signed, verified.

    The issues before are those in place; where there are none, the first ones are made with build --sign.
    """
    signing_key = load_key(key, password_file, ask=ask_password)
    read = _read(source, as_json=as_json)
    folder = output or source.parent
    missing = [name for name in read.files.values() if not (folder / name).exists()]
    if missing:
        text = "is not there to be replaced; its first issue is made by: trust-lists build --sign"
        others = "" if len(missing) == len(read.files) else ", with --previous for the other list"
        refuse([f"{folder / name} {text}{others}" for name in missing], as_json=as_json)
    before = {dialect: read_file(folder / name) for dialect, name in read.files.items()}
    _issue(read, before, signing_key, folder, moment(at), dry_run=dry_run, as_json=as_json)


def _read(path: Path, *, as_json: bool) -> "ListSource":
    from trust_lists.publishing.source import parse_source

    data = read_file(path)
    with refusals(as_json=as_json):
        return parse_source(data, path.parent, default_name=path.stem)


def _by_dialect(files: Collection[Path]) -> "dict[Dialect, bytes]":
    from trust_lists.documents.reading import read_unverified
    from trust_lists.errors import TrustListError

    found: dict[Dialect, bytes] = {}
    for file in files:
        data = read_file(file)
        try:
            dialect = read_unverified(data).dialect
        except TrustListError as error:
            raise typer.BadParameter(f"{file}: {error}", param_hint="--previous") from None
        if dialect in found:
            raise typer.BadParameter(f"{file}: there are two {dialect.value} lists", param_hint="--previous")
        found[dialect] = data
    return found


def _issue(
    source: "ListSource",
    before: "dict[Dialect, bytes]",
    key: "SigningKey | None",
    folder: Path,
    at: datetime,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    from trust_lists.publishing.issuing import allowed_signers, prepare, publish, sign_all, write_drafts

    with refusals(as_json=as_json):
        prepared = prepare(source, before, allowed_signers(source, key), at)
        if key is None:
            warnings = [each.draft.warnings for each in prepared]
            files = [] if dry_run else write_drafts(prepared, folder)
        else:
            issues = sign_all(prepared, key, at)
            warnings = [each.warnings for each in issues]
            files = [] if dry_run else publish(prepared, issues, folder)
    lists = list(zip(prepared, files or [folder / each.name for each in prepared], warnings, strict=True))
    if as_json:
        shown = [
            facts(each.draft.document, file, told) | ({"changes": _changes_json(each)} if dry_run else {})
            for each, file, told in lists
        ]
        print_json({"written": not dry_run, "lists": shown})
        return
    for each, file, told in lists:
        print_list(each.draft.document, file, told, "would be" if dry_run else "is")
        if dry_run:
            typer.echo(_changes_text(each))


def _changes_text(prepared: "Prepared") -> str:
    from trust_lists.changes import compare_lists
    from trust_lists.changes.text import list_text

    if prepared.before is None:
        return "  the first issue; there is nothing to compare it with"
    return list_text(compare_lists(prepared.before.document, prepared.draft.document))


def _changes_json(prepared: "Prepared") -> Any:
    from trust_lists.changes import compare_lists

    if prepared.before is None:
        return None
    return compare_lists(prepared.before.document, prepared.draft.document).to_json()
