# SPDX-License-Identifier: Apache-2.0
"""What an operator of an SML does and sees: interventions, migrations' ends, quarantine, records of a zone, serials."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the tables and columns."""
    op.create_table(
        "certificate_reminder",
        sa.Column("certificate_sha256", sa.String(length=64), nullable=False),
        sa.Column("holder", sa.String(length=96), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["certificate_sha256"],
            ["certificate.sha256"],
            name=op.f("fk_certificate_reminder_certificate_sha256_certificate"),
        ),
        sa.PrimaryKeyConstraint("certificate_sha256", "holder", "days", name=op.f("pk_certificate_reminder")),
    )
    op.create_table(
        "ended_migration",
        sa.Column("id", KEY, nullable=False),
        sa.Column("domain_id", KEY, nullable=False),
        sa.Column("scheme", sa.String(length=255), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("value_key", sa.Text(), nullable=False),
        sa.Column("from_smp_id", sa.String(length=64), nullable=False),
        sa.Column("to_smp_id", sa.String(length=64), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("prepared_at", sa.BigInteger(), nullable=False),
        sa.Column("prepared_by", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["domain_id"], ["domain.id"], name=op.f("fk_ended_migration_domain_id_domain")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ended_migration")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_ended_migration_domain_id_ended_at"), "ended_migration", ["domain_id", "ended_at"])
    op.create_index(
        op.f("ix_ended_migration_domain_id_scheme_value_key"), "ended_migration", ["domain_id", "scheme", "value_key"]
    )
    op.create_table(
        "quarantine",
        sa.Column("domain_id", KEY, nullable=False),
        sa.Column("scheme", sa.String(length=255), nullable=False),
        sa.Column("value_key", sa.Text(), nullable=False),
        sa.Column("smp_id", sa.String(length=64), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["domain_id"], ["domain.id"], name=op.f("fk_quarantine_domain_id_domain")),
        sa.PrimaryKeyConstraint("domain_id", "scheme", "value_key", name=op.f("pk_quarantine")),
    )
    op.create_index(op.f("ix_quarantine_until"), "quarantine", ["until"])
    op.create_table(
        "intervention",
        sa.Column("id", KEY, nullable=False),
        sa.Column("domain_id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("order_reference", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("approved_at", sa.BigInteger(), nullable=True),
        sa.Column("refused_by", sa.Text(), nullable=True),
        sa.Column("refused_at", sa.BigInteger(), nullable=True),
        sa.Column("applied_at", sa.BigInteger(), nullable=True),
        sa.Column("undo_until", sa.BigInteger(), nullable=True),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.Column("undone_at", sa.BigInteger(), nullable=True),
        sa.Column("job_id", KEY, nullable=True),
        sa.ForeignKeyConstraint(["domain_id"], ["domain.id"], name=op.f("fk_intervention_domain_id_domain")),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_intervention_job_id_job"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intervention")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_intervention_domain_id_asked_at"), "intervention", ["domain_id", "asked_at"])
    op.create_index(op.f("ix_intervention_job_id"), "intervention", ["job_id"])
    op.create_table(
        "name_server",
        sa.Column("zone_id", KEY, nullable=False),
        sa.Column("address", sa.String(length=96), nullable=False),
        sa.Column("serial", sa.BigInteger(), nullable=True),
        sa.Column("succeeded_at", sa.BigInteger(), nullable=True),
        sa.Column("failed_at", sa.BigInteger(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["zone_id"], ["zone.id"], name=op.f("fk_name_server_zone_id_zone")),
        sa.PrimaryKeyConstraint("zone_id", "address", name=op.f("pk_name_server")),
    )
    op.create_table(
        "zone_record",
        sa.Column("zone_id", KEY, nullable=False),
        sa.Column("owner", sa.String(length=253), nullable=False),
        sa.Column("rdtype", sa.String(length=16), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["zone_id"], ["zone.id"], name=op.f("fk_zone_record_zone_id_zone")),
        sa.PrimaryKeyConstraint("zone_id", "owner", "rdtype", name=op.f("pk_zone_record")),
    )
    op.create_table(
        "zone_serial",
        sa.Column("zone_id", KEY, nullable=False),
        sa.Column("server", sa.String(length=96), nullable=False),
        sa.Column("serial", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["zone_id"], ["zone.id"], name=op.f("fk_zone_serial_zone_id_zone")),
        sa.PrimaryKeyConstraint("zone_id", "server", "serial", name=op.f("pk_zone_serial")),
    )
    op.create_index(op.f("ix_zone_serial_seen_at"), "zone_serial", ["seen_at"])
    op.create_table(
        "blocked_certificate",
        sa.Column("domain_id", KEY, nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("serial", sa.String(length=64), nullable=False),
        sa.Column("blocked_at", sa.BigInteger(), nullable=False),
        sa.Column("intervention_id", KEY, nullable=True),
        sa.ForeignKeyConstraint(["domain_id"], ["domain.id"], name=op.f("fk_blocked_certificate_domain_id_domain")),
        sa.ForeignKeyConstraint(
            ["intervention_id"], ["intervention.id"], name=op.f("fk_blocked_certificate_intervention_id_intervention")
        ),
        sa.PrimaryKeyConstraint("domain_id", "issuer", "serial", name=op.f("pk_blocked_certificate")),
    )
    op.create_index(op.f("ix_blocked_certificate_intervention_id"), "blocked_certificate", ["intervention_id"])
    op.add_column("publisher", sa.Column("removing_at", sa.BigInteger(), nullable=True))
    op.add_column("publisher_certificate", sa.Column("added_by", sa.Text(), nullable=True))
    op.add_column("registration", sa.Column("services", sa.Text(), nullable=True))
    op.add_column("migration", sa.Column("prepared_by", sa.Text(), nullable=True))
    op.add_column("signing_key", sa.Column("planned_at", sa.BigInteger(), nullable=True))
    op.add_column("signing_key", sa.Column("retired_at", sa.BigInteger(), nullable=True))
    op.create_index(op.f("ix_migration_expires_at"), "migration", ["expires_at"])
    op.create_index(
        "ix_registration_services",
        "registration",
        ["publisher_id"],
        sqlite_where=sa.text("services IS NOT NULL"),
        postgresql_where=sa.text("services IS NOT NULL"),
    )


def downgrade() -> None:
    """Drop what was added."""
    op.drop_index("ix_registration_services", "registration")
    op.drop_index(op.f("ix_migration_expires_at"), "migration")
    op.drop_column("signing_key", "retired_at")
    op.drop_column("signing_key", "planned_at")
    op.drop_column("migration", "prepared_by")
    op.drop_column("registration", "services")
    op.drop_column("publisher_certificate", "added_by")
    op.drop_column("publisher", "removing_at")
    op.drop_table("certificate_reminder")
    op.drop_table("quarantine")
    op.drop_table("blocked_certificate")
    op.drop_table("intervention")
    op.drop_table("ended_migration")
    op.drop_table("zone_record")
    op.drop_table("zone_serial")
    op.drop_table("name_server")
