#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Uses the network as an attacker does, one named attack after the other.

    hostile.py ATTACK --port N [--tls-port N] [--management-port N] [--message FILE] [--ocsp FILE]
               [--count N] [--seconds N]

An attack knows what the server owes it: each shape its status, each slow connection its end, each
message an answer. It prints one JSON object: what was done, and under "problems" what was not as it
has to be. Exit code 1: there is a problem. Addresses of 127.0.0.0/8 are the attackers' own, so that
limits of one address do not stop them before the server is tried.
"""
import argparse
import collections
import errno
import json
import os
import random
import re
import selectors
import socket
import ssl
import struct
import sys
import threading
import time

HOST = "127.0.0.1"
SCEP = "/scep/device"
GET_CACERT = ("GET %s?operation=GetCACert HTTP/1.1\r\nHost: t\r\n\r\n" % SCEP).encode()
GET_CAPS = ("GET %s?operation=GetCACaps HTTP/1.1\r\nHost: t\r\n\r\n" % SCEP).encode()
PATIENCE = 5.0  # on a busy machine: how much later than promised an end may come
problems = collections.Counter()


def source(number):
    """One of 40 addresses; each stays below the limit of one address."""
    return "127.0.%d.%d" % (1 + number % 4, 1 + number // 4 % 10)


def connect(port, number=0, timeout=30):
    return socket.create_connection((HOST, port), timeout=timeout, source_address=(source(number), 0))


def read_answer(stream):
    """(status, body) of the next answer; (None, b"") when there is none."""
    line = stream.readline(1000)
    if not line.startswith(b"HTTP/1."):
        return None, line
    length = 0
    while True:
        header = stream.readline(10000)
        if header in (b"\r\n", b""):
            break
        if header.lower().startswith(b"content-length:"):
            length = int(header.split(b":")[1])
    return int(line.split()[1]), stream.read(length)


def post(body, path=SCEP + "?operation=PKIOperation", headers=""):
    head = "POST %s HTTP/1.1\r\nHost: t\r\nContent-Type: application/x-pki-message\r\n%sContent-Length: %d\r\n\r\n"
    return (head % (path, headers, len(body))).encode() + body


# ---- connections that are held ----------------------------------------------------------------------


class Held:
    """One connection of a crowd: what it says at first, and again and again."""

    def __init__(self, number):
        self.number, self.sock, self.since, self.open = number, None, 0.0, False


def hold(port, count, seconds, begin, again, most):
    """Keep `count` connections for so long: each that ends is opened anew. None may live longer than `most`."""
    selector = selectors.DefaultSelector()
    crowd = [Held(i) for i in range(count)]
    done = {"connections": 0, "ended": 0, "refused": 0, "longest_s": 0.0}
    until = time.monotonic() + seconds

    def start(held):
        held.sock = socket.socket()
        held.sock.setblocking(False)
        held.sock.bind((source(held.number), 0))
        held.open, held.since = False, time.monotonic()
        if held.sock.connect_ex((HOST, port)) not in (0, errno.EINPROGRESS):
            done["refused"] += 1
        selector.register(held.sock, selectors.EVENT_READ | selectors.EVENT_WRITE, held)
        done["connections"] += 1

    def end(held, at_last=False):
        life = time.monotonic() - held.since
        done["longest_s"] = max(done["longest_s"], life)
        selector.unregister(held.sock)
        held.sock.close()
        if life > most + PATIENCE:
            problems["a connection lived for more than %g s" % most] += 1
        if not at_last:
            done["ended"] += 1
            start(held)

    for held in crowd:
        start(held)
    tick = time.monotonic()
    while time.monotonic() < until:
        for key, events in selector.select(0.2):
            held = key.data
            try:
                if events & selectors.EVENT_WRITE and not held.open:
                    held.open, held.since = True, time.monotonic()
                    selector.modify(held.sock, selectors.EVENT_READ, held)
                    if begin:
                        held.sock.send(begin)
                elif events & selectors.EVENT_READ and held.sock.recv(65536) == b"":
                    end(held)
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.EINPROGRESS):
                    end(held)
        if time.monotonic() - tick >= 1:
            tick = time.monotonic()
            for held in crowd:
                if held.open and again:
                    try:
                        held.sock.send(again)
                    except OSError as error:
                        if error.errno != errno.EAGAIN:
                            end(held)
    for held in crowd:
        end(held, at_last=True)
    return done


def slow_headers(a):
    """A request line, then a byte of a header every second."""
    return hold(a.port, a.count or 1000, a.seconds or 25, b"GET /scep/device?operation=GetCACert HTTP/1.1\r\nX: ",
                b"a", 10)


def slow_line(a):
    """A byte of the request line every second."""
    return hold(a.port, a.count or 1000, a.seconds or 40, b"GET /scep/device?", b"a", 30)


def slow_bodies(a):
    """A byte of the body every second."""
    return hold(a.port, a.count or 1000, a.seconds or 35, post(b"x" * 60000)[:-60000], b"a", 21)


def silent(a):
    """Connected, and nothing."""
    return hold(a.port, a.count or 1000, a.seconds or 40, b"", b"", 30)


def idle(a):
    """One request, and then nothing."""
    return hold(a.port, a.count or 1000, a.seconds or 40, GET_CAPS, b"", 31)


def slow_readers(a):
    """Ask for answers and take none, until no more can be asked for: some 4 MB each are in the kernels then."""
    until, held = time.monotonic() + (a.seconds or 120), []
    done = {"connections": a.count or 10, "longest stuck_s": 0.0}
    for i in range(done["connections"]):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        sock.bind((source(i), 0))
        sock.connect((HOST, a.port))
        sock.setblocking(False)
        held.append([sock, time.monotonic()])  # since when nothing can be asked
    while time.monotonic() < until and held:
        for h in list(held):
            try:
                h[0].send(GET_CACERT * 50)
                h[1] = time.monotonic()
            except BlockingIOError:
                pass
            except OSError:
                stuck = time.monotonic() - h[1]
                done["longest stuck_s"] = round(max(done["longest stuck_s"], stuck), 1)
                if stuck > 30 + PATIENCE:
                    problems["a client that takes nothing is kept for %d s" % stuck] += 1
                held.remove(h)
        time.sleep(0.05)
    if held:
        problems["a client that takes no answer is still served"] += len(held)
    return done


# ---- connections that come and go -------------------------------------------------------------------


def flood(a):
    """Open and close as fast as can be, half of them with a reset."""
    until, counts, lock = time.monotonic() + (a.seconds or 10), collections.Counter(), threading.Lock()

    def run(number):
        own, i = collections.Counter(), number
        while time.monotonic() < until:
            i += 8
            try:
                sock = connect(a.port, i, timeout=5)
                if i % 3 == 0:
                    sock.sendall(b"GET / HTTP")
                if i % 2 == 0:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                sock.close()
                own["connections"] += 1
            except OSError:
                own["failed"] += 1
        with lock:
            counts.update(own)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return dict(counts)


def client_hello(version):
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = version
    try:
        context.wrap_bio(incoming, outgoing, server_hostname="localhost").do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def tls_stall(a):
    """Nothing, half a ClientHello, one and no more (stalled behind ServerHello), garbage; and good clients beside."""
    hello12, hello13 = client_hello(ssl.TLSVersion.TLSv1_2), client_hello(ssl.TLSVersion.TLSv1_3)
    until, done = time.monotonic() + (a.seconds or 25), collections.Counter()
    shapes = [b"", hello13[:len(hello13) // 2], hello12, hello13, b"\x16\x03\x01\x40\x00\x01\x00\x3f\xfc" + b"\0" * 99,
              b"GET / HTTP/1.1\r\n\r\n"]
    held, longest, slowest = [], 0.0, 0.0

    def begin(number):
        sock = connect(a.tls_port, number)
        sock.setblocking(False)
        try:
            sock.send(shapes[number % len(shapes)])
        except OSError:
            pass
        done["connections"] += 1
        return [sock, time.monotonic(), number]

    for i in range(a.count or 400):
        held.append(begin(i))
    asked = 0.0
    while time.monotonic() < until:
        for h in held:
            try:
                ended = h[0].recv(65536) == b""
            except BlockingIOError:
                ended = False
            except OSError:
                ended = True
            if ended:
                longest = max(longest, time.monotonic() - h[1])
                h[0].close()
                h[:] = begin(h[2])
            elif time.monotonic() - h[1] > 10 + PATIENCE:
                problems["a handshake may take longer than 10 s"] += 1
        if time.monotonic() - asked > 1:
            asked = time.monotonic()
            status = ask_tls(a, 1000)
            slowest = max(slowest, time.monotonic() - asked)
            done["good"] += status == 200
            if status != 200:
                problems["HTTPS: %s" % status] += 1
        time.sleep(0.05)
    for h in held:
        h[0].close()
    return dict(done, longest_s=longest, https_max_s=round(slowest, 3))


def ask_tls(a, number):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with connect(a.tls_port, number) as raw, context.wrap_socket(raw) as sock:
            sock.sendall(GET_CAPS)
            return read_answer(sock.makefile("rb"))[0]
    except OSError as error:
        return repr(error)


def tls_leave(a):
    """Handshakes that end early in every place; and clients that ask and go without reading."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    hello = client_hello(ssl.TLSVersion.TLSv1_3)
    count = a.count or 1000
    for i in range(count):
        try:
            sock = connect(a.tls_port, i)
            if i % 3 == 0:
                sock.sendall(hello[:i % len(hello)])
            elif i % 3 == 1:
                sock.sendall(hello)
            else:
                sock = context.wrap_socket(sock)
                sock.sendall(GET_CACERT * 20)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", i % 2, 0))
            sock.close()
        except OSError:
            pass
    status = ask_tls(a, 1)
    if status != 200:
        problems["HTTPS afterwards: %s" % status] += 1
    return {"connections": count}


