"""What holds of every operator: shapes as declared, half types, memory layouts, batches of 0, refusals.

Arguments are made from the declarations alone: each axis has a size of its own, each role its values.
"""

import ml_dtypes
import numpy as np
import pytest

from oplaws.refimpl import operators
from oplaws.refimpl.backprop import matmul
from oplaws.refimpl.operator import DTYPES, Array, shape_of
from oplaws.refimpl.rnn import weight_shapes

SIZES = dict(N=3, C=4, D=5, O=4, I=2, H=6, W=7, L=7, T=3, k=2, kH=2, kW=3, spatial=(5,))  # noqa: C408
CONV3D = {"D": 3, "H": 4, "W": 5, "kD": 2}
DROP = {"p": 0.5, "training": True, "seed": 1}
SWAPS = {"num_layers": 2, "bidirectional": True, "lengths": np.array([2, 3, 1])}

# The attributes with which an operator is called, and sizes of axes that differ from those above.
CALLS = {
    **{name: [({}, {})] for name in operators},
    "leaky_relu": [({"negative_slope": -0.5}, {})],
    "gelu": [({}, {}), ({"approximate": "tanh"}, {})],
    "softmax": [({}, {}), ({"axis": 0}, {})],
    "log_softmax": [({}, {}), ({"axis": 0}, {})],
    **{name: [({"reduction": r}, {}) for r in ("mean", "sum", "none")] for name in ("mse_loss", "cross_entropy")},
    "binary_cross_entropy_with_logits": [({"reduction": "mean"}, {}), ({"reduction": "none"}, {})],
    "neuron": [({}, {}), ({"activation": "relu"}, {})],
    "conv1d": [({}, {}), ({"stride": 2, "padding": 1, "groups": 2}, {})],
    "conv2d": [({}, {}), ({"stride": (2, 1), "padding": 1, "dilation": (1, 2), "groups": 2}, {})],
    "conv3d": [({}, CONV3D), ({"stride": 2, "padding": (0, 1, 1)}, CONV3D)],
    "conv_transpose2d": [({}, {}), ({"stride": 2, "padding": 1, "output_padding": (0, 1), "groups": 2}, {})],
    "max_pool2d": [
        ({"kernel_size": 2}, {}),
        ({"kernel_size": (3, 2), "stride": 2, "padding": 1, "ceil_mode": True}, {}),
    ],
    "avg_pool2d": [
        ({"kernel_size": 2}, {}),
        ({"kernel_size": (3, 2), "stride": 2, "padding": 1, "ceil_mode": True}, {}),
    ],
    "batch_norm": [({"training": True}, {}), ({"training": False}, {})],
    "dropout": [(DROP, {}), ({**DROP, "training": False}, {}), ({**DROP, "p": 1}, {})],
    "channel_dropout": [(DROP, {}), ({**DROP, "training": False}, {}), ({**DROP, "p": 1}, {})],
    "residual_basic_block": [({}, {"O": 4}), ({"stride": 2}, {"O": 3})],
    **{name: [({}, {}), (SWAPS, {})] for name in ("rnn", "lstm", "gru")},
    "sgd": [({"lr": 0.1}, {}), ({"lr": 0.1, "momentum": 0.9, "nesterov": True}, {})],
    "adam": [({"step": 1}, {}), ({"step": 5, "weight_decay": 0.1}, {})],
}
EVERY = [pytest.param(operators[name], *call, id=name) for name, calls in CALLS.items() for call in calls]
every_call = pytest.mark.parametrize(("operator", "attributes", "sizes"), EVERY)
GATES = {"rnn": 1, "lstm": 4, "gru": 3}


