.PHONY: setup
PY ?= python3
STAMP := .venv/.installed

setup: $(STAMP)

$(STAMP): requirements/dev.txt pyproject.toml
	@test -x .venv/bin/python || $(PY) -m venv .venv
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)
