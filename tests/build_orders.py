"""Orders of Dockerfile builds for tests of engines, and programs that stand for engines' own."""

from pathlib import Path

from toolkit.dockerfile.prepared import prepared
from toolkit.engines.image_build import ImageBuild

DOCKERFILE = "FROM base AS one\nRUN one\nFROM one\nENV A=1\nCOPY x /x\nRUN two\n"


def order(folder: Path, text: str = DOCKERFILE, *, ignore: Path | None = None) -> ImageBuild:
    """Return an order whose copy declares one more argument in each stage."""
    context = folder / "context"
    context.mkdir(exist_ok=True)
    path = context / "Dockerfile"
    path.write_text(text)
    copy = prepared(text, path, ["PIP_INDEX_URL"])
    written = folder / "Dockerfile"
    written.write_text(copy.text)
    return ImageBuild(
        dockerfile=written,
        prepared=copy,
        context=context,
        ignore=ignore,
        platform="linux/amd64",
        target="one",
        arguments={"VERSION": "1"},
        predefined={"HTTPS_PROXY": "http://user:hunter22@proxy.example.com"},
        secrets=("id=token,env=TOKEN",),
        ssh=("default",),
        epoch="1",
        folder=folder,
    )


def program(folder: Path, name: str, script: str) -> Path:
    """Write a program for the shell into a folder, and return the folder."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return folder
