# SPDX-License-Identifier: Apache-2.0
"""Ways from an entity over its superiors up to a trust anchor (OpenID Federation 1.0 §4, §10.1), not yet verified.

A way is made of what entities name: their superiors (`authority_hints`) and what these say of them. The shortest come
first. The search is bounded, and says so where it didn't look at everything.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from trust_lists.errors import PathLimitError, shown
from trust_lists.evaluation.decisions.federation_statements import SignedStatement, Statements

MAX_LENGTH = 22
"""Entities of a chain, its subject and the anchor among them: no configuration asks for more."""
MAX_STEPS = 2_000
MAX_CHAINS = 50


@dataclass(frozen=True, slots=True)
class Link:
    """An entity of a chain: what it says of itself, and what the next one says of it (None: there is no next one)."""

    configuration: SignedStatement
    above: SignedStatement | None = None

    @property
    def entity(self) -> str:
        """Its identifier."""
        return self.configuration.statement.subject

    @property
    def statements(self) -> tuple[SignedStatement, ...]:
        """Both."""
        return (self.configuration,) if self.above is None else (self.configuration, self.above)


@dataclass(frozen=True, slots=True)
class TrustChain:
    """Links from the subject up to the anchor, or (`missing`) up to where something isn't at hand."""

    links: tuple[Link, ...]
    missing: str = ""

    @property
    def expires(self) -> datetime:
        """When the first of its statements does (§10.4). It has links."""
        return min(each.statement.expires for link in self.links for each in link.statements)


def chains(statements: Statements, subject: str, anchor: str) -> Iterator[TrustChain]:
    """All ways from a subject to an anchor, and those that end where something is missing; no entity twice in one.

    Raises PathLimitError, after what was found so far, where there is more than may be looked at.
    """
    for number, found in enumerate(_chains(statements, subject, anchor), 1):
        if number > MAX_CHAINS:
            raise PathLimitError("there are more trust chains than one decision looks at")
        yield found


def _chains(statements: Statements, subject: str, anchor: str) -> Iterator[TrustChain]:
    waiting: deque[tuple[str, tuple[Link, ...]]] = deque([(subject, ())])
    steps = 0
    while waiting:
        entity, below = waiting.popleft()
        found = statements.configurations.get(entity, ())
        if not found:
            yield TrustChain(below, f"the entity configuration of {shown(entity)}")
        passed = {entity, *(link.entity for link in below)}
        for configuration in found:
            if entity == anchor:
                yield TrustChain((*below, Link(configuration)))
                continue
            for hint in dict.fromkeys(configuration.statement.authority_hints):
                steps += 1
                if steps > MAX_STEPS or len(passed) == MAX_LENGTH:
                    raise PathLimitError("there are more ways up from the entity than one search may go")
                if hint in passed:
                    continue
                abouts = statements.subordinates.get((hint, entity), ())
                if not abouts:
                    missing = f"the statement of {shown(hint)} about {shown(entity)}"
                    yield TrustChain((*below, Link(configuration)), missing)
                waiting.extend((hint, (*below, Link(configuration, about))) for about in abouts)
