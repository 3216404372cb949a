"""Activations: equations that each function alone solves, its limits, where it stays a number; the softmax likewise.

Most equations relate a value to the value at -x, or to e^x on the left half of the line, where the tails lie: between
them they leave no other function.
"""

import math

import ml_dtypes
import numpy as np

from ..refimpl import elu, gelu, leaky_relu, log_softmax, relu, sigmoid, silu, softmax, softplus, tanh
from ..refimpl.operator import DTYPES
from .ball import Ball
from .law import EXACT, Violation, agree, blaming, call, exact, generator, gives, law, meet, same

ELEMENTWISE = (sigmoid, tanh, relu, leaky_relu, elu, gelu, silu, softplus)


@law(sigmoid, tanh, relu, leaky_relu, gelu, silu, softplus)
def reflection(asked):
    """f(x) + f(-x) is 1 for sigmoid, 0 for tanh; f(x) - f(-x) is x, and (1 + slope) x for leaky_relu."""
    case, (x,) = asked.case, asked.case.inputs
    if not case.finite:
        return None
    here, there = asked.seen[0], call(asked, -x).seen[0]
    if case.operator in (sigmoid, tanh):
        return meet("f(x) + f(-x)", here + there, exact(np.full(x.shape, case.operator is sigmoid)))
    slope = case.attributes.get("negative_slope", 0.0)
    return meet("f(x) - f(-x)", here - there, exact(x) + slope * exact(x))


@law(sigmoid, tanh, elu, silu, softplus)
def left_half_by_the_exponential(asked):
    """At x <= 0, e = e^x: sigmoid(1+e) = e, silu(1+e) = xe, tanh(1+ee) = ee-1, elu = alpha(e-1), e^softplus = 1+e."""
    operator, (x,) = asked.operator, asked.case.inputs
    if not asked.case.finite:
        return None
    left = x <= 0
    y, x = asked.seen[0][left], exact(x[left])
    if operator in (sigmoid, silu):
        e = np.exp(x)
        return meet("y (1 + e^x)", y * (1 + e), e if operator is sigmoid else x * e)
    if operator is tanh:
        e = np.expm1(2 * x)
        return meet("y (1 + e^2x)", y * (2 + e), e)
    if operator is elu:
        return meet("y", y, asked.case.attributes["alpha"] * np.expm1(x))
    return meet("e^y - 1", np.expm1(y), np.exp(x))


@law(relu, leaky_relu, elu)
def right_half_is_the_identity(asked):
    """f(x) = x for x > 0, exactly."""
    (x,), (y,) = asked.case.inputs, asked.forward
    right = x > 0
    return agree(Ball.exact(x[right], asked.arithmetic), y[right], "y")


PHI = {0.5: 0.6914624612740131, 1: 0.8413447460685429, 2: 0.9772498680518208, 3: 0.9986501019683699}


@law(gelu, every=4)
def gelu_at_tabulated_points(asked):
    """gelu(x) = x Phi(x) at 0.5, 1, 2, 3, Phi from a table; tanh form: (1 + tanh(sqrt(2/pi)(x+0.044715x^3)))/2."""
    x = np.array([*PHI], DTYPES[asked.case.dtype])
    if asked.case.attributes["approximate"] == "none":
        values = [v * phi for v, phi in PHI.items()]
    else:
        values = [v * (1 + math.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v**3))) / 2 for v in PHI]
    return gives("y", call(asked, x), values)


@law(*ELEMENTWISE, every=2)
def elements_anywhere_alike(asked):
    """An element's value depends neither on its place nor on the shape: f of all as one vector, in another order."""
    (x,) = asked.case.inputs
    if not asked.case.finite or not x.size:
        return None
    order = generator(asked).permutation(x.size)
    moved = call(asked, np.append(x.reshape(-1)[order], x.reshape(-1)[:1]))
    flat = np.arange(x.size).reshape(x.shape)
    return same("y", asked, moved, there=np.argsort(order)[flat])


