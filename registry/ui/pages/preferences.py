# SPDX-License-Identifier: Apache-2.0
"""How a visitor wants pages to look: language and colours, kept in their browser."""

from starlette.responses import Response

from registry.ui.locales import LANGUAGES
from registry.ui.rendering import local
from registry.ui.routing import Pages
from registry.ui.visit import LANGUAGE_COOKIE, THEME_COOKIE, THEMES, Visit

pages = Pages()


@pages.post("/preferences")
async def choose(visit: Visit) -> Response:
    """Keep what was chosen, and go back to where that was."""
    response = visit.go(local(visit.form.get("next")))
    language, theme = visit.form.get("language", ""), visit.form.get("theme", "")
    if language in LANGUAGES:
        visit.keep(response, LANGUAGE_COOKIE, language)
    if theme in THEMES:
        visit.keep(response, THEME_COOKIE, theme)
    return response
