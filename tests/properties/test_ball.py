"""Balls: each rule is sound (what a correct implementation returns lies inside) and tight (what breaks it does not).

Most tests state a radius exactly, in units of the arithmetic under test; enclosure is tried with exact results from
longdouble at drawn points of the operands. Values are chosen so that float64 itself rounds nothing where a radius is
compared by ==.
"""

import functools
import itertools
import math
from dataclasses import replace

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oplaws.properties.ball import Arithmetic, Ball, forward, gradient
from oplaws.properties.ball.elementwise import ERF_UNITS, EXP_UNITS, QUOTIENT_UNITS, ROOT_UNITS, TANH_UNITS
from oplaws.properties.ball.sums import FAST_UNITS
from oplaws.properties.law import agree
from oplaws.refimpl import (
    batch_norm,
    conv2d,
    cross_entropy,
    elu,
    leaky_relu,
    linear,
    lstm,
    max_pool2d,
    mse_loss,
    operators,
    relu,
    residual_block,
    sigmoid,
    softmax,
)
from oplaws.refimpl.operator import Attribute
from oplaws.refimpl.words import fold, forms, lerp, windows, winners

SINGLE, DOUBLE = Arithmetic.of("float32"), Arithmetic.of("float64")
U = SINGLE.u
INF, NAN = np.inf, np.nan

# the same examples in every run
drawn = settings(max_examples=40, deadline=None, derandomize=True, database=None)


def exact(values, arithmetic=SINGLE):
    return Ball.exact(np.asarray(values, np.float64), arithmetic)


def around(m, r, arithmetic=SINGLE, **masks):
    m = np.asarray(m, np.float64)
    return Ball(m, np.broadcast_to(np.asarray(r, np.float64), m.shape), arithmetic, **masks)


def constant(value, arithmetic=SINGLE):
    """The ball that a Python number becomes where it meets one."""
    return np.where(True, value, exact(0.0, arithmetic))


def ratio(ball, values):
    return np.max(ball.agreement(np.asarray(values))[0])


def random(*shape, seed=0, dtype=np.float32):
    return np.random.default_rng((seed, *shape)).standard_normal(shape).astype(dtype)


# Odd multiples of 2^-12 below 2: their products need 26 bits, yet float64 adds dozens of them exactly.
def fine(*shape, seed=0):
    return (2 * np.random.default_rng((seed, *shape)).integers(2**11, 2**12, shape) + 1) * 2.0**-12


# --- inputs and constants ----------------------------------------------------------------------------------------


def test_inputs_are_exact():
    assert not exact([0.1, 1e-45, 3e38]).r.any()


@pytest.mark.parametrize(
    ("value", "arithmetic", "units"),
    [
        (0.5, SINGLE, 0),
        (3, SINGLE, 0),
        (-INF, SINGLE, 0),
        (0.1, SINGLE, 1),
        (0.1, DOUBLE, 1),  # the text's 0.1 may be another format's
        (2.0**24 + 1, SINGLE, 1),
        (2.0**24 + 1, DOUBLE, 1),  # not short: nobody's literal
        (float(np.float32(0.1)), Arithmetic.of("float16"), 1),
    ],
)
def test_constants_are_rounded_once_unless_short(value, arithmetic, units):
    assert constant(value, arithmetic).r == (units * arithmetic.u * abs(value) if units else 0)


# --- the arithmetic ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dtype", "digits", "sums"), [("float64", 53, 53), ("float32", 24, 24), ("float16", 11, 24), ("bfloat16", 8, 24)]
)
def test_results_and_sums_have_their_own_roundoff(dtype, digits, sums):
    a = Arithmetic.of(dtype)
    assert (a.u, a.ua, a.digits) == (2.0**-digits + 2.0**-53, 2.0**-sums + 2.0**-53, sums)


def test_half_types_have_narrower_ends():
    """2^10 away from both ends for the wide types; the smallest normal and half the largest for half types."""
    for dtype, low, high in (("float32", 2.0**-116, (2 - 2.0**-23) * 2.0**117), ("float16", 2.0**-14, 65504 / 2)):
        a = Arithmetic.of(dtype)
        assert a.low == low
        assert a.high == high


@pytest.mark.parametrize(
    ("dtype", "precision", "ua", "product_digits"),
    [
        ("float32", "tf32", SINGLE.ua, 11),
        ("float32", "bfloat16", SINGLE.ua, 8),
        ("float32", "float16", SINGLE.ua, 11),
        ("bfloat16", "bfloat16", 2.0**-8 + 2.0**-53, 0),
        ("float16", "", 2.0**-24 + 2.0**-53, 0),
    ],
)
def test_declared_precision(dtype, precision, ua, product_digits):
    a = Arithmetic.of(dtype, precision)
    assert (a.ua, a.product_digits) == (ua, product_digits)


# --- local errors of exact operands ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "units"),
    [
        (lambda x, y: x + y, 1),
        (lambda x, y: x - y, 1),
        (lambda x, y: x / y, QUOTIENT_UNITS),
        (lambda x, y: x * y, 1),
        (lambda x, y: np.sqrt(x), ROOT_UNITS),
        (lambda x, y: np.exp(x), EXP_UNITS),
        (lambda x, y: np.expm1(x), EXP_UNITS),
        (lambda x, y: np.log(x), EXP_UNITS),
        (lambda x, y: np.log1p(x), EXP_UNITS),
        (lambda x, y: np.tanh(x), TANH_UNITS),
        (np.maximum, 0),
        (np.minimum, 0),
        (lambda x, y: np.abs(-x), 0),
    ],
)
def test_each_operation_errs_by_its_units(result, units):
    y = result(exact(float(np.float32(1.1))), exact(float(np.float32(0.3)) / 2**10))
    # beside the units there is at most the error of an underflow
    assert 0 <= y.r - units * U * abs(y.m) <= SINGLE.eta


def test_products_and_quotients_may_underflow():
    """Beside the relative error there is an absolute one: half the spacing of subnormals, and fused forms have two."""
    x, y = (exact((1 + 2.0**-23) * 2.0**-e) for e in (60, 50))
    assert (x * y).r == U * (x * y).m + SINGLE.eta
    assert (x / exact(3 * 2.0**50)).r > QUOTIENT_UNITS * U * (x / exact(3 * 2.0**50)).m


def test_erf_errs_absolutely():
    """torch's GELU has a polynomial of absolute error: near 0 too."""
    erf = operators["gelu"].text.__globals__["erf"]
    assert np.array_equal(erf(exact([1e-4, 3.0])).r, [ERF_UNITS * U] * 2)
    assert erf(exact(0.0)).r == 0


@pytest.mark.parametrize(
    ("function", "at", "value"), [("exp", 0, 1), ("expm1", 0, 0), ("log", 1, 0), ("log1p", 0, 0), ("tanh", 0, 0)]
)
def test_functions_are_exact_where_their_value_is(function, at, value):
    y = getattr(np, function)(exact([at, INF]))
    assert y.m[0] == value
    assert not y.r.any()