def _limits(operator, attributes):
    """At minus and plus infinity, and whether the formula's own arithmetic may give NaN at minus infinity."""
    if operator is leaky_relu:
        slope = attributes["negative_slope"]
        return -math.inf * slope if slope else 0.0, math.inf, not slope
    if operator is elu:
        return -attributes["alpha"], math.inf, False
    bounded = {sigmoid: (0.0, 1.0), tanh: (-1.0, 1.0)}
    return *bounded.get(operator, (0.0, math.inf)), operator in (gelu, silu)


@law(*ELEMENTWISE, every=2)
def limits(asked):
    """f(inf), f(-inf) are the limits, f(NaN) is NaN and its neighbours are not, in vectors of every length."""
    rng, arithmetic = generator(asked), asked.arithmetic
    n = int(rng.choice((1, 2, 3, 5, 8, 17, 33)))
    x = np.roll(np.resize((math.inf, math.nan, -math.inf, 1.0), n + 3), rng.integers(4))[:n]
    low, high, free = _limits(asked.operator, asked.case.attributes)
    other = call(asked, x.astype(DTYPES[asked.case.dtype]))
    (y,) = other.forward
    got = y.astype(np.float64)
    here = np.where(np.isfinite(got), got, 0.0)
    m = np.select([x == math.inf, x == -math.inf, np.isnan(x)], [high, low, math.nan], here)
    m = np.where(free & (x == -math.inf) & np.isnan(got), math.nan, m)
    with blaming(other):
        return agree(Ball(m, np.where(np.isfinite(m), arithmetic.u * np.abs(m), 0.0), arithmetic), y, "y")


def _line(asked):
    """A number of each sign for every exponent of the dtype, in no order; how large f and f' may be beside x and 1."""
    rng, attributes, dtype = generator(asked), asked.case.attributes, DTYPES[asked.case.dtype]
    info = ml_dtypes.finfo(dtype)
    least, top = float(info.smallest_normal), float(info.max)
    exponents = np.arange(math.frexp(least)[1], math.frexp(top)[1])
    x = np.ldexp(rng.uniform(0.5, 1, (2, len(exponents))) * [[1], [-1]], exponents).reshape(-1)
    rng.shuffle(x)
    x = np.append(x, [0.0, top, -top]).astype(dtype)
    return x, 1.25 * max(1.0, *(abs(attributes.get(name, 0.0)) for name in ("negative_slope", "alpha")))


def _numbers(name, values, x, where):
    """Where a number must be one is."""
    wrong = where & ~np.isfinite(values.astype(np.float64))
    if wrong.any():
        index = tuple(map(int, np.argwhere(wrong)[0]))
        got, at = float(values[index]), float(x[index])
        raise Violation("value", f"{name} is {got!r} at x = {at!r}", place=name, expected="a number", got=got)
    return EXACT


@law(*ELEMENTWISE, every=4)
def numbers_to_numbers(asked):
    """f(x) is a number at x of every magnitude up to the largest, unless x itself is near the end of the range."""
    x, scale = _line(asked)
    size = np.ones(x.shape) if asked.operator in (sigmoid, tanh) else np.maximum(np.abs(x.astype(np.float64)), 1)
    other = call(asked, x)
    with blaming(other):
        return _numbers("y", other.forward[0], x, size * scale <= asked.arithmetic.high)


@law(sigmoid, tanh, relu, leaky_relu, elu, silu, softplus, needs="gradient", every=4)
def slopes_are_numbers(asked):
    """f'(x) is a number at x of every magnitude up to the largest."""
    x, _ = _line(asked)
    dx = call(asked, x, cotangents=(np.ones_like(x),)).vjp[0]
    return _numbers("dx", dx, x, np.ones(x.shape, bool))


