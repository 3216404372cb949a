"""Times of every operator, forward and gradient, for asv: `asv run --quick HEAD^!`.

A candidate is timed through the door by which it is judged: NumPy arrays in, NumPy arrays out. What it needs to get
them to its device and back counts, and a gradient begins at the inputs: PyTorch's includes its forward pass.
"""

import contextlib
import functools
import importlib

from benchmarks.workloads import SIZES, workload
from oplaws import properties
from oplaws.conformance.asked import Asked
from oplaws.conformance.candidate import Unusable, load
from oplaws.properties.law import registry

CANDIDATES = ("reference", "torch", "torch:cuda")

# asv times each row in a process of its own, forked from one that has imported this file. What is imported here is not
# imported four hundred times; the second is what PyTorch imports at its first gradient, two seconds of it.
with contextlib.suppress(Unusable, ImportError):
    load("torch")
    importlib.import_module("torch.fx.experimental.symbolic_shapes")
properties.load()


@functools.cache
def usable(candidate, name):
    """The candidate, once its small call has been judged: what computes rubbish fails instead of being timed."""
    try:
        candidate = load(candidate)
    except Unusable as reason:
        raise NotImplementedError(reason) from None
    asked = Asked(candidate, workload(name, "small"))
    for law in registry.values():
        # A law that needs many evaluations is judged on one case of several; here it would be half of the time.
        if law.every == 1 and law.concerns(asked.operator) and (law.needs == "forward" or asked.differentiable):
            law.judge(asked)
    return candidate


class Operators:
    params = (list(SIZES), ["small", "realistic"], list(CANDIDATES))
    param_names = ("operator", "size", "candidate")

    def setup(self, name, size, candidate):
        self.candidate, self.case = usable(candidate, name), workload(name, size)
        if not self.candidate.offers(name):
            raise NotImplementedError(f"{candidate} has no {name}")


class Forward(Operators):
    def setup(self, *row):
        super().setup(*row)
        self.time_forward(*row)  # --quick times one call: not the first

    def time_forward(self, name, size, candidate):
        self.candidate.call(name, self.case.inputs, self.case.attributes)


class Gradient(Operators):
    def setup(self, name, size, candidate):
        super().setup(name, size, candidate)
        if self.case.operator.gradient is None or not self.candidate.offers_gradient(name):
            raise NotImplementedError(f"{name} of {candidate} has no gradient")
        self.time_gradient(name, size, candidate)

    def time_gradient(self, name, size, candidate):
        self.candidate.vjp(name, self.case.inputs, self.case.attributes, self.case.cotangents)
