"""What every command is given: where the settings are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Context:
    """`config` is the settings file or its folder; `debug` asks for tracebacks."""

    config: Path
    debug: bool = False

    @property
    def directory(self) -> Path:
        """The folder with services, plans and mappings."""
        return self.config if self.config.is_dir() else self.config.parent
