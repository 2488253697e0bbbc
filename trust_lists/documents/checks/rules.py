# SPDX-License-Identifier: Apache-2.0
"""A rule about lists: an id, a clause, a sentence and a level, of which documentation is made."""

from dataclasses import dataclass

from trust_lists.documents.findings import Finding, Level

OLDEST_VERSION = 3
"""Of the TSLVersionIdentifiers that archives hold (TS 102 231)."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule about lists: ids begin with standard and clause, those of ours (`LIST-…`) rest on no clause."""

    id: str
    clause: str
    text: str
    """What must be so, as a sentence."""
    level: Level = Level.ERROR
    since: int = OLDEST_VERSION
    """The lowest TSLVersionIdentifier that the rule is for: URIs, for one, were others before version 5."""

    def broken(self, message: str, where: str = "") -> Finding:
        """The finding that this rule is broken at a place."""
        return Finding(self.id, self.level, message, where)
