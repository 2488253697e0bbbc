# SPDX-License-Identifier: Apache-2.0
"""`registry sml certificate`: the certificates that may speak for an SMP at the SML, and what ends before long."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from registry.cli.common import DOMAIN_OPTION, JSON_OPTION

if TYPE_CHECKING:
    from datetime import datetime

    from cryptography import x509


app = typer.Typer(help="The certificates that may speak for the SMPs of a domain.", no_args_is_help=True)
_SMP_ID = typer.Argument(metavar="SMP_ID", help="The id of an SMP; case means nothing.")
_SHA256 = typer.Argument(
    metavar="SHA256", help="The certificate's fingerprint, as `registry sml certificate list` says."
)
_FROM = typer.Option(None, "--from", help="From this instant on, in ISO 8601 (UTC); by default as it was, or now.")
_UNTIL = typer.Option(None, "--until", help="Until this instant; by default until the certificate's end.")
_LAST = typer.Option(False, "--last", help="Nobody else speaks for the SMP now, and that is meant.")


@app.command("list", epilog="Example: registry sml certificate list SMP-1")
def list_certificates(
    smp_id: str = _SMP_ID, domain: str | None = DOMAIN_OPTION, json_output: bool = JSON_OPTION
) -> None:
    """List the certificates of an SMP, one a line, with the window in which each may speak for it."""
    from registry.cli.common import chosen_domain, open_instance, print_json
    from registry.cli.listing import as_json, shown

    with open_instance() as instance:
        for row in instance.administration.publisher(chosen_domain(instance, domain), smp_id)[1]:
            if json_output:
                print_json(as_json(row))
                continue
            begin, end = shown(row.usable_from, "always"), shown(row.usable_until, "its end")
            typer.echo(f"{row.sha256}\t{row.subject}\tvalid until {shown(row.not_after)}\tspeaks {begin} to {end}")


@app.command("ending", epilog="Example: registry sml certificate ending --days 30")
def ending(
    days: int = typer.Option(90, "--days", min=0, max=3650, help="Those that end within so many days, or have ended."),
    all_domains: bool = typer.Option(False, "--all-domains", help="Of every domain."),
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """List what ends before long: certificates of SMPs, the signing key, access points; what ends first comes first."""
    from datetime import timedelta

    from registry.cli.common import chosen_domain, open_instance, print_json
    from registry.cli.listing import PAGE, as_json, shown
    from registry.sml.reminders import known_by_name
    from registry.storage.queries import certificate_ends
    from registry.storage.queries.certificate_ends import EndingFilter

    with open_instance() as instance:
        names = {stored.id: stored.domain.name for stored in instance.directory.all()}
        wanted_ids = None if all_domains else [chosen_domain(instance, domain).id]
        now = instance.database.now()
        by_name, place = known_by_name(instance.directory.all()), None
        wanted = EndingFilter(None, now + timedelta(days=days), wanted_ids, by_name)
        while True:
            with instance.database.read() as connection:
                rows = certificate_ends.ending(connection, wanted, now, PAGE, place)
            for row in rows:
                name = names[row.domain_id]
                if json_output:
                    print_json(as_json(row) | {"domain": name})
                else:
                    state = "has a successor" if row.has_successor else "has none"
                    typer.echo(f"{shown(row.ends_at)}\t{name}\t{row.kind}\t{row.name}\t{row.subject}\t{state}")
            if len(rows) < PAGE:
                return
            place = rows[-1].place


@app.command("add", epilog="Example: registry sml certificate add SMP-1 smp-2.pem --from 2027-01-31T06:00:00Z")
def add(
    smp_id: str = _SMP_ID,
    certificate: Path = typer.Argument(help="The certificate, PEM or DER.", exists=True),
    begin: str | None = _FROM,
    end: str | None = _UNTIL,
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Let a certificate speak for an SMP, beside those that do; also after they have expired."""
    from registry.cli.common import chosen_domain, cli_actor, open_instance
    from registry.sml.publisher_certificates import Window

    new, window = _certificate(certificate), Window(_instant(begin, "--from"), _instant(end, "--until"))
    with open_instance() as instance:
        stored = chosen_domain(instance, domain)
        sha256 = instance.administration.add_certificate(cli_actor(), stored, smp_id, new, window)
    _say(smp_id, sha256, "added", json_output=json_output)


