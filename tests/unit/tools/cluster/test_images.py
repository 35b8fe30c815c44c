"""The images of the cluster's programs run as a numeric user that is not root, and anyone may write to /tmp."""

import json
import tarfile
from pathlib import Path

from tools.cluster.images import ARGO_PROGRAMS, PAUSE, write_images
from tools.cluster.programs import MODULES, Programs


def test_images_are_archives_that_name_themselves(tmp_path: Path) -> None:
    folders = {module.name: tmp_path / module.name for module in MODULES}
    for module in MODULES:
        folders[module.name].mkdir()
        for name in module.packages:
            (folders[module.name] / name).write_text(f"program {name}")
    written = write_images(Programs(folders=folders), tmp_path / "images")
    assert [_name(archive) for archive in written] == [PAUSE, ARGO_PROGRAMS]
    assert sorted(path.name for path in (tmp_path / "images").iterdir()) == ["0.tar", "1.tar"]
    with tarfile.open(written[1]) as archive:
        config = json.loads(_content(archive, "config.json"))
        assert int(config["config"]["User"]) > 0
        assert config["config"]["Env"] == ["PATH=/bin"]
        with tarfile.open(fileobj=archive.extractfile("layer.tar")) as layer:
            assert {member.name: oct(member.mode) for member in layer} == {
                "bin": "0o755",
                "tmp": "0o1777",
                "bin/workflow-controller": "0o755",
                "bin/argoexec": "0o755",
            }


def _name(archive: Path) -> str:
    with tarfile.open(archive) as opened:
        (name,) = json.loads(_content(opened, "manifest.json"))[0]["RepoTags"]
    return str(name)


def _content(archive: tarfile.TarFile, name: str) -> bytes:
    content = archive.extractfile(name)
    assert content
    return content.read()
