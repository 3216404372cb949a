"""Who is judged: finding a candidate, asking it, and seeing it through one case.

A candidate is untrusted. Everything it does happens inside `answer`, one function from plain data to plain data: it
gets fresh copies of the arrays in their memory layouts, and what comes back is copied at once.
"""

import contextlib
import functools
import importlib
import importlib.util
import io
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..properties import ball
from ..properties.case import lay
from ..properties.law import Violation
from ..refimpl.operator import DTYPES, HALF


class Unusable(Exception):
    """A user's mistake, told in one line: what, where, how to mend it."""


# --- finding a candidate -----------------------------------------------------------------------------------------

ADAPTERS = {
    "reference": "the NumPy reference of this project, judged like any other",
    "torch": "PyTorch on the CPU (extra: torch)",
    "torch:cuda": "PyTorch on CUDA, TF32 off (extra: torch)",
}


class Candidate:
    """An implementation under one interface, whatever it came as: functions, an object with call and vjp, a dict."""

    def __init__(self, source, spec):
        self.source, self.spec = source, spec
        self.name = str(self._declared("name", spec))
        self.version = str(self._declared("version", ""))
        self.device = str(self._declared("device", "cpu"))
        self.dtypes = tuple(self._declared("dtypes", ("float32", "float64")))
        self.deterministic = bool(self._declared("deterministic", True))
        self.precision = self._declared("precision", {})
        self.algorithms = self._declared("algorithms", {})
        self.flushes = bool(self._declared("flushes_subnormals", False))
        self.whole = callable(self._get("call"))
        self.operators = self._declared("operators", None)
        if unknown := set(self.dtypes) - set(DTYPES):
            raise Unusable(f"{spec}: declares the dtype {min(unknown)!r}; known are {', '.join(DTYPES)}")
        framework = self._declared("framework", "numpy")
        self.bridge = None
        if framework != "numpy":
            self.bridge = _adapter(framework).Bridge(self.device)

    def _get(self, name):
        if isinstance(self.source, dict):
            return self.source.get(name)
        return getattr(self.source, name, None)

    def _declared(self, name, default):
        value = self._get(name)
        return default if value is None or callable(value) else value

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

    def arithmetic(self, operator, dtype):
        """How it computes this operator at this dtype, as far as it says."""
        precision = self.precision.get(dtype, "")
        precision = precision.get(operator, "") if isinstance(precision, dict) else precision
        algorithm = self.algorithms.get(operator, "direct")
        return ball.Arithmetic.of(dtype, precision, algorithm, self.flushes)

    def call(self, name, inputs, attributes):
        if self.whole:
            return self.source.call(name, inputs, attributes)
        if self.bridge:
            return self.bridge.call(self._get(name), inputs, attributes)
        return self._get(name)(*inputs, **attributes)

    def vjp(self, name, inputs, attributes, cotangents):
        if self.whole:
            return self.source.vjp(name, inputs, attributes, cotangents)
        function = self._get(name + "_vjp")
        if self.bridge:
            return self.bridge.vjp(self._get(name), function, inputs, attributes, cotangents)
        return function(cotangents if len(cotangents) > 1 else cotangents[0], *inputs, **attributes)


def load(spec):
    """The candidate that a command line or a caller names; raises Unusable, in one line, where there is none."""
    if isinstance(spec, Candidate):
        return spec
    if not isinstance(spec, str):
        return Candidate(spec, getattr(spec, "__name__", type(spec).__name__))
    if spec.partition(":")[0] in ADAPTERS:
        try:
            return Candidate(_adapter(spec.partition(":")[0]).create(spec), spec)
        except LookupError as error:
            raise Unusable(f"{spec}: {_one_line(error)}") from None
    path, _, name = spec.partition(":") if not Path(spec).exists() else (spec, "", "")
    module = _file(path) if path.endswith(".py") or "/" in path else _module(path, spec)
    source = module
    for part in name.split(".") if name else ():
        if not hasattr(source, part):
            raise Unusable(f"{spec}: {path} has no {name}; name an object that it defines")
        source = getattr(source, part)
    return Candidate(source() if isinstance(source, type) else source, spec)


def _adapter(name):
    try:
        return importlib.import_module(f".adapters.{name}", __package__)
    except ModuleNotFoundError as error:
        missing = error.name or name
        if missing.endswith(f".adapters.{name}"):
            raise Unusable(f"framework {name!r} is unknown; use numpy or torch") from None
        raise Unusable(f"{name}: needs the package {missing}; install it with pip install 'oplaws[{name}]'") from None


def _module(name, spec):
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and name.split(".")[0] == error.name.split(".")[0]:
            raise Unusable(
                f"{spec}: no such candidate; name an adapter ({', '.join(ADAPTERS)}), a module or a file"
            ) from None
        raise Unusable(f"{spec}: cannot be imported: {_one_line(error)}") from None
    except BaseException as error:
        raise _import_failure(spec, error) from None


def _file(path):
    if not Path(path).is_file():
        raise Unusable(f"{path}: no such file; name a Python file with the operators' functions")
    spec = importlib.util.spec_from_file_location(f"oplaws_candidate_{Path(path).stem}", path)
    if spec is None:
        raise Unusable(f"{path}: is not a Python file; name one that ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(Path(path).resolve().parent))
    try:
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
    except BaseException as error:
        raise _import_failure(path, error) from None
    finally:
        sys.path.pop(0)
    return module


def _import_failure(spec, error):
    if isinstance(error, KeyboardInterrupt):
        return error
    place = traceback.extract_tb(error.__traceback__)[-1]
    return Unusable(
        f"{spec}: cannot be imported: {_one_line(error)} ({Path(place.filename).name}, line {place.lineno})"
    )


def _one_line(error):
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:300] if text else type(error).__name__