def test_sums_products_and_quotients_are_exact_where_nothing_is_rounded():
    third = float(np.float32(1 / 3))
    near = float(np.float32(0.4))
    for y in (
        exact(near) - exact(third),  # Sterbenz
        exact(third) * exact(0.0),
        exact(third) * exact(0.125),
        exact(4095.0) * exact(4097.0),
        exact(third) / exact(-8.0),
        exact(3.0) + exact(2.0**23),
    ):
        assert y.r == 0
    for y in (
        exact(third) * exact(3.0),
        exact(4097.0) * exact(4097.0),
        exact(2.0**24) + exact(1.0),
        exact(1e30) + exact(1.0),
        exact(1.0) / exact(3.0),
        exact(3.0) / around(2.0, U),
    ):
        assert y.r > 0


def test_exactness_in_float64_is_judged_beyond_float64():
    big, one = exact(2.0**53, DOUBLE), exact(1.0, DOUBLE)
    assert (big + one).r == DOUBLE.u * 2.0**53
    assert (big - one).r == 0
    assert (exact(2.0**27 + 1, DOUBLE) * exact(2.0**27 + 1, DOUBLE)).r > 0
    assert (exact(2.0**26 + 1, DOUBLE) * exact(2.0**26 - 1, DOUBLE)).r == 0
    low = exact((1 + 2.0**-40) * 2.0**-500, DOUBLE)
    assert (low * low).r > 0  # what is rounded off underflows itself


def test_an_inexact_operand_takes_exactness_away():
    assert (around(1.0, U) + exact(1.0)).r == U + (2 + U) * U


# --- product + addend --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [lambda x: x * x, lambda x: x / exact(3.0), lambda x: np.abs(-(x * x))])
def test_a_product_meets_an_addend_folded_or_fused(make):
    p, b = make(exact(float(np.float32(1.1)))), exact(float(np.float32(-0.7)))
    local = U * (abs(p.m + b.m) + p.r) + U * (abs(p.m) + p.r + abs(b.m))
    assert (p + b).r == p.r + local
    assert (p + b).r == (b + p).r == (p - (-b)).r


def test_plain_sums_pay_for_one_rounding_only():
    x, y = exact(float(np.float32(1.1))), exact(float(np.float32(0.3)) / 2**10)
    assert (x + y).r == (x - y).r * (x + y).m / (x - y).m == U * (x + y).m


# --- sums: any order, merged, exact on a grid --------------------------------------------------------------------


def test_a_sum_errs_by_n_minus_1_and_a_product_sum_by_n():
    x, w = fine(1, 6), fine(6, 1, seed=1)
    total = np.sum(x * w.T)
    y = exact(x) @ exact(w)
    assert y.r.item() == 6 * (SINGLE.ua * total + SINGLE.eta)
    inexact = np.sum(exact(x * w.T), axis=1)
    assert inexact.r.item() == 5 * (SINGLE.ua * total + SINGLE.eta)


def test_zeros_are_not_counted():
    x, w = fine(1, 3), fine(3, 1, seed=1)
    sparse_x, sparse_w = np.zeros((1, 9)), np.ones((9, 1))
    sparse_x[:, ::3], sparse_w[::3] = x, w
    assert (exact(sparse_x) @ exact(sparse_w)).r == (exact(x) @ exact(w)).r > 0
    assert np.sum(exact(sparse_x + 1e-9) * 0 + exact(sparse_x)).m == np.sum(x)


def test_a_loop_from_the_bias_stays_inside_by_merging():
    """16 products each lift a bias of 1 by a rounding: against the products' sum alone that is 7 times too much."""
    n, lift = 16, np.float32(1.2 * 2**-24)
    x, w, b = np.full((1, n), lift), np.ones((1, n), np.float32), np.ones(1, np.float32)
    y = np.float32(1)
    for k in range(n):
        y = y + x[0, k] * w[0, k]
    (expected,) = forward(linear, (x, w, b), {}, SINGLE)
    error = abs(np.float64(y) - expected.m.item())
    unmerged = n * U * np.sum(np.abs(x * w), dtype=np.float64) + U * expected.m.item()
    assert error > 7 * unmerged
    assert ratio(expected, [[y]]) < 1


def test_what_is_added_to_a_sum_joins_its_terms():
    """x w + h u + b + d is one sum of all its terms."""
    x, h, w, u = fine(1, 3), fine(1, 4, seed=2), fine(3, 1, seed=3), fine(4, 1, seed=4)
    b, d = fine(1, seed=5), fine(1, seed=6)
    total = np.sum(x * w.T) + np.sum(h * u.T) + b.item() + d.item()
    whole = (3 + 4 + 2) * (SINGLE.ua * total + SINGLE.eta)
    parts = [exact(x) @ exact(w), exact(h) @ exact(u), exact(b), exact(d)]
    assert ((parts[0] + parts[1]) + parts[2] + parts[3]).r.item() == whole
    assert (parts[3] + (parts[1] + (parts[2] + parts[0]))).r.item() == whole
    joined = exact(np.concatenate([x, h], 1)) @ exact(np.concatenate([w, u], 0))
    assert (parts[0] + parts[1]).r == joined.r


def test_a_difference_of_sums_is_a_sum():
    x, w = fine(1, 3), fine(3, 1, seed=1)
    y = exact(x) @ exact(w)
    assert (y - y).m == 0
    assert (y - y).r == (y + y).r


@drawn
@given(st.lists(st.integers(-(2**10), 2**10), min_size=1, max_size=12), st.sampled_from([1.0, 2.0**-6, 2.0**40]))
def test_whole_numbers_add_up_exactly_in_every_order(values, scale):
    terms = np.array(values) * scale
    assert np.sum(exact(terms)).r == 0
    assert (exact(terms[None]) @ exact(np.ones((len(terms), 1)))).r == 0


def test_partial_sums_must_fit_the_significand():
    """Sum |terms| <= 2^24 g, whatever cancels."""
    assert np.sum(exact([2.0**23, 2.0**23 - 1, 1.0])).r == 0
    assert np.sum(exact([2.0**23, 2.0**23, 1.0])).r > 0
    assert np.sum(exact([2.0**24, -(2.0**24), 1.0])).r > 0
    assert (exact([[2.0**12, 1.0]]) @ exact([[2.0**12], [1.0]])).r > 0
    assert (exact([[2.0**11, 1.0]]) @ exact([[2.0**12], [1.0]])).r == 0


def test_grids_multiply_where_operands_do():
    """0.5 steps against 0.25 steps: products are whole eighths."""
    a, b = np.array([[2.0**11 + 0.5, 0.5]]), np.array([[2.0**11 + 0.25], [0.25]])
    assert (exact(a) @ exact(b)).r == 2 * (SINGLE.ua * (a @ b).item() + SINGLE.eta)
    assert (exact(a / 2) @ exact(b / 2)).r > 0  # the same at any scale
    assert (exact(np.trunc(a)) @ exact(b)).r == 0


