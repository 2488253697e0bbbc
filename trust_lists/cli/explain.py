# SPDX-License-Identifier: Apache-2.0
"""`trust-lists explain`: why certificates are accepted or not, step by step, and what would change the answer."""

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
from trust_lists.cli.common import NO, AsJson, At, print_json
from trust_lists.cli.decide import lines_of


def explain(
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
    as_json: AsJson = False,
) -> None:
    """Explain a decision: every step with its clause, and the least that would have to be otherwise for a yes.

    The options are those of `decide`, and so is the exit code.
    """
    from trust_lists.evaluation.decisions.counterfactual import counterfactuals
    from trust_lists.evaluation.decisions.engine import DecisionEngine

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
    told = []
    accepted = True
    for path, case in asked.cases:
        decision = engine.decide(case, asked.evidence, trace=True)
        others = counterfactuals(engine, case, asked.evidence)
        accepted = accepted and decision.accepted
        if as_json:
            found = [each.to_json() for each in others]
            told.append({"file": str(path), **decision.to_json(), "would_be_accepted_if": found})
            continue
        for line in (*lines_of(path, decision), *map(str, others)):
            typer.echo(line)
        if not (decision.accepted or others):
            typer.echo("no few changes would lead to a yes")
        typer.echo("")
    if as_json:
        print_json({"model": asked.configuration.id, "configuration": engine.address, "decisions": told})
    if not accepted:
        raise typer.Exit(NO)
