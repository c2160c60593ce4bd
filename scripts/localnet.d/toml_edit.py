"""Changes values of a TOML file in place: Python's library only reads it, and the node's comments are worth keeping."""

import json
import re
from pathlib import Path

from failure import Failure

Value = str | int | bool


def edit(file: Path, changes: dict[tuple[str, str], Value]) -> None:
    """`changes`: (section, key) to value. Errors: Failure for a key that the file has not exactly once."""
    section, hits, lines = "", [], []
    for line in file.read_text().splitlines():
        if header := re.match(r"\[(.+)\]", line):
            section = header[1]
        setting = re.match(r"([\w-]+)\s*=", line)
        if setting and (section, setting[1]) in changes:
            hits.append((section, setting[1]))
            # TOML's strings, numbers and booleans are written as JSON's.
            line = f"{setting[1]} = {json.dumps(changes[section, setting[1]])}"
        lines.append(line)
    if sorted(hits) != sorted(changes):
        wrong = sorted(key for key in changes if hits.count(key) != 1)
        names = ", ".join(f"[{section}] {key}" if section else key for section, key in wrong)
        raise Failure(f"{file.name} is not as expected, not exactly once in it: {names}")
    file.write_text("\n".join(lines) + "\n")
