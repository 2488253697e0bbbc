# SPDX-License-Identifier: Apache-2.0
"""What commands that decide have in common: which certificates, by which model, in which role, on which evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trust_lists.cli.common import fail, moment, read_file
from trust_lists.cli.model_files import load_model

if TYPE_CHECKING:
    from trust_lists.certificates.listed import ListedCertificate
    from trust_lists.evaluation.decisions.evidence import Evidence
    from trust_lists.evaluation.decisions.model import Case
    from trust_lists.evaluation.trust_configuration.model import Context, Role, TrustConfiguration

Certificates = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="CERT",
        help="Certificates: PEM, DER or PKCS#7. Of a file with several the first one is decided about; the others may "
        "stand above it.",
        show_default=False,
    ),
]
Model = Annotated[
    str,
    typer.Option("--model", metavar="MODEL", help="A file (YAML or JSON), or the name of a shipped model."),
]
Beside = Annotated[
    Path | None,
    typer.Option("--certificates", metavar="DIR", help="Where the model's certificates are; by default beside it."),
]
RoleName = Annotated[str, typer.Option("--role", metavar="ROLE", help="What the certificate is used for: ap-sign …")]
Intermediates = Annotated[
    list[Path] | None,
    typer.Option("--intermediates", metavar="FILE", help="Certificates that may stand above; repeatable."),
]
ContextValues = Annotated[
    list[str] | None,
    typer.Option(
        "--context",
        metavar="NAME=VALUE",
        help="What is known about who is meant: party, domain, seat_id, smp_id, host; repeatable.",
    ),
]
Asserted = Annotated[
    Path | None,
    typer.Option("--asserted", metavar="FILE", help="The certificates that signed SMP metadata name for the endpoint."),
]
EvidenceFolder = Annotated[
    Path | None, typer.Option("--evidence", metavar="DIR", help="Evidence that `collect` has put there.")
]
Crls = Annotated[
    list[Path] | None, typer.Option("--crl", metavar="FILE", help="A certificate revocation list; repeatable.")
]
Responses = Annotated[list[Path] | None, typer.Option("--ocsp", metavar="FILE", help="An OCSP response; repeatable.")]


@dataclass(frozen=True, slots=True)
class CaseOptions:
    """The options as they were given."""

    certificates: Sequence[Path]
    model: str
    beside: Path | None
    role: str
    intermediates: Sequence[Path]
    context: Sequence[str]
    asserted: Path | None
    at: str
    evidence: Path | None
    crls: Sequence[Path]
    responses: Sequence[Path]


@dataclass(frozen=True, slots=True)
class Questions:
    """What is asked, of which configuration, on what evidence."""

    configuration: "TrustConfiguration"
    cases: "tuple[tuple[Path, Case], ...]"
    evidence: "Evidence"


def questions(options: CaseOptions) -> Questions:
    """Reads all that the options name. Ends the program, saying what to do, where that fails."""
    from trust_lists.evaluation.decisions.model import Case

    if not options.certificates:
        raise typer.BadParameter("name at least one certificate", param_hint="CERT")
    for option, given in (("--model", options.model), ("--role", options.role)):
        if not given:
            raise typer.BadParameter("this is needed to decide about certificates", param_hint=option)
    at = moment(options.at)
    configuration = load_model(options.model, options.beside)
    role = role_of(configuration, options.role)
    others = tuple(each for path in options.intermediates for each in _read(path, "--intermediates"))
    asserted = _read(options.asserted, "--asserted") if options.asserted else None
    known = _context(options.context)
    cases = [
        (
            path,
            Case(
                role=role,
                certificate=found[0],
                at=at,
                intermediates=(*found[1:], *others),
                context=known,
                asserted=None if asserted is None else frozenset(each.sha256 for each in asserted),
            ),
        )
        for path, found in ((path, _read(path, "CERT")) for path in options.certificates)
    ]
    return Questions(configuration, tuple(cases), _evidence(options, configuration, at))


def role_of(configuration: "TrustConfiguration", name: str) -> "Role":
    """The role of a name. Ends the program where there is none, or the model has no rule for it."""
    from trust_lists.evaluation.trust_configuration.model import Role

    known = [role.value for role in Role if configuration.rule(role)]
    if name not in {role.value for role in Role}:
        told = f"there is no role {name}; {configuration.id} has {', '.join(known) or 'none'}"
        raise typer.BadParameter(told, param_hint="--role")
    if name not in known:
        told = f"{configuration.id} has no rule for {name}; it has {', '.join(known) or 'none'}"
        raise typer.BadParameter(told, param_hint="--role")
    return Role(name)


def _read(path: Path, option: str) -> "tuple[ListedCertificate, ...]":
    from trust_lists.errors import CertificateError
    from trust_lists.evaluation.trust_configuration.certificate_files import certificates_in

    try:
        return certificates_in(read_file(path))
    except CertificateError as error:
        raise typer.BadParameter(f"{path}: {error}", param_hint=option) from None


def _context(values: Sequence[str]) -> "Mapping[Context, str]":
    from trust_lists.evaluation.trust_configuration.model import Context

    names = {each.value.removeprefix("context."): each for each in Context}
    found = {}
    for value in values:
        name, equals, text = value.partition("=")
        if name.removeprefix("context.") not in names or not equals:
            told = f"{value!r} is not NAME=VALUE with a name of {', '.join(names)}"
            raise typer.BadParameter(told, param_hint="--context")
        found[names[name.removeprefix("context.")]] = text
    return found


def _evidence(options: CaseOptions, configuration: "TrustConfiguration", at: datetime) -> "Evidence":
    from trust_lists.certificates.revocation.evidence import RevocationEvidence
    from trust_lists.errors import SourceError
    from trust_lists.evaluation.decisions.evidence import Evidence

    if options.evidence is None:
        found = RevocationEvidence(map(read_file, options.crls), map(read_file, options.responses))
        for reason in found.unreadable:
            typer.echo(f"warning: {reason.message}", err=True)
        return Evidence(found)
    from trust_lists.sources.evidence import load_evidence

    if options.crls or options.responses:
        raise typer.BadParameter("the folder has all evidence; leave out --crl and --ocsp", param_hint="--evidence")
    try:
        return load_evidence(options.evidence, configuration, at)
    except SourceError as error:
        fail(f"{error} [{error.reason_id}]")
