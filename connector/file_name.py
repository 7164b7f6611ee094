"""Names of files as they can stand on any platform, and their kinds and sizes as told: all of it comes from others."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 100
"""Characters of a name, its ending included."""
_LONGEST_ENDING = 12
_UNWANTED = re.compile(r'[\\/:*?"<>|%$]+')
"""What separates paths, or is refused in names by one platform or another."""
_KIND = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,63}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,127}")
_UNKNOWN = "application/octet-stream"
_STEP = 1024


def cleaned(name: str) -> str:
    """Return a name without path, control and formatting characters (such as turn the direction of reading), and short.

    Never empty; clean names stay as they are. An ending is kept where a name is cut.
    """
    last = re.split(r"[\\/]", name.rstrip("\\/"))[-1]
    text = "".join(map(_shown, unicodedata.normalize("NFC", last)))
    text = " ".join(_UNWANTED.sub("_", text).split()).strip(". ")
    if len(text) > LONGEST:
        stem, dot, ending = text.rpartition(".")
        kept = f"{dot}{ending}" if stem and len(ending) <= _LONGEST_ENDING else ""
        text = text[: LONGEST - len(kept)].rstrip(". ") + kept
    return text or "file"


def kind(told: str) -> str:
    """Return a content type as told, without parameters; one that is none is told as unknown. It is never relied on."""
    plain = told.partition(";")[0].strip()
    return plain if _KIND.fullmatch(plain) else _UNKNOWN


def sized(count: int) -> str:
    """Return a number of bytes as people read it: `900 bytes`, `12.3 kB`, `10 MB`."""
    if count < _STEP:
        return f"{count} byte{'' if count == 1 else 's'}"
    value, unit = count / _STEP, "kB"
    for larger in ("MB", "GB"):
        if value < _STEP:
            break
        value, unit = value / _STEP, larger
    return f"{value:.1f}".removesuffix(".0") + f" {unit}"


def _shown(sign: str) -> str:
    category = unicodedata.category(sign)
    return "" if category == "Cf" else " " if category.startswith("C") else sign