# --- asking it ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Request:
    """One call: the operator, its arrays with their layouts, attributes, and cotangents where the gradient is asked."""

    operator: str
    inputs: tuple
    layouts: tuple
    attributes: dict
    cotangents: tuple | None = None


@dataclass(frozen=True)
class Reply:
    """What came back: copied arrays, or why there are none; which arguments were changed, which memory is shared."""

    results: tuple = ()
    kind: str = ""
    error: str = ""
    trace: str = ""
    changed: tuple = ()
    shared: tuple = ()
    seconds: float = 0.0


class _Nowhere(io.TextIOBase):
    """Where a candidate's prints go."""

    def write(self, text):
        return len(text)


class Interruption:
    """Tells the user's Ctrl-C from a KeyboardInterrupt that a candidate raises."""

    asked = False


_NOWHERE = _Nowhere()


def answer(candidate, request):
    """Ask a candidate once. Nothing that it raises, prints or changes gets beyond the reply."""
    n = len(request.inputs)
    given = [
        lay(a, layout)
        for a, layout in zip((*request.inputs, *(request.cotangents or ())), request.layouts, strict=False)
    ]
    attributes = {k: v.copy() if isinstance(v, np.ndarray) else v for k, v in request.attributes.items()}
    begin = time.perf_counter()
    try:
        with contextlib.redirect_stdout(_NOWHERE), contextlib.redirect_stderr(_NOWHERE), np.errstate(all="ignore"):
            if request.cotangents is None:
                values = candidate.call(request.operator, tuple(given), attributes)
            else:
                values = candidate.vjp(request.operator, tuple(given[:n]), attributes, tuple(given[n:]))
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt) and Interruption.asked:
            raise
        return Reply(kind="exception", error=_one_line(error), trace=traceback.format_exc())
    seconds = time.perf_counter() - begin
    pristine = (*request.inputs, *(request.cotangents or ()))
    changed = tuple(i for i, (a, b) in enumerate(zip(pristine, given, strict=True)) if not _same(a, b))
    changed += tuple(
        k for k, v in request.attributes.items() if isinstance(v, np.ndarray) and not _same(v, attributes[k])
    )
    values = values if type(values) is tuple else (values,)
    for i, value in enumerate(values):
        if not (value is None and request.cotangents is not None) and not _plain(value):
            what = type(value).__name__
            return Reply(
                kind="type", error=f"result {i} is a {what}, not a numpy.ndarray", changed=changed, seconds=seconds
            )
    shared = tuple(
        (i, j)
        for i, value in enumerate(values)
        for j, a in enumerate((*given, *(v for v in attributes.values() if isinstance(v, np.ndarray))))
        if value is not None and a is not None and value.ndim and np.may_share_memory(value, a)
    )
    copies = tuple(None if v is None else np.array(v) for v in values)
    return Reply(copies, changed=changed, shared=shared, seconds=seconds)


def _plain(value):
    if type(value) is np.ndarray:
        return value.dtype.kind in "biuf" or value.dtype in HALF
    return isinstance(value, np.generic) and not isinstance(value, np.void)


def _same(a, b):
    if a is None or b is None or a is b:
        return True
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    return np.ascontiguousarray(a).tobytes() == np.ascontiguousarray(b).tobytes()


# --- a candidate seen through one case ---------------------------------------------------------------------------


class Asked:
    """Every answer is fetched once and shared by all laws. An answer of the wrong form is a Violation of each."""

    def __init__(self, candidate, case):
        self.candidate, self.case, self.operator = candidate, case, case.operator
        self.arithmetic = candidate.arithmetic(case.operator.name, case.dtype)
        self.names = case.names()

    # what the reference says

    @functools.cached_property
    def expected(self):
        """The reference's results, as balls."""
        return ball.forward(self.operator, self.case.inputs, self.case.attributes, self.arithmetic)

    @functools.cached_property
    def expected_gradient(self):
        """The reference's gradients, as balls, one for each input; None where it has none."""
        return ball.gradient(
            self.operator, self.case.inputs, self.case.attributes, self.case.cotangents, self.arithmetic
        )

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
        values = self._values(self.forward_reply)
        self._form(values, [b.shape for b in self.expected], list(self.operator.results), ())
        return values

    @functools.cached_property
    def vjp(self):
        """The candidate's gradients, one for each input, None where it has none."""
        values = self._values(self.vjp_reply)
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

    def on(self, case):
        """The same candidate on another case."""
        return Asked(self.candidate, case)

    def ask(self, inputs, attributes, layouts):
        """The candidate's reply to any other forward call of the operator."""
        return answer(self.candidate, Request(self.operator.name, inputs, layouts, attributes))

    def _request(self, cotangents=None):
        case = self.case
        return Request(case.operator.name, case.inputs, case.layouts, case.attributes, cotangents)

    def _values(self, reply):
        if reply.kind:
            raise Violation(reply.kind, reply.error)
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
                message = f"{name} is {value.dtype.name}, expected {dtype.name}"
                raise Violation("dtype", message, place=name, expected=dtype.name, got=value.dtype.name)
