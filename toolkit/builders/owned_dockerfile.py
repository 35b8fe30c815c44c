"""The Dockerfile that makes a component's image from its lock, for people who want to own it.

What it writes is read by the classic builder of docker 20.10, by BuildKit and by buildah alike: no mount and no flag of
`COPY` but `--from` (Docker's Dockerfile reference). Packages and code are made ready in stages of their own, so that a
change of the code installs nothing again, and nothing of pip stays in the image.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from toolkit.image_paths import APP, PREFIX, PYTHON, VENV, absolute

_HEAD = """\
# Written by `comp dockerfile`, and yours to change: it does not overwrite what you changed.
# Build it in the component's folder, or name it as `dockerfile` in [tool.comp] for `comp build`.
"""
# Where the stages keep what they install from.
_FROM = "/tmp/packages"  # noqa: S108 (in a stage of a build)
_PLAIN = re.compile(r"[\w./@%+,:=~-]+", re.ASCII)


class OwnedImage(Struct, frozen=True, kw_only=True):
    """What the Dockerfile is written from.

    `base` and `stage_base` are references, the second that of the stages; `python` and `stage_python` are the paths of
    their interpreters. `beside` is the folder of what comp writes beside the Dockerfile, from the context. `code` are
    paths of the component's code from the context, with what they are below the code's folder in the image. `packages`
    is whether anything is to be installed, `wheels` whether wheels lie beside, `pip` the file name of pip's own wheel
    among them; None for the stage's own pip. `has_path` is whether the base has a PATH. `system_packages` are Debian
    packages to install on the base.
    """

    base: str
    stage_base: str
    python: str
    stage_python: str
    beside: str
    code: Sequence[tuple[str, str]]
    command: Sequence[str]
    env: Mapping[str, str]
    labels: Mapping[str, str]
    user: str
    packages: bool = True
    wheels: bool = False
    pip: str | None = None
    bytecode: bool = True
    system_site_packages: bool = False
    has_path: bool = True
    system_packages: Sequence[str] = ()


def dockerfile_text(image: OwnedImage) -> str:
    """Return the Dockerfile."""
    stages = (_bases(image), _packages_stage(image), _code_stage(image), _image_stage(image))
    return "\n\n".join((_HEAD.rstrip(), *("\n".join(stage) for stage in stages))) + "\n"


def _bases(image: OwnedImage) -> Iterator[str]:
    """Yield the bases, so that a mirror can take their place: `--build-arg BASE=…`."""
    yield f"ARG BASE={image.base}"
    if image.stage_base != image.base:
        yield f"ARG BUILD_BASE={image.stage_base}"


def _stage(image: OwnedImage, name: str) -> str:
    """Return the line that begins a stage."""
    return f"FROM ${{{'BASE' if image.stage_base == image.base else 'BUILD_BASE'}}} AS {name}"


def _packages_stage(image: OwnedImage) -> Iterator[str]:
    """Yield the stage that makes the virtual environment."""
    yield "# The packages of the lock, each by its hash."
    yield _stage(image, "packages")
    options = " --system-site-packages" if image.system_site_packages else ""
    venv = f"{image.stage_python} -m venv --without-pip{options} {absolute(VENV)}"
    if not image.packages:
        yield f"RUN {venv}"
    else:
        yield from _install(image, venv)
    if image.python != image.stage_python:
        yield "# The image's own interpreter."
        yield f"RUN ln -sf {image.python} {absolute(PYTHON)}"
    yield f"RUN chmod -R u=rwX,go=rX {absolute(PREFIX)}"


def _install(image: OwnedImage, venv: str) -> Iterator[str]:
    """Yield the lines that install the packages."""
    yield "# An index of your own: --build-arg PIP_INDEX_URL=https://…"
    yield "ARG PIP_INDEX_URL"
    yield f"COPY {image.beside}/requirements.txt {_FROM}/"
    if image.wheels:
        yield f"COPY {image.beside}/wheels/ {_FROM}/wheels/"
    python = absolute(PYTHON)
    pip = f"{python} {_FROM}/wheels/{image.pip}/pip" if image.pip else f"{image.stage_python} -m pip --python {python}"
    links = f" --find-links {_FROM}/wheels" if image.wheels else ""
    yield f"RUN {venv} \\"
    yield f" && {pip} install \\"
    yield "      --require-hashes --no-deps --only-binary :all: --no-compile --no-cache-dir \\"
    yield f"      --disable-pip-version-check --no-warn-script-location{links} \\"
    yield f"      -r {_FROM}/requirements.txt"
    if image.bytecode:
        yield "# Containers start faster with bytecode; some packages have files that this Python cannot compile."
        yield "RUN PYTHONHASHSEED=0 \\"
        yield f"    {python} -m compileall -q --invalidation-mode unchecked-hash {absolute(VENV)}/lib || true"


def _code_stage(image: OwnedImage) -> Iterator[str]:
    """Yield the stage that lays out the code and the launcher, readable for every user."""
    yield "# The component's code, and what starts it."
    yield _stage(image, "code")
    for source, target in image.code:
        yield f"COPY {_paths(_without_wildcards(source), absolute(f'{APP}/{target}'))}"
    yield f"COPY {image.beside}/launch.py {image.beside}/interface.json {absolute(PREFIX)}/"
    yield f"RUN chmod -R u=rwX,go=rX {absolute(PREFIX)}"


def _image_stage(image: OwnedImage) -> Iterator[str]:
    """Yield the image itself: what changes least comes first, so that builds find it in their cache."""
    yield "# The image."
    yield "FROM ${BASE}"
    if image.system_packages:
        yield "# As the archives have them when the image is built: to pin them, write NAME=VERSION."
        yield "USER root"
        yield "RUN apt-get update \\"
        yield f" && apt-get install --yes --no-install-recommends {' '.join(image.system_packages)} \\"
        yield " && rm -rf /var/lib/apt/lists/*"
    for name, value in sorted(image.env.items()):
        # What the base has behind it may change with the base.
        text = f"{absolute(VENV)}/bin:$PATH" if name == "PATH" and image.has_path else _quoted(value)
        yield f"ENV {name}={text}"
    yield f"COPY --from=packages {absolute(VENV)} {absolute(VENV)}"
    yield f"COPY --from=code {absolute(PREFIX)} {absolute(PREFIX)}"
    labels = [f"{key}={_quoted(value)}" for key, value in sorted(image.labels.items())]
    yield "LABEL " + " \\\n      ".join(labels)
    yield f"USER {image.user}"
    # Some engines pass a contract's command to an entry point as arguments.
    yield "ENTRYPOINT []"
    yield f"CMD {json.dumps(list(image.command), ensure_ascii=False)}"


def _quoted(value: str) -> str:
    """Return a value in quotes, in one line and with nothing that the parser would replace."""
    text = " ".join(value.split())
    return '"' + re.sub(r'(["$\\])', r"\\\1", text) + '"'


def _without_wildcards(path: str) -> str:
    """Return a path as a pattern that matches it alone (Go's `filepath.Match`)."""
    return re.sub(r"[\[*?]", r"[\g<0>]", path)


def _paths(source: str, target: str) -> str:
    """Return the two paths of a `COPY`: as words, or as JSON where they hold what words cannot."""
    if _PLAIN.fullmatch(source) and _PLAIN.fullmatch(target):
        return f"{source} {target}"
    return json.dumps([source, target], ensure_ascii=False)
