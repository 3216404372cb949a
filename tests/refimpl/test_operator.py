"""The door of every operator: what it refuses and how it says so, what it converts, to whom it hands over."""

import ml_dtypes
import numpy as np
import pytest

from oplaws import refimpl
from oplaws.refimpl import words
from oplaws.refimpl.operator import (
    Axis,
    Operator,
    bind,
    choice,
    data,
    flag,
    integer,
    label,
    length,
    number,
    operator,
    or_none,
    probability,
    rate,
    result,
    shape_of,
    state,
    variance,
    weight,
)

ONES = np.ones


def _fits(shapes, attributes, sizes):
    if attributes["scale"] == 13:
        raise ValueError(f"scale brings bad luck, got {attributes['scale']}")


@operator(
    weight=weight("C I", fan_in="I"),
    labels=label("N", below="C"),
    x=data("N I", optional=True),
    scale=number(1.0, 2.0),
    lengths=length("N", upto="I"),
    returns={"y": result("N I"), "sums": result("C")},
    check=_fits,
    source="this test",
)
def gather(weight, labels, x=None, *, scale=1.0, lengths=None):
    """A scaled row of the weight for each label, added to x; and the sums of all rows."""
    rows = scale * weight[labels]
    return rows if x is None else x + rows, np.sum(weight, axis=1)


@gather.vjp
def gather_vjp(dys, weight, labels, x, *, scale, lengths):
    dy, dsums = dys
    hits = np.where(np.arange(weight.shape[0]) == labels[:, None], np.float32(scale), np.float32(0))
    return hits.T @ dy + dsums[:, None], None, None if x is None else 1 * dy


@operator(parts=data("N D"), returns={"y": result("N D")}, source="this test: any number of parts")
def total(*parts):
    return sum(parts)


@operator(x=data("N"), returns={"y": result("K")}, source="this test: nothing says what K is")
def first(x):
    return x[:1]


@first.vjp
def first_vjp(dy, x):
    return (np.pad(dy, (0, x.size - 1)),)


LABELS = np.array([0, 2])
ARRAYS = (ONES((3, 4)), LABELS, ONES((2, 4)))


class Foreign:
    """An array that answers for NumPy, as balls and graph nodes do: it says what it was asked."""

    def __array_function__(self, function, types, arguments, attributes):
        return function, types, arguments, attributes


# --- declarations ------------------------------------------------------------------------------------------------


def test_a_declaration_that_differs_from_its_text_is_refused():
    for declared in (
        {"x": data("N")},
        {"x": data("N"), "y": data("N"), "k": number(1)},
        {"x": data("N"), "z": data("N")},
    ):
        with pytest.raises(TypeError, match="text: the declaration and the parameters of its text differ"):

            @operator(returns={"y": result("N")}, source="", **declared)
            def text(x, y):
                return x


def test_an_operator_says_what_it_is():
    assert (gather.name, gather.__name__, gather.__module__) == ("gather", "gather", __name__)
    assert gather.__doc__.startswith("A scaled row of the weight")
    assert (repr(gather), repr(gather.gradient)) == ("<operator gather>", "<gradient of gather>")
    assert gather.gradient.__name__ == "gather_vjp"
    assert "gather" in gather.gradient.__doc__
    assert (gather.defaults, gather.required, gather.variadic) == ({"scale": 1.0, "lengths": None}, 2, "")
    assert (total.variadic, total.argument(5), total.declared(5).shape) == ("parts", "parts", "N D")


def test_roles():
    assert [f("N").role for f in (data, weight, state, variance, probability)] == [
        *("data", "weight", "state", "variance", "probability")
    ]
    assert (label("N", below="C").gradient, length("N", upto="T").low) == (False, 1)


def test_every_operator_of_the_package_has_a_source_a_docstring_and_a_name_of_its_own():
    for name, each in refimpl.operators.items():
        assert isinstance(each, Operator)
        assert each.source
        assert each.__doc__
        assert getattr(refimpl, name) is each
        if each.gradient:
            assert getattr(refimpl, name + "_vjp") is each.gradient


