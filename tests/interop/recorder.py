#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Stands between a SCEP client and the server and keeps what goes through.

    recorder.py http://127.0.0.1:PORT FOLDER

Prints "Port: N", then serves until it is killed. A POST leaves FOLDER/1.request and FOLDER/1.reply,
the next one 2.request and so on; a GET of PKIOperation leaves 1.get (its query) and 1.reply.
"""
import http.client
import http.server
import pathlib
import sys
import threading
import urllib.parse

TARGET = urllib.parse.urlsplit(sys.argv[1])
FOLDER = pathlib.Path(sys.argv[2])
LOCK = threading.Lock()
COUNT = 0


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, format, *arguments):
        pass

    def forward(self):
        global COUNT
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        upstream = http.client.HTTPConnection(TARGET.hostname, TARGET.port, timeout=60)
        headers = {"Content-Length": str(length)} if self.command == "POST" else {}
        upstream.request(self.command, self.path, body or None, headers)
        answer = upstream.getresponse()
        reply = answer.read()
        if self.command == "POST" or "PKIOperation" in self.path:
            with LOCK:
                COUNT += 1
                number = COUNT
            if self.command == "POST":
                (FOLDER / f"{number}.request").write_bytes(body)
            else:
                (FOLDER / f"{number}.get").write_text(urllib.parse.urlsplit(self.path).query)
            (FOLDER / f"{number}.reply").write_bytes(reply)
        self.send_response(answer.status)
        for name in ("Content-Type", "Retry-After"):
            if answer.getheader(name):
                self.send_header(name, answer.getheader(name))
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    do_GET = forward
    do_POST = forward


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(f"Port: {server.server_port}", flush=True)
server.serve_forever()
