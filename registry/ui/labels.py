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
USES = {
    "access-point": mark("Access point"),
    "publisher": mark("SMP"),
    "redirect": mark("Redirect"),
    "signing-key": mark("Signing key"),
}
EFFECTS = {
    "stops": mark("is accepted no longer"),
    "lapses": mark("is accepted no longer, in any case"),
    "begins": mark("begins to be accepted"),
    "kept": mark("stays accepted"),
    "warned": mark("is warned of"),
    "same": mark("stays as it is"),
}
POWERS = {
    "suspend-publisher": mark("Suspend an SMP"),
    "resume-publisher": mark("Resume an SMP"),
    "suspend-participant": mark("Suspend participants"),
    "resume-participant": mark("Resume participants"),
    "transfer": mark("Transfer participants to another SMP"),
    "lift-quarantine": mark("Lift a quarantine"),
    "block-certificate": mark("Block certificates"),
    "unblock-certificate": mark("Unblock certificates"),
}
CONSEQUENCES = {
    "suspend-publisher": mark("Its calls are refused; its names and those of its participants go from DNS."),
    "resume-publisher": mark("Its calls are taken again; its names and those of its participants come back to DNS."),
    "suspend-participant": mark("Their names go from DNS; their SMP can't remove them meanwhile."),
    "resume-participant": mark("Their names come back to DNS."),
    "transfer": mark("The participants are the other SMP's, without the key of the first; DNS leads there."),
    "lift-quarantine": mark("Any SMP may register the participants again."),
    "block-certificate": mark("The SML doesn't listen to these certificates any more."),
    "unblock-certificate": mark("The SML listens to these certificates again."),
}
INTERVENTION_STATES = {
    "waiting": mark("waits for approval"),
    "applied": mark("done"),
    "refused": mark("refused"),
    "undone": mark("undone"),
}
KEY_STATES = {"active": mark("active"), "planned": mark("planned"), "former": mark("former")}
SPANS = {
    "ended": mark("Ended"),
    "7": mark("Within 7 days"),
    "30": mark("Within 30 days"),
    "90": mark("Within 90 days"),
    "later": mark("Later"),
    "unknown": mark("Nobody can tell when"),
}
PLAN_KINDS = {
    "import-csv": mark("Table"),
    "import-jsonl": mark("JSON lines"),
    "import-documents": mark("Documents"),
    "replace-endpoints": mark("Replacement of endpoints"),
}
PLAN_STATES = {
    "reading": mark("being read"),
    "planned": mark("planned"),
    "applying": mark("being applied"),
    "applied": mark("applied"),
    "abandoned": mark("given up"),
}
VERDICTS = {
    "added": mark("added"),
    "changed": mark("changed"),
    "removed": mark("removed"),
    "unchanged": mark("unchanged"),
    "refused": mark("refused"),
}
PROBLEM_KINDS = {
    "certificate-ends": mark("A certificate ends"),
    "trust-anchor-ends": mark("A trust anchor ends"),
    "tls-certificate": mark("A TLS certificate"),
    "change-due": mark("A planned change is due"),
    "successor-invalid": mark("A successor is not valid"),
    "domain-lacks": mark("A domain lacks something"),
    "trust-model": mark("A trust model"),
    "evidence-old": mark("Evidence is old"),
    "dns-lag": mark("DNS lags behind"),
    "name-server": mark("A name server"),
    "name-server-content": mark("What a name server serves"),
    "names-locked": mark("Names are locked"),
    "logins-fail": mark("Logins fail"),
    "tokens-endless": mark("Tokens without an end"),
    "no-administrator": mark("No administrator"),
    "migration-ends": mark("A migration ends"),
    "review-waits": mark("An approval is waited for"),
    "jobs-failed": mark("Jobs have failed"),
    "jobs-wait": mark("Jobs wait"),
    "audit-lag": mark("The audit log lags behind"),
    "audit-broken": mark("The audit log is broken"),
    "backup-old": mark("The backup is old"),
    "secret-open": mark("A secret can be read by others"),
    "unsafe-setting": mark("A setting is unsafe"),
    "database": mark("The database"),
    "disk": mark("The disk"),
    "participant-empty": mark("A participant receives nothing"),
    "service-without-endpoint": mark("A service has no endpoint"),
    "alert-fails": mark("An alert can't be sent"),
    "check-fails": mark("A check fails"),
}
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
    "planned": mark("The plan is made. Nothing is changed yet."),
    "applying": mark("The plan is being applied."),
    "abandoned": mark("The plan is given up."),
    "cancelled": mark("The job is cancelled, or ends after the part that it is at."),
    "retried": mark("The job is done again, from where it was."),
    "approved": mark("The intervention is approved, and done."),
    "refused": mark("The intervention is refused."),
    "acknowledged": mark("You look after it now."),
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
    "problem": PROBLEM_KINDS,
    "use": USES,
    "effect": EFFECTS,
    "power": POWERS,
    "consequence": CONSEQUENCES,
    "intervention": INTERVENTION_STATES,
    "key": KEY_STATES,
    "span": SPANS,
    "plan-kind": PLAN_KINDS,
    "plan": PLAN_STATES,
    "verdict": VERDICTS,
}
"""By kind of code, and code."""
