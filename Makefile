# quickstart: install what is missing, then do the main job on a real sample.
# test: install and start what the tests need, then run all of them.
.PHONY: quickstart test fmt

quickstart:
	scripts/bootstrap
	.venv/bin/python scripts/quickstart.py

test:
	scripts/bootstrap --dev
	scripts/test

fmt:
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .
