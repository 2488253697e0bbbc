# SPDX-License-Identifier: Apache-2.0
"""`trust-lists sign`: a list that was built elsewhere, or by hand, gets its signature and its place."""

from pathlib import Path
from typing import Annotated

import typer

from trust_lists.cli.common import AsJson, moment, print_json, read_certificates, read_file
from trust_lists.cli.own_lists import AskPassword, IssueAt, Key, PasswordFile, facts, load_key, print_list, refusals


def sign(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A list without signature: XML, or JSON of TS 119 602.")],
    key: Key,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="The signed list. Default: FILE without .unsigned."),
    ] = None,
    signer: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="CERT",
            help="Who may have signed the issue that is in place (PEM or DER; repeatable). Default: the key's own.",
        ),
    ] = None,
    password_file: PasswordFile = None,
    ask_password: AskPassword = False,
    at: IssueAt = "",
    as_json: AsJson = False,
) -> None:
    """Sign a list, verify it, and put it in place with its .sha2.

    Where a list is in place already, only the very next issue of it is put there.
    """
    from trust_lists.publishing.issuing import put_in_place, sign_list, signer_of
    from trust_lists.publishing.placing import signed_path

    signing_key = load_key(key, password_file, ask=ask_password)
    before = [each for path in signer or () for each in read_certificates(path, "--signer")]
    target = output or signed_path(file)
    data = read_file(file)
    with refusals(as_json=as_json):
        issue = sign_list(data, signing_key, moment(at))
        followed = put_in_place(issue, target, draft=data, signers=before or [signer_of(signing_key)])
    document = issue.verified.document
    if as_json:
        print_json({"written": True, "lists": [facts(document, target, issue.warnings)]})
        return
    print_list(document, target, issue.warnings)
    if document.scheme.sequence > 1 and not followed:
        typer.echo("  warning: the issue before is not there, nothing was compared with it", err=True)
