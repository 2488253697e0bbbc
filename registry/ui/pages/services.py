# SPDX-License-Identifier: Apache-2.0
"""What a participant receives: publishing, changing and withdrawing a document type, by forms alone."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from registry.ui.confirming import Question, ask
from registry.ui.labels import PROPOSED, mark
from registry.ui.listing import listing
from registry.ui.pages.participants import may_at
from registry.ui.pages.plans import wants_review
from registry.ui.proposing import is_unreviewed, propose
from registry.ui.rendering import path_of
from registry.ui.rest import RestError
from registry.ui.routing import Pages
from registry.ui.seen import present, refusal, require_seen
from registry.ui.service_form import (
    MAX_FIELDS,
    Blocks,
    blocks_of,
    chosen_points,
    document,
    fill_in,
    read,
    stepped,
    too_large,
    whole,
)
from registry.ui.service_refusals import placed
from registry.ui.visit import Visit
from registry.ui.warnings import warnings_of

pages = Pages()
_PARTICIPANT = "/domains/{domain}/participants/{participant}"
_SERVICE = f"{_PARTICIPANT}/services/{{document_type}}"
_REST_PARTICIPANT = "/domains/{}/participants/{}"
REST = f"{_REST_PARTICIPANT}/services/{{}}"
_CODES = {"limit": "200"}
_POINTS = {"limit": "100"}
_TOO_LARGE = mark("It has more than this form can show. Change it over REST, or with registry import.")
_NONE = mark("Say which document type, as scheme::value.")
_FOLLOWS = (
    mark("The participant no longer receives this document type: no access point finds an endpoint for it."),
    mark("The signed document is no longer served. Who has fetched it may use it a little longer."),
    mark("To receive it again, it has to be published anew; the audit log keeps what there was."),
)


@pages.get(f"{_PARTICIPANT}/new-service")
async def show_new(visit: Visit, domain: str, participant: str) -> Response:
    """Which document type: one of the list in force, or another one."""
    await require_write(visit, domain, participant)
    typed = visit.query.get("document_type", "").strip()
    if typed:
        return visit.go(path_of(f"{REST}/change", domain, participant, typed))
    wrong = [_NONE] if "document_type" in visit.query else []
    lists = await visit.rest.find("/domains/{}/code-lists", domain)
    found = None
    if any(each["kind"] == "document type" for each in _items(lists)):
        path, filters = "/domains/{}/code-lists/{}", ("search", "state")
        found = await listing(visit, path, domain, "document-type", filters=filters, size=20)
    return await visit.page(
        "service_new.html", domain=domain, participant=participant, found=found, has_list=found is not None, wrong=wrong
    )


@pages.get(f"{_SERVICE}/change")
async def show_change(visit: Visit, domain: str, participant: str, document_type: str) -> Response:
    """The form, of what is published or empty."""
    at = (domain, participant, document_type)
    await require_write(visit, domain, participant)
    held, etag = await present(visit, REST, *at)
    proposes = await wants_review(visit, domain)
    if held is not None and too_large(held):
        return await _form(visit, at, [], etag, head=[_TOO_LARGE], proposes=proposes)
    return await _form(visit, at, blocks_of(held or {}), etag, proposes=proposes)


@pages.post(f"{_SERVICE}/change", uploads=True)
async def change(visit: Visit, domain: str, participant: str, document_type: str) -> Response:
    """Show the form again with a block more or less, or publish what it says."""
    at = (domain, participant, document_type)
    await require_write(visit, domain, participant)  # before anything is read
    files = await visit.read_files(MAX_FIELDS)
    etag, step = visit.form.get("etag", ""), visit.form.get("do", "publish")
    proposes = "proposes" in visit.form
    blocks = read(visit.form, files)
    head = await _fill_in(visit, domain, blocks)
    if step != "publish" or head:
        stepped(blocks, step)
        return await _form(visit, at, blocks, etag, head=head, status=400 if head else 200, proposes=proposes)
    held, present_etag = await present(visit, REST, *at)
    if present_etag != etag:
        raise refusal(412)
    wanted = document(blocks if await _groups_processes(visit, domain) else whole(blocks), held or {})
    try:
        if proposes:
            said = {"services": [wanted | {"document_type": _code(document_type)}]}
            return await propose(visit, domain, participant, said)
        condition = {"if-match": etag} if etag else {"if-none-match": "*"}
        answer = await visit.rest.ask("PUT", REST, *at, body=wanted, headers=condition)
    except RestError as error:
        if error.status not in {400, 409}:
            raise
        reasons = error.problem.get("reasons") or [{"message": each} for each in error.messages]
        proposes = proposes or is_unreviewed(error)
        return await _form(visit, at, blocks, etag, reasons=reasons, status=error.status, proposes=proposes)
    told = warnings_of(answer)
    return visit.go(
        path_of(_REST_PARTICIPANT, domain, participant),
        flash="noted" if told else "saved" if etag else "created",
        name=" ".join(told) or document_type,
    )


@pages.get(f"{_SERVICE}/withdraw")
async def confirm_withdraw(visit: Visit, domain: str, participant: str, document_type: str) -> Response:
    """What follows from withdrawing a document type."""
    await require_write(visit, domain, participant)
    answer = await visit.rest.ask("GET", REST, domain, participant, document_type)
    proposes = await wants_review(visit, domain)
    return await _confirm(visit, (domain, participant, document_type), answer.header("etag"), proposes=proposes)


@pages.post(f"{_SERVICE}/withdraw")
async def withdraw(visit: Visit, domain: str, participant: str, document_type: str) -> Response:
    """Withdraw it, unless it has changed since it was seen."""
    at, etag = (domain, participant, document_type), visit.form.get("etag", "")
    try:
        if "proposes" in visit.form:
            await require_seen(visit, REST, *at)
            return await propose(visit, domain, participant, {"withdrawn": [_code(document_type)]})
        await visit.rest.ask("DELETE", REST, *at, headers={"if-match": etag})
    except RestError as error:
        if is_unreviewed(error):
            return await _confirm(visit, at, etag, proposes=True)
        return await _confirm(visit, at, etag, proposes="proposes" in visit.form, error=error)
    return visit.go(path_of(_REST_PARTICIPANT, domain, participant), flash="withdrawn", name=document_type)


async def require_write(visit: Visit, domain: str, participant: str) -> None:
    """Raises RestError where the participant isn't seen, or the visitor may not publish for it."""
    await visit.rest.get(_REST_PARTICIPANT, domain, participant)
    if "service:write" not in await may_at(visit, domain, participant):
        raise refusal(403)


