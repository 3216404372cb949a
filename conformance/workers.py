"""Processes: one for each piece of work, or several that judge one candidate side by side.

Side by side, each worker takes the next operator that is left. It loads the candidate itself; what goes through the
pipes are names, cases and verdicts. Where a worker dies, the operator that it judged fails, and another takes its
place. An interruption asks each worker for what it has so far.
"""

import contextlib
import io
import math
import multiprocessing
import os
import pickle
import signal
import time
from multiprocessing import connection, forkserver
from typing import Any

from ..properties.law import Law, registry
from ..refimpl.operator import Operator
from . import catalogue
from .asking import interruptible
from .candidate import ADAPTERS, Candidate, Unusable
from .report import OperatorVerdict

PATIENCE = 3.0  # seconds that an interrupted worker has to hand over what it found


def cores():
    """How many processes run side by side on this machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _forkserver(*modules) -> Any:
    """Where processes come from that have imported these; as there is one a core, NumPy multiplies in one thread."""
    if "forkserver" not in multiprocessing.get_all_start_methods():  # Windows: each imports for itself
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(modules))
    if (threads := "OPENBLAS_NUM_THREADS") not in os.environ:
        os.environ[threads] = "1"
        try:
            forkserver.ensure_running()
        finally:
            del os.environ[threads]
    return context


def alone(function, work, jobs=None, seconds=math.inf):
    """Call a function of plain data in a process of its own for each tuple of arguments: (arguments, result, error).

    A process that crashes, or takes longer, has no result. `jobs`: so many at a time; None: one a core.
    """
    context = _forkserver(function.__module__)
    work, running = list(work), dict[Any, Any]()
    try:
        while work or running:
            while work and len(running) < (jobs or cores()):
                arguments = work.pop(0)
                ours, theirs = context.Pipe(duplex=False)
                process = context.Process(target=_call, args=(theirs, function, *arguments), daemon=True)
                process.start()
                theirs.close()
                running[ours] = (process, arguments, time.monotonic() + seconds)
            ready: list[Any] = connection.wait(running, timeout=1.0)
            for ours in ready:
                process, arguments, _ = running.pop(ours)
                try:
                    yield arguments, ours.recv(), ""
                except EOFError:
                    process.join()
                    yield arguments, None, f"its process ended with {process.exitcode} before it was judged"
            for process, _, deadline in running.values():
                if time.monotonic() > deadline:
                    process.kill()
    finally:
        for process, *_ in running.values():
            process.kill()


def _call(pipe, function, *arguments):
    pipe.send(function(*arguments))


def prepare(spec):
    """Start where the workers of a candidate come from: beside the loading of it, this takes no time."""
    adapters = [f"{__package__}.adapters.{spec.partition(':')[0]}"] if spec in ADAPTERS else []
    return _forkserver(f"{__package__}.engine", *adapters)


def side_by_side(plan, judge, arguments, jobs):
    """The verdict of each operator of a plan that the candidate offers, as they come.

    judge(arguments, progress) is what a worker starts with: it gives the function that judges an operator by its name.
    """
    context = prepare(plan.candidate.spec)
    waiting = [operator for operator in plan.operators if plan.candidate.offers(operator.name)]
    running: dict[Any, tuple[Any, Operator]] = {}

    def hire():
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(theirs, judge, arguments), daemon=True)
        process.start()
        theirs.close()
        assign(ours, process)

    def assign(pipe, process):
        if waiting:
            running[pipe] = process, waiting.pop()  # the last ones, composites and recurrent nets, take longest
            with contextlib.suppress(BrokenPipeError):
                pipe.send(catalogue.origin(running[pipe][1]))
        else:
            pipe.close()

    try:
        for _ in range(min(jobs, len(waiting))):
            hire()
        while running:
            for pipe in connection.wait(list(running)):
                process, operator = running[pipe]
                try:
                    what, news = _received(pipe, plan)
                except (EOFError, ConnectionError, pickle.UnpicklingError) as error:
                    process.kill()
                    process.join()
                    del running[pipe]
                    ended = f"the process ended with {process.exitcode} while it was judged"
                    why = str(error) if isinstance(error, pickle.UnpicklingError) else ended
                    law = next(law for law in plan.laws if law.concerns(operator))
                    yield OperatorVerdict.lost(operator.name, law.name, plan.dtypes[0], why)
                    if waiting:
                        hire()
                    continue
                if what == "progress":
                    plan.progress(*news)
                elif what == "error":
                    raise Unusable(str(news))
                else:
                    del running[pipe]
                    yield news
                    assign(pipe, process)
    except KeyboardInterrupt:
        yield from _recalled(running, plan)
        raise
    finally:
        for process, _ in running.values():
            process.kill()


def _recalled(running, plan):
    """What the workers have established of the operators at hand."""
    for process, _ in running.values():
        process.terminate()
    deadline = time.monotonic() + PATIENCE
    while running and (left := deadline - time.monotonic()) > 0:
        for pipe in connection.wait(list(running), left):
            with contextlib.suppress(EOFError, ConnectionError):
                what, news = _received(pipe, plan)
                if what == "progress":
                    continue
                if what == "verdict":
                    yield news
            del running[pipe]


# --- a worker ----------------------------------------------------------------------------------------------------


def _work(pipe, judge, arguments):
    """Judge the operators whose names come until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the user's interruption comes by way of the parent
    with interruptible(signal.SIGTERM), contextlib.suppress(EOFError, ConnectionError, KeyboardInterrupt):
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # what a candidate prints as it is imported, once is enough
                judge_one = judge(arguments, lambda *news: _send(pipe, "progress", news))
            while True:
                verdict, last = judge_one(pipe.recv())
                _send(pipe, "verdict", verdict)
                if last:
                    break
        except Unusable as error:
            _send(pipe, "error", str(error))
        except Exception as error:
            _send(pipe, "error", f"the judge itself failed in a worker, try --jobs 1: {type(error).__name__}: {error}")


class _Pickler(pickle.Pickler):
    """Operators and laws go by name, a candidate is the one that both sides have."""

    def persistent_id(self, obj):
        if isinstance(obj, Operator):
            return "operator", catalogue.origin(obj)
        if isinstance(obj, Law):
            return "law", obj.name
        return ("candidate", "") if isinstance(obj, Candidate) else None


_ARRAYS = {("numpy", name) for name in ("ndarray", "dtype", "_reconstruct", "_frombuffer", "scalar")}


class _Unpickler(pickle.Unpickler):
    def __init__(self, file, plan):
        super().__init__(file)
        self.plan = plan

    def find_class(self, module, name):
        """A worker runs the candidate: what it sends may name data, and nothing that does something."""
        found = super().find_class(module, name)
        root = module.partition(".")[0]
        if (root, name) in _ARRAYS or (isinstance(found, type) and root in ("oplaws", "ml_dtypes", "pathlib")):
            return found
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a verdict")

    def persistent_load(self, pid):
        what, name = pid
        if what == "candidate":
            return self.plan.candidate
        if what == "law":
            return registry[name]
        known = {catalogue.origin(operator): operator for operator in self.plan.operators}
        return known.get(name) or catalogue.operator(name)


def _send(pipe, what, news):
    file = io.BytesIO()
    _Pickler(file).dump((what, news))
    pipe.send_bytes(file.getvalue())


def _received(pipe, plan):
    return _Unpickler(io.BytesIO(pipe.recv_bytes()), plan).load()
