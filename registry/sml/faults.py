# SPDX-License-Identifier: Apache-2.0
"""Refusals as SOAP 1.1 faults, and faults as refusals.

Callers read two things: the element in `detail`, from which their tools make a typed exception, and the start of
`faultstring`, from which they recognise a repeated call (sml.md §1.2). So the fault text always comes first and the
request id last. The HTTP status is 500, as SOAP 1.1 §6.2 demands: with the 400, 404 and 401 of the ICD, JAX-WS
clients lose the fault.
"""

import re

from lxml import etree

from registry.sml.envelope import SOAP, EnvelopeError, envelope, escape
from registry.sml.errors import FaultKind, SmlError
from registry.sml.wsdl import LOCATOR

INTERNAL_ERROR = SmlError(FaultKind.INTERNAL_ERROR, 105, "technical error")
"""All that a caller learns of an unforeseen error; the log has the rest, under the same request id."""

_MAX_TEXT = 4000  # characters of a foreign fault that are kept
_FAULT = f"{{{SOAP}}}Fault"
_CODE = re.compile(r"\[ERR-(\d{1,6})\]\s*", re.ASCII)
_ICD_STATUS = {
    FaultKind.BAD_REQUEST: 400,
    FaultKind.UNAUTHORIZED: 401,
    FaultKind.NOT_FOUND: 404,
    FaultKind.INTERNAL_ERROR: 500,
}
_USUAL_CODE = {
    FaultKind.BAD_REQUEST: 106,
    FaultKind.UNAUTHORIZED: 101,
    FaultKind.NOT_FOUND: 100,
    FaultKind.INTERNAL_ERROR: 105,
}
_KIND_OF_NAME = {kind.value: kind for kind in FaultKind}
_KIND_OF_CODE = {
    **dict.fromkeys((106, 112, 114), FaultKind.BAD_REQUEST),
    **dict.fromkeys((101, 102, 103, 104), FaultKind.UNAUTHORIZED),
    **dict.fromkeys((100, 110, 111, 115), FaultKind.NOT_FOUND),
}


def fault_status(error: SmlError | EnvelopeError, *, icd_status_codes: bool) -> int:
    """The HTTP status of a fault: 500, or the one that ICD 1.30 §3 gives its kind."""
    return _ICD_STATUS[error.kind] if icd_status_codes and isinstance(error, SmlError) else 500


def write_fault(error: SmlError | EnvelopeError, request_id: str) -> bytes:
    """The envelope of a fault; its text is that of the error, followed by the request id in brackets."""
    code, detail = "Server", ""
    if isinstance(error, SmlError):
        name = error.kind.value
        message = f"<FaultMessage>{escape(str(error))}</FaultMessage>"
        detail = f'<detail><{name} xmlns="{LOCATOR}">{message}</{name}></detail>'
    else:
        code = error.code
    text = escape(f"{error} [{request_id}]")
    return envelope(f"<S:Fault><faultcode>S:{code}</faultcode><faultstring>{text}</faultstring>{detail}</S:Fault>")


def is_fault(body: etree._Element) -> bool:
    """Whether this element of a Body is a fault."""
    return bool(body.tag == _FAULT)


def read_fault(fault: etree._Element) -> SmlError:
    """The refusal that a fault stands for.

    Its kind is that of the element in `detail`; without a known one, that of the ERR code in the text; without
    either, an internal error. The text is the FaultMessage, or else the faultstring.
    """
    kind, text = None, fault.findtext("faultstring", "")
    for element in fault.iterfind("detail/*"):
        kind = _KIND_OF_NAME.get(etree.QName(element).localname)
        if kind is not None:
            text = element.findtext("{*}FaultMessage") or text
            break
    text = text.strip()[:_MAX_TEXT]
    code = _USUAL_CODE[kind or FaultKind.INTERNAL_ERROR]
    if found := _CODE.match(text):
        code, text = int(found[1]), text[found.end() :]
        kind = kind or _KIND_OF_CODE.get(code)
    return SmlError(kind or FaultKind.INTERNAL_ERROR, code, text or "no reason given")
