"""What the stages of a Dockerfile say of their images."""

from pathlib import Path

import pytest

from toolkit.dockerfile.model import Command, Copy, Mount, Stage
from toolkit.dockerfile.reader import parse_dockerfile
from toolkit.dockerfile.stages import arguments_of, chosen_stage, copied_from, stages_of, takes
from toolkit.errors import InputError

PATH = Path("Dockerfile")


def stages(*lines: str, **given: str) -> tuple[Stage, ...]:
    return stages_of(parse_dockerfile("\n".join(lines), PATH), given)


def last(*lines: str, **given: str) -> Stage:
    return stages("FROM a", *lines, **given)[-1]


def test_arguments_before_from_count_in_a_stage_that_names_them() -> None:
    lines = ("ARG TAG=12", "FROM debian:$TAG", "ENV A=${TAG:-none}", "ARG TAG", "ENV B=$TAG")
    (stage,) = stages(*lines)
    assert (stage.base, stage.arguments, stage.environment) == ("debian:12", {"TAG": "12"}, {"A": "none", "B": "12"})
    (given,) = stages(*lines, TAG="13")
    assert (given.base, given.environment["B"]) == ("debian:13", "13")


def test_arguments_without_a_default() -> None:
    stage = last("ARG ONE TWO=2 THREE=3$TWO", "ARG TARGETARCH", "ENV X=$ONE-$THREE-$TARGETARCH")
    assert stage.arguments == {"ONE": None, "TWO": "2", "THREE": "32", "TARGETARCH": "amd64"}
    assert stage.environment == {"X": "-32-amd64"}


def test_arguments_of_a_build() -> None:
    lines = (
        "ARG TAG=12",
        "ARG NAME",
        "FROM a:$TAG AS one",
        "ARG X=1 TARGETARCH http_proxy",
        "FROM one",
        "ARG NAME Y TAG",
    )
    read = parse_dockerfile("\n".join(lines), PATH)
    one, two = stages_of(read)
    assert arguments_of(read, (one, two)) == {"TAG": "12", "NAME": None, "X": "1", "Y": None}
    assert arguments_of(read, (two,)) == {"TAG": "12", "NAME": None, "Y": None}


def test_a_variable_hides_an_argument() -> None:
    assert last("ARG A=1", "ENV A=2", "ENV B=$A A=3 C=$A").environment == {"A": "3", "B": "2", "C": "2"}


def test_settings_of_the_image() -> None:
    stage = last(
        'LABEL a="b c" org.opencontainers.image.title=T',
        "USER ${U:-1000}",
        "WORKDIR /app",
        "WORKDIR src/../lib",
        "EXPOSE 80 443/tcp",
        "STOPSIGNAL 9",
        "ONBUILD RUN x",
    )
    assert stage.labels == {"a": "b c", "org.opencontainers.image.title": "T"}
    assert (stage.user, stage.folder, stage.ports) == ("1000", "/app/lib", ("80", "443/tcp"))
    assert [trigger.keyword for trigger in stage.triggers] == ["RUN"]


def test_commands_in_both_forms() -> None:
    stage = last('SHELL ["/bin/bash", "-ec"]', "ENTRYPOINT exec a $B", 'CMD ["c"]')
    assert stage.entrypoint == Command(words=("exec a $B",), line=3, shell=("/bin/bash", "-ec"))  # noqa: S604 (a record)
    assert stage.command == Command(words=("c",), line=4)


def test_a_stage_inherits_from_the_one_it_names() -> None:
    lines = (
        "FROM a AS Build",
        "ARG X=1",
        "ENV Y=2",
        "WORKDIR /w",
        'CMD ["c"]',
        "COPY f .",
        "FROM build AS end",
        "RUN x",
    )
    first, second = stages(*lines)
    assert (second.base, second.parent, second.environment, second.folder) == ("a", 0, {"Y": "2"}, "/w")
    assert second.command == first.command
    assert (second.arguments, second.copies) == ({}, ())


