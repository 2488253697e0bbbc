# SPDX-License-Identifier: Apache-2.0
"""`trust-lists qualify`: what trusted lists say of a certificate at a time, by the procedures of TS 119 615."""

import base64
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trust_lists.cli.common import NO, AsJson, At, fail, moment, print_json, read_file, with_progress
from trust_lists.cli.stores import store_folder

if TYPE_CHECKING:
    from trust_lists.certificates.listed import ListedCertificate
    from trust_lists.evaluation.ts119615 import ListEvidence
    from trust_lists.evaluation.ts119615.answers import Answer, Outcome
    from trust_lists.sources.snapshots import Snapshot

STANDARD = "TS 119 615 V1.3.1"
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)


class Procedure(StrEnum):
    """What is asked; each is one of the standard's procedures."""

    QC = "qc"
    QSCD = "qscd"
    ERDS = "erds"
    TIMESTAMP = "timestamp"
    VALIDATION = "validation"
    PRESERVATION = "preservation"
    ARCHIVING = "archiving"
    EAA = "eaa"
    LEDGER = "ledger"
    SERVICES = "services"


@dataclass(frozen=True)
class _Question:
    """What is asked about each certificate."""

    procedure: Procedure
    at: datetime
    stamped_at: datetime | None
    indications: tuple[str, ...]
    service_type: str
    territory: str


