"""How tight the bounds are: error / bound of correct implementations. `python -m benchmarks.tightness`

A bound must hold: no ratio of a correct implementation exceeds 1. And it should be near: 1 is attained at kinks, and
by results that are rounded once. Two medians: of the elements that have a bound, and of all, exact ones counting as 0.
"""

import json
import math
import sys
from dataclasses import dataclass, field

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.workloads import draw
from oplaws import properties
from oplaws.conformance.asked import Asked
from oplaws.conformance.candidate import Unusable, load
from oplaws.conformance.expectations import Expectations
from oplaws.properties.law import Violation, registry
from oplaws.refimpl import operators
from oplaws.refimpl.operator import DTYPES

CANDIDATES = ("reference", "torch@1", "torch@2")
LAWS = {"forward": "agreement", "gradient": "gradient_agreement"}
EDGE = 1e-9  # at a kink a candidate sits on the bound's edge: 1 up to rounding
ATTAINED = 0.999  # what the kinks hide is seen below


@dataclass
class Ratios:
    """Of the elements that have a bound, an array a result; how many have none; cases left out as known findings."""

    bounded: list = field(default_factory=list)
    exact: int = 0
    known: int = 0

    def compare(self, ball, value):
        """Elements of which nothing is required count nowhere; neither do NaN and infinities, where right.

        Near the bottom of the range an element is judged to within that, not by its bound: it counts as exact.
        """
        ratio, _, bound = ball.agreement(value)
        ratio = np.where(np.isnan(ratio), np.inf, ratio)
        required = np.isfinite(ball.m) if ball.any is None else np.isfinite(ball.m) & ~ball.any
        loose = required & (ball.r > 0) & (bound == ball.r) | (ratio > 1 + EDGE)
        self.bounded.append(ratio[loose])
        self.exact += int((required & ~loose).sum())

    def __or__(self, other):
        return Ratios(self.bounded + other.bounded, self.exact + other.exact, self.known + other.known)

    @property
    def largest(self):
        return max((ratio.max(initial=0.0) for ratio in self.bounded), default=0.0)

    def summary(self):
        ratios = np.concatenate(self.bounded)
        every = np.concatenate([ratios, np.zeros(self.exact)])
        return {
            "elements": len(every),
            "known": self.known,
            "largest": float(ratios.max(initial=0.0)),
            "below 1": float(ratios[ratios < ATTAINED].max(initial=0.0)),
            "median": float(np.median(ratios)) if len(ratios) else 0.0,
            "of all": float(np.median(every)),
        }


def measure(candidate, operator, dtype, examples, seed):
    """A candidate's ratios in each direction, over the cases on which the judge would judge it."""
    found = {direction: Ratios() for direction in LAWS}
    expectations = Expectations.of(candidate)

    def visit(case):
        asked = Asked(candidate, case)
        for direction, ratios in found.items():
            law = registry[LAWS[direction]]
            try:
                if (direction == "gradient" and not asked.differentiable) or law.judge(asked) is None:
                    continue
            except Violation as violation:
                if expectations.matching(operator.name, law.name, dtype, case, violation):
                    ratios.known += 1
                    continue
                if violation.kind != "value":
                    ratios.bounded.append(np.array([math.inf]))
                    continue
            values = asked.forward if direction == "forward" else asked.vjp
            balls = asked.expected if direction == "forward" else asked.expected_gradient
            for ball, value in zip(balls, values, strict=True):
                if ball is not None and value is not None:
                    ratios.compare(ball, value)

    with np.errstate(all="ignore"):
        draw(operator, dtype, examples, seed, visit)
    return {direction: ratios for direction, ratios in found.items() if ratios.bounded}


def threaded(spec):
    """The candidate of `torch@2`: PyTorch, which from here on has two threads."""
    name, _, threads = spec.partition("@")
    candidate = load(name)
    if threads and (torch := sys.modules.get("torch")):
        torch.set_num_threads(int(threads))
    return candidate


def survey(specs, names, dtypes, examples, seed):
    """Ratios by (operator, direction, dtype), then by candidate. What is random has no value to compare with."""
    found = {}
    for spec in specs:
        candidate = threaded(spec)
        for operator in map(operators.get, names):
            if not (registry[LAWS["forward"]].concerns(operator) and candidate.offers(operator.name)):
                continue
            for dtype in [d for d in dtypes if d in candidate.dtypes]:
                for direction, ratios in measure(candidate, operator, dtype, examples, seed).items():
                    found.setdefault((operator.name, direction, dtype), {})[spec] = ratios
    order = {name: at for at, name in enumerate(names)}
    return dict(sorted(found.items(), key=lambda item: (order[item[0][0]], item[0][1:])))


def pooled(by_candidate):
    """All candidates as one, and which had the largest ratio."""
    together = Ratios()
    for ratios in by_candidate.values():
        together |= ratios
    return {**together.summary(), "by": max(by_candidate, key=lambda spec: by_candidate[spec].largest)}


def table(found):
    shown = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("operator", "dtype", "elements", "known", "largest", "by", "below 1", "median", "of all"):
        shown.add_column(title, justify="left" if title in ("operator", "dtype", "by") else "right", no_wrap=True)
    for (name, direction, dtype), by_candidate in found.items():
        row = pooled(by_candidate)
        shown.add_row(
            name if direction == "forward" else f"{name} gradient",
            dtype,
            f"{row['elements']:,}",
            str(row["known"] or ""),
            f"{row['largest']:.3g}",
            row["by"],
            *(f"{row[title]:.2g}" for title in ("below 1", "median", "of all")),
            style="red" if row["largest"] > 1 + EDGE else None,
        )
    return shown


def chosen(option, given, known):
    """The names of a comma-separated list."""
    names = given.split(",") if given else list(known)
    if unknown := sorted(set(names) - set(known)):
        raise click.UsageError(f"{option}: {unknown[0]!r} is unknown; known are {', '.join(known)}")
    return names


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("candidates", nargs=-1)
@click.option("--examples", type=click.IntRange(1), default=100, show_default=True, help="Cases an operator and dtype.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Which cases are drawn.")
@click.option("--operators", "names", metavar="A,B", help="Only these operators.")
@click.option("--dtypes", default="float32,float64", show_default=True, metavar="A,B", help="Only these dtypes.")
@click.option("--json", "file", type=click.File("w", lazy=True), metavar="FILE", help="A row for each candidate.")
def tightness(candidates, examples, seed, names, dtypes, file):
    """Error / bound of CANDIDATES that are correct; torch@2 is PyTorch with two threads.

    Default: reference torch@1 torch@2. Cases that a known finding explains are left out and counted. Status 1 where
    an error exceeds its bound.
    """
    names, dtypes = chosen("--operators", names, operators), chosen("--dtypes", dtypes, DTYPES)
    properties.load()
    try:
        found = survey(candidates or CANDIDATES, names, dtypes, examples, seed)
    except (Unusable, ValueError) as reason:
        raise click.UsageError(str(reason)) from None
    console = Console()
    console.width = max(console.width, 120)  # a file has no width to keep to
    console.print(table(found))
    if file:
        rows = [
            {"operator": name, "direction": direction, "dtype": dtype, "candidate": spec, **ratios.summary()}
            for (name, direction, dtype), by_candidate in found.items()
            for spec, ratios in by_candidate.items()
        ]
        json.dump(rows, file, indent=1)
    sys.exit(any(ratios.largest > 1 + EDGE for by_candidate in found.values() for ratios in by_candidate.values()))


if __name__ == "__main__":
    tightness()
