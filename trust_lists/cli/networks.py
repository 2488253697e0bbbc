# SPDX-License-Identifier: Apache-2.0
"""What the commands that fetch have in common: which addresses they may ask."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from trust_lists.sources.addresses import AddressPolicy

AllowNetwork = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-network",
        metavar="NETWORK",
        help="A network of one's own that may be asked as well (10.0.0.0/8); repeatable. Others must be public.",
        show_default=False,
    ),
]


def own_networks(given: list[str] | None) -> "AddressPolicy":
    """The policy that the option asks for; ends the program where it is no network."""
    from trust_lists.errors import SourceError
    from trust_lists.sources.addresses import AddressPolicy

    try:
        return AddressPolicy.of(given or ())
    except SourceError as error:
        raise typer.BadParameter(str(error), param_hint="--allow-network") from None