def qualify(
    certificates: Annotated[
        list[Path],
        typer.Argument(
            metavar="CERT",
            help="Certificates: PEM, DER or base64. Of a file with several, the first one is judged; the others may "
            "stand between it and a list.",
            show_default=False,
        ),
    ],
    snapshot: Annotated[
        str,
        typer.Option(
            metavar="DIR[@NAME]",
            envvar="TRUST_LISTS_STORE",
            help="The snapshot of lists to judge by: the newest one of a store, or a certain one; without it, the "
            "newest one in the user's folder of data.",
            show_default=False,
        ),
    ] = "",
    at: At = "",
    procedure: Annotated[
        Procedure,
        typer.Option(
            help="qc: qualified certificate, and its device; qscd: the same, the device decides; erds: registered "
            "delivery; timestamp, validation, preservation, archiving, eaa, ledger: who signed such a token or report; "
            "services: which services match."
        ),
    ] = Procedure.QC,
    intermediate: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Certificates that aren't judged, only used; repeatable.")
    ] = None,
    stamped_at: Annotated[str, typer.Option(metavar="TIME", help="genTime of the time stamp (timestamp).")] = "",
    eaa_type: Annotated[
        list[str] | None, typer.Option(metavar="URN", help="A type that the attestation names (eaa); repeatable.")
    ] = None,
    service_type: Annotated[
        str, typer.Option("--type", metavar="TYPE", help="CA/QC, EDS/Q … or a whole URI (services).")
    ] = "CA/QC",
    territory: Annotated[
        str, typer.Option(metavar="CC", help="Whose list is asked (services); by default the issuer's country.")
    ] = "",
    explain: Annotated[bool, typer.Option("--explain", help="Show each step with its clause.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say what the trusted lists of a snapshot say of certificates at a time, and why.

    Every CERT is judged. Exit code 0 means that the answer is yes for all of them.
    """
    if procedure is Procedure.TIMESTAMP and not stamped_at:
        raise typer.BadParameter("say when the stamp was made", param_hint="--stamped-at")
    question = _Question(
        procedure,
        moment(at),
        moment(stamped_at, "--stamped-at") if stamped_at else None,
        tuple(eaa_type or ()),
        service_type,
        territory,
    )
    files = {path: _certificates(path) for path in certificates}
    others = [each for path in intermediate or () for each in _certificates(path)]
    judged = [(path, found[0]) for path, found in files.items()]
    told = _answers(snapshot, judged, (*(each for found in files.values() for each in found), *others), question)
    if as_json:
        _print_json(told, question, explain=explain)
    else:
        _print_text(told, question, explain=explain)
    if not all(answer.positive for _path, _certificate, answer in told.answers):
        raise typer.Exit(NO)


@dataclass(frozen=True)
class _Told:
    snapshot: "Snapshot"
    answers: "list[tuple[Path, ListedCertificate, Answer]]"

    def warnings(self, at: datetime) -> list[str]:
        """What is wrong with the snapshot for answers about that time; expired lists say so in their sub-status."""
        from trust_lists.sources.states import ListState

        lotl = self.snapshot.manifest.lotl.at(at)
        if lotl.state is not ListState.EXPIRED or lotl.next_update is None:
            return []
        return [f"the list of lists of this snapshot expired on {lotl.next_update:%Y-%m-%d}: refresh, and ask again"]


def _answers(
    reference: str,
    judged: "list[tuple[Path, ListedCertificate]]",
    others: "tuple[ListedCertificate, ...]",
    question: _Question,
) -> _Told:
    from trust_lists.errors import TrustListError
    from trust_lists.evaluation.ts119615 import ListEvidence
    from trust_lists.sources.snapshots import load_snapshot

    try:
        snapshot = load_snapshot(reference or store_folder(None))
        evidence = ListEvidence(snapshot.authenticated(), snapshot.index(), others)
        ask = _procedure(question, evidence)
        found = [(path, each, ask(each)) for path, each in with_progress(judged, "Judging", len(judged))]
    except TrustListError as error:
        fail(str(error))
    return _Told(snapshot, found)


def _procedure(question: _Question, evidence: "ListEvidence") -> "Callable[[ListedCertificate], Answer]":
    from trust_lists.documents.vocabulary import SERVICE_TYPE
    from trust_lists.evaluation import ts119615
    from trust_lists.evaluation.ts119615.answers import answer, with_device
    from trust_lists.evaluation.ts119615.services import issuer_territory

    at, kind = question.at, question.service_type
    uri = kind if ":" in kind else f"{SERVICE_TYPE}{kind}"
    outcome: dict[Procedure, Callable[[ListedCertificate], Outcome]] = {
        Procedure.QSCD: lambda each: ts119615.qualified_device(each, at, evidence),
        Procedure.ERDS: lambda each: ts119615.registered_delivery(each, at, evidence),
        Procedure.TIMESTAMP: lambda each: ts119615.time_stamp(each, question.stamped_at or at, at, evidence),
        Procedure.VALIDATION: lambda each: ts119615.validation_service(each, at, evidence),
        Procedure.PRESERVATION: lambda each: ts119615.preservation_service(each, at, evidence),
        Procedure.ARCHIVING: lambda each: ts119615.archiving(each, at, evidence),
        Procedure.EAA: lambda each: ts119615.attribute_attestation(
            each, at, evidence, indications=question.indications
        ),
        Procedure.LEDGER: lambda each: ts119615.ledger(each, at, evidence),
        Procedure.SERVICES: lambda each: ts119615.matching_services(
            each, uri, at, question.territory or issuer_territory(each), evidence
        ),
    }
    if question.procedure is Procedure.QC:
        return lambda each: with_device(ts119615.qualified_device(each, at, evidence))
    ask = outcome[question.procedure]
    return lambda each: answer(ask(each))


def _certificates(path: Path) -> "list[ListedCertificate]":
    """The certificates of a file, also those that are encoded so badly that others refuse to load them."""
    from trust_lists.certificates.listed import ListedCertificate

    data = read_file(path)
    blocks = _PEM.findall(data)
    try:
        found = [base64.b64decode(b"".join(block.split()), validate=True) for block in blocks]
        if not blocks:
            found = [data if data.startswith(b"\x30") else base64.b64decode(b"".join(data.split()), validate=True)]
    except ValueError:
        found = []
    certificates = [ListedCertificate(each) for each in found]
    if not certificates or not all(each.key for each in certificates):
        raise typer.BadParameter(f"{path} holds no certificate (PEM, DER or base64), or a damaged one") from None
    return certificates


def _print_json(told: _Told, question: _Question, *, explain: bool) -> None:
    print_json(
        {
            "standard": STANDARD,
            "procedure": question.procedure.value,
            "at": question.at.isoformat(),
            "snapshot": told.snapshot.digest,
            "snapshot_at": told.snapshot.manifest.at.isoformat(),
            "warnings": told.warnings(question.at),
            "certificates": [
                {
                    "file": str(path),
                    "subject": certificate.subject_text,
                    "sha256": certificate.sha256,
                    **answer.to_json(explain=explain),
                }
                for path, certificate, answer in told.answers
            ],
        }
    )


def _print_text(told: _Told, question: _Question, *, explain: bool) -> None:
    from trust_lists.evaluation.ts119615.services import told as instant

    for path, certificate, answer in told.answers:
        typer.echo(f"{'YES' if answer.positive else 'NO'}  {path}: {answer.verdict}")
        for label, text in _facts(certificate, answer):
            typer.echo(f"     {label:11} {text}")
        if explain:
            typer.echo("\n" + answer.whole_explanation.as_text())
        typer.echo("")
    typer.echo(f"By {STANDARD} ({question.procedure.value}) at {instant(question.at)}, from the snapshot of")
    typer.echo(f"{instant(told.snapshot.manifest.at)}, {told.snapshot.digest}")
    for warning in told.warnings(question.at):
        typer.echo(f"warning: {warning}", err=True)


def _facts(certificate: "ListedCertificate", answer: "Answer") -> Iterable[tuple[str, str]]:
    from trust_lists.evaluation.ts119615.services import short
    from trust_lists.evaluation.ts119615.services import told as instant

    yield "certificate", certificate.subject_text or certificate.sha256
    for found in answer.services:
        state = found.state
        since = f" since {instant(state.starting_time)}" if state.starting_time else ""
        name = state.names[0].value if state.names else short(state.type)
        yield "service", f"{name}, of {found.provider} ({answer.territory}): {short(state.status)}{since}"
    for reason in answer.reasons:
        yield "because", reason.line
    yield "status", answer.status.value
    yield "results", ", ".join(answer.results) or "none"
    if answer.sub_status:
        yield "sub-status", ", ".join(answer.sub_status)
    if answer.device:
        yield "device", f"{', '.join(answer.device.results) or 'no result'} ({answer.device.status.value})"
