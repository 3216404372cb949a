"""Does the judge blame what is right? Correct implementations are judged; a failure that nobody expects is an alarm."""

import datetime as dt
import json
import math
from dataclasses import dataclass, field
from pathlib import Path

from .. import refimpl
from .candidate import Unusable, load
from .engine import judge
from .report import to_text, write_whole

CORRECT = ("reference", "torch")


@dataclass
class Soundness:
    """The reports of all candidates, one for each."""

    seed: int
    reports: list = field(default_factory=list)

    @property
    def alarms(self):
        return [failure for report in self.reports for failure in report.failures]

    @property
    def examples(self):
        return sum(report.examples for report in self.reports)

    @property
    def interrupted(self):
        return any(report.interrupted for report in self.reports)

    def to_json(self):
        return {
            "schema": 1,
            "examples": self.examples,
            "alarms": len(self.alarms),
            "candidates": [
                {
                    "name": report.candidate.name,
                    "version": report.candidate.version,
                    "examples": report.examples,
                    "alarms": [
                        {"operator": f.operator, "law": f.law, "dtype": f.dtype, "file": _file(f)}
                        for f in report.failures
                    ],
                }
                for report in self.reports
            ],
        }

    def save(self, path):
        write_whole(path, to_text(self.to_json()))

    def show(self, console):
        for report in self.reports:
            known = len({reason for o in report.operators.values() for law in o.laws for reason in law.reasons})
            console.print(
                f"{report.candidate.name} {report.candidate.version}: {len(report.failures)} alarms in "
                f"{report.examples} examples, {known} known findings, {report.seconds:.0f} s"
            )
            for failure in report.failures:
                console.print(f"  {failure}", style="red", soft_wrap=True, markup=False)
        style = "green" if not self.alarms else "bold red"
        console.print(f"{len(self.alarms)} false alarms in {self.examples} examples", style=style)


def _file(failure):
    return failure.counterexample.file if failure.counterexample else ""


def soundness(
    candidates, examples=10_000, operators=None, seed=0, output=None, log=None, jobs=1, start=None, progress=None
):
    """Judge correct implementations on about so many cases in all, shared evenly by operators and dtypes.

    `log` names a file to which the outcome of each candidate is added as a line of JSON, as it comes. Raises Unusable
    for a candidate that is none.
    """
    judged = [load(spec) for spec in candidates or CORRECT]
    names = operators or list(refimpl.operators)
    groups = sum(len(c.dtypes) * sum(c.offers(name) for name in names) for c in judged)
    if not groups:
        raise Unusable(f"nothing was judged: {', '.join(c.spec for c in judged)} offer none of the operators chosen")
    each = math.ceil(examples / groups)
    if start:
        start(each * groups)
    outcome = Soundness(seed)
    for candidate in judged:
        folder = Path(output) / candidate.spec.replace("/", "_").replace(":", "_") if output else None
        options = {"seed": seed, "examples": each, "output": folder, "jobs": jobs, "progress": progress}
        report = judge(candidate, operators, witness=True, **options)
        outcome.reports.append(report)
        if log:
            only = {"operators": list(operators)} if operators else {}
            entry = {"date": dt.date.today().isoformat(), "seed": seed, **only, **Soundness(seed, [report]).to_json()}
            with open(log, "a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")
        if report.interrupted:
            break
    return outcome
