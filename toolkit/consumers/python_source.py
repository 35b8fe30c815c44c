"""Read the uses of components in a pipeline's Python source: its calls, never by running it.

Names are followed in the order of the code: a name that a component was loaded into is its factory, what a call of one
gives is a step. Modules beside this one are read for the factories that they load.
"""

import ast
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from toolkit.consumers.loaded import is_loader, loaded
from toolkit.consumers.stub_functions import StubFunction, stub_function
from toolkit.consumers.use import Named, Passed, Taken, Unknown, Use, Uses
from toolkit.interface.constants import NotKnown, constant_value
from toolkit.interface.module import Module

_ADVICE = "name it in the code"
_DECORATORS = {"pipeline", "graph_component"}


class _Factory(Struct, frozen=True):
    """A component that was loaded, and the name that the code gave it."""

    named: Named
    name: str = ""
    stub: StubFunction | None = None


class _Outputs(Struct, frozen=True):
    """`task.outputs`."""

    use: Use
    stub: StubFunction | None = None


_Value = _Factory | Use | _Outputs | None


def read_python(path: Path, environ: Mapping[str, str]) -> Uses:
    """Return the uses in the source at `path`. Raises FindingsError if it cannot be parsed."""
    module = Module.read(path, environ)
    reader = _Reader(module=module)
    reader.block(module.tree.body)
    return Uses(uses=reader.uses, unknown=reader.unknown)


