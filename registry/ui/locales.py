# SPDX-License-Identifier: Apache-2.0
"""In which language a page is: catalogues, and which one a visitor wants. English texts are their own ids."""

from collections.abc import Mapping
from importlib.resources import files

from babel.core import negotiate_locale
from babel.messages.pofile import read_po

LANGUAGES: Mapping[str, str] = {"en": "English", "fr": "Français", "de": "Deutsch"}
"""By code, as those call it who speak it."""
SOURCE = "en"
Catalogue = Mapping[str, str]


def read_catalogues() -> Mapping[str, Catalogue]:
    """What each English text is in each language; fuzzy entries don't count."""
    return {code: {} if code == SOURCE else _read(code) for code in LANGUAGES}


def _read(code: str) -> Catalogue:
    with (files("registry.ui") / "locale" / f"{code}.po").open("rb") as file:
        catalogue = read_po(file, locale=code, abort_invalid=True)
    return {
        entry.id: entry.string
        for entry in catalogue
        if isinstance(entry.id, str) and isinstance(entry.string, str) and entry.id and entry.string and not entry.fuzzy
    }


def wanted_language(chosen: str, accept_language: str) -> str:
    """The language that was chosen, else the best of Accept-Language (RFC 9110 §12.5.4), else English."""
    if chosen in LANGUAGES:
        return chosen
    weighed: list[tuple[float, str]] = []
    for item in accept_language[:1000].split(","):
        name, _, parameter = item.partition(";")
        try:
            weight = float(parameter.partition("=")[2]) if parameter.strip() else 1.0
        except ValueError:
            continue
        if name.strip() and weight > 0:
            weighed.append((-weight, name.strip().replace("-", "_")))
    preferred = [name for _, name in sorted(weighed, key=lambda pair: pair[0])]
    return negotiate_locale(preferred, [*LANGUAGES]) or SOURCE