# ---- requests without end ---------------------------------------------------------------------------

TAKEN_MAX = 16 << 20  # what both kernels hold on the way is part of it


def pour(a, name, begin, piece, statuses):
    """Send `piece` for ever. The server has to end it; returns the megabytes it let come."""
    sock, sent, until = connect(a.port, 0, timeout=20), 0, time.monotonic() + 60
    try:
        sock.sendall(begin)
        while sent < TAKEN_MAX and time.monotonic() < until:
            sent += sock.send(piece)
    except OSError:
        pass
    if sent >= TAKEN_MAX:
        problems["%s: no end" % name] += 1
    try:
        status = read_answer(sock.makefile("rb"))[0]
    except OSError:
        status = None  # reset before it could be read
    if status not in statuses:
        problems["%s: %s" % (name, status)] += 1
    sock.close()
    return round(sent / 1048576, 2)


def endless(a):
    """Chunks, chunk extensions, chunk sizes, headers, one header, a query, a method, a body: without end."""
    # 500: libmicrohttpd 0.9.75 for a line of a chunk that does not fit its memory
    head = b"POST /scep/device?operation=PKIOperation HTTP/1.1\r\nHost: t\r\n"
    chunked = head + b"Transfer-Encoding: chunked\r\n\r\n"
    kib = b"a" * 1024
    shapes = {
        "chunks": (chunked, b"400\r\n" + kib + b"\r\n", (None, 413)),
        "chunk of 4 GB": (chunked + b"ffffffff\r\n", kib, (None, 413)),
        "chunk extension": (chunked + b"5;", kib, (None, 400, 413, 500)),
        "chunk size": (chunked, b"0" * 1024, (None, 400, 413, 500)),
        "trailers": (chunked + b"0\r\n", b"X: " + kib[:500] + b"\r\n", (None, 400, 413, 431)),
        "headers": (b"GET / HTTP/1.1\r\n", b"X: " + kib[:500] + b"\r\n", (None, 400, 413, 431)),
        "one header": (b"GET / HTTP/1.1\r\nX: ", kib, (None, 400, 413, 431)),
        "query": (b"GET /scep/device?", kib, (None, 414)),
        "method": (b"", kib, (None, 400, 414, 431)),
        "Content-Length of 1 TB": (head + b"Content-Length: 1099511627776\r\n\r\n", kib, (None, 413)),
        "twice as long as said": (head + b"Content-Length: 10\r\n\r\n", kib, (None, 400)),
    }
    taken = [pour(a, name, *shape) for name, shape in shapes.items() for _ in range(a.count or 5)]
    for cut in range(0, 60, 3):  # says more than it sends, and leaves
        sock = connect(a.port, cut)
        sock.sendall(post(b"x" * 1000)[:-1000 + cut])
        sock.close()
    return {"connections": len(taken) + 20, "most MB taken": max(taken)}