def test_an_entrypoint_ends_the_inherited_command_alone() -> None:
    base = ("FROM a AS b", 'CMD ["c"]')
    assert stages(*base, "FROM b", 'ENTRYPOINT ["e"]')[-1].command is None
    assert stages(*base, 'ENTRYPOINT ["e"]')[-1].command is not None


def test_copies_have_whole_targets() -> None:
    stage = last(
        "WORKDIR /app",
        "COPY a b ./",
        'ADD ["c d", "/e"]',
        "COPY f g",
        "COPY --from=build /h /i",
        "COPY <<EOF j /k/",
        "text",
        "EOF",
        "COPY <<EOF /l",
        "text",
        "EOF",
    )
    assert stage.copies == (
        Copy(sources=("a", "b"), target="/app/", line=3),
        Copy(sources=("c d",), target="/e", line=4),
        Copy(sources=("f",), target="/app/g", line=5),
        Copy(sources=("/h",), target="/i", line=6, stage="build"),
        Copy(sources=("j",), target="/k/", line=7),
    )


def test_mounts_of_its_steps() -> None:
    stage = last(
        "RUN --mount=source=a,target=/a --mount=type=secret,id=token,env=TOKEN x",
        "RUN --network=none --mount=type=ssh x",
    )
    assert stage.mounts == (
        Mount(type="bind", keys={"source": "a", "target": "/a"}),
        Mount(type="secret", keys={"id": "token", "env": "TOKEN"}),
        Mount(type="ssh", keys={}),
    )


def test_a_target_is_a_name_or_a_number() -> None:
    all_stages = stages("FROM a AS One", "FROM b", "FROM c AS three")
    assert [chosen_stage(all_stages, name).base for name in (None, "ONE", "1", "three")] == ["c", "a", "b", "c"]
    for name in ("two", "3", "²"):
        with pytest.raises(InputError) as caught:
            chosen_stage(all_stages, name)
        assert caught.value.hint == "its stages: one, three"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("FROM b as", "another form"),
        ("FROM $NONE", "names no image"),
        ("COPY a", "has no target"),
        ("SHELL bash", "is not a list"),
        ("LABEL a", "has no value"),
        ("ENV A=${B:?gone}", "B: gone"),
    ],
)
def test_what_is_wrong_has_a_line(line: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        stages("FROM a", "RUN x", line)
    assert str(caught.value.where) == "Dockerfile:3"


def test_images_that_copies_and_mounts_take_files_from() -> None:
    lines = ("FROM a AS One", "COPY --from=h/tool:1 x y", "FROM b", "COPY --from=one x y", "COPY --from=0 x y")
    mount = "RUN --mount=type=bind,from=h/data,target=/d --mount=type=bind,from=one,target=/e true"
    assert [*copied_from(stages(*lines, mount))] == ["h/tool:1", "h/data"]


@pytest.mark.parametrize(
    ("source", "taken"),
    [
        (".", {"a.yaml", "in/a.yaml"}),
        ("/", {"a.yaml", "in/a.yaml"}),
        ("./a.yaml", {"a.yaml"}),
        ("*.yaml", {"a.yaml"}),
        ("in/", {"in/a.yaml"}),
        ("i*", {"in/a.yaml"}),
        ("src", set()),
        ("a", set()),
    ],
)
def test_whether_a_file_is_copied(source: str, taken: set[str]) -> None:
    found = stages("FROM a AS one", f"COPY {source} /x/", "FROM one AS two", "FROM b", "COPY --from=one . /")
    names = ("a.yaml", "in/a.yaml")
    assert {name for name in names if takes(found, "two", name)} == taken
    assert not any(takes(found, None, name) for name in names)


def test_values_are_bounded_together(tmp_path: Path) -> None:
    # Each is short enough; a line of ten megabytes would make them a hundred gigabytes.
    pairs = " ".join(f"A{number}=y$X" for number in range(200))
    with pytest.raises(InputError, match="with its variables replaced") as refused:
        stages_of(parse_dockerfile(f"FROM a\nENV X={'x' * 100_000}\nENV {pairs}\n", tmp_path / "Dockerfile"))
    assert refused.value.where
