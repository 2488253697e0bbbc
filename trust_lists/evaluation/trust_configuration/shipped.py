# SPDX-License-Identifier: Apache-2.0
"""The models that come with the product: one for each way in which networks establish trust.

They name certificates by SHA-256 and file; the files are for whoever uses a model to put beside it.
"""

from importlib.resources import files

from trust_lists.errors import ConfigurationError

_FOLDER = "models"


def shipped_names() -> tuple[str, ...]:
    """The names of all models, sorted."""
    return tuple(sorted(each.name.removesuffix(".yaml") for each in files(__package__).joinpath(_FOLDER).iterdir()))


def shipped_model(name: str) -> bytes:
    """The text of a model (YAML). Raises ConfigurationError where there is none of this name."""
    if name not in shipped_names():
        raise ConfigurationError((f"there is no model {name}; there are {', '.join(shipped_names())}",))
    return files(__package__).joinpath(_FOLDER, f"{name}.yaml").read_bytes()