def arguments(operator, attributes, sizes, dtype=DTYPES["float64"], batch=3):
    """Arrays and cotangents: legal values in the shapes that the declaration says."""
    rng = np.random.default_rng(0)
    sizes = {**SIZES, **sizes, "N": batch, "batch": (batch, 2), "shape": (batch, 4)}
    sizes |= {name: v for name, v in {"groups": 1, "num_layers": 1, **attributes}.items() if type(v) is int}
    sizes |= {"directions": 2 if attributes.get("bidirectional") else 1}

    def fill(spec, shape):
        if spec.role == "label":
            return rng.integers(0, sizes[spec.below], shape)
        x = rng.standard_normal(shape)
        x = {"variance": x * x, "probability": 1 / (1 + x * x)}.get(spec.role, x)
        return np.asarray(x, dtype)

    arrays = []
    for spec in operator.arrays.values():
        if spec.shape == "...":
            arrays += [fill(spec, shape) for shape in weight_shapes(GATES[operator.name], sizes)]
        else:
            arrays.append(fill(spec, shape_of(spec.axes, sizes)))
    results = several(operator(*arrays, **attributes))
    return tuple(arrays), tuple(np.asarray(rng.standard_normal(r.shape), dtype) for r in results)


def several(values):
    return values if isinstance(values, tuple) else (values,)


def bare(cotangents):
    return cotangents if len(cotangents) > 1 else cotangents[0]


def legal(attributes, batch):
    """The attributes for another batch: lengths are one for each sequence."""
    return {name: v[:batch] if isinstance(v, np.ndarray) else v for name, v in attributes.items()}


def same(a, b):
    return np.array_equal(a, b, equal_nan=True)


# --- results -----------------------------------------------------------------------------------------------------


def test_every_operator_is_called():
    assert set(CALLS) == set(operators)


@every_call
@pytest.mark.parametrize("batch", [3, 0])
@pytest.mark.parametrize("dtype", DTYPES)
def test_results_and_gradients_are_as_declared(operator, attributes, sizes, batch, dtype):
    attributes = legal(attributes, batch)
    arrays, dys = arguments(operator, attributes, sizes, DTYPES[dtype], batch)
    results = several(operator(*arrays, **attributes))
    shapes = operator.result_shapes(arrays, attributes)
    for spec, shape, y in zip(operator.results.values(), shapes, results, strict=True):
        assert type(y) is np.ndarray or isinstance(y, np.generic)
        assert y.shape == shape
        assert y.dtype == DTYPES[dtype]
        assert np.all((y >= spec.low) & (y <= spec.high) | np.isnan(y))
        assert not np.isnan(y).any() or batch == 0
    if operator.gradient:
        gradients = operator.gradient(bare(dys), *arrays, **attributes)
        for i, (g, x) in enumerate(zip(gradients, arrays, strict=True)):
            assert (g is None) == (operator.declared(i).gradient is False)
            if g is not None:
                assert (g.shape, g.dtype) == (x.shape, x.dtype)
                assert not np.isnan(g).any()
                if batch == 0:
                    assert not np.any(g)


def test_shapes_that_the_axes_do_not_tell_are_found_by_running_the_text():
    assert matmul.result_shapes((np.ones((5, 2, 3)), np.ones((3, 4))), {}) == [(5, 2, 4)]


@every_call
@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
def test_half_types_are_float32_rounded_once(operator, attributes, sizes, dtype):
    arrays, dys = arguments(operator, attributes, sizes, np.dtype(dtype))
    wide, wide_dys = ([a.astype(np.float32) if a.dtype == dtype else a for a in some] for some in (arrays, dys))
    for y, z in zip(several(operator(*arrays, **attributes)), several(operator(*wide, **attributes)), strict=True):
        assert same(y, z.astype(dtype))
    if operator.gradient:
        pairs = zip(
            operator.gradient(bare(dys), *arrays, **attributes),
            operator.gradient(bare(tuple(wide_dys)), *wide, **attributes),
            strict=True,
        )
        for g, h in pairs:
            assert (g is None and h is None) or same(g, h.astype(dtype))


# --- memory ------------------------------------------------------------------------------------------------------


def fortran(x):
    return np.array(x, order="F")


def strided(x):
    """Every other element, backwards."""
    room = np.zeros(tuple(2 * n for n in x.shape), x.dtype)
    view = room[(..., *[slice(None, None, -2)] * x.ndim)]
    view[...] = x
    return view


