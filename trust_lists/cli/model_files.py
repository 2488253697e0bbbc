# SPDX-License-Identifier: Apache-2.0
"""Models as commands name them: a file, or the name of a shipped model, with the certificates that belong beside it."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from trust_lists.cli.common import read_file

if TYPE_CHECKING:
    from trust_lists.evaluation.trust_configuration import TrustConfiguration

MAX_FILE_BYTES = 10_000_000

Files = Callable[[str], bytes | None]


def model_text(name: str, option: str) -> tuple[bytes, Path]:
    """The text of a model, and the folder that its certificates are in by default. Ends the program without one."""
    from trust_lists.errors import ConfigurationError
    from trust_lists.evaluation.trust_configuration.shipped import shipped_model

    path = Path(name)
    if path.suffix or path.exists():
        return read_file(path), path.parent
    try:
        return shipped_model(name), Path()
    except ConfigurationError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None


def files_in(folder: Path) -> Files:
    """Reads the files of a folder by their names; None where there is none."""

    def read(name: str) -> bytes | None:
        try:
            with (folder / name).open("rb") as stream:
                return stream.read(MAX_FILE_BYTES)
        except OSError:
            return None

    return read


def load_model(name: str, certificates: Path | None, option: str = "--model") -> "TrustConfiguration":
    """The model with all its certificates. Ends the program, saying what is missing, where it can't be used."""
    from trust_lists.errors import ConfigurationError
    from trust_lists.evaluation.trust_configuration import read_configuration

    data, folder = model_text(name, option)
    try:
        return read_configuration(data, files_in(certificates or folder)).configuration
    except ConfigurationError as error:
        told = "\n".join(f"  {reason}" for reason in error.reasons)
        hint = f"Its certificates are looked for in {certificates or folder}; --certificates names another folder."
        raise typer.BadParameter(f"{name} can't be used:\n{told}\n{hint}", param_hint=option) from None


def bare_model(name: str, option: str = "--model") -> "TrustConfiguration":
    """The model without its certificates, for whoever brings others. Ends the program where it can't be read."""
    from trust_lists.errors import ConfigurationError
    from trust_lists.evaluation.trust_configuration import read_configuration

    data, _folder = model_text(name, option)
    try:
        return read_configuration(data).configuration
    except ConfigurationError as error:
        raise typer.BadParameter("; ".join(error.reasons), param_hint=option) from None
