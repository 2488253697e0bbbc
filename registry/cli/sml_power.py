# SPDX-License-Identifier: Apache-2.0
"""`registry sml suspend|resume|transfer|block|unblock|lift-quarantine`: the powers of an SML's operator."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from registry.cli.common import DOMAIN_OPTION, JSON_OPTION
from registry.cli.intervention_page import PLAN, REASON, TOKEN_FILE, YES, ask

if TYPE_CHECKING:
    from registry.identifiers.participant import ParticipantIdentifier
    from registry.sml.interventions.model import CertificateName, Kind, Wanted
    from registry.storage.domain_directory import StoredDomain

_SMP_ID = typer.Argument(None, metavar="[SMP_ID]", help="The id of an SMP; case means nothing.")
_PARTICIPANTS = typer.Option([], "--participant", help="A participant, as scheme::value; may be given again.")
_FILES = typer.Argument(None, exists=True, dir_okay=False, metavar="[FILE]...", help="Certificates, in PEM or DER.")
_ISSUER = typer.Option(None, "--issuer", help="The issuer of a certificate that isn't at hand, as RFC 4514 writes it.")
_SERIAL = typer.Option(None, "--serial", help="Its serial number, in hexadecimal.")
SUSPEND_EPILOG = "Example: registry sml suspend SMP-1 --reason 'its key was stolen'"
RESUME_EPILOG = "Example: registry sml resume SMP-1"
TRANSFER_EPILOG = "Example: registry sml transfer SMP-1 SMP-2 --order 'court 12/2026' --plan"
BLOCK_EPILOG = "Example: registry sml block stolen.pem --reason 'its key was stolen'"
UNBLOCK_EPILOG = "Example: registry sml unblock --issuer 'CN=SMP CA,C=BE' --serial 1f00"
LIFT_EPILOG = "Example: registry sml lift-quarantine iso6523-actorid-upis::0088:7300010000001"


def suspend(
    smp_id: str | None = _SMP_ID,
    participant: list[str] = _PARTICIPANTS,
    reason: str = REASON,
    domain: str | None = DOMAIN_OPTION,
    token_file: Path | None = TOKEN_FILE,
    plan: bool = PLAN,
    yes: bool = YES,
    json_output: bool = JSON_OPTION,
) -> None:
    """Suspend an SMP, or participants: their names go from DNS, their data stay.

    A suspended SMP may not call either.
    """
    from registry.cli.common import chosen_domain, open_instance
    from registry.sml.interventions.model import Kind

    with open_instance() as instance:
        stored = chosen_domain(instance, domain)
        wanted = _either(stored, smp_id, participant, (Kind.SUSPEND_PUBLISHER, Kind.SUSPEND_PARTICIPANT), reason)
        ask(instance, stored, wanted, token_file, plan=plan, yes=yes, json_output=json_output)


def resume(
    smp_id: str | None = _SMP_ID,
    participant: list[str] = _PARTICIPANTS,
    reason: str = REASON,
    domain: str | None = DOMAIN_OPTION,
    token_file: Path | None = TOKEN_FILE,
    plan: bool = PLAN,
    yes: bool = YES,
    json_output: bool = JSON_OPTION,
) -> None:
    """Resume an SMP, or participants, that were suspended."""
    from registry.cli.common import chosen_domain, open_instance
    from registry.sml.interventions.model import Kind

    with open_instance() as instance:
        stored = chosen_domain(instance, domain)
        wanted = _either(stored, smp_id, participant, (Kind.RESUME_PUBLISHER, Kind.RESUME_PARTICIPANT), reason)
        ask(instance, stored, wanted, token_file, plan=plan, yes=yes, json_output=json_output)


def transfer(
    smp_id: str = typer.Argument(metavar="SMP_ID", help="The SMP whose participants are to go."),
    to_smp_id: str = typer.Argument(metavar="TO_SMP_ID", help="The SMP that is to have them."),
    order: str = typer.Option(..., "--order", help="The reference of the order on which it is done."),
    participant: list[str] = typer.Option([], "--participant", help="Only this one; may be given again."),
    reason: str = REASON,
    domain: str | None = DOMAIN_OPTION,
    token_file: Path | None = TOKEN_FILE,
    plan: bool = PLAN,
    yes: bool = YES,
    json_output: bool = JSON_OPTION,
) -> None:
    """Give all participants of an SMP to another one, on an order and without the key of the first.

    Their names lead to the other SMP, their open migrations end. Many participants are moved by a job.
    """
    from registry.cli.common import chosen_domain, open_instance
    from registry.sml.interventions.model import Kind, Wanted

    with open_instance() as instance:
        stored = chosen_domain(instance, domain)
        participants = _participants(stored, participant)
        wanted = Wanted(Kind.TRANSFER, smp_id, to_smp_id, participants, order_reference=order, reason=reason)
        ask(instance, stored, wanted, token_file, plan=plan, yes=yes, json_output=json_output)


def block(
    files: list[Path] = _FILES,
    issuer: str | None = _ISSUER,
    serial: str | None = _SERIAL,
    reason: str = REASON,
    domain: str | None = DOMAIN_OPTION,
    token_file: Path | None = TOKEN_FILE,
    plan: bool = PLAN,
    yes: bool = YES,
    json_output: bool = JSON_OPTION,
) -> None:
    """Block certificates of SMPs, at once; shows who would lose access."""
    from registry.cli.common import chosen_domain, open_instance
    from registry.sml.interventions.model import Kind, Wanted

    with open_instance() as instance:
        stored = chosen_domain(instance, domain)
        wanted = Wanted(Kind.BLOCK_CERTIFICATE, certificates=_certificates(files, issuer, serial), reason=reason)
        ask(instance, stored, wanted, token_file, plan=plan, yes=yes, json_output=json_output)


def unblock(
    files: list[Path] = _FILES,
    issuer: str | None = _ISSUER,
    serial: str | None = _SERIAL,
    reason: str = REASON,
    domain: str | None = DOMAIN_OPTION,
    token_file: Path | None = TOKEN_FILE,
    plan: bool = PLAN,
    yes: bool = YES,
    json_output: bool = JSON_OPTION,
) -> None:
    """Let blocked certificates in again."""
    from registry.cli.common import chosen_domain, open_instance
    from registry.sml.interventions.model import Kind, Wanted

    with open_instance() as instance:
        stored = chosen_domain(instance, domain)
        wanted = Wanted(Kind.UNBLOCK_CERTIFICATE, certificates=_certificates(files, issuer, serial), reason=reason)
        ask(instance, stored, wanted, token_file, plan=plan, yes=yes, json_output=json_output)


def lift_quarantine(
    participants: list[str] = typer.Argument(metavar="PARTICIPANT...", help="As scheme::value."),
    reason: str = REASON,
    domain: str | None = DOMAIN_OPTION,
    token_file: Path | None = TOKEN_FILE,
    plan: bool = PLAN,
    yes: bool = YES,
    json_output: bool = JSON_OPTION,
) -> None:
    """Let anybody register participants that were deregistered, before their quarantine ends."""
    from registry.cli.common import chosen_domain, open_instance
    from registry.sml.interventions.model import Kind, Wanted

    with open_instance() as instance:
        stored = chosen_domain(instance, domain)
        wanted = Wanted(Kind.LIFT_QUARANTINE, participants=_participants(stored, participants), reason=reason)
        ask(instance, stored, wanted, token_file, plan=plan, yes=yes, json_output=json_output)


def _either(
    stored: "StoredDomain", smp_id: str | None, participants: list[str], kinds: "tuple[Kind, Kind]", reason: str
) -> "Wanted":
    from registry.sml.interventions.model import Wanted

    if (smp_id is None) == (not participants):
        raise typer.BadParameter("name either an SMP, or participants by --participant")
    of_publisher, of_participants = kinds
    if smp_id is not None:
        return Wanted(of_publisher, smp_id, reason=reason)
    return Wanted(of_participants, participants=_participants(stored, participants), reason=reason)


def _participants(stored: "StoredDomain", texts: list[str]) -> "tuple[ParticipantIdentifier, ...]":
    from registry.identifiers.participant import ParticipantIdentifier

    optional = stored.domain.identifiers.participant.allow_no_scheme
    return tuple(ParticipantIdentifier.parse(text, scheme_optional=optional) for text in texts)


def _certificates(files: list[Path] | None, issuer: str | None, serial: str | None) -> "tuple[CertificateName, ...]":
    from registry.errors import ValidationError
    from registry.sml.interventions.model import CertificateName
    from trust_lists.certificates.parsing import load_certificate, load_certificates_pem
    from trust_lists.errors import CertificateError

    if (issuer is None) != (serial is None) or not (files or issuer):
        raise typer.BadParameter("name files with certificates, or one certificate by --issuer and --serial")
    names = []
    for file in files or ():
        data = file.read_bytes()
        try:
            every = load_certificates_pem(data) if b"-----BEGIN" in data else [load_certificate(data)]
        except CertificateError as error:
            raise ValidationError.of("CERTIFICATE-PEM", f"{file}: {error}") from error
        names += [CertificateName.of(certificate) for certificate in every]
    if issuer is not None and serial is not None:
        names.append(CertificateName.read(issuer, serial))
    return tuple(dict.fromkeys(names))