def read_only(x):
    x = x.copy()
    x.flags.writeable = False
    return x


def misaligned(x):
    room = np.zeros(x.nbytes + 1, np.uint8)
    view = np.frombuffer(room.data, x.dtype, x.size, 1).reshape(x.shape)
    view[...] = x
    return view


@every_call
@pytest.mark.parametrize("layout", [fortran, strided, read_only, misaligned])
def test_any_memory_layout(within, gradient_within, operator, attributes, sizes, layout):
    """Values within the bounds of those asked for, shared with nobody; every argument left as it was."""
    plain, plain_dys = arguments(operator, attributes, sizes, DTYPES["float32"])
    arrays, dys = tuple(map(layout, plain)), tuple(map(layout, plain_dys))
    given = {name: layout(v) if isinstance(v, np.ndarray) else v for name, v in attributes.items()}
    results = several(operator(*arrays, **given))
    kept = [np.array(y) for y in results]
    assert all(map(same, kept, several(operator(*arrays, **given))))
    if not operator.random:
        within(operator, plain, attributes, results)
    else:
        assert all(map(same, results, several(operator(*plain, **attributes))))
    for spec, y in zip(operator.results.values(), results, strict=True):
        for i, x in enumerate(arrays):
            assert not np.shares_memory(y, x) or operator.argument(i) in spec.alias
    if operator.gradient:
        gradients = operator.gradient(bare(dys), *arrays, **given)
        if not operator.random:
            gradient_within(operator, plain, attributes, plain_dys, gradients)
        for g in gradients:
            assert g is None or not any(np.shares_memory(g, x) for x in (*arrays, *dys))
    for before, after in zip((*plain, *plain_dys, *kept), (*arrays, *dys, *results), strict=True):
        assert same(before, after)
    for name, value in attributes.items():
        assert np.array_equal(given[name], value)


# --- what is refused ---------------------------------------------------------------------------------------------


@every_call
def test_an_attribute_that_is_declared_illegal(operator, attributes, sizes):
    arrays, dys = arguments(operator, attributes, sizes)
    for name, attribute in operator.attributes.items():
        for value in () if isinstance(attribute, Array) else attribute.illegal:
            calls = [operator, operator.gradient] if operator.gradient else [operator]
            for call in calls:
                given = arrays if call is operator else (bare(dys), *arrays)
                with pytest.raises((ValueError, TypeError), match=rf"^{operator.name}: {name} must .*, got {value!r}$"):
                    call(*given, **{**attributes, name: value})


@every_call
def test_an_array_of_another_kind(operator, attributes, sizes):
    arrays, _ = arguments(operator, attributes, sizes)
    for i, array in enumerate(arrays):
        name = operator.argument(i)
        for other, got in (
            (array.astype(complex), "'complex128 array of shape"),
            (array.tolist(), r"[-\[\d]"),
            (array[None, None, None] if "*" not in operator.arrays[name].shape else None, ".*"),
        ):
            if other is None:
                continue
            with pytest.raises((ValueError, TypeError), match=rf"^{operator.name}: {name} must .*, got {got}"):
                operator(*arrays[:i], other, *arrays[i + 1 :], **attributes)


@every_call
def test_a_cotangent_of_another_shape(operator, attributes, sizes):
    arrays, dys = arguments(operator, attributes, sizes)
    if not operator.gradient:
        return
    for i, name in enumerate(operator.results):
        other = (*dys[:i], dys[i][None], *dys[i + 1 :])
        with pytest.raises(ValueError, match=rf"^{operator.name}: the cotangent of {name} must have .*, got \(1"):
            operator.gradient(bare(other), *arrays, **attributes)
        other = (*dys[:i], dys[i].astype(np.float32), *dys[i + 1 :])
        with pytest.raises(TypeError, match=rf"^{operator.name}_vjp: the cotangent of {name} must be a float64 array"):
            operator.gradient(bare(other), *arrays, **attributes)
