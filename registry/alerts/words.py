# SPDX-License-Identifier: Apache-2.0
"""A problem in words: what is the matter, and what to do about it. Made from its kind and parameters alone."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from registry.alerts.problem import REST, ProblemKind
from registry.storage.queries.problems import ProblemRow


class Told(NamedTuple):
    """One line each."""

    what: str
    remedy: str


_K = ProblemKind
_HOLDERS = {
    "publisher": "the SMP",
    "signing-key": "the signing key of",
    "access-point": "the access point",
    "redirect": "the SMP that is redirected to,",
}
_WORDS: Mapping[str, Told] = {
    _K.CERTIFICATE_ENDS: Told(
        "the certificate of {holder} {subject} ends {ends_at} and has no successor ({certificate_subject})",
        "Ask for a new one, and plan the change: docs/howto/change-certificates.md.",
    ),
    _K.CERTIFICATE_EARLY: Told(
        "the certificate of {holder} {subject} is in use and not valid before {begins_at} ({certificate_subject})",
        "Nobody trusts it until then: go back to the one before, or set this machine's clock right.",
    ),
    _K.SIGNING_KEY: Told(
        "a signing key of {subject} can't be used: {failure}",
        "Put the file back where the processes that sign can read it: registry signing-key list.",
    ),
    _K.PUBLIC_URL: Told(
        "{subject} publishes participants {address}",
        "Say where its SMP is found from outside: registry domain change {subject} (smp.base_url).",
    ),
    _K.NO_SML: Told(
        "{subject} publishes participants, and no SML is known to lead to them",
        "Be the SML (sml.enabled), or say by which id another SML knows this SMP (smp.smp_id).",
    ),
    _K.NOTHING_PUBLISHED: Told(
        "{subject} has an SMP at {url}, and publishes no participant",
        "Publish some (registry plan import, registry participant add), or take the address away (smp.base_url).",
    ),
    _K.TRUST_PLAN_REFUSES: Told(
        "the planned trust model would refuse {holder} {subject} from {from} on, with {participants} participants: "
        "{check}",
        "See whom else, and wait until they have changed: registry trust impact.",
    ),
    _K.NOTIFY_UNACKNOWLEDGED: Told(
        "the name server of {subject} has not acknowledged the NOTIFY of the serial {serial}: {failure}",
        "See that it takes NOTIFY from here (registry dns status); until then it follows when it asks by itself.",
    ),
    _K.CHANGE_DUE: Told(
        "the access point {subject} changes to {successor} at {at}",
        "See that it is ready by then, or plan another moment: registry access-point change.",
    ),
    _K.SUCCESSOR_INVALID: Told(
        "the certificate of {successor}, which succeeds the access point {subject}, isn't valid at {at}",
        "Plan the change for another moment, or with another certificate: registry access-point change.",
    ),
    _K.NAME_SERVER: Told(
        "changes have not reached the primary of {subject} for minutes: {failure}",
        "registry dns push status tells more; registry dns push now tries again.",
    ),
    _K.NAME_SERVER_CONTENT: Told(
        "the name server of {subject} doesn't serve what it should ({differences}), as of {checked_at}",
        "registry dns check shows what differs, registry dns repair puts it right.",
    ),
    _K.LOGINS_FAIL: Told(
        "{failures} logins with {names} names have failed within an hour",
        "Somebody may be guessing: registry audit show --tag accounts:login:lock.",
    ),
    _K.MIGRATION_ENDS: Told(
        "the migration of {subject} away from {smp_id} ends {ends_at}",
        "Let the new SMP complete it by then, or prepare it again.",
    ),
    _K.REVIEW_WAITS: Told(
        "{request} waits for approval",
        "{command}; never by who has asked for it.",
    ),
    _K.CAMPAIGN_LATE: Told(
        "who has to move in the campaign {subject} is late ({members}; participants: {participants}); the deadline is "
        "{deadline}, at this rate all are done {expected}",
        "See who, and remind them: registry campaign late {subject}, registry campaign remind {subject}.",
    ),
    _K.AUDIT_BROKEN: Told(
        "the audit's chain isn't whole at {position}: {message}",
        "Keep the database as it is, and compare it with the last backup.",
    ),
    _K.PARTICIPANT_EMPTY: Told(
        "no service is published for {subject}", "Publish what it receives, or remove the participant."
    ),
    _K.SERVICE_WITHOUT_ENDPOINT: Told(
        "{subject} has no endpoint that counts now for {document_type}{dates}", "Publish one, or remove the service."
    ),
    _K.SERVICE_ENDS: Told(
        "the last endpoint of {subject} for {document_type} ends {ends_at}",
        "Publish the one that comes after it, or remove the service by then.",
    ),
    _K.TRANSPORT_PROFILE: Told(
        "{access_points} access points, the first of them {first}, have the transport profile {subject}: {reason}",
        "Publish other endpoints beside these, or let the domain know the profile (transport_profiles).",
    ),
    _K.DIRECTORY_LAG: Told(
        "the directory of {subject} hasn't known since {oldest} what it should of {participants} participants: "
        "{failure}",
        "registry directory status tells more; registry directory retry tries again at once.",
    ),
    _K.DIRECTORY_FAILED: Told(
        "the directory of {subject} refuses {participants} participants",
        "registry directory status --state failed shows why; it is told of them when they change, or by registry "
        "directory retry.",
    ),
    _K.ALERT_FAILS: Told(
        "alerts by the channel {subject} don't arrive: {failure}", "registry alert test {subject} tries it at once."
    ),
}


def told(row: ProblemRow) -> Told:
    """A stored problem in words; one of a kind that this version doesn't know is told by its kind and subject."""
    if row.subject == REST:
        return Told(f"{row.parameters.get('more', '')} more of the kind {row.kind}", "registry problem list")
    if isinstance(row.parameters.get("remedy"), str):  # the doctor's own words
        return Told(str(row.parameters.get("what", row.kind)), row.parameters["remedy"])
    words = _WORDS.get(row.kind)
    if words is None:
        return Told(f"{row.kind}: {row.subject}".rstrip(": "), "")
    values = _Values({**row.parameters, "subject": row.subject})
    values["holder"] = _HOLDERS.get(str(values.get("holder")), values.get("holder", ""))
    if row.kind == _K.NAME_SERVER_CONTENT:
        counts = values.get("counts") or {}
        values["differences"] = values.get("failure") or ", ".join(f"{n} {name}" for name, n in sorted(counts.items()))
    elif row.kind == _K.PUBLIC_URL:
        url = values.get("url")
        values["address"] = f"at {url}, which only this machine can reach" if url else "and has no base URL"
    elif row.kind == _K.SERVICE_WITHOUT_ENDPOINT:
        begins, ended = values.get("begins_at"), values.get("ended_at")
        values["dates"] = f"; the next one does from {begins}" if begins else f"; the last one did until {ended}"
        values["dates"] = values["dates"] if begins or ended else ""
    return Told(words.what.format_map(values), words.remedy.format_map(values))


class _Values(dict[str, Any]):
    """Empty where a parameter is missing, as in what another version has written."""

    def __missing__(self, key: str) -> str:
        return ""
