"""One counterexample again: the same case, the same law, what made its bound."""

import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import properties
from ..properties.case import from_json
from ..properties.law import Violation, Worst, registry
from .asked import Asked
from .asking import interruptible
from .candidate import Unusable, load
from .catalogue import operator
from .report import Counterexample, to_text, write_whole


@dataclass
class Outcome:
    """A law judged on one stored case."""

    counterexample: Counterexample
    asked: Asked
    worst: Worst | None

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
    entry, case = _read(file)
    if (law := registry.get(entry["law"])) is None:
        raise Unusable(f"{file}: is of the law {entry['law']!r}, which is unknown; oplaws list laws has the names")
    if candidate is None and entry["candidate"] is None:
        raise Unusable(f"{file}: its candidate was an object in Python; name one with --candidate")
    judged = load(entry["candidate"] if candidate is None else candidate)
    name, spec = case.operator.name, judged.spec
    if not judged.offers(name):
        raise Unusable(f"{spec}: does not offer {name}; name a candidate that does")
    if law.needs == "gradient" and not judged.offers_gradient(name):
        raise Unusable(f"{spec}: does not offer the gradient of {name}; name a candidate that does")
    if case.dtype not in judged.dtypes:
        raise Unusable(f"{spec}: does not declare {case.dtype}, the dtype of the case; name a candidate that does")
    asked = Asked(judged, case)
    worst = violation = None
    with warnings.catch_warnings(), np.errstate(all="ignore"), interruptible():
        warnings.simplefilter("ignore")
        try:
            worst = law.judge(asked)
        except Violation as found:
            violation = found
    return Outcome(Counterexample(judged, law, case, violation, Path(file)), asked, worst)


def stored(file):
    """The case of a replay file."""
    return _read(file)[1]


def _read(file):
    """What a replay file says, and its case: one that its operator admits."""
    try:
        entry: dict[str, Any] = json.loads(Path(file).read_text("utf-8"))
        case = from_json(entry["case"], operator(entry["operator"]))
        case.operator.admit(case.inputs, case.attributes)
        entry["law"], entry["candidate"]
    except FileNotFoundError:
        raise Unusable(f"{file}: no such file; a failing run names the replay files that it wrote") from None
    except OSError as error:
        raise Unusable(f"{file}: cannot be read: {error.strerror}; use a file that oplaws run wrote") from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"
        raise Unusable(f"{file}: is not a replay file ({what}); use one that oplaws run wrote") from None
    return entry, case
