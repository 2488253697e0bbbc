# SPDX-License-Identifier: Apache-2.0
"""`registry trust decide`: whether a domain accepts a certificate in a role, and every reason why not."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from registry.cli.common import DOMAIN_OPTION, JSON_OPTION

if TYPE_CHECKING:
    from registry.trust import TrustDecision
    from trust_lists.certificates.listed import ListedCertificate
    from trust_lists.evaluation.trust_configuration.model import Context

EPILOG = "Example: registry trust decide gateway.pem --role ap-encrypt --domain peppol-test --why-not"
_ROLES = ("ap-sign", "ap-encrypt", "smp-sign", "sml-client", "list-signer", "tls-server")
_CONTEXT = ("party", "domain", "seat_id", "smp_id", "host")


def decide(
    file: Path = typer.Argument(
        help="PEM, DER or PKCS#7. The first certificate is asked about, the others came along.",
        exists=True,
        dir_okay=False,
    ),
    role: str = typer.Option(..., "--role", help=f"One of {', '.join(_ROLES)}."),
    domain: str | None = DOMAIN_OPTION,
    at: str | None = typer.Option(None, "--at", help="When, in ISO 8601 (UTC); by default now."),
    context: list[str] = typer.Option(
        [], "--context", metavar="NAME=VALUE", help=f"What is known of the case: {', '.join(_CONTEXT)}."
    ),
    trace: bool = typer.Option(False, "--trace", help="Print every step."),
    why_not: bool = typer.Option(False, "--why-not", help="Print with which changes it would be accepted."),
    json_output: bool = JSON_OPTION,
) -> None:
    """Decide whether a domain accepts a certificate in a role; ends with 1 where it doesn't.

    Nothing is fetched: lists, metadata and revocation count as far as they have been collected.
    """
    from registry.api.v1.trust_cases import decide as decided
    from registry.cli.common import chosen_domain, open_instance, print_json
    from registry.cli.exits import REFUSED
    from trust_lists.evaluation.decisions import Case
    from trust_lists.evaluation.decisions.counterfactual import counterfactuals
    from trust_lists.evaluation.trust_configuration.model import Context, Role

    if role not in _ROLES:
        raise typer.BadParameter(f"a role is one of {', '.join(_ROLES)}", param_hint="--role")
    known, moment = _context(context), _instant(at)
    certificate, *others = _certificates(file)
    with open_instance() as instance:
        stored = chosen_domain(instance, domain)
        model = instance.trust_models.of(stored.domain)
        now = instance.database.now()
    case = Case(
        Role(role), certificate, moment or now, tuple(others), {Context.DOMAIN: stored.domain.name, **known}, None
    )
    decision = decided(model, case, trace=trace)
    changes = counterfactuals(model.engine, case, model.evidence) if why_not and not decision.accepted else ()
    if json_output:
        told: dict[str, Any] = {"domain": stored.domain.name, **decision.to_json()}
        print_json(told | ({"counterfactuals": [each.to_json() for each in changes]} if why_not else {}))
    else:
        _print(decision, trace=trace)
        for each in changes:
            typer.echo(str(each))
        if why_not and not decision.accepted and not changes:
            typer.echo("no few changes would make it accepted")
    if not decision.accepted:
        raise typer.Exit(REFUSED)


def _print(decision: "TrustDecision", *, trace: bool) -> None:
    found = decision.decision
    typer.echo(f"{found.outcome.value}\t{found.subject}\tas {found.role.value} at {found.at:%Y-%m-%dT%H:%M:%SZ}")
    for ground in found.grounds:
        typer.echo(f"  by {ground}")
    for check in found.checks:
        typer.echo(f"  {check}")
    if not decision.accepted and not decision.enforced:
        typer.echo("  the domain only warns in this role")
    for warning in decision.warnings:
        typer.echo(f"warning: {warning}", err=True)
    if trace and found.trace is not None:
        for line in found.trace.lines():
            typer.echo(line)
    typer.echo(f"configuration {found.configuration}, evidence {found.evidence or 'none'}")


def _certificates(file: Path) -> "tuple[ListedCertificate, ...]":
    from trust_lists.errors import CertificateError
    from trust_lists.evaluation.trust_configuration.certificate_files import MAX_FILE_BYTES, certificates_in

    try:
        with file.open("rb") as stream:
            return certificates_in(stream.read(MAX_FILE_BYTES + 1))
    except OSError as error:
        raise typer.BadParameter(f"{file} can't be read: {error.strerror}", param_hint="FILE") from None
    except CertificateError as error:
        raise typer.BadParameter(f"{file}: {error}", param_hint="FILE") from None


def _context(given: list[str]) -> "Mapping[Context, str]":
    from trust_lists.evaluation.trust_configuration.model import Context

    known = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or name not in _CONTEXT:
            raise typer.BadParameter(f"NAME=VALUE is wanted, NAME one of {', '.join(_CONTEXT)}", param_hint="--context")
        known[Context(f"context.{name}")] = value
    return known


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
        return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"an instant such as 2027-01-31T06:00:00Z is wanted, not {text}", param_hint="--at"
        ) from None
