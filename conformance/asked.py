"""A candidate seen through one case: what it answers, and what the reference and the second witness say."""

import functools
from typing import Any

from ..properties import ball
from ..properties.law import Violation
from ..refimpl.operator import DTYPES
from .asking import Request, answer


class Asked:
    """Every answer is fetched once and shared by all laws. An answer of the wrong form is a Violation of each."""

    before: tuple[Any, ...] = ()
    one: tuple[int, ...] = ()

    def __init__(self, candidate, case, witness=None):
        self.candidate, self.case, self.operator, self.witness = candidate, case, case.operator, witness
        self.arithmetic = candidate.arithmetic(case.operator.name, case.dtype)
        self.names = case.names()

    # what the reference says

    @functools.cached_property
    def expected(self):
        """The reference's results, as balls."""
        return ball.forward(self.operator, self.case.inputs, self.case.attributes, self.arithmetic)

    @functools.cached_property
    def seen(self):
        """The candidate's results as balls: how far each may be from the truth, by the reference's radius."""
        return tuple(ball.around(y, e) for y, e in zip(self.forward, self.expected, strict=True))

    @functools.cached_property
    def seen_gradient(self):
        """The candidate's gradients likewise, None where there is none."""
        pairs = zip(self.vjp, self.expected_gradient, strict=True)
        return tuple(None if dx is None or e is None else ball.around(dx, e) for dx, e in pairs)

    @functools.cached_property
    def shapes(self):
        """The shapes of the results."""
        return self.operator.result_shapes(self.case.inputs, self.case.attributes)

    @functools.cached_property
    def expected_gradient(self):
        """The reference's gradients, as balls, one for each input; None where it has none."""
        return ball.gradient(
            self.operator, self.case.inputs, self.case.attributes, self.case.cotangents, self.arithmetic
        )

    # what the second witness says, None where there is none or it does not answer

    @functools.cached_property
    def witnessed(self):
        return self.witness and self.witness.forward(self.case)

    @functools.cached_property
    def witnessed_gradient(self):
        return self.witness and self.witness.vjp(self.case)

    # what the candidate says

    @functools.cached_property
    def forward_reply(self):
        return answer(self.candidate, self._request())

    @functools.cached_property
    def vjp_reply(self):
        return answer(self.candidate, self._request(self.case.cotangents))

    @property
    def replies(self):
        """Everything the case asks of the candidate: forward, and the gradient where there is one."""
        yield self.forward_reply
        if self.differentiable:
            yield self.vjp_reply

    @property
    def differentiable(self):
        return self.operator.gradient is not None and self.candidate.offers_gradient(self.operator.name)

    @functools.cached_property
    def forward(self):
        """The candidate's results."""
        values = self._values(self.forward_reply, self.candidate.whole or len(self.operator.results) > 1)
        self._form(values, self.shapes, list(self.operator.results), ())
        return values

    @functools.cached_property
    def vjp(self):
        """The candidate's gradients, one for each input, None where it has none."""
        values = self._values(self.vjp_reply, True)
        wanted = [
            self.operator.declared(i).gradient if a is not None else False for i, a in enumerate(self.case.inputs)
        ]
        shapes = [a.shape if want else None for a, want in zip(self.case.inputs, wanted, strict=True)]
        self._form(values, shapes, self.gradient_names, [i for i, want in enumerate(wanted) if want == "optional"])
        return tuple(v if shape is not None else None for v, shape in zip(values, shapes, strict=True))

    @property
    def gradient_names(self):
        return [f"d{name}" for name in self.names[: len(self.case.inputs)]]

    def again(self):
        """The same question once more, on fresh copies."""
        return Asked(self.candidate, self.case)

    def again_after(self, other):
        """The same question once more, after another one."""
        answer(other.candidate, other._request())
        return self.again()

    def on(self, case):
        """The same candidate on another case."""
        return Asked(self.candidate, case)

    def ask(self, inputs, attributes, layouts):
        """The candidate's reply to a forward call of the operator that should raise."""
        return answer(self.candidate, Request(self.operator.name, inputs, layouts, attributes), trace=False)

    def after(self, arrays):
        """The same question, asked in storage that held other arrays at a call before."""
        again = self.on(self.case.contiguous)
        again.before = arrays
        return again

    def with_one(self, first, second):
        """The same question, two of its inputs, which are equal, given as one array."""
        again = self.again()
        again.one = first, second
        return again

    def _request(self, cotangents=None):
        case = self.case
        fixed = tuple(i for i in range(len(case.inputs)) if not case.operator.declared(i).gradient)
        before = self.before[: None if cotangents else len(case.inputs)]
        return Request(
            case.operator.name, case.inputs, case.layouts, case.attributes, cotangents, fixed, before, self.one
        )

    def _values(self, reply, several):
        if reply.kind:
            raise Violation(reply.kind, reply.error, trace=reply.trace)
        if reply.bare is several:
            got, expected = ("a bare value", "a tuple") if several else ("a tuple", "one bare array")
            raise Violation("type", f"returned {got}, expected {expected}", expected=expected, got=got)
        return reply.results

    def _form(self, values, shapes, names, optional):
        if len(values) != len(shapes):
            message = f"returned {len(values)} arrays, expected {len(shapes)}"
            raise Violation("shape", message, expected=len(shapes), got=len(values))
        dtype = DTYPES[self.case.dtype]
        for i, (name, value, shape) in enumerate(zip(names, values, shapes, strict=True)):
            if shape is None or (value is None and i in optional):
                continue
            if value is None:
                raise Violation("type", f"{name} is None, expected an array", place=name, expected="an array")
            if value.shape != shape:
                message = f"{name} has shape {value.shape}, expected {shape}"
                raise Violation("shape", message, place=name, expected=shape, got=value.shape)
            if value.dtype != dtype:
                got = value.dtype.name if value.dtype.isnative else f"{value.dtype.name} in foreign byte order"
                message = f"{name} is {got}, expected {dtype.name}"
                raise Violation("dtype", message, place=name, expected=dtype.name, got=got)
