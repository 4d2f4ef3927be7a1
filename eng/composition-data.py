#!/usr/bin/env python3
"""Writes src/XLstm/Text/Composition.txt: what composing text (NFC) needs of the Unicode Character Database.

Of the characters of Unicode 9.0 only: the tables of the tokenizers library, by which models were trained, are of that version,
and what later versions added would be put in another order than there. Which they are Perl knows, the rest is Python's.
"""
import subprocess
import sys
import unicodedata as ucd

PRESENT = r"for $c (0..0xD7FF, 0xE000..0x10FFFF) { print qq($c ) if chr($c) =~ /\p{Present_In: 9.0}/ }"
scalars = [int(c) for c in subprocess.run(["perl", "-e", PRESENT], capture_output=True, check=True, text=True).stdout.split()]
hangul = range(0xAC00, 0xAC00 + 11172)
out = [
    f"# Canonical decompositions and combining classes of the characters of Unicode 9.0, written by eng/composition-data.py.",
    "# Data of the Unicode Character Database, Copyright Unicode, Inc., under the Unicode License.",
    "# CODE FIRST [SECOND]   what a character decomposes to; with ! it is never composed again",
]
for c in scalars:
    parts = ucd.decomposition(chr(c))
    if parts and not parts.startswith("<") and c not in hangul:
        again = ucd.normalize("NFC", "".join(chr(int(p, 16)) for p in parts.split())) == chr(c)
        out.append(f"{c:04X} {parts}" + ("" if again else " !"))
out.append("# FROM..TO CLASS   combining classes other than 0")
runs = []
for c in scalars:
    k = ucd.combining(chr(c))
    if k == 0:
        continue
    if runs and runs[-1][1] == c - 1 and runs[-1][2] == k:
        runs[-1][1] = c
    else:
        runs.append([c, c, k])
out += [f"{a:04X}..{b:04X} {k}" for a, b, k in runs]
open(sys.argv[1], "w", encoding="ascii", newline="\n").write("\n".join(out) + "\n")
