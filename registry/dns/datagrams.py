# SPDX-License-Identifier: Apache-2.0
"""Many datagrams with one call of the system: what a name server in Python does beside it costs less than the calls.

Linux has `recvmmsg` and `sendmmsg`, which Python's sockets lack; a third more answers come from a core with them.
They are called without giving up the interpreter's lock, as they never wait. Elsewhere it is a call for each datagram.
"""

import ctypes
import functools
import socket
import sys
from collections.abc import Callable
from typing import Any, Final

from registry.dns.query import MAX_QUERY

Respond = Callable[[bytes, str], bytes | None]
"""What is sent for a datagram of a host, an IP address; None for nothing."""

MOST: Final = 64
"""Datagrams of one turn; then others in the event loop have theirs."""
_IN: Final = MAX_QUERY + 1
_OUT: Final = 2048
_NO_WAIT: Final = socket.MSG_DONTWAIT
_HOSTS: Final = 16_384
_ADDRESSES: Final = {socket.AF_INET: (16, slice(4, 8)), socket.AF_INET6: (28, slice(8, 24))}
"""By family: octets of a socket address, and where in it the IP address is. A scope is left out."""


class EachByItself:
    """Answers the datagrams that wait at a socket that doesn't block, by a call for each."""

    def __init__(self, udp: socket.socket) -> None:
        self._udp = udp

    def answer(self, respond: Respond) -> tuple[int, int]:
        """Returns how many were received, and how many answers couldn't be sent."""
        udp, errors = self._udp, 0
        for received in range(MOST):
            try:
                data, address = udp.recvfrom(_IN)
            except OSError:  # nothing waits, or an earlier answer met an ICMP error
                return received, errors
            response = respond(data, address[0])
            if response is None:
                continue
            try:
                udp.sendto(response, address)
            except OSError:  # a full buffer or an unreachable asker; who asks over UDP asks again
                errors += 1
        return MOST, errors


class _Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Header(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("vectors", ctypes.c_void_p),
        ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Message(ctypes.Structure):
    _fields_ = (("header", _Header), ("length", ctypes.c_uint32))


_WORDS: Final = ctypes.sizeof(_Message) // 4
_NUMBERS: Final = ctypes.sizeof(_Message) // ctypes.sizeof(ctypes.c_size_t)


class _Slots:
    """Room for messages of `octets` each; the addresses of who sends or gets them are at `names`."""

    def __init__(self, octets: int, names: int, name_octets: int) -> None:
        self.data = bytearray(octets * MOST)
        self._first = ctypes.addressof(ctypes.c_char.from_buffer(self.data))
        self._vectors = (_Vector * MOST)()
        self.messages = (_Message * MOST)()
        for number, message in enumerate(self.messages):
            self._vectors[number].base = self._first + number * octets
            self._vectors[number].length = octets
            header = message.header
            header.name, header.name_length = names + number * name_octets, name_octets
            header.vectors = ctypes.addressof(self._vectors) + number * ctypes.sizeof(_Vector)
            header.vector_count = 1
        self.address = ctypes.addressof(self.messages)
        # Attributes of structures in structures cost more than all the rest: the same memory as plain numbers.
        self.words = (ctypes.c_uint32 * (_WORDS * MOST)).from_buffer(self.messages)
        self.sizes = (ctypes.c_size_t * (2 * MOST)).from_buffer(self._vectors)
        self.addresses = (ctypes.c_size_t * (_NUMBERS * MOST)).from_buffer(self.messages)


class ManyAtOnce:
    """Answers the datagrams that wait at a socket of Linux, all with two calls."""

    def __init__(self, udp: socket.socket) -> None:
        self._receive, self._send = _calls()
        self._descriptor = udp.fileno()
        octets, ip = _ADDRESSES[udp.family]
        self._family = udp.family
        self._names = memoryview(bytearray(octets * MOST))
        first_name = ctypes.addressof(ctypes.c_char.from_buffer(self._names))
        self._in = _Slots(_IN, first_name, octets)
        self._out = _Slots(_OUT, first_name, octets)
        self._read = memoryview(self._in.data)
        length = _Message.length.offset // 4
        self._places = [
            (n * _WORDS + length, n * _IN, n * octets + ip.start, n * octets + ip.stop, first_name + n * octets)
            for n in range(MOST)
        ]
        self._hosts: dict[bytes, str] = {}

    def answer(self, respond: Respond) -> tuple[int, int]:
        """Returns how many were received, and how many answers couldn't be sent."""
        received = self._receive(self._descriptor, self._in.address, MOST, _NO_WAIT, None)
        if received <= 0:
            return 0, 0
        words, read, names = self._in.words, self._read, self._names
        sizes, addresses, room = self._out.sizes, self._out.addresses, self._out.data
        hosts = self._hosts
        waiting = errors = 0
        for word, at, ip, ip_end, name in self._places[:received]:
            raw = bytes(names[ip:ip_end])
            response = respond(bytes(read[at : at + words[word]]), hosts.get(raw) or self._host(raw))
            if response is None:
                continue
            length = len(response)
            if length > _OUT:
                errors += 1
                continue
            start = waiting * _OUT
            room[start : start + length] = response
            sizes[2 * waiting + 1] = length
            addresses[waiting * _NUMBERS] = name
            waiting += 1
        return received, errors + self._sent(waiting)

    def _sent(self, waiting: int) -> int:
        """Send them; returns how many couldn't be sent."""
        at = errors = 0
        while at < waiting:
            done = self._send(
                self._descriptor, self._out.address + at * ctypes.sizeof(_Message), waiting - at, _NO_WAIT
            )
            if done <= 0:  # the first of them: a full buffer or an unreachable asker; who asks over UDP asks again
                errors += 1
                done = 1
            at += done
        return errors

    def _host(self, raw: bytes) -> str:
        if len(self._hosts) >= _HOSTS:
            self._hosts.clear()
        host = self._hosts[raw] = socket.inet_ntop(self._family, raw)
        return host


@functools.cache
def _calls() -> tuple[Any, Any]:
    """recvmmsg(2) and sendmmsg(2). Raises AttributeError or OSError where there are none."""
    library = ctypes.PyDLL(None)
    receive, send = library.recvmmsg, library.sendmmsg
    receive.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_void_p)
    send.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int)
    return receive, send


def datagrams(udp: socket.socket) -> EachByItself | ManyAtOnce:
    """The best way that this system has."""
    try:
        return ManyAtOnce(udp) if sys.platform == "linux" else EachByItself(udp)
    except (AttributeError, OSError, KeyError):
        return EachByItself(udp)
