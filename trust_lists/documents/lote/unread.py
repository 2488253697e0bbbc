# SPDX-License-Identifier: Apache-2.0
"""What a reader passes over is told, so that nothing is lost unseen; where that is very much, only its beginning."""

from collections.abc import Callable

MAX_UNREAD = 100


class Unread:
    """Places in a document that the model has no place for, up to `MAX_UNREAD` of them."""

    __slots__ = ("places",)

    def __init__(self) -> None:
        self.places: list[str] = []

    def add(self, place: Callable[[], str]) -> None:
        """Tells one more; the path is asked for only if it is told, since in XML it takes time to find it."""
        if len(self.places) < MAX_UNREAD:
            self.places.append(place())
        elif len(self.places) == MAX_UNREAD:
            self.places.append("and more")