@law(sigmoid, tanh, relu, leaky_relu, elu, softplus, needs="gradient")
def slope_from_the_value(asked):
    """f' from y = f(x): sigmoid y(1-y), tanh 1-yy, softplus 1-e^-y; elu alpha+y, relu 0, leaky_relu slope, 1 right."""
    operator, attributes, (x,), (dy,) = asked.operator, asked.case.attributes, asked.case.inputs, asked.case.cotangents
    if not asked.case.finite:
        return None
    y, dx, dy = asked.seen[0], asked.seen_gradient[0], exact(dy)
    if operator is sigmoid:
        return meet("dx", dx, dy * (y * (1 - y)))
    if operator is tanh:
        return meet("dx", dx, dy * (1 - y * y))
    if operator is softplus:
        return meet("dx", dx, dy * -np.expm1(-y))
    left = (
        attributes["alpha"] + y if operator is elu else exact(np.full(x.shape, attributes.get("negative_slope", 0.0)))
    )
    aside = (x != 0) & (np.abs(x.astype(np.float64)) >= asked.arithmetic.tiny)  # flushed, it is the kink
    return meet("dx", dx[aside], (dy * np.where(x > 0, 1.0, left))[aside])


@law(relu, leaky_relu, elu, needs="gradient")
def slope_at_the_kink(asked):
    """f'(0) lies between the slopes at both sides: 1 to the right, to the left 0, negative_slope or alpha."""
    attributes, (x,), (dy,) = asked.case.attributes, asked.case.inputs, asked.case.cotangents
    if not asked.case.finite:
        return None
    left = attributes.get("negative_slope", attributes.get("alpha", 0.0))
    dy = Ball.exact(dy[x == 0], asked.arithmetic)
    slope = left + np.heaviside(Ball.exact(x[x == 0], asked.arithmetic), 0) * (1 - left)
    return agree(dy * slope, asked.vjp[0][x == 0], "dx at 0")


@law(gelu, silu, needs="gradient")
def slope_times_x_from_the_value(asked):
    """x f' is y (1 + x - y) for silu, y + xx phi(x) for gelu; its tanh form: y + 2y(x-y) sqrt(2/pi)(1 + 0.134145xx)."""
    if not asked.case.finite:
        return None
    x, dy, y = exact(asked.case.inputs[0]), exact(asked.case.cotangents[0]), asked.seen[0]
    if asked.operator is silu:
        slope = y * (1 + (x - y))
    elif asked.case.attributes["approximate"] == "none":
        slope = y + x * (x * np.exp(-0.5 * x * x)) / math.sqrt(2 * math.pi)
    else:
        slope = y + 2 * y * (x - y) * math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x * x)
    return meet("x dx", asked.seen_gradient[0] * x, dy * slope)


# --- softmax -----------------------------------------------------------------------------------------------------


def _row(asked):
    """x, its axis, and whether there is a finite row to judge."""
    (x,), axis = asked.case.inputs, asked.case.attributes["axis"]
    return x, axis, asked.case.finite and x.size > 0


@law(softmax, log_softmax)
def probabilities_sum_to_one(asked):
    """The sum of softmax(x) along its axis, and that of e^log_softmax(x), is 1."""
    _, axis, judged = _row(asked)
    if not judged:
        return None
    p = asked.seen[0] if asked.operator is softmax else np.exp(asked.seen[0])
    total = np.sum(p, axis=axis)
    return meet("sum of y", total, exact(np.ones(total.shape)))


@law(softmax, log_softmax)
def probabilities_relate_by_the_exponential(asked):
    """softmax(x)_i = softmax(x)_k e^(x_i - x_k); log_softmax(x)_i - log_softmax(x)_k = x_i - x_k, k the maximum."""
    x, axis, judged = _row(asked)
    if not judged:
        return None
    top = np.expand_dims(np.argmax(x, axis=axis), axis)
    y, best = asked.seen[0], asked.seen[0].each(lambda part: np.take_along_axis(part, top, axis))
    d = exact(x) - exact(np.take_along_axis(x, top, axis))
    return meet("y", y, best * np.exp(d)) if asked.operator is softmax else meet("y - max y", y - best, d)


