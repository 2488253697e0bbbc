# SPDX-License-Identifier: Apache-2.0
"""What a cutover needs done outside of this installation: by a command of the operator, or by the operator's own hands.

A command is run without a shell, as the user who runs the cutover, with the number of the move in the environment. It
may be run twice: whoever is broken off begins a step anew.
"""

import os
import shlex
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from registry.errors import ConfigurationError, ConflictError, TechnicalError

_SHOWN = 500
_TIMEOUT_S = 600


@dataclass(frozen=True, slots=True)
class ByCommand:
    """Something that a command does."""

    command: str
    timeout_s: float = _TIMEOUT_S

    def do(self, number: int) -> Mapping[str, Any]:
        """Run it. Raises ConfigurationError where it can't be run, TechnicalError where it fails or takes too long."""
        try:
            words = shlex.split(self.command)
            done = subprocess.run(
                words,
                capture_output=True,
                timeout=self.timeout_s,
                check=False,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "REGISTRY_MOVE_IN_NUMBER": str(number)},
            )
        except (OSError, ValueError, IndexError) as error:
            raise ConfigurationError(f"the command {self.command!r} can't be run: {error}") from error
        except subprocess.TimeoutExpired as error:
            raise TechnicalError(f"the command {self.command!r} takes longer than {self.timeout_s:g} s") from error
        if done.returncode:
            said = (done.stderr or done.stdout)[-_SHOWN:].decode(errors="replace").strip()
            raise TechnicalError(f"the command {self.command!r} ended with {done.returncode}: {said or 'no word'}")
        return {"by": "command"}


@dataclass(frozen=True, slots=True)
class ByHand:
    """Something that the operator does, and confirms; `ask` shows what there is to do, and gives whether it is done."""

    what: str
    ask: Callable[[str], bool]

    def do(self, number: int) -> Mapping[str, Any]:
        """Have it confirmed. Raises ConflictError where it isn't done."""
        if not self.ask(self.what):
            raise ConflictError(f"not done yet: {self.what} Then run the same command again; it goes on here")
        return {"by": "hand"}


Outside = ByCommand | ByHand
