# SPDX-License-Identifier: Apache-2.0
"""Words for what the REST interface answers as codes, and for what pages say once; English, translated when shown."""

from collections.abc import Mapping


def mark(message: str) -> str:
    """The message itself: marks it for whoever collects what is to be translated."""
    return message


ROLES = {"viewer": mark("Viewer"), "editor": mark("Editor"), "admin": mark("Administrator")}
ACCOUNT_KINDS = {"person": mark("Person"), "program": mark("Program")}
ACCOUNT_STATES = {"active": mark("active"), "disabled": mark("disabled"), "erased": mark("erased")}
JOB_STATES = {
    "waiting": mark("waiting"),
    "running": mark("running"),
    "done": mark("done"),
    "failed": mark("failed"),
    "cancelled": mark("cancelled"),
}
METHODS = {
    "password": mark("Password"),
    "oidc": mark("Single sign-on"),
    "session": mark("Session"),
    "token": mark("Token"),
    "certificate": mark("Certificate"),
}
SERVER_ROLES = {
    "observed": mark("fed by others"),
    "secondary": mark("by transfers"),
    "push-target": mark("by updates"),
}
SEVERITIES = {"error": mark("error"), "warning": mark("warning"), "hint": mark("hint")}
ERRORS: Mapping[int, tuple[str, str]] = {
    400: (mark("That can't be done like this"), mark("The request breaks rules.")),
    401: (mark("Please log in"), mark("Nobody knows who you are.")),
    403: (mark("This is not for you"), mark("Your role is too small for it. Ask an administrator.")),
    404: (mark("There is nothing here"), mark("It may have been removed, or you may not see it.")),
    405: (mark("That can't be done here"), mark("This page does not take such a request.")),
    409: (mark("That does not fit what is there"), mark("Look at the present state, and try again.")),
    412: (mark("It was changed meanwhile"), mark("Somebody has changed it since you opened the page. Look again.")),
    413: (mark("That is too much"), mark("The request is too large.")),
    429: (mark("Too many attempts"), mark("Please wait a little, then try again.")),
    500: (mark("Something went wrong"), mark("It has been noted. If it happens again, tell who runs this registry.")),
    503: (mark("Not now"), mark("Something that is needed can't be reached. Please try again in a moment.")),
}
FLASHES = {
    "saved": mark("Saved: %(name)s."),
    "created": mark("Created: %(name)s."),
    "deleted": mark("Removed: %(name)s."),
    "logged-out": mark("You are logged out."),
    "password": mark("Your password is changed. Log in with the new one."),
    "session-ended": mark("The session has ended."),
}
LABELS: Mapping[str, Mapping[str, str]] = {
    "role": ROLES,
    "kind": ACCOUNT_KINDS,
    "account": ACCOUNT_STATES,
    "job": JOB_STATES,
    "method": METHODS,
    "server": SERVER_ROLES,
    "severity": SEVERITIES,
}
"""By kind of code, and code."""
