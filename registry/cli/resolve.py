# SPDX-License-Identifier: Apache-2.0
"""`registry resolve`: where does a participant take a document, and whose key is that?

Exit codes: 0 found, 2 usage, 3 not registered, 4 no matching service, 5 not trusted, 6 technical failure.
"""

import contextlib
import json
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from registry.discovery.client import LookupClient, Resolution
    from registry.discovery.errors import DiscoveryError
    from registry.discovery.explanation import Explanation
    from registry.domains.domain import Domain
    from registry.identifiers.document_type import DocumentTypeIdentifier
    from registry.identifiers.participant import ParticipantIdentifier

EPILOG: Final = "Example: registry resolve 0088:4035811991021 --domain peppol-test --explain"
FOUND: Final = "found"
EXIT_USAGE: Final = 2
EXIT_CODES: Final = {
    FOUND: 0,
    "not-registered": 3,
    "no-matching-service": 4,
    "not-trusted": 5,
    "technical-failure": 6,
}
_STYLES: Final = {"ok": "green", "warning": "yellow", "failed": "bold red"}


def resolve(
    participant: Annotated[str, typer.Argument(help="scheme::value; a value alone gets the domain's first scheme.")],
    document_type: Annotated[
        str | None, typer.Option(help="scheme::value; without it the first one that works is taken.")
    ] = None,
    process: Annotated[str | None, typer.Option(help="scheme::value.")] = None,
    transport: Annotated[str | None, typer.Option(help="Only endpoints with this transport profile.")] = None,
    domain: Annotated[
        str | None, typer.Option(help="A domain of this instance, or a profile that comes with the program.")
    ] = None,
    dns: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="The name server to ask instead of the system's.")
    ] = None,
    inside: Annotated[
        bool, typer.Option("--inside", help="Ask nobody: look in the zone and the documents of this instance.")
    ] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Show every step.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with every step.")] = False,
) -> None:
    """Find the endpoint of a participant, as an access point would.

    Asks DNS for the SMP, the SMP for signed metadata, and the domain's trust model about both certificates.

    Exit codes: 0 found, 2 usage, 3 not registered, 4 no matching service, 5 not trusted, 6 technical failure.
    """
    from registry.cli.common import load_known_domain
    from registry.discovery.errors import DiscoveryError
    from registry.errors import RegistryError, TechnicalError
    from registry.identifiers.process import ProcessIdentifier
    from registry.resolver.questions import participant_of

    try:
        known = load_known_domain(domain)
        known.require_discovery()
        asked = participant_of(participant, known)
        with _client(known, dns, inside=inside) as client:
            resolution = client.resolve(
                asked,
                None if document_type is None else _document_type(document_type, known),
                None if process is None else ProcessIdentifier.parse(process),
                transport,
            )
    except DiscoveryError as error:
        _say_no(error, asked, known, explain=explain, as_json=as_json)
    except RegistryError as error:
        typer.echo(f"error: {error}", err=True)
        technical = isinstance(error, TechnicalError)
        raise typer.Exit(EXIT_CODES["technical-failure"] if technical else EXIT_USAGE) from None
    _say_where(resolution, known, explain=explain, as_json=as_json)


@contextlib.contextmanager
def _client(domain: "Domain", dns: str | None, *, inside: bool) -> "Iterator[LookupClient]":
    """A client that asks real servers or, `inside`, nobody. Raises RegistryError."""
    from registry.errors import ConfigurationError

    if not inside:
        from registry.cli.common import trust_at_hand
        from registry.discovery.client import open_client

        with open_client(domain, dns, trust=trust_at_hand(domain)) as client:
            yield client
        return
    if dns is not None:
        raise ConfigurationError("--inside asks nobody, so it takes no --dns")
    from registry.cli.common import open_instance
    from registry.lookups.resolving import Inside

    with open_instance() as instance:
        stored = instance.directory.get(domain.name)
        yield Inside(instance.database, instance.signer, instance.trust_models.of).client(stored)


def render_explanation(console: "Console", explanation: "Explanation") -> None:
    """Draw the steps of a lookup as a tree: how each ended, its name, its time, and below that what was seen."""
    from rich.console import Console
    from rich.text import Text
    from rich.tree import Tree

    total = sum(step.ms for step in explanation.steps)
    tree = Tree(Text(f"{len(explanation.steps)} steps, {total:.1f} ms", style="dim"), guide_style="dim")
    for step in explanation.steps:
        label = Text.assemble(
            (f"{step.outcome.value:<8}", _STYLES[step.outcome.value]),
            (step.step, "bold"),
            (f"  {step.ms:.1f} ms", "dim"),
        )
        tree.add(label).add(Text(step.detail, overflow="fold"))
    # What is read by a program, or kept in a file, isn't broken into lines.
    wide = console if console.is_terminal else Console(file=console.file, width=100_000)
    wide.print(tree)


def _document_type(text: str, domain: "Domain") -> "DocumentTypeIdentifier":
    from registry.identifiers.document_type import DocumentTypeIdentifier

    return DocumentTypeIdentifier.parse(text, scheme_optional=domain.identifiers.document_type.allow_no_scheme)


def _say_where(resolution: "Resolution", domain: "Domain", *, explain: bool, as_json: bool) -> None:
    from trust_lists.certificates.parsing import fingerprint, subject_text

    sha256 = fingerprint(resolution.certificate)
    if as_json:
        endpoint = resolution.endpoint_to_json()
        typer.echo(_json(resolution.participant, domain, FOUND, endpoint, resolution.explanation))
        return
    if explain:
        _show(resolution.explanation)
    for title, text in (
        ("Endpoint", resolution.endpoint.address),
        ("Transport profile", resolution.endpoint.transport_profile),
        ("Certificate", subject_text(resolution.certificate)),
        ("SHA-256", sha256),
    ):
        typer.echo(f"{title + ':':<19}{text}")
    for warning in resolution.warnings:
        typer.echo(f"warning: {warning}", err=True)


def _say_no(
    error: "DiscoveryError", participant: "ParticipantIdentifier", domain: "Domain", *, explain: bool, as_json: bool
) -> NoReturn:
    if as_json:
        typer.echo(_json(participant, domain, error.outcome, None, error.explanation))
    elif explain:
        _show(error.explanation)
    hint = "" if explain or as_json else " (--explain shows every step)"
    typer.echo(f"{error.outcome.replace('-', ' ')}: {error}{hint}", err=True)
    raise typer.Exit(EXIT_CODES[error.outcome]) from None


def _show(explanation: "Explanation") -> None:
    from rich.console import Console

    render_explanation(Console(), explanation)


def _json(
    participant: "ParticipantIdentifier",
    domain: "Domain",
    outcome: str,
    endpoint: dict[str, str] | None,
    explanation: "Explanation",
) -> str:
    answer = {
        "participant": str(participant),
        "domain": domain.name,
        "outcome": outcome,
        "endpoint": endpoint,
        "explanation": explanation.to_json(),
        "warnings": list(explanation.warnings),
    }
    return json.dumps(answer, indent=2)