# --- attributes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attribute", "legal", "converted"),
    [
        (number(), 3, 3.0),
        (number(), np.float32(0.5), 0.5),
        (flag(), np.True_, True),
        (choice("mean", "sum"), "sum", "sum"),
        (integer(0), np.int8(3), 3),
        (integer(None), -3, -3),
        (integer(1, per_axis=True), [1, 2], (1, 2)),
        (or_none(integer(1)), None, None),
        (or_none(integer(1)), 1, 1),
        (rate(), 1, 1.0),
    ],
)
def test_attributes_become_plain_python(attribute, legal, converted):
    assert attribute.convert(legal) == converted
    assert type(attribute.convert(legal)) is type(converted)


@pytest.mark.parametrize(
    ("attribute", "illegal", "message"),
    [
        (number(), True, "must be a number"),
        (number(), "1", "must be a number"),
        (number(), np.inf, "must be finite"),
        (flag(), 1, "must be True or False"),
        (choice("mean", "sum"), "avg", "must be one of mean, sum"),
        (choice("mean", "sum"), None, "must be one of mean, sum"),
        (integer(0), 1.0, "must be an integer$"),
        (integer(0), False, "must be an integer$"),
        (integer(0), -1, "must be at least 0"),
        (integer(1, per_axis=True), (1, 0), "must be at least 1"),
        (integer(1, per_axis=True), 1.5, "must be an integer, or one for each axis"),
        (or_none(integer(1)), 0, "must be at least 1"),
        (rate(), 1.5, r"must lie in \[0, 1\]"),
        (rate(), np.nan, r"must lie in \[0, 1\]"),
    ],
)
def test_illegal_attributes_are_refused(attribute, illegal, message):
    with pytest.raises((ValueError, TypeError), match=message):
        attribute.convert(illegal)


def test_declared_illegal_values_are_illegal():
    for attribute in (choice("a"), integer(2), or_none(integer(0)), rate()):
        for value in attribute.illegal:
            with pytest.raises((ValueError, TypeError)):
                attribute.convert(value)
    assert integer(None).illegal == ()


# --- axes --------------------------------------------------------------------------------------------------------


def axes(shape):
    return tuple(map(Axis, shape.split()))


@pytest.mark.parametrize(
    ("spec", "shape", "known", "found"),
    [
        ("N D", (2, 3), {}, {"N": 2, "D": 3}),
        ("", (), {}, {}),
        ("4*H 3", (8, 3), {}, {"H": 2}),
        ("g*I", (6,), {"g": 3}, {"g": 3, "I": 2}),
        ("*lead D", (5, 4, 3), {}, {"lead": (5, 4), "D": 3}),
        ("N *spatial", (5,), {}, {"N": 5, "spatial": ()}),
    ],
)
def test_shapes_bind_the_sizes_of_axes(spec, shape, known, found):
    assert bind(axes(spec), shape, dict(known)) == found
    assert shape_of(axes(spec), found) == shape


