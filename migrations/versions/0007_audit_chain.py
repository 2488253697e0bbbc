# SPDX-License-Identifier: Apache-2.0
"""The chain of audit events, and subjects that can be forgotten."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# What may happen to an event once it is written: it gets its place in the chain.
_KEPT = (
    "sequence",
    "at",
    "actor",
    "request_id",
    "tag",
    "domain_id",
    "subject",
    "before",
    "after",
    "subject_id",
    "sealed",
)
_REFUSAL = "audit events are append-only"


def upgrade() -> None:
    """Add the tables and columns, and let the database refuse to change an event."""
    op.create_table(
        "event_subject",
        sa.Column("id", KEY, nullable=False),
        sa.Column("lookup", sa.String(length=64), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("erased_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_subject")),
        sa.UniqueConstraint("lookup", name=op.f("uq_event_subject_lookup")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "audit_chain",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("begin_position", sa.BigInteger(), nullable=False),
        sa.Column("begin_hash", sa.String(length=64), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_chain")),
    )
    _refer("event", "subject_id", "event_subject")
    op.add_column("event", sa.Column("sealed", sa.LargeBinary(), nullable=True))
    op.add_column("event", sa.Column("position", sa.BigInteger(), nullable=True))
    op.add_column("event", sa.Column("hash", sa.String(length=64), nullable=True))
    op.create_index(op.f("ix_event_subject_id"), "event", ["subject_id"])
    op.drop_index(op.f("ix_event_subject"), "event")
    op.create_index(
        op.f("ix_event_subject"),
        "event",
        ["subject"],
        sqlite_where=sa.text("subject <> ''"),
        postgresql_where=sa.text("subject <> ''"),
    )
    op.create_index(
        "ix_event_unsealed",
        "event",
        ["sequence"],
        sqlite_where=sa.text("position IS NULL"),
        postgresql_where=sa.text("position IS NULL"),
    )
    op.create_index(
        "uq_event_position",
        "event",
        ["position"],
        unique=True,
        sqlite_where=sa.text("position IS NOT NULL"),
        postgresql_where=sa.text("position IS NOT NULL"),
    )
    for statement in _triggers(op.get_bind().dialect.name):
        op.execute(statement)


def _triggers(dialect: str) -> list[str]:
    if dialect == "postgresql":
        same = " AND ".join(f'NEW."{name}" IS NOT DISTINCT FROM OLD."{name}"' for name in _KEPT)
        return [
            f"""
            CREATE FUNCTION event_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF TG_OP = 'UPDATE' THEN
                    IF OLD.position IS NULL AND NEW.position IS NOT NULL AND {same} THEN
                        RETURN NEW;
                    END IF;
                END IF;
                RAISE EXCEPTION '{_REFUSAL}';
            END $$
            """,
            """
            CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE ON event
            FOR EACH ROW EXECUTE FUNCTION event_append_only()
            """,
            """
            CREATE TRIGGER event_no_truncate BEFORE TRUNCATE ON event
            FOR EACH STATEMENT EXECUTE FUNCTION event_append_only()
            """,
        ]
    same = " AND ".join(f'NEW."{name}" IS OLD."{name}"' for name in _KEPT)
    return [
        f"""
        CREATE TRIGGER event_append_only BEFORE UPDATE ON event
        WHEN NOT (OLD.position IS NULL AND NEW.position IS NOT NULL AND {same})
        BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END
        """,
        f"CREATE TRIGGER event_no_delete BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END",
    ]


def _refer(table: str, column: str, target: str) -> None:
    """Add a nullable column that refers to the id of another table, without making the table anew."""
    name = op.f(f"fk_{table}_{column}_{target}")
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"ALTER TABLE {table} ADD COLUMN {column} INTEGER CONSTRAINT {name} REFERENCES {target} (id)")
    else:
        op.add_column(table, sa.Column(column, KEY, nullable=True))
        op.create_foreign_key(name, table, target, [column], ["id"])


def downgrade() -> None:
    """Drop what was added."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER event_no_truncate ON event")
        op.execute("DROP TRIGGER event_append_only ON event")
        op.execute("DROP FUNCTION event_append_only()")
    else:
        op.execute("DROP TRIGGER event_no_delete")
        op.execute("DROP TRIGGER event_append_only")
    op.drop_index(op.f("ix_event_subject"), "event")
    op.create_index(op.f("ix_event_subject"), "event", ["subject"])
    for name in ("uq_event_position", "ix_event_unsealed", op.f("ix_event_subject_id")):
        op.drop_index(name, "event")
    for name in ("hash", "position", "sealed", "subject_id"):
        op.drop_column("event", name)
    op.drop_table("audit_chain")
    op.drop_table("event_subject")