def test_each_output_has_its_own_sum_on_the_common_grid():
    y = exact([[1.0, 1.0], [2.0**23, 2.0**23]]) @ exact([[1.0], [3.0]])
    assert y.r[0] == 0
    assert y.r[1] > 0


def test_an_inexact_operand_spoils_its_own_outputs_alone():
    y = around([[1.0, 2.0], [3.0, 0.1]], [[0.0, 0.0], [0.0, U]]) @ exact([[1.0], [1.0]])
    assert y.r[0] == 0
    assert y.r[1] > U
    total = np.sum(around([1.0, 2.0], [0.0, 0.5]))
    assert total.r == 0.5 + (SINGLE.ua * 3.5 + SINGLE.eta)


def test_a_grid_finer_than_the_range_does_not_count():
    tiny = 2.0**-100
    assert (exact([[3 * tiny]]) @ exact([[5 * tiny]])).r > 0


@pytest.mark.parametrize(
    "join",
    [
        lambda x: np.sum(np.sum(x, axis=0), axis=0),
        lambda x: np.sum(np.stack([np.sum(x[:, k], axis=0) for k in range(x.shape[1])])),
        lambda x: np.sum(np.concatenate([np.sum(x[:, :1], axis=0), np.sum(x[:, 1:], axis=0)])),
        lambda x: np.sum(np.reshape(np.sum(x, axis=0, keepdims=True), (x.shape[1],))),
        lambda x: functools.reduce(np.add, [np.sum(x[:, k]) for k in range(x.shape[1])]),
    ],
)
def test_exactness_is_judged_on_the_leaves(join):
    """Over the first axis nothing but small whole numbers is left; one sum over both sees the large ones."""
    for x in ([[2.0**24, 1.0], [-(2.0**24), 1.0]], [[0.5, 2.0**22], [0.5, 2.0**22 + 2]]):
        assert join(exact(x)).r == np.sum(exact(x)).r > 0
    assert join(exact([[0.5, 2.0**21], [0.5, 2.0**21 + 2]])).r == 0


def test_a_mean_is_never_exact():
    """Welford's and the reciprocal's forms round even where the sum does not."""
    x = exact([[1.0, 2.0, 3.0, 2.0]])
    y = np.mean(x, axis=1)
    r = 5 * SINGLE.ua * 8 / 4
    assert y.r.item() == r + U * (2 + r) + SINGLE.eta
    assert np.mean(exact(np.zeros(3))).r == 0
    assert (np.sum(x) / 4).r == 0
    assert (np.sum(x) / 3).r > 0


def test_a_sum_over_an_empty_axis_is_zero():
    assert np.array_equal(np.sum(exact(np.zeros((0, 3))), axis=0).m, np.zeros(3))
    assert not (exact(np.zeros((2, 0))) @ exact(np.zeros((0, 2)))).r.any()


numbers = st.floats(-(2.0**10), 2.0**10, width=32)


