# SPDX-License-Identifier: Apache-2.0
"""Random worlds to decide in: anchors, a pin, an authority in between, a certificate, CRLs and OCSP responses, all with
dates around `NOW`.
"""

from datetime import datetime, timedelta

from cryptography import x509
from hypothesis import strategies as st

from tests.simulators.certificate_chains import NOW, Authority, ec_key
from tests.simulators.revocation_evidence import Said, crl, entry, responder_of, response
from tests.simulators.trust_models import anchor, configuration, path_to, pin, rule
from trust_lists.certificates.revocation.evidence import RevocationEvidence
from trust_lists.evaluation.decisions import Case, Evidence
from trust_lists.evaluation.trust_configuration.model import Role, TrustConfiguration
from trust_lists.instants import write_instant

DAY = timedelta(days=1)
KEYS = [ec_key() for _ in range(5)]

dates = st.integers(-40 * 24, 40 * 24).map(lambda hours: NOW + timedelta(hours=hours))
bounds = st.none() | dates
skews = st.sampled_from(["PT0S", "PT5M", "P2D"])


@st.composite
def periods(draw: st.DrawFn) -> tuple[datetime, datetime]:
    """Two dates of which the second is later."""
    first = draw(dates)
    return first, first + timedelta(hours=draw(st.integers(1, 60 * 24)))


@st.composite
def worlds(draw: st.DrawFn) -> tuple[TrustConfiguration, Case, Evidence]:
    """A configuration with two roots, a pin and an authority in between; a certificate; CRLs and OCSP responses."""
    root, other = (Authority(f"root {number}", key=KEYS[number], begin=NOW - 90 * DAY) for number in range(2))
    begin, end = draw(periods())
    middle = Authority("middle", draw(st.sampled_from([root, other])), key=KEYS[2], begin=begin, end=end)
    begin, end = draw(periods())
    leaf = middle.issue(key=KEYS[3], begin=begin, end=end)
    crls = []
    for authority, issued in ((root, middle.certificate), (other, middle.certificate), (middle, leaf)):
        for _ in range(draw(st.integers(0, 2))):
            this_update, next_update = draw(periods())
            reason = draw(st.sampled_from([None, x509.ReasonFlags.certificate_hold]))
            revoked = [entry(issued, draw(dates), reason)] if draw(st.booleans()) else []
            crls.append(crl(authority, *revoked, this_update=this_update, next_update=next_update))
    responses = []
    for _ in range(draw(st.integers(0, 2))):
        this_update, next_update = draw(periods())
        begin, end = draw(periods())
        responder = draw(st.sampled_from([None, responder_of(middle, begin=begin, end=end)]))
        said = Said(
            leaf,
            draw(st.sampled_from(["good", "revoked"])),
            draw(dates),
            this_update=this_update,
            next_update=draw(st.sampled_from([next_update, None])),
        )
        responses.append(response(middle, said, responder=responder))
    demands = {
        "leaf": draw(st.sampled_from(["no_check", "crl_required", "ocsp_required", "crl_or_ocsp_required"])),
        "intermediates": draw(st.sampled_from(["no_check", "crl_required"])),
        "freshness": draw(st.sampled_from(["any", "P7D"])),
        "retroactive": draw(st.booleans()),
        "clock_skew": draw(skews),
    }
    anchors = []
    for name, authority in (("root", root), ("other", other)):
        since, until = sorted(draw(periods()))
        period = {
            "from": draw(st.sampled_from([None, write_instant(since)])),
            "until": draw(st.sampled_from([None, write_instant(until)])),
        }
        kind = draw(st.sampled_from(["ca", "key+name"]))
        anchors.append(anchor(name, authority.certificate, kind, trusted=period))
    since, until = draw(periods())
    pins = [pin("leaf", leaf, "ap-sign", valid={"from": write_instant(since), "until": write_instant(until)})]
    accept = draw(st.sampled_from([path_to("root", "other"), {"any_of": [path_to("root"), {"pin": "any"}]}]))
    made = configuration(
        {"ap-sign": rule(accept, revocation=demands)},
        {"anchors": anchors, "intermediates": [{"sha256": middle.certificate.sha256}], "pins": pins},
        [root.certificate, other.certificate, middle.certificate],
        engine={"clock_skew": draw(skews)},
    )
    return made, Case(Role.AP_SIGN, leaf, NOW), Evidence(RevocationEvidence(crls, responses))
