# SPDX-License-Identifier: Apache-2.0
"""How a document is read leniently: children by name in any order, what is wrong and what was left out collected."""

from typing import Self

from lxml import etree

from registry.errors import Reason, ValidationError
from registry.smp.documents.lexical import XML_SPACE
from registry.smp.documents.vocabulary import Vocabulary

_MAX_REASONS = 100  # nobody mends more in one go, and two megabytes hold a quarter of a million


class Findings:
    """What one reading of one document found: reasons to refuse it, and notes on what was mended or left out."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.reasons: list[Reason] = []
        self.notes: list[str] = []

    def refuse(self, reason_id: str, message: str, clause: str) -> None:
        """Keep a reason; ValidationError when they are too many to go on (`Vocabulary.reason`)."""
        self.reasons.append(self.vocabulary.reason(reason_id, message, clause))
        if len(self.reasons) == _MAX_REASONS:
            raise ValidationError(self.reasons)

    def raise_reasons(self) -> None:
        """ValidationError with every reason, if there is any."""
        if self.reasons:
            raise ValidationError(self.reasons)


class Children:
    """The children of one element, looked up by name; what nobody asked for is noted in the end (`with`)."""

    def __init__(self, findings: Findings, element: etree._Element, where: str) -> None:
        self.where = where
        self._findings = findings
        self._by_tag: dict[str, list[etree._Element]] = {}
        for child in element.iterchildren("*"):
            self._by_tag.setdefault(child.tag, []).append(child)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for tag, elements in self._by_tag.items():
            if any(len(element) or element.attrib or text_of(element).strip(XML_SPACE) for element in elements):
                self._findings.notes.append(f"{self.where}: {tag.rpartition('}')[2]} was left out")

    def all(self, name: str, namespace: str = "") -> list[etree._Element]:
        """The children of this name, in the vocabulary's namespace where none is given, as they stand."""
        return self._by_tag.pop(f"{{{namespace or self._findings.vocabulary.namespace}}}{name}", [])

    def one(self, name: str, namespace: str = "") -> etree._Element | None:
        """The child; None when it is missing. Two are refused: readers would differ in which one counts."""
        elements = self.all(name, namespace)
        if len(elements) > 1:
            self._findings.refuse("REPEATED", f"{self.where}: {name} is there {len(elements)} times", "sequence")
        return elements[0] if elements else None

    def text(self, name: str, namespace: str = "") -> str | None:
        """The text of the child; None when it is missing."""
        element = self.one(name, namespace)
        return None if element is None else text_of(element)


def text_of(element: etree._Element) -> str:
    """The text of an element, also of what follows processing instructions (and children, which it may not have)."""
    return (element.text or "") + "".join(child.tail or "" for child in element)
