"""What every command is given: where the settings are, and the connector that they describe."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from connector.bootstrap import Connector
from connector.settings import FILE, Settings, read_settings


@dataclass(frozen=True)
class Context:
    """`config` is the settings file or its folder; `debug` asks for tracebacks."""

    config: Path
    debug: bool = False

    @property
    def directory(self) -> Path:
        """The folder with services, plans and mappings."""
        return self.config if self.config.is_dir() else self.config.parent

    @property
    def file(self) -> Path:
        return self.config / FILE if self.config.is_dir() else self.config

    def settings(self) -> Settings:
        """Read the settings. Raises Invalid."""
        return read_settings(self.config, os.environ)

    @contextmanager
    def connector(self) -> Iterator[Connector]:
        """Open the connector over its database, made ready, to read it or to record work; raises Invalid."""
        found = Connector(self.settings())
        try:
            found.prepare()
            yield found
        finally:
            found.stop()
