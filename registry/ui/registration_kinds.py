# SPDX-License-Identifier: Apache-2.0
"""The changes of registrations that pages offer, and what each says of its consequences."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from registry.ui.confirming import Said
from registry.ui.labels import mark
from registry.ui.rendering import in_digits

REST = "/domains/{}/registrations"


@dataclass(frozen=True, slots=True)
class Change:
    """A change of registrations; its texts are marked for translation."""

    name: str
    """As REST calls it where it is planned."""
    page: str
    rest: str
    title: str
    """Of the form."""
    hint: str
    question: str
    button: str
    flash: str
    takes_smp: bool = True
    is_danger: bool = True


REGISTER = Change(
    "register",
    "new-registrations",
    REST,
    mark("Register participants"),
    mark("For an SMP of the domain. All of them are registered, or none."),
    mark("Register for the SMP %(smp_id)s?"),
    mark("Register"),
    "registered",
    is_danger=False,
)
MOVE = Change(
    "move",
    "move-registrations",
    f"{REST}/move",
    mark("Give participants to another SMP"),
    mark("Without the key of the one that has them. All of them move, or none."),
    mark("Give to the SMP %(smp_id)s?"),
    mark("Give them to it"),
    "moved",
)
END = Change(
    "remove",
    "end-registrations",
    f"{REST}/remove",
    mark("End registrations"),
    mark("Whichever SMP has them. All of them end, or none."),
    mark("End these registrations?"),
    mark("End them"),
    "unregistered",
    takes_smp=False,
)


def consequences(change: Change, plan: Mapping[str, Any], smp_id: str, language: str) -> Iterator[Said]:
    """What follows from a change, by its plan as REST tells it."""

    def number(name: str) -> dict[str, str]:
        return {"number": in_digits(plan[name], language)}

    if change is REGISTER:
        yield mark("Participants that are registered: %(number)s."), number("changed")
        yield mark("Each gets a name in DNS, which leads to the SMP %(smp_id)s."), {"smp_id": smp_id}
        return
    if change is MOVE:
        yield mark("Participants that move: %(number)s. Who is there already stays."), number("changed")
    else:
        yield mark("Registrations that end: %(number)s."), number("changed")
    for whose, count in plan["publishers"].items():
        yield mark("Of the SMP %(smp_id)s: %(number)s."), {"smp_id": whose, "number": in_digits(count, language)}
    if change is MOVE:
        yield (
            mark("Their names in DNS lead to the SMP %(smp_id)s, which has to know what they receive."),
            {"smp_id": smp_id},
        )
        if plan["migrations"]:
            yield mark("Open migrations that end, and whose keys mean nothing then: %(number)s."), number("migrations")
    else:
        yield mark("Their names go from DNS: nobody finds them by their identifiers any more."), {}
        if plan["quarantine_days"]:
            days = mark("For %(number)s days nobody but the SMP that had them may register them.")
            yield days, number("quarantine_days")
        else:
            yield mark("Any SMP may register them at once."), {}
    if plan["suspended"]:
        yield mark("Of them are suspended: %(number)s."), number("suspended")