@pytest.mark.parametrize(
    ("spec", "shape", "known", "message"),
    [
        ("N D", (2,), {}, r"must have the axes \(N, D\)"),
        ("N", (2, 3), {}, r"must have the axes \(N\)"),
        ("N *spatial", (), {}, r"must have the axes \(N, \*spatial\)"),
        ("N N", (2, 3), {}, r"must have an axis 1 \(N\) of size 2"),
        ("*s", (2, 3), {"s": (3, 2)}, r"must have \*s = \(3, 2\)"),
        ("4*H", (6,), {}, r"must have an axis 0 \(4\*H\) that is a multiple of 4"),
        ("A*B", (6,), {}, r"must have an axis 0 \(A\*B\)"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(spec, shape, known, message):
    with pytest.raises(ValueError, match=message):
        bind(axes(spec), shape, dict(known))


# --- calls -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arrays", "attributes", "message"),
    [
        (ARRAYS[:1], {}, r"^gather: takes the arrays weight, labels, x, got 1 arrays$"),
        ((*ARRAYS, ONES(1)), {}, r"^gather: takes the arrays .* got 4 arrays$"),
        (ARRAYS, {"axis": 3}, r"^gather: has no attribute axis, got 3$"),
        (([[1.0]], LABELS), {}, r"^gather: weight must be a NumPy array, got \[\[1.0\]\]$"),
        ((None, LABELS), {}, r"^gather: weight must be a NumPy array, got None$"),
        ((*ARRAYS[:2], 1.0), {}, r"^gather: x must be a NumPy array or None, got 1.0$"),
        (
            (ONES((3, 4), int), LABELS),
            {},
            r"^gather: weight must be one of float64, .*, got 'int64 array of shape \(3, 4\)'$",
        ),
        ((*ARRAYS[:2], ONES((2, 4), "f")), {}, r"^gather: x must be float64 like the arrays before it, got"),
        ((ONES((3, 4)), ONES(2)), {}, r"^gather: labels must hold integers, got 'float64 array of shape \(2,\)'$"),
        ((*ARRAYS[:2], ONES((2, 5))), {}, r"^gather: x must have an axis 1 \(I\) of size 4, got \(2, 5\)$"),
        (ARRAYS, {"scale": "two"}, r"^gather: scale must be a number, got 'two'$"),
        (ARRAYS, {"scale": 13}, r"^gather: scale brings bad luck, got 13.0$"),
        ((ARRAYS[0], np.array([0, 3]), ARRAYS[2]), {}, r"^gather: labels must lie in 0\.\.2, got 3$"),
        ((ARRAYS[0], np.array([-1, 0]), ARRAYS[2]), {}, r"^gather: labels must lie in 0\.\.2, got -1$"),
        (ARRAYS, {"lengths": np.array([0, 4])}, r"^gather: lengths must lie in 1\.\.4, got 0$"),
        (ARRAYS, {"lengths": np.array([1, 5])}, r"^gather: lengths must lie in 1\.\.4, got 5$"),
        (ARRAYS, {"lengths": np.array([1])}, r"^gather: lengths must have an axis 0 \(N\) of size 2, got \(1,\)$"),
        (ARRAYS, {"lengths": [1, 2]}, r"^gather: lengths must be a NumPy array or None, got \[1, 2\]$"),
    ],
)
def test_illegal_arguments_name_operator_argument_and_what_was_given(arrays, attributes, message):
    with pytest.raises((ValueError, TypeError), match=message):
        gather(*arrays, **attributes)


def test_attributes_without_default_must_be_given():
    with pytest.raises(TypeError, match="dropout: p must be given, got nothing"):
        refimpl.dropout(ONES(3), training=True, seed=0)


@pytest.mark.parametrize(
    ("cotangent", "message"),
    [
        (ONES((2, 4)), "gather_vjp: cotangent must be a tuple of 2, got"),
        ((ONES((2, 4)),), "gather_vjp: cotangent must be a tuple of 2, got"),
        ((ONES((2, 4), "f"), None), "gather_vjp: the cotangent of y must be a float64 array, got"),
        ((None, [1.0]), "gather_vjp: the cotangent of sums must be a float64 array, got"),
        ((ONES((4, 2)), None), r"gather: the cotangent of y must have an axis 0 \(N\) of size 2, got \(4, 2\)"),
    ],
)
def test_illegal_cotangents_are_refused(cotangent, message):
    with pytest.raises((ValueError, TypeError), match=message):
        gather_vjp(cotangent, *ARRAYS)


def test_the_only_cotangent_cannot_be_absent():
    with pytest.raises(TypeError, match="relu_vjp: cotangent must be an array, got None"):
        refimpl.relu_vjp(None, ONES(3))


def test_absent_cotangents_arrive_as_zeros():
    dweight, dlabels, dx = gather_vjp((None, ONES(3)), *ARRAYS)
    assert np.array_equal(dweight, ONES((3, 4)))
    assert dlabels is None
    assert np.array_equal(dx, np.zeros((2, 4)))
    dweight, _, dx = gather_vjp((ONES((2, 4)), None), *ARRAYS, scale=2)
    assert np.array_equal(dweight, [[2] * 4, [0] * 4, [2] * 4])
    assert np.array_equal(dx, ONES((2, 4)))
    assert gather_vjp((ONES((2, 4)), None), *ARRAYS[:2])[2] is None


def test_a_size_that_is_not_known_is_not_asked_of_a_cotangent():
    assert np.array_equal(first_vjp(ONES(1), ONES(3))[0], [1, 0, 0])


def test_any_number_of_arrays():
    assert np.array_equal(total(ONES((2, 3)), ONES((2, 3)), ONES((2, 3))), 3 * ONES((2, 3)))
    with pytest.raises(ValueError, match=r"total: parts must have an axis 0 \(N\) of size 2, got \(3, 2\)"):
        total(ONES((2, 3)), ONES((3, 2)))


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
def test_half_types_are_computed_in_float32_and_rounded_once(dtype):
    x = np.linspace(-4, 4, 33).astype(dtype)
    wide = x.astype(np.float32)
    assert np.array_equal(refimpl.gelu(x), refimpl.gelu(wide).astype(dtype))
    assert np.array_equal(refimpl.gelu_vjp(x, x)[0], refimpl.gelu_vjp(wide, wide)[0].astype(dtype))
    y, sums = gather(*(a.astype(dtype) if a.dtype == float else a for a in ARRAYS))
    assert y.dtype == sums.dtype == dtype


def test_half_results_beyond_the_range_are_infinite():
    assert refimpl.mse_loss(np.full(2, 300, np.float16), np.zeros(2, np.float16)) == np.inf


def test_results_keep_the_dtype_of_the_arrays():
    for dtype in (np.float32, np.float64):
        assert refimpl.leaky_relu(ONES(3, dtype), negative_slope=np.float64(0.1)).dtype == dtype
        assert refimpl.linear_vjp(ONES((2, 3), dtype), ONES((2, 4), dtype), ONES((3, 4), dtype))[2] is None


# --- foreign arrays ----------------------------------------------------------------------------------------------


def test_a_foreign_array_answers_for_operators_gradients_and_words():
    strange = Foreign()
    assert refimpl.softmax(strange, axis=0) == (refimpl.softmax, (Foreign,), (strange,), {"axis": 0})
    assert refimpl.relu_vjp(None, strange) == (refimpl.relu_vjp, (Foreign,), (None, strange), {})
    door, _, arguments, _ = gather_vjp((None, strange), *ARRAYS)
    assert door is gather_vjp
    assert arguments[0] == (None, strange)
    assert words.forms(ONES(3), strange)[0] is words.forms
    assert words.winners(strange)[0] is words.winners


def test_subclasses_of_ndarray_are_numpys_own():
    masked = np.ma.masked_array(ONES(3))
    assert np.array_equal(refimpl.relu(masked), ONES(3))


# --- words -------------------------------------------------------------------------------------------------------


def test_forms_computes_by_the_first():
    assert words.forms(1, 2, 3) == 1


def test_winners_is_one_at_the_first_maximum():
    cells = np.array([[1.0, 3.0, 3.0], [0.0, -1.0, -2.0]])
    assert np.array_equal(words.winners(cells), [[0, 1, 0], [1, 0, 0]])


def test_per_axis():
    assert words.per_axis(2, 3) == (2, 2, 2)
    assert words.per_axis([1, 2], 2) == words.per_axis((1, 2), 2) == (1, 2)


def test_flat():
    assert words.flat(ONES((2, 3, 4)), 1).shape == (2, 12)
    assert words.flat(ONES((0, 3, 4)), 2).shape == (0, 3, 4)


@pytest.mark.parametrize(("stride", "dilation"), [((1, 1), (1, 1)), ((2, 1), (1, 2)), ((3, 2), (2, 1))])
def test_fold_is_the_adjoint_of_windows(stride, dilation):
    """<c, windows(x)> = <fold(c), x>; on small integers, bit for bit."""
    rng = np.random.default_rng(0)
    x = rng.integers(-4, 5, (2, 7, 6)).astype(float)
    cells = words.windows(x, (2, 3), stride, dilation)
    c = rng.integers(-4, 5, cells.shape).astype(float)
    assert np.sum(c * cells) == np.sum(words.fold(c, (7, 6), stride, dilation) * x)


@pytest.mark.parametrize(
    ("arguments", "ceil", "expected"),
    [
        ((5, 2, 2, 0, 1), False, (2, -1)),
        ((5, 2, 2, 0, 1), True, (3, 1)),
        ((4, 1, 3, 1, 1), True, (2, -1)),
        ((6, 3, 2, 1, 2), False, (2, 0)),
    ],
)
def test_reach(arguments, ceil, expected):
    """Positions, and the padding on the right: worked out by drawing the windows."""
    assert words.reach(*arguments, ceil=ceil) == expected
