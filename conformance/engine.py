"""The judge: one stream of cases for each operator and dtype, every law on each case, the failures shrunk at the end.

A failing case is stored as soon as it is seen, and made small in the end (shrink.py). Nothing here names an operator
or a law.
"""

import contextlib
import math
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as hypothesis_seed

from .. import properties, refimpl
from ..properties.case import BACKEND, cases, pairs, possible_pairs, seed_of
from ..properties.law import Violation, Worst, registry, worst
from ..refimpl.operator import DTYPES
from . import catalogue, workers
from .asked import Asked
from .asking import interruptible, within_memory
from .candidate import Candidate, Unusable, load
from .expectations import Expectations
from .report import Counterexample, LawVerdict, OperatorVerdict, Report
from .shrink import SHRINK_SECONDS, Enough, Shrink
from .witness import Witness

PROFILES = {"quick": 25, "standard": 200, "thorough": 1500}


def judge(
    candidate,
    operators=None,
    laws=None,
    dtypes=None,
    profile="quick",
    seed=0,
    *,
    examples=None,
    max_seconds=math.inf,
    fail_fast=False,
    shrink=SHRINK_SECONDS,
    require=(),
    expectations=None,
    output=None,
    jobs=1,
    witness=False,
    progress=None,
    start=None,
):
    """Judge a candidate: a name as on the command line, a module, an object, or a dict of functions.

    operators, laws, dtypes: names (operators may also be `Operator` objects); None: all that apply. `examples`
    overrides the profile's number of cases for each operator and dtype; `max_seconds` stops each of these streams
    early; `shrink`: seconds for making the failures of one of them small, 0 to leave them as they were drawn. `output`:
    a folder for counterexamples and results.
    `witness`: the reference itself is held against PyTorch in float64, where that is installed.
    `jobs`: so many processes judge side by side, where a process can load the candidate by its name; None: one a core.
    `start(examples)` and `progress(operator, dtype, examples)` are told how far the run is. Raises `Unusable` where
    nothing can be judged.
    """
    operators = _operators(operators)
    jobs = min(jobs or workers.cores(), len(operators) // FEW)
    if jobs > 1 and isinstance(candidate, str):
        with contextlib.suppress(OSError):  # told, or done without, once they are needed
            workers.prepare(candidate)
    candidate = load(candidate)
    options = {
        "laws": laws,
        "dtypes": dtypes,
        "profile": profile,
        "seed": seed,
        "examples": examples,
        "max_seconds": max_seconds,
        "fail_fast": fail_fast,
        "shrink": shrink,
        "expectations": expectations,
        "output": output,
        "witness": witness,
    }
    plan = _plan(candidate, operators, **options, progress=progress or (lambda *_: None))
    required = _required(require, operators)
    if start:
        start(plan.examples * len(plan.dtypes) * sum(candidate.offers(o.name) for o in plan.operators))
    report = Report(candidate, seed, profile, plan.output, [o.name for o in plan.operators])
    for operator in plan.operators:
        if not candidate.offers(operator.name):
            report.add(OperatorVerdict(operator.name, "missing", []))
    begin = time.perf_counter()
    with _quiet(), interruptible(), within_memory(candidate):
        try:
            for verdict in _verdicts(plan, options, jobs):
                report.add(verdict)
                report.seconds = time.perf_counter() - begin
                report.save_progress()
                if fail_fast and report.failures:
                    break
        except _Interrupted as stop:
            report.add(stop.verdict)
            report.interrupted = True
        except KeyboardInterrupt:
            report.interrupted = True
    report.seconds = time.perf_counter() - begin
    report.require(required)
    report.save_progress()
    if not report.judged and not report.failures and not report.interrupted:
        offered = [o.name for o in operators if candidate.offers(o.name)]
        why = (
            f"no law chosen has a case to judge in {', '.join(offered)}; oplaws explain LAW says what it judges"
            if offered
            else "it offers none of the operators chosen; oplaws list operators has the names"
        )
        raise Unusable(f"{candidate.spec}: nothing was judged: {why}")
    return report


FEW = 4  # operators that are not worth another process


def _verdicts(plan, options, jobs):
    """The verdict of each operator that the candidate offers, in turn or as the processes come."""
    candidate = plan.candidate
    alone = not candidate.loadable or not candidate.device.startswith("cpu")
    done = set()
    if jobs > 1 and not alone:
        arguments = (candidate.spec, [catalogue.origin(operator) for operator in plan.operators], options)
        with contextlib.suppress(OSError):  # no other process can be had: this one goes on
            for verdict in workers.side_by_side(plan, _worker, arguments, jobs):
                done.add(verdict.name)
                yield verdict
    for operator in plan.operators:
        if candidate.offers(operator.name) and operator.name not in done:
            yield _operator(plan, operator)


def _worker(arguments, progress):
    """What a worker of `workers.side_by_side` does for each operator: its verdict, and whether that is its last."""
    spec, specs, options = arguments
    plan = _plan(load(spec), _operators(specs), **options, progress=progress)

    def judge_one(name):
        with _quiet(), within_memory(plan.candidate):
            try:
                return _operator(plan, catalogue.operator(name)), False
            except _Interrupted as stop:
                return stop.verdict, True

    return judge_one


def _plan(candidate, operators, *, laws, dtypes, profile, seed, examples, output, expectations, witness, **options):
    if profile not in PROFILES:
        raise Unusable(f"profile {profile!r} is unknown; use {', '.join(PROFILES)}")
    chosen = _laws(laws)
    return Plan(
        candidate,
        [operator for operator in operators if any(law.concerns(operator) for law in chosen)],
        chosen,
        _dtypes(dtypes, candidate),
        seed,
        PROFILES[profile] if examples is None else examples,
        expectations=Expectations.of(candidate, expectations, operators),
        output=Path(output) if output else None,
        witness=Witness.beside(candidate) if witness else None,
        **options,
    )


@dataclass(frozen=True)
class Plan:
    candidate: Candidate
    operators: list
    laws: list
    dtypes: tuple
    seed: int
    examples: int
    max_seconds: float
    fail_fast: bool
    shrink: float
    expectations: Expectations
    output: Path | None
    progress: Callable[..., None]
    witness: Witness | None = None


def _operators(chosen):
    if chosen is None:
        return list(refimpl.operators.values())
    return list(dict.fromkeys(map(catalogue.operator, chosen)))


def _laws(chosen):
    properties.load()
    if chosen is None:
        return sorted(registry.values(), key=lambda law: law.own)  # what holds for all comes first
    return [catalogue.named(name, registry, "law") for name in dict.fromkeys(chosen)]


def _dtypes(chosen, candidate):
    if chosen is None:
        return candidate.dtypes
    if unknown := [d for d in chosen if d not in DTYPES]:
        raise Unusable(f"dtype {unknown[0]!r} is unknown; use {', '.join(DTYPES)}")
    if other := [d for d in chosen if d not in candidate.dtypes]:
        raise Unusable(
            f"dtype {other[0]!r} is not among those that {candidate.spec} declares: {', '.join(candidate.dtypes)}"
        )
    return tuple(dict.fromkeys(chosen))


def _required(require, operators):
    if "all" in require:
        return [o.name for o in operators]
    required = [catalogue.operator(spec) for spec in require]
    if other := [o.name for o in required if o.name not in {o.name for o in operators}]:
        raise Unusable(f"{other[0]} is required and not among the operators to be judged; name it there as well")
    return [o.name for o in required]


@contextlib.contextmanager
def _quiet():
    """Floating-point remarks and warnings of a candidate are not news: its values are judged."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


# --- one operator, one dtype -------------------------------------------------------------------------------------


def _operator(plan, operator):
    laws = [law for law in plan.laws if law.concerns(operator)]
    verdicts = []
    count, visited = 0, set()
    for dtype in plan.dtypes:
        group = Group(plan, operator, dtype, laws)
        try:
            group.sweep()
            if plan.shrink:
                group.explain()
        except KeyboardInterrupt:
            verdicts += group.verdicts()
            raise _Interrupted(OperatorVerdict.of(operator.name, verdicts, count + group.examples)) from None
        verdicts += group.verdicts()
        count += group.examples
        visited |= group.pairs
        if plan.fail_fast and any(v.verdict == "fail" for v in verdicts):
            break
    verdict = OperatorVerdict.of(operator.name, verdicts, count)
    verdict.pairs = len(visited) / possible_pairs(operator, plan.dtypes)
    return verdict


class _Interrupted(KeyboardInterrupt):
    """An interruption that carries what was established of the operator at hand."""

    def __init__(self, verdict):
        super().__init__()
        self.verdict = verdict


@dataclass
class Tally:
    """What a law has seen in one group."""

    examples: int = 0
    seconds: float = 0.0
    worst: Worst | None = None
    failure: Any = None  # (case, violation)
    expected: list = field(default_factory=list)
    counterexample: Counterexample | None = None
    remark: str = ""
    first: tuple[int, float] | None = None  # cases and seconds until the first failure


class Group:
    """One stream of cases and what every law says of it."""

    def __init__(self, plan, operator, dtype, laws):
        self.plan, self.operator, self.dtype = plan, operator, dtype
        self.candidate = plan.candidate
        gradient = self.candidate.offers_gradient(operator.name)
        self.missing = [law for law in laws if law.needs == "gradient" and not gradient]
        self.laws = [law for law in laws if law not in self.missing]
        self.tallies = {law.name: Tally() for law in laws}
        self.examples = 0
        self.pairs: set[Any] = set()

    def stream(self, test, phases):
        """Run a test over the group's cases: the same ones, in the same order, wherever and whenever it runs."""

        @hypothesis_seed(seed_of(self.plan.seed, self.operator, self.dtype))
        @settings(
            max_examples=self.plan.examples,
            database=None,
            deadline=None,
            derandomize=False,
            suppress_health_check=list(HealthCheck),
            backend=BACKEND,
            phases=phases,
            report_multiple_bugs=False,
            print_blob=False,
        )
        @given(cases(self.operator, self.dtype))
        def over(case):
            test(case)

        over()

    def sweep(self):
        """Every law on every case; the first failure of each law is kept, and stored at once."""
        self.begin = time.perf_counter()
        deadline = self.begin + self.plan.max_seconds

        def visit(case):
            if self.examples and time.perf_counter() > deadline:
                raise Enough
            asked = Asked(self.candidate, case, self.plan.witness)
            for law in self.laws:
                if (self.examples - 1) % law.every == 0:  # not the first case, which is the simplest of all
                    self.visit(law, asked)
            self.examples += 1
            self.pairs |= pairs(case)
            self.plan.progress(self.operator.name, self.dtype, 1)
            if self.plan.fail_fast and any(t.failure for t in self.tallies.values()):
                raise Enough

        if self.laws:
            with contextlib.suppress(Enough):
                self.stream(visit, [Phase.generate])
        for law in self.laws:
            self.look_up(law)
        self.plan.progress(self.operator.name, self.dtype, max(self.plan.examples - self.examples, 0))

    def look_up(self, law):
        """The stored case of each known failure: shown while it fails, and to be removed once it does not."""
        tally = self.tallies[law.name]
        for finding in self.plan.expectations.stored(self.operator, law.name, self.dtype):
            if violation := law.violation(Asked(self.candidate, finding.case)):
                tally.expected.append((finding, finding.case, violation))
            else:
                tally.remark = f"{finding.reason} no longer fails: remove the finding ({finding.file})"

    def visit(self, law, asked):
        tally = self.tallies[law.name]
        begin = time.perf_counter()
        try:
            comparison = law.judge(asked)
        except Violation as violation:
            tally.examples += 1
            finding = self.plan.expectations.matching(self.operator.name, law.name, self.dtype, asked.case, violation)
            if finding:
                tally.expected.append((finding, asked.case, violation))
            else:
                tally.worst = worst([tally.worst, violation.worst])
                if tally.failure is None:
                    tally.first = (self.examples + 1, time.perf_counter() - self.begin)
                    tally.failure = (asked.case, violation)
                    tally.counterexample = self.store(law, asked.case, violation)
        else:
            if comparison is not None:
                tally.examples += 1
                tally.worst = worst([tally.worst, comparison])
        finally:
            tally.seconds += time.perf_counter() - begin

    def store(self, law, case, violation, note=""):
        return Counterexample(self.candidate, law, case, violation, note=note).save(self.plan.output)

    def explain(self):
        """Shrink the first failing law's case; try the others on the result before shrinking their own."""
        failing = [law for law in self.laws if self.tallies[law.name].failure]
        smallest: Any = None
        shrink = Shrink(self)
        for law in failing:
            tally = self.tallies[law.name]
            case, violation = tally.failure
            simple = smallest and shrink.fails(law, smallest, violation.kind)
            found = (smallest, simple) if simple else shrink.run(law, case, violation)
            smallest = smallest or (found and found[0])
            note = "" if found else "depends on earlier calls: the case alone does not fail again"
            case, violation = tally.failure = found or (case, violation)
            tally.counterexample = self.store(law, case, violation, note)

    def verdicts(self):
        result = [LawVerdict(self.operator.name, law.name, self.dtype, "missing") for law in self.missing]
        for law in self.laws:
            t = self.tallies[law.name]
            verdict = (
                "fail"
                if t.failure or t.remark
                else "expected-failure"
                if t.expected
                else "pass"
                if t.examples
                else "skipped"
            )
            reasons = sorted({finding.reason for finding, *_ in t.expected})
            found = (t.examples, t.seconds, t.worst, t.counterexample, reasons, t.remark, t.first)
            result.append(LawVerdict(self.operator.name, law.name, self.dtype, verdict, *found))
        return result
