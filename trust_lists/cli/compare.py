# SPDX-License-Identifier: Apache-2.0
"""`trust-lists compare`: what another trust configuration would change, on real certificates and on generated ones."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trust_lists.cli.case_options import EvidenceFolder
from trust_lists.cli.common import NO, AsJson, fail, moment, print_json
from trust_lists.cli.corpus import read_corpus
from trust_lists.cli.model_files import files_in, model_text

if TYPE_CHECKING:
    from datetime import datetime

    from trust_lists.evaluation.comparison import Compared, Comparison
    from trust_lists.evaluation.decisions.evidence import Evidence
    from trust_lists.evaluation.trust_configuration.model import Context, Role, TrustConfiguration

OWN_TIME = "own"
_FROM_CERTIFICATE = "@"


class Effective(StrEnum):
    """Which side is taken as it is in effect, with its declared deviations."""

    NONE = "none"
    A = "A"
    B = "B"
    BOTH = "both"


def compare(
    a: Annotated[str, typer.Argument(metavar="A", help="A file (YAML or JSON), or the name of a shipped model.")],
    b: Annotated[str, typer.Argument(metavar="B", help="What A is compared with: what would come next, say.")],
    corpus: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="PATH",
            help="Certificates to decide about: a file (PEM, DER, PKCS#7, JSON) or a folder of them; repeatable.",
        ),
    ] = None,
    roles: Annotated[
        list[str] | None,
        typer.Option("--role", metavar="ROLE", help="Only this role; repeatable. By default all that have a rule."),
    ] = None,
    at: Annotated[
        str,
        typer.Option(
            metavar="TIME",
            help="Decide at this time (ISO 8601), not now; `own`: about each certificate in the middle of its "
            "validity.",
        ),
    ] = "",
    certificates: Annotated[
        list[Path] | None,
        typer.Option(metavar="DIR", help="Where the models' certificates are; repeatable. By default beside each."),
    ] = None,
    evidence: EvidenceFolder = None,
    context: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="What is known about who is meant: party, domain, seat_id, smp_id, host. A value such as @CN is that "
            "of the certificate itself; repeatable.",
        ),
    ] = None,
    no_revocation: Annotated[
        bool, typer.Option("--no-revocation", help="Compare all but revocation: no role asks for it.")
    ] = False,
    effective: Annotated[
        Effective, typer.Option(help="Put the declared deviations of a side into force.")
    ] = Effective.NONE,
    probes: Annotated[
        bool, typer.Option("--probes", help="Also ask about generated certificates at the edges of every rule.")
    ] = False,
    add: Annotated[int, typer.Option(metavar="N", min=0, help="What it costs to take in N more access points.")] = 0,
    access_points: Annotated[
        int, typer.Option(metavar="N", min=1, help="Access points that are there before (with --add).")
    ] = 400,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page with plots there.")] = None,
    markdown: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the report as Markdown there.")] = None,
    as_json: AsJson = False,
) -> None:
    """Compare two trust configurations: what they say, what they decide, and where their edges are.

    Exit code 0: no difference was found; 1: there are some.
    """
    from trust_lists.errors import SimulationError
    from trust_lists.evaluation.comparison import Asked
    from trust_lists.evaluation.comparison import compare as compare_configurations

    when = moment("" if at == OWN_TIME else at)
    found = read_corpus(corpus or ())
    sides = [
        _side(name, model, certificates or (), evidence, when, effective, bare=not (found.subjects or probes))
        for name, model in (("A", a), ("B", b))
    ]
    known, own = _context(context or ())
    asked = Asked(
        at=when,
        roles=_roles(roles or ()),
        corpus=found.subjects,
        own_time=at == OWN_TIME,
        context=known,
        own_context=own,
        probes=probes,
        present=access_points,
        added=add,
        without_revocation=no_revocation,
    )
    for each in found.unread:
        typer.echo(f"warning: {each}", err=True)
    try:
        with _progress() as progress:
            result = compare_configurations(sides[0], sides[1], asked, progress)
    except SimulationError as error:
        raise typer.BadParameter("; ".join(error.reasons), param_hint="--add") from None
    _write(result, html, markdown)
    _print(result, as_json=as_json)
    if not result.same:
        raise typer.Exit(NO)


def _side(
    name: str,
    model: str,
    folders: Sequence[Path],
    evidence: Path | None,
    at: "datetime",
    effective: Effective,
    *,
    bare: bool,
) -> "Compared":
    from trust_lists.errors import ConfigurationError
    from trust_lists.evaluation.comparison import Compared
    from trust_lists.evaluation.trust_configuration import effective_configuration

    configuration = _configuration(model, name, folders, bare=bare)
    in_effect = effective.value in {name, Effective.BOTH}
    if in_effect:
        try:
            configuration = effective_configuration(configuration)
        except ConfigurationError as error:
            raise typer.BadParameter("; ".join(error.reasons), param_hint="--effective") from None
    return Compared(name, configuration, _evidence(evidence, configuration, at), in_effect)


def _configuration(model: str, name: str, folders: Sequence[Path], *, bare: bool) -> "TrustConfiguration":
    """With its certificates; `bare` does without those that are missing, since nothing is decided."""
    from trust_lists.errors import ConfigurationError
    from trust_lists.evaluation.trust_configuration import read_configuration

    data, beside = model_text(model, name)
    places = [files_in(folder) for folder in (*folders, beside)]

    def files(wanted: str) -> bytes | None:
        return next((found for read in places if (found := read(wanted)) is not None), None)

    try:
        return read_configuration(data, files).configuration
    except ConfigurationError as error:
        reasons = "\n".join(f"  {reason}" for reason in error.reasons)
    if bare:
        try:
            found = read_configuration(data).configuration
        except ConfigurationError:
            pass
        else:
            typer.echo(f"warning: {name} is compared without its certificates:\n{reasons}", err=True)
            return found
    hint = "\n--certificates names the folder that its certificates are in."
    raise typer.BadParameter(f"{model} can't be used:\n{reasons}{hint}", param_hint=name)


def _evidence(folder: Path | None, configuration: "TrustConfiguration", at: "datetime") -> "Evidence":
    from trust_lists.errors import SourceError
    from trust_lists.evaluation.decisions.evidence import Evidence
    from trust_lists.sources.evidence import load_evidence

    if folder is None:
        return Evidence()
    try:
        return load_evidence(folder, configuration, at)
    except SourceError as error:
        fail(str(error))


def _roles(names: Sequence[str]) -> "tuple[Role, ...]":
    from trust_lists.evaluation.trust_configuration.model import Role

    known = [role.value for role in Role]
    if unknown := [name for name in names if name not in known]:
        raise typer.BadParameter(f"no role {', '.join(unknown)}; there are {', '.join(known)}", param_hint="--role")
    return tuple(Role(name) for name in dict.fromkeys(names))


def _context(
    values: Sequence[str],
) -> "tuple[tuple[tuple[Context, str], ...], tuple[tuple[Context, str], ...]]":
    """What is known for all, and what is taken from each certificate."""
    from trust_lists.evaluation.decisions.leaf import ATTRIBUTES
    from trust_lists.evaluation.trust_configuration.model import Context

    names = {each.value.removeprefix("context."): each for each in Context}
    known, own = [], []
    for value in values:
        name, equals, text = value.partition("=")
        if name not in names or not equals:
            told = f"{value!r} is not NAME=VALUE with a name of {', '.join(names)}"
            raise typer.BadParameter(told, param_hint="--context")
        if not text.startswith(_FROM_CERTIFICATE):
            known.append((names[name], text))
            continue
        attribute = text.removeprefix(_FROM_CERTIFICATE)
        if attribute not in ATTRIBUTES:
            told = f"there is no attribute {attribute}; there are {', '.join(ATTRIBUTES)}"
            raise typer.BadParameter(told, param_hint="--context")
        own.append((names[name], attribute))
    return tuple(known), tuple(own)


@contextmanager
def _progress() -> "Iterator[Callable[[int, int], None]]":
    """A bar on standard error, where that is a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Deciding", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _write(result: "Comparison", html: Path | None, markdown: Path | None) -> None:
    from trust_lists.evaluation.comparison import rendering

    for path, render in ((html, rendering.page), (markdown, rendering.markdown)):
        if path is None:
            continue
        try:
            path.write_text(render(result), encoding="utf-8")
        except OSError as error:
            fail(f"{path} cannot be written: {error.strerror}")


def _print(result: "Comparison", *, as_json: bool) -> None:
    from trust_lists.evaluation.comparison import rendering

    if as_json:
        print_json(result.to_json())
    else:
        typer.echo(rendering.text(result))
