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
_HOLDERS = {"publisher": "the SMP", "signing-key": "the signing key of", "access-point": "the access point"}
_WORDS: Mapping[str, Told] = {
    _K.CERTIFICATE_ENDS: Told(
        "the certificate of {holder} {subject} ends {ends_at} and has no successor ({certificate_subject})",
        "Ask for a new one, and plan the change: docs/howto/change-certificates.md.",
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
        "intervention {intervention} ({what}) about {subject} waits for approval",
        "registry sml intervention approve, or refuse.",
    ),
    _K.AUDIT_BROKEN: Told(
        "the audit's chain isn't whole at {position}: {message}",
        "Keep the database as it is, and compare it with the last backup.",
    ),
    _K.PARTICIPANT_EMPTY: Told(
        "no service is published for {subject}", "Publish what it receives, or remove the participant."
    ),
    _K.SERVICE_WITHOUT_ENDPOINT: Told(
        "{subject} has no endpoint that counts now for {document_type}", "Publish one, or remove the service."
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
    return Told(words.what.format_map(values), words.remedy.format_map(values))


class _Values(dict[str, Any]):
    """Empty where a parameter is missing, as in what another version has written."""

    def __missing__(self, key: str) -> str:
        return ""
