"""Convolution: a matrix, written out by the obvious loop. On small integers everything agrees bit for bit.

M[(o, q), (i, p)] = weight[o, i, k] where p = stride q + dilation k - padding lies inside the input, else 0

Forward is M x, the gradient of x is Mᵀ dy, and the transposed convolution is Mᵀ itself.
"""

import numpy as np
import pytest

from oplaws.refimpl import (
    conv1d,
    conv1d_vjp,
    conv2d,
    conv2d_vjp,
    conv3d,
    conv3d_vjp,
    conv_transpose2d,
    conv_transpose2d_vjp,
    linear,
)

CONVOLUTIONS = {1: (conv1d, conv1d_vjp), 2: (conv2d, conv2d_vjp), 3: (conv3d, conv3d_vjp)}


def matrix(weight, size, positions, stride, padding, dilation, groups):
    O, I = weight.shape[:2]
    m = np.zeros((O, *positions, groups * I, *size))
    for o, i, *k in np.ndindex(*weight.shape):
        for q in np.ndindex(*positions):
            p = tuple(s * b + d * a - c for s, b, d, a, c in zip(stride, q, dilation, k, padding))
            if all(0 <= a < n for a, n in zip(p, size)):
                m[(o, *q, o // (O // groups) * I + i, *p)] = weight[(o, i, *k)]
    return m.reshape(O * int(np.prod(positions)), groups * I * int(np.prod(size)))


def per_axis(value, axes):
    return (value,) * axes if isinstance(value, int) else value


def rows(x):
    return x.reshape(x.shape[0], -1)


# (size, kernel, attributes), then the number of output positions, by hand
CASES = [
    ((7,), (3,), {}, (5,)),
    ((7,), (3,), {"padding": 1}, (7,)),
    ((7,), (3,), {"padding": 4}, (13,)),
    ((7,), (3,), {"stride": 2}, (3,)),
    ((8,), (3,), {"stride": 2}, (3,)),
    ((7,), (3,), {"dilation": 3}, (1,)),
    ((7,), (2,), {"stride": 4}, (2,)),
    ((7,), (1,), {"stride": 3, "groups": 2}, (3,)),
    ((5, 6), (3, 2), {}, (3, 5)),
    ((5, 6), (3, 2), {"stride": (2, 3), "padding": (1, 0), "dilation": (1, 2)}, (3, 2)),
    ((5, 6), (3, 2), {"stride": 2, "padding": 2, "dilation": 2, "groups": 2}, (3, 4)),
    ((4, 4), (2, 2), {"groups": 3, "stride": (1, 2)}, (3, 2)),
    ((1, 1), (3, 3), {"padding": 1}, (1, 1)),
    ((3, 4, 3), (2, 1, 3), {}, (2, 4, 1)),
    ((3, 4, 3), (2, 1, 3), {"stride": (1, 2, 1), "padding": (0, 1, 2), "dilation": (2, 1, 1), "groups": 2}, (1, 3, 5)),
]


@pytest.mark.parametrize(("size", "kernel", "attributes", "positions"), CASES)
def test_a_convolution_is_a_matrix(integers, size, kernel, attributes, positions):
    axes, groups = len(size), attributes.get("groups", 1)
    conv, conv_vjp = CONVOLUTIONS[axes]
    x, w, b = integers(2, 2 * groups, *size), integers(3 * groups, 2, *kernel), integers(3 * groups)
    slide = [per_axis(attributes.get(name, default), axes) for name, default in
             (("stride", 1), ("padding", 0), ("dilation", 1))]  # fmt: skip
    m = matrix(w, size, positions, *slide, groups)

    y = conv(x, w, b, **attributes)
    assert y.shape == (2, 3 * groups, *positions)
    bias = np.broadcast_to(b.reshape(-1, *(1,) * axes), y.shape[1:]).reshape(-1)
    assert np.array_equal(rows(y), rows(x) @ m.T + bias)
    assert np.array_equal(conv(x, w, **attributes), conv(x, w, 0 * b, **attributes))

    dy = integers(*y.shape, seed=1)
    dx, dw, db = conv_vjp(dy, x, w, b, **attributes)
    assert np.array_equal(rows(dx), rows(dy) @ m)
    assert np.array_equal(db, dy.sum(axis=(0, *range(2, 2 + axes))))
    assert conv_vjp(dy, x, w, **attributes)[2] is None
    for at in np.ndindex(*w.shape):
        unit = np.zeros_like(w)
        unit[at] = 1
        assert dw[at] == np.sum(dy * conv(x, unit, **attributes))


# (positions, kernel, attributes), then the size of the output, by hand
TRANSPOSED = [
    ((3, 2), (2, 3), {}, (4, 4)),
    ((3, 2), (2, 3), {"stride": 2}, (6, 5)),
    ((3, 2), (2, 3), {"stride": (2, 3), "output_padding": (1, 2)}, (7, 8)),
    ((3, 2), (3, 3), {"stride": 2, "padding": 1, "output_padding": 1}, (6, 4)),
    ((3, 2), (2, 2), {"dilation": 3, "output_padding": (0, 2)}, (6, 7)),
    ((3, 2), (3, 2), {"stride": 3, "padding": (2, 0), "dilation": (1, 2), "groups": 2}, (5, 6)),
    ((1, 1), (1, 1), {"stride": 4, "output_padding": 3}, (4, 4)),
    ((3, 3), (1, 1), {"padding": 1}, (1, 1)),
]


@pytest.mark.parametrize(("positions", "kernel", "attributes", "size"), TRANSPOSED)
def test_the_transposed_convolution_is_its_transpose(integers, positions, kernel, attributes, size):
    groups = attributes.get("groups", 1)
    x, w, b = integers(2, 3 * groups, *positions), integers(3 * groups, 2, *kernel), integers(2 * groups)
    slide = [per_axis(attributes.get(name, default), 2) for name, default in
             (("stride", 1), ("padding", 0), ("dilation", 1))]  # fmt: skip
    m = matrix(w, size, positions, *slide, groups)

    y = conv_transpose2d(x, w, b, **attributes)
    assert y.shape == (2, 2 * groups, *size)
    bias = np.broadcast_to(b.reshape(-1, 1, 1), y.shape[1:]).reshape(-1)
    assert np.array_equal(rows(y), rows(x) @ m + bias)

    dy = integers(*y.shape, seed=1)
    dx, dw, db = conv_transpose2d_vjp(dy, x, w, b, **attributes)
    assert np.array_equal(rows(dx), rows(dy) @ m.T)
    assert np.array_equal(db, dy.sum(axis=(0, 2, 3)))
    assert conv_transpose2d_vjp(dy, x, w, **attributes)[2] is None
    for at in np.ndindex(*w.shape):
        unit = np.zeros_like(w)
        unit[at] = 1
        assert dw[at] == np.sum(dy * conv_transpose2d(x, unit, **attributes))


def test_values_by_hand():
    x, w = np.array([[[1.0, 2, 4, 8]]]), np.array([[[1.0, 0, -1]]])
    assert np.array_equal(conv1d(x, w), [[[-3, -6]]])
    assert np.array_equal(conv1d(x, w, np.array([10.0]), padding=1), [[[8, 7, 4, 14]]])
    image, ones = np.ones((1, 1, 2, 2)), np.ones((1, 1, 2, 2))
    assert np.array_equal(conv_transpose2d(image, ones)[0, 0], [[1, 2, 1], [2, 4, 2], [1, 2, 1]])
    alone = conv_transpose2d(image, ones, np.array([7.0]), stride=2, output_padding=1)[0, 0]
    assert np.array_equal(alone[-1], [7] * 5)
    assert np.array_equal(alone[:4, :4], np.full((4, 4), 8))


# --- identities ---------------------------------------------------------------------------------------------------


def test_the_kernel_is_not_flipped():
    impulse, w = np.zeros((1, 1, 5)), np.array([[[1.0, 2, 3]]])
    impulse[0, 0, 2] = 1
    assert np.array_equal(conv1d(impulse, w)[0, 0], [3, 2, 1])


def test_a_dilated_kernel_is_one_with_zeros(integers):
    x, w = integers(2, 2, 8, 8), integers(3, 2, 2, 3)
    wide = np.zeros((3, 2, 4, 5))
    wide[:, :, ::3, ::2] = w
    assert np.array_equal(conv2d(x, w, dilation=(3, 2)), conv2d(x, wide))


def test_a_stride_takes_every_so_many_positions(integers):
    x, w = integers(2, 2, 8, 7), integers(3, 2, 2, 3)
    assert np.array_equal(conv2d(x, w, stride=(3, 2)), conv2d(x, w)[:, :, ::3, ::2])


def test_groups_are_convolutions_side_by_side(integers):
    x, w, b = integers(2, 6, 5, 5), integers(9, 2, 3, 3), integers(9)
    apart = [conv2d(x[:, 2 * g : 2 * g + 2], w[3 * g : 3 * g + 3], b[3 * g : 3 * g + 3]) for g in range(3)]
    assert np.array_equal(conv2d(x, w, b, groups=3), np.concatenate(apart, axis=1))


def test_a_kernel_of_one_is_a_linear_layer(integers):
    x, w, b = integers(2, 3, 4, 5), integers(6, 3, 1, 1), integers(6)
    channels_last = np.moveaxis(x, 1, -1)
    assert np.array_equal(conv2d(x, w, b), np.moveaxis(linear(channels_last, w[:, :, 0, 0], b), -1, 1))


def test_fewer_axes_are_axes_of_size_one(integers):
    x, w = integers(2, 3, 7), integers(4, 3, 3)
    flat = conv2d(x[:, :, None], w[:, :, None], stride=(1, 2), padding=(0, 1))
    assert np.array_equal(conv1d(x, w, stride=2, padding=1), flat[:, :, 0])
    solid = conv3d(x[:, :, None, None], w[:, :, None, None], padding=(0, 0, 1))
    assert np.array_equal(conv1d(x, w, padding=1), solid[:, :, 0, 0])


def test_nan_reaches_the_windows_that_see_it():
    x, w = np.zeros((1, 2, 5)), np.zeros((2, 1, 2))
    x[0, 1, 2] = np.nan
    y = conv1d(x, w, groups=2)
    assert np.isnan(y).tolist() == [[[False] * 4, [False, True, True, False]]]
    dy = np.zeros((1, 2, 4))
    dy[0, 0, 1] = np.nan
    dx, dw, db = conv1d_vjp(dy, np.zeros((1, 2, 5)), w, np.zeros(2), groups=2)
    assert np.isnan(dx).tolist() == [[[False, True, True, False, False], [False] * 5]]
    assert np.isnan(dw).tolist() == [[[True, True]], [[False, False]]]
    assert np.isnan(db).tolist() == [True, False]


# --- PyTorch ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "kernel", "attributes", "positions"), CASES[1::3])
def test_against_torch(agrees_with_torch, normal, size, kernel, attributes, positions):
    groups, axes = attributes.get("groups", 1), len(size)
    arrays = normal(2, 3 * groups, *size), normal(2 * groups, 3, *kernel), normal(2 * groups)

    def function(torch, x, w, b):
        return getattr(torch.nn.functional, f"conv{axes}d")(x, w, b, **attributes)

    agrees_with_torch(CONVOLUTIONS[axes][0], function, *arrays, **attributes)


@pytest.mark.parametrize(("positions", "kernel", "attributes", "size"), TRANSPOSED)
def test_the_transpose_against_torch(agrees_with_torch, normal, positions, kernel, attributes, size):
    groups = attributes.get("groups", 1)
    arrays = normal(2, 3 * groups, *positions), normal(3 * groups, 2, *kernel), normal(2 * groups)

    def function(torch, x, w, b):
        return torch.nn.functional.conv_transpose2d(x, w, b, **attributes)

    agrees_with_torch(conv_transpose2d, function, *arrays, **attributes)


# --- what is refused ---------------------------------------------------------------------------------------------

X, W, B = np.ones((1, 4, 5, 5)), np.ones((6, 4, 3, 3)), np.ones(6)


@pytest.mark.parametrize(
    ("arrays", "attributes", "message"),
    [
        ((X[0], W), {}, r"x must have the axes \(N, groups\*I, H, W\), got \(4, 5, 5\)$"),
        ((X, W[:, :3]), {}, r"weight must have an axis 1 \(I\) of size 4, got \(6, 3, 3, 3\)$"),
        ((X, W[:, :, 0]), {}, r"weight must have the axes \(groups\*O, I, kH, kW\), got \(6, 4, 3\)$"),
        ((X, W, B[:5]), {}, r"bias must have an axis 0 \(groups\*O\) of size 6, got \(5,\)$"),
        ((X, W, B[None]), {}, r"bias must have the axes \(groups\*O\), got \(1, 6\)$"),
        ((X, W), {"groups": 3}, r"x must have an axis 1 \(groups\*I\) that is a multiple of 3, got \(1, 4, 5, 5\)$"),
        ((X, W[:5, :2]), {"groups": 2}, r"weight must have an axis 0 \(groups\*O\) that is a multiple of 2, got"),
        ((X, W), {"groups": 2}, r"weight must have an axis 1 \(I\) of size 2, got \(6, 4, 3, 3\)$"),
        ((X, W), {"groups": 0}, r"groups must be at least 1, got 0$"),
        ((X, W), {"groups": (1, 1)}, r"groups must be an integer, got \(1, 1\)$"),
        ((X, W), {"stride": 0}, r"stride must be at least 1, got 0$"),
        ((X, W), {"stride": (1, 2, 3)}, r"stride must be one integer or 2, got \(1, 2, 3\)$"),
        ((X, W), {"stride": 1.0}, r"stride must be an integer, or one for each axis, got 1.0$"),
        ((X, W), {"dilation": (1, 0)}, r"dilation must be at least 1, got \(1, 0\)$"),
        ((X, W), {"padding": -1}, r"padding must be at least 0, got -1$"),
        ((X, W), {"padding": "same"}, r"padding must be an integer, or one for each axis, got 'same'$"),
        ((X, W), {"padding": ()}, r"padding must be one integer or 2, got \(\)$"),
        (
            (X, np.ones((6, 4, 6, 1))),
            {},
            r"weight must have a kernel inside the padded input \(5, 5\), got \(6, 1\), dilated \(1, 1\)$",
        ),
        ((X, W), {"dilation": (1, 3)}, r"weight must have a kernel inside .* got \(3, 3\), dilated \(1, 3\)$"),
        ((X, W[..., :0]), {}, r"weight must have at least one element along each axis, got \(3, 0\)$"),
    ],
)
def test_illegal_arguments(arrays, attributes, message):
    with pytest.raises((ValueError, TypeError), match="^conv2d: " + message):
        conv2d(*arrays, **attributes)


@pytest.mark.parametrize(
    ("arrays", "attributes", "message"),
    [
        ((X, W), {}, r"weight must have an axis 0 \(groups\*I\) of size 4, got \(6, 4, 3, 3\)$"),
        ((X, W[:4], B[:3]), {}, r"bias must have an axis 0 \(groups\*O\) of size 4, got \(3,\)$"),
        (
            (X, W[:4]),
            {"output_padding": 1},
            r"output_padding must be smaller than the stride or the dilation, got \(1, 1\)$",
        ),
        ((X, W[:4]), {"stride": (1, 2), "output_padding": (0, 2)}, r"output_padding must be smaller .*\(0, 2\)$"),
        ((X, W[:4]), {"output_padding": -1}, r"output_padding must be at least 0, got -1$"),
        ((X, W[:4]), {"output_padding": (0, 0, 0)}, r"output_padding must be one integer or 2, got \(0, 0, 0\)$"),
        ((X, W[:4]), {"stride": (1,)}, r"stride must be one integer or 2, got \(1,\)$"),
        ((X, W[:4]), {"padding": 4}, r"padding must leave at least one row and one column, got \(4, 4\)$"),
        ((X[:, :, :0], W[:4]), {}, r"weight and x must have at least one element .* got \(3, 3\) and \(0, 5\)$"),
    ],
)
def test_illegal_arguments_of_the_transpose(arrays, attributes, message):
    with pytest.raises((ValueError, TypeError), match="^conv_transpose2d: " + message):
        conv_transpose2d(*arrays, **attributes)