class _Reader(Struct, kw_only=True):
    """Follows one module; `names` are what names stand for, such as `train_op` and `self.train_op`."""

    module: Module
    pipeline: str = ""
    names: dict[str, _Value] = field(default_factory=dict)
    uses: list[Use] = field(default_factory=list)
    unknown: list[Unknown] = field(default_factory=list)
    depth: int = 0
    # The functions of stub modules that steps come from, by the identity of the use.
    stubs: dict[int, StubFunction] = field(default_factory=dict)

    def block(self, body: list[ast.stmt]) -> None:
        """Read statements in their order."""
        for node in body:
            self.statement(node)

    def statement(self, node: ast.AST) -> None:
        """Read one statement, and what it binds."""
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._function(node)
            case ast.ClassDef():
                self._class(node)
            case ast.Assign(targets=targets, value=value):
                self._bound(targets, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._bound([target], value)
            case ast.With(items=items, body=body):
                for item in items:
                    self.value(item.context_expr)
                self.block(body)
            case ast.expr():
                self.value(node)
            case _:
                for part in ast.iter_child_nodes(node):
                    self.statement(part)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """Read a function; what it binds does not count outside of it."""
        for decorator in node.decorator_list:
            self.value(decorator)
        outside, pipeline = dict(self.names), self.pipeline
        arguments = node.args
        every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg)
        for argument in every:
            if argument:
                self.names[argument.arg] = None
        self.pipeline = self._pipeline_name(node) or self.pipeline or node.name
        self.block(node.body)
        members = {name: value for name, value in self.names.items() if "." in name}
        self.names, self.pipeline = outside | members, pipeline

    def _class(self, node: ast.ClassDef) -> None:
        """Read a class: what one method stores in `self` may be called in an earlier one."""
        loads = [part for part in ast.walk(node) if isinstance(part, ast.Assign) and isinstance(part.value, ast.Call)]
        for part in loads:
            if isinstance(part.value, ast.Call) and is_loader(self.module, part.value):
                self._bound(part.targets, part.value, quietly=True)
        self.block(node.body)

    def _pipeline_name(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
        """Return the name that a decorator gives a pipeline, else the function's; empty for other functions."""
        for decorator in node.decorator_list:
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            if (self.module.qualified(called) or "").rpartition(".")[2] not in _DECORATORS:
                continue
            keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
            for keyword in keywords:
                if keyword.arg == "name" and isinstance(name := self._constant(keyword.value), str):
                    return name
            return node.name
        return ""

    def _bound(self, targets: list[ast.expr], value: ast.expr, *, quietly: bool = False) -> None:
        """Remember what an assignment binds."""
        name = _name_of(targets[0]) if len(targets) == 1 else ""
        if isinstance(value, ast.Dict) and name:
            # `ops = {"train": load_component_from_file(…)}`
            for key, part in zip(value.keys, value.values, strict=True):
                bound = self.value(part, name=name, kept=True)
                if isinstance(key, ast.Constant):
                    self.names[f"{name}[{key.value!r}]"] = bound
            return
        bound = self.value(value, name=name, kept=bool(name), quietly=quietly)
        for target in targets:
            if other := _name_of(target):
                self.names[other] = bound
            elif isinstance(target, ast.Tuple | ast.List):
                self.names |= {_name_of(part): None for part in target.elts}

    def value(  # noqa: PLR0911 (one case for each form)
        self, node: ast.AST, *, name: str = "", kept: bool = False, quietly: bool = False
    ) -> _Value:
        """Return what an expression stands for, and note the uses in it; `kept` says that a name will hold it."""
        match node:
            case ast.Name() | ast.Attribute() | ast.Subscript() if (known := self._known(node)) is not None:
                return known
            case ast.Attribute(value=value, attr=attribute):
                return self._attribute(node, self.value(value, kept=True), attribute)
            case ast.Subscript(value=value, slice=key):
                owner = self.value(value, kept=True)
                if isinstance(owner, _Outputs):
                    self._taken(node, owner.use, key)
                    return None
                self.value(key)
                return None
            case ast.Call() if is_loader(self.module, node):
                return self._loaded(node, name=name, kept=kept, quietly=quietly)
            case ast.Call():
                return self._called(node, name)
            case ast.IfExp(test=test, body=body, orelse=other):
                self.value(test)
                found = self.value(body, name=name, kept=kept)
                return found or self.value(other, name=name, kept=kept)
            case ast.NamedExpr(target=target, value=value):
                self._bound([target], value)
                return self.names.get(target.id)
            case _:
                for part in ast.iter_child_nodes(node):
                    self.value(part)
                return None

    def _known(self, node: ast.expr) -> _Value:
        """Return what a name stands for, in this module or in one beside it."""
        name = _name_of(node)
        if name in self.names:
            return self.names[name]
        origin, _, other = (self.module.qualified(node) or "").lstrip(".").rpartition(".")
        home = self.module.neighbour(origin) if origin and origin.partition(".")[0] != "kfp" else None
        # Modules may import each other.
        if home is None or self.depth > 1:
            return None
        reader = _Reader(module=home, depth=self.depth + 1)
        reader.block(
            [part for part in home.tree.body if isinstance(part, ast.Assign | ast.AnnAssign | ast.If | ast.Try)]
        )
        found = reader.names.get(other)
        if found is None and (stub := stub_function(home, other)):
            found = _Factory(stub.named, other, stub)
        self.names[name] = found if isinstance(found, _Factory) else None
        return self.names[name]

    def _loaded(self, node: ast.Call, *, name: str, kept: bool, quietly: bool) -> _Factory | None:
        """Return the component that a call loads; where that is not known, say so."""
        named = loaded(self.module, node)
        if quietly:
            return _Factory(named, name) if named else None
        if named is None:
            self._say(node, "what is loaded here is known only when it runs", None)
        elif not kept:
            self._say(node, "the component that is loaded here is handed on, and its calls are not followed", named)
        return _Factory(named, name) if named else None

    def _attribute(self, node: ast.AST, owner: _Value, attribute: str) -> _Value:
        """Return what `task.outputs` and its relatives stand for."""
        if isinstance(owner, Use):
            if attribute == "output":
                owner.taken.append(Taken(where=self.module.at(node)))
            elif attribute == "outputs":
                return _Outputs(owner, self.stubs.get(id(owner)))
        elif isinstance(owner, _Outputs) and owner.stub:
            # `task.outputs.model`, which stub modules offer.
            self._mark(node, owner.use, owner.stub.outputs.get(attribute, attribute))
        return None

    def _taken(self, node: ast.AST, use: Use, key: ast.expr) -> None:
        """Note an output that is taken by its name."""
        name = self._constant(key)
        if isinstance(name, str):
            self._mark(node, use, name)
        else:
            self._say(node, f"the output of {use} that is taken here is known only when it runs", use.named)

    def _mark(self, node: ast.AST, use: Use, name: str) -> None:
        use.taken.append(Taken(where=self.module.at(node), name=name))

    def _called(self, node: ast.Call, name: str) -> _Value:
        """Return what a call gives: a step for a component, the step itself for its methods."""
        if isinstance(node.func, ast.Attribute):
            owner = self.value(node.func.value, name=name, kept=True) if self._known(node.func) is None else None
            if isinstance(owner, Use):
                # Methods of a step return it: set_memory_limit, after.
                self._arguments(node)
                return owner
            if isinstance(owner, _Outputs) and node.func.attr == "get" and node.args:
                self._taken(node, owner.use, node.args[0])
                return None
        factory = (
            self.value(node.func, kept=True) if not isinstance(node.func, ast.Attribute) else self._known(node.func)
        )
        if not isinstance(factory, _Factory):
            self._arguments(node)
            return None
        return self._use(node, factory, name)

    def _use(self, node: ast.Call, factory: _Factory, name: str) -> Use:
        """Return the step that a call of a component makes."""
        where = self.module.at(node)
        use = Use(
            named=factory.named,
            pipeline=self.pipeline or self.module.path.stem,
            step=name or factory.name or _name_of(node.func) or "?",
            where=where,
            passed=[],
            taken=[],
        )
        for position, argument in enumerate(node.args):
            if isinstance(argument, ast.Starred):
                use.spreads = self.module.at(argument)
                break
            use.passed.append(Passed(where=self.module.at(argument), position=position, value=self._constant(argument)))
        for keyword in node.keywords:
            if keyword.arg is None:
                self._spread(keyword, use)
            else:
                value = self._constant(keyword.value)
                use.passed.append(Passed(where=self.module.at(keyword), name=keyword.arg, value=value))
        if factory.stub:
            names = factory.stub.inputs
            use.passed[:] = [replace(each, name=names.get(each.name, each.name)) for each in use.passed]
            self.stubs[id(use)] = factory.stub
        self._arguments(node)
        self.uses.append(use)
        return use

    def _spread(self, keyword: ast.keyword, use: Use) -> None:
        """Note `**arguments`, whose names are known if they are a constant."""
        given = self._constant(keyword.value)
        where = self.module.at(keyword)
        if not isinstance(given, dict):
            use.spreads = where
            return
        for name, value in given.items():
            known = value if isinstance(value, str | int | float | bool | list | dict) else None
            use.passed.append(Passed(where=where, name=str(name), value=known))

    def _arguments(self, node: ast.Call) -> None:
        """Read what is passed to a call; a step that is passed as a whole is out of sight then."""
        for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
            passed = self.value(argument)
            # KFP's own functions, such as `kubernetes.use_secret_as_env(task, …)`, take no outputs.
            ours = not (self.module.qualified(node.func) or "").startswith("kfp.")
            if isinstance(passed, Use | _Outputs) and ours and getattr(node.func, "attr", "") != "after":
                use = passed if isinstance(passed, Use) else passed.use
                self._say(argument, f"the outputs of {use} are not followed into this call", use.named)

    def _constant(self, node: ast.expr) -> str | float | bool | list[object] | dict[str, object] | None:
        """Return the value of a constant expression, else None."""
        if isinstance(node, ast.Name) and node.id in self.names:
            return None
        try:
            value = constant_value(self.module, node)
        except NotKnown:
            return None
        return value if isinstance(value, str | int | float | bool | list | dict) else None

    def _say(self, node: ast.AST, message: str, named: Named | None) -> None:
        """Note what is not known."""
        self.unknown.append(Unknown(where=self.module.at(node), message=message, named=named))


def _name_of(node: ast.AST) -> str:
    """Return the text under which a name is remembered; empty for other expressions."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=ast.Name(id=owner), attr=name):
            return f"{owner}.{name}"
        case ast.Subscript(value=ast.Name(id=owner), slice=ast.Constant(value=key)):
            return f"{owner}[{key!r}]"
        case _:
            return ""
