# SPDX-License-Identifier: Apache-2.0
"""`trust-lists check`: does a list keep the rules of its standard?"""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trust_lists.cli.common import NO, AsJson, At, fail, moment, print_json, read_file
from trust_lists.cli.reading import first_text, print_columns

if TYPE_CHECKING:
    from datetime import datetime

    from lxml import etree

    from trust_lists.documents.findings import Finding
    from trust_lists.documents.model import TrustedList

_NOT_CHECKED = "not checked"
_PLACE = re.compile(
    r"(?:TrustServiceProvider|TrustedEntity)\[(\d+)\](?:/(?:TSPService|TrustedEntityService)\[(\d+)\])?"
)


def check(
    file: Annotated[Path, typer.Argument(help="The list: XML, JSON, or compact JWS.")],
    xsd: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="DIR", exists=True, file_okay=False, help="XML schemas; repeatable, for those they import."
        ),
    ] = None,
    at: At = "",
    as_json: AsJson = False,
) -> None:
    """Check a list against the rules of TS 119 612, or of TS 119 602.

    Its signature isn't verified. Exit code 1: there are errors. What is not valid by its schema is a warning.
    """
    data = read_file(file)
    document, root, found = _look(data, moment(at))
    schema, invalid = _validity(root, xsd or [])
    found += invalid
    errors = sum(each.level == "error" for each in found)
    if as_json:
        print_json(_json(document, found, schema))
    else:
        _print(file, document, found, schema)
    if errors:
        raise typer.Exit(NO)


def _look(data: bytes, at: "datetime") -> "tuple[TrustedList | None, etree._Element | None, list[Finding]]":
    """The list and its XML, as far as they can be read, and what is to be said about them."""
    from trust_lists.documents.checks import check as check_document
    from trust_lists.documents.checks import check_tree
    from trust_lists.documents.findings import Finding, Level
    from trust_lists.documents.model import Dialect
    from trust_lists.documents.reading import read_unverified
    from trust_lists.documents.ts119612.reader import ROOT
    from trust_lists.errors import ListRefusedError, XmlRefusedError
    from trust_lists.xml import MAX_LIST_BYTES, parse_xml

    found: list[Finding] = []
    document, root = None, None
    try:
        document = read_unverified(data)
        found += check_document(document, at=at)
    except (ListRefusedError, XmlRefusedError) as error:
        found.append(Finding(error.reason_id, Level.ERROR, str(error)))
    if document is None or document.dialect in (Dialect.TS_119_612, Dialect.LOTE_XML):
        try:
            root = parse_xml(data, max_bytes=MAX_LIST_BYTES)
        except XmlRefusedError:
            return document, None, found
        if root.tag == ROOT:
            found += check_tree(root, document)
    return document, root, found


def _validity(root: "etree._Element | None", folders: list[Path]) -> "tuple[str, list[Finding]]":
    from trust_lists.documents.schemas import Schemas
    from trust_lists.errors import SourceError

    if root is None or not folders:
        return _NOT_CHECKED, []
    try:
        found = Schemas(*folders).check(root)
    except SourceError as error:
        fail(f"{error} [{error.reason_id}]")
    return ("not valid" if found else "valid"), found


def _json(document: "TrustedList | None", found: "list[Finding]", schema: str) -> dict[str, Any]:
    requirements = _requirements()
    return {
        "list": _facts(document) if document else None,
        "signature": "not verified",
        "xsd": schema,
        "errors": sum(each.level == "error" for each in found),
        "warnings": sum(each.level == "warning" for each in found),
        "findings": [
            {
                "rule": each.rule,
                "level": each.level.value,
                "requires": requirements.get(each.rule, ""),
                "message": each.message,
                "where": each.where,
                "about": _about(each, document),
            }
            for each in found
        ],
    }


def _requirements() -> dict[str, str]:
    """What each rule wants, as a sentence."""
    from trust_lists.documents.checks import RULES
    from trust_lists.documents.lote.checks import LOTE_RULES

    return {rule.id: rule.text for rule in (*RULES, *LOTE_RULES)}


def _facts(document: "TrustedList") -> dict[str, Any]:
    scheme = document.scheme
    return {
        "form": document.dialect.value,
        "territory": scheme.territory,
        "version": scheme.version,
        "sequence": scheme.sequence,
        "services": len(document.services),
    }


def _print(file: Path, document: "TrustedList | None", found: "list[Finding]", schema: str) -> None:
    if found:
        rows = [(each.level.value, each.rule, each.message, _place(each, document)) for each in found]
        print_columns(("level", "rule", "finding", "where"), rows)
    errors = sum(each.level == "error" for each in found)
    name = (
        f"{document.scheme.territory} {document.scheme.sequence}, {document.dialect.value}" if document else file.name
    )
    counted = f"{_count(errors, 'error')}, {_count(len(found) - errors, 'warning')}"
    hint = " (--xsd DIR)" if schema == _NOT_CHECKED else ""
    typer.echo(f"{name}: {counted}; XML schema: {schema}{hint}; signature: not verified")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _place(finding: "Finding", document: "TrustedList | None") -> str:
    about = _about(finding, document)
    return f"{finding.where} ({about})" if about else finding.where


def _about(finding: "Finding", document: "TrustedList | None") -> str:
    """The names of the provider and the service that a finding is about."""
    match = _PLACE.match(finding.where)
    if match is None or document is None:
        return ""
    try:
        provider = document.providers[int(match[1]) - 1]
        service = provider.services[int(match[2]) - 1] if match[2] else None
    except IndexError:
        return ""
    names = [first_text(provider.names)] + ([first_text(service.current.names)] if service else [])
    return " > ".join(name for name in names if name)
