"""A Dockerfile is taken over with what it says, without a build."""

from pathlib import Path

import pytest

from toolkit.errors import FindingsError, InputError, UsageError
from toolkit.scaffold.dockerfile import Source, TakenOver, authored_image, spec_of, take_over
from toolkit.scaffold.overrides import Override
from toolkit.spec.model import Container

CONTRACT = "name: n\nimplementation: {container: {image: 'host:5000/a/b:1', command: [x]}}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tool.R").write_text("")
    return tmp_path


def taken(folder: Path, *lines: str, **options: str) -> TakenOver:
    path = folder / "Dockerfile"
    path.write_text("\n".join(lines))
    overrides = tuple(Override.parse(text, output=False) for text in options.get("inputs", "").split())
    source = Source(dockerfile=path, target=options.get("target"), overrides=overrides)
    return take_over(source, "my-step", {}, without=folder / "new")


END = ('ENTRYPOINT ["Rscript", "/tool.R"]', "USER 1000")


def test_settings_of_the_build(folder: Path) -> None:
    found = taken(
        folder,
        "ARG TAG=12 TOKEN",
        "FROM a:$TAG AS one",
        "RUN --mount=type=secret,id=pip-token --mount=type=ssh x",
        "FROM b AS unused",
        "ARG UNUSED=1",
        "FROM c",
        "COPY --from=one /x /y",
        *END,
    )
    assert found.settings == (
        'build-secrets = ["id=pip-token,env=PIP_TOKEN"]',
        'build-ssh = ["default"]',
        "",
        "# The Dockerfile's own values: a line without its # replaces one.",
        "[tool.comp.build-args]",
        '# TAG = "12"',
        '# TOKEN = ""',
    )
    assert found.notes[1:] == (
        "ARG TOKEN has no default: [tool.comp.build-args] or comp build --build-arg TOKEN=VALUE gives one",
        "a step needs the secret pip-token: comp build takes it from the variable PIP_TOKEN",
    )


def test_settings_of_the_image(folder: Path) -> None:
    notes = taken(folder, "FROM a", "EXPOSE 80", "ONBUILD RUN x", "USER 0:0", END[0]).notes
    assert notes[1:] == (
        "its USER is 0:0, so that restricted pods may refuse it: add USER 65532:65532",
        "EXPOSE 80 is left as it is: no caller reaches a step of a pipeline",
        "ONBUILD RUN runs in images built on this one, and not in this one",
    )


def test_a_target_leaves_later_stages_out(folder: Path) -> None:
    (folder / "a.R").write_text("")
    found = taken(folder, "FROM a AS one", "COPY a.R /", *END, "FROM one", "COPY tool.R /", target="one")
    assert [path.name for path in found.context.files] == ["a.R"]
    both = taken(folder, "FROM a AS one", "COPY a.R /", *END, "FROM one", "COPY tool.R /")
    assert [path.name for path in both.context.files] == ["a.R", "tool.R"]


def test_a_program_in_python_says_what_it_takes(folder: Path) -> None:
    (folder / "run.py").write_text(
        '"""Do it."""\nimport argparse\np = argparse.ArgumentParser()\np.add_argument("--size", type=int, default=1)\n'
        "p.parse_args()\n"
    )
    found = taken(folder, "FROM a AS b", "COPY run.py /app/", "FROM b", "WORKDIR /app", "USER 1", "CMD python run.py")
    assert [port.name for port in found.ports.interface.inputs] == ["size"]
    assert found.notes[1] == (
        "its inputs and outputs are the options of run.py; --from-program packages that without a Dockerfile"
    )
    spec = spec_of(found, "my-step:1")
    assert isinstance(spec.implementation, Container)
    assert (spec.name, spec.container.command) == ("My step", ("python", "run.py"))


@pytest.mark.parametrize(
    ("end", "option", "words"),
    [(', "fit", "--x"', None, ["fit", "--x"]), (', "other"', "fit", ["fit"]), ("", "fit", ["fit"])],
)
def test_a_sub_command(folder: Path, end: str, option: str | None, words: list[str]) -> None:
    lines = ("import argparse", "p = argparse.ArgumentParser()", "p.add_argument('--level', type=int)")
    more = ("s = p.add_subparsers()", "f = s.add_parser('fit')", "f.add_argument('--size', type=int, default=1)")
    (folder / "run.py").write_text("\n".join((*lines, *more, "s.add_parser('other')", "p.parse_args()\n")))
    (folder / "Dockerfile").write_text(f'FROM a\nCOPY run.py /\nUSER 1\nENTRYPOINT ["python", "-u", "/run.py"{end}]\n')
    source = Source(dockerfile=folder / "Dockerfile", subcommand=option)
    found = take_over(source, "x", {}, without=folder / "new")
    assert found.command.words == ("python", "-u", "/run.py")
    assert [argument for argument in found.ports.arguments if isinstance(argument, str)] == words
    assert [port.name for port in found.ports.interface.inputs] == ["level", "size"]


