# SPDX-License-Identifier: Apache-2.0
"""`trust-lists verify`: is this list signed by whom it has to be signed?"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trust_lists.cli.common import NO, AsJson, At, fail, moment, print_json, read_certificates, read_file

if TYPE_CHECKING:
    from trust_lists.certificates.listed import ListedCertificate
    from trust_lists.documents.model import TrustedList
    from trust_lists.signatures.list_policies import ListPolicy
    from trust_lists.sources.lotl import LotlOutcome
    from trust_lists.sources.verifying import VerifiedList

_NOT_AUTHENTICATED = "not authenticated: give --oj-certs and --oj-url"


def verify(
    file: Annotated[Path, typer.Argument(help="The list: XML, or compact JWS.")],
    signer: Annotated[
        list[Path] | None, typer.Option(metavar="CERT", help="A certificate that may sign (PEM or DER); repeatable.")
    ] = None,
    lotl: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A list of lists, whose pointer says who may sign.")
    ] = None,
    oj_certs: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Certificates of the Official Journal, to authenticate the list of lists."),
    ] = None,
    oj_url: Annotated[
        str, typer.Option(metavar="URL", help="Where that Official Journal is, as the list of lists names it.")
    ] = "",
    archive: Annotated[
        bool, typer.Option("--archive", help="Also accept what was allowed in former years, such as SHA-1.")
    ] = False,
    at: At = "",
    as_json: AsJson = False,
) -> None:
    """Verify who signed a trusted list.

    With --at, the signer's certificate must be valid at that time. Pivots of a list of lists are looked for beside it.
    """
    from trust_lists.errors import TrustListError
    from trust_lists.signatures.list_policies import ARCHIVE, CURRENT
    from trust_lists.sources.verifying import verify_announced, verify_list

    if bool(signer) == bool(lotl):
        raise typer.BadParameter(
            "say who may sign, by certificates or by a list of lists", param_hint="--signer/--lotl"
        )
    if bool(oj_certs) != bool(oj_url) or (oj_certs and not lotl):
        raise typer.BadParameter("these belong together, and to --lotl", param_hint="--oj-certs/--oj-url")
    now = moment(at)
    verification_time = now if at else None
    policy = ARCHIVE if archive else CURRENT
    data = read_file(file)
    try:
        if lotl is None:
            above = None
            certificates = [each for path in signer or () for each in read_certificates(path, "--signer")]
            found = verify_list(data, signers=certificates, policy=policy, verification_time=verification_time)
        else:
            above = _Above.of(lotl, _oj_certificates(oj_certs), oj_url, now, policy)
            found = verify_announced(data, above.document, policy=policy, verification_time=verification_time)
    except TrustListError as error:
        _refuse(str(error), {"reason_id": getattr(error, "reason_id", "")}, as_json=as_json)
    _print(file, found, above, now, as_json=as_json)


def _oj_certificates(folder: Path | None) -> "tuple[ListedCertificate, ...]":
    from trust_lists.errors import SourceError
    from trust_lists.sources.oj_certificates import read_oj_certificates

    try:
        return read_oj_certificates([folder]).certificates if folder else ()
    except SourceError as error:
        raise typer.BadParameter(str(error), param_hint="--oj-certs") from None


@dataclass(frozen=True, slots=True)
class _Above:
    """The list of lists; `status` is that of TS 119 615 §4.1.4, "" where it wasn't authenticated."""

    document: "TrustedList"
    status: str
    warnings: tuple[str, ...]

    @classmethod
    def of(
        cls, path: Path, anchors: "tuple[ListedCertificate, ...]", oj_url: str, at: datetime, policy: "ListPolicy"
    ) -> "_Above":
        """Raises TrustListError; ends the program where a list of lists can't be authenticated."""
        from trust_lists.errors import SignatureInvalidError
        from trust_lists.sources.verifying import verify_list

        data = read_file(path)
        if not anchors:
            found = verify_list(data, signers=None, policy=policy)
            return cls(found.document, "", tuple(f"the list of lists: {each}" for each in found.warnings))
        outcome = _authenticate(path, data, anchors, oj_url, at)
        if outcome.document is None:
            codes = ", ".join(outcome.sub_status)
            if outcome.unreachable:
                fail(f"the list of lists: {outcome.detail} ({codes})")
            raise SignatureInvalidError(outcome.sub_status[0], f"the list of lists: {outcome.detail} ({codes})")
        return cls(outcome.document, outcome.status, outcome.warnings)

    def to_json(self) -> dict[str, Any]:
        scheme = self.document.scheme
        return {
            "authenticated": bool(self.status),
            "status": self.status,
            "territory": scheme.territory,
            "sequence": scheme.sequence,
            "warnings": list(self.warnings),
        }


def _authenticate(
    path: Path, data: bytes, anchors: "tuple[ListedCertificate, ...]", oj_url: str, at: datetime
) -> "LotlOutcome":
    from trust_lists.documents.reading import read_unverified
    from trust_lists.sources.lotl import LotlConfiguration, authenticate_lotl
    from trust_lists.sources.pointers import own_pointer

    own = own_pointer(read_unverified(data))
    location = own.location if own else path.name
    return authenticate_lotl(LotlConfiguration(oj_url, location, anchors), _beside(path, location, data), at)


def _beside(path: Path, location: str, data: bytes) -> Callable[[str], bytes]:
    """The list of lists itself at its location, and its pivots from the folder that it is in."""
    from trust_lists.errors import SourceError
    from trust_lists.sources.folder import FolderSource

    source = FolderSource(path.absolute().parent)

    def get(url: str) -> bytes:
        if url == location:
            return data
        found = source.fetch(url).data
        if found is None:
            raise SourceError("FETCH_NOT_FOUND", f"the folder has no file for {url}")
        return found

    return get


def _refuse(message: str, facts: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json({"verdict": "refused", **facts, "message": message})
    else:
        typer.echo(f"The list is refused: {message} [{facts['reason_id']}]", err=True)
    raise typer.Exit(NO)


def _print(file: Path, found: "VerifiedList", above: _Above | None, at: datetime, *, as_json: bool) -> None:
    from trust_lists.sources.states import state_of

    scheme = found.document.scheme
    state = state_of(found.document, at, confirmed=True).value
    facts = {
        "form": found.document.dialect.value,
        "territory": scheme.territory,
        "type": scheme.list_type,
        "version": scheme.version,
        "sequence": scheme.sequence,
        "issued_at": _instant(scheme.issued_at),
        "next_update": _instant(scheme.next_update),
        "state": state,
        "services": len(found.document.services),
        "signer": found.signer.subject_text,
        "signer_sha256": found.signer.sha256,
        "signature": found.signature,
        "signing_time": _instant(found.signing_time),
        "sha256": found.sha256,
    }
    if as_json:
        list_of_lists = {"list_of_lists": above.to_json()} if above else {}
        print_json({"verdict": "verified", **facts, "warnings": list(found.warnings), **list_of_lists})
        return
    typer.echo(f"{file}: verified.")
    for name, value in facts.items():
        typer.echo(f"{name:14} {'-' if value in (None, '') else value}")
    if above:
        scheme = above.document.scheme
        typer.echo(f"{'list of lists':14} {scheme.territory} {scheme.sequence}, {above.status or _NOT_AUTHENTICATED}")
    for warning in (*found.warnings, *(above.warnings if above else ())):
        typer.echo(f"warning: {warning}", err=True)


def _instant(value: datetime | None) -> str | None:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if value else None
