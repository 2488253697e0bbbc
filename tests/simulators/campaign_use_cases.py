# SPDX-License-Identifier: Apache-2.0
"""The use cases of campaigns, on the instance of `use_case_world`."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from registry.alerts import channels
from registry.alerts.channels import ChannelKind, NewChannel
from registry.app.campaigns import count
from registry.app.job_handlers import handlers
from registry.campaigns import desk
from registry.campaigns.model import CampaignKind, NewCampaign
from registry.campaigns.reminding import remind
from registry.domains.trust_models import document_of
from registry.impact.asking import nobody_asks
from registry.jobs.queue import enqueue
from registry.jobs.worker import Worker
from registry.settings import load_settings
from registry.storage.queries import alerts, campaigns
from registry.storage.queries.campaigns import CampaignRow
from registry.trust.model import configuration_of
from tests.simulators.use_case_world import ACTOR, World, metadata_of, use_case


@use_case
def count_campaign_of_document_types(world: World) -> None:
    _count(world, _campaign(world, CampaignKind.DOCUMENT_TYPE, _types(world)))


@use_case
def count_campaign_of_certificates(world: World) -> None:
    document = document_of(configuration_of(world.stored.domain)) | {"id": "next"}
    _count(world, _campaign(world, CampaignKind.PKI, {"configuration": document}))


@use_case
def count_campaign_of_a_zone(world: World) -> None:
    _count(world, _campaign(world, CampaignKind.ZONE, {"zone": "next.example"}))


@use_case
def remind_those_who_are_late(world: World) -> None:
    with world.instance.database.write(ACTOR) as work:
        if alerts.find_channel(work.connection, "ops") is None:
            channels.add(work, NewChannel("ops", ChannelKind.MAIL, "ops@example.org"))
    row = _campaign(world, CampaignKind.DOCUMENT_TYPE, _types(world), channel="ops")
    _count(world, row)
    remind(world.instance.database, ACTOR, {ChannelKind.MAIL: lambda _: None}, row.id, "demo")


@use_case
def close_campaign(world: World) -> None:
    row = _campaign(world, CampaignKind.ZONE, {"zone": "next.example"})
    with world.instance.database.write(ACTOR) as work:
        desk.close(work, row)


@use_case
def count_campaigns_in_background(world: World) -> None:
    """One that reminds by itself, of which there is nobody to tell."""
    _campaign(world, CampaignKind.DOCUMENT_TYPE, _types(world), automatic=True)
    with world.instance.database.write(ACTOR) as work:
        enqueue(work, desk.COUNT, {}, key="every day")
    settings = load_settings(data_dir=world.folder)
    kinds = {kind: handlers(world.instance, settings)[kind] for kind in (desk.COUNT, desk.REMIND)}
    worker = Worker(world.instance.database, kinds, "killed")
    while worker.run_one():
        pass


def _campaign(world: World, kind: CampaignKind, target: Mapping[str, Any], **values: Any) -> CampaignRow:
    """A campaign, unless an earlier run has made it."""
    with world.instance.database.write(ACTOR) as work:
        held = campaigns.find(work.connection, world.stored.id, "move")
        new = NewCampaign("move", kind, target, world.clock() + timedelta(days=30), **values)
        return held or desk.add(work, world.stored, new)


def _types(world: World) -> Mapping[str, str]:
    return {"old": str(metadata_of(world).document_type), "new": "busdox-docid-qns::urn:next"}


def _count(world: World, row: CampaignRow) -> None:
    count(world.instance, world.folder, ACTOR, row, nobody_asks)
