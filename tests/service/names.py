#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A name server and a network that fail on demand, for names.sh; inside of a network of their own.

names.py FOLDER NAME PORT

On 127.0.0.1:53 it answers what FOLDER/dns says at that moment: "servfail", "nxdomain", "silent", or an
address. The service on 127.0.0.1:PORT can be reached at PORT of the address in FOLDER/at, and of no other:
when that changes, all connections end. FOLDER/is-at follows.
"""
import asyncio
import pathlib
import socket
import sys

folder, name, port = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
asked = 0


def split_name(question):
    at = 0
    while question[at] != 0:
        yield question[at + 1:at + 1 + question[at]]
        at += 1 + question[at]


def answer(query):
    """The answer to one question; None: silence."""
    global asked
    asked += 1
    (folder / "asked").write_text(str(asked))
    mode = (folder / "dns").read_text().strip()
    end = query.index(b"\0", 12) + 5
    question, kind = query[12:end], query[end - 4:end - 2]
    told = b".".join(split_name(question)).decode().lower()
    code, records = 0, b""
    if mode == "silent":
        return None
    if mode == "servfail":
        code = 2
    elif mode == "nxdomain" or told != name:
        code = 3
    elif kind == b"\0\1":
        # the name as in the question, A, IN, ten minutes: longer than any of this lasts
        records = b"\xc0\x0c\0\1\0\1\0\0\2\x58\0\4" + socket.inet_aton(mode)
    head = query[:2] + bytes([0x81, 0x80 | code]) + b"\0\1" + bytes([0, 1 if records else 0]) + b"\0\0\0\0"
    return head + question + records


class NameServer(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        reply = answer(data)
        if reply is not None:
            self.transport.sendto(reply, address)


writers = set()


async def copy(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    writer.close()


async def forward(reader, writer):
    try:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        writer.close()
        return
    both = {writer, inner_writer}
    writers.update(both)
    await asyncio.gather(copy(reader, inner_writer), copy(inner_reader, writer))
    writers.difference_update(both)


async def main():
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(NameServer, local_addr=("127.0.0.1", 53))
    here, server = None, None
    while True:
        wanted = (folder / "at").read_text().strip()
        if wanted != here:
            if server is not None:
                server.close()
                server = None
                for writer in list(writers):
                    writer.transport.abort()
            if wanted != "nowhere":
                server = await asyncio.start_server(forward, wanted, port)
            here = wanted
            (folder / "is-at.new").write_text(here + "\n")
            (folder / "is-at.new").rename(folder / "is-at")
        await asyncio.sleep(0.02)


asyncio.run(main())
