"""Who is judged: finding a candidate, asking it, and seeing it through one case.

A candidate is untrusted. Everything it does happens inside `answer`, one function from plain data to plain data: it
gets fresh copies of the arrays in their memory layouts, and what comes back is copied at once.
"""

import collections
import contextlib
import functools
import importlib
import importlib.util
import inspect
import io
import itertools
import re
import signal
import sys
import threading
import time
import traceback
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from ..properties import ball
from ..properties.case import lay, memory
from ..properties.law import Violation
from ..refimpl.operator import DTYPES, HALF


class Unusable(Exception):
    """A user's mistake, told in one line: what, where, how to mend it."""


# --- finding a candidate -----------------------------------------------------------------------------------------

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
    return Unusable(f"{spec}: cannot be {what}: {_one_line(error)}{where}")


def _one_line(error):
    """What an error says, in one printable line. Its own words are the candidate's code."""
    try:
        text = _printable(str(error))
    except BaseException:
        text = "its text cannot be had"
    name = _name(error)
    return f"{name}: {text}"[:300] if text else name


def _name(value):
    """The name of a value's class, whatever its metaclass says."""
    return _printable(type.__dict__["__name__"].__get__(type(value)))


def _printable(text):
    """One line of at most so many printable characters."""
    short = str.__getitem__(text, slice(2000))
    return " ".join("".join(c if c.isprintable() else " " for c in short).split())


def _trace():
    """The traceback at hand; the loaders of a candidate's files are its own code as well."""
    try:
        return traceback.format_exc()
    except BaseException:
        return ""


# --- asking it ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Request:
    """One call: the operator, its arrays with their layouts, attributes, and cotangents where the gradient is asked.

    `fixed`: the positions of the inputs that have no gradient. `before`: what the same storage held at a call before.
    `one`: two inputs that are given as one array.
    """

    operator: str
    inputs: tuple[Any, ...]
    layouts: tuple[str, ...]
    attributes: dict[str, Any]
    cotangents: tuple[Any, ...] | None = None
    fixed: tuple[int, ...] = ()
    before: tuple[Any, ...] = ()
    one: tuple[int, ...] = ()


@dataclass(frozen=True)
class Reply:
    """What came back: copied arrays, or why there are none; which arguments were changed, which memory is shared.

    `bare`: one array came, in no tuple. `disturbed`: it changed a result or an argument of an earlier call, or
    returned memory of such an argument.
    """

    results: tuple[Any, ...] = ()
    kind: str = ""
    error: str = ""
    trace: str = ""
    bare: bool = False
    changed: tuple[int | str, ...] = ()
    shared: tuple[tuple[int, int], ...] = ()
    seconds: float = 0.0
    disturbed: bool = False


class _Nowhere(io.TextIOBase):
    """Where a candidate's prints go."""

    def write(self, text):
        return len(text)


class Interruption:
    """Tells the user's Ctrl-C from a KeyboardInterrupt that a candidate raises."""

    asked = False


