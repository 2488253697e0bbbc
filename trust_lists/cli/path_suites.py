# SPDX-License-Identifier: Apache-2.0
"""`trust-lists decide --limbo` and `--pkits`: the cases of public suites, and how many come out as wanted."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from trust_lists.cli.case_options import role_of
from trust_lists.cli.common import NO, fail, moment, read_file, with_progress
from trust_lists.cli.model_files import bare_model, files_in

if TYPE_CHECKING:
    from trust_lists.evaluation.path_suites import SuiteCase


def run_limbo(file: Path, model: str, role: str, at: str, *, as_json: bool) -> None:
    """The cases of x509-limbo, with their own anchors in place of the model's."""
    from trust_lists.evaluation.path_suites import limbo_cases

    if not model:
        raise typer.BadParameter("x509-limbo is run on a model; webpki has its rules", param_hint="--model")
    configuration = bare_model(model)
    wanted = role_of(configuration, role) if role else None
    _run(limbo_cases(read_file(file), configuration, moment(at), wanted), as_json=as_json)


def run_pkits(folder: Path, *, as_json: bool) -> None:
    """The cases of NIST PKITS, each with a configuration of its own."""
    from trust_lists.evaluation.path_suites import pkits_cases

    _run(pkits_cases(files_in(folder)), as_json=as_json)


def _run(cases: "Iterator[SuiteCase]", *, as_json: bool) -> None:
    from trust_lists.errors import SuiteError
    from trust_lists.evaluation.path_suites import run

    count = good = 0
    try:
        for case in with_progress(cases, "Deciding"):
            result = run(case)
            count += 1
            good += result.as_expected
            told = result.to_json()
            if as_json:
                typer.echo(json.dumps(told, ensure_ascii=False))
            else:
                state = "as expected" if result.as_expected else "OTHERWISE"
                why = f": {told['reason']}" if told["reason"] else ""
                typer.echo(f"{state:11} {told['actual']:7} {told['id']}{why}")
    except SuiteError as error:
        fail(str(error))
    typer.echo(f"{good} of {count} cases come out as expected", err=True)
    if good < count:
        raise typer.Exit(NO)
