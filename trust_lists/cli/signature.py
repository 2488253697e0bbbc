# SPDX-License-Identifier: Apache-2.0
"""`trust-lists signature`: XML signatures, and who made them."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trust_lists.cli.common import NO, AsJson, At, moment, print_json, read_certificates, read_file

if TYPE_CHECKING:
    from trust_lists.certificates.listed import ListedCertificate
    from trust_lists.evaluation import Decision
    from trust_lists.signatures.xmldsig import VerifiedDocument

signature = typer.Typer(no_args_is_help=True, help="XML signatures.")


@signature.command("verify", epilog="Example: trust-lists signature verify metadata.xml --anchors ca.pem")
def verify(
    file: Annotated[Path, typer.Argument(help="The signed XML document.")],
    archive: Annotated[
        bool, typer.Option("--archive", help="Also accept what was allowed in former years, such as SHA-1.")
    ] = False,
    anchors: Annotated[
        Path | None, typer.Option(help="PEM file of authorities; without it, nobody is asked who signed.")
    ] = None,
    at: At = "",
    as_json: AsJson = False,
) -> None:
    """Verify the signature of a document, and with --anchors also who made it."""
    from trust_lists.errors import TrustListError
    from trust_lists.signatures.xmldsig import ARCHIVE, PEPPOL_1_4, verify_enveloped
    from trust_lists.xml import parse_xml

    asked = moment(at)
    trusted = read_certificates(anchors, "--anchors") if anchors else None
    document = read_file(file)
    try:
        root_tags = (parse_xml(document).tag,)
        found = verify_enveloped(document, profile=ARCHIVE if archive else PEPPOL_1_4, root_tags=root_tags)
    except TrustListError as error:
        _print_refusal(error, as_json=as_json)
        raise typer.Exit(NO) from None
    decision = _decide(found, trusted, asked) if trusted is not None else None
    _print_verified(found, decision, as_json=as_json)
    if decision is not None and not decision.accepted:
        raise typer.Exit(NO)


def _decide(found: "VerifiedDocument", anchors: "tuple[ListedCertificate, ...]", at: datetime) -> "Decision":
    """By the smallest configuration there is: an end entity with a path to one of the anchors."""
    from trust_lists.certificates.listed import listed
    from trust_lists.certificates.revocation.rules import RevocationRule
    from trust_lists.evaluation import Case, DecisionEngine
    from trust_lists.evaluation.trust_configuration.importers.building import OPEN_LEAF, Draft, revocation
    from trust_lists.evaluation.trust_configuration.model import (
        AnchorKind,
        Answer,
        EndpointCertificate,
        KeyUsageRule,
        PathTo,
        Role,
        RoleRule,
        Usage,
    )

    draft = Draft("signature-verify", "anchors-at-hand")
    to = tuple(draft.anchor(each, AnchorKind.CA) for each in anchors)
    end_entity = KeyUsageRule(required=(), forbidden=(Usage.KEY_CERT_SIGN,), absent=Answer.ACCEPT)
    not_asked = revocation(RevocationRule.NO_CHECK, RevocationRule.NO_CHECK)
    rule = RoleRule(PathTo(to, issuer_must_be_anchor=False), replace(OPEN_LEAF, key_usage=end_entity), not_asked)
    made = draft.finish({Role.SMP_SIGN: rule}, EndpointCertificate.HINT, allow_wider=False)
    case = Case(Role.SMP_SIGN, listed(found.certificate), at, tuple(map(listed, found.other_certificates)))
    return DecisionEngine(made.configuration).decide(case)


def _print_verified(found: "VerifiedDocument", decision: "Decision | None", *, as_json: bool) -> None:
    from trust_lists.certificates.parsing import fingerprint, subject_text

    facts = {
        "root": found.root.tag,
        "signer": subject_text(found.certificate),
        "sha256": fingerprint(found.certificate),
        "signature_algorithm": found.signature_algorithm,
        "digest_algorithm": found.digest_algorithm,
        "canonicalization": found.canonicalization,
    }
    if as_json:
        trust = decision.to_json() if decision else None
        print_json({"signature": "valid", **facts, "decision": trust})
        return
    typer.echo("The signature is valid.")
    for name, value in facts.items():
        typer.echo(f"{name:20} {value}")
    if decision is None:
        typer.echo("Whether the signer is trusted was not asked (--anchors).")
        return
    typer.echo(f"The signer: {decision.outcome.value}")
    for check in decision.checks:
        typer.echo(f"  {check}")
    typer.echo("Whether it was revoked was not asked.")


def _print_refusal(error: Exception, *, as_json: bool) -> None:
    reason_id = getattr(error, "reason_id", "")
    if as_json:
        print_json({"signature": "invalid", "reason_id": reason_id, "message": str(error)})
    else:
        typer.echo(f"The signature is not valid: {error} [{reason_id}]", err=True)
