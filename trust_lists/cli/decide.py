# SPDX-License-Identifier: Apache-2.0
"""`trust-lists decide`: whether certificates are accepted in a role, by a trust model; and public suites of cases."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trust_lists.cli.case_options import (
    Asserted,
    Beside,
    CaseOptions,
    Certificates,
    ContextValues,
    Crls,
    EvidenceFolder,
    Intermediates,
    Model,
    Responses,
    RoleName,
    questions,
)
from trust_lists.cli.common import NO, AsJson, At, print_json, with_progress
from trust_lists.cli.path_suites import run_limbo, run_pkits

if TYPE_CHECKING:
    from trust_lists.evaluation.decisions.model import Decision


def decide(
    certificates: Certificates = None,
    model: Model = "",
    beside: Beside = None,
    role: RoleName = "",
    intermediates: Intermediates = None,
    context: ContextValues = None,
    asserted: Asserted = None,
    at: At = "",
    evidence: EvidenceFolder = None,
    crls: Crls = None,
    responses: Responses = None,
    trace: Annotated[bool, typer.Option("--trace", help="Show each step with its clause.")] = False,
    limbo: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Run the cases of an x509-limbo file on the model, with their own anchors."),
    ] = None,
    pkits: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Run NIST PKITS (pkits.json, certs, crls) on a model of its own.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Decide whether certificates are accepted in a role: by a model, at a time, on the evidence at hand.

    Nothing is fetched. Exit code 0 means that all are accepted; of a suite, that all cases come out as it wants.
    """
    from trust_lists.evaluation.decisions.engine import DecisionEngine

    suite = limbo or pkits
    if suite is not None and (certificates or (limbo and pkits)):
        raise typer.BadParameter("one suite, or certificates", param_hint="--limbo, --pkits, CERT")
    if limbo is not None:
        run_limbo(limbo, model, role, at, as_json=as_json)
        return
    if pkits is not None:
        if model or role:
            raise typer.BadParameter("PKITS brings its own model; leave out --model and --role", param_hint="--pkits")
        run_pkits(pkits, as_json=as_json)
        return
    asked = questions(
        CaseOptions(
            certificates=certificates or (),
            model=model,
            beside=beside,
            role=role,
            intermediates=intermediates or (),
            context=context or (),
            asserted=asserted,
            at=at,
            evidence=evidence,
            crls=crls or (),
            responses=responses or (),
        )
    )
    engine = DecisionEngine(asked.configuration)
    decided = [
        (path, engine.decide(case, asked.evidence, trace=trace))
        for path, case in with_progress(asked.cases, "Deciding", len(asked.cases))
    ]
    if as_json:
        print_json(
            {
                "model": asked.configuration.id,
                "configuration": engine.address,
                "decisions": [{"file": str(path), **decision.to_json()} for path, decision in decided],
            }
        )
    else:
        for path, decision in decided:
            for line in lines_of(path, decision):
                typer.echo(line)
    if not all(decision.accepted for _path, decision in decided):
        raise typer.Exit(NO)


def lines_of(path: Path, decision: "Decision") -> list[str]:
    """A decision for people: the outcome with what decided it, then all else that fails, warnings, and the trace."""
    decisive = decision.decisive
    told = f"{decision.subject}: by {', '.join(decision.grounds)}" if decisive is None else str(decisive)
    lines = [f"{decision.outcome.value:<13} {path}: {told}"]
    lines += [f"{'':13} {'?' if each.undecided else '-'} {each}" for each in decision.checks[1:]]
    lines += [f"{'':13} warning: {each}" for each in decision.warnings]
    if decision.trace is not None:
        lines += decision.trace.lines(" " * 14)
    return lines
