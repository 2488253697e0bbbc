# SPDX-License-Identifier: Apache-2.0
"""Clients of phoss that write at the same time: what each of them says is there in the end."""

from concurrent.futures import ThreadPoolExecutor

from lxml import etree

from tests.simulators.management import Client, Office

CLIENTS = 8
ROUNDS = 3


def test_merges_of_different_processes_at_once_all_survive(office: Office) -> None:
    papers = office.metadata()
    clients = [office.client("phoss") for _ in range(CLIENTS)]
    assert clients[0].ask("PUT", papers.group_path, papers.group).status == 200

    def work(number: int) -> list[int]:
        names = (f"{number}-{turn}" for turn in range(ROUNDS))
        documents = (papers.of(papers.process(name)).document for name in names)
        return [clients[number].ask("PUT", papers.path, document).status for document in documents]

    with ThreadPoolExecutor(CLIENTS) as pool:
        statuses = [status for done in pool.map(work, range(CLIENTS)) for status in done]
    assert statuses == [200] * CLIENTS * ROUNDS
    served = etree.fromstring(clients[0].ask("GET", papers.path).body)
    names = sorted(str(item.text).removeprefix("urn:") for item in served.iter("{*}ProcessIdentifier"))
    assert names == sorted(f"{number}-{turn}" for number in range(CLIENTS) for turn in range(ROUNDS))


def test_merges_and_deletes_of_processes_at_once_leave_what_was_not_deleted(office: Office) -> None:
    papers = office.metadata()
    kept, gone = (office.client("phoss") for _ in range(2))
    kept.publish(papers.of(papers.process("base"), *(papers.process(f"gone-{number}") for number in range(6))))

    def add(client: Client) -> list[int]:
        return [
            client.ask("PUT", papers.path, papers.of(papers.process(f"new-{number}")).document).status
            for number in range(6)
        ]

    def delete(client: Client) -> list[int]:
        return [client.ask("DELETE", papers.process_path(f"gone-{number}")).status for number in range(6)]

    with ThreadPoolExecutor(2) as pool:
        done = [pool.submit(add, kept), pool.submit(delete, gone)]
        assert [status for future in done for status in future.result()] == [200] * 12
    served = etree.fromstring(kept.ask("GET", papers.path).body)
    names = {str(item.text).removeprefix("urn:") for item in served.iter("{*}ProcessIdentifier")}
    assert names == {"base", *(f"new-{number}" for number in range(6))}
