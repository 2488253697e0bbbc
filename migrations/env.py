# SPDX-License-Identifier: Apache-2.0
"""Alembic's entry: runs the migrations on the engine that the registry hands over, or on REGISTRY_DATABASE_URL."""

import os

from alembic import context

from registry.clock import system_clock
from registry.storage.engine import Database
from registry.storage.tables import metadata


def run() -> None:
    """Run the migrations in one transaction."""
    engine = (
        context.config.attributes.get("engine") or Database(os.environ["REGISTRY_DATABASE_URL"], system_clock).engine
    )
    with engine.connect().execution_options(registry_writes=True) as connection:
        context.configure(
            connection=connection,
            target_metadata=metadata,
            render_as_batch=connection.dialect.name == "sqlite",
            transaction_per_migration=False,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
