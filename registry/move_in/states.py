# SPDX-License-Identifier: Apache-2.0
"""How far a move is, and what may be done then."""

from enum import StrEnum


class State(StrEnum):
    """How far a move is; until it is cut over, the old system has the say, and our domains are in standby."""

    PLANNED = "planned"
    LOADING = "loading"
    """A load has begun and not come to its end."""
    LOADED = "loaded"
    SHADOW = "shadow"
    """Both answer, and are compared."""
    FROZEN = "frozen"
    """Nobody writes, neither there nor here: a cutover has begun and not come to its end."""
    CUT_OVER = "cut-over"
    """We have the say; what is written here goes back to the old system for a while."""
    BACK = "back"
    """The old system has the say again."""
    ENDED = "ended"


LOADABLE = frozenset({State.PLANNED, State.LOADING, State.LOADED, State.SHADOW, State.BACK})
"""When something may be loaded, other than by the cutover itself."""
