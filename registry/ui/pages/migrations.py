# SPDX-License-Identifier: Apache-2.0
"""Which participants another SMP may take over by a key, and what became of such migrations."""

from typing import Any

from starlette.responses import Response

from registry.identifiers.migration_key import new_migration_key
from registry.ui.confirming import Question, Said, ask
from registry.ui.labels import mark
from registry.ui.listing import listing
from registry.ui.rendering import path_of
from registry.ui.rest import RestError
from registry.ui.routing import Pages
from registry.ui.seen import mark_of, refusal, require_may, require_seen, seen
from registry.ui.visit import Visit

pages = Pages()
_LIST = "/domains/{domain}/migrations"
_ONE = f"{_LIST}/{{participant}}"
_NEW = "/domains/{domain}/new-migration"
_REST = "/domains/{}/migrations"
_REST_ONE = f"{_REST}/{{}}"
_FORM_AGAIN = frozenset({400, 404, 409})
_KEY_ONLY: Said = mark("Whoever has the key may take it over, and nobody else is asked."), {}
_REPLACED: Said = mark("Its migration is open already: the key of that means nothing any more."), {}
_CANCELLED: tuple[Said, ...] = (
    (mark("The key that was given out means nothing any more; the participant stays where it is."), {}),
    (mark("It can be prepared anew, with another key."), {}),
)


@pages.get(_LIST)
async def list_migrations(visit: Visit, domain: str) -> Response:
    """The open migrations of a domain, or of an SMP in it."""
    try:
        found = await listing(visit, _REST, domain, filters=("publisher",))
    except RestError as error:
        if error.status != 404 or not visit.query.get("publisher"):
            raise
        return await _ended(visit, domain)  # of an SMP that has gone there is only what was
    return await visit.page("migrations.html", domain=domain, found=found, ended=False)


@pages.get("/domains/{domain}/ended-migrations")
async def list_ended(visit: Visit, domain: str) -> Response:
    """What became of migrations, the last ended first."""
    return await _ended(visit, domain)


@pages.get(_NEW)
async def show_new(visit: Visit, domain: str) -> Response:
    """The form for whom a migration is prepared."""
    await require_may(visit, domain, "registration:write")
    return await _form(visit, domain, visit.query.get("participant", ""))


@pages.post(_NEW)
async def prepare(visit: Visit, domain: str) -> Response:
    """Say what follows; where that was confirmed, prepare it and show the key, which nobody sees again."""
    await require_may(visit, domain, "registration:write")
    who = visit.form.get("participant", "").strip()
    if not who:
        return await _form(visit, domain, who)
    try:
        held = await visit.rest.get("/domains/{}/registrations/{}", domain, who)
        opened = await visit.rest.find(_REST_ONE, domain, who)
        shown = mark_of([held["publisher"], opened])
        if visit.form.get("seen") == shown:
            key = new_migration_key()
            made = await visit.rest.ask("POST", _REST, domain, body={"participant": who, "key": key})
            return await visit.page("migration_key.html", domain=domain, held=made.json(), key=key)
    except RestError as error:
        if error.status not in _FORM_AGAIN:
            raise
        return await _form(visit, domain, who, error)
    follows: list[Said] = [
        (mark("Another SMP may take it over from the SMP %(smp_id)s."), {"smp_id": held["publisher"]}),
        _KEY_ONLY,
        *([] if opened is None else [_REPLACED]),
        (mark("The key is shown once, on the next page. Until it is used, nothing changes in DNS."), {}),
    ]
    question = Question(
        title=(mark("Prepare the migration of this participant?"), {}),
        follows=follows,
        button=mark("Prepare it, and show the key"),
        back=path_of(_REST, domain),
        about=held["participant"],
        is_danger=opened is not None,
        hidden={"participant": who, "seen": shown},
    )
    return await ask(visit, question, domain=domain)


@pages.get(f"{_ONE}/cancel")
async def confirm_cancel(visit: Visit, domain: str, participant: str) -> Response:
    """What follows from cancelling a migration."""
    await require_may(visit, domain, "registration:write")
    held, etag = await seen(visit, _REST_ONE, domain, participant)
    return await ask(visit, _cancelling(domain, held, etag), domain=domain)


@pages.post(f"{_ONE}/cancel")
async def cancel(visit: Visit, domain: str, participant: str) -> Response:
    """Cancel the migration that was seen."""
    held = await require_seen(visit, _REST_ONE, domain, participant)
    try:
        await visit.rest.ask("DELETE", _REST_ONE, domain, participant)
    except RestError as error:
        return await ask(visit, _cancelling(domain, held, visit.form["etag"]), domain=domain, error=error)
    return visit.go(path_of(_REST, domain), flash="migration-cancelled", name=held["participant"])


@pages.get(f"{_ONE}/complete")
async def show_complete(visit: Visit, domain: str, participant: str) -> Response:
    """The form for who takes a participant over, with what follows."""
    await require_may(visit, domain, "registration:write")
    return await _complete_form(visit, domain, await visit.rest.get(_REST_ONE, domain, participant))


@pages.post(f"{_ONE}/complete")
async def complete(visit: Visit, domain: str, participant: str) -> Response:
    """Give a participant to the SMP that was given its key."""
    held = await visit.rest.get(_REST_ONE, domain, participant)
    if held["publisher"] != visit.form.get("from"):
        raise refusal(412)
    given = {"publisher": visit.form.get("publisher", "").strip(), "key": visit.form.get("key", "").strip()}
    try:
        await visit.rest.ask("POST", f"{_REST_ONE}/complete", domain, participant, body=given)
    except RestError as error:
        if error.status not in {*_FORM_AGAIN, 403}:
            raise
        return await _complete_form(visit, domain, held, error)
    listed = path_of("/domains/{}/registrations", domain, publisher=given["publisher"])
    return visit.go(listed, flash="migrated", name=held["participant"])


def _cancelling(domain: str, held: Any, etag: str) -> Question:
    title = mark("Cancel the migration of this participant?")
    back = path_of(_REST, domain)
    return Question((title, {}), _CANCELLED, mark("Cancel it"), back, about=held["participant"], hidden={"etag": etag})


async def _ended(visit: Visit, domain: str) -> Response:
    found = await listing(visit, "/domains/{}/ended-migrations", domain, filters=("publisher", "participant"))
    return await visit.page("migrations.html", domain=domain, found=found, ended=True)


async def _form(visit: Visit, domain: str, who: str, error: RestError | None = None) -> Response:
    return await visit.page(
        "migration_form.html",
        status=200 if error is None else error.status,
        domain=domain,
        participant=who,
        wrong=[] if error is None else error.messages,
    )


async def _complete_form(visit: Visit, domain: str, held: Any, error: RestError | None = None) -> Response:
    return await visit.page(
        "migration_complete.html",
        status=200 if error is None else error.status,
        domain=domain,
        held=held,
        publisher=visit.form.get("publisher", ""),
        wrong=[] if error is None else error.messages,
    )