@drawn
@given(st.lists(numbers, min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_float32_sums_in_every_order_lie_inside(values, rng):
    terms = np.array(values, np.float32)
    expected, products = np.sum(exact(terms)), exact(terms[None]) @ exact(terms[:, None])
    for order in (sorted(values), sorted(values, key=abs), rng.sample(values, len(values))):
        shuffled = np.array(order, np.float32)
        assert ratio(expected, functools.reduce(np.add, shuffled)) <= 1
        assert ratio(products, np.reshape(functools.reduce(np.add, shuffled * shuffled), (1, 1))) <= 1
        halves = [functools.reduce(np.add, half, np.float32(0)) for half in np.array_split(shuffled, 2)]
        assert ratio(expected, halves[0] + halves[1]) <= 1


# --- fold --------------------------------------------------------------------------------------------------------


def test_folded_products_are_one_sum_of_all_that_fall_on_a_cell():
    """w^T dy, then fold: the radius of the same contraction with the explicit matrix, of its nonzero terms."""
    n, kernel, stride, dilation = 7, 3, 2, 1
    w, dy = fine(1, kernel), fine(1, 3, seed=1)
    cells = np.transpose(exact(w)) @ exact(dy)
    folded = fold(np.transpose(cells)[None], (n,), (stride,), (dilation,))
    matrix = np.zeros((n, 3))
    for q, k in itertools.product(range(3), range(kernel)):
        matrix[stride * q + dilation * k, q] = w[0, k]
    whole = exact(matrix) @ exact(dy.T)
    assert np.array_equal(folded.m[0], whole.m[:, 0])
    assert np.array_equal(folded.r[0], whole.r[:, 0])
    assert folded.r.all()


def test_fold_carries_masks_and_the_leaves():
    cells = np.array([[1.0, 2.0], [2.0, 4.0]])
    any_, expected = np.array([[False, True], [False, False]]), [False, True, False]
    assert np.array_equal(fold(around(cells, 0.0, any=any_)[None], (3,), (1,), (1,)).any[0], expected)
    assert np.array_equal(fold(exact(cells)[None], (3,), (1,), (1,)).m[0], [1.0, 4.0, 4.0])
    assert kinds(fold(exact(cells * NAN)[None], (4,), (1,), (1,))) == ["nan", "nan", "nan", "0.0"]
    assert kinds(fold(exact(cells * INF)[None], (3,), (1,), (1,))) == ["inf"] * 3
    assert kinds(fold(exact([[[1.0, INF], [-INF, 1.0]]]), (3,), (1,), (1,))) == ["1.0", "any", "1.0"]
    big = np.array([[2.0**24, 1.0], [1.0, 3.0]])
    assert fold(exact(big)[None], (3,), (1,), (1,)).r[0, 1] == 0
    assert fold(np.sum(exact([big, -big]), axis=0)[None], (3,), (1,), (1,)).r[0, 0] > 0


# --- propagation: every exact result of points in the operands lies in the result --------------------------------

# Under float64 the local errors are of the order of 2^-53: a radius that is too small by more shows.
LONG = np.longdouble


@st.composite
def inside(draw, shape, low=-40, high=40):
    """A ball and an array inside it, both short binary fractions: ends, midpoints and exact elements are frequent."""
    size = math.prod(shape)
    centre = st.one_of(st.integers(low * 1024, high * 1024).map(lambda n: n / 1024), st.integers(low, high).map(float))
    reach = st.sampled_from((0.0, 0.0, 2.0**-40, 2.0**-20, 2.0**-10, 0.125, 0.75, 2.0, 32.0))
    part = st.sampled_from((-1.0, 1.0, 0.0, 0.5, -0.25))
    elements = draw(st.lists(st.tuples(centre, reach, part), min_size=size, max_size=size))
    m, r, t = np.array(elements).T
    if low > 0:
        r = np.minimum(r, m / 2)
    return around(m.reshape(shape), r.reshape(shape), DOUBLE), (m + t * r).reshape(shape).astype(LONG)


def encloses(ball, points):
    agree(ball, np.asarray(points, np.float64), "y")


def erf_of(points):
    return np.vectorize(math.erf)(points.astype(np.float64))


@pytest.mark.parametrize(
    ("function", "true", "low", "high"),
    [
        (np.negative, np.negative, -40, 40),
        (np.abs, np.abs, -40, 40),
        (np.sqrt, np.sqrt, 1, 40),
        (np.exp, np.exp, -40, 40),
        (np.expm1, np.expm1, -40, 40),
        (np.log, np.log, 1, 40),
        (np.log1p, np.log1p, 1, 40),
        (np.tanh, np.tanh, -40, 40),
        (operators["gelu"].text.__globals__["erf"], erf_of, -6, 6),
    ],
)
@drawn
@given(data=st.data())
def test_functions_of_one_ball_enclose(function, true, low, high, data):
    x, points = data.draw(inside((5,), low, high))
    encloses(function(x), true(points))


def test_log1p_encloses_near_minus_one():
    x = around([-0.5, -0.9, -0.999], [0.4, 0.09, 0.0009], DOUBLE)
    for t in (-1, 1):
        encloses(np.log1p(x), np.log1p(x.m.astype(LONG) + t * x.r))


@pytest.mark.parametrize("function", [np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum])
@drawn
@given(data=st.data())
def test_functions_of_two_balls_enclose(function, data):
    (a, p), (b, q) = data.draw(inside((2, 3))), data.draw(inside((3,)))
    encloses(function(a, b), function(p, q))


@pytest.mark.parametrize(
    "function",
    [
        np.sum,
        lambda x: np.sum(x, axis=0),
        lambda x: np.sum(x, axis=(0, 1), keepdims=True),
        lambda x: np.mean(x, axis=1, keepdims=True),
        np.mean,
        lambda x: np.max(x, axis=0),
        lambda x: np.max(x, axis=1, keepdims=True),
        np.max,
        lambda x: fold(x[None], (5,), (1,), (2,)),
        lambda x: x - np.mean(x, axis=0),
    ],
)
@drawn
@given(data=st.data())
def test_reductions_enclose(function, data):
    x, points = data.draw(inside((3, 2)))
    encloses(function(x), function(points))


@drawn
@given(data=st.data())
def test_contractions_enclose(data):
    (a, p), (b, q), (c, s) = (data.draw(inside(shape)) for shape in ((2, 3), (3, 2), (2,)))
    encloses(a @ b, p @ q)
    encloses(a @ b + c, p @ q + s)
    encloses(np.sum((a @ b) * c - c, axis=1), np.sum((p @ q) * s - s, axis=1))


@drawn
@given(data=st.data())
def test_winners_enclose(data):
    cells, points = data.draw(inside((4, 3), -2, 2))
    encloses(winners(cells), winners(points))
    encloses(winners(cells), winners(points[:, ::-1])[:, ::-1])  # ties to the last


@drawn
@given(data=st.data())
def test_forms_hold_every_form(data):
    (a, p), (b, q) = data.draw(inside((4,))), data.draw(inside((4,)))
    hull = forms(a, b)
    encloses(hull, p)
    encloses(hull, q)
    assert np.array_equal(hull.m, a.m)


@drawn
@given(data=st.data())
def test_interpolation_holds_its_forms(data):
    (a, p), (b, q), (t, s) = (data.draw(inside((3,), *ends_)) for ends_ in ((-40, 40), (-40, 40), (0, 1)))
    encloses(lerp(a, b, t), (1 - s) * p + s * q)
    a, b, t = (x.m.astype(np.float32) for x in (a, b, t))
    for y in ((1 - t) * a + t * b, a + t * (b - a), b - (1 - t) * (b - a)):
        assert ratio(lerp(exact(a), exact(b), exact(t)), y) <= 1


def test_interpolation_is_exact_where_all_forms_are():
    assert lerp(exact(1.0), exact(3.0), 0.5).r == 0
    assert lerp(exact(1.0), exact(3.0), 0.1).r > 0


def test_interpolation_of_computed_values_is_never_exact():
    """A saturated gru: new gate tanh(20), ten units below 1 in an implementation; update gate sigmoid(-1000)."""
    h, n, one = np.float32(12), np.float32(1 - 10 * 2.0**-24), np.float32(1)
    new, z = np.tanh(exact(20.0)), np.exp(exact(-1000.0))
    assert new.m == 1
    expected = lerp(new, exact(h), z)
    t = np.float32(z.m)
    for y in ((one - t) * n + t * h, n + t * (h - n), h - (one - t) * (h - n)):
        assert ratio(expected, y) <= 1


def test_interpolation_from_infinity_may_be_nan():
    assert kinds(lerp(exact([INF, 1.0, NAN]), exact([1.0, 3.0, 1.0]), 0.5)) == ["any", "2.0", "nan"]


@drawn
@given(data=st.data())
def test_heaviside_encloses(data):
    x, points = data.draw(inside((5,), -2, 2))
    encloses(np.heaviside(x, 0), np.heaviside(points, 0))
    encloses(np.heaviside(x, 0), np.heaviside(points, 1))


def test_radii_add_up_and_multiply():
    """a b: |a| rb + |b| ra + ra rb; the quotient and the matrix product accordingly."""
    a, b = around(-2.0, 0.5), around(4.0, 1.0)
    assert (a + b).r == (a - b).r - 4 * U == 1.5 + 3.5 * U
    assert (a * b).r == 2 * 1 + 4 * 0.5 + 0.5 + 12.5 * U + SINGLE.eta
    assert (a / b).r == (0.5 + 0.5) / 3 + QUOTIENT_UNITS * U * (0.5 + 1 / 3) + SINGLE.eta
    product = (around([[-2.0]], 0.5) @ around([[4.0]], 1.0)).r.item()
    assert product == 4.5 + U * 12.5 + SINGLE.eta


def test_the_propagated_radius_is_no_larger_than_the_spread():
    """At the worse end the spread is attained: a wide rule would be sound and useless."""
    x = around([0.7, 2.0], [0.2, 1.5], DOUBLE)
    for function in (np.exp, np.expm1, np.log, np.log1p, np.sqrt):
        ends = [function(x.m + t * x.r) for t in (-1, 1)]
        spread = np.maximum(np.abs(ends[0] - function(x.m)), np.abs(ends[1] - function(x.m)))
        assert (function(x).r < spread + 1e-13).all()
    assert np.tanh(around(3.0, 0.1)).r < 0.1 * (1 - np.tanh(2.9) ** 2) + 11 * U
    assert np.maximum(around([0.0, 5.0], 1.0), 0).r.tolist() == [1.0, 1.0]
    assert np.maximum(around(-5.0, 1.0), 0).r == 0
    assert np.max(around([1.0, 5.0], [0.1, 0.0])).r == 0


def test_roots_and_logarithms_of_a_ball_that_leaves_their_domain():
    root = np.sqrt(around(1.0, 3.0))
    assert (root.m, root.any) == (1.0, None)
    assert 1 <= root.r <= 1 + 5 * U
    assert np.log(around(1.0, 1.0)).any
    assert (exact(1.0) / around(1.0, 1.0)).any
    assert np.log1p(around(0.0, 1.0)).any


# --- the mean-value form -----------------------------------------------------------------------------------------

ELEMENTWISE = [
    (name, attribute, value)
    for name, operator in operators.items()
    if operator.elementwise
    for attribute, value in (
        [(a, v) for a, spec in operator.attributes.items() if isinstance(spec, Attribute) for v in spec.edges]
        or [(None, None)]
    )
]


@pytest.mark.parametrize(("name", "attribute", "value"), ELEMENTWISE)
@drawn
@given(data=st.data())
def test_elementwise_operators_enclose(name, attribute, value, data):
    """Across kinks too. The truth is the reference in float64, whose own error a float32 ball does not feel."""
    operator, attributes = operators[name], {attribute: value} if attribute else {}
    x, points = data.draw(inside((6,), -8, 8))
    encloses(operator(around(x.m, x.r), **attributes), operator(points.astype(np.float64), **attributes))


def test_the_mean_value_form_is_tighter_than_the_text():
    """Written with exp, sigmoid meets its argument twice, and each gate would triple its radius."""
    x = around(0.0, 1e-3)
    assert sigmoid(x).r < 1.01 * (1e-3 / 4) + 20 * U
    assert sigmoid.text(x).r > 1.2 * sigmoid(x).r


def test_exact_arguments_take_the_text_itself():
    assert sigmoid(exact([0.3, -20.0])).r.tolist() == sigmoid.text(exact([0.3, -20.0])).r.tolist()


def test_the_mean_value_form_keeps_what_is_unknown():
    y = sigmoid(around([1.0, 1.0], [0.1, 0.0], any=np.array([True, False])))
    assert y.any.tolist() == [True, False]
    assert kinds(sigmoid(around([NAN, 1.0], [0.0, 0.1])))[0] == "nan"
    large = operators["softplus"](around([1.0, 3e38], [0.1, 1e36]))
    assert large.over.tolist() == large.any.tolist() == [False, True]


# --- kinks: the radius is the Clarke subdifferential -------------------------------------------------------------


def ends(ball):
    return [(ball.m - ball.r).tolist(), (ball.m + ball.r).tolist()]


def test_heaviside_is_an_interval_where_zero_is_touched():
    x = around([-1.0, -1.0, 0.0, 1.0, 1.0, NAN], [0.5, 1.0, 0.0, 1.0, 0.5, 0.0])
    y = np.heaviside(x, 0)
    assert ends(y) == [[0, 0, 0, 0, 1, 0], [0, 1, 1, 1, 1, 0]]
    assert y.any.tolist() == [False] * 5 + [True]


@pytest.mark.parametrize(
    ("operator", "attributes", "low", "high"),
    [
        (relu, {}, 0, 1),
        (leaky_relu, {"negative_slope": 0.5}, 0.5, 1),
        (leaky_relu, {"negative_slope": 2.0}, 1, 2),
        (leaky_relu, {"negative_slope": -0.5}, -0.5, 1),
        (elu, {"alpha": 0.5}, 0.5, 1),
        (elu, {"alpha": 2.0}, 1, 2),
        (elu, {"alpha": 1.0}, 1, 1),
    ],
)
def test_derivatives_at_a_kink_are_the_subdifferential(operator, attributes, low, high):
    zero, one = np.zeros(1), np.ones(1)
    (dx,) = gradient(operator, (zero,), attributes, (one,), DOUBLE)
    for value in (low, (low + high) / 2, high):
        assert ratio(dx, [value]) <= 1 + 1e-9
    for value in (low - 1e-6, high + 1e-6):
        assert ratio(dx, [value]) > 1


def test_kinks_pass_through_compositions():
    """x = 1, hidden 0: dx = dy (1 + w2 h w1) with h anywhere in [0, 1], and dw1 likewise."""
    one, w1, b1, w2 = np.ones((1, 1)), np.full((1, 1), 2.0), np.full(1, -2.0), np.full((1, 1), 3.0)
    dx, dw1, *_ = gradient(residual_block, (one, w1, b1, w2, np.zeros(1)), {}, (one,), SINGLE)
    for h in (0, 0.5, 1):
        assert ratio(dx, [[1 + 6 * h]]) <= 1
        assert ratio(dw1, [[3 * h]]) <= 1
    for h in (-0.001, 1.001):
        assert ratio(dx, [[1 + 6 * h]]) > 1
        assert ratio(dw1, [[3 * h]]) > 1


def test_tied_maxima_share_in_any_proportion():
    cells = exact([[1.0, 3.0, 3.0], [1.0, 2.0, 3.0]])
    assert ends(winners(cells)) == [[[0, 0, 0], [0, 0, 1]], [[0, 1, 1], [0, 0, 1]]]
    near = winners(around([1.0, 2.0, 3.0], [0.0, 0.6, 0.4]))
    assert ends(near) == [[0, 0, 0], [0, 1, 1]]


def test_a_maximum_of_an_inexact_window_has_its_cotangent_somewhere():
    x = np.array([[[[1.0, 1.0]]]])
    (dx,) = gradient(max_pool2d, (x,), {"kernel_size": (1, 2), "stride": None, "padding": 0, "dilation": 1,
                                        "ceil_mode": False}, (np.full((1, 1, 1, 1), 4.0),), SINGLE)  # fmt: skip
    for given_ in ([4, 0], [0, 4], [1, 3]):
        assert ratio(dx, np.reshape(np.float64(given_), x.shape)) <= 1
    assert ratio(dx, np.reshape([4.5, 0.0], x.shape)) > 1


# --- NaN and infinities ------------------------------------------------------------------------------------------


def kinds(ball):
    """For each element: "nan" is required, "inf" is, anything goes, or a number is required."""
    free = np.zeros(ball.shape, bool) if ball.any is None else ball.any
    return ["any" if a else "nan" if np.isnan(m) else str(float(m)) for a, m in zip(free.flat, ball.m.flat)]


def test_a_nan_operand_is_required_and_a_created_one_is_free():
    x, y = exact([NAN, INF, INF, INF, 1.0]), exact([1.0, 1.0, -INF, 0.0, 2.0])
    assert kinds(x + y) == ["nan", "inf", "any", "inf", "3.0"]
    assert kinds(x * y) == ["nan", "inf", "-inf", "any", "2.0"]
    assert kinds(x / y)[:3] == ["nan", "inf", "any"]
    assert kinds(exact([1.0, NAN]) / exact([0.0, 0.0])) == ["any", "any"]
    assert kinds(np.exp(exact([NAN, INF, -INF]))) == ["nan", "inf", "0.0"]
    assert kinds(np.log(exact([NAN, INF, 0.0, -1.0]))) == ["nan", "inf", "any", "any"]
    assert kinds(np.sqrt(exact([-1.0, NAN, INF]))) == ["any", "nan", "inf"]
    assert kinds(np.tanh(exact([NAN, INF]))) == ["nan", "1.0"]
    assert kinds(np.maximum(exact([NAN, INF]), 0)) == ["nan", "inf"]
    assert kinds(np.abs(exact([NAN, -INF]))) == ["nan", "inf"]


def test_reductions_require_nan_where_a_term_is_one():
    x = exact([[NAN, 1.0], [INF, 1.0], [INF, -INF]])
    assert kinds(np.sum(x, axis=1)) == ["nan", "inf", "any"]
    assert kinds(np.mean(x, axis=1)) == ["nan", "any", "any"]  # Welford's form: inf - inf
    assert kinds(np.max(x, axis=1)) == ["nan", "inf", "inf"]
    assert kinds(np.max(x, axis=0)) == ["nan", "1.0"]
    assert kinds(x @ exact(np.ones((2, 1)))) == ["nan", "inf", "any"]
    assert kinds(x @ exact([[0.0], [1.0]])) == ["nan", "any", "any"]
    assert kinds(np.sum(x, axis=1) + exact([1.0, NAN, NAN])) == ["nan", "nan", "any"]


def test_what_is_unknown_stays_unknown():
    free = np.array([True, False])
    x = around([1.0, 2.0], 0.0, any=free)
    for y in (x + 1, x * 0, x / 3, -x, np.abs(x), np.exp(x), np.sqrt(x), np.maximum(x, 0), np.heaviside(x, 0), relu(x)):
        assert y.any.tolist() == [True, False]
    for y in (np.maximum(exact([0.0, 0.0]), x), np.minimum(0, x), 1 - x, exact([1.0, 1.0]) / x):
        assert y.any.tolist() == [True, False]
    for y in (np.sum(x), np.mean(x), np.max(x), x[None] @ exact([[1.0], [1.0]]), np.sum(x) + 1):
        assert y.any.all()
    assert winners(np.stack([x, x * 1], axis=1)).any.tolist() == [[True, True], [False, False]]
    assert winners(exact([[NAN, 1.0], [2.0, 1.0]])).any.tolist() == [[True, True], [False, False]]
    assert (x[:, None] @ exact([[1.0, 2.0]])).any.tolist() == [[True, True], [False, False]]
    assert forms(x, x + 1).any.tolist() == [True, False]


def test_forms_that_disagree_about_nan_or_infinity_require_neither():
    a = exact([NAN, NAN, INF, INF, 1.0, 1.0])
    b = exact([NAN, 1.0, INF, 1.0, INF, 2.0])
    assert kinds(forms(a, b)) == ["nan", "any", "inf", "any", "any", "1.0"]
    assert forms(exact(1.0), 0.25).r == 0.75
    assert forms(around([1.0, 2.0], 0.0, over=np.array([True, False])), 1.0).over.tolist() == [True, False]


def test_nan_against_padding_is_no_dependency():
    x = np.ones((1, 1, 1, 2), np.float32)
    weight = np.array([[[[NAN, 2.0, 1.0]]]], np.float32)
    attributes = {"stride": 1, "padding": (0, 1), "dilation": 1, "groups": 1}
    (y,) = forward(conv2d, (x, weight, None), attributes, SINGLE)
    assert kinds(y) == ["any", "nan"]
    x[..., 0] = 0
    (y,) = forward(conv2d, (x, weight, None), attributes, SINGLE)
    assert kinds(y) == ["any", "nan"]  # a zero of the data is one


def test_padding_knows_itself_only_where_something_is_special():
    assert np.pad(exact([1.0]), 1).void is None
    special = replace(SINGLE, special=True)
    padded = np.pad(around([1.0], 0.5, special, any=np.array([True])), 1, constant_values=-INF)
    assert padded.void.tolist() == [True, False, True]
    assert padded.any.tolist() == [False, True, False]
    assert padded.r.tolist() == [0, 0.5, 0]
    assert padded.m.tolist() == [-INF, 1, -INF]
    assert np.pad(padded, 1).void.tolist() == [True, True, False, True, True]


def test_an_overflow_may_be_infinite_and_makes_its_results_unknown():
    big = exact([1e37, 1.0]) * 20
    assert big.over.tolist() == [True, False]
    assert big.any is None
    assert ratio(big[:1], [INF]) == 0
    assert ratio(big[:1], [-INF]) == INF
    assert (big - big).any.tolist() == [True, False]
    assert kinds(np.max(big)) == ["2e+38"]
    assert np.max(big).over


def test_a_sum_whose_terms_may_overflow_is_unknown():
    x = np.array([3e38, 3e38, -3e38, -3e38])
    assert np.sum(exact(x)).any
    assert np.mean(exact(x)).any
    assert (exact(x[None]) @ exact(np.ones((4, 1)))).any.all()
    assert np.sum(exact(x[:1] / 4)).any is None
    assert np.mean(exact(x[:1] / 4)).any is None


def test_a_radius_beyond_all_bounds_is_unknown():
    y = np.exp(around([800.0, 1.0], [1000.0, 0.0], DOUBLE))
    assert y.any.tolist() == [True, False]
    assert np.isfinite(y.r).all()


def test_functions_and_quotients_may_flush_near_the_bottom():
    for y in (np.exp(exact(-85.0)), exact(2.0**-70) / exact(3 * 2.0**60), np.tanh(exact(2.0**-130))):
        assert y.r >= abs(y.m) > 0
    assert np.exp(exact(-50.0)).r < np.exp(-50)


# --- the verdict -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("m", "r", "value", "expected"),
    [
        (1.0, 0.0, 1.0, 0.0),
        (0.0, 0.0, -0.0, 0.0),
        (1.0, 0.0, 1.0 + 2**-23, INF),
        (1.0, 0.5, 1.25, 0.5),
        (1.0, 0.5, NAN, INF),
        (1.0, 0.0, INF, INF),
        (1.0, 1e30, INF, INF),
        (NAN, 0.0, NAN, 0.0),
        (NAN, 0.0, 1.0, INF),
        (INF, 0.0, INF, 0.0),
        (INF, 0.0, -INF, INF),
        (INF, 0.0, 3e38, INF),
        (INF, 0.0, NAN, INF),
        (3e38, 1e30, INF, 0.0),
        (3e38, 1e30, -INF, INF),
        (-3e38, 3.1e38, INF, 0.0),  # the sign is open
        (1e-45, 0.0, 0.0, 1e-45 * 2.0**116),
        (0.0, 0.0, 2.0**-116, 1.0),
        (0.0, 0.0, 2.0**-115, 2.0),
    ],
)
def test_agreement(m, r, value, expected):
    got, error, bound = around([m], r).agreement(np.array([value]))
    assert got.tolist() == [expected]
    assert bound >= r
    if math.isfinite(expected) and math.isfinite(value):
        assert error.item() == abs(value - m)


def test_agreement_asks_nothing_where_anything_goes():
    x = around([1.0, NAN], 0.0, any=np.array([True, True]))
    for value in (NAN, INF, 7.0):
        assert ratio(x, [value, value]) == 0


def test_agreement_takes_half_types_and_scalars():
    assert ratio(exact(1.5), ml_dtypes.bfloat16(1.5)) == 0
    assert ratio(exact([1.5]), np.array([1.5], np.float16)) == 0


# --- structure ---------------------------------------------------------------------------------------------------

MATRIX = np.arange(6.0).reshape(2, 3) + 1


def full(arithmetic=SINGLE):
    """A ball with every component, each element its own."""
    cells = np.stack([MATRIX, 2 * MATRIX + 0.1])
    summed = np.sum(around(cells, MATRIX / 2**30, arithmetic), axis=0)
    odd = (MATRIX % 2).astype(bool)
    return Ball(summed.m, summed.r, arithmetic, odd, ~odd, MATRIX > 4, replace(summed.terms, products=True), True)


def components(ball):
    terms = ball.terms
    return [ball.m, ball.r, ball.any, ball.over, ball.void, terms.total, terms.count, terms.grid, terms.radius]


@pytest.mark.parametrize(
    "function",
    [
        lambda x: np.reshape(x, (3, 2)),
        np.transpose,
        lambda x: x.T,
        lambda x: np.moveaxis(x, 0, 1),
        lambda x: np.swapaxes(x, 0, 1),
        lambda x: np.expand_dims(x, 1),
        lambda x: np.squeeze(np.expand_dims(x, 1), 1),
        lambda x: np.broadcast_to(x, (2, 2, 3)),
        lambda x: np.flip(x, 0),
        lambda x: np.concatenate([x, x], axis=1),
        lambda x: np.stack([x, x[::-1]]),
        lambda x: np.split(x, 3, axis=1)[1],
        lambda x: np.lib.stride_tricks.sliding_window_view(x, 2, axis=1),
        lambda x: windows(x, (2,), (1,), (2,)),
        lambda x: x[1, ::-2],
        lambda x: x[np.array([1, 0]), np.array([2, 2])],
        lambda x: np.where(MATRIX > 2, x, x[::-1]),
    ],
)
def test_structure_moves_every_component_alike(function):
    x = full()
    y = function(x)
    for whole, moved in zip(components(x), components(y), strict=True):
        assert np.array_equal(function(whole), moved)
    assert y.product
    assert y.terms.products
    assert y.arithmetic is x.arithmetic


def test_negation_keeps_every_component_but_the_sign():
    x, y = full(), -full()
    assert np.array_equal(y.m, -x.m)
    for a, b in zip(components(x)[1:], components(y)[1:], strict=True):
        assert np.array_equal(a, b)
    assert y.product


def test_structure_joins_balls_and_arrays():
    x = around([1.0, 2.0], 0.5, any=np.array([True, False]))
    y = np.concatenate([x, np.sum(exact([[3.0, 4.0]]), axis=1), np.zeros(1)])
    assert y.m.tolist() == [1, 2, 7, 0]
    assert y.r.tolist() == [0.5, 0.5, 0, 0]
    assert y.any.tolist() == [True, False, False, False]
    assert y.terms.count.tolist() == [1, 1, 2, 0]
    assert not y.terms.products
    assert np.where(np.array([True, False]), x, 0).m.tolist() == [1, 0]
    assert np.where(np.array([True, False]), 0, x).r.tolist() == [0, 0.5]


def test_a_ball_has_the_form_of_an_array():
    x = full()
    assert (x.shape, x.ndim, x.size, x.dtype, len(x), x.T.shape) == ((2, 3), 2, 6, np.float64, 2, (3, 2))
    assert repr(exact(1.0)) == "Ball(array(1.) +- array(0.))"
    assert np.zeros_like(x, shape=(4,)).r.tolist() == [0] * 4
    assert np.zeros_like(x).shape == (2, 3)


# --- what leaves the vocabulary ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        np.asarray,
        lambda x: bool(x[0]),
        lambda x: float(x[0]),
        lambda x: int(x[0]),
        lambda x: [1, 2][x[0]],
        np.sin,
        np.cumsum,
        np.add.reduce,
        lambda x: np.multiply.outer(x, x),
        lambda x: np.add(x, 1, out=np.zeros(2)),
        lambda x: np.add(x, 1, where=np.array([True, False])),
        lambda x: np.add(x, 1, dtype=np.float32),
        lambda x: x.__iadd__(1),
        lambda x: x > 0,
        lambda x: x == x,
        lambda x: np.where(x, x, 0),
        lambda x: np.where(x, 1.0, 0.0),
        lambda x: x**2,
    ],
)
def test_what_has_no_rule_raises(call):
    with pytest.raises(TypeError, match=r"ball|vocabulary|data|ufunc"):
        call(exact([0.5, 2.0]))


