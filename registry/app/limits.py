# SPDX-License-Identifier: Apache-2.0
"""The limits of a listener as the settings have them."""

import dataclasses

from registry.listeners.protocol import Limits
from registry.settings import Settings


def limits_of(settings: Settings) -> Limits:
    """Each limit is the setting of the same name."""
    names = {field.name for field in dataclasses.fields(Limits)}
    return Limits(**{name: value for name, value in settings.model_dump().items() if name in names})
