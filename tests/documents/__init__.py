"""The code blocks of the documentation: found, run in order as a reader would, or checked by what reads such files.

A block stands in one of these forms; a test fails for any other.

- `console`: commands behind `$ `, each with what it prints. They run, in order, in one folder for the whole page. A
  command without printed lines may print anything; `…` stands for any text in a line, or alone for any lines.
- a block with `title="NAME"`: the file NAME, written when its turn comes, and checked as well.
- `sh`, `python`, `toml`, `yaml`, `json` without a title: checked. Command lines of comp have to parse.
- any block below `<!-- not run: REASON -->`.

Other comments in front of a block, which readers do not see: `<!-- run: COMMAND -->` runs a command before it,
`<!-- exit: N -->` is the exit code of its last command. `<!-- needs: … -->` on a page lists what has to be there:
see `surroundings`.
"""
