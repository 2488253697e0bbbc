# SPDX-License-Identifier: Apache-2.0
"""What SMP 2.0 says beyond the 1.x dialects, signed service groups, and domains with several dialects."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the columns and the table; settings name lists where they named one."""
    with op.batch_alter_table("access_point_certificate") as table:
        table.add_column(sa.Column("mime_code", sa.String(length=255), nullable=False, server_default=""))
        table.add_column(sa.Column("description", sa.Text(), nullable=False, server_default=""))
        table.add_column(sa.Column("activation", sa.BigInteger(), nullable=True))
        table.add_column(sa.Column("expiration", sa.BigInteger(), nullable=True))
    with op.batch_alter_table("access_point_certificate") as table:  # the defaults are for the rows that were there
        table.alter_column("mime_code", server_default=None)
        table.alter_column("description", server_default=None)
    with op.batch_alter_table("redirect") as table:
        table.add_column(sa.Column("certificate_sha256", sa.String(length=64), nullable=True))
        table.create_foreign_key(
            op.f("fk_redirect_certificate_sha256_certificate"), "certificate", ["certificate_sha256"], ["sha256"]
        )
        table.create_index(op.f("ix_redirect_certificate_sha256"), ["certificate_sha256"])
    op.create_table(
        "signed_service_group",
        sa.Column("service_group_id", KEY, nullable=False),
        sa.Column("dialect", sa.String(length=16), nullable=False),
        sa.Column("content_version", sa.Integer(), nullable=False),
        sa.Column("signing_key_id", KEY, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("etag", sa.String(length=80), nullable=False),
        sa.Column("last_modified", sa.BigInteger(), nullable=False),
        sa.Column("signed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_group_id"],
            ["service_group.id"],
            name=op.f("fk_signed_service_group_service_group_id_service_group"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["signing_key_id"], ["signing_key.id"], name=op.f("fk_signed_service_group_signing_key_id_signing_key")
        ),
        sa.PrimaryKeyConstraint(
            "service_group_id", "dialect", "content_version", "signing_key_id", name=op.f("pk_signed_service_group")
        ),
    )
    _change_settings(_listed)


def downgrade() -> None:
    """Drop what was added; a domain keeps its first dialect and NAPTR service."""
    op.drop_table("signed_service_group")
    with op.batch_alter_table("redirect") as table:
        table.drop_index(op.f("ix_redirect_certificate_sha256"))
        table.drop_constraint(op.f("fk_redirect_certificate_sha256_certificate"), type_="foreignkey")
        table.drop_column("certificate_sha256")
    with op.batch_alter_table("access_point_certificate") as table:
        for name in ("mime_code", "description", "activation", "expiration"):
            table.drop_column(name)
    _change_settings(_single)


_RENAMED = (("smp", "dialect", "dialects"), ("dns", "naptr_service", "naptr_services"))


def _listed(settings: dict[str, Any]) -> None:
    for section, one, many in _RENAMED:
        values = settings.get(section) or {}
        if one in values:
            values[many] = [values.pop(one)]


def _single(settings: dict[str, Any]) -> None:
    for section, one, many in _RENAMED:
        values = settings.get(section) or {}
        if many in values:
            values[one] = values.pop(many)[0]


def _change_settings(change: Any) -> None:
    connection = op.get_bind()
    domain = sa.table("domain", sa.column("id"), sa.column("settings", sa.Text()))
    for row in connection.execute(sa.select(domain)).all():
        settings = json.loads(row.settings)
        change(settings)
        connection.execute(sa.update(domain).where(domain.c.id == row.id).values(settings=_text(settings)))


def _text(settings: dict[str, Any]) -> str:
    return json.dumps(settings, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
