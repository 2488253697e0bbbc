# SPDX-License-Identifier: Apache-2.0
"""Nobody is told of a serial before it is served: who is told asks at once, and would go away with the one before."""

import asyncio

import pytest

from registry.dns.notify import Notifier
from registry.dns.tsig_keys import TsigKeys
from registry.domains.zone_servers import Secondary
from tests.simulators.offline import OfflineInstance


@pytest.mark.timeout(30)
def test_the_notifier_does_not_look_while_a_serial_is_stamped_and_not_served(offline: OfflineInstance) -> None:
    async def work() -> None:
        publishing, looked = asyncio.Lock(), asyncio.Event()
        loop = asyncio.get_running_loop()

        def secondaries() -> dict[str, list[Secondary]]:
            loop.call_soon_threadsafe(looked.set)
            return {}

        keys, database = TsigKeys(offline.folder), offline.instance.database
        async with publishing:
            notifier = Notifier(database, "one", secondaries, keys, lambda: 0, publishing=publishing)
            task = asyncio.create_task(notifier.run())
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(looked.wait(), 0.2)
        await looked.wait()
        notifier.stop()
        await task

    asyncio.run(work())
