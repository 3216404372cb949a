"""The second witness: PyTorch in float64, which the reference must agree with before it may judge anybody.

Where PyTorch is not installed, or is the framework that is judged, the reference stands alone.
"""

import importlib.util
from dataclasses import replace

import numpy as np

from .asked import Asked
from .candidate import load


class Witness:
    """What PyTorch says of a case in float64: results and gradients, None where it does not answer."""

    def __init__(self):
        self.candidate = None

    @classmethod
    def beside(cls, candidate):
        """The witness for a candidate, or None."""
        own = candidate.spec.startswith("torch") or candidate.framework == "torch"
        return None if own or importlib.util.find_spec("torch") is None else cls()

    def forward(self, case):
        reply = self._asked(case).forward_reply
        return None if reply.kind else reply.results

    def vjp(self, case):
        reply = self._asked(case).vjp_reply
        return None if reply.kind else reply.results

    def _asked(self, case):
        self.candidate = self.candidate or load("torch")
        wide = [a if a is None or a.dtype.kind in "iu" else a.astype(np.float64) for a in case.arrays]
        return Asked(self.candidate, replace(case.with_arrays(wide).contiguous, dtype="float64"))
