"""How properties are tried: by the same examples each time, and never judged by their time; routes compile once.

`HYPOTHESIS_PROFILE=explore` looks for new examples.
"""

from __future__ import annotations

import os

from hypothesis import settings

from tests import routes

settings.register_profile("project", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "project"))

routes.compile_once()
