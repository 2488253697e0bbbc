# SPDX-License-Identifier: Apache-2.0
"""Exit codes of every command but `resolve`, and how errors become them."""

from registry.errors import ConfigurationError, RegistryError, TechnicalError

DONE = 0
REFUSED = 1
"""Done, but something was refused or a check came out negative."""
USAGE = 2
TECHNICAL = 6


def exit_code_for(error: Exception) -> int:
    """The exit code of a command that ended with this error."""
    if isinstance(error, ConfigurationError):
        return USAGE
    if isinstance(error, TechnicalError) or not isinstance(error, RegistryError):
        return TECHNICAL
    return REFUSED