def pipeline(a):
    """A hundred requests in one segment; and behind an enrolment that is being worked on."""
    with open(a.message, "rb") as file:
        message = post(file.read())
    for i in range(a.count or 50):
        with connect(a.port, i) as sock:
            sock.sendall((message if i % 2 else b"") + GET_CAPS * 100)
            stream = sock.makefile("rb")
            statuses = [read_answer(stream)[0] for _ in range(100 + i % 2)]
            if statuses != [200] * len(statuses):
                problems["pipelined: %s" % collections.Counter(statuses)] += 1
    return {"requests": 100 * (a.count or 50)}


class Asker:
    """A connection that has so many questions on their way at any time."""

    def __init__(self, port, number, batch):
        self.sock = connect(port, number)
        self.batch, self.answered, self.tail, self.unsent = batch, 0, b"", b""
        self.sock.setblocking(False)
        self.ask()

    def ask(self):
        self.unsent += GET_CACERT * self.batch
        self.send()

    def send(self):
        try:
            self.unsent = self.unsent[self.sock.send(self.unsent):]
        except BlockingIOError:
            pass

    def take(self):
        """The statuses of what came; None: the server has closed."""
        data = self.sock.recv(1 << 16)
        if not data:
            return None
        text = self.tail + data
        statuses = re.findall(rb"HTTP/1\.1 (\d{3}) ", text)
        self.tail = text[-12:]  # one byte less than a match has
        self.answered += len(statuses)
        while self.answered >= self.batch:
            self.answered -= self.batch
            self.ask()
        return statuses