@app.command("change", epilog="Example: registry sml certificate change SMP-1 SHA256 --until 2027-02-28T00:00:00Z")
def change(
    smp_id: str = _SMP_ID,
    sha256: str = _SHA256,
    begin: str | None = _FROM,
    end: str | None = _UNTIL,
    last: bool = _LAST,
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Give a certificate of an SMP another window."""
    from registry.cli.common import chosen_domain, cli_actor, open_instance
    from registry.sml.publisher_certificates import Window

    window = Window(_instant(begin, "--from"), _instant(end, "--until"))
    with open_instance() as instance:
        stored, sml = chosen_domain(instance, domain), instance.administration
        changed = sml.change_certificate(cli_actor(), stored, smp_id, sha256.lower(), window, last=last)
    _say(smp_id, sha256, "changed" if changed else "unchanged", json_output=json_output)


@app.command("end", epilog="Example: registry sml certificate end SMP-1 SHA256")
def end(
    smp_id: str = _SMP_ID,
    sha256: str = _SHA256,
    last: bool = _LAST,
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Let a certificate speak for an SMP no more, from now on."""
    from registry.cli.common import chosen_domain, cli_actor, open_instance

    with open_instance() as instance:
        stored, sml = chosen_domain(instance, domain), instance.administration
        sml.end_certificate(cli_actor(), stored, smp_id, sha256.lower(), last=last)
    _say(smp_id, sha256, "ended", json_output=json_output)


@app.command(
    "prove",
    epilog="Example: registry sml certificate prove SMP-1 --domain peppol --present smp.pem --next smp-2.p12 "
    "--from 2027-01-31T06:00:00Z",
)
def prove(
    smp_id: str = _SMP_ID,
    domain: str = typer.Option(..., "--domain", help="The name of the domain at the SML, as it tells over its API."),
    present: Path = typer.Option(..., "--present", exists=True, help="The present certificate, PEM or DER."),
    following: Path = typer.Option(
        ..., "--next", exists=True, help="The next key with its certificate, PKCS#12 or PEM."
    ),
    begin: str = typer.Option(..., "--from", help="The instant of the change, in ISO 8601 with its zone."),
    password_file: Path | None = typer.Option(None, "--password-file", help="File with the next key's password."),
) -> None:
    """Print the body with which an SMP asks an SML for its next certificate: it proves that it has the key.

    Nothing is sent and no database is needed. Send it with the present certificate, by POST to
    `/edelivery-sml/v1/publishers/SMP_ID/certificates`.
    """
    import base64

    from cryptography.hazmat.primitives.serialization import Encoding

    from registry.cli.common import print_json
    from registry.sml.key_proof import CertificateChange, instant_text, prove, read_instant
    from registry.smp.signed_documents import read_signing_key

    key = read_signing_key(following, password_file)
    asked = CertificateChange(domain, smp_id, _certificate(present), key.certificate, read_instant(begin))
    body = {
        "certificate": base64.b64encode(key.certificate.public_bytes(Encoding.DER)).decode(),
        "from": instant_text(asked.begin),
        "proof": base64.b64encode(prove(key, asked)).decode(),
    }
    print_json(body)


def _say(smp_id: str, sha256: str, outcome: str, *, json_output: bool) -> None:
    from registry.cli.common import print_json

    if json_output:
        print_json({"smp_id": smp_id, "sha256": sha256, "outcome": outcome})
    else:
        typer.echo(f"{smp_id}: {sha256} {outcome}")


def _certificate(file: Path) -> "x509.Certificate":
    from registry.errors import ValidationError
    from trust_lists.certificates.parsing import load_certificate
    from trust_lists.errors import CertificateError

    try:
        return load_certificate(file.read_bytes())
    except CertificateError as error:
        raise ValidationError.of("SML-CERTIFICATE-FORM", f"{file}: {error}") from error


def _instant(text: str | None, option: str) -> "datetime | None":
    from registry.cli.roll_over import read_instant

    return None if text is None else read_instant(text, option)
