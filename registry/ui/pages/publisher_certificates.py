# SPDX-License-Identifier: Apache-2.0
"""Which certificates may speak for an SMP: adding one, changing from and until when, ending it."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from registry.ui.confirming import Question, Said, ask
from registry.ui.labels import mark
from registry.ui.moments import from_field, to_field
from registry.ui.pem import bodies, pasted, to_pem
from registry.ui.rendering import path_of
from registry.ui.rest import RestError
from registry.ui.routing import Pages
from registry.ui.seen import require_may, seen
from registry.ui.visit import Visit

pages = Pages()
_PUBLISHER = "/domains/{domain}/publishers/{smp_id}"
_NEW = f"{_PUBLISHER}/new-certificate"
_ONE = f"{_PUBLISHER}/certificates/{{certificate}}"
"""Named by its SHA-256."""
_REST_PUBLISHER = "/domains/{}/publishers/{}"
_REST = f"{_REST_PUBLISHER}/certificates"
_REST_ONE = f"{_REST}/{{}}"
_WINDOW = ("usable_from", "usable_until")
_FORM_AGAIN = frozenset({400, 409})
_ONE_ONLY = mark("Choose a file with one certificate, or paste one.")
_ENDS: Said = mark("It speaks for the SMP no more, from now on: calls that come with it are refused."), {}
_STAYS: Said = mark("Registrations, names and other certificates stay as they are."), {}
_SILENT: Said = (
    mark("Nobody speaks for the SMP then: it can't change anything at the SML before it has another certificate."),
    {},
)


@pages.get(_NEW)
async def show_new(visit: Visit, domain: str, smp_id: str) -> Response:
    """The form for a certificate."""
    await require_may(visit, domain, "publisher:write")
    held = await visit.rest.get(_REST_PUBLISHER, domain, smp_id)
    return await _form(visit, domain, held["smp_id"], None, {})


@pages.post(_NEW, uploads=True)
async def add(visit: Visit, domain: str, smp_id: str) -> Response:
    """Let a certificate speak for an SMP, beside those that do."""
    await require_may(visit, domain, "publisher:write")  # before anything of the file is read
    held = await visit.rest.get(_REST_PUBLISHER, domain, smp_id)
    file = await visit.read_upload("file")
    every = bodies(pasted(file.content) if file is not None else visit.form.get("certificate", ""))
    if len(every) != 1:
        return await _form(visit, domain, held["smp_id"], None, visit.form, 400, [_ONE_ONLY])
    wanted = {"certificate": to_pem(every[0]), **_window(visit.form)}
    try:
        await visit.rest.ask("POST", _REST, domain, smp_id, body=wanted)
    except RestError as error:
        if error.status not in _FORM_AGAIN:
            raise
        return await _form(visit, domain, held["smp_id"], None, visit.form, error.status, error.messages)
    return visit.go(path_of(_REST_PUBLISHER, domain, held["smp_id"]), flash="certificate-added")


@pages.get(f"{_ONE}/change")
async def show_change(visit: Visit, domain: str, smp_id: str, certificate: str) -> Response:
    """The form with from and until when a certificate may speak for an SMP."""
    await require_may(visit, domain, "publisher:write")
    held, etag = await seen(visit, _REST_ONE, domain, smp_id, certificate)
    told = {name: to_field(held[name]) for name in _WINDOW} | {"etag": etag}
    return await _form(visit, domain, smp_id, held, told)


@pages.post(f"{_ONE}/change")
async def change(visit: Visit, domain: str, smp_id: str, certificate: str) -> Response:
    """Change it, unless somebody was faster."""
    held = await visit.rest.get(_REST_ONE, domain, smp_id, certificate)
    form, query = visit.form, {"last": "true"} if "last" in visit.form else {}
    headers = {"if-match": form.get("etag", "")}
    try:
        await visit.rest.ask(
            "PUT", _REST_ONE, domain, smp_id, certificate, query=query, body=_window(form), headers=headers
        )
    except RestError as error:
        if error.status not in _FORM_AGAIN:
            raise
        return await _form(visit, domain, smp_id, held, form, error.status, error.messages)
    return visit.go(path_of(_REST_PUBLISHER, domain, smp_id), flash="saved", name=held["subject"])


@pages.get(f"{_ONE}/end")
async def confirm_end(visit: Visit, domain: str, smp_id: str, certificate: str) -> Response:
    """What follows from ending a certificate."""
    await require_may(visit, domain, "publisher:write")
    held, etag = await seen(visit, _REST_ONE, domain, smp_id, certificate)
    return await ask(visit, _ending(domain, smp_id, held, etag), domain=domain)


@pages.post(f"{_ONE}/end")
async def end(visit: Visit, domain: str, smp_id: str, certificate: str) -> Response:
    """End it; where nobody would speak for the SMP then, once that was confirmed, too."""
    held = await visit.rest.get(_REST_ONE, domain, smp_id, certificate)
    etag, query = visit.form.get("etag", ""), {"last": "true"} if "last" in visit.form else {}
    try:
        await visit.rest.ask("DELETE", _REST_ONE, domain, smp_id, certificate, query=query, headers={"if-match": etag})
    except RestError as error:
        if error.status == 412:
            raise
        is_last = error.status in _FORM_AGAIN and not query
        return await ask(visit, _ending(domain, smp_id, held, etag, is_last=is_last), domain=domain, error=error)
    return visit.go(path_of(_REST_PUBLISHER, domain, smp_id), flash="certificate-ended", name=held["subject"])


def _ending(domain: str, smp_id: str, held: Mapping[str, Any], etag: str, *, is_last: bool = False) -> Question:
    return Question(
        title=(mark("End this certificate of the SMP %(smp_id)s?"), {"smp_id": smp_id}),
        follows=[_ENDS, *([_SILENT] if is_last else []), _STAYS],
        button=mark("End it all the same") if is_last else mark("End it"),
        back=path_of(_REST_PUBLISHER, domain, smp_id),
        about=held["subject"],
        hidden={"etag": etag, **({"last": "1"} if is_last else {})},
    )


def _window(form: Mapping[str, str]) -> dict[str, str | None]:
    """From and until when, as REST takes it."""
    told = {name: form.get(name, "").strip() for name in _WINDOW}
    return {name: from_field(at) if at else None for name, at in told.items()}


async def _form(
    visit: Visit,
    domain: str,
    smp_id: str,
    held: Mapping[str, Any] | None,
    form: Mapping[str, str],
    status: int = 200,
    wrong: list[str] | None = None,
) -> Response:
    told = {name: form.get(name, "") for name in ("certificate", *_WINDOW, "etag")}
    return await visit.page(
        "publisher_certificate.html",
        status=status,
        domain=domain,
        smp_id=smp_id,
        held=held,
        told=told | {"last": "last" in form},
        wrong=wrong or [],
    )
