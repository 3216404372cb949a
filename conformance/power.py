"""Does the judge see what is wrong? Every faulty candidate of a folder is judged on its own operator and must fail.

A fault is a candidate file whose docstring begins `OPERATOR | CLASS | WHAT IS WRONG | SOURCE`. Each is judged in a
process of its own, for it may crash or hang. A kill counts only where the reference holds the same law on the same
case; a survivor that answers like the reference wherever it was asked is no fault, and an error.
"""

import ast
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import Phase

from .. import properties, refimpl
from ..properties.law import Violation, registry
from .asked import Asked
from .asking import same
from .candidate import Unusable, load
from .engine import PROFILES, Group, Plan, judge
from .expectations import Expectations
from .report import to_text, write_whole
from .workers import alone

MUSEUM = Path(__file__).parent / "museum"
SECONDS = 300  # for one fault under one seed
SHRINK_SECONDS = 1.0


@dataclass(frozen=True)
class Fault:
    file: Path
    operator: str
    kind: str
    wrong: str
    source: str


def faults(folder):
    """The faulty candidates of a folder; raises Unusable, in one line, for a file that does not say what is wrong."""
    folder = Path(folder)
    if not folder.is_dir():
        raise Unusable(f"{folder}: is no folder; name one with faulty candidates")
    files = sorted(f for f in folder.rglob("*.py") if not f.name.startswith("_"))
    if not files:
        raise Unusable(f"{folder}: holds no faulty candidate; a fault is a Python file, see CONTRIBUTING.md")
    return [_fault(file) for file in files]


def _fault(file):
    try:
        first = (ast.get_docstring(ast.parse(file.read_text())) or "").partition("\n")[0]
    except (SyntaxError, UnicodeDecodeError) as error:
        raise Unusable(f"{file}: is not Python: {error}") from None
    parts = [part.strip() for part in first.split("|")]
    if len(parts) != 4 or parts[0] not in refimpl.operators:
        raise Unusable(f"{file}: its docstring must begin OPERATOR | CLASS | WHAT IS WRONG | SOURCE, got {first!r}")
    return Fault(file, *parts)


@dataclass
class Trial:
    """One fault under one seed."""

    seed: int
    killed: bool = False
    laws: list = field(default_factory=list)
    examples: int = 0
    seconds: float = 0.0
    counterexample: dict | None = None
    error: str = ""


def attempt(fault, seed, profile, laws_only, shrink, output):
    """Judge a fault on its own operator: which laws it breaks, after how many cases and seconds.

    Only with `shrink` are all cases judged; else the first on which a law fails is the last.
    """
    begin = time.perf_counter()
    names = [law.name for law in registry.values() if not law.compares] if laws_only else None
    folder = Path(output) / fault.file.stem if output else None
    options = {"shrink": SHRINK_SECONDS * shrink, "fail_fast": not shrink, "output": folder}
    report = judge(str(fault.file), [fault.operator], names, None, profile, seed, **options)
    failures = [f for f in report.failures if _holds_for_reference(f.counterexample)]
    if not failures:
        error = "" if _differs(report.candidate, fault.operator, seed) else "does not differ from the reference"
        return Trial(seed, False, [], report.examples, time.perf_counter() - begin, None, error)
    first = min(failures, key=lambda f: f.first)
    counterexample = {"summary": first.counterexample.summary, "file": first.counterexample.file}
    found = list(dict.fromkeys(f.law for f in failures))
    return Trial(seed, True, found, first.first[0], first.first[1], counterexample)


def _holds_for_reference(counterexample):
    try:
        with np.errstate(all="ignore"):
            counterexample.law.judge(Asked(load("reference"), counterexample.case))
    except Violation:
        return False
    return True


def _differs(candidate, operator, seed):
    """Whether a candidate's answers differ anywhere, in anything, from the reference's."""
    reference, found = load("reference"), []

    def look(case):
        ours, theirs = Asked(reference, case), Asked(candidate, case)
        for a, b in zip(ours.replies, theirs.replies, strict=False):
            if (a.kind, a.changed, a.shared) != (b.kind, b.changed, b.shared) or not _alike(a.results, b.results):
                found.append(case)

    plan = Plan(candidate, [], [], ("float32",), seed, 200, 30.0, False, False, Expectations(), None, lambda *_: None)
    for dtype in candidate.dtypes:
        Group(plan, refimpl.operators[operator], dtype, []).stream(look, [Phase.generate])
    return bool(found)