async def _groups_processes(visit: Visit, domain: str) -> bool:
    """Whether processes may share endpoints, or a redirect: only SMP 2.0 has that. Yes, where nobody tells."""
    held = await visit.rest.find("/domains/{}", domain)
    return held is None or set(held["settings"]["smp"]["dialects"]) == {"bdxr2"}


async def _fill_in(visit: Visit, domain: str, blocks: Blocks) -> list[str]:
    """Fill endpoints in from the access points that were chosen; gives what is wrong with that."""
    points, wrong = {}, []
    for name in sorted(chosen_points(blocks)):
        try:
            points[name] = await visit.rest.get("/domains/{}/access-points/{}", domain, name)
        except RestError as error:
            if error.status not in {403, 404}:
                raise
            wrong += error.messages
    fill_in(blocks, points)
    return wrong


async def _form(
    visit: Visit,
    at: tuple[str, str, str],
    blocks: Blocks,
    etag: str,
    *,
    head: Sequence[str] = (),
    reasons: Sequence[Mapping[str, Any]] = (),
    status: int = 200,
    proposes: bool,
) -> Response:
    domain, participant, document_type = at
    beside, others = placed(reasons, blocks)
    profiles, processes, points = await asyncio.gather(
        visit.rest.find("/domains/{}/code-lists/{}", domain, "transport-profile", query=_CODES),
        visit.rest.find("/domains/{}/code-lists/{}", domain, "process", query=_CODES),
        visit.rest.find("/domains/{}/access-points", domain, query=_POINTS),
    )
    return await visit.page(
        "service_form.html",
        status=status,
        domain=domain,
        participant=participant,
        document_type=document_type,
        blocks=blocks,
        etag=etag,
        beside=beside,
        wrong=[*head, *others],
        profiles=_items(profiles),
        processes=_items(processes),
        points=[each for each in _items(points) if each["endpoints"]],
        proposes=proposes,
        groups=await _groups_processes(visit, domain),
    )


async def _confirm(
    visit: Visit, at: tuple[str, str, str], etag: str, *, proposes: bool, error: RestError | None = None
) -> Response:
    domain, participant, document_type = at
    hidden = {"etag": etag} | ({"proposes": "1"} if proposes else {})
    question = Question(
        title=(mark("Withdraw this document type?"), {}),
        about=document_type,
        follows=[*([(PROPOSED, {})] if proposes else []), *((each, {}) for each in _FOLLOWS)],
        button=mark("Propose it") if proposes else mark("Withdraw it"),
        back=path_of(_REST_PARTICIPANT, domain, participant),
        hidden=hidden,
    )
    return await ask(visit, question, domain=domain, error=error)


def _items(page: Any) -> list[Any]:
    return [] if page is None else list(page["items"])


def _code(document_type: str) -> dict[str, str]:
    """A document type as REST writes it in a body."""
    scheme, separator, value = document_type.partition("::")
    return {"scheme": scheme, "value": value} if separator else {"value": document_type}
