"""The page of a command has its whole help."""

from tools.reference_pages.commands import command_index, command_page


def test_a_page_has_text_usage_and_every_option_once() -> None:
    page = command_page("build")
    assert "\n# comp build\n\nBuild the image of the component in FOLDER, or of many.\n" in page
    assert "```text\ncomp build [OPTIONS] [FOLDER]...\n```" in page
    assert page.count("\n| `--push` | Push the image, print its reference by digest, pin it. |") == 1
    assert "\n| `-h, --help` | Show this message and exit. |" in page


def test_commands_below_a_command_have_sections_of_its_page() -> None:
    page = command_page("pipeline")
    assert "\n## comp pipeline compile\n" in page
    assert "\n### comp pipeline recurring-run create\n" in page


def test_lines_that_help_does_not_wrap_are_shown_as_they_are() -> None:
    assert '```text\neval "$(comp completion bash)"   # ~/.bashrc\n' in command_page("completion")


def test_the_index_links_to_each_page() -> None:
    index = command_index()
    assert "\n| [comp new](new.md) | Scaffold a component " in index
    assert "| `-q, --quiet` | Print results and errors only. |" in index
