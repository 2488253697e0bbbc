# SPDX-License-Identifier: Apache-2.0
"""What the commands about changes of certificates share: instants, and how long an old key is needed."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from registry.smp.signing_keys import Retirement


def read_instant(text: str, option: str) -> datetime:
    """An instant in ISO 8601, of UTC where it names no zone. Raises BadParameter."""
    try:
        instant = datetime.fromisoformat(text)
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(f"{option} wants an instant such as 2027-01-31T06:00:00Z, not {text}") from error


def retirement() -> "Retirement":
    """How long after a change of keys the old one is needed, by the settings."""
    from registry.cli.common import prepared_settings
    from registry.smp.signing_keys import Retirement

    settings = prepared_settings()
    return Retirement(timedelta(seconds=settings.client_cache_s), timedelta(seconds=settings.clock_skew_s))
