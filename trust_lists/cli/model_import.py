# SPDX-License-Identifier: Apache-2.0
"""`trust-lists model import`: trust configurations of what other software keeps."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trust_lists.cli.common import NO, AsJson, At, fail, moment, print_json, read_certificates, read_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from trust_lists.evaluation.trust_configuration.importers.building import Imported
    from trust_lists.evaluation.trust_configuration.model import Role


class Kind(StrEnum):
    """What a configuration is imported from."""

    RECIPE = "recipe"
    DOMIBUS = "domibus"
    KEY_STORE = "key-store"
    LIST = "list"
    LIST_ANCHORS = "list-anchors"


def import_model(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A recipe, properties, a key store or a list.")],
    kind: Annotated[
        Kind,
        typer.Option(
            "--from",
            help="recipe: ValidatorRecipe of vefa and Oxalis; domibus: properties of Domibus, Harmony; key-store: JKS "
            "or PKCS#12; list: a list to follow; list-anchors: what a list says at a time.",
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="A folder for the configuration and its certificates.")],
    role: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROLE[=VALIDATOR]", help="ap-sign, smp-sign …; of a recipe with its validator. Repeatable."
        ),
    ] = None,
    name: Annotated[str, typer.Option("--id", metavar="ID", help="The id of the configuration.")] = "imported",
    trust_store: Annotated[Path | None, typer.Option(metavar="FILE", help="The trust store (domibus).")] = None,
    password_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Holds the password of the key store in its first line.")
    ] = None,
    signer: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The certificates of which one signs the list (list).")
    ] = None,
    url: Annotated[str, typer.Option(metavar="URL", help="Where the list is; by default it is a file (list).")] = "",
    service_type: Annotated[
        list[str] | None, typer.Option("--type", metavar="URI", help="Only such services; repeatable (list…).")
    ] = None,
    status: Annotated[
        list[str] | None, typer.Option(metavar="URI", help="Only with such a status; repeatable (list…).")
    ] = None,
    at: At = "",
    allow_wider: Annotated[
        bool, typer.Option("--allow-wider", help="Also where the result accepts more than the original.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a configuration of what other software keeps, and say what could not be carried over.

    A key store that is in a recipe is read with the password there. Nothing that is in DIR already is written over.
    """
    from trust_lists.errors import ConfigurationError, TrustListError
    from trust_lists.evaluation.trust_configuration.importers.lists import Chosen

    roles = _roles(role or [])
    if not roles and kind is not Kind.DOMIBUS:
        raise typer.BadParameter("name at least one", param_hint="--role")
    data = read_file(file)
    password = _password(password_file)
    chosen = Chosen(tuple(service_type or ()), tuple(status or ()))

    def from_recipe() -> "Imported":
        from trust_lists.evaluation.trust_configuration.importers.recipe import import_recipe

        return import_recipe(data, roles, name=name, allow_wider=allow_wider)

    def from_domibus() -> "Imported":
        from trust_lists.evaluation.trust_configuration.importers.domibus import import_domibus

        if trust_store is None:
            raise typer.BadParameter("say where the trust store is", param_hint="--trust-store")
        return import_domibus(data, read_file(trust_store), password, name=name, allow_wider=allow_wider)

    def from_key_store() -> "Imported":
        from trust_lists.evaluation.trust_configuration.importers.key_stores import import_key_store

        return import_key_store(data, password, roles, name=name)

    def from_list() -> "Imported":
        from trust_lists.evaluation.trust_configuration.importers.lists import import_list_source
        from trust_lists.evaluation.trust_configuration.model import UrlOrFile

        signers = read_certificates(signer, "--signer") if signer else ()
        location = UrlOrFile(url=url) if url else UrlOrFile(file=file.name)
        return import_list_source(data, location, signers, roles, chosen, name=name)

    def from_list_anchors() -> "Imported":
        from trust_lists.evaluation.trust_configuration.importers.lists import import_list_anchors

        return import_list_anchors(data, roles, chosen, moment(at), name=name)

    importers: dict[Kind, Callable[[], Imported]] = {
        Kind.RECIPE: from_recipe,
        Kind.DOMIBUS: from_domibus,
        Kind.KEY_STORE: from_key_store,
        Kind.LIST: from_list,
        Kind.LIST_ANCHORS: from_list_anchors,
    }
    try:
        imported = importers[kind]()
    except ConfigurationError as error:
        for reason in error.reasons:
            typer.echo(reason, err=True)
        raise typer.Exit(NO) from None
    except TrustListError as error:
        fail(f"{file}: {error}", NO)
    _write(imported, out, as_json=as_json)


def _write(imported: "Imported", out: Path, *, as_json: bool) -> None:
    from trust_lists.evaluation.trust_configuration import content_address, to_yaml

    configuration = imported.configuration
    files = {f"{configuration.id}.yaml": to_yaml(configuration).encode(), **imported.files}
    try:
        out.mkdir(parents=True, exist_ok=True)
        there = [each for each in files if (out / each).exists() and (out / each).read_bytes() != files[each]]
        if there:
            fail(f"{out} has {', '.join(there)} already; nothing was written", NO)
        for each, content in files.items():
            (out / each).write_bytes(content)
    except OSError as error:
        fail(f"{out} can't be written: {error.strerror}")
    if as_json:
        address = content_address(configuration)
        print_json({"address": address, "files": sorted(files), "warnings": list(imported.warnings)})
        return
    typer.echo(f"{out / f'{configuration.id}.yaml'}: {content_address(configuration)}, with {len(files) - 1} files")
    for warning in imported.warnings:
        typer.echo(f"warning: {warning}", err=True)


def _roles(texts: list[str]) -> "dict[Role, str]":
    from trust_lists.evaluation.trust_configuration import Role

    found = {}
    for text in texts:
        name, _, validator = text.partition("=")
        if name not in list(Role):
            raise typer.BadParameter(f"{name!r} is none of {', '.join(Role)}", param_hint="--role")
        found[Role(name)] = validator
    return found


def _password(path: Path | None) -> str | None:
    if path is None:
        return None
    lines = read_file(path).decode("utf-8", "replace").splitlines()
    return lines[0] if lines else ""