def _alike(a, b):
    return len(a) == len(b) and all((x is None) == (y is None) and same(x, y) for x, y in zip(a, b, strict=True))


# --- all of them, a process each ---------------------------------------------------------------------------------


def power(folder=None, seeds=(0,), profile="quick", laws_only=False, output=None, jobs=None, start=None, progress=None):
    """Judge all faults of a folder under each seed; the trials of a fault are in the order of the seeds.

    `start(total)` and `progress(file, seed, 1)` are told how far it is. A fault that crashes its process, or hangs,
    is no kill: it is reported as such.
    """
    properties.load()
    if profile not in PROFILES:
        raise Unusable(f"profile {profile!r} is unknown; use {', '.join(PROFILES)}")
    found = faults(folder or MUSEUM)
    work = [(fault, seed) for fault in found for seed in seeds]
    if start:
        start(len(work))
    asked = [(fault, seed, profile, laws_only, seed == seeds[0], output) for fault, seed in work]
    trials = {}
    for (fault, seed, *_), trial, error in alone(_attempted, asked, jobs, SECONDS):
        trials[fault.file, seed] = trial or Trial(seed, error=error)
        if progress:
            progress(fault.file.stem, f"seed {seed}", 1)
    return Power(found, list(seeds), profile, laws_only, trials)


def _attempted(fault, seed, *asked):
    properties.load()
    try:
        return attempt(fault, seed, *asked)
    except Unusable as error:
        return Trial(seed, error=str(error))


@dataclass
class Power:
    """What became of each fault under each seed."""

    faults: list
    seeds: list
    profile: str
    laws_only: bool
    trials: dict

    def runs(self, fault):
        return [self.trials[fault.file, seed] for seed in self.seeds if (fault.file, seed) in self.trials]

    def killed(self, fault):
        """Under every seed."""
        runs = self.runs(fault)
        return len(runs) == len(self.seeds) and all(run.killed for run in runs)

    @property
    def survivors(self):
        return [fault for fault in self.faults if not self.killed(fault)]

    def by_law(self):
        """For each law, the faults that break it, and those that break it alone."""
        table: dict[str, Any] = {}
        for fault in self.faults:
            laws = dict.fromkeys(law for run in self.runs(fault) for law in run.laws)
            for law in laws:
                table.setdefault(law, ([], []))[0].append(fault)
                if len(laws) == 1:
                    table[law][1].append(fault)
        return table

    def to_json(self):
        killed = [self.killed(fault) for fault in self.faults]
        return {
            "schema": 1,
            "profile": self.profile,
            "seeds": self.seeds,
            "killed": sum(killed),
            "total": len(self.faults),
            "faults": [
                {
                    "file": fault.file.name,
                    "operator": fault.operator,
                    "class": fault.kind,
                    "killed": dead,
                    "runs": [
                        {key: value for key, value in vars(run).items() if key != "error"} for run in self.runs(fault)
                    ],
                }
                for fault, dead in zip(self.faults, killed, strict=True)
            ],
        }

    def save(self, path):
        write_whole(path, to_text(self.to_json()))

    def show(self, console):
        """Laws by the faults that they kill; the survivors; the time it took; the count."""
        from rich.table import Table

        table = Table(box=None, header_style="bold", pad_edge=False)
        for name in ("law", "kills", "alone", "first of the alone"):
            table.add_column(name, justify="right" if name in ("kills", "alone") else "left", no_wrap=name == "law")
        for law, (all_of, only) in sorted(self.by_law().items(), key=lambda item: -len(item[1][0])):
            table.add_row(law, str(len(all_of)), str(len(only)), ", ".join(f.file.stem for f in only[:2]))
        console.print(table)
        for fault in self.survivors:
            runs = [r for r in self.runs(fault) if not r.killed]
            why = next(
                (r.error for r in runs if r.error), f"survives under seed {', '.join(str(r.seed) for r in runs)}"
            )
            console.print(f"{fault.file.name} ({fault.wrong}): {why}", style="red", soft_wrap=True, markup=False)
        kills = [run for fault in self.faults for run in self.runs(fault) if run.killed]
        if kills:
            cases, seconds = sorted(r.examples for r in kills), sorted(r.seconds for r in kills)
            console.print(
                f"to kill: {cases[len(cases) // 2]} cases and {seconds[len(seconds) // 2]:.2f} s in the median, "
                f"{cases[-1]} and {seconds[-1]:.2f} s at worst"
            )
        dead = len(self.faults) - len(self.survivors)
        console.print(f"killed {dead} of {len(self.faults)}", style="green" if not self.survivors else "bold red")
