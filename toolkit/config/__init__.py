"""The settings of a component: `[project]` and `[tool.comp]` of its pyproject.toml, defaults and environment.

`project.read_project` reads them all. Nothing here looks into code, contracts or images.
"""
