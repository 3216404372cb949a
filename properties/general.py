"""Laws of what every operator computes. None names one: what applies follows from what an operator declares."""

import functools
from dataclasses import replace

import numpy as np

from . import ball
from .ball import WIDE, Ball, around
from .case import put
from .law import EXACT, Violation, agree, law, meet, worst


def compared(operator):
    return not operator.random


@law(compared, compares=True)
def agreement(asked):
    """Every element of every result lies within the reference's ball, of its shape and dtype; integers bit for bit."""
    _judges_agree(asked.expected, asked.witnessed, asked.operator.results)
    named = zip(asked.expected, asked.forward, asked.operator.results, strict=True)
    return worst([agree(expected, value, name) for expected, value, name in named])


@law(compared, needs="gradient", compares=True)
def gradient_agreement(asked):
    """Every element of every gradient lies within the ball of the reference's gradient, finite inputs given."""
    if not asked.case.finite:
        return None
    _judges_agree(asked.expected_gradient, asked.witnessed_gradient, asked.gradient_names)
    named = zip(asked.expected_gradient, asked.vjp, asked.gradient_names, strict=True)
    return worst([agree(b, v, name) for b, v, name in named if b is not None and v is not None])


def _judges_agree(expected, witnessed, names):
    """The second witness lies within the reference's ball, or nobody may be judged by it."""
    for e, value, name in zip(expected, witnessed or (), names, strict=False):
        try:
            if e is not None and value is not None:
                agree(e, value, name)
        except Violation as v:
            message = (
                f"the judges disagree: {v.place} is {v.expected!r} to the reference, {v.got!r} to PyTorch in float64"
            )
            raise Violation("judges", message, place=v.place, expected=v.expected, got=v.got, worst=v.worst) from None


@law(compared, needs="gradient", every=3)
def gradient_by_mean_value(asked):
    """<dy, f(x + v) - f(x)> lies in <f'([x, x + v])^T dy, v>: the gradient against its own forward."""
    case = asked.case
    choices = [i for i, g in enumerate(asked.vjp) if g is not None and g.size]
    if not case.finite or not choices:
        return None
    rng = np.random.Generator(np.random.SFC64(case.seed))
    i = int(rng.choice(choices))
    end, segment, v = _segment(rng, case.inputs[i], asked.arithmetic)
    other = asked.on(case.with_arrays(put(case.arrays, i, end)))
    inputs = tuple(segment if j == i else ball.lift(a, asked.arithmetic) for j, a in enumerate(case.inputs))
    slopes = ball.gradient(case.operator, inputs, case.attributes, case.cotangents, asked.arithmetic)[i]
    # the candidate's gradient here and the mean gradient both lie within the slopes: at most a diameter apart
    slope = around(asked.vjp[i], slopes)
    with np.errstate(all="ignore"):
        rise = _inner(case.cotangents, [p - q for p, q in zip(other.seen, asked.seen, strict=True)])
        run = np.sum(Ball(slope.m, 2 * slope.r, WIDE, slope.any) * Ball.exact(v, WIDE))
        return meet(f"<{asked.gradient_names[i]}, v>", rise, run)


def _segment(rng, x, arithmetic):
    """x + v in the dtype, |v| being 2^-16 of |x| or of the largest |x|; the ball between x and x + v; v itself."""
    wide = x.astype(np.float64)
    reach = np.where(rng.random(x.shape) < 0.5, np.abs(wide), np.abs(wide).max(initial=0.0) or 1.0)
    with np.errstate(over="ignore"):
        end = (wide + reach * rng.choice((-1.0, 1.0), x.shape) * 2.0**-16).astype(x.dtype)
    v = end.astype(np.float64) - wide
    middle = wide + v / 2
    return end, Ball(middle, np.abs(v) / 2 + np.abs(middle) * 2.0**-53, arithmetic), v


def _inner(cotangents, values):
    """<dy, y>, over all results."""
    pairs = [(dy, y) for dy, y in zip(cotangents, values, strict=True) if dy is not None]
    return functools.reduce(np.add, [np.sum(y * Ball.exact(dy, WIDE)) for dy, y in pairs])


def affine(operator):
    return any(spec.affine for spec in operator.arrays.values()) and not operator.random


@law(affine, needs="gradient")
def adjoint(asked):
    """<dy, f(x) - f(0)> = <f'(x)^T dy, x> for an array x in which f is affine; exact on integers."""
    case = asked.case
    choices = [i for i, g in enumerate(asked.vjp) if g is not None and case.operator.declared(i).affine]
    if not case.finite or not choices:
        return None
    i = choices[case.seed % len(choices)]
    zero = asked.on(case.with_arrays(put(case.arrays, i, np.zeros_like(case.inputs[i]))))
    with np.errstate(all="ignore"):
        rise = _inner(case.cotangents, [p - q for p, q in zip(asked.seen, zero.seen, strict=True)])
        run = np.sum(asked.seen_gradient[i] * Ball.exact(case.inputs[i], WIDE))
        return meet(f"<{asked.gradient_names[i]}, v>", rise, run)


@law(compared, needs="gradient", every=8)
def gradients_are_linear_in_the_cotangent(asked):
    """f'(x)^T dy = f'(x)^T a + f'(x)^T (c b) / c, where each element of dy is one of a or of b, and c = -2^k."""
    case = asked.case
    rng = np.random.Generator(np.random.SFC64(case.seed))
    c = -(2.0 ** int(rng.integers(-8, 9)))
    in_a = [rng.random(() if dy is None else dy.shape) < 0.5 for dy in case.cotangents]

    def weighed(shares):
        pairs = zip(case.cotangents, shares, strict=True)
        return asked.on(
            replace(case, cotangents=tuple(dy if dy is None else (dy * s).astype(dy.dtype) for dy, s in pairs))
        )

    with np.errstate(all="ignore"):
        a, b = weighed([np.where(m, 1.0, 0.0) for m in in_a]), weighed([np.where(m, 0.0, c) for m in in_a])
        if not case.finite or not b.case.finite:
            return None
        together = zip(asked.gradient_names, asked.seen_gradient, a.seen_gradient, b.seen_gradient, strict=True)
        return worst([meet(name, dx, da + db / c) for name, dx, da, db in together if dx is not None])


def bounded(operator):
    return any(np.isfinite([r.low, r.high]).any() for r in operator.results.values())


@law(bounded)
def ranges(asked):
    """Every result lies in its declared closed range, NaN apart: a probability in [0, 1], a tanh in [-1, 1]."""
    for (name, spec), value in zip(asked.operator.results.items(), asked.forward, strict=True):
        wide = value.astype(np.float64)
        outside = (wide < spec.low) | (wide > spec.high)
        if outside.any():
            index = tuple(map(int, np.argwhere(outside)[0]))
            raise Violation("value", f"{name}{list(index)} is {wide[index]!r}, outside [{spec.low}, {spec.high}]",
                            place=f"{name}{list(index)}", expected=f"[{spec.low}, {spec.high}]",
                            got=float(wide[index]))  # fmt: skip
    return EXACT
