# SPDX-License-Identifier: Apache-2.0
"""What growth.sh measures from outside; prints one JSON object.

growth_probe.py publish BASE PID COMMAND...          revoke one, wait for the CRL, ask meanwhile
growth_probe.py slow URL PID COUNT                   clients that read only the beginning
growth_probe.py memory - - COMMAND...                    its most resident memory
growth_probe.py connections http|https PORT COUNT PID    idle ones, then one request on each
"""
import json
import re
import resource
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request

PATIENCE = 60


def private_kb(pid):
    with open("/proc/%s/status" % pid, encoding="ascii") as status:
        return int(re.search(r"RssAnon:\s+(\d+)", status.read()).group(1))


def settled_kb(pid):
    """Memory when it does not change any more."""
    last = private_kb(pid)
    for _ in range(20):
        time.sleep(0.5)
        now = private_kb(pid)
        if abs(now - last) < 64:
            return now
        last = now
    return last


def get(url):
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
        return answer.read()


def publish(base, _pid, *command):
    longest = 0
    over = threading.Event()
    failures = []

    def ask():
        nonlocal longest
        while not over.is_set():
            begun = time.monotonic()
            try:
                get(base + "/scep/device?operation=GetCACert")
            except OSError as failure:
                failures.append(str(failure))
                return
            longest = max(longest, time.monotonic() - begun)
            time.sleep(0.005)

    def run(*words):
        return subprocess.run([*command, *words], check=True, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL).stdout

    before = get(base + "/crl/default.crl")
    serial = run("cert", "list", "--valid", "--limit", "20").splitlines()[-1].split()[0]
    asking = threading.Thread(target=ask)
    asking.start()
    run("cert", "revoke", serial)
    begun = time.monotonic()
    after = before
    while after == before and time.monotonic() < begun + PATIENCE:
        time.sleep(0.05)
        after = get(base + "/crl/default.crl")
    took = time.monotonic() - begun
    over.set()
    asking.join()
    if failures or after == before:
        sys.exit("no new CRL in %d s; %s" % (PATIENCE, failures))
    print(json.dumps({"bytes": len(after), "published_ms": round(1000 * took),
                      "longest_ms": round(1000 * longest)}))


def slow(url, pid, count):
    parts = urllib.parse.urlsplit(url)
    before = settled_kb(pid)
    clients = []
    for _ in range(int(count)):
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(PATIENCE)
        client.connect((parts.hostname, parts.port))
        client.sendall(("GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % parts.path).encode())
        if not client.recv(64).startswith(b"HTTP/1.1 200"):
            sys.exit("no CRL for a slow client")
        clients.append(client)
    during = settled_kb(pid)
    for client in clients:
        client.close()
    print(json.dumps({"kb_each": round((during - before) / int(count), 1)}))


def memory(_base, _pid, *command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(json.dumps({"peak_mb": peak // 1024}))


def connect(kind, port):
    client = socket.create_connection(("127.0.0.1", int(port)), PATIENCE)
    if kind == "https":
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        client = context.wrap_socket(client)
    return client


def ask_kept(client):
    client.sendall(b"GET /scep/device?operation=GetCACaps HTTP/1.1\r\nHost: x\r\n\r\n")
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += client.recv(65536)
    head, body = answer.split(b"\r\n\r\n", 1)
    length = int(re.search(rb"Content-Length: (\d+)", head, re.I).group(1))
    while len(body) < length:
        body += client.recv(65536)


def connections(kind, port, count, pid):
    warm = connect(kind, port)
    ask_kept(warm)
    warm.close()
    before = settled_kb(pid)
    clients = [connect(kind, port) for _ in range(int(count))]
    idle = settled_kb(pid)
    for client in clients:
        ask_kept(client)
    kept = settled_kb(pid)
    for client in clients:
        client.close()
    print(json.dumps({"idle_kb": round((idle - before) / int(count), 1),
                      "kept_kb": round((kept - before) / int(count), 1)}))


if __name__ == "__main__":
    {"publish": publish, "slow": slow, "memory": memory, "connections": connections}[sys.argv[1]](*sys.argv[2:])
