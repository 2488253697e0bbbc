# SPDX-License-Identifier: Apache-2.0
"""`trust-lists blast-radius`: what depends on each key, list and database of a trust model, and what breaks it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trust_lists.cli.common import AsJson, At, fail, moment, print_json, read_file, with_progress
from trust_lists.cli.model_files import bare_model, files_in

if TYPE_CHECKING:
    from datetime import datetime

    from trust_lists.certificates.listed import ListedCertificate
    from trust_lists.evaluation.blast_radius.components import Component
    from trust_lists.evaluation.blast_radius.network import Network
    from trust_lists.evaluation.blast_radius.result import BlastRadius
    from trust_lists.evaluation.blast_radius.standing import Standing
    from trust_lists.evaluation.decisions.evidence import Evidence
    from trust_lists.evaluation.trust_configuration import TrustConfiguration

MAX_FILES, MAX_FILE_BYTES = 20_000, 5_000_000

_Model = Annotated[
    str,
    typer.Argument(metavar="MODEL", help="A file (YAML or JSON), or the name of a shipped model.", show_default=False),
]


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked about."""

    configuration: "TrustConfiguration"
    effective: tuple[str, ...]
    certificates: "tuple[ListedCertificate, ...]"
    evidence: "Evidence"
    at: "datetime"


def blast_radius(
    model: _Model,
    component: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID",
            help="Only of this component: its id, or the SHA-256 of an authority's certificate; repeatable.",
        ),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Show components that reach nothing alone, too.")] = False,
    corpus: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Certificates of authorities and parties (PEM, DER, PKCS#7, also in folders)."
        ),
    ] = None,
    network: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The network: YAML or JSON; by default from the certificates.")
    ] = None,
    without: Annotated[
        str,
        typer.Option(
            metavar="CERT",
            help="What is lost without this authority, or its certificate: a file, SHA-256, name, or "
            "'each' for a table of all.",
        ),
    ] = "",
    at: At = "",
    effective: Annotated[
        bool, typer.Option("--effective", help="Put the model's declared deviations into force.")
    ] = False,
    evidence: Annotated[
        Path | None, typer.Option("--evidence", metavar="DIR", help="Evidence that `collect` has put there.")
    ] = None,
    show_network: Annotated[
        bool, typer.Option("--show-network", help="Print the network that would be asked about, and do nothing else.")
    ] = False,
    as_json: AsJson = False,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page with charts there.")] = None,
) -> None:
    """Say what depends on each key, list and database of a trust model: who could pass for whom with it.

    And which smallest sets of them reach an attacker's goals: impersonate, intercept, deny, roll back. All answers are
    those of the engine to certificates that could be issued, without a signature; nothing is fetched.
    """
    asked = _question(model, corpus, evidence, moment(at), effective=effective)
    if without:
        _without(asked, without, as_json=as_json, html=html)
        return
    chosen = _network(network, asked)
    if show_network:
        print_json(chosen.to_json())
        return
    found = _found(asked, chosen, component or ())
    if html is not None:
        from trust_lists.evaluation.blast_radius.page import page

        _write(html, page(found, everything=everything or bool(component)))
    if as_json:
        print_json(found.to_json())
        return
    from trust_lists.evaluation.blast_radius.text import as_text

    typer.echo(as_text(found, everything=everything or bool(component), names=bool(component)))


def _question(model: str, corpus: Path | None, evidence: Path | None, at: "datetime", *, effective: bool) -> _Question:
    from trust_lists.errors import ConfigurationError, SourceError
    from trust_lists.evaluation.decisions.evidence import Evidence
    from trust_lists.evaluation.trust_configuration import effective_configuration
    from trust_lists.evaluation.trust_configuration.certificates import with_certificates

    declared = bare_model(model, "MODEL")
    try:
        real = effective_configuration(declared) if effective else declared
    except ConfigurationError as error:
        raise typer.BadParameter("; ".join(error.reasons), param_hint="--effective") from None
    certificates = tuple(dict.fromkeys(_certificates(corpus))) if corpus is not None else ()
    held = {each.sha256: each for each in (*certificates, *_beside(Path(model).parent, real))}
    configuration = with_certificates(real, held)
    at_hand = Evidence()
    if evidence is not None:
        from trust_lists.sources.evidence import load_evidence

        try:
            at_hand = load_evidence(evidence, configuration, at)
        except SourceError as error:
            fail(f"{error} [{error.reason_id}]")
    deviations = tuple(each.id for each in declared.effective.deviations) if effective else ()
    return _Question(configuration, deviations, certificates, at_hand, at)


def _certificates(folder: Path) -> "Iterator[ListedCertificate]":
    """Those of all files below a folder; what holds none is passed over."""
    from trust_lists.errors import CertificateError
    from trust_lists.evaluation.trust_configuration.certificate_files import certificates_in

    if not folder.is_dir():
        raise typer.BadParameter(f"{folder} is no folder", param_hint="--corpus")
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size <= MAX_FILE_BYTES)
    if len(files) > MAX_FILES:
        raise typer.BadParameter(f"{folder} has more than {MAX_FILES} files", param_hint="--corpus")
    for path in with_progress(files, "Reading certificates", len(files)):
        data = read_file(path)
        if path.suffix == ".json":
            data = data.replace(b"\\n", b"\n")  # PEM as a string of JSON
        try:
            yield from certificates_in(data)
        except CertificateError:
            continue


def _beside(folder: Path, configuration: "TrustConfiguration") -> "Iterable[ListedCertificate]":
    """The certificates of a configuration that are in files beside it, or in itself."""
    from trust_lists.errors import CertificateError
    from trust_lists.evaluation.trust_configuration.certificate_files import certificates_in

    read = files_in(folder)
    for each in configuration.certificates():
        data = each.pem.encode() if each.pem else read(each.file_name)
        try:
            yield from certificates_in(data or b"")
        except CertificateError:
            continue


