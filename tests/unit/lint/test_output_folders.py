"""Programs in the command line that write outputs into folders that nothing makes."""

import pytest

from tests.contracts import PATH, Case, contract, lacking, texts_found
from toolkit.lint.rules import findings_of
from toolkit.spec.reader import parse_document

OUT = "{name: count, type: Integer, description: d}"
WRITES = """'p=$(mktemp); printf "%s" "$0" > "$p"; python3 -u "$p" "$@"'"""


def shell(program: str, args: str = "{outputPath: count}") -> str:
    return contract(outputs=OUT, command=f"sh, -c, '{program}'", args=args)


def python(code: str, args: str = "{outputPath: count}") -> str:
    return contract(outputs=OUT, command=f"python3, -c, '{code}'", args=args)


CASES: tuple[Case, ...] = (
    ("C053", shell('echo 1 > "$0"'), ["'echo 1 > \"$0\"'"]),
    ("C053", shell('mkdir -p "$(dirname "$0")"; echo 1 > "$0"'), []),
)


@pytest.mark.parametrize(("rule", "text", "places"), CASES, ids=[f"{case[0]}-{n}" for n, case in enumerate(CASES)])
def test_a_rule_finds_its_places(rule: str, text: str, places: list[str]) -> None:
    assert texts_found(text, rule) == places


def test_every_rule_has_a_wrong_and_a_right_case() -> None:
    assert lacking(CASES, "toolkit.lint.output_folders") == set()


@pytest.mark.parametrize(
    "text",
    [
        shell("echo 1 >> $1", "name, {outputPath: count}"),
        shell("echo 1 >${0}"),
        shell('out="$0"; echo 1 > "$out"'),
        shell("export out=$1; echo 1 > ${out}", "name, {outputPath: count}"),
        python('import sys; open(sys.argv[1], "w").write("1")'),
        python('import sys; path = sys.argv[2]; open(path, "wb")', "a, {outputPath: count}"),
        python('open(args.row_count, "a")', "--row-count, {outputPath: count}"),
        python('Path(sys.argv[1]).write_text("1")'),
        contract(
            outputs=OUT, command=f"sh, -c, {WRITES}, 'import sys; open(sys.argv[1], \"w\")'", args="{outputPath: count}"
        ),
    ],
)
def test_a_program_that_opens_its_output_is_found(text: str) -> None:
    (found,) = [finding for finding in findings_of(parse_document(text, PATH)) if finding.rule == "C053"]
    assert found.message == "the program writes 'count', and does not make the folder of its path"


@pytest.mark.parametrize(
    "text",
    [
        # Another program gets the path, and may make the folder.
        shell('train --out "$0"'),
        shell("echo 1 > /tmp/x; train $0"),
        shell('echo 1 > "$1"'),
        shell('install -d "$(dirname "$0")"; echo 1 > "$0"'),
        # A condition before it may be no word at all, or several.
        contract("{name: a, type: String, optional: true, description: d}", outputs=OUT, command="sh, -c, 'echo > $1'",
                 args="{if: {cond: {isPresent: a}, then: [a]}}, {outputPath: count}"),
        shell("awk ''$1 > $0'' x"),
        python("import sys; open(sys.argv[1])"),
        python('import sys; open("/tmp/x", "w"); run(sys.argv[1])'),
        python('import os, sys; os.makedirs(os.path.dirname(sys.argv[1])); open(sys.argv[1], "w")'),
        python('import sys; path = make_parent_dirs(sys.argv[1]); open(path, "w")'),
    ],
)  # fmt: skip
def test_other_programs_are_not(text: str) -> None:
    assert [finding for finding in findings_of(parse_document(text, PATH)) if finding.rule == "C053"] == []