@law(softmax, log_softmax, every=2)
def logits_may_be_shifted(asked):
    """f(x + c) = f(x), on whole numbers and with a c whose exponential overflows."""
    x, _, judged = _row(asked)
    if not judged:
        return None
    c = 1024 if x.dtype == np.float64 else 128
    whole = np.trunc(np.clip(x.astype(np.float64), -8, 8))
    here, there = (call(asked, v.astype(x.dtype)) for v in (whole, whole + (c if asked.case.seed % 2 else -c)))
    with blaming(there):
        _numbers("y", there.forward[0], there.case.inputs[0], np.ones(x.shape, bool))
    return same("y", here, there)


@law(softmax, log_softmax, every=8)
def classes_may_be_permuted(asked):
    """f(P x) = P f(x) for a permutation P along the axis."""
    x, axis, judged = _row(asked)
    if not judged or x.shape[axis] == 1:
        return None
    order = generator(asked).permutation(x.shape[axis])
    axis %= x.ndim
    place = (slice(None),) * axis + (order,)
    return same("y", asked, call(asked, x[place]), here=place)


@law(softmax, log_softmax)
def probabilities_of_numbers_are_numbers(asked):
    """Finite logits give numbers: softmax always, log_softmax unless they lie apart by nearly the whole range."""
    x, axis, judged = _row(asked)
    if not judged:
        return None
    wide = x.astype(np.float64)
    span = np.max(wide, axis=axis, keepdims=True) - np.min(wide, axis=axis, keepdims=True)
    near = np.broadcast_to((asked.operator is softmax) | (span <= asked.arithmetic.high / 4), x.shape)
    return _numbers("y", asked.forward[0], x, near)


@law(softmax, log_softmax, every=2)
def rows_with_infinities(asked):
    """Classes at -inf have probability 0 and change no other; of a row of only -inf, or with NaN, nothing is known."""
    rng = generator(asked)
    axis, n = int(rng.integers(-1, 1)), int(rng.choice((2, 3, 8, 17, 33)))
    turn, cut = np.transpose if axis == 0 else np.asarray, int(rng.integers(1, n))
    hidden = np.zeros(n, bool)
    hidden[[slice(cut), slice(cut, n), slice(cut, cut + 1)][rng.integers(3)]] = True  # as a mask hides them, or one
    x = np.clip(rng.standard_normal((3, n)), -4, 4).astype(DTYPES[asked.case.dtype])
    x[0], x[1, hidden], x[2, hidden] = -np.inf, np.nan, -np.inf
    whole, others = call(asked, turn(x), axis=axis), call(asked, turn(x[:, ~hidden]), axis=axis)
    m, r = np.zeros((3, n)), np.zeros((3, n))
    m[:, hidden] = 0.0 if asked.operator is softmax else -np.inf
    m[:, ~hidden], r[:, ~hidden] = turn(others.forward[0]), 2 * turn(others.expected[0].r)
    m[:2], r[:2] = np.nan, 0.0
    with blaming(whole):
        return agree(Ball(m, r, asked.arithmetic), turn(whole.forward[0]), "y")


@law(log_softmax, every=4)
def logarithm_of_softmax(asked):
    """log_softmax(x) = log(softmax(x)), where the candidate offers both."""
    x, axis, judged = _row(asked)
    if not judged or not asked.candidate.offers("softmax"):
        return None
    return meet("y", asked.seen[0], np.log(call(asked, x, operator=softmax, axis=axis).seen[0]))


@law(softmax, log_softmax, needs="gradient")
def gradients_sum_to_zero(asked):
    """The gradient of softmax and of log_softmax sums to 0 along the axis: a shift changes nothing."""
    _, axis, judged = _row(asked)
    if not judged:
        return None
    total = np.sum(asked.seen_gradient[0], axis=axis)
    return meet("sum of dx", total, exact(np.zeros(total.shape)))