def cacert(a):
    """GetCACert in an endless pipeline on each of 300 connections: all answered, and by no worker."""
    selector, statuses = selectors.DefaultSelector(), collections.Counter()
    for i in range(a.count or 300):
        asker = Asker(a.port, i, 20)
        selector.register(asker.sock, selectors.EVENT_READ, asker)
    until = time.monotonic() + (a.seconds or 20)
    while time.monotonic() < until and selector.get_map():
        for key, _events in selector.select(0.2):
            asker = key.data
            try:
                got = asker.take()
                if asker.unsent:
                    asker.send()
            except OSError as error:
                got = None if error.errno != errno.EAGAIN else []
            if got is None:
                problems["a connection was closed"] += 1
                selector.unregister(asker.sock)
                asker.sock.close()
                continue
            statuses.update(got)
    own = {status.decode(): count for status, count in statuses.items()}
    if set(own) != {"200"}:
        problems["GetCACert: %s" % own] += 1
    return {"answers": own}


# ---- shapes that two programs read in two ways ------------------------------------------------------

CHUNKED = b"Transfer-Encoding: chunked\r\n"
POST_HEAD = b"POST /scep/device?operation=PKIOperation HTTP/1.1\r\nHost: t\r\n"
HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: t\r\n\r\n"
SHAPES = {  # name: (request, statuses); None: closed without a word. HIDDEN follows and must not be answered.
    "CL and TE": (POST_HEAD + b"Content-Length: 6\r\n" + CHUNKED + b"\r\n0\r\n\r\nG", (400,)),
    "TE and CL": (POST_HEAD + CHUNKED + b"Content-Length: 6\r\n\r\n0\r\n\r\nG", (400,)),
    "two CL": (POST_HEAD + b"Content-Length: 5\r\nContent-Length: 0\r\n\r\nhello", (400,)),
    "same CL twice": (POST_HEAD + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", (400,)),
    "CL list": (POST_HEAD + b"Content-Length: 5, 5\r\n\r\nhello", (400,)),
    "CL signed": (POST_HEAD + b"Content-Length: +5\r\n\r\nhello", (400,)),
    "CL over 64 bits": (POST_HEAD + b"Content-Length: 99999999999999999999\r\n\r\n", (400, 413)),
    "TE twice": (POST_HEAD + CHUNKED * 2 + b"\r\n0\r\n\r\n", (400,)),
    "TE identity": (POST_HEAD + b"Transfer-Encoding: identity\r\n\r\n", (400,)),
    "TE chunked, identity": (POST_HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", (400,)),
    "TE xchunked": (POST_HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", (400,)),
    "TE in 1.0": (POST_HEAD.replace(b"1.1", b"1.0") + CHUNKED + b"\r\n0\r\n\r\n", (400,)),
    "space before colon": (POST_HEAD + b"Content-Length : 5\r\n\r\nhello", (400,)),
    "tab before colon": (POST_HEAD + b"Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n", (400,)),
    "no colon": (POST_HEAD + b"Content-Length 5\r\n\r\nhello", (400,)),
    "space in front": (b"POST /scep/device HTTP/1.1\r\n Content-Length: 5\r\n\r\nhello", (400,)),
    "NUL in a name": (POST_HEAD + b"Content\0-Length: 5\r\n\r\nhello", (400, None)),
    "HTTP/0.9": (b"GET /scep/device\r\n", (400, 505, None)),
    "HTTP/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 505)),
    "TLS at the plain port": (b"\x16\x03\x01\x02\x01\x01\x01\xfc\r\n\r\n", (400, None)),
    "chunk size no number": (POST_HEAD + CHUNKED + b"\r\nzz\r\nab\r\n0\r\n\r\n", (400, None)),
    "chunk size 0x": (POST_HEAD + CHUNKED + b"\r\n0x2\r\nab\r\n0\r\n\r\n", (400, None)),
    "chunk longer than said": (POST_HEAD + CHUNKED + b"\r\n2\r\nabcd\r\n0\r\n\r\n", (400, None)),
}


def smuggling(a):
    """Each is refused, its connection ends, and what stands behind it is no request."""
    for name, (request, statuses) in SHAPES.items():
        with connect(a.port, 0) as sock:
            sock.sendall(request)
            try:
                sock.sendall(HIDDEN)
                stream = sock.makefile("rb")
                status = read_answer(stream)[0]
                rest = stream.read()
            except ConnectionError:
                status, rest = None, b""
            except TimeoutError:
                status, rest = "not closed", b""
            if status not in statuses:
                problems["%s: %s" % (name, status)] += 1
            if b" 404 " in rest or b" 200 " in rest:
                problems["%s: what was hidden is answered" % name] += 1
    return {"shapes": len(SHAPES)}


# ---- messages ---------------------------------------------------------------------------------------


def garbage_of(message, kind, rng):
    """Bytes that are no message, or no longer one."""
    if kind == "random":
        return rng.randbytes(rng.randrange(1, 4096))
    if kind == "truncated":
        return message[:rng.randrange(1, len(message))]
    if kind == "flipped":
        data = bytearray(message)
        for _ in range(rng.choice((1, 1, 2, 8))):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        return bytes(data)
    if kind == "spliced":
        at, cut = rng.randrange(len(message)), rng.randrange(1, 200)
        return message[:at] + rng.randbytes(cut) + message[at + rng.randrange(cut):]
    if kind == "nested":  # 30 80 30 80 ..., with and without an end
        depth = rng.choice((10, 25, 1000, 15000))
        return rng.choice((b"\x30\x80", b"\x24\x80", b"\xa0\x80")) * depth + b"\0\0" * rng.choice((0, depth))
    length = rng.choice((b"\x84\xff\xff\xff\xff", b"\x88" + b"\xff" * 8, b"\x85\x01\0\0\0\0", b"\x84\x7f\xff\xff\xff"))
    return b"\x30" + length + message[4:rng.randrange(5, len(message))]  # a length that lies


KINDS = ("random", "truncated", "flipped", "spliced", "nested", "length")


def messages(a):
    """Garbage for PKIOperation: each gets an answer, and of each status there is one answer."""
    with open(a.message, "rb") as file:
        message = file.read()
    total, lock = collections.Counter(), threading.Lock()
    bodies = collections.defaultdict(set)
    threads_count, count = 8, a.count or 100000
    seed = int.from_bytes(os.urandom(4), "big")

    def run(number):
        rng = random.Random(seed + number)
        own, seen, sock, stream = collections.Counter(), collections.defaultdict(set), None, None
        for i in range(count // threads_count):
            kind = KINDS[i % len(KINDS)]
            data = garbage_of(message, kind, rng)
            try:
                if sock is None:
                    sock = connect(a.port, number * 5, timeout=120)
                    stream = sock.makefile("rb")
                sock.sendall(post(data))
                status, body = read_answer(stream)
            except OSError as error:
                status, body = repr(error), b""
            if status is None or not isinstance(status, int):
                own["no answer to %s" % kind] += 1
                sock = None
                continue
            own[status] += 1
            if status != 200:  # a CertRep is signed anew each time
                seen[status].add(body)
        with lock:
            total.update(own)
            for status, texts in seen.items():
                bodies[status] |= texts

    threads = [threading.Thread(target=run, args=(n,)) for n in range(threads_count)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for status in total:
        if status not in (200, 400, 429):
            problems["messages: %s" % status] += total[status]
    # a POST whose first byte is no SEQUENCE's is taken for base64; nothing else may tell two apart
    bodies[400].discard(b"message is not base64\n")
    for status, texts in bodies.items():
        if len(texts) != 1:
            problems["%d has %d different bodies: %s" % (status, len(texts), sorted(texts)[:3])] += 1
    return {"messages": count, "seed": seed, "answers": {str(k): v for k, v in sorted(total.items(), key=str)}}


def refusals(a):
    """Wrong URLs and empty messages from many addresses, for the audit file."""
    count, own = a.count or 20000, collections.Counter()
    sock, stream = None, None
    for i in range(count):
        if i % 100 == 0:
            sock = connect(a.port, i // 100)
            stream = sock.makefile("rb")
        sock.sendall(b"GET /nowhere HTTP/1.1\r\nHost: t\r\n\r\n" if i % 2 else post(b"x"))
        own[read_answer(stream)[0]] += 1
    if own != {404: count // 2, 400: count - count // 2}:
        problems["refusals: %s" % dict(own)] += 1
    return {"requests": count}


def rate(a):
    """One address under changing X-Forwarded-For: rate.address_per_minute=60 holds, since nobody trusts it."""
    own = collections.Counter()
    with connect(a.port, 7) as sock:
        stream = sock.makefile("rb")
        for i in range(a.count or 500):
            sock.sendall(post(b"\x30\x03\x02\x01\x05", headers="X-Forwarded-For: 192.0.2.%d\r\n" % (i % 250)))
            own[read_answer(stream)[0]] += 1
    if not 60 <= own[400] <= 120 or own[400] + own[429] != (a.count or 500):  # two minutes, if it was one's end
        problems["limit of an address: %s" % dict(own)] += 1
    return {"messages": a.count or 500, "answers": {str(k): v for k, v in own.items()}}


def ocsp(a):
    """Questions with a nonce, each of which costs a signature: 600 in a minute, then "try later"."""
    with open(a.ocsp, "rb") as file:
        request = file.read()
    own, until = collections.Counter(), time.monotonic() + (a.seconds or 60)
    with connect(a.port, 9) as sock:
        stream = sock.makefile("rb")
        for i in range(a.count or 3000):
            sock.sendall(post(request[:-8] + struct.pack(">Q", i), path="/ocsp/default"))
            status, body = read_answer(stream)
            own["later" if body == bytes.fromhex("30030a0103") else "signed" if len(body) > 100 else status] += 1
            if time.monotonic() > until:
                break
    if set(own) - {"signed", "later"} or own["signed"] > 1200 or not own["later"]:
        problems["OCSP: %s" % dict(own)] += 1
    return {"questions": sum(own.values()), "answers": dict(own)}


def management(a):
    """The management listener full of those who are slow: /healthz and /metrics answer within a second."""
    slowest, stop, asked = [0.0], threading.Event(), collections.Counter()

    def ask():
        failed = 0
        while not stop.is_set():
            begin = time.monotonic()
            try:
                with connect(a.management_port, 1) as sock:
                    path = b"/healthz" if asked["asked"] % 2 else b"/metrics"
                    sock.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
                    status = read_answer(sock.makefile("rb"))[0]
            except OSError as error:
                status = repr(error)
            slowest[0] = max(slowest[0], time.monotonic() - begin)
            asked["asked"] += 1
            failed = 0 if status == 200 else failed + 1
            if failed == 2:  # a scraper comes again
                problems["management: %s, twice in a row" % status] += 1
            stop.wait(0.1)

    thread = threading.Thread(target=ask)
    thread.start()
    done = hold(a.management_port, a.count or 200, a.seconds or 15, b"GET /healthz HTTP/1.1\r\nX: ", b"a", 10)
    stop.set()
    thread.join()
    if slowest[0] > 1 + PATIENCE:
        problems["management takes %.1f s" % slowest[0]] += 1
    return dict(done, asked=asked["asked"], slowest_s=round(slowest[0], 3))


ATTACKS = {f.__name__.replace("_", "-"): f
           for f in (slow_headers, slow_line, slow_bodies, silent, idle, slow_readers, flood, tls_stall, tls_leave,
                     endless, pipeline, cacert, smuggling, messages, refusals, rate, ocsp, management)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("attack", choices=sorted(ATTACKS))
    for name in ("port", "tls-port", "management-port", "count", "seconds"):
        parser.add_argument("--" + name, type=int, default=0)
    for name in ("message", "ocsp"):
        parser.add_argument("--" + name)
    given = parser.parse_args()
    begin = time.monotonic()
    done = ATTACKS[given.attack](given)
    done["seconds"] = round(time.monotonic() - begin, 1)
    if "longest_s" in done:
        done["longest_s"] = round(done["longest_s"], 1)
    print(json.dumps(dict(done, attack=given.attack, problems=dict(problems))))
    sys.exit(1 if problems else 0)


main()
