"""What a machine knows of archives."""

from pathlib import Path

from toolkit.debian.machine import machine_servers


def test_a_machine_knows_what_its_apt_reads_and_its_own_distribution(tmp_path: Path) -> None:
    assert machine_servers("amd64", tmp_path) == {}
    (tmp_path / "etc/apt/sources.list.d").mkdir(parents=True)
    (tmp_path / "etc/os-release").write_text("ID=debian\nHOME_URL=https://www.home.example/\n")
    (tmp_path / "etc/apt/sources.list").write_text("deb http://mirror.example/debian bookworm main\n")
    (tmp_path / "etc/apt/sources.list.d/folder.list").mkdir()
    (tmp_path / "etc/apt/sources.list.d/ports.sources").write_text(
        "Types: deb\nURIs: http://ports.example/ubuntu-ports\nSuites: noble\nComponents: main\n"
    )
    assert machine_servers("amd64", tmp_path) == {
        "debian": "http://mirror.example",
        "debian-security": "http://deb.home.example",
        "ubuntu-ports": "http://ports.example",
    }
