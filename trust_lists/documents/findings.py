# SPDX-License-Identifier: Apache-2.0
"""What a check has to say about a list: each with the clause that it rests on."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much a finding matters: an error breaks a "shall" of the standard, a warning is worth a look."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about a list.

    `rule` is stable: the standard and its clause (`TS119612-5.3.4`), or a name of ours in capitals where no clause
    says it (`LIST-CERTIFICATE-UNREADABLE`). `where` names the place in words or as a path; "" for the whole list.
    """

    rule: str
    level: Level
    message: str
    where: str = ""
