"""Functions that can be components, and reasons why others cannot."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.functions import read_below_classes, read_code
from toolkit.errors import FindingsError
from toolkit.interface.function import sanitised
from toolkit.interface.model import Binding, Input, Kind, Passing
from toolkit.launcher import launch
from toolkit.pipelines import described


@pytest.mark.parametrize(
    ("written", "type_", "default", "optional"),
    [
        ("str", "String", None, False),
        ("str = 'a b'", "String", "a b", False),
        ("str = ''", "String", "", False),
        ("int", "Integer", None, False),
        ("int = -3", "Integer", "-3", False),
        ("int = ALIAS", "Integer", "3", False),
        ("float = 0.1", "Float", "0.1", False),
        ("float = 1", "Float", "1.0", False),
        ("float = 1e-07", "Float", "1e-07", False),
        ("bool = True", "Boolean", "true", False),
        ("bool = False", "Boolean", "false", False),
        ("list = [1, 'ü']", "JsonArray", '[1,"ü"]', False),
        ("List[str]", "JsonArray", None, False),
        ("list[int]", "JsonArray", None, False),
        ("dict = {'a': None}", "JsonObject", '{"a":null}', False),
        ("Dict[str, int]", "JsonObject", None, False),
        ("Annotated[int, 3]", "Integer", None, False),
        ("Text", "String", None, False),
        ("Sequence[float]", "JsonArray", None, False),
        ("Mapping[str, Any]", "JsonObject", None, False),
        ("UserId", "String", None, False),
        ("Count = COUNT + 1", "Integer", "4", False),
        ("int = 10 * 60", "Integer", "600", False),
        ("int = 10 ** 20", "Integer", "100000000000000000000", False),
        ("int = 1 << 20", "Integer", "1048576", False),
        ("float = 10 ** -3", "Float", "0.001", False),
        ("list = NAMES + ['c']", "JsonArray", '["a","b","c"]', False),
        ("list = [*NAMES]", "JsonArray", '["a","b"]', False),
        ("str = f'{COUNT} rows'", "String", "3 rows", False),
        ("float = -COUNT / 2", "Float", "-1.5", False),
        ("Optional[str]", "String", None, False),
        ("Optional[str] = None", "String", None, True),
        ("Optional[int] = 3", "Integer", "3", False),
        ("int | None", "Integer", None, False),
        ("None | int", "Integer", None, False),
        ("Union[Dict[str, int], None] = None", "JsonObject", None, True),
        ("str = None", "String", None, True),
        ("'int' = 3", "Integer", "3", False),
        ("'Optional[int]'", "Integer", None, False),
    ],
)
def test_parameter(tmp_path: Path, written: str, type_: str, default: str | None, *, optional: bool) -> None:
    function = read_code(tmp_path, f"def f(x: {written}): ...")
    expected = Input(name="x", type=type_, kind=Kind.PARAMETER, default=default, optional=optional)
    assert function.interface.inputs == (expected,)
    (binding,) = function.bindings
    assert replace(binding, shape=None) == Binding(parameter="x", port="x", output=False, passing=Passing.VALUE)


@pytest.mark.parametrize(
    ("returned", "outputs", "several"),
    [
        ("None", [], False),
        ("int", [("Output", "Integer")], False),
        ("'List[str]'", [("Output", "JsonArray")], False),
        ("Sizes", [("rows", "Integer"), ("names", "JsonArray")], True),
        ("'Sizes'", [("rows", "Integer"), ("names", "JsonArray")], True),
        ("Pair", [("a", "Integer"), ("b", "Float")], True),
        ("NamedTuple('X', [('a', int)])", [("a", "Integer")], True),
        ("\"NamedTuple('X', [('a', int)])\"", [("a", "Integer")], True),
        ("NamedTuple('X', a=str, b=bool)", [("a", "String"), ("b", "Boolean")], True),
        ("Model", [("Output", "Model")], False),
        ("'dsl.Dataset'", [("Output", "Dataset")], False),
        ("NamedTuple('X', [('a', Model), ('b', int)])", [("a", "Model"), ("b", "Integer")], True),
    ],
)
def test_returned(tmp_path: Path, returned: str, outputs: list[tuple[str, str]], *, several: bool) -> None:
    function = read_code(tmp_path, f"def f() -> {returned}: ...")
    assert [(port.name, port.type) for port in function.interface.outputs] == outputs
    assert function.returns == tuple(name for name, _ in outputs)
    assert function.returns_tuple is several


@pytest.mark.parametrize(
    ("returned", "outputs"),
    [
        ("Colour", [("Output", "String")]),
        ("Config", [("Output", "JsonObject")]),
        ("list[Point]", [("Output", "JsonArray")]),
        ("Sizes", [("rows", "Integer"), ("colour", "String")]),
        ("NamedTuple('X', [('a', int), ('metrics', 'Metrics')])", [("a", "Integer"), ("metrics", "Metrics")]),
    ],
)
def test_returned_classes(tmp_path: Path, returned: str, outputs: list[tuple[str, str]]) -> None:
    function = read_below_classes(tmp_path, f"def f() -> {returned}: ...")
    assert [(port.name, port.type) for port in function.interface.outputs] == outputs


@pytest.mark.parametrize(
    ("code", "rule", "message", "advice"),
    [
        ("def f(x): ...", "F005", "'x' has no annotation", ": str"),
        ("def f(x: Frame): ...", "F006", "a component cannot have the annotation `Frame`", "use one of"),
        ("def f(x: Metrics): ...", "F006", "`Metrics` is not imported", "from toolkit.types import Metrics"),
        (
            "import a.b\ndef f(x: a.b.Model): ...",
            "F006",
            "`a.b.Model` comes from a.b",
            "from toolkit.types import Model",
        ),
        ("from a.b import InputPath\ndef f(x: InputPath('CSV')): ...", "F006", "`InputPath('CSV')` comes from a.b", ""),
        ("from a import Output as O\ndef f(x: O[int]): ...", "F006", "the annotation `O[int]`", ""),
        ("def f(x: Literal['a', 1]): ...", "F006", "mixes types", "one type"),
        ("def f(x: Literal[b'a']): ...", "F006", "`b'a'` in Literal", "its value"),
        ("def f(x: Literal['a'] = 'b'): ...", "F007", "is 'b', its choices are 'a'", ""),
        ("def f(x: Union[str, int]): ...", "F006", "`Union[str, int]`", "one type"),
        ("def f(x: str | int): ...", "F006", "more than one type", "one type"),
        ("def f(x: Any): ...", "F006", "`Any`", "the type it has"),
        ("def f(x: bytes): ...", "F006", "`bytes`", "InputPath('Bytes')"),
        ("def f(x: tuple[int, int]): ...", "F006", "`tuple[int, int]`", "write list"),
        ("def f(x: set): ...", "F006", "`set`", "write list"),
        ("def f(x: datetime): ...", "F006", "`datetime`", "str and parse it"),
        ("def f(x: Callable): ...", "F006", "`Callable`", "name the function"),
        ("def f(x: complex): ...", "F006", "`complex`", "two floats"),
        ("def f(x: 'CSV'): ...", "F006", "`CSV`", "use one of"),
        ("def f(x: 'a b'): ...", "F006", "'a b' in quotes is not the name of a type", "InputPath('a b')"),
        ("def f(x: {'GCSPath': {}}): ...", "F006", "is not a type", "str for a value"),
        ("def f(x: int if COUNT else str): ...", "F006", "not known before the code runs", "the type itself"),
        ("def f(x: make(int)): ...", "F006", "not known before the code runs", "the type itself"),
        ("def f(x: Loop): ...", "F006", "`Loop`", "use one of"),
        ("def f(x: dict[int, str]): ...", "F006", "the keys of JSON are texts", "dict[str, …]"),
        ("def f(x: list[bytes]): ...", "F006", "JSON cannot hold `bytes`", "hold str, int"),
        ("def f(x: d.PipelineTaskFinalStatus): ...", "F006", "KFP 2's own executor", "as an input"),
        ("def f(x: Output[List[Model]]): ...", "F006", "lists of artifacts", "a folder: Output[Model]"),
        ("def f(x: components.InputTextFile): ...", "F006", "without parentheses", "InputTextFile('CSV')"),
        ("def f(x: components.InputTextFile(str)): ...", "F006", "String is passed by value", "write str"),
        ("def f(x: int = TWICE): ...", "F007", "not a literal: `TWICE`", "the value itself"),
        ("def f(x: int = 2 ** 99999999): ...", "F007", "not a literal", "the value itself"),
        ("def f(x: int = 2 ** 9 ** 9 ** 9): ...", "F007", "not a literal", "the value itself"),
        ("def f(x: int = 1 << 99999999): ...", "F007", "not a literal", "the value itself"),
        ("def f(x: str = '%99999999d' % 1): ...", "F007", "not a literal", "the value itself"),
        ("def f(x: int): await x", "F001", "'await' outside async function", ""),
        ("return 1\ndef f(): ...", "F001", "'return' outside function", ""),
        ("def g(y):\n    def f(x: int): return x + y", "F003", "inside a function and uses its y", "as an input"),
        ("def f() -> namedtuple('X', ['a']): ...", "F006", "cannot be returned", "NamedTuple"),
        ("def f() -> {'a': int}: ...", "F006", "cannot be returned", "NamedTuple"),
        ("def f() -> NamedTuple('X', [('a', Optional[int])]): ...", "F006", "`Optional[int]`", "fields are"),
        ("@dsl.pipeline\ndef f(): ...", "F012", "is a pipeline", "`comp pipeline compile "),
        ("f = dsl.importer(artifact_uri='gs://a', artifact_class=Dataset)", "F012", "an importer", "in the pipeline"),
        ("f = components.load_component_from_file('c.yaml')", "F012", "of another file", "convert, lint or add"),
        (
            "@dsl.container_component\ndef f(): ...",
            "F012",
            "a container component",
            ":f --to component` writes its contract",
        ),
        ("if COUNT:\n    def f(): ...", "F003", "under a condition", "at module level"),
        ("for i in range(2):\n    def f(): ...", "F002", "inside a class, function or loop", ""),
        ("def f(이름: int): ...", "F008", "no ASCII letter or digit", "rename it"),
        ("def f(*x: int): ...", "F004", "`*x`", "parameter of its own"),
        ("def f(**x: int): ...", "F004", "`**x`", "parameter of its own"),
        ("def f(x: int, /): ...", "F004", "positional-only", "remove the `/`"),
        ("async def f(): ...", "F009", "async", "asyncio.run"),
        ("def f(x: int = max(1, 2)): ...", "F007", "not a literal: `max(1, 2)`", "the value itself"),
        ("def f(x: int = 1.5): ...", "F007", "is 1.5, its type is Integer", ""),
        ("def f(x: int = True): ...", "F007", "is True, its type is Integer", ""),
        ("def f(x: str = 5): ...", "F007", "is 5, its type is String", ""),
        ("def f(x: float = 1e999): ...", "F007", "its type is Float", ""),
        ("def f(x: dict = {1: 2}): ...", "F007", "its type is JsonObject", ""),
        ("def f(x: list = [(1, 2)]): ...", "F007", "its type is JsonArray", ""),
        ("def f(x: list = [b'a']): ...", "F007", "its type is JsonArray", ""),
        ("def f(x: Input[Dataset] = 'a'): ...", "F007", "cannot have the default", "= None"),
        ("def f(x: Output[Model] = None): ...", "F007", "output 'x' cannot have a default", "remove it"),
        ("def f(x: InputPath(str)): ...", "F006", "String is passed by value", "write str"),
        ("def f(x: InputPath('Text')): ...", "F006", "String is passed by value", "type of your own"),
        ("def f(x: InputPath): ...", "F006", "without parentheses", "InputPath('CSV')"),
        ("def f(x: Input[int]): ...", "F006", "not an artifact", "write int"),
        ("def f(x: Output[int]): ...", "F006", "not an artifact", "OutputPath(int)"),
        ("def f(x: Input[Frame]): ...", "F006", "is not an artifact type", "Dataset"),
        ("def f(x: Optional[Output[Model]]): ...", "F006", "cannot be optional", "Output[Model]"),
        ("def f() -> tuple: ...", "F006", "`tuple` cannot be returned", "NamedTuple"),
        ("def f() -> Optional[str]: ...", "F006", "cannot be returned", "NamedTuple"),
        ("def f() -> Output[Model]: ...", "F006", "cannot be returned", "class alone"),
        ("def f() -> NamedTuple('X', [('a', bytes)]): ...", "F006", "`bytes`", "fields are"),
        ("def f(a_b: int, A_b: int): ...", "F008", "same name for KFP, 'a_b'", "rename"),
        ("def f(a: InputPath('X'), a_path: InputPath('X')): ...", "F008", "same name for KFP", "rename"),
        ("def ff(): ...", "F002", "no function 'f'", "did you mean 'ff'?"),
        ("class A:\n    def f(self): ...", "F002", "inside a class, function or loop", ""),
        ("def f(): ...\ndef f(): ...", "F003", "defined 2 times", "keep one"),
        ("def f(:", "F001", "syntax error", ""),
        ("@dsl.component(packages_to_install=find())\ndef f(): ...", "F007", "not a literal: `find()`", ""),
    ],
)
def test_refused(tmp_path: Path, code: str, rule: str, message: str, advice: str) -> None:
    with pytest.raises(FindingsError) as caught:
        read_code(tmp_path, code)
    finding = caught.value.findings[0]
    assert finding.rule == rule
    assert message in finding.message
    assert advice in finding.help
    assert finding.where.path == tmp_path / "steps.py"
    assert finding.where.line


def test_every_problem_has_its_place(tmp_path: Path) -> None:
    with pytest.raises(FindingsError) as caught:
        read_code(tmp_path, "def f(ü: X, a, *b: int,\n      c: int = g()) -> tuple: ...", above="")
    places = [(finding.rule, finding.where.line, finding.where.column) for finding in caught.value.findings]
    assert places == [("F006", 1, 10), ("F005", 1, 13), ("F004", 1, 17), ("F007", 2, 16), ("F006", 2, 24)]


def test_the_decorator_and_the_docstring(tmp_path: Path) -> None:
    function = read_code(
        tmp_path,
        '''
        BASE = "python:3.11"

        @dsl.component(base_image=BASE, packages_to_install=["pandas==2.2.2"])
        def f(x: int, y: Output[Model]) -> int:
            """Do it.

            At length.

            :param x: How often.
            :param y: What is made.
            :returns: How many.
            """
        ''',
    )
    assert (function.packages, function.base) == (("pandas==2.2.2",), "python:3.11")
    assert (function.title, function.description) == ("F", "Do it.\n\nAt length.")
    assert [port.description for port in function.interface.inputs] == ["How often."]
    assert [port.description for port in function.interface.outputs] == ["What is made.", "How many."]


def test_a_function_inside_another_is_read_when_it_needs_nothing_of_it(tmp_path: Path) -> None:
    code = """
        def pipeline():
            if COUNT:
                @dsl.component(base_image="python:3.12")
                def f(x: int = COUNT) -> int:
                    return x
            f()
    """
    function = read_code(tmp_path, code)
    assert function.base == "python:3.12"
    assert function.interface.inputs[0].default == "3"


def test_returns_may_describe_output_parameters(tmp_path: Path) -> None:
    code = '''
        def f(m: Output[Model], n: OutputPath("CSV")) -> int:
            """Fit.

            Args:
                n: By args.

            Returns:
                m: The model.
                n: Not this.
            """
    '''
    described = {port.name: port.description for port in read_code(tmp_path, code).interface.outputs}
    assert (described["m"], described["n"]) == ("The model.", "By args.")


def test_a_docstring_that_contradicts_is_remarked_on(tmp_path: Path) -> None:
    function = read_below_classes(
        tmp_path,
        '''
        def f(rows: int, ratio: float, name: str = "x"):
            """Do it.

            Args:
                rows (str): How many.
                ratio (int): What share.
                nmae: What.
                gone (int): Nothing.
            """
        ''',
    )
    assert [(remark.rule, remark.message) for remark in function.remarks] == [
        ("F010", "the docstring describes 'nmae', which is not a parameter"),
        ("F010", "the docstring describes 'gone', which is not a parameter"),
        ("F010", "the docstring says that 'rows' is str, its annotation is Integer"),
    ]
    assert function.remarks[0].help == "did you mean 'name'?"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Training data", "training_data"),
        ("a__b", "a__b"),
        ("a -_ b", "a___b"),
        ("__a (%)", "a"),
        ("Größe", "gr_e"),
        ("", ""),
    ],
)
def test_a_port_has_the_name_that_kfp_gives_it(name: str, expected: str) -> None:
    # What `sanitize_input_name` of kfp 2.17 returns; the launcher has the function again, since it stands alone.
    assert sanitised(name) == launch.sanitised(name) == described.sanitised(name) == expected
