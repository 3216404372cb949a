"""Who is judged: what a candidate offers and declares, and finding it by the name that the user gives."""

import contextlib
import importlib
import importlib.util
import inspect
import itertools
import re
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

from ..properties import ball
from ..refimpl.operator import DTYPES
from .asking import one_line


class Unusable(Exception):
    """A user's mistake, told in one line: what, where, how to mend it."""


ADAPTERS = {
    "reference": "the NumPy reference of this project, judged like any other",
    "torch": "PyTorch on the CPU (extra: torch)",
    "torch:cuda": "PyTorch on CUDA, TF32 off (extra: torch)",
    "torch:parallel": "PyTorch on the CPU in several threads (extra: torch)",
    "torch:compile": "PyTorch on the CPU through torch.compile (extra: torch)",
    "jax": "JAX on the CPU, each operator through jax.jit, compiled in haste (extra: jax)",
    "jax:optimized": "JAX on the CPU, each operator through jax.jit as it is: takes its time (extra: jax)",
}
FRAMEWORKS = ("torch", "jax")
PRECISIONS = ("tf32", *DTYPES)
ALGORITHMS = ("direct", "fast")


class Candidate:
    """An implementation under one interface, whatever it came as: functions, an object with call and vjp, a dict.

    `spec` names it; `loadable`: `load(spec)` finds it again, in another process too.
    """

    def __init__(self, source, spec, loadable=True):
        self.source, self.spec, self.loadable = source, spec, loadable
        self._found: dict[str, Any] = {}
        self.name = str(self._declared("name", spec))
        self.version = str(self._declared("version", self._declared("__version__", "")))
        self.device = str(self._declared("device", "cpu"))
        self.dtypes = self._names("dtypes", ("float32", "float64"), DTYPES)
        self.operators = self._names("operators", None)
        self.deterministic = bool(self._declared("deterministic", True))
        self.precision = self._choices("precision", PRECISIONS)
        self.algorithms = self._choices("algorithms", ALGORITHMS)
        self.flushes = bool(self._declared("flushes_subnormals", False))
        self.whole = callable(self._get("call"))
        self.framework = self._declared("framework", "numpy")
        self.bridge = None if self.framework == "numpy" else _bridge(spec, self.framework)(self.device)

    def _names(self, what, default, known=None):
        """A declared list of names; one name alone will do."""
        value = self._declared(what, default)
        names = (value,) if isinstance(value, str) else value if value is None else tuple(itertools.islice(value, 1000))
        for name in names or ():
            if known is not None and name not in known:
                raise Unusable(f"{self.spec}: declares {what} = {value!r}; known are {', '.join(known)}")
        return names

    def _choices(self, what, known):
        """A declared table, of one choice or a further table for each key."""
        table = self._declared(what, {})
        if not isinstance(table, dict):
            raise Unusable(f"{self.spec}: declares {what} = {table!r}; it must be a dict")
        for value in table.values():
            for choice in value.values() if isinstance(value, dict) else (value,):
                if choice not in known:
                    raise Unusable(f"{self.spec}: declares the {what} {choice!r}; known are {', '.join(known)}")
        return table

    def _get(self, name):
        """What it has of this name: looked up once, for it might say something else the next time."""
        if name not in self._found:
            table = isinstance(self.source, dict)
            self._found[name] = self.source.get(name) if table else getattr(self.source, name, None)
        return self._found[name]

    def _declared(self, name, default):
        """What it says of itself: data, not a function or module that happens to have the name."""
        value = self._get(name)
        return default if value is None or callable(value) or isinstance(value, ModuleType) else value

    def offers(self, name):
        if self.operators is not None and name not in self.operators:
            return False
        return self.whole or callable(self._get(name))

    def offers_gradient(self, name):
        if not self.offers(name):
            return False
        return (
            callable(self._get("vjp")) if self.whole else callable(self._get(name + "_vjp")) or self.bridge is not None
        )

    def may_omit(self, name, attribute):
        """Whether the function itself says what an attribute is that a call leaves out."""
        try:
            parameters = () if self.whole else inspect.signature(self._get(name)).parameters.values()
        except Exception:  # a signature may be the candidate's own code
            return False
        return any(p.kind is p.VAR_KEYWORD or (p.name == attribute and p.default is not p.empty) for p in parameters)

    def arithmetic(self, operator, dtype):
        """How it computes this operator at this dtype, as far as it says."""
        precision = self.precision.get(dtype, "")
        precision = precision.get(operator, "") if isinstance(precision, dict) else precision
        algorithm = self.algorithms.get(operator, "direct")
        return ball.Arithmetic.of(dtype, precision, algorithm, self.flushes)

    def call(self, name, inputs, attributes):
        if self.whole:
            return self._get("call")(name, inputs, attributes)
        if self.bridge:
            return self.bridge.call(self._get(name), inputs, attributes)
        return self._get(name)(*inputs, **attributes)

    def vjp(self, name, inputs, attributes, cotangents, fixed=()):
        """`fixed`: the positions of the inputs that have no gradient."""
        if self.whole:
            return self._get("vjp")(name, inputs, attributes, cotangents)
        function = self._get(name + "_vjp")
        if self.bridge:
            return self.bridge.vjp(self._get(name), function, inputs, attributes, cotangents, fixed)
        return function(cotangents if len(cotangents) > 1 else cotangents[0], *inputs, **attributes)


