"""One counterexample again: the same case, the same law, what made its bound."""

import json
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .. import properties, refimpl
from ..properties.case import from_json
from ..properties.law import Violation, registry
from .candidate import Asked, Unusable, load
from .report import Counterexample, to_text, write_whole


@dataclass
class Outcome:
    """A law judged on one stored case."""

    counterexample: Counterexample
    asked: Asked
    worst: object

    @property
    def fails(self):
        return self.counterexample.violation is not None

    def explain(self, traces=False):
        """The failure in full, or the sentence that it no longer is one; then what made the bound."""
        c, a = self.counterexample, self.asked.arithmetic
        if self.fails:
            text = c.explain()
        else:
            ratio = f" (error / bound {self.worst.ratio:.3g})" if self.worst else ""
            text = f"{c.case.operator.name} ({c.case.dtype}) holds {c.law.name} on this case{ratio}"
        made = (
            f"bound: unit roundoff {a.u:.4g}, sums {a.ua:.4g}"
            + (f", products from {a.product_digits} bits" if a.product_digits else "")
            + (", fast convolution" if a.fast else "")
            + f"; derived by running the reference's text of {c.case.operator.name} on balls"
        )
        trace = next((r.trace for r in self.asked.replies if r.trace), "") if traces else ""
        return "\n".join(part for part in (text, made, trace) if part)

    def save(self, path):
        c = self.counterexample
        found = c.to_json() if self.fails else {"schema": 1, "candidate": c.candidate.spec, "law": c.law.name}
        write_whole(path, to_text({**found, "fails": self.fails}))


def replay(file, candidate=None):
    """Judge the case of a replay file again, on its own candidate or another one; raises Unusable for a bad file."""
    properties.load()
    entry = _read(file)
    try:
        law, operator = registry[entry["law"]], refimpl.operators[entry["case"]["operator"]]
        case = from_json(entry["case"], operator)
        candidate = load(candidate or entry["candidate"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unusable(f"{file}: is not a replay file ({_short(error)}); use one that oplaws run wrote") from None
    if not candidate.offers(operator.name):
        raise Unusable(f"{candidate.spec}: does not offer {operator.name}; name a candidate that does")
    asked = Asked(candidate, case)
    worst = violation = None
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            worst = law.judge(asked)
        except Violation as found:
            violation = found
    return Outcome(Counterexample(candidate, law, case, violation), asked, worst)


def stored(file):
    """The case of a replay file."""
    entry = _read(file)["case"]
    return from_json(entry, refimpl.operators[entry["operator"]])


def _read(file):
    try:
        return json.loads(Path(file).read_text())
    except FileNotFoundError:
        raise Unusable(f"{file}: no such file; a failing run names the replay files that it wrote") from None
    except (OSError, ValueError) as error:
        raise Unusable(f"{file}: cannot be read ({_short(error)}); use a file that oplaws run wrote") from None


def _short(error):
    return f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"
