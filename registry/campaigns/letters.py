# SPDX-License-Identifier: Apache-2.0
"""A reminder as it goes out: who is late, by when, and why; as text for people, as JSON for programs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from registry.alerts.message import one_line
from registry.campaigns.model import CampaignKind, MemberKind
from registry.storage.queries.alerts import ChannelRow
from registry.storage.queries.campaigns import CampaignRow, MemberRow

MOST: Final = 500
"""How many members a message names."""
TYPE: Final = "registry.campaign"
WORDS: Final = {
    MemberKind.ACCESS_POINT: "access point",
    MemberKind.PUBLISHER: "SMP",
    MemberKind.SIGNER: "signing key of the SMP",
    MemberKind.REDIRECT: "SMP that documents are redirected to",
    MemberKind.NAME_SERVER: "name server",
    MemberKind.OWNER_GROUP: "owner group",
    MemberKind.NO_GROUP: "participants without an owner group",
}


@dataclass(frozen=True, slots=True)
class Letter:
    """A message to one recipient. The id stays when it is sent again; `channel` is where it goes."""

    id: str
    channel: ChannelRow
    campaign: CampaignRow
    domain: str
    members: Sequence[MemberRow]
    """Those that are late, most participants first."""
    at: datetime

    @property
    def subject(self) -> str:
        """One line."""
        late = _number(len(self.members), "member is late", "members are late")
        return one_line(f"{self.campaign.name} of the domain {self.domain}: {late}, {_left(self.campaign, self.at)}")

    @property
    def text(self) -> str:
        """The lines of a mail."""
        return "\n".join(self._lines())

    def as_json(self) -> Mapping[str, Any]:
        """The body of a webhook."""
        campaign = self.campaign
        data = {
            "campaign": campaign.name,
            "domain": self.domain,
            "kind": campaign.kind,
            "target": target_in_words(campaign),
            "deadline": _shown(campaign.deadline),
            "late": len(self.members),
            "members": [_member(row) for row in self.members[:MOST]],
        }
        return {"type": TYPE, "timestamp": _shown(self.at), "data": data}

    def _lines(self) -> Iterator[str]:
        campaign = self.campaign
        yield one_line(f"The domain {self.domain} moves {target_in_words(campaign)}.")
        yield f"The deadline is {campaign.deadline:%Y-%m-%d %H:%M} UTC: {_left(campaign, self.at)}."
        yield ""
        yield "Late is:"
        yield ""
        for row in self.members[:MOST]:
            yield one_line(f"- {in_words(row)}")
            if row.reason:
                why = ", ".join(filter(None, (row.reason.get("check"), row.reason.get("clause"))))
                yield one_line(f"  {row.reason.get('message', '')} [{why}]")
        if len(self.members) > MOST:
            yield f"- and {len(self.members) - MOST:,} more"
        yield ""
        yield "You are told because you are a contact of these. Who has moved is not told again."
        yield ""


def target_in_words(campaign: CampaignRow) -> str:
    """Where a campaign leads to, after "moves"."""
    target = campaign.target
    match CampaignKind(campaign.kind):
        case CampaignKind.PKI:
            return f"to the trust model {target['model']}"
        case CampaignKind.ZONE:
            return f"its DNS zone from {target['from']} to {target['zone']}"
        case CampaignKind.DOCUMENT_TYPE:
            old, new = _with_process(target, "old"), _with_process(target, "new")
            return f"from {old} to {new}" + (", and the old one goes" if target["only_new"] else "")


def in_words(row: MemberRow) -> str:
    """A member, and who is behind it."""
    kind = MemberKind(row.kind)
    named = [WORDS[kind], row.name, row.address if row.address != row.name else ""]
    behind = _number(row.late, "participant", "participants")
    return f"{' '.join(filter(None, named))}: {behind}"


def _with_process(target: Mapping[str, Any], which: str) -> str:
    process = target.get(f"{which}_process")
    return f"{target[which]} in {process}" if process else str(target[which])


def _left(campaign: CampaignRow, now: datetime) -> str:
    left = campaign.deadline - now
    if left <= timedelta(0):
        return "the deadline has passed"
    days = left // timedelta(days=1)
    return f"{_number(days, 'day is', 'days are')} left" if days else "it ends within a day"


def _member(row: MemberRow) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "name": row.name,
        "address": row.address,
        "participants": row.participants,
        "late": row.late,
        "reason": row.reason,
    }


def _number(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def _shown(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"