# --- half types and what a candidate declares --------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_sums_are_wide_and_rounded_once(dtype):
    a = Arithmetic.of(dtype)
    x, w = fine(1, 4) * 2.0**-3, fine(4, 1, seed=1)
    y = exact(x, a) @ exact(w, a)
    total = (x @ w).item()
    summed = 4 * (a.ua * total + a.eta) * (total > 2.0**-27 * 2.0**24)
    assert y.r.item() == summed + a.u * (total + summed)
    assert (exact([[1.0, 2.0]], a) @ exact([[3.0], [4.0]], a)).r == 0
    assert (exact([[255.0, 1.0, 255.0]], a) @ exact([[1.0], [10.0], [8.0]], a)).r == a.rounding(np.array(2305.0))


def test_half_partial_sums_may_be_rounded_before_they_go_on():
    a = Arithmetic.of("float16")
    part = exact([[2048.0, 1.0]], a) @ exact([[1.0], [1.0]], a)
    assert part.r.item() == a.u * 2049
    assert (part + exact(-2048.0, a)).r.item() == a.u * 2049 + a.u * (1 + a.u * 2049)
    assert np.sum(part).r == a.u * 2049 + a.u * (2049 + a.u * 2049)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_what_is_rounded_at_the_far_end_of_a_set_lies_inside(dtype):
    """A tied share is anything from 0 to 1: with the share 1, sums and products are rounded at their full size."""
    a = Arithmetic.of(dtype)
    x, y, z = (random(200, seed=seed).astype(a.dtype) for seed in range(3))
    share, one = Ball(np.full(200, 0.5), np.full(200, 0.5), a), np.ones(200, a.dtype)
    p, q, r = (exact(values.astype(np.float64), a) for values in (x, y, z))
    assert ratio(share * p * q, one * x * y) <= 1
    assert ratio(share * p + share * q, one * x + one * y) <= 1
    total = (x.astype(np.float32) + y.astype(np.float32) + z.astype(np.float32)).astype(a.dtype)
    assert ratio(np.sum(share * np.stack([p, q, r]), axis=0), total) <= 1
    shares, terms = Ball(np.full((1, 3), 0.5), np.full((1, 3), 0.5), a), np.stack([p, q, r])
    assert ratio(shares @ terms, total[None]) <= 1