@contextlib.contextmanager
def interruptible(number=signal.SIGINT):
    """Only the user's own Ctrl-C, or another signal that stands for it, interrupts what is inside."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number, frame):
        Interruption.asked = True
        raise KeyboardInterrupt

    before = signal.signal(number, interrupt)
    try:
        yield
    finally:
        Interruption.asked = False
        signal.signal(number, before)


MEMORY = 4 * 2**30  # bytes beyond what the process has: no case asks a correct implementation for a tenth of it


@contextlib.contextmanager
def within_memory(candidate):
    """What asks for far too much memory gets a MemoryError, where it would end the process (on Linux, on a CPU)."""
    if not sys.platform.startswith("linux") or not candidate.device.startswith("cpu"):
        yield
        return
    import resource

    held = re.findall(r"VmData:\s+(\d+) kB", Path("/proc/self/status").read_text())
    before, most = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = [int(kilobytes) * 1024 + MEMORY for kilobytes in held]
    limits = [limit for limit in (*wanted, before, most) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min(limits, default=before), most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (before, most))


_NOWHERE = _Nowhere()


def answer(candidate, request, trace=True):
    """Ask a candidate once. Nothing that it raises, prints or changes gets beyond the reply.

    `trace`: whether it says where an exception came from, which takes longer than the call.
    """
    try:
        reply = _answer(candidate, request)
    except BaseException as error:
        if Interruption.asked:  # whatever the candidate made of it
            raise KeyboardInterrupt from None
        return Reply(kind="exception", error=_one_line(error), trace=_trace() if trace else "")
    if Interruption.asked:
        raise KeyboardInterrupt
    return reply


def _answer(candidate, request):
    pristine = (*request.inputs, *(request.cotangents or ()))
    # what was freed last is taken again first: storage that a memory of addresses does not know lies behind it
    aside = [lay(a, "contiguous") for a in request.before]
    given = [lay(a, layout) for a, layout in zip(request.before or pristine, request.layouts, strict=False)]
    del aside
    if request.one:
        first, second = request.one
        given[second] = given[first]
    attributes = {k: _another(v) for k, v in request.attributes.items()}
    arrays = {k: v for k, v in attributes.items() if isinstance(v, np.ndarray)}
    _LENT.append(attributes)
    lent = dict(attributes)
    begin = time.perf_counter()
    kept = list(_LATEST)
    held = _held(given)
    changed: list[int | str] = []
    if request.before:
        values = _call(candidate, request, given, dict(attributes))
        results = [v for v in (values if type(values) is tuple else (values,)) if type(v) is np.ndarray]
        kept += [(v, v.copy(), False) for v in results if not _share(v, given)]
        changed += _differing(held, _held(given))
        for place, array in zip(given, pristine, strict=True):
            if place is not None:
                place[...] = array
        held = _held(given)
    values = _call(candidate, request, given, lent)
    seconds = time.perf_counter() - begin
    changed += _differing(held, _held(given))
    changed += [k for k, v in arrays.items() if not same(v, request.attributes[k])]
    if list(lent) != list(attributes) or any(lent[k] is not v for k, v in attributes.items()):
        changed.append("the dict of attributes")
    bare = type(values) is not tuple
    values = (values,) if bare else values
    lender = [*given, *arrays.values()]
    copies: list[Any] = []
    shared: list[tuple[int, int]] = []
    wrong = f"returned {len(values)} arrays" if len(values) > MANY else ""
    for i, value in enumerate(values[:MANY]):
        if value is None and request.cotangents is not None:
            copies.append(None)
        elif what := _foreign(value):
            wrong = wrong or f"result {i} is {what}, not a plain numpy.ndarray of numbers"
        else:
            copies.append(np.array(value))
            shared += [(i, j) for j, a in enumerate(lender) if a is not None and np.may_share_memory(value, a)]
    results = [v for v in values[:MANY] if type(v) is np.ndarray and not wrong]
    lent_before = [live for live, _, argument in kept if argument]
    disturbed = not all(same(was, live) for live, was, _ in kept) or any(_share(v, lent_before) for v in results)
    if disturbed:  # told once, and not of the next call as well
        _LATEST.clear()
    for argument, arrays_of in ((False, results), (True, given)):
        _LATEST.extend((a, a.copy(), argument) for a in arrays_of if a is not None and a.nbytes < 2**16)
    return Reply(
        () if wrong else tuple(copies),
        kind="type" if wrong else "",
        error=wrong,
        bare=bare,
        changed=tuple(changed),
        shared=tuple(shared),
        seconds=seconds,
        disturbed=disturbed,
    )


def _held(arrays):
    """What each array is, and holds in all of its memory."""
    return [None if a is None else (a.shape, a.strides, a.dtype, memory(a)) for a in arrays]


def _differing(before, after):
    return [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]


def _share(array, others):
    return any(a is not None and np.may_share_memory(array, a) for a in others)


MANY = 64  # results of one call; no operator has so many
_LATEST: Any = collections.deque(maxlen=12)  # (array, what it held, argument?): small ones of the latest calls
_LENT: Any = collections.deque(maxlen=8)  # alive, so that the next call's attributes lie elsewhere


def _another(value):
    """An equal value that is another object: nobody knows an attribute by its address."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if type(value) is tuple:
        return tuple(map(_another, value))
    if type(value) is str:
        return str(value.encode(), "utf-8")
    return value * type(value)(1) if type(value) in (int, float) else value


