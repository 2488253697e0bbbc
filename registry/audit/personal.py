# SPDX-License-Identifier: Apache-2.0
"""Which events are about somebody who may be a natural person: one table, by tag and by subject.

A participant can be a person (design rule 13), and so can an account. What their events say is sealed; all others are
plain, so nothing personal belongs into them: counts rather than names.
"""

_TAGS = (
    "smp:service-group:",
    "smp:service-metadata:",
    "smp:business-card:",
    "sml:registration:",
    "sml:migration:",
)
"""Of these every subject is a participant."""
_SUBJECTS = {"accounts:": "person:"}
"""Of these only subjects that begin so: the others are programs, tokens and groups."""


def is_personal(tag: str, subject: str) -> bool:
    """Whether the values of an event with this tag about this subject are to be sealed."""
    if tag.startswith(_TAGS):
        return True
    return any(tag.startswith(source) and subject.startswith(begin) for source, begin in _SUBJECTS.items())
