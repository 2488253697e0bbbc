# SPDX-License-Identifier: Apache-2.0
"""`registry participant move-out` and `move-in`: participants of our SMP go to another SMP, and come from one."""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from registry.cli.common import DOMAIN_OPTION, JSON_OPTION
from registry.cli.foreign_sml import CA_OPTION, IDENTITY_OPTION, SML_OPTION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from registry.app.instance import Instance
    from registry.identifiers.participant import ParticipantIdentifier
    from registry.metadata import Redirect, ServiceMetadata
    from registry.smp.handover import Handover
    from registry.storage.domain_directory import StoredDomain

OUT_EPILOG = "Example: registry participant move-out iso6523-actorid-upis::0088:4035811991021"
IN_EPILOG = "Example: registry participant move-in iso6523-actorid-upis::0088:4035811991021 'Ab12!!cd34-Xy'"


def move_out(
    participants: list[str] = typer.Argument(metavar="PARTICIPANT...", help="As scheme::value."),
    status: bool = typer.Option(False, "--status", help="Only say whether somebody has taken them over."),
    finish: bool = typer.Option(False, "--finish", help="Withdraw what is published of those that were taken over."),
    cancel: bool = typer.Option(False, "--cancel", help="Let the keys that were given out mean nothing any more."),
    redirect: str | None = typer.Option(
        None, "--redirect", metavar="URL", help="With --finish: leave redirects to the SMP at this address instead."
    ),
    redirect_certificate: Path | None = typer.Option(
        None, "--redirect-certificate", metavar="PEM", help="With --redirect: the certificate with which it signs."
    ),
    sml: str | None = SML_OPTION,
    identity: Path | None = IDENTITY_OPTION,
    ca: Path | None = CA_OPTION,
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Let another SMP take participants over: prints a key for each, which that SMP needs, once.

    Nothing changes for senders until it uses the key. Then run the same with --finish.
    """
    from registry.cli.common import chosen_domain, cli_actor, open_instance
    from registry.identifiers.migration_key import new_migration_key

    if status + finish + cancel > 1:
        raise typer.BadParameter("only one of --status, --finish and --cancel can be meant")
    if redirect is not None and not finish:
        raise typer.BadParameter("--redirect goes with --finish")
    leads = None if redirect is None else _redirect(redirect, redirect_certificate)
    with open_instance() as instance:
        stored = chosen_domain(instance, domain)
        parsed = [participant_in(stored, text) for text in participants]
        with _handover(instance, stored, sml, identity, ca) as handover:

            def act(participant: "ParticipantIdentifier") -> dict[str, str]:
                if status:
                    return {"outcome": "still ours" if handover.is_ours(participant) else "taken over"}
                if finish:
                    handover.finish(cli_actor(), participant, leads)
                    return {"outcome": "withdrawn" if leads is None else "redirected"}
                if cancel:
                    handover.withdraw_offer(participant)
                    return {"outcome": "cancelled"}
                key = new_migration_key()
                handover.offer(participant, key)
                return {"outcome": "prepared", "key": key}

            _each(parsed, act, json_output=json_output)


def move_in(
    participant: str = typer.Argument(help="As scheme::value."),
    key: str = typer.Argument(help="The migration key that the SMP gave which has the participant now."),
    files: list[Path] = typer.Option(
        [],
        "--from",
        exists=True,
        metavar="PATH",
        help="Documents or exports with what is to be published; by default the SMP is asked that has it now.",
    ),
    dns: str | None = typer.Option(None, "--dns", metavar="HOST:PORT", help="The name server to find that SMP by."),
    sml: str | None = SML_OPTION,
    identity: Path | None = IDENTITY_OPTION,
    ca: Path | None = CA_OPTION,
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Take a participant over from another SMP: publishes it here, and calls the SML; all of it, or nothing.

    What is published of it here already is kept as it is. Where no answer comes, run the same again.
    """
    from registry.app.signing_job import request_signing
    from registry.cli.common import chosen_domain, cli_actor, open_instance

    with open_instance() as instance:
        stored = chosen_domain(instance, domain)
        wanted = participant_in(stored, participant)
        with _handover(instance, stored, sml, identity, ca) as handover:
            published = handover.is_published(wanted)
            documents = () if published else _content(instance, stored, wanted, files, dns)
            taken = handover.take_over(cli_actor(), wanted, key, documents)
            led_away = published and handover.only_redirects(wanted)
        with instance.database.write(cli_actor()) as work:
            request_signing(work, stored.id)  # or else each first reader waits for a signature
    if led_away:
        typer.echo(f"note: all that is published of {wanted} here is redirects: publish its services anew", err=True)
    document_types = [str(metadata.document_type) for metadata in documents]
    _say({"participant": str(wanted), "outcome": taken.value, "published": document_types}, json_output=json_output)


def _content(
    instance: "Instance",
    stored: "StoredDomain",
    participant: "ParticipantIdentifier",
    files: "Sequence[Path]",
    dns: str | None,
) -> "tuple[ServiceMetadata, ...]":
    from registry.discovery.client import open_client
    from registry.smp.exchange.one_participant import metadata_of_participant

    if files:
        rules = stored.domain.identifiers
        return metadata_of_participant(files, participant, lambda other: rules.same_participant(other, participant))
    with open_client(stored.domain, dns, trust=instance.trust_models.of(stored.domain)) as client:
        return client.collect(participant)


@contextlib.contextmanager
def _handover(
    instance: "Instance", stored: "StoredDomain", sml: str | None, identity: Path | None, ca: Path | None
) -> "Iterator[Handover]":
    from registry.cli.common import cli_actor
    from registry.cli.foreign_sml import open_foreign_sml
    from registry.errors import ConfigurationError
    from registry.smp.handover import Handover
    from registry.smp.handover_sml import ForeignSml, OwnSml

    smp_id, name = stored.domain.smp.smp_id, stored.domain.name
    if not smp_id:
        raise ConfigurationError(f"the domain {name} doesn't say which SMP it is: set smp.smp_id")
    if sml is not None:
        if stored.domain.sml.enabled:
            raise ConfigurationError(f"this instance is the SML of the domain {name}: leave --sml out")
        with open_foreign_sml(sml, identity, ca) as client:
            yield Handover(instance.database, instance.publishing, stored, ForeignSml(client, smp_id))
        return
    if not stored.domain.sml.enabled:
        raise ConfigurationError(f"the SML of the domain {name} is not here: say --sml URL, --identity PEM")
    own = OwnSml(instance.administration, cli_actor(), stored, smp_id)
    yield Handover(instance.database, instance.publishing, stored, own)


def _each(
    participants: "Sequence[ParticipantIdentifier]",
    act: "Callable[[ParticipantIdentifier], dict[str, str]]",
    *,
    json_output: bool,
) -> None:
    """One after the other; what is refused for one keeps nobody else back."""
    from registry.cli.exits import REFUSED
    from registry.errors import RegistryError, TechnicalError

    refused = False
    for participant in participants:
        try:
            done: dict[str, Any] = {"participant": str(participant), **act(participant)}
        except RegistryError as error:
            refused = True
            outcome = "failed" if isinstance(error, TechnicalError) else "refused"
            done = {"participant": str(participant), "outcome": outcome, "reason": str(error)}
        _say(done, json_output=json_output)
    if refused:
        raise typer.Exit(REFUSED)


def _say(done: dict[str, Any], *, json_output: bool) -> None:
    from registry.cli.common import print_json

    if json_output:
        print_json(done)
        return
    more = [done[name] for name in ("key", "reason") if name in done]
    typer.echo("\t".join([done["participant"], done["outcome"], *more]))


def _redirect(url: str, certificate: Path | None) -> "Redirect":
    from cryptography.hazmat.primitives.serialization import Encoding

    from registry.errors import ConfigurationError
    from registry.metadata import Redirect
    from trust_lists.certificates.parsing import load_certificate, subject_text
    from trust_lists.errors import CertificateError

    if certificate is None:
        raise typer.BadParameter("--redirect needs --redirect-certificate: senders compare the signer with it")
    try:
        signer = load_certificate(certificate.read_bytes())
    except (OSError, CertificateError) as error:
        raise ConfigurationError(f"{certificate} can't be used: {error}") from error
    return Redirect(url, subject_text(signer), certificate=signer.public_bytes(Encoding.DER))


def participant_in(stored: "StoredDomain", text: str) -> "ParticipantIdentifier":
    """A participant as somebody wrote it for a domain. Raises ValidationError."""
    from registry.identifiers.participant import ParticipantIdentifier

    optional = stored.domain.identifiers.participant.allow_no_scheme
    return ParticipantIdentifier.parse(text, scheme_optional=optional)
