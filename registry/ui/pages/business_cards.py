# SPDX-License-Identifier: Apache-2.0
"""The business card of a participant: published, changed and withdrawn by forms alone."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from registry.ui.card_form import MAX_FIELDS, Entity, parse, placed, read, stepped, too_large, write
from registry.ui.confirming import Question, ask
from registry.ui.labels import PROPOSED, mark
from registry.ui.pages.plans import wants_review
from registry.ui.pages.services import require_write
from registry.ui.proposing import is_unreviewed, propose
from registry.ui.rendering import path_of
from registry.ui.rest import Content, RestError
from registry.ui.routing import Pages
from registry.ui.seen import answered, refusal
from registry.ui.visit import Visit

pages = Pages()
_CARD = "/domains/{domain}/participants/{participant}/business-card"
_REST_PARTICIPANT = "/domains/{}/participants/{}"
REST = f"{_REST_PARTICIPANT}/business-card"
_XML = "application/xml"
_TOO_LARGE = mark("It has more than this form can show. Publish a file instead.")
_FOLLOWS = (
    mark("Directories no longer show who the participant is, once they have looked again."),
    mark("It goes on receiving: its services stay as they are."),
    mark("Who has fetched the card keeps a copy."),
)


@pages.get(f"{_CARD}/change")
async def show_change(visit: Visit, domain: str, participant: str) -> Response:
    """The form, of the card that is published, or empty."""
    await require_write(visit, domain, participant)
    held, etag = await _present(visit, domain, participant)
    entities = [Entity()] if held is None else parse(held)
    proposes = await wants_review(visit, domain)
    if too_large(entities):
        return await _form(visit, (domain, participant), None, etag, head=[_TOO_LARGE], proposes=proposes)
    return await _form(visit, (domain, participant), entities, etag, proposes=proposes)


@pages.post(f"{_CARD}/change", uploads=True)
async def change(visit: Visit, domain: str, participant: str) -> Response:
    """Show the form again with an entity more or less, or publish what it says, or what is in a file."""
    await require_write(visit, domain, participant)  # before anything is read
    at = (domain, participant)
    file = (await visit.read_files(MAX_FIELDS)).get("file")
    etag, step = visit.form.get("etag", ""), visit.form.get("do", "publish")
    proposes, entities = "proposes" in visit.form, read(visit.form)
    if step != "publish":
        stepped(entities, step)
        return await _form(visit, at, entities, etag, proposes=proposes)
    card = write(participant, entities) if file is None else file.content
    try:
        if proposes:
            await _require_same(visit, at, etag)
            return await propose(visit, *at, {"business_card": card.decode("utf-8", "replace")})
        condition = {"if-match": etag} if etag else {"if-none-match": "*"}
        await visit.rest.ask("PUT", REST, *at, body=Content(_XML, card), headers=condition)
    except RestError as error:
        if error.status not in {400, 409}:
            raise
        reasons = error.problem.get("reasons") or [{"message": each} for each in error.messages]
        again = proposes or is_unreviewed(error)
        return await _form(visit, at, entities, etag, reasons=reasons, status=error.status, proposes=again)
    return visit.go(path_of(_REST_PARTICIPANT, *at), flash="saved" if etag else "created", name=participant)


@pages.get(f"{_CARD}/withdraw")
async def confirm_withdraw(visit: Visit, domain: str, participant: str) -> Response:
    """What follows from withdrawing the card."""
    await require_write(visit, domain, participant)
    answer = await visit.rest.ask("GET", REST, domain, participant)
    proposes = await wants_review(visit, domain)
    return await _confirm(visit, (domain, participant), answer.header("etag"), proposes=proposes)


@pages.post(f"{_CARD}/withdraw")
async def withdraw(visit: Visit, domain: str, participant: str) -> Response:
    """Withdraw it, unless it has changed since it was seen."""
    at, etag = (domain, participant), visit.form.get("etag", "")
    try:
        if "proposes" in visit.form:
            await _require_same(visit, at, etag)
            return await propose(visit, *at, {"business_card": None})
        await visit.rest.ask("DELETE", REST, *at, headers={"if-match": etag})
    except RestError as error:
        if is_unreviewed(error):
            return await _confirm(visit, at, etag, proposes=True)
        return await _confirm(visit, at, etag, proposes="proposes" in visit.form, error=error)
    return visit.go(path_of(_REST_PARTICIPANT, *at), flash="withdrawn", name=participant)


async def _present(visit: Visit, domain: str, participant: str) -> tuple[bytes | None, str]:
    """The card and its entity tag; None and an empty one where there is none. Raises RestError."""
    answer = await answered(visit, REST, domain, participant)
    return (None, "") if answer is None else (answer.body, answer.header("etag"))


async def _require_same(visit: Visit, at: tuple[str, str], etag: str) -> None:
    """Raises RestError: 412 where the card is another one than was seen."""
    if (await _present(visit, *at))[1] != etag:
        raise refusal(412)


async def _form(
    visit: Visit,
    at: tuple[str, str],
    entities: list[Entity] | None,
    etag: str,
    *,
    head: Sequence[str] = (),
    reasons: Sequence[Mapping[str, Any]] = (),
    status: int = 200,
    proposes: bool,
) -> Response:
    """The form; without fields where `entities` is None."""
    beside, others = placed(reasons, entities or [])
    return await visit.page(
        "business_card_form.html",
        status=status,
        domain=at[0],
        participant=at[1],
        entities=entities,
        etag=etag,
        beside=beside,
        wrong=[*head, *others],
        proposes=proposes,
    )


async def _confirm(
    visit: Visit, at: tuple[str, str], etag: str, *, proposes: bool, error: RestError | None = None
) -> Response:
    question = Question(
        title=(mark("Withdraw this business card?"), {}),
        about=at[1],
        follows=[*([(PROPOSED, {})] if proposes else []), *((each, {}) for each in _FOLLOWS)],
        button=mark("Propose it") if proposes else mark("Withdraw it"),
        back=path_of(_REST_PARTICIPANT, *at),
        hidden={"etag": etag} | ({"proposes": "1"} if proposes else {}),
    )
    return await ask(visit, question, domain=at[0], error=error)