def _call(candidate, request, given, attributes):
    n = len(request.inputs)
    with contextlib.redirect_stdout(_NOWHERE), contextlib.redirect_stderr(_NOWHERE), np.errstate(all="ignore"):
        if request.cotangents is None:
            return candidate.call(request.operator, tuple(given), attributes)
        return candidate.vjp(request.operator, tuple(given[:n]), attributes, tuple(given[n:]), request.fixed)


# the classes themselves: an object may say that it is of any
_SCALARS = {np.dtype(code).type for code in np.typecodes["All"]} | {dtype.type for dtype in DTYPES.values()}


def _foreign(value):
    """What a value is that is no plain array and no NumPy scalar; nothing where it is one."""
    if type(value) is not np.ndarray and type(value) not in _SCALARS:
        return f"a {_name(value)}"
    if value.dtype.kind not in "biuf" and value.dtype not in HALF:
        return f"of dtype {value.dtype}"
    return ""


def same(a, b):
    """Two arrays are the same bit for bit; an absent one is not compared."""
    if a is None or b is None or a is b:
        return True
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    return a.tobytes() == b.tobytes()


# --- a candidate seen through one case ---------------------------------------------------------------------------


class Asked:
    """Every answer is fetched once and shared by all laws. An answer of the wrong form is a Violation of each."""

    before: tuple[Any, ...] = ()
    one: tuple[int, ...] = ()

    def __init__(self, candidate, case, witness=None):
        self.candidate, self.case, self.operator, self.witness = candidate, case, case.operator, witness
        self.arithmetic = candidate.arithmetic(case.operator.name, case.dtype)
        self.names = case.names()

    # what the reference says

    @functools.cached_property
    def expected(self):
        """The reference's results, as balls."""
        return ball.forward(self.operator, self.case.inputs, self.case.attributes, self.arithmetic)

    @functools.cached_property
    def seen(self):
        """The candidate's results as balls: how far each may be from the truth, by the reference's radius."""
        return tuple(ball.around(y, e) for y, e in zip(self.forward, self.expected, strict=True))

    @functools.cached_property
    def seen_gradient(self):
        """The candidate's gradients likewise, None where there is none."""
        pairs = zip(self.vjp, self.expected_gradient, strict=True)
        return tuple(None if dx is None or e is None else ball.around(dx, e) for dx, e in pairs)

    @functools.cached_property
    def shapes(self):
        """The shapes of the results."""
        return self.operator.result_shapes(self.case.inputs, self.case.attributes)

    @functools.cached_property
    def expected_gradient(self):
        """The reference's gradients, as balls, one for each input; None where it has none."""
        return ball.gradient(
            self.operator, self.case.inputs, self.case.attributes, self.case.cotangents, self.arithmetic
        )

    # what the second witness says, None where there is none or it does not answer

    @functools.cached_property
    def witnessed(self):
        return self.witness and self.witness.forward(self.case)

    @functools.cached_property
    def witnessed_gradient(self):
        return self.witness and self.witness.vjp(self.case)

    # what the candidate says

    @functools.cached_property
    def forward_reply(self):
        return answer(self.candidate, self._request())

    @functools.cached_property
    def vjp_reply(self):
        return answer(self.candidate, self._request(self.case.cotangents))

    @property
    def replies(self):
        """Everything the case asks of the candidate: forward, and the gradient where there is one."""
        yield self.forward_reply
        if self.differentiable:
            yield self.vjp_reply

    @property
    def differentiable(self):
        return self.operator.gradient is not None and self.candidate.offers_gradient(self.operator.name)

    @functools.cached_property
    def forward(self):
        """The candidate's results."""
        values = self._values(self.forward_reply, self.candidate.whole or len(self.operator.results) > 1)
        self._form(values, self.shapes, list(self.operator.results), ())
        return values

    @functools.cached_property
    def vjp(self):
        """The candidate's gradients, one for each input, None where it has none."""
        values = self._values(self.vjp_reply, True)
        wanted = [
            self.operator.declared(i).gradient if a is not None else False for i, a in enumerate(self.case.inputs)
        ]
        shapes = [a.shape if want else None for a, want in zip(self.case.inputs, wanted, strict=True)]
        self._form(values, shapes, self.gradient_names, [i for i, want in enumerate(wanted) if want == "optional"])
        return tuple(v if shape is not None else None for v, shape in zip(values, shapes, strict=True))

    @property
    def gradient_names(self):
        return [f"d{name}" for name in self.names[: len(self.case.inputs)]]

    def again(self):
        """The same question once more, on fresh copies."""
        return Asked(self.candidate, self.case)

    def again_after(self, other):
        """The same question once more, after another one."""
        answer(other.candidate, other._request())
        return self.again()

    def on(self, case):
        """The same candidate on another case."""
        return Asked(self.candidate, case)

    def ask(self, inputs, attributes, layouts):
        """The candidate's reply to a forward call of the operator that should raise."""
        return answer(self.candidate, Request(self.operator.name, inputs, layouts, attributes), trace=False)

    def after(self, arrays):
        """The same question, asked in storage that held other arrays at a call before."""
        again = Asked(self.candidate, replace(self.case, layouts=("contiguous",) * len(self.case.layouts)))
        again.before = arrays
        return again

    def with_one(self, first, second):
        """The same question, two of its inputs, which are equal, given as one array."""
        again = self.again()
        again.one = first, second
        return again

    def _request(self, cotangents=None):
        case = self.case
        fixed = tuple(i for i in range(len(case.inputs)) if not case.operator.declared(i).gradient)
        before = self.before[: None if cotangents else len(case.inputs)]
        return Request(
            case.operator.name, case.inputs, case.layouts, case.attributes, cotangents, fixed, before, self.one
        )

    def _values(self, reply, several):
        if reply.kind:
            raise Violation(reply.kind, reply.error, trace=reply.trace)
        if reply.bare is several:
            got, expected = ("a bare value", "a tuple") if several else ("a tuple", "one bare array")
            raise Violation("type", f"returned {got}, expected {expected}", expected=expected, got=got)
        return reply.results

    def _form(self, values, shapes, names, optional):
        if len(values) != len(shapes):
            message = f"returned {len(values)} arrays, expected {len(shapes)}"
            raise Violation("shape", message, expected=len(shapes), got=len(values))
        dtype = DTYPES[self.case.dtype]
        for i, (name, value, shape) in enumerate(zip(names, values, shapes, strict=True)):
            if shape is None or (value is None and i in optional):
                continue
            if value is None:
                raise Violation("type", f"{name} is None, expected an array", place=name, expected="an array")
            if value.shape != shape:
                message = f"{name} has shape {value.shape}, expected {shape}"
                raise Violation("shape", message, place=name, expected=shape, got=value.shape)
            if value.dtype != dtype:
                got = value.dtype.name if value.dtype.isnative else f"{value.dtype.name} in foreign byte order"
                message = f"{name} is {got}, expected {dtype.name}"
                raise Violation("dtype", message, place=name, expected=dtype.name, got=got)