def load(spec):
    """The candidate that a command line or a caller names; raises Unusable, in one line, where there is none."""
    if isinstance(spec, Candidate):
        return spec
    if not isinstance(spec, str):
        module = isinstance(spec, ModuleType) and sys.modules.get(spec.__name__) is spec
        return _candidate(spec, spec.__name__ if module else f"the given {type(spec).__name__}", module)
    if (adapter := spec.partition(":")[0]) in ADAPTERS:
        try:
            return Candidate(_adapter(adapter).create(spec), spec)
        except LookupError as error:
            raise Unusable(f"{spec}: cannot be used: {' '.join(str(error).split())}") from None
    return _candidate(find(spec), spec)


def find(spec):
    """What `module`, `module:object`, `path/file.py` or `path/file.py:object` names."""
    path, _, name = spec.partition(":") if not Path(spec).is_file() else (spec, "", "")
    source = _file(path) if path.endswith(".py") or "/" in path else _module(path, spec)
    for part in name.split(".") if name else ():
        if not hasattr(source, part):
            raise Unusable(f"{spec}: {path} has no {name}; name an object that it defines")
        source = getattr(source, part)
    return source


def _candidate(source, spec, loadable=True):
    """A candidate around what was found; a class stands for an object of it."""
    try:
        return Candidate(source() if isinstance(source, type) else source, spec, loadable)
    except BaseException as error:
        raise _failure(spec, "used", error) from None


def _adapter(name):
    try:
        return importlib.import_module(f".adapters.{name}", __package__)
    except ModuleNotFoundError as error:
        hint = f"install it with pip install 'oplaws[{name}]'"
        raise Unusable(f"{name}: needs the package {error.name}; {hint}") from None
    except Exception as error:
        raise _failure(name, "imported", error) from None


def _bridge(spec, framework):
    """What carries arrays into a declared framework and back: its adapter's."""
    if framework not in FRAMEWORKS:
        raise Unusable(f"{spec}: declares the framework {framework!r}; known are numpy, {', '.join(FRAMEWORKS)}")
    return _adapter(framework).Bridge


def _module(name, spec):
    try:
        with _importing(Path.cwd()):
            return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name + ".").startswith(error.name + "."):
            adapters = ", ".join(ADAPTERS)
            raise Unusable(f"{spec}: no such candidate; name an adapter ({adapters}), a module or a file") from None
        raise _failure(spec, "imported", error) from None
    except BaseException as error:
        raise _failure(spec, "imported", error) from None


def _file(path):
    if not Path(path).is_file():
        raise Unusable(f"{path}: no such file; name a Python file with the operators' functions")
    name = re.sub(r"\W", "_", f"oplaws_candidate_{Path(path).resolve()}")  # two files of one name are two modules
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise Unusable(f"{path}: is not a Python file; name one that ends in .py")
    module = importlib.util.module_from_spec(spec)
    try:
        with _importing(Path(path).resolve().parent):
            sys.modules[spec.name] = module
            spec.loader.exec_module(module)
    except BaseException as error:
        raise _failure(path, "imported", error) from None
    return module


@contextlib.contextmanager
def _importing(folder):
    """Modules beside a candidate are found: first while it is imported, last for what it imports later."""
    folder = str(folder)
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):  # it may have removed it itself
            sys.path.remove(folder)
        if folder not in sys.path:
            sys.path.append(folder)


def _failure(spec, what, error):
    """A user's mistake, or the user's own interruption."""
    if isinstance(error, (KeyboardInterrupt, Unusable)):
        return error
    places = [place for place in traceback.extract_tb(error.__traceback__) if place.filename != __file__]
    where = f" ({Path(places[-1].filename).name}, line {places[-1].lineno})" if places else ""
    return Unusable(f"{spec}: cannot be {what}: {one_line(error)}{where}")
