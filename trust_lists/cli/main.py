# SPDX-License-Identifier: Apache-2.0
"""The command `trust-lists`: trusted lists, signatures and certificates.

Exit codes: 0 yes; 1 no (the text says why); 2 wrong usage; 6 a file could not be read, or a server not be reached.
"""

import typer

from trust_lists.cli.blast_radius import blast_radius
from trust_lists.cli.build import build, reissue
from trust_lists.cli.certificate import certificate
from trust_lists.cli.check import check
from trust_lists.cli.collect import collect
from trust_lists.cli.compare import compare
from trust_lists.cli.decide import decide
from trust_lists.cli.diff import diff
from trust_lists.cli.explain import explain
from trust_lists.cli.model import model
from trust_lists.cli.qualify import qualify
from trust_lists.cli.refresh import refresh
from trust_lists.cli.score import score
from trust_lists.cli.services import services
from trust_lists.cli.show import show
from trust_lists.cli.sign import sign
from trust_lists.cli.signature import signature
from trust_lists.cli.simulate import simulate
from trust_lists.cli.snapshot import snapshot
from trust_lists.cli.verify import verify

app = typer.Typer(no_args_is_help=True, help="Trusted lists, certificates and signatures of eDelivery networks.")
app.add_typer(signature, name="signature")
app.add_typer(certificate, name="certificate")
app.add_typer(snapshot, name="snapshot")
app.add_typer(model, name="model")
app.command(
    "refresh", epilog="Example: trust-lists refresh --lotl lists/ --oj-certs oj/ --oj-url https://oj.example/1"
)(refresh)
app.command("show", epilog="Example: trust-lists show BE.xml")(show)
app.command("services", epilog="Example: trust-lists services BE.xml --type CA/QC --status granted --at 2023-11-01")(
    services
)
app.command("check", epilog="Example: trust-lists check BE.xml --xsd schemas/")(check)
app.command("diff", epilog="Example: trust-lists diff BE_66.xml BE_67.xml --format html > changes.html")(diff)
app.command("verify", epilog="Example: trust-lists verify list.xml --lotl eu-lotl.xml --at 2023-11-01")(verify)

app.command("build", epilog="Example: trust-lists build example.yaml --sign --key tlso.p12 --password-file tlso.pw")(
    build
)
app.command("reissue", epilog="Example: trust-lists reissue example.yaml --key tlso.p12 --password-file tlso.pw")(
    reissue
)
app.command("sign", epilog="Example: trust-lists sign example.unsigned.xml --key tlso.p12 --ask-password")(sign)
app.command("compare", epilog="Example: trust-lists compare peppol-g2 peppol-g3 --corpus aps/ --html changes.html")(
    compare
)
app.command("collect", epilog="Example: trust-lists collect --model peppol-g3 --certificate ap.pem --out evidence/")(
    collect
)
app.command("qualify", epilog="Example: trust-lists qualify alice.pem --snapshot lists/ --at 2023-11-01")(qualify)
app.command(
    "decide",
    epilog="Example: trust-lists decide ap.pem --model peppol-g3 --certificates anchors/ --role ap-sign --crl ap.crl",
)(decide)
app.command(
    "explain", epilog="Example: trust-lists explain ap.pem --model peppol-g3 --certificates anchors/ --role ap-sign"
)(explain)
app.command("blast-radius", epilog="Example: trust-lists blast-radius peppol-g3 --corpus certificates/ --html b.html")(
    blast_radius
)
app.command("score", epilog="Example: trust-lists score --facts facts.yaml --judgements ours.yaml --format html")(score)
app.command("simulate", epilog="Example: trust-lists simulate --models T1,T2,T6 --access-points 33 --svg charts/")(
    simulate
)


def main() -> None:
    """Entry point of the command."""
    app()
