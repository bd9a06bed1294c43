# SPDX-License-Identifier: Apache-2.0
"""What the checks share: our files, C text without comments and strings, and the report."""
import functools
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CODE_FOLDERS = ("src/", "mscep/", "service/")


@functools.lru_cache(maxsize=None)
def files():
    """Our files as paths relative to the root: tracked, or new and not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True).stdout.decode()
    names = sorted(set(listed.split("\0")) - {""})
    return tuple(name for name in names if (ROOT / name).is_file())


def c_files(folders=CODE_FOLDERS + ("tests/",), endings=(".c", ".h")):
    return [name for name in files() if name.startswith(folders) and name.endswith(endings)]


def text(name):
    return (ROOT / name).read_text(encoding="utf-8", errors="replace")


def strip_c(code, keep_strings=False):
    """Blank comments (and the inside of strings), keeping every line where it was.

    Double-slash comments are left in place so that they can be found.
    """
    out = []
    i = 0
    while i < len(code):
        c = code[i]
        if code.startswith("/*", i):
            end = code.find("*/", i + 2)
            end = len(code) if end < 0 else end + 2
            out.append("".join("\n" if x == "\n" else " " for x in code[i:end]))
            i = end
        elif code.startswith("//", i):
            end = code.find("\n", i)
            end = len(code) if end < 0 else end
            out.append("//")
            i = end
        elif c in "\"'":
            j = i + 1
            while j < len(code) and code[j] != c and code[j] != "\n":
                j += 2 if code[j] == "\\" else 1
            end = min(j + 1, len(code))
            inside = code[i:end]
            out.append(inside if keep_strings else c + " " * (len(inside) - 2) + c)
            i = end
        else:
            out.append(c)
            i += 1
    return "".join(out)


class Report:
    """Collects problems as FILE:LINE: TEXT and ends the program with the right status."""

    def __init__(self):
        self.problems = 0

    def problem(self, name, line, message):
        self.problems += 1
        print(f"{name}:{line}: {message}")

    def finish(self):
        sys.exit(1 if self.problems else 0)
