# SPDX-License-Identifier: Apache-2.0
"""A keep-alive client that asks as fast as it is answered, and checks each answer.

It is cheaper than the servers that it asks, so on a core of its own it keeps them busy.
"""

import itertools
import select
import socket
import time
from collections.abc import Sequence

CONNECTIONS = 16


class _Conversation:
    """One connection with at most one request under way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answer = bytearray()
        self._whole = 0

    def answered(self, status: bytes) -> bool:
        """Take what has come; whether the answer is whole. Raises RuntimeError when it has another status."""
        data = self.socket.recv(65536)
        if not data:
            raise RuntimeError("the server closed the connection")
        self._answer += data
        if not self._whole:
            head = self._answer.find(b"\r\n\r\n")
            if head < 0:
                return False
            if not self._answer.startswith(b"HTTP/1.1 " + status):
                raise RuntimeError(f"the server answered {bytes(self._answer[:200])!r}")
            self._whole = head + 4 + _content_length(self._answer, head)
        if len(self._answer) < self._whole:
            return False
        self._answer.clear()
        self._whole = 0
        return True


def _content_length(answer: bytearray, head: int) -> int:
    at = answer.find(b"content-length: ", 0, head)
    return int(answer[at + 16 : answer.find(b"\r\n", at)]) if at >= 0 else 0


def ask(port: int, requests: Sequence[bytes], status: int, seconds: float) -> int:
    """Send requests, in turn, for so many seconds; returns how many were answered, all of them with `status`."""
    expected = str(status).encode()
    following = itertools.cycle(requests)
    conversations = {}
    poll = select.epoll()
    for _ in range(CONNECTIONS):
        conversation = _Conversation(port)
        conversations[conversation.socket.fileno()] = conversation
        poll.register(conversation.socket, select.EPOLLIN)
        conversation.socket.sendall(next(following))
    answered = 0
    end = time.monotonic() + seconds
    open_ = len(conversations)
    while open_:
        more = time.monotonic() < end
        for number, _ in poll.poll(10):
            conversation = conversations[number]
            if conversation.answered(expected):
                answered += 1
                if more:
                    conversation.socket.sendall(next(following))
                else:
                    open_ -= 1
    for conversation in conversations.values():
        conversation.socket.close()
    poll.close()
    return answered
