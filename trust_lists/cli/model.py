# SPDX-License-Identifier: Apache-2.0
"""`trust-lists model`: trust configurations: those that are shipped, one's own, and those of other software."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trust_lists.cli.common import NO, AsJson, fail, print_json
from trust_lists.cli.model_files import Files, files_in, model_text
from trust_lists.cli.model_import import import_model

if TYPE_CHECKING:
    from trust_lists.evaluation.trust_configuration import Reading, TrustConfiguration

model = typer.Typer(no_args_is_help=True, help="Trust configurations: whom a network trusts, in one format.")
model.command(
    "import", epilog="Example: trust-lists model import recipe.xml --from recipe --role ap-sign=ap --out ours/"
)(import_model)

Model = Annotated[
    str,
    typer.Argument(metavar="MODEL", help="A file (YAML or JSON), or the name of a shipped model.", show_default=False),
]
Beside = Annotated[
    Path | None,
    typer.Option("--certificates", metavar="DIR", help="Where its certificates are; by default beside the file."),
]


@model.command("list", epilog="Example: trust-lists model list")
def list_models(as_json: AsJson = False) -> None:
    """List the shipped models."""
    from trust_lists.evaluation.trust_configuration import content_address, read_configuration
    from trust_lists.evaluation.trust_configuration.shipped import shipped_model, shipped_names

    found = [read_configuration(shipped_model(name)).configuration for name in shipped_names()]
    if as_json:
        print_json(
            [
                {"id": each.id, "model": each.model, "address": content_address(each), "about": _about(each)}
                for each in found
            ]
        )
        return
    for each in found:
        typer.echo(f"{each.id:26} {each.model:24} {_about(each)}")


@model.command("show", epilog="Example: trust-lists model show peppol-g3 --certificates anchors/")
def show_model(
    name: Model,
    certificates: Beside = None,
    source: Annotated[bool, typer.Option("--source", help="Print the text of the model, and nothing else.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show a model, and which certificates belong beside it."""
    data, folder = model_text(name, "MODEL")
    if source:
        typer.echo(data.decode("utf-8", "replace"), nl=False)
        return
    reading = _read(data, None)
    told = _certificates(reading.configuration, files_in(certificates or folder))
    if as_json:
        from trust_lists.evaluation.trust_configuration import content_address, to_json

        print_json(
            {
                "address": content_address(reading.configuration),
                "warnings": list(reading.warnings),
                "certificates": told,
                "configuration": to_json(reading.configuration),
            }
        )
        return
    _print_model(reading, told)


@model.command("check", epilog="Example: trust-lists model check our-network.yaml")
def check_model(
    name: Model,
    certificates: Beside = None,
    effective: Annotated[bool, typer.Option("--effective", help="Say what its declared deviations change.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check a configuration with its certificates, and say all that is wrong with it at once.

    Exit code 0 means that it can be used; there may be warnings.
    """
    from trust_lists.errors import ConfigurationError
    from trust_lists.evaluation.trust_configuration import content_address, effective_configuration, read_configuration

    data, folder = model_text(name, "MODEL")
    try:
        reading = read_configuration(data, files_in(certificates or folder))
        real = effective_configuration(reading.configuration)
    except ConfigurationError as error:
        if as_json:
            print_json({"usable": False, "reasons": list(error.reasons), "warnings": []})
        else:
            for reason in error.reasons:
                typer.echo(reason)
        raise typer.Exit(NO) from None
    changes = _changes(reading.configuration, real) if effective else []
    if as_json:
        address = content_address(reading.configuration)
        print_json(
            {
                "usable": True,
                "address": address,
                "reasons": [],
                "warnings": list(reading.warnings),
                "effective": changes,
            }
        )
        return
    typer.echo(f"{reading.configuration.id} can be used: {content_address(reading.configuration)}")
    for change in changes:
        typer.echo(f"effective: {change['path']} is {change['effective']}, declared {change['declared']}")
    for warning in reading.warnings:
        typer.echo(f"warning: {warning}", err=True)


@model.command("schema", epilog="Example: trust-lists model schema > trust-configuration.schema.json")
def schema() -> None:
    """Print the JSON Schema of trust configurations."""
    from trust_lists.evaluation.trust_configuration.schema import json_schema

    print_json(json_schema())


def _read(data: bytes, files: Files | None) -> "Reading":
    from trust_lists.errors import ConfigurationError
    from trust_lists.evaluation.trust_configuration import read_configuration

    try:
        return read_configuration(data, files)
    except ConfigurationError as error:
        fail("\n".join(error.reasons), NO)


def _certificates(configuration: "TrustConfiguration", files: Files) -> list[dict[str, str | None]]:
    """Each certificate that belongs beside a model: its file, and whether the right one is there."""
    from trust_lists.errors import CertificateError
    from trust_lists.evaluation.trust_configuration.certificate_files import certificates_in

    found: list[dict[str, str | None]] = []
    for each in configuration.certificates():
        data = each.pem.encode() if each.pem else files(each.file_name)
        state, subject = ("missing", None) if data is None else ("another one", None)
        try:
            match = [one for one in certificates_in(data or b"") if one.sha256 == each.sha256]
        except CertificateError:
            match = []
        if match:
            state, subject = "there", match[0].subject_text
        found.append(
            {"sha256": each.sha256, "file": each.file_name, "state": state, "subject": subject, "origin": each.origin}
        )
    return found


def _print_model(reading: "Reading", certificates: list[dict[str, str | None]]) -> None:
    from trust_lists.evaluation.trust_configuration import Role, content_address

    configuration = reading.configuration
    typer.echo(f"{configuration.id} ({configuration.model})\n{content_address(configuration)}\n")
    typer.echo((configuration.description or "").strip())
    roles = [role.value for role in Role if configuration.rule(role)]
    typer.echo(f"\nroles        {', '.join(roles) or 'none'}")
    for deviation in configuration.effective.deviations:
        typer.echo(f"effectively  {deviation.id}: {deviation.overrides}")
    for each in certificates:
        typer.echo(f"\n{each['state']:12} {each['file']}\n             {each['subject'] or each['origin'] or ''}")
        typer.echo(f"             {each['sha256']}")
    for pin in configuration.stores.pins:
        typer.echo(f"\npin          {pin.id} of {pin.party or 'any party'}\n             {pin.cert_sha256}")
    for warning in reading.warnings:
        typer.echo(f"warning: {warning}", err=True)


def _about(configuration: "TrustConfiguration") -> str:
    return (configuration.description or "").partition("\n")[0]


def _changes(declared: "TrustConfiguration", real: "TrustConfiguration") -> list[dict[str, Any]]:
    from trust_lists.evaluation.trust_configuration import to_json

    before, after = to_json(declared), to_json(real)
    paths = sorted({path for each in declared.effective.deviations for path in each.overrides})
    return [{"path": path, "declared": _value(before, path), "effective": _value(after, path)} for path in paths]


def _value(tree: Any, path: str) -> Any:
    for key in path.split("."):
        tree = tree[key]
    return tree
