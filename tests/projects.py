"""Small projects that build with nothing but Python: folders and source distributions."""

import io
import tarfile
from pathlib import Path

# A build backend that needs nothing (PEP 517, "In-tree build backends"): it writes what `wheel.txt` names.
BACKEND = """
import os, time, zipfile

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    name, version, tag, requires, mark = open("wheel.txt").read().split("\\n")[:5]
    if tag == "fail":
        raise SystemExit("the compiler is missing")
    if mark == "flags":
        mark = os.environ["CFLAGS"]
    filename = f"{name}-{version}-{tag}.whl"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(os.path.join(wheel_directory, filename), "w", zipfile.ZIP_DEFLATED) as wheel:
        # Times and order as they come: not the same twice.
        wheel.writestr(zipfile.ZipInfo(f"{name}/z.py", time.localtime()[:6]), "Z = 1\\n")
        wheel.writestr(f"{name}/__init__.py", "")
        wheel.writestr(f"{name}/native.so", b"\\x7fELF" + mark.encode())
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n"
                       + (f"Requires-Dist: {requires}\\n" if requires else ""))
        wheel.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: {tag}\\n")
        wheel.writestr(f"{info}/RECORD", "".join(f"{n},,\\n" for n in [*wheel.namelist(), f"{info}/RECORD"]))
    open("left-behind.txt", "w").close()
    return filename

def build_sdist(sdist_directory, config_settings=None):
    raise NotImplementedError
"""
SYSTEM = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
PURE = "py3-none-any"


def files(name: str, *, tag: str = PURE, requires: str = "", mark: str = "", project: str = "") -> dict[str, str]:
    settings = f'[project]\nname = "{name}"\nversion = "1.0"\n{project}\n{SYSTEM}'
    return {
        "pyproject.toml": settings,
        "backend.py": BACKEND,
        "wheel.txt": "\n".join((name.replace("-", "_"), "1.0", tag, requires, mark, "")),
    }


def sdist(name: str, **options: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        metadata = f"Metadata-Version: 2.2\nName: {name}\nVersion: 1.0\n"
        for path, text in {**files(name, **options), "PKG-INFO": metadata}.items():
            member = tarfile.TarInfo(f"{name}-1.0/{path}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


def project(folder: Path, name: str, **options: str) -> Path:
    folder.mkdir(parents=True)
    for path, text in files(name, **options).items():
        (folder / path).write_text(text)
    return folder
