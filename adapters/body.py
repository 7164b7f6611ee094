"""A file on its way out, read as it is sent, so that it is never in memory as a whole."""

from __future__ import annotations

from typing import IO


class Body:
    """A file of known size between what stands before and behind it, as `requests` takes the body of a call."""

    def __init__(self, content: IO[bytes], size: int, before: bytes = b"", behind: bytes = b"") -> None:
        self._content = content
        self._before = before
        self._behind = behind
        self._length = len(before) + size + len(behind)
        self._left = [before, behind]

    def __len__(self) -> int:
        return self._length

    def read(self, size: int = -1) -> bytes:
        """Return the next piece, b"" at the end."""
        if self._left[0]:
            first, self._left[0] = self._left[0], b""
            return first
        part = self._content.read(size)
        if not part:
            part, self._left[1] = self._left[1], b""
        return part

    def rewind(self) -> None:
        """Begin again."""
        self._content.seek(0)
        self._left = [self._before, self._behind]