def test_half_elementwise_operations_round_each():
    a = Arithmetic.of("bfloat16")
    y = exact(1.5, a) * exact(1.0078125, a)
    assert y.r == a.u * y.m + a.eta


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@drawn
@given(values=st.lists(st.integers(-64, 64), min_size=1, max_size=16))
def test_half_sums_fused_or_rounded_between_lie_inside(dtype, values):
    a = Arithmetic.of(dtype)
    terms = (np.array(values) / 8).astype(a.dtype)
    expected = np.sum(exact(terms.astype(np.float64), a))
    assert ratio(expected, np.sum(terms.astype(np.float32)).astype(a.dtype)) <= 1
    declared = Arithmetic.of(dtype, dtype)
    kept = functools.reduce(lambda s, t: (s + t).astype(a.dtype), terms[1:], terms[:1])
    assert ratio(np.sum(exact(terms.astype(np.float64), declared)), kept[0]) <= 1


def test_sums_in_the_half_type_are_seen_unless_declared():
    terms = np.full(300, 1.0078125)
    kept = functools.reduce(lambda s, t: ml_dtypes.bfloat16(float(s) + t), terms, ml_dtypes.bfloat16(0))
    assert ratio(np.sum(exact(terms, Arithmetic.of("bfloat16"))), kept) > 1
    assert ratio(np.sum(exact(terms, Arithmetic.of("bfloat16", "bfloat16"))), kept) < 1


