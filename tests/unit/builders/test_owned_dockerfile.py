from msgspec.structs import replace

from toolkit.builders.owned_dockerfile import OwnedImage, dockerfile_text

IMAGE = OwnedImage(
    base="docker.io/library/python:3.11-slim@sha256:00",
    stage_base="docker.io/library/python:3.11-slim@sha256:00",
    python="/usr/local/bin/python3.11",
    stage_python="/usr/local/bin/python3.11",
    beside="docker",
    code=(("src/", ""),),
    command=("/opt/comp/venv/bin/python", "-P", "/opt/comp/launch.py"),
    env={"PATH": "/opt/comp/venv/bin:/usr/bin", "PYTHONUNBUFFERED": "1"},
    labels={"org.opencontainers.image.title": "Count words"},
    user="65532:65532",
)


def _lines(image: OwnedImage) -> list[str]:
    return dockerfile_text(image).splitlines()


def test_what_classic_docker_reads_is_all_that_it_uses() -> None:
    words = {line.split()[0] for line in _lines(IMAGE) if line and not line.startswith((" ", "#"))}
    assert words == {"ARG", "FROM", "COPY", "RUN", "ENV", "LABEL", "USER", "ENTRYPOINT", "CMD"}
    assert "--mount" not in dockerfile_text(IMAGE)
    assert "--chmod" not in dockerfile_text(IMAGE)


def test_the_image_has_what_comp_gives_its_own() -> None:
    lines = _lines(IMAGE)
    own = lines[lines.index("# The image.") :]
    assert own == [
        "# The image.",
        "FROM ${BASE}",
        "ENV PATH=/opt/comp/venv/bin:$PATH",
        'ENV PYTHONUNBUFFERED="1"',
        "COPY --from=packages /opt/comp/venv /opt/comp/venv",
        "COPY --from=code /opt/comp /opt/comp",
        'LABEL org.opencontainers.image.title="Count words"',
        "USER 65532:65532",
        "ENTRYPOINT []",
        'CMD ["/opt/comp/venv/bin/python", "-P", "/opt/comp/launch.py"]',
    ]


def test_packages_are_installed_by_their_hashes_alone() -> None:
    text = dockerfile_text(IMAGE)
    assert "--require-hashes --no-deps --only-binary :all:" in text
    assert "/usr/local/bin/python3.11 -m pip --python /opt/comp/venv/bin/python install" in text
    assert "wheels" not in text
    carried = dockerfile_text(replace(IMAGE, wheels=True, pip="pip-26.0-py3-none-any.whl"))
    assert "COPY docker/wheels/ /tmp/packages/wheels/" in carried
    assert "/opt/comp/venv/bin/python /tmp/packages/wheels/pip-26.0-py3-none-any.whl/pip install" in carried
    assert "--find-links /tmp/packages/wheels" in carried


def test_without_packages_there_is_an_environment_and_no_pip() -> None:
    text = dockerfile_text(replace(IMAGE, packages=False))
    assert "RUN /usr/local/bin/python3.11 -m venv --without-pip /opt/comp/venv\n" in text
    assert "pip install" not in text
    assert "requirements.txt" not in text


def test_settings_of_the_component_are_followed() -> None:
    text = dockerfile_text(replace(IMAGE, bytecode=False, system_site_packages=True, has_path=False))
    assert "compileall" not in text
    assert "--without-pip --system-site-packages" in text
    assert 'ENV PATH="/opt/comp/venv/bin:/usr/bin"' in text


def test_system_packages_are_installed_by_apt_before_anything_is_copied() -> None:
    text = dockerfile_text(replace(IMAGE, system_packages=("git", "libgomp1=12-1")))
    image = text.partition("FROM ${BASE}\n")[2]
    assert " && apt-get install --yes --no-install-recommends git libgomp1=12-1 \\\n" in image
    assert image.index("USER root") < image.index("apt-get update") < image.index("COPY")
    assert "apt-get" not in dockerfile_text(IMAGE)


def test_stages_of_another_base_leave_the_images_own_interpreter() -> None:
    text = dockerfile_text(replace(IMAGE, stage_base="builder:1", stage_python="/opt/python/bin/python3.11"))
    assert "ARG BUILD_BASE=builder:1\n" in text
    assert text.count("FROM ${BUILD_BASE} AS ") == 2
    assert text.count("FROM ${BASE}\n") == 1
    assert "RUN ln -sf /usr/local/bin/python3.11 /opt/comp/venv/bin/python\n" in text


def test_values_mean_what_they_say() -> None:
    labels = {"org.opencontainers.image.description": 'A "$HOME" of\nits own \\ here'}
    text = dockerfile_text(replace(IMAGE, labels=labels))
    assert r'LABEL org.opencontainers.image.description="A \"\$HOME\" of its own \\ here"' in text


def test_paths_are_copied_whatever_they_hold() -> None:
    code = (("a b.py", "a b.py"), ("odd[1].py", "odd[1].py"), ("pkg/", "pkg/"))
    lines = _lines(replace(IMAGE, code=code))
    assert 'COPY ["a b.py", "/opt/comp/app/a b.py"]' in lines
    assert 'COPY ["odd[[]1].py", "/opt/comp/app/odd[1].py"]' in lines
    assert "COPY pkg/ /opt/comp/app/pkg/" in lines
