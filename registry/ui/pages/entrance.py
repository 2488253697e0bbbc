# SPDX-License-Identifier: Apache-2.0
"""Logging in, out, and the change of a password that has to come first."""

from starlette.responses import Response

from registry.ui.labels import mark
from registry.ui.rendering import local, path_of
from registry.ui.rest import RestError
from registry.ui.routing import Pages
from registry.ui.visit import Visit

pages = Pages()
_WRONG = mark("The name or the password is wrong.")
_TOO_OFTEN = mark("Too many attempts. Please wait a little, then try again.")
_UNEQUAL = mark("The two new passwords are not the same.")
_OLD_WRONG = mark("That is not your present password.")


@pages.get("/login")
async def show_login(visit: Visit) -> Response:
    """The form for name and password."""
    return _login(visit, 200, local(visit.query.get("next")))


@pages.post("/login")
async def log_in(visit: Visit) -> Response:
    """Begin a session, and go to where the visitor wanted to."""
    onward = local(visit.form.get("next"))
    name = visit.form.get("name", "")
    try:
        answer = await visit.rest.ask(
            "POST", "/session", body={"name": name, "password": visit.form.get("password", "")}
        )
    except RestError as error:
        if error.status == 429:
            response = _login(visit, 429, onward, name, _TOO_OFTEN)
            response.headers["retry-after"] = error.answer.header("retry-after")
            return response
        if error.status in {400, 401}:
            return _login(visit, 401, onward, name, _WRONG)
        raise
    if answer.json()["must_change_password"]:
        return visit.go(path_of("/password"))
    return visit.go(onward)


@pages.post("/logout")
async def log_out(visit: Visit) -> Response:
    """End the session."""
    try:
        await visit.rest.ask("DELETE", "/session")
    except RestError as error:
        if error.status not in {401, 404}:
            raise
    return visit.go(path_of("/login"), flash="logged-out")


@pages.get("/password")
async def show_password(visit: Visit) -> Response:
    """The form for another password; also for who may do nothing else before."""
    await visit.rest.get("/me")
    return _password(visit, 200)


@pages.post("/password")
async def change_password(visit: Visit) -> Response:
    """Change one's password, which ends all one's sessions."""
    old, new = visit.form.get("old", ""), visit.form.get("new", "")
    if new != visit.form.get("again"):
        return _password(visit, 400, [_UNEQUAL])
    try:
        await visit.rest.ask("PUT", "/me/password", body={"old": old, "new": new})
    except RestError as error:
        if error.status == 400:
            return _password(visit, 400, error.messages)
        if error.status == 403 and "password" not in error.type:
            return _password(visit, 400, [_OLD_WRONG])
        raise
    return visit.go(path_of("/login"), flash="password")


def _login(visit: Visit, status: int, onward: str, name: str = "", wrong: str = "") -> Response:
    return visit.render("login.html", status=status, onward=onward, name=name, wrong=wrong)


def _password(visit: Visit, status: int, wrong: list[str] | None = None) -> Response:
    return visit.render("password.html", status=status, wrong=wrong or [])
