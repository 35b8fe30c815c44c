import io
import tarfile
from pathlib import Path

from toolkit.oci.folder import folder_tar


def test_files_links_and_folders_are_packed_as_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "deep" / ("long" * 30)).mkdir(parents=True)
    (folder / "deep" / "é.txt").write_text("one")
    (folder / "program").write_bytes(bytes(3 << 20))
    (folder / "program").chmod(0o755)
    (folder / "link").symlink_to("deep/é.txt")
    (folder / "into").symlink_to("deep")
    with tarfile.open(fileobj=io.BytesIO(b"".join(folder_tar(folder)))) as archive:
        members = {member.name: member for member in archive}
        content = {name: archive.extractfile(member) for name, member in members.items() if member.isreg()}
        assert {name: len(stream.read()) for name, stream in content.items() if stream} == {
            "deep/é.txt": 3,
            "program": 3 << 20,
        }
    assert list(members) == ["deep", "into", "link", "program", f"deep/{'long' * 30}", "deep/é.txt"]
    assert (members["link"].linkname, members["into"].linkname) == ("deep/é.txt", "deep")
    assert members["program"].mode == 0o755
    assert {member.mtime for member in members.values()} == {315532800}


def test_it_reads_as_it_goes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    chunks = folder_tar(tmp_path)
    assert len(next(chunks)) == 512
    assert next(chunks) == b"1"
