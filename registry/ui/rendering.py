# SPDX-License-Identifier: Apache-2.0
"""Templates: everything that is shown is escaped, and a name that nobody has set is an error."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from babel.numbers import format_decimal
from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from registry.identifiers.url_form import encode_segment
from registry.ui import check_labels, labels, setting_labels
from registry.ui.locales import LANGUAGES, Catalogue, read_catalogues

ROOT = "/ui"
LABELS = {**labels.LABELS, **check_labels.LABELS, **setting_labels.LABELS}
"""All words for codes: by kind of code, and code."""
_CODE, _STRONG = re.compile(r"`([^`]+)`"), re.compile(r"\*\*([^*]+)\*\*")


def make_environment(static: Callable[[str], str]) -> Environment:
    """The templates; `static` is the path of a file of static/. A context names its language in `language`."""
    catalogues = read_catalogues()
    environment = Environment(
        loader=PackageLoader("registry.ui"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        auto_reload=False,
    )

    @pass_context
    def gettext(context: Context, message: str) -> str:
        return translated(catalogues, context["language"], message)

    @pass_context
    def translate(context: Context, message: str) -> str:
        # Not by gettext: what REST says may hold a percent sign.
        return translated(catalogues, context["language"], message)

    @pass_context
    def label(context: Context, code: str, kind: str) -> str:
        return translated(catalogues, context["language"], LABELS[kind].get(code, code))

    @pass_context
    def number(context: Context, value: float) -> str:
        return in_digits(value, context["language"])

    install: Any = environment.install_gettext_callables  # type: ignore[attr-defined]  # of the extension
    install(gettext, lambda one, many, n: one if n == 1 else many, newstyle=True)
    environment.filters.update(
        translate=translate,
        label=label,
        number=number,
        time=moment,
        day=day,
        pretty=pretty,
        unbase64=unbase64,
        prose=prose,
        local=local,
        segment=encode_segment,
    )
    environment.globals.update(static=static, path=path_of, languages=LANGUAGES, labels=LABELS)
    return environment


def translated(catalogues: Mapping[str, Catalogue], language: str, message: str) -> str:
    """A message in a language; in English where that lacks it."""
    return catalogues[language].get(message, message)


def path_of(template: str, *segments: str, **query: str | None) -> str:
    """The path of a page from `/domains/{}/…` and what its braces stand for; what is None or empty is left out."""
    asked = {name: value for name, value in query.items() if value not in {None, ""}}
    filled = ROOT + template.format(*map(encode_segment, segments))
    return f"{filled}?{urlencode(asked)}" if asked else filled


def with_query(path: str, query: Mapping[str, str]) -> str:
    """A path, or a relative reference, with parameters."""
    return f"{path}?{urlencode(query)}" if query else path


def local(text: str | None) -> str:
    """A path of these pages as it is; the first page for everything else (CWE-601)."""
    inside = text is not None and (text == ROOT or text.startswith((f"{ROOT}/", f"{ROOT}?")))
    if text is None or not inside or "\\" in text or "//" in text or not text.isascii() or not text.isprintable():
        return f"{ROOT}/"
    return text


def in_digits(value: float, language: str) -> str:
    """A number as people of a language write it."""
    return format_decimal(value, locale=language)


def moment(text: str | None) -> str:
    """An instant in UTC, for people and for machines."""
    return _time(text, "%Y-%m-%d %H:%M:%S UTC")


def day(text: str | None) -> str:
    """The day of an instant in UTC, for people; for machines the instant."""
    return _time(text, "%Y-%m-%d")


def _time(text: str | None, form: str) -> str:
    if text is None:
        return "—"
    at = datetime.fromisoformat(text).astimezone(UTC)
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(timespec="seconds"), at.strftime(form))


def pretty(value: Any) -> str:
    """JSON for people; a text as it is."""
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True)


def prose(text: str) -> Markup:
    """Paragraphs of a text, in which `code` and **strong** words are marked as in Markdown; all else is only text."""
    paragraphs = [str(escape(part)) for part in text.split("\n\n") if part.strip()]
    marked = [_STRONG.sub(r"<strong>\1</strong>", _CODE.sub(r"<code>\1</code>", part)) for part in paragraphs]
    return Markup("".join(f"<p>{part}</p>" for part in marked))  # noqa: S704  # escaped above


def unbase64(text: str) -> str:
    """What base64 holds, as text."""
    try:
        return base64.b64decode(text).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return text
