"""What labels say about a component."""

from pathlib import Path

from toolkit.dockerfile.reader import parse_dockerfile
from toolkit.dockerfile.stages import stages_of
from toolkit.scaffold.docker_labels import Metadata, read_labels


def read(*lines: str) -> Metadata:
    parsed = parse_dockerfile("\n".join(("FROM a", *lines)), Path("Dockerfile"))
    return read_labels(parsed, stages_of(parsed)[-1], "my-step")


def test_the_labels_of_oci() -> None:
    image = "org.opencontainers.image"
    labels = {
        "title": "A title",
        "description": "Does  it.",
        "version": "v1.2",
        "authors": "Ada <ada@example.com>, b@example.com",
        "licenses": "MIT",
        "source": "https://example.com/s",
        "url": "not an address",
    }
    assert read(*(f'LABEL {image}.{key}="{value}"' for key, value in labels.items())) == Metadata(
        title="A title",
        description="Does it.",
        version="1.2",
        authors=(("Ada", "ada@example.com"), ("", "b@example.com")),
        license="MIT",
        urls={"Source": "https://example.com/s"},
    )


def test_older_labels() -> None:
    found = read('LABEL org.label-schema.name=N maintainer="Ada"', "LABEL org.label-schema.version=2")
    assert (found.title, found.version, found.authors) == ("N", "2", (("", "Ada"),))
    assert read("MAINTAINER Ada <ada@example.com>").authors == (("Ada", "ada@example.com"),)


def test_what_labels_leave_out() -> None:
    assert read() == Metadata(title="My step", description="My step.", version="0.1.0", authors=(), license="", urls={})
    assert read('LABEL org.opencontainers.image.title="日本"').title == "My step"
    odd = read("LABEL org.opencontainers.image.version=latest")
    assert odd.version == "0.1.0"
    assert odd.notes == ("the version is 0.1.0: the label has 'latest', which is not of the form 1.2.3",)
