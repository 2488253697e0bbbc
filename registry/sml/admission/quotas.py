# SPDX-License-Identifier: Apache-2.0
"""How many participants a domain and each of its SMPs may have, exactly, however many register at once.

Who counts holds the domain until the transaction ends, so that of two who would take the last place one waits and then
counts again. Domains without quotas pay nothing for it. What is there already may be more than a new quota: it stays.
"""

from registry.errors import ValidationError
from registry.sml.errors import SmlError, bad_request
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries import quotas
from registry.storage.queries.publishers import PublisherRow
from registry.storage.unit_of_work import UnitOfWork


def make_room(
    work: UnitOfWork, stored: StoredDomain, publisher: PublisherRow, count: int, *, moved: bool = False
) -> None:
    """See that a publisher may have `count` registrations more; with `moved` the domain has them already.

    Raises SmlError (ERR-106) where that is more than a quota leaves.
    """
    sml = stored.domain.sml
    in_domain = 0 if moved else sml.max_participants
    of_publisher = sml.max_participants_per_publisher
    if not count or not (in_domain or of_publisher):
        return
    quotas.hold_domain(work, stored.id)
    if in_domain and not quotas.has_room(work, in_domain, count, domain_id=stored.id):
        raise _full("SML-QUOTA-DOMAIN", f"the domain {stored.domain.name}", in_domain)
    if of_publisher and not quotas.has_room(work, of_publisher, count, publisher_id=publisher.id):
        raise _full("SML-QUOTA-PUBLISHER", f"the SMP '{publisher.smp_id}'", of_publisher)


def _full(reason_id: str, what: str, most: int) -> SmlError:
    text = f"The maximum number of participants for {what} would be exceeded: {most} is the most"
    return bad_request(text, ValidationError.of(reason_id, text))