def test_a_sub_command_that_nothing_has(folder: Path) -> None:
    (folder / "Dockerfile").write_text("FROM a\nCMD x\n")
    with pytest.raises(UsageError, match="--subcommand is for a Python program"):
        take_over(Source(dockerfile=folder / "Dockerfile", subcommand="fit"), "x", {}, without=folder / "new")


def test_a_program_that_cannot_be_read(folder: Path) -> None:
    (folder / "run.py").write_text("def (\n")
    lines = ("FROM a", "COPY run.py /", "USER 1", 'CMD ["python", "/run.py"]')
    (note,) = taken(folder, *lines).notes
    assert note.startswith("the options of run.py could not be read: ")
    assert [port.name for port in taken(folder, *lines, inputs="size:value").ports.interface.inputs] == ["size"]


def test_other_programs_have_the_ports_that_the_user_declares(folder: Path) -> None:
    (note,) = taken(folder, "FROM a", *END).notes
    assert note.startswith("its inputs and outputs are not known: ")
    found = taken(folder, "FROM a", *END, inputs="table:path size:value:Integer")
    assert found.notes == ()
    assert [port.name for port in found.ports.interface.inputs] == ["table", "size"]


def test_a_contract_that_is_there_is_kept(folder: Path) -> None:
    path = folder / "component.yaml"
    path.write_text(CONTRACT)
    found = taken(folder, "FROM a", *END)
    assert (found.contract, found.notes) == (
        path,
        (f"{path} is kept as it is: inputs, outputs and command are its own",),
    )
    with pytest.raises(UsageError):
        taken(folder, "FROM a", *END, inputs="a:value")
    path.write_text("inputs: 1\n")
    with pytest.raises(FindingsError):
        taken(folder, "FROM a", *END)


def test_a_contract_needs_no_entrypoint(folder: Path) -> None:
    (folder / "component.yaml").write_text(CONTRACT)
    assert taken(folder, "FROM a", "USER 1").command.words == ()


def test_a_dockerfile_that_is_built_from_above(folder: Path) -> None:
    (folder / "docker").mkdir()
    with pytest.raises(InputError) as caught:
        taken(folder / "docker", "FROM a", "COPY tool.R /", *END)
    assert caught.value.message == f"it copies what is not in {folder / 'docker'}: tool.R"
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("it is built from a folder above: --context ")


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("host:5000/a/b:1", "host:5000/a/b"),
        (f"a/b@sha256:{'0' * 64}", "a/b"),
        (f"a/b:1@sha256:{'0' * 64}", "a/b"),
        ("a", "a"),
        ("{{IMAGE}}", None),
    ],
)
def test_the_image_of_a_contract(tmp_path: Path, image: str, name: str | None) -> None:
    (tmp_path / "c.yaml").write_text(CONTRACT.replace("host:5000/a/b:1", image))
    assert authored_image(tmp_path / "c.yaml") == name


def test_secrets_stay_out_of_the_settings(folder: Path) -> None:
    found = taken(
        folder,
        "FROM a",
        "ARG API_TOKEN=12345 INDEX=https://ann:word@host/simple",
        "LABEL org.opencontainers.image.source=https://ann:word@host/x",
        *END,
    )
    assert found.settings[-2:] == ('# API_TOKEN = ""', '# INDEX = ""')
    assert found.metadata.urls == {"Source": "https://host/x"}


def test_a_folder_that_would_hold_its_own_copy(folder: Path) -> None:
    (folder / "Dockerfile").write_text("FROM a\nCMD x\n")
    for without in (folder, folder.parent):
        with pytest.raises(InputError, match="has the files that would be copied into it"):
            take_over(Source(dockerfile=folder / "Dockerfile"), "x", {}, without=without)


def test_a_context_that_is_none(folder: Path) -> None:
    (folder / "Dockerfile").write_text("FROM a\n")
    with pytest.raises(InputError, match="is not a folder"):
        take_over(Source(dockerfile=folder / "Dockerfile", context=folder / "gone"), "x", {}, without=folder / "new")


def test_a_user_without_a_number_is_noted(folder: Path) -> None:
    noted = {
        user: [note for note in taken(folder, "FROM a", f"USER {user}", 'CMD ["x"]').notes if user in note]
        for user in ("1000", "65532:users", "node")
    }
    assert noted == {
        "1000": [],
        "65532:users": [],
        "node": ["its USER node is a name, so that restricted pods may refuse it: write its number"],
    }
