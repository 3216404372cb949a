"""Asking a candidate: one function from plain data to plain data.

A candidate is untrusted. Everything it does happens inside `answer`: it gets fresh copies of the arrays in their memory
layouts, and what comes back is copied at once. Nothing that it raises, prints or changes gets beyond the reply.
"""

import collections
import contextlib
import io
import re
import signal
import sys
import threading
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..properties.layouts import lay, memory
from ..refimpl.operator import DTYPES, HALF


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

    @property
    def arrays(self):
        return (*self.inputs, *(self.cotangents or ()))


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


def answer(candidate, request, trace=True):
    """Ask a candidate once. Nothing that it raises, prints or changes gets beyond the reply.

    `trace`: whether it says where an exception came from, which takes longer than the call.
    """
    try:
        reply = _answer(candidate, request)
    except BaseException as error:
        if Interruption.asked:  # whatever the candidate made of it
            raise KeyboardInterrupt from None
        return Reply(kind="exception", error=one_line(error), trace=_trace() if trace else "")
    if Interruption.asked:
        raise KeyboardInterrupt
    return reply


def _answer(candidate, request):
    given = _laid(request)
    attributes = {k: _another(v) for k, v in request.attributes.items()}
    _LENT.append(attributes)
    kept, lent = list(_LATEST), dict(attributes)
    begin = time.perf_counter()
    earlier, changed = _call_before(candidate, request, given, dict(attributes)) if request.before else ([], [])
    held = _held(given)
    values = _call(candidate, request, given, lent)
    seconds = time.perf_counter() - begin
    changed += [*_differing(held, _held(given)), *_altered(lent, attributes, request.attributes)]
    bare = type(values) is not tuple
    values = (values,) if bare else values
    wrong = _wrong(values, request.cotangents is not None)
    results = () if wrong else values
    disturbed = _disturbed([*kept, *earlier], results)
    if disturbed:  # told once, and not of the next call as well
        _LATEST.clear()
    _remember(results, given)
    lender = [*given, *(v for v in attributes.values() if isinstance(v, np.ndarray))]
    return Reply(
        tuple(None if v is None else np.array(v) for v in results),
        kind="type" if wrong else "",
        error=wrong,
        bare=bare,
        changed=tuple(changed),
        shared=tuple((i, j) for i, v in enumerate(results) for j, a in enumerate(lender) if _share(v, a)),
        seconds=seconds,
        disturbed=disturbed,
    )


def _laid(request):
    """The arrays of the call in their layouts, holding what they hold at the first call."""
    # what was freed last is taken again first: storage that a memory of addresses does not know lies behind it
    aside = [lay(a, "contiguous") for a in request.before]
    given = [lay(a, layout) for a, layout in zip(request.before or request.arrays, request.layouts, strict=False)]
    del aside
    if request.one:
        first, second = request.one
        given[second] = given[first]
    return given


def _call_before(candidate, request, given, attributes):
    """The call on what the same storage held before: its results as they are kept, and what it changed."""
    held = _held(given)
    values = _call(candidate, request, given, attributes)
    changed = _differing(held, _held(given))
    for place, array in zip(given, request.arrays, strict=True):
        if place is not None:
            place[...] = array
    results = [v for v in (values if type(values) is tuple else (values,)) if type(v) is np.ndarray]
    return [(v, v.copy(), False) for v in results if not any(_share(v, a) for a in given)], changed


def _wrong(values, partial):
    """What is amiss where the results are not plain arrays, or None for some; nothing where they are."""
    if len(values) > MANY:
        return f"returned {len(values)} arrays"
    foreign = ((i, _foreign(v)) for i, v in enumerate(values) if not (v is None and partial))
    return next((f"result {i} is {what}, not a plain numpy.ndarray of numbers" for i, what in foreign if what), "")


def _disturbed(kept, results):
    """Whether what earlier calls gave or were given has changed, or an argument of theirs is handed out."""
    lent = [live for live, _, argument in kept if argument]
    return any(_share(v, a) for v in results for a in lent) or not all(same(was, live) for live, was, _ in kept)


def _remember(results, given):
    for argument, arrays in ((False, results), (True, given)):
        _LATEST.extend((a, a.copy(), argument) for a in arrays if type(a) is np.ndarray and a.nbytes < 2**16)


def _held(arrays):
    """What each array is, and holds in all of its memory."""
    return [None if a is None else (a.shape, a.strides, a.dtype, memory(a)) for a in arrays]


def _differing(before, after):
    return [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]


def _altered(lent, attributes, given):
    """The array attributes that hold something else, and the dict itself where it is another."""
    changed = [k for k, v in attributes.items() if isinstance(v, np.ndarray) and not same(v, given[k])]
    if list(lent) != list(attributes) or any(lent[k] is not v for k, v in attributes.items()):
        changed.append("the dict of attributes")
    return changed


def _share(a, b):
    return a is not None and b is not None and np.may_share_memory(a, b)


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


class _Nowhere(io.TextIOBase):
    """Where a candidate's prints go."""

    def write(self, text):
        return len(text)


_NOWHERE = _Nowhere()


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


# --- what an object may say of itself --------------------------------------------------------------------------------


def one_line(error):
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


# --- interruptions and memory ----------------------------------------------------------------------------------------


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
