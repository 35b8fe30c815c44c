"""Notebooks: parameters, the environment, and code that does not work in a step."""

import json
from pathlib import Path

import pytest

from tests.programs import shown, write_notebook
from toolkit.errors import InputError
from toolkit.interface.programs.model import Form
from toolkit.interface.programs.reader import read_program
from toolkit.interface.programs.roles import roles_of


def test_a_notebook(tmp_path: Path) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Squares\n", "of numbers"], "metadata": {}},
        {
            "cell_type": "code",
            "source": "n = 3  # How many.\nratio: float = 1\nname = 'x'\nout_path = 'o'\nitems = [1]\n",
            "metadata": {"tags": ["parameters"]},
        },
        {"cell_type": "code", "source": "%matplotlib inline\nopen(out_path, 'w').write(name)", "metadata": {}},
    ]
    path = tmp_path / "squares.ipynb"
    path.write_text(json.dumps({"cells": cells}))
    program = read_program(path, {})
    assert (program.kind, program.description) == ("notebook", "Squares")
    assert [(one.name, one.type, one.default, one.help) for one in program.options] == [
        ("n", "Integer", "3", "How many."),
        ("ratio", "Float", "1.0", ""),
        ("name", "String", "x", ""),
        ("out_path", "String", "o", ""),
        ("items", "JsonArray", "[1]", ""),
    ]
    assert {one.form for one in program.options} == {Form.YAML}
    roles = roles_of(program.module, program.options)
    assert [name for name, role in roles.items() if role.kind == "output"] == ["out_path"]


def test_a_notebook_of_ipython(tmp_path: Path) -> None:
    path = write_notebook(
        tmp_path,
        "n = 1\nfiles = !ls",
        "%%bash\nls $HOME | head",
        "%%time\nimport pandas\n!pip install pandas\nname = input('who? ')",
        "from google.colab import drive\nif n:\n    %cd {files[0]}\nopen(f'{n}.txt')\ntable?",
        tags=("parameters",),
    )
    program = read_program(path, {})
    assert [(one.name, one.default) for one in program.options] == [("n", "1"), ("files", None)]
    assert [(str(one.where).removeprefix(f"{path}:"), one.message) for one in program.remarks] == [
        ("cell 2:2:1", "`!ls` runs a program that has to be in the image"),
        ("cell 3:1:1", "`%%bash` runs a program that has to be in the image"),
        ("cell 4:3:1", "`!pip install pandas` installs something when it runs"),
        ("cell 5:1:1", "`google.colab` works only in Colab"),
        ("cell 4:4:8", "`input('who? ')` asks a person"),
        ("cell 2:2:9", "files is worked out by the notebook if no value is passed"),
    ]
    assert program.module.imports == {"pandas": "pandas", "drive": "google.colab.drive"}


@pytest.mark.parametrize(
    ("sources", "place"),
    [
        (("x = 1", "y = (1,\n", "z = 1)"), "cell 3:1:5"),
        (("x = 1", "%%time\n\nprint 'a'"), "cell 3:3:1"),
        (("x = 1\n%cd ..\ny = = 2",), "cell 2:3:5"),
    ],
)
def test_a_syntax_error_of_a_notebook_has_its_cell_and_line(
    tmp_path: Path, sources: tuple[str, ...], place: str
) -> None:
    path = write_notebook(tmp_path, *sources)
    with pytest.raises(InputError) as caught:
        read_program(path, {})
    assert str(caught.value.where) == f"{path}:{place}"


def test_a_notebook_that_reads_its_environment(tmp_path: Path) -> None:
    path = write_notebook(
        tmp_path,
        "import os\nsource = os.environ['SOURCE']",
        "# How often.\nn = int(os.getenv('TIMES', '3'))\nopen(source)",
    )
    program = read_program(path, {})
    assert [shown(one) for one in program.options] == [
        ("source", "SOURCE", "String", "variable", None, True),
        ("times", "TIMES", "Integer", "variable", "3", False),
    ]
    assert [one.help for one in program.options] == ["", "How often."]
    assert [role.kind for role in roles_of(program.module, program.options).values()] == ["input", "value"]


def test_a_notebook_with_parameters_may_read_its_environment_too(tmp_path: Path) -> None:
    code = "import os\nrate = os.environ.get('RATE', '1')\nn = 2"
    path = write_notebook(tmp_path, code, "os.environ['KEY']", tags=("parameters",))
    assert [(one.name, str(one.form)) for one in read_program(path, {}).options] == [
        ("rate", "yaml"),
        ("n", "yaml"),
        ("key", "variable"),
    ]


def test_a_notebook_that_takes_nothing_is_remarked_on(tmp_path: Path) -> None:
    (remark,) = read_program(write_notebook(tmp_path, "print(1)"), {}).remarks
    assert remark.message == "no cell has the tag `parameters`, and none reads the environment"


def test_a_notebook_of_another_language(tmp_path: Path) -> None:
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps({"cells": [], "metadata": {"kernelspec": {"language": "R"}}}))
    with pytest.raises(InputError, match="the notebook is written in R, expected python"):
        read_program(path, {})


@pytest.mark.parametrize(
    ("content", "message"),
    [("{", "not a notebook"), ("[]", "not a notebook"), ('{"cells": []}', "no cell has the tag `parameters`")],
)
def test_other_documents_are_refused(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "n.ipynb").write_text(content)
    with pytest.raises(InputError) as caught:
        read_program(tmp_path / "n.ipynb", {})
    assert message in caught.value.message
