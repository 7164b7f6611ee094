"""The main job told on the terminal, on both simulated platforms, and judged by what they hold at the end."""

from connector.demo.show import Outcome, run

__all__ = ["Outcome", "run"]
