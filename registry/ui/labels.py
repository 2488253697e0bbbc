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
CONCERNED = {
    "participants": mark("participants"),
    "wildcards": mark("wildcards among them"),
    "suspended": mark("suspended themselves"),
    "with_services": mark("with services of their own"),
    "migrations": mark("open migrations"),
    "there": mark("participants that are there already"),
    "unchanged": mark("participants that are so already"),
    "certificates": mark("certificates"),
    "publishers": mark("SMPs concerned"),
    "silenced": mark("SMPs for which nobody speaks then"),
    "left": mark("left as they are"),
}
MIGRATION_ENDS = {
    "completed": mark("completed"),
    "cancelled": mark("cancelled"),
    "expired": mark("its time ran out"),
    "replaced": mark("replaced by another one"),
    "transferred": mark("the operator moved the participant"),
    "unregistered": mark("the registration ended"),
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
    "proposal": mark("Proposal for one participant"),
}
PLAN_STATES = {
    "reading": mark("being read"),
    "planned": mark("planned"),
    "under-review": mark("under review"),
    "approved": mark("approved"),
    "rejected": mark("rejected"),
    "applying": mark("being applied"),
    "applied": mark("applied"),
    "abandoned": mark("given up"),
}
VISIBILITIES = {
    "public": mark("public: everybody learns of it"),
    "internal": mark("internal: whoever knows its identifier finds it, and nothing lists it"),
    "private": mark("private: nobody outside finds it"),
}
VERDICTS = {
    "added": mark("added"),
    "changed": mark("changed"),
    "removed": mark("removed"),
    "unchanged": mark("unchanged"),
    "refused": mark("refused"),
}
CHANNEL_KINDS = {"mail": mark("Mail"), "webhook": mark("Webhook")}
DIGESTS = {
    "at-once": mark("at once"),
    "hourly": mark("collected until the full hour"),
    "daily": mark("collected until midnight (UTC)"),
}
SETTING_SOURCES = {
    "default": mark("default"),
    "file": mark("file"),
    "environment": mark("environment"),
    "command-line": mark("command line"),
}
DIRECTORY_STATES = {
    "waiting": mark("still to be told"),
    "current": mark("knows it as it is"),
    "failed": mark("not taken"),
}
ORPHANS = {
    "group-unregistered": mark("Our SMP serves a participant that the SML does not know"),
    "group-elsewhere": mark("Our SMP serves a participant that another SMP has registered"),
    "registration-unserved": mark("Our SMP has registered a participant that it does not serve"),
    "name-missing": mark("A name in DNS lacks records"),
    "name-differs": mark("A name in DNS holds other records than it should"),
    "name-surplus": mark("A name in DNS holds records that nothing accounts for"),
    "name-contested": mark("Several registrations want different records at one name"),
    "directory-missing": mark("The directory lacks a participant"),
    "directory-surplus": mark("The directory has a participant of our SMP that it should not have"),
    "directory-unregistered": mark("The directory has a participant that nobody has registered"),
}
PROBLEM_KINDS = {
    "certificate-ends": mark("A certificate ends"),
    "certificate-early": mark("A certificate is not valid yet"),
    "signing-key": mark("A signing key can't be used"),
    "trust-anchor-ends": mark("A trust anchor ends"),
    "tls-certificate": mark("A TLS certificate"),
    "change-due": mark("A planned change is due"),
    "successor-invalid": mark("A successor is not valid"),
    "domain-lacks": mark("A domain lacks something"),
    "public-url": mark("A public address"),
    "no-sml": mark("No SML leads here"),
    "nothing-published": mark("Nothing is published"),
    "trust-model": mark("A trust model"),
    "trust-plan-refuses": mark("A planned trust model refuses somebody"),
    "evidence-old": mark("Evidence is old"),
    "dns-lag": mark("DNS lags behind"),
    "name-server": mark("A name server"),
    "name-server-content": mark("What a name server serves"),
    "notify-unacknowledged": mark("A NOTIFY is not acknowledged"),
    "names-locked": mark("Names are locked"),
    "logins-fail": mark("Logins fail"),
    "tokens-endless": mark("Tokens without an end"),
    "no-administrator": mark("No administrator"),
    "migration-ends": mark("A migration ends"),
    "campaign-late": mark("A campaign is late"),
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
    "service-ends": mark("A service ends"),
    "transport-profile": mark("An unknown transport profile"),
    "directory-lag": mark("The directory lags behind"),
    "directory-failed": mark("The directory refuses participants"),
    "alert-fails": mark("An alert can't be sent"),
    "check-fails": mark("A check fails"),
}
OUTCOMES = {
    "found": mark("Found."),
    "not-registered": mark("Not registered."),
    "no-matching-service": mark("No matching service."),
    "not-trusted": mark("Not trusted."),
    "technical-failure": mark("Technical failure."),
}
OUTCOME_TEXTS = {
    "found": mark("An access point finds an endpoint, and may use it."),
    "not-registered": mark("Nobody is known under this identifier: DNS has no such name, or the SMP doesn't know it."),
    "no-matching-service": mark("It is known, but receives nothing of what was asked for."),
    "not-trusted": mark("There is an answer, and it must not be used."),
    "technical-failure": mark("Nobody can tell now; the same may work later."),
    "asks-nobody": mark("From here the way leads to somebody else, who is not asked."),
}
STEPS = {
    "name": mark("The name in DNS"),
    "dns": mark("What DNS answers (NAPTR)"),
    "smp": mark("The SMP to which that leads"),
    "service-group": mark("What the SMP lists"),
    "metadata": mark("The document"),
    "signature": mark("The signature"),
    "trust-smp-sign": mark("Trust in who has signed"),
    "identifiers": mark("Whether it is about what was asked for"),
    "redirect": mark("A redirect to another SMP"),
    "redirect-target": mark("The document at the other SMP"),
    "redirect-certificate": mark("Whether the right one has signed there"),
    "document-type": mark("The document type"),
    "process": mark("The process"),
    "endpoint": mark("The endpoint"),
    "certificate": mark("The certificate of the endpoint"),
    "trust-ap-encrypt": mark("Trust in the certificate of the endpoint"),
}
STEP_OUTCOMES = {"ok": mark("good"), "warning": mark("warning"), "failed": mark("fails")}
PUBLIC_NOTES = {
    "blanks": mark("Blanks around it were left out:"),
    "encoded": mark("It was encoded as in a URL, and is read as:"),
    "scheme-added": mark("As it names no scheme, it is taken for:"),
    "unknown-scheme": mark("This network doesn't know the scheme. It has:"),
    "wildcard": mark("The asterisk stands for all participants of a scheme that have no entry of their own:"),
    "any-case": mark("Letter case doesn't matter in it; compared is:"),
    "case-matters": mark("Letter case matters in it:"),
}
PUBLIC_PROBLEMS = {
    "too-long": mark("The question is too long."),
    "too-often": mark("Too many look-ups. Please wait a little, then try again."),
    "busy": mark("Many others are looking something up. Please try again in a moment."),
    "failed": mark("Something that is needed can't be reached. Please try again in a moment."),
}
NAME_KINDS = {
    "participant": mark("The form of the domain"),
    "participant-md5": mark("For clients before NAPTR (MD5)"),
    "wildcard": mark("Wildcard of the scheme"),
    "other-case": mark("Letter case treated the other way"),
    "other-form": mark("A form of other networks"),
    "publisher": mark("The SMP itself"),
    "publisher-naptr": mark("The NAPTR records of the SMP"),
}
PROPOSED = mark("In this domain somebody else has to approve it: a plan is made, and nothing is published before that.")
CODE_STATES = {"active": mark("active"), "deprecated": mark("deprecated"), "removed": mark("withdrawn from the list")}
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
OIDC_REFUSED = (
    mark("The login has failed"),
    mark(
        "What your organisation has answered was not accepted: it came too late, belongs to another browser, or gives "
        "you no role here. Try again; if it happens again, ask an administrator."
    ),
)
FLASHES = {
    "saved": mark("Saved: %(name)s."),
    "created": mark("Created: %(name)s."),
    "deleted": mark("Removed: %(name)s."),
    "logged-out": mark("You are logged out."),
    "password": mark("Your password is changed. Log in with the new one."),
    "planned": mark("The plan is made. Nothing is changed yet."),
    "applying": mark("The plan is being applied."),
    "abandoned": mark("The plan is given up."),
    "submitted": mark("The plan is submitted: somebody else has to approve it."),
    "plan-approved": mark("The plan is approved. It can be applied."),
    "plan-rejected": mark("The plan is rejected."),
    "proposed": mark("It is proposed: a plan is made, and somebody else has to approve it."),
    "cancelled": mark("The job is cancelled, or ends after the part that it is at."),
    "retried": mark("The job is done again, from where it was."),
    "tried-again": mark("The directory is told now."),
    "approved": mark("The intervention is approved, and done."),
    "refused": mark("The intervention is refused."),
    "acknowledged": mark("You look after it now."),
    "testing": mark("A test is being sent; here is what comes of it."),
    "enabled": mark("Enabled: %(name)s."),
    "disabled": mark("Disabled: %(name)s."),
    "counting": mark("It is being counted. Look again in a moment."),
    "reminding": mark("The reminders are being sent; here is what comes of it."),
    "closed": mark("Closed: %(name)s."),
    "comparing": mark("It is being compared; here is what comes of it."),
    "repairing": mark("It is being put right; here is what comes of it."),
    "nothing-to-repair": mark("There is nothing to put right, as far as the last look tells. Compare anew."),
    "verifying": mark("The chain is being checked; here is what comes of it."),
    "exporting": mark("The file is being written; here is what comes of it."),
    "noted": mark("Saved. Worth knowing: %(name)s"),
    "withdrawn": mark("Withdrawn: %(name)s."),
    "change-planned": mark("The change is planned: %(name)s."),
    "called-off": mark("The planned change is called off: %(name)s."),
    "intervened": mark("The intervention is done."),
    "intervention-waits": mark("It is asked for: somebody else has to approve it."),
    "registered": mark("Registered: %(name)s participants."),
    "moved": mark("Moved: %(name)s participants."),
    "unregistered": mark("Registrations that have ended: %(name)s."),
    "migrated": mark("The participant has another SMP now: %(name)s."),
    "migration-cancelled": mark("The migration is cancelled: %(name)s."),
    "certificate-added": mark("The certificate is added."),
    "certificate-ended": mark("The certificate has ended for this SMP: %(name)s."),
    "session-ended": mark("The session has ended."),
}
CAMPAIGN_KINDS = {
    "pki": mark("Certificates, to another trust model"),
    "zone": mark("The DNS zone, to another name"),
    "document-type": mark("Document types or processes"),
}
CAMPAIGN_STATES = {"open": mark("open"), "closed": mark("closed")}
CAMPAIGN_SHOWN = {"late": mark("late"), "done": mark("done"), "all": mark("all")}
MEMBER_KINDS = {
    "access-point": mark("Access point"),
    "publisher": mark("SMP"),
    "signing-key": mark("Signing key of"),
    "redirect": mark("Redirect"),
    "name-server": mark("Name server"),
    "owner-group": mark("Owner group"),
    "no-group": mark("Participants without an owner group"),
}
OUTLOOKS = {
    "done": mark("all are done"),
    "unknown": mark("nobody can tell yet"),
    "stands-still": mark("nobody has moved in the last weeks"),
    "moves": mark("done in years at this rate"),
}
LABELS: Mapping[str, Mapping[str, str]] = {
    "campaign-kind": CAMPAIGN_KINDS,
    "campaign-state": CAMPAIGN_STATES,
    "campaign-shown": CAMPAIGN_SHOWN,
    "member-kind": MEMBER_KINDS,
    "outlook": OUTLOOKS,
    "role": ROLES,
    "kind": ACCOUNT_KINDS,
    "account": ACCOUNT_STATES,
    "job": JOB_STATES,
    "method": METHODS,
    "server": SERVER_ROLES,
    "severity": SEVERITIES,
    "problem": PROBLEM_KINDS,
    "directory": DIRECTORY_STATES,
    "orphan": ORPHANS,
    "use": USES,
    "effect": EFFECTS,
    "power": POWERS,
    "consequence": CONSEQUENCES,
    "intervention": INTERVENTION_STATES,
    "concerned": CONCERNED,
    "migration": MIGRATION_ENDS,
    "key": KEY_STATES,
    "span": SPANS,
    "plan-kind": PLAN_KINDS,
    "plan": PLAN_STATES,
    "verdict": VERDICTS,
    "visibility": VISIBILITIES,
    "outcome": OUTCOMES,
    "outcome-text": OUTCOME_TEXTS,
    "step": STEPS,
    "step-outcome": STEP_OUTCOMES,
    "public-note": PUBLIC_NOTES,
    "public-problem": PUBLIC_PROBLEMS,
    "name-kind": NAME_KINDS,
    "source": SETTING_SOURCES,
    "channel": CHANNEL_KINDS,
    "digest": DIGESTS,
    "code-state": CODE_STATES,
}
"""By kind of code, and code."""
