"""A file on its way from one platform to another, bounded in size and time; gone when it is closed."""

from __future__ import annotations

from tempfile import SpooledTemporaryFile
from time import monotonic
from types import TracebackType
from typing import IO, Self, cast

from connector.file_name import sized
from connector.ticketing import Refused, Unavailable

AT_ONCE = 2**20
"""Bytes that are held in memory; a larger file is in a temporary one."""
LONGEST = 120.0
"""Seconds in which a file has to be read."""


class Spool:
    """Holds a file on its way: in memory, and above `AT_ONCE` in a temporary file that nobody else can open.

    Takes as many bytes as were told and no more, and not longer than `LONGEST`.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.held = 0
        self._until = monotonic() + LONGEST
        self._file = SpooledTemporaryFile(max_size=AT_ONCE)  # noqa: SIM115 - closed by `__exit__`

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def write(self, part: bytes, /) -> int:
        """Take the next piece. Raises Refused for more than was told, Unavailable for no time or no room."""
        if self.held + len(part) > self.size:
            raise Refused(f"it is larger than the {sized(self.size)} that were told")
        if monotonic() > self._until:
            raise Unavailable(f"it could not be read within {LONGEST:g} s")
        self.held += len(part)
        try:
            return self._file.write(part)
        except OSError as error:
            raise Unavailable(f"there is no room for it here: {error.strerror}") from error

    def content(self) -> IO[bytes]:
        """Return what was taken, open at its beginning."""
        self._file.seek(0)
        return cast("IO[bytes]", self._file)
