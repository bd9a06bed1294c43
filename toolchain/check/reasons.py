#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every reason of src/base/reasons.def has its row in docs/reasons.md, and the other way round."""
import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parents[2]
ids = set(re.findall(r'^REASON\(\w+,\s*"([a-z0-9-]+)"', (root / "src/base/reasons.def").read_text(), re.M))
rows = set(re.findall(r"^\| `([a-z0-9-]+)` \|", (root / "docs/reasons.md").read_text(), re.M))
problems = [f"docs/reasons.md:1: no row for {i}" for i in sorted(ids - rows)]
problems += [f"docs/reasons.md:1: {i} is no reason" for i in sorted(rows - ids)]
print("\n".join(f"{p}" for p in problems), end="\n" if problems else "")
sys.exit(1 if problems else 0)