def _network(file: Path | None, asked: _Question) -> "Network":
    from trust_lists.errors import NetworkError
    from trust_lists.evaluation.blast_radius import read_network, suitable_network

    if file is None:
        return suitable_network(asked.configuration, asked.certificates, asked.at)
    try:
        return read_network(read_file(file))
    except NetworkError as error:
        reasons = "\n  ".join(error.reasons)
        raise typer.BadParameter(f"{file}:\n  {reasons}", param_hint="--network") from None


def _found(asked: _Question, network: "Network", names: Sequence[str]) -> "BlastRadius":
    from rich.console import Console

    from trust_lists.evaluation.blast_radius import blast_radius as compute
    from trust_lists.evaluation.blast_radius.components import components_of
    from trust_lists.evaluation.blast_radius.hypotheses import prepared

    ready, _told = prepared(asked.configuration, asked.at)
    known = components_of(ready, network, (*asked.evidence.intermediates, *asked.certificates))
    wanted = {each for name in names for each in _named(name, known)}
    with Console(stderr=True).status(f"Asking about {len(known)} components and {len(network.parties)} parties"):
        return compute(
            asked.configuration,
            network,
            asked.certificates,
            asked.at,
            evidence=asked.evidence,
            effective=asked.effective,
            wanted=lambda each: not wanted or each.id in wanted,
        )


def _named(name: str, known: "Sequence[Component]") -> set[str]:
    found = {
        each.id
        for each in known
        if name in {each.id, each.title, *(certificate.sha256 for certificate in each.certificates)}
    }
    if not found:
        told = f"there is no component {name}; there are {', '.join(each.id for each in known[:20])}"
        raise typer.BadParameter(told + (" …" if len(known) > 20 else ""), param_hint="--component")
    return found


def _without(asked: _Question, name: str, *, as_json: bool, html: Path | None) -> None:
    from trust_lists.evaluation.blast_radius.result import corpus_digest
    from trust_lists.evaluation.blast_radius.text import standing_text
    from trust_lists.evaluation.decisions.model import ENGINE_VERSION
    from trust_lists.evaluation.trust_configuration import content_address

    title, found = _standing(asked, name)
    address, digest = content_address(asked.configuration), corpus_digest(asked.certificates)
    source = f"Engine {ENGINE_VERSION} under {address[:16]}; {len(asked.certificates)} certificates {digest[:16]}"
    if html is not None:
        from trust_lists.evaluation.blast_radius.page import standing_page

        _write(html, standing_page(found, title, asked.configuration.id, source))
    if as_json:
        print_json(
            {
                "configuration": {"id": asked.configuration.id, "address": address, "effective": list(asked.effective)},
                "engine": ENGINE_VERSION,
                "at": asked.at.isoformat(),
                "corpus": {"digest": digest, "certificates": len(asked.certificates)},
                "without": title or None,
                "standing": [each.to_json() | ({"lost": list(each.without(title))} if title else {}) for each in found],
            }
        )
        return
    typer.echo(f"{standing_text(found, title)}\n\nFrom {source}")


def _standing(asked: _Question, name: str) -> "tuple[str, list[Standing]]":
    """The title of the authority that is taken out ("" for each), and what stands on which, by both measures."""
    from trust_lists.evaluation.blast_radius.assumed_network import assumed_network
    from trust_lists.evaluation.blast_radius.components import is_authority
    from trust_lists.evaluation.blast_radius.hypotheses import prepared
    from trust_lists.evaluation.blast_radius.sources import used_roles
    from trust_lists.evaluation.blast_radius.standing import authorities_of, standing_by_engine, standing_by_names
    from trust_lists.evaluation.decisions.evidence import Evidence

    ready, _told = prepared(asked.configuration, asked.at)
    own = [each.certificate for each in ready.certificates() if each.certificate is not None]
    held = tuple(dict.fromkeys((*own, *asked.evidence.intermediates, *filter(is_authority, asked.certificates))))
    authorities = authorities_of(held)
    title = ""
    if name != "each":
        digests = _digests(name)
        title = next(
            (
                each.title
                for each in authorities
                if each.title == name or digests & {one.sha256 for one in each.certificates}
            ),
            "",
        )
        if not title:
            told = f"no authority at hand is {name}; name a file, a SHA-256, or a subject as --without each prints it"
            raise typer.BadParameter(told, param_hint="--without")
    roles = used_roles(ready)
    if not roles:
        raise typer.BadParameter(f"{ready.id} has no rule for any role", param_hint="MODEL")
    parties = assumed_network(ready).parties
    party = next((each for each in parties if roles[0] in each.roles), parties[0])
    evidence = Evidence(asked.evidence.revocation, held, asked.evidence.lists, digest=asked.evidence.digest)
    return title, [
        standing_by_names(ready, authorities, roles[0]),
        standing_by_engine(
            ready,
            authorities,
            roles[0],
            party,
            asked.at,
            evidence,
            lambda items: with_progress(items, "Asking about authorities", len(items)),
        ),
    ]


def _digests(name: str) -> set[str]:
    """The SHA-256 that somebody names, or those of the certificates of a file."""
    from trust_lists.errors import CertificateError
    from trust_lists.evaluation.trust_configuration.certificate_files import certificates_in

    path = Path(name)
    if not path.is_file():
        return {name.lower()}
    try:
        return {each.sha256 for each in certificates_in(read_file(path))}
    except CertificateError as error:
        raise typer.BadParameter(f"{path}: {error}", param_hint="--without") from None


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        fail(f"{path} cannot be written: {error.strerror}")