def to_digits(x, digits, nearest=True):
    fraction, exponent = np.frexp(x.astype(np.float64))
    scaled = fraction * 2.0**digits
    return np.ldexp((np.round if nearest else np.trunc)(scaled) / 2.0**digits, exponent)


@pytest.mark.parametrize(("precision", "digits"), [("tf32", 11), ("bfloat16", 8)])
def test_coarse_products_lie_inside_where_declared_and_outside_where_not(precision, digits):
    declared = Arithmetic.of("float32", precision)
    x, w = random(3, 8), random(8, 2)
    for nearest in (True, False):
        y = (to_digits(x, digits, nearest) @ to_digits(w, digits, nearest)).astype(np.float32)
        assert ratio(exact(x, declared) @ exact(w, declared), y) <= 1
        assert ratio(exact(x) @ exact(w), y) > 1
    x, w = np.abs(x), np.abs(w)
    coarser = (to_digits(x, digits - 3, nearest=False) @ to_digits(w, digits - 3, nearest=False)).astype(np.float32)
    assert ratio(exact(x, declared) @ exact(w, declared), coarser) > 1


def test_what_a_coarse_format_holds_stays_exact():
    tf32 = Arithmetic.of("float32", "tf32")
    assert (exact([[2047.0, 3.0]], tf32) @ exact([[1.0], [5.0]], tf32)).r == 0
    assert (exact([[4097.0]], tf32) @ exact([[1.0]], tf32)).r >= 2.0**-10 * 4097
    assert (exact(4097.0, tf32) * exact(1.0, tf32)).r == 0  # only products that are summed


