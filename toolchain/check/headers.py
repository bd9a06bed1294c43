#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every header opens with the licence line and five labelled lines, in this order."""
import re

from source import Report, c_files, text

LABELS = ("Purpose", "Not here", "Owns", "Threads", "Spec")


def main():
    report = Report()
    for name in c_files(("src/", "mscep/", "service/"), (".h",)):
        code = text(name)
        if not code.startswith("/* SPDX-License-Identifier: Apache-2.0 */\n"):
            report.problem(name, 1, "the first line must be /* SPDX-License-Identifier: Apache-2.0 */")
        block = re.search(r"/\*\n(.*?)\*/", code, re.S)
        found = re.findall(r"^ \* (%s):\s+\S" % "|".join(LABELS), block[1], re.M) if block else []
        if tuple(found) != LABELS:
            missing = [label for label in LABELS if label not in found]
            report.problem(name, 2, "the opening comment must have the lines Purpose, Not here, Owns, "
                           "Threads, Spec in this order" + (f"; missing: {', '.join(missing)}" if missing else ""))
    report.finish()


main()
