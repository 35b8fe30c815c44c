"""A copy of a Dockerfile that declares more arguments and gives its steps more mounts, with the way back to its lines.

Engines name the step that failed by its number, each in its own way of counting.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from toolkit.dockerfile.model import Dockerfile, Instruction
from toolkit.dockerfile.reader import parse_dockerfile

# BuildKit counts these as steps of a stage, with its FROM.
_LAYERS = frozenset({"ADD", "COPY", "FROM", "RUN", "WORKDIR"})
# The character that continues a line may follow at once.
_KEYWORD = re.compile(r"\s*[A-Za-z]+")


class Prepared(Struct, frozen=True, kw_only=True):
    """The text of a copy, its instructions, and for each of its lines the one that it comes from, from 1."""

    text: str
    copy: Dockerfile
    origins: tuple[int, ...]

    def origin(self, line: int) -> int:
        """Return the line of the original; of a line that was added, the one before it."""
        return self.origins[min(max(line, 1), len(self.origins)) - 1]

    def layer(self, stage: str, number: int) -> int | None:
        """Return the line of a step as BuildKit counts: within the stage of a name or `stage-N`, FROM is 1."""
        names = [_stage_name(each[0]) or f"stage-{number}" for number, each in enumerate(self._stages)]
        # A single stage is not named.
        place = names.index(stage.lower()) if stage.lower() in names else 0 if len(names) == 1 else None
        layers = [] if place is None else [each for each in self._stages[place] if each.keyword in _LAYERS]
        return self._line(layers, number)

    def instruction(self, stage: int, number: int) -> int | None:
        """Return the line of a step as buildah counts: all instructions of a stage, and FROM is 1."""
        return self._line(self._stages[stage - 1], number) if 0 < stage <= len(self._stages) else None

    def count(self, number: int) -> int | None:
        """Return the line of a step as docker without BuildKit counts: all instructions."""
        return self._line(self.copy.instructions, number)

    @property
    def _stages(self) -> list[list[Instruction]]:
        """The instructions of each stage, from its FROM on."""
        stages: list[list[Instruction]] = []
        for each in self.copy.instructions:
            if each.keyword == "FROM":
                stages.append([])
            if stages:
                stages[-1].append(each)
        return stages

    def _line(self, instructions: Sequence[Instruction], number: int) -> int | None:
        """Return the original line of the instruction with a number, counted from 1."""
        return self.origin(instructions[number - 1].line) if 0 < number <= len(instructions) else None


def prepared(text: str, path: Path, arguments: Sequence[str] = (), mounts: Sequence[str] = ()) -> Prepared:
    """Declare arguments in each stage, and give flags such as `--mount=…` to each RUN.

    Raises InputError with a line for a text that is not a Dockerfile.
    """
    dockerfile = parse_dockerfile(text, path)
    flags = "".join(f" {mount}" for mount in mounts)
    runs = {each.line for each in dockerfile.instructions if each.keyword == "RUN"}
    stages = {each.end_line for each in dockerfile.instructions if each.keyword == "FROM"}
    lines: list[str] = []
    origins: list[int] = []
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        lines.append(_KEYWORD.sub(lambda word: f"{word[0]}{flags}", line, count=1) if number in runs else line)
        origins.append(number)
        if number in stages and arguments:
            # On one line: buildah commits a layer for each instruction.
            lines.append(f"ARG {' '.join(arguments)}")
            origins.append(number)
    whole = "\n".join(lines)
    return Prepared(text=whole, copy=parse_dockerfile(whole, path), origins=tuple(origins))


def _stage_name(instruction: Instruction) -> str | None:
    """Return the name that `FROM image AS name` gives, in lower case."""
    words = instruction.text.split()
    return words[2].lower() if len(words) > 2 and words[1].lower() == "as" else None  # noqa: PLR2004 (three words)