def test_fast_convolutions_are_bounded_by_their_neighbourhood():
    """Winograd and FFT mix neighbours: an output that is small beside them, or an exact integer, is not."""
    fast = Arithmetic.of("float32", algorithm="fast")
    x, w = np.array([[1.0, 2.0]]), np.array([[3.0, 1000.0], [4.0, 1.0]])
    y = exact(x, fast) @ exact(w, fast)
    norm = 1 * 1000 + 2 * 4
    assert (y.r >= FAST_UNITS * fast.u * norm).all()
    assert ((exact(w.T, fast) @ exact(x.T, fast)).r >= FAST_UNITS * fast.u * norm).all()
    assert not (exact(x) @ exact(w)).r.any()
    assert np.sum(exact([1.0, 2.0], fast)).r > 0


def test_flushed_inputs_reach_zero_and_underflows_are_as_large():
    flushing = Arithmetic.of("float32", flushes=True)
    smallest = 2.0**-126
    x = exact([smallest / 2, -smallest / 4, smallest, 1.0], flushing)
    assert x.r.tolist() == [smallest / 2, smallest / 4, 0, 0]
    assert flushing.eta == smallest
    assert SINGLE.eta == 2.0**-149


# --- the reference on balls --------------------------------------------------------------------------------------


def test_the_reference_answers_with_balls_in_the_places_of_its_results():
    x, labels = random(2, 3), np.array([0, 2])
    (loss,) = forward(cross_entropy, (x, labels), {"reduction": "mean"}, SINGLE)
    assert loss.shape == ()
    dx, dlabels = gradient(cross_entropy, (x, labels), {"reduction": "mean"}, (np.ones((), np.float32),), SINGLE)
    assert dx.shape == x.shape
    assert dlabels is None
    y, mean, variance = forward(
        batch_norm, (x[..., None], *(np.ones(3, np.float32) for _ in range(4))), {"training": False}, SINGLE
    )
    assert y.shape == (2, 3, 1)
    assert not mean.r.any()
    assert not variance.r.any()


def test_balls_are_inputs_too():
    segment = around(np.ones((2, 2)), 0.1)
    dx, _ = gradient(mse_loss, (segment, np.zeros((2, 2), np.float32)), {"reduction": "sum"}, (np.ones(()),), SINGLE)
    assert (dx.r >= 0.2).all()


def test_several_cotangents_and_one_that_is_none():
    arrays = [random(*shape, seed=1) for shape in ((2, 1, 2), (1, 1, 2), (1, 1, 2), (8, 2), (8, 2), (8,), (8,))]
    attributes = {"num_layers": 1, "bidirectional": False, "lengths": None}
    got = gradient(lstm, tuple(arrays), attributes, (np.ones((2, 1, 2), np.float32), None, None), SINGLE)
    assert [g.shape for g in got] == [a.shape for a in arrays]


def test_special_inputs_are_noticed():
    weight, x = np.ones((1, 1, 1, 1), np.float32), np.ones((1, 1, 1, 1), np.float32)
    attributes = {"stride": 1, "padding": 1, "dilation": 1, "groups": 1}
    (y,) = forward(conv2d, (x, weight * INF, None), attributes, SINGLE)
    assert kinds(y) == ["any"] * 4 + ["inf"] + ["any"] * 4


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@drawn
@given(seed=st.integers(0, 2**32 - 1), scale=st.sampled_from([1e-3, 1.0, 30.0, 1e3]))
def test_the_reference_lies_in_its_own_balls(dtype, seed, scale):
    x = np.random.default_rng(seed).standard_normal((3, 5)) * scale
    x = x.astype(dtype)
    (y,) = forward(softmax, (x,), {"axis": -1}, Arithmetic.of(dtype))
    agree(y, softmax(x), "y")
    (dx,) = gradient(softmax, (x,), {"axis": -1}, (x[::-1],), Arithmetic.of(dtype))
    agree(dx, softmax.gradient(x[::-1], x)[0], "dx")
