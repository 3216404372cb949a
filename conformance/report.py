"""What a run found: verdicts, counterexamples, the table on the terminal and the report as JSON."""

import json
import math
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..properties.case import Case, left_out, to_json
from ..properties.law import Law, Worst, registry
from ..refimpl.operator import Array
from . import catalogue

RANK = ("fail", "expected-failure", "pass", "skipped", "missing")


def write_whole(path, text):
    """Write a file whole or not at all."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        umask = os.umask(0)
        os.umask(umask)
        Path(temporary).chmod(0o666 & ~umask)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def to_text(data):
    """JSON that any reader takes: numbers that are not finite become strings."""
    return json.dumps(_finite(data), indent=1) + "\n"


def _finite(value):
    if isinstance(value, dict):
        return {str(k): _finite(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(v) for v in value]
    if isinstance(value, (bool, str, int)) or value is None:
        return value
    value = float(value)
    return value if math.isfinite(value) else repr(value)


# --- a counterexample --------------------------------------------------------------------------------------------


@dataclass
class Counterexample:
    """A case on which a law fails: the file that replays it and the text that explains it."""

    candidate: Any
    law: Law
    case: Case
    violation: Any  # None where the law holds after all
    stored: Path | None = None
    note: str = ""

    @property
    def file(self):
        """Below the output folder; one for each operator, law and dtype."""
        name = f"{self.case.operator.name}-{self.law.name}-{self.case.dtype}.json"
        return f"counterexamples/{name}"

    @property
    def summary(self):
        shapes = ", ".join(
            f"{name} {a.shape}" for name, a in zip(self.case.names(), self.case.inputs, strict=False) if a is not None
        )
        extra = f" ({self.note})" if self.note else ""
        return f"{self.violation.message}; {shapes}{extra}"

    def save(self, output):
        """Store it below an output folder, where there is one."""
        if output is not None:
            self.stored = output / self.file
            write_whole(self.stored, to_text(self.to_json()))
        return self

    def to_json(self):
        worst = self.violation.worst
        return {
            "schema": 1,
            "candidate": self.candidate.spec if self.candidate.loadable else None,
            "operator": catalogue.origin(self.case.operator),
            "law": self.law.name,
            "kind": self.violation.kind,
            "message": self.violation.message,
            "place": self.violation.place,
            "expected": _plain(self.violation.expected),
            "got": _plain(self.violation.got),
            "worst": None if worst is None else {"error": worst.error, "bound": worst.bound, "ratio": worst.ratio},
            "note": self.note,
            "case": to_json(self.case),
        }

    def explain(self):
        """All that a person needs to check it by hand, and code that can be pasted."""
        v, case, worst = self.violation, self.violation.call or self.case, self.violation.worst
        lines = [f"{case.operator.name} ({case.dtype}) fails {self.law.name}: {self.law.sentence}", f"  {v.message}"]
        if worst is not None:
            lines.append(f"  error {worst.error:.6g}, allowed {worst.bound:.6g}, ratio {worst.ratio:.4g}")
        elif v.expected is not None:
            lines.append(f"  expected {v.expected}, got {v.got}")
        odd = [f"{name} {how}" for name, how in zip(case.names(), case.layouts, strict=False) if how != "contiguous"]
        if odd:
            lines.append(f"  memory layouts: {', '.join(odd)}")
        if self.note:
            lines.append(f"  {self.note}")
        return "\n".join([*lines, "", *("    " + line for line in self.code().splitlines())])

    def code(self):
        """The calls to compare, as Python that can be pasted; large arrays come from the replay file."""
        case, violation, operator = self.case, self.violation, self.case.operator.name
        call = violation.call or case
        inputs, attributes = call.inputs, call.attributes
        gradient = (violation.asked or self.law.needs) == "gradient"
        names = [name.replace("[", "").replace("]", "") for name in case.names()]
        n = len(inputs)
        arrays = [*inputs, *(call.cotangents if gradient else ())]
        values = [
            f"case.arrays[{i}]" if self._is_large(array) and array is case.arrays[i] else _literal(array)
            for i, array in enumerate(arrays)
        ]
        for i, (array, layout) in enumerate(zip(arrays, call.layouts, strict=False)):
            if array is not None and layout != "contiguous":
                values[i] = f"lay({values[i]}, {layout!r})"
        built_in = catalogue.origin(case.operator) == operator
        reference = f"refimpl.{operator}" if built_in else operator
        lines = ["import numpy as np", *(["import ml_dtypes"] if case.dtype == "bfloat16" else [])]
        lines += ["from oplaws import refimpl"] if built_in else []
        lines.append("from oplaws.conformance.candidate import load")
        if not built_in:
            lines.append("from oplaws.conformance.catalogue import operator")
            lines.append(f"{operator} = operator({catalogue.origin(case.operator)!r})")
        if any("lay(" in value for value in values):
            lines.append("from oplaws.properties.layouts import lay")
        if any("case.arrays" in value for value in values):
            lines.append("from oplaws.conformance.replay import stored")
            lines.append(f"case = stored({str(self.stored)!r})")
        lines += [f"{name} = {value}" for name, value in zip(names, values, strict=False)]
        shown = {
            k: _literal(v) if isinstance(v, np.ndarray) else repr(v)
            for k, v in attributes.items()
            if not _is_default(case.operator, k, v)
        }
        keywords = "".join(f", {k}={v}" for k, v in shown.items())
        mapping = "{" + ", ".join(f"{k!r}: {v}" for k, v in shown.items()) + "}"
        if gradient:
            dy = names[n] if len(names) == n + 1 else f"({', '.join(names[n:])})"
            vjp = f"{reference}_vjp" if built_in else f"{reference}.gradient"
            expected = f"{vjp}({dy}, {', '.join(names[:n])}{keywords})"
            asked = f"vjp({operator!r}, {_tuple(names[:n])}, {mapping}, {_tuple(names[n:])})"
        else:
            expected = f"{reference}({', '.join(names[:n])}{keywords})"
            asked = f"call({operator!r}, {_tuple(names[:n])}, {mapping})"
        name = repr(self.candidate.spec) if self.candidate.loadable else "candidate"
        got = f"got = load({name}).{asked}" + ("" if self.candidate.loadable else "  # candidate: what was judged")
        given = names[: len(arrays)]
        if violation.kind == "acceptance":
            return "\n".join([*lines, got, "print(got)"])
        if violation.kind == "mutation":
            return "\n".join([*lines, got, f"print({', '.join(given)}, sep='\\n')"])
        if violation.kind == "aliasing":
            lines += [got, "results = got if isinstance(got, tuple) else (got,)"]
            return "\n".join([*lines, f"print([np.may_share_memory(y, a) for y in results for a in {_tuple(given)}])"])
        show = ["np.set_printoptions(floatmode='unique')", "print(expected, got, sep='\\n')"]
        return "\n".join([*lines, f"expected = {expected}", got, *show])

    def _is_large(self, array):
        """Too large to be read, and stored where it can be found."""
        return self.stored is not None and array is not None and array.size > LEGIBLE


LEGIBLE = 64  # elements that a person reads in a line of code


def _tuple(names):
    return f"({', '.join(names)}{',' if len(names) == 1 else ''})"


def _plain(value):
    return value if isinstance(value, (int, float, str)) or value is None else str(value)


def _is_default(operator, name, value):
    if isinstance(operator.attributes.get(name), Array):
        return value is None
    return (
        name in operator.defaults and operator.defaults[name] == value and type(operator.defaults[name]) is type(value)
    )


def _literal(array):
    """An array as Python code: exact, and short where it is constant."""
    if array is None:
        return "None"
    dtype = f"ml_dtypes.{array.dtype.name}" if array.dtype.name == "bfloat16" else f"np.{array.dtype.name}"
    if array.size and (array == array.flat[0]).all() and array.size > 4:
        return f"np.full({array.shape}, {_number(array.flat[0])}, {dtype})"
    if array.size == 0:
        return f"np.zeros({array.shape}, {dtype})"
    return f"np.array({_nested(array)}, {dtype})"


def _nested(array):
    return _number(array[()]) if array.ndim == 0 else "[" + ", ".join(map(_nested, array)) + "]"


def _number(value):
    if value.dtype.kind in "iub":
        return str(int(value))
    wide = float(value)
    if not math.isfinite(wide):
        return {"nan": "np.nan", "inf": "np.inf", "-inf": "-np.inf"}[str(wide)]
    return (
        str(int(wide))
        if wide == int(wide) and abs(wide) < 1e6 and not (wide == 0 and math.copysign(1, wide) < 0)
        else str(value)
    )


# --- verdicts ----------------------------------------------------------------------------------------------------


@dataclass
class LawVerdict:
    operator: str
    law: str
    dtype: str
    verdict: str
    examples: int = 0
    seconds: float = 0.0
    worst: Worst | None = None
    counterexample: Counterexample | None = None
    reasons: list[str] = field(default_factory=list)
    remark: str = ""
    first: tuple[int, float] | None = None  # cases and seconds until the first failure

    def __str__(self):
        why = self.remark or (self.counterexample.summary if self.counterexample else f"{self.examples} examples")
        return f"{self.operator} ({self.dtype}) {self.law} {self.verdict}: {why}"

    def to_json(self):
        c, w = self.counterexample, self.worst
        return {
            "law": self.law,
            "dtype": self.dtype,
            "verdict": self.verdict,
            "examples": self.examples,
            "seconds": round(self.seconds, 6),
            "worst": None if w is None else {"error": w.error, "bound": w.bound, "ratio": w.ratio},
            "counterexample": None if c is None else {"summary": c.summary, "file": c.file if c.stored else None},
        }


@dataclass
class OperatorVerdict:
    name: str
    verdict: str
    laws: list[LawVerdict]
    examples: int = 0
    required: bool = False
    pairs: float = 0.0  # the share of all pairs of attribute edges, regimes, dtypes and layouts that were visited

    @classmethod
    def of(cls, name, laws, examples):
        verdict = min((law.verdict for law in laws), key=RANK.index, default="skipped")
        return cls(name, "pass" if verdict == "skipped" else verdict, laws, examples)

    @classmethod
    def lost(cls, name, law, dtype, why):
        """Nothing is known but that judging it came to an end."""
        return cls(name, "fail", [LawVerdict(name, law, dtype, "fail", remark=why)])

    def worst(self, gradient):
        ratios = [law.worst.ratio for law in self.laws if law.worst and ("gradient" in law.law) is gradient]
        return max(ratios, default=None)


class Report:
    """The outcome of a run. `passed`, `failures`, `print(report)`, `report.save(path)`."""

    def __init__(self, candidate, seed, profile, output=None, order=()):
        self.candidate, self.seed, self.profile, self.output = candidate, seed, profile, output
        self.order = order  # of the operators in table and report
        self.operators = {}
        self.seconds = 0.0
        self.interrupted = False

    def add(self, verdict):
        found = {**self.operators, verdict.name: verdict}
        self.operators = {name: found.pop(name) for name in (*self.order, *found) if name in found}

    def require(self, names):
        """An operator that is required fails where it, or its gradient, is missing."""
        for name in names:
            verdict = self.operators.get(name)
            if verdict and (verdict.verdict == "missing" or any(law.verdict == "missing" for law in verdict.laws)):
                verdict.required = True

    @property
    def examples(self):
        return sum(o.examples for o in self.operators.values())

    @property
    def judged(self):
        """Whether any law was judged on any case."""
        return any(law.examples for o in self.operators.values() for law in o.laws)

    @property
    def failures(self):
        """The verdicts of laws that fail."""
        return [law for o in self.operators.values() for law in o.laws if law.verdict == "fail"]

    @property
    def missing(self):
        return [o.name for o in self.operators.values() if o.verdict == "missing"]

    @property
    def passed(self):
        return not self.failures and not any(o.required for o in self.operators.values())

    def to_json(self):
        c = self.candidate
        return {
            "schema": 1,
            "implementation": {"name": c.name, "version": c.version, "device": c.device},
            "verdict": "pass" if self.passed and not self.interrupted else "fail",
            "seed": self.seed,
            "profile": self.profile,
            "examples": self.examples,
            "seconds": round(self.seconds, 3),
            "operators": {
                o.name: {"verdict": o.verdict, "laws": [law.to_json() for law in o.laws]}
                for o in self.operators.values()
            },
        }

    def save(self, path):
        """The report as JSON, whole or not at all."""
        write_whole(path, to_text(self.to_json()))

    def save_progress(self):
        if self.output is not None:
            self.save(self.output / "report.json")

    def __str__(self):
        from rich.console import Console

        console = Console(width=120, no_color=True, force_terminal=False, highlight=False)
        with console.capture() as capture:
            self.show(console)
        return capture.get()

    def show(self, console, traces=False):
        """The table, then every failure in full, then what is known and what was not offered."""
        console.print(self._table())
        console.print(self._legend(), style="dim", soft_wrap=True)
        for o in self.operators.values():
            self._show_known(console, o)
            self._show_failures(console, o, traces)
        for rule in dict.fromkeys(left_out.values()):
            of = [o.name for o in left_out if left_out[o] is rule and o.name in self.operators]
            if judged := ", ".join(name for name in of if name not in self.missing):
                console.print(f"not drawn for {judged}: {rule.__doc__}", style="dim", soft_wrap=True)
        offered = len(self.operators) - len(self.missing)
        if self.missing:
            console.print(f"not offered: {len(self.missing)} of {len(self.operators)} operators", soft_wrap=True)
        for o in self.operators.values():
            if o.required:
                what = "it" if o.verdict == "missing" else "its gradient"
                console.print(f"required, but missing: {o.name} ({what} is not offered)", style="red")
        rate = self.examples / self.seconds if self.seconds else 0.0
        word = "interrupted" if self.interrupted else "conforms" if self.passed else "does not conform"
        style = "yellow" if self.interrupted else "green" if self.passed else "bold red"
        who = " ".join(filter(None, (self.candidate.name, self.candidate.version, f"({self.candidate.device})")))
        console.print(f"{who} {word}: "
                      f"{offered} operators, {self.examples} examples in {self.seconds:.1f} s ({rate:.0f} a second), "
                      f"seed {self.seed}", style=style, soft_wrap=True, markup=False)  # fmt: skip

    def _general(self):
        """The laws that have a column: those of more than one concept."""
        names = dict.fromkeys(law.law for o in self.operators.values() for law in o.laws)
        return [name for name in names if not registry[name].own]

    def _dtypes(self):
        return list(dict.fromkeys(law.dtype for o in self.operators.values() for law in o.laws))

    def _table(self):
        from rich.table import Table

        table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
        table.add_column("operator", overflow="fold")
        table.add_column("cases", justify="right", no_wrap=True)
        table.add_column("pairs", justify="right", no_wrap=True)
        general = self._general()
        for number in range(1, len(general) + 1):
            table.add_column(str(number), justify="center", no_wrap=True)
        table.add_column("own", justify="right", no_wrap=True)
        table.add_column("err/bound", justify="right", no_wrap=True)
        table.add_column("gradient", justify="right", no_wrap=True)
        for o in self.operators.values():
            if o.verdict != "missing":
                style = {"fail": "red", "expected-failure": "yellow"}.get(o.verdict, "")
                cells = [self._marks([law for law in o.laws if law.law == name]) for name in general]
                own = [law for law in o.laws if registry[law.law].own]
                count = len({law.law for law in own})
                cells.append(f"{count} {self._marks(own)}" if own else "")
                table.add_row(
                    o.name,
                    str(o.examples),
                    f"{o.pairs:.0%}",
                    *cells,
                    _ratio(o.worst(False)),
                    _ratio(o.worst(True)),
                    style=style,
                )
        return table

    def _marks(self, laws):
        """A mark for each dtype: the worst of these verdicts."""
        marks = {"pass": "+", "fail": "F", "expected-failure": "e", "skipped": ".", "missing": "-"}
        found = {dtype: [law.verdict for law in laws if law.dtype == dtype] for dtype in self._dtypes()}
        return "".join(marks[min(v, key=RANK.index)] if v else " " for v in found.values())

    def _legend(self):
        laws = "  ".join(f"{i} {name}" for i, name in enumerate(self._general(), 1))
        return (
            f"laws: {laws}\none mark for each dtype ({', '.join(self._dtypes())}): + holds, F fails, "
            "e fails as expected, . not judged, - gradient not offered\n"
            "pairs: of attribute edges, regimes, dtypes and layouts, the share that was visited; "
            "own: the concept's laws; err/bound: the worst error as a fraction of its bound, then the same of gradients"
        )

    def _show_known(self, console, o):
        for reason in dict.fromkeys(reason for law in o.laws for reason in law.reasons):
            laws = ", ".join(dict.fromkeys(f"{v.law} {v.dtype}" for v in o.laws if reason in v.reasons))
            console.print(f"known: {o.name} ({laws}): {reason}", style="yellow", soft_wrap=True, markup=False)

    def _show_failures(self, console, o, traces):
        """The first failure in full, the others in a line each, and which of the concept's laws hold: the diagnosis."""
        shown = False
        for law in o.laws:
            if law.remark:
                console.print(
                    f"\n{o.name} ({law.dtype}), {law.law}: {law.remark}", style="red", soft_wrap=True, markup=False
                )
            if law.verdict != "fail" or not law.counterexample:
                continue
            if shown:
                where = f" [{law.counterexample.stored}]" if law.counterexample.stored else ""
                message = law.counterexample.violation.message.partition("\n")[0]
                line = f"  also {law.law} ({law.dtype}): {message}{where}"
                console.print(line, style="red", soft_wrap=True, markup=False)
            else:
                shown = True
                console.print("\n" + law.counterexample.explain(), style="red", soft_wrap=True, markup=False)
                if traces and (trace := law.counterexample.violation.trace):
                    console.print("\n" + trace.rstrip(), soft_wrap=True, markup=False)
                if law.counterexample.stored:
                    console.print(f"\n    oplaws replay {law.counterexample.stored}\n", soft_wrap=True, markup=False)
        failing = {law.law for law in o.laws if law.verdict == "fail"}
        own = dict.fromkeys(v.law for v in o.laws if registry[v.law].own and v.verdict == "pass")
        holding = [name for name in own if name not in failing]
        if shown and holding:
            console.print(f"  holds: {', '.join(holding)}", soft_wrap=True, markup=False)


def _ratio(value):
    return "" if value is None else f"{value:.3g}"


# --- the terminal ------------------------------------------------------------------------------------------------


class Display:
    """A live bar with the time that remains, on a terminal; then the table."""

    def __init__(self):
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        self.console = Console(highlight=False)
        if not self.console.is_terminal:
            self.console.width = 120
        self.errors = Console(stderr=True, highlight=False)
        columns = (TextColumn("{task.description:32}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        self.progress = Progress(*columns, console=self.errors, transient=True, disable=not self.errors.is_terminal)
        self.task = self.progress.add_task("", total=None)

    def __enter__(self):
        self.progress.start()
        return self

    def __exit__(self, *_):
        self.progress.stop()

    def start(self, total):
        self.progress.update(self.task, total=total)

    def advance(self, operator, dtype, examples):
        self.progress.update(self.task, description=f"{operator} {dtype}", advance=examples)

    def show(self, report, traces=False):
        report.show(self.console, traces)
