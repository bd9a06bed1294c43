# SPDX-License-Identifier: Apache-2.0
"""The servers that are measured: made in a folder of their own, started, looked at, ended.

Whatever happens to this program, they end with it: each is killed by the kernel when its parent is
gone.
"""
import ctypes
import json
import os
import signal
import socket
import subprocess
import tempfile
import time

PATIENCE = 90  # seconds; a busy machine under Wine
CHALLENGE = "Measured-By-Many-Devices-1"  # of throw-away servers on the loopback
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


class Problem(Exception):
    """A sentence for the person at the terminal."""


def die_with_parent(how=signal.SIGKILL):
    """Of the process that calls it: this signal when the one that started it is gone."""
    LIBC.prctl(PR_SET_PDEATHSIG, how)


def ended(process, seconds):
    try:
        process.wait(seconds)
        return True
    except subprocess.TimeoutExpired:
        return False


class Server:
    """A process that answers SCEP at self.url. Subclasses say how it is started."""
    name = ""

    def __init__(self):
        self.process = None
        self.url = ""
        self.serials = set()  # of all certificates that clients got
        self.log = None

    def spawn(self, command, folder, environment=None):
        self.log = os.path.join(folder, "server.out")
        with open(self.log, "wb") as out:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})}, start_new_session=True,
                preexec_fn=die_with_parent)

    def said(self):
        with open(self.log, encoding="utf-8", errors="replace") as lines:
            return lines.read().replace("\r", "")

    def wait_until(self, ready):
        deadline = time.monotonic() + PATIENCE
        while not ready():
            if self.process.poll() is not None:
                raise Problem(f"{self.name} ended instead of serving: {self.said()[-2000:]}")
            if time.monotonic() > deadline:
                raise Problem(f"{self.name} did not begin to serve within {PATIENCE} s")
            time.sleep(0.02)

    def pids(self):
        return [self.process.pid]

    def stop(self):
        """In good order; the hard way after a while."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGINT)
        if not ended(self.process, 20):
            self.kill()
        self.process = None

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


class OpenNDES(Server):
    """Our server: one data folder for the whole run, so that what it issued can be counted."""

    def __init__(self, name, launch, folder, windows, ca_key="rsa2048", https=False):
        super().__init__()
        self.name, self.launch, self.windows, self.https = name, launch, windows, https
        os.mkdir(folder, 0o700)
        self.folder = folder
        self.data = os.path.join(folder, "data")
        self.https_url = ""
        # Every request has the right challenge, so the limit of refused ones never counts; the limit
        # of messages is off by default. One address with 64 connections and more is not usual.
        self.command("init", "--ca-key", ca_key, "--passphrase", "-", text=CHALLENGE + "\n")
        self.command("config", "set", "limits.connections_per_address=0")
        if https:
            self.command("tls", "issue", "--address", "127.0.0.1")

    def path(self):
        # Under Wine drive Z: is the root folder.
        return "Z:" + self.data if self.windows else self.data

    def command(self, *arguments, text="", output=None):
        """Standard output of one verb."""
        command = [*self.launch, "--data", self.path(), *arguments]
        for _ in range(2):
            done = subprocess.run(command, input=text.encode(), stdout=output or subprocess.PIPE,
                                  stderr=subprocess.PIPE, timeout=600, check=False)
            # Ours never fails without a word. On a busy machine Wine does, before it has begun.
            if done.returncode == 0 or done.stderr or not self.windows:
                break
        if done.returncode != 0:
            raise Problem(f"{self.name}: openndes {' '.join(arguments)} ended with "
                          f"{done.returncode}: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout

    def start(self):
        listen = ["--listen", "127.0.0.1:0"]
        if self.https:
            listen += ["--listen-https", "127.0.0.1:0"]
        self.spawn([*self.launch, "--data", self.path(), "run", *listen, "--quiet"], self.folder)
        self.wait_until(lambda: "\nReady\n" in "\n" + self.said())
        self.url = self.https_url = ""  # another port each time
        for line in self.said().splitlines():
            url = line.removeprefix("SCEP URL: ")
            if url.startswith("https:"):
                self.https_url = self.https_url or url
            elif url.startswith("http:"):
                self.url = self.url or url

    def pids(self):
        return super().pids() + (wineservers() if self.windows else [])

    def recorded(self):
        """Serials in the store of what devices got, as numbers in a list."""
        path = os.path.join(self.folder, "certificates.json")
        with open(path, "wb") as out:
            self.command("cert", "list", "--limit", "1000000", "--json", output=out)
        with open(path, encoding="utf-8") as text:
            return [int(row["serial"], 16) for row in json.load(text)
                    if row["template"] != "(tls)"]


class ScepServer(Server):
    """micromdm's scepserver: a new process with a new depot each time, because it slows as the depot
    grows. Old depots stay until the end of the run: removing them would be work meanwhile. It listens
    on every address of the machine and has no setting for that."""
    name = "scepserver"

    def __init__(self, folder):
        super().__init__()
        os.mkdir(folder, 0o700)
        self.folder = folder
        self.count = 0

    def start(self):
        self.count += 1
        folder = os.path.join(self.folder, str(self.count))
        os.mkdir(folder, 0o700)
        depot = os.path.join(folder, "depot")
        done = subprocess.run(["scepserver", "ca", "-init", "-depot", depot, "-keySize", "2048"],
                              capture_output=True, check=False)
        if done.returncode != 0:
            raise Problem(f"scepserver ca -init: {done.stderr.decode(errors='replace')}")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.spawn(["scepserver", "-depot", depot, "-port", str(port), "-allowrenew", "0"], folder,
                   {"SCEP_CHALLENGE_PASSWORD": CHALLENGE})
        self.url = f"http://127.0.0.1:{port}/scep"
        self.wait_until(lambda: reachable(port))


def reachable(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wineservers():
    """The processes that serve our Wine prefix: they stand in a folder named after it."""
    prefix = os.stat(os.environ["OPENNDES_WINEPREFIX"])
    folder = f"server-{prefix.st_dev:x}-{prefix.st_ino:x}"
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as comm:
                named = comm.read().startswith("wineserver")
            if named and os.path.basename(os.readlink(f"/proc/{pid}/cwd")) == folder:
                found.append(int(pid))
        except OSError:
            continue  # ended meanwhile, or not ours
    return found


class Load:
    """Runs scep_load."""

    def __init__(self, program, folder):
        self.program, self.folder, self.runs = program, folder, 0

    def run(self, server, url, operation, connections, requests, options):
        """What it reports. Serials are added to the server's."""
        self.runs += 1
        serials = os.path.join(self.folder, f"serials.{self.runs}")
        command = [self.program, "--url", url, "--operation", operation, "--connections",
                   str(connections), "--requests", str(requests), "--prefix", f"bench{self.runs}",
                   "--serials", serials, "--json", *options]
        for pid in server.pids():
            command += ["--pid", str(pid)]
        done = subprocess.run(command, env={**os.environ, "OPENNDES_LOAD_CHALLENGE": CHALLENGE},
                              stdin=subprocess.DEVNULL, capture_output=True, check=False,
                              preexec_fn=die_with_parent)
        if done.returncode not in (0, 1) or not done.stdout:
            raise Problem(f"scep_load against {server.name} ended with {done.returncode}: "
                          f"{done.stderr.decode(errors='replace').strip()}")
        report = json.loads(done.stdout)
        report["problem"] = done.stderr.decode(errors="replace").strip()
        with open(serials, encoding="utf-8") as lines:
            mine = [int(line, 16) for line in lines]
        report["seen_before"] = sum(serial in server.serials for serial in set(mine))
        server.serials.update(mine)
        os.remove(serials)
        return report


def make_folder():
    return tempfile.mkdtemp(prefix="openndes-bench.")
