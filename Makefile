# quickstart: install missing programs, then run the whole workflow on a real sample.
# test: install the test dependencies, then run every check and test.
# cluster, cluster-down: bring a Kubernetes with Argo Workflows up on this machine, or take it down.
# test-cluster: run tests/cluster on it; it is brought up and taken down again unless it was up.
# rules: write docs/rules.md and docs/rules from the docstrings of the rules.
# reference: write docs/reference from the help of the commands, the schemas and the Python API.
# docs: build the documentation site in build/site; a broken link fails.
# test-pythons: run the unit tests on the other supported Pythons that this machine has or can unpack.
.PHONY: quickstart test cluster cluster-down test-cluster test-pythons rules reference docs fmt

quickstart:
	scripts/bootstrap
	.venv/bin/python scripts/quickstart.py

test:
	scripts/bootstrap --dev
	scripts/test

cluster:
	scripts/bootstrap --cluster
	.venv/bin/python -m tools.cluster up

cluster-down:
	.venv/bin/python -m tools.cluster down

test-cluster:
	scripts/bootstrap --dev
	scripts/bootstrap --cluster
	.venv/bin/python -m tools.cluster build
	scripts/test-cluster

test-pythons:
	scripts/bootstrap --dev
	.venv/bin/python scripts/pythons.py

rules:
	.venv/bin/python -m tools.rule_pages

reference:
	.venv/bin/python -m tools.reference_pages

docs:
	.venv/bin/python -m tools.docs_site

fmt:
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .
