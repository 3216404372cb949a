"""Pooling: every window by the obvious loop, on integers and with power-of-two divisors bit for bit."""

import itertools

import numpy as np
import pytest

from oplaws.refimpl import avg_pool2d, avg_pool2d_vjp, max_pool2d, max_pool2d_vjp

inf, nan = np.inf, np.nan


def starts(size, kernel, stride, padding, dilation, ceil):
    """Where windows begin: those that fit, then with ceil one more for what they left, if it begins in time."""
    span = dilation * (kernel - 1) + 1
    found = [s for s in range(-padding, size + padding, stride) if s + span <= size + padding]
    if ceil and found and found[-1] + span < size + padding and found[-1] + stride < size:
        found.append(found[-1] + stride)
    return found


def windows(size, kernel, stride, padding, dilation, ceil):
    """For each window its place, its cells, and those inside the input, as coordinates."""
    axes = [list(enumerate(starts(*axis, ceil))) for axis in zip(size, kernel, stride, padding, dilation)]
    for (a, top), (b, left) in itertools.product(*axes):
        cells = [(top + dilation[0] * i, left + dilation[1] * j) for i, j in np.ndindex(*kernel)]
        yield (a, b), cells, [c for c in cells if all(0 <= p < n for p, n in zip(c, size))]


def pair(value):
    return (value, value) if isinstance(value, int) else value


SETTINGS = [
    {"kernel_size": 2},
    {"kernel_size": 3},
    {"kernel_size": (1, 2), "stride": 1},
    {"kernel_size": 2, "stride": (2, 3), "padding": (1, 0)},
    {"kernel_size": (3, 2), "stride": (1, 2), "padding": (1, 1)},
    {"kernel_size": 2, "stride": 3, "padding": 1},
    {"kernel_size": 4, "stride": 3, "padding": 2},
    {"kernel_size": 1, "stride": 3},
]
SIZES = [(4, 4), (5, 7), (6, 5), (8, 3)]


@pytest.mark.parametrize("dilation", [1, 2, (1, 2)])
@pytest.mark.parametrize("ceil_mode", [False, True])
@pytest.mark.parametrize("setting", SETTINGS)
def test_max_by_the_obvious_loop(integers, setting, ceil_mode, dilation):
    for size in SIZES:
        x = integers(2, 2, *size)
        kernel, padding = pair(setting["kernel_size"]), pair(setting.get("padding", 0))
        if any(d * (k - 1) + 1 > n + 2 * p for d, k, n, p in zip(pair(dilation), kernel, size, padding)):
            continue
        slide = kernel, pair(setting.get("stride", kernel)), padding, pair(dilation)
        y = max_pool2d(x, **setting, dilation=dilation, ceil_mode=ceil_mode)
        dy = integers(*y.shape, seed=1)
        (dx,) = max_pool2d_vjp(dy, x, **setting, dilation=dilation, ceil_mode=ceil_mode)
        expected, count = np.zeros_like(x), 0
        for place, _, inside in windows(size, *slide, ceil_mode):
            count += 1
            for image in np.ndindex(2, 2):
                assert y[(*image, *place)] == max((x[(*image, *c)] for c in inside), default=-inf)
                if inside:
                    first = max(inside, key=lambda c: x[(*image, *c)])
                    expected[(*image, *first)] += dy[(*image, *place)]
        assert y.shape[2] * y.shape[3] == count
        assert np.array_equal(dx, expected)


@pytest.mark.parametrize("count_include_pad", [False, True])
@pytest.mark.parametrize("ceil_mode", [False, True])
@pytest.mark.parametrize("setting", SETTINGS)
def test_average_by_the_obvious_loop(integers, setting, ceil_mode, count_include_pad):
    for size in SIZES:
        x = integers(2, 2, *size)
        kernel, padding = pair(setting["kernel_size"]), pair(setting.get("padding", 0))
        slide = kernel, pair(setting.get("stride", kernel)), padding, (1, 1)
        if any(k > n + 2 * p for k, n, p in zip(kernel, size, padding)):
            continue
        attributes = {**setting, "ceil_mode": ceil_mode, "count_include_pad": count_include_pad}
        y = avg_pool2d(x, **attributes)
        counts = np.zeros(y.shape[2:])
        for place, cells, inside in windows(size, *slide, ceil_mode):
            padded = [c for c in cells if all(-p <= a < n + p for a, n, p in zip(c, size, padding))]
            counts[place] = len(padded if count_include_pad else inside)
            for image in np.ndindex(2, 2):
                assert y[(*image, *place)] == sum(x[(*image, *c)] for c in inside) / counts[place]
        # What the divisor takes away is put back, and all is integers again.
        dy = integers(*y.shape, seed=1) * counts
        expected = np.zeros_like(x)
        for place, _, inside in windows(size, *slide, ceil_mode):
            for c in inside:
                expected[(..., *c)] += dy[(..., *place)] / counts[place]
        assert np.array_equal(avg_pool2d_vjp(dy, x, **attributes)[0], expected)


def test_values_by_hand():
    x = np.arange(1.0, 17).reshape(1, 1, 4, 4)
    assert np.array_equal(max_pool2d(x, kernel_size=2)[0, 0], [[6, 8], [14, 16]])
    assert np.array_equal(avg_pool2d(x, kernel_size=2)[0, 0], [[3.5, 5.5], [11.5, 13.5]])
    row = np.array([[[[-1.0, -2, -3, -4, -5]]]])
    floor, ceil = ({"kernel_size": (1, 2), "stride": 2, "padding": (0, 1), "ceil_mode": m} for m in (False, True))
    assert np.array_equal(max_pool2d(row, **floor)[0, 0], [[-1, -2, -4]])
    assert np.array_equal(avg_pool2d(row, **floor)[0, 0], [[-0.5, -2.5, -4.5]])
    assert np.array_equal(avg_pool2d(row, **floor, count_include_pad=False)[0, 0], [[-1, -2.5, -4.5]])
    # Six cells and a stride of two: the fourth window begins at the last of them, beside one cell of padding.
    row = np.concatenate([row, row[..., :1]], axis=-1)
    assert np.array_equal(max_pool2d(row, **ceil)[0, 0], [[-1, -2, -4, -1]])
    # A window that hangs over the padding itself: the cell beyond is never counted.
    over = {"kernel_size": (1, 3), "stride": (1, 3), "padding": (0, 0), "ceil_mode": True}
    assert np.array_equal(avg_pool2d(row[..., :5], **over)[0, 0], [[-2, -4.5]])


def test_a_window_of_padding_alone_is_minus_infinity_and_passes_no_gradient():
    x = np.array([[[[7.0]]]])
    attributes = {"kernel_size": (1, 2), "stride": 1, "padding": (0, 1), "dilation": 2}
    assert max_pool2d(x, **attributes) == -inf
    assert max_pool2d_vjp(np.ones((1, 1, 1, 1)), x, **attributes)[0] == 0


def test_a_tie_goes_to_the_first_and_nothing_is_lost(integers):
    x = np.full((1, 1, 2, 2), 3.0)
    assert np.array_equal(max_pool2d_vjp(np.full((1, 1, 1, 1), 5.0), x, kernel_size=2)[0][0, 0], [[5, 0], [0, 0]])
    x, dy = np.sign(integers(2, 3, 6, 6)), integers(2, 3, 5, 5)
    assert np.sum(max_pool2d_vjp(dy, x, kernel_size=2, stride=1)[0]) == np.sum(dy)


def test_nan_is_the_largest_number_of_its_windows():
    x = np.arange(16.0).reshape(1, 1, 4, 4)
    x[0, 0, 0, 1] = nan
    expected = [[True, False], [False, False]]
    assert np.isnan(max_pool2d(x, kernel_size=2)[0, 0]).tolist() == expected
    assert np.isnan(avg_pool2d(x, kernel_size=2)[0, 0]).tolist() == expected
    (dx,) = max_pool2d_vjp(np.ones((1, 1, 2, 2)), x, kernel_size=2)
    assert np.array_equal(dx[0, 0], [[0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0], [0, 1, 0, 1]])
    dy = np.array([[[[nan, 1], [1, 1]]]])
    (dx,) = avg_pool2d_vjp(dy, x, kernel_size=2)
    assert np.isnan(dx[0, 0]).tolist() == [[True, True, False, False]] * 2 + [[False] * 4] * 2


def test_infinities(integers):
    x = integers(1, 1, 2, 4)
    x[0, 0, 0] = [-inf, -inf, inf, 0]
    x[0, 0, 1] = [-inf, -inf, 0, 0]
    assert np.array_equal(max_pool2d(x, kernel_size=2)[0, 0], [[-inf, inf]])
    assert np.array_equal(avg_pool2d(x, kernel_size=2)[0, 0], [[-inf, inf]])


def test_no_stride_is_the_kernel(integers):
    x = integers(1, 2, 7, 6)
    for pool in (max_pool2d, avg_pool2d):
        assert np.array_equal(pool(x, kernel_size=(3, 2)), pool(x, kernel_size=(3, 2), stride=(3, 2)))


# --- PyTorch ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ceil_mode", [False, True])
@pytest.mark.parametrize("setting", SETTINGS)
def test_against_torch(agrees_with_torch, normal, setting, ceil_mode):
    attributes, x = {**setting, "ceil_mode": ceil_mode}, normal(2, 2, 7, 6)
    agrees_with_torch(max_pool2d, lambda torch, x: torch.nn.functional.max_pool2d(x, **attributes), x, **attributes)
    attributes["count_include_pad"] = ceil_mode
    agrees_with_torch(avg_pool2d, lambda torch, x: torch.nn.functional.avg_pool2d(x, **attributes), x, **attributes)


@pytest.mark.parametrize("attributes", [{"dilation": 2}, {"dilation": (3, 1), "stride": 2, "ceil_mode": True}])
def test_dilated_against_torch(agrees_with_torch, normal, attributes):
    attributes = {"kernel_size": 2, "padding": 1, **attributes}
    agrees_with_torch(
        max_pool2d,
        lambda torch, x: torch.nn.functional.max_pool2d(x, **attributes),
        normal(2, 2, 7, 6),
        **attributes,
    )


def test_how_many_windows_torch_counts(normal):
    torch = pytest.importorskip("torch")
    for size, kernel, stride, ceil_mode in itertools.product(range(1, 8), range(1, 4), range(1, 5), (False, True)):
        for padding in range(kernel // 2 + 1):
            if kernel <= size + 2 * padding:
                attributes = {"kernel_size": (1, kernel), "stride": stride, "padding": (0, padding)}
                x = normal(1, 1, 1, size)
                theirs = torch.nn.functional.max_pool2d(torch.tensor(x), **attributes, ceil_mode=ceil_mode)
                assert np.array_equal(max_pool2d(x, **attributes, ceil_mode=ceil_mode), theirs.numpy())


# --- what is refused ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({}, r"kernel_size must be given, got nothing$"),
        ({"kernel_size": 0}, r"kernel_size must be at least 1, got 0$"),
        ({"kernel_size": None}, r"kernel_size must be an integer, or one for each axis, got None$"),
        ({"kernel_size": (2, 2, 2)}, r"kernel_size must be one integer or 2, got \(2, 2, 2\)$"),
        ({"kernel_size": 2, "stride": 0}, r"stride must be at least 1, got 0$"),
        ({"kernel_size": 2, "stride": (1,)}, r"stride must be one integer or 2, got \(1,\)$"),
        ({"kernel_size": 2, "padding": -1}, r"padding must be at least 0, got -1$"),
        ({"kernel_size": 3, "padding": 2}, r"padding must be at most half of kernel_size, got \(2, 2\)$"),
        ({"kernel_size": (2, 1), "padding": 1}, r"padding must be at most half of kernel_size, got \(1, 1\)$"),
        (
            {"kernel_size": (1, 6)},
            r"kernel_size must lie inside the padded input, got \(1, 6\), dilated \(1, 1\)$",
        ),
        ({"kernel_size": 2, "ceil_mode": 1}, r"ceil_mode must be True or False, got 1$"),
        ({"kernel_size": 2, "count": 1}, r"has no attribute count, got 1$"),
    ],
)
@pytest.mark.parametrize("pool", [max_pool2d, avg_pool2d])
def test_illegal_arguments(pool, attributes, message):
    with pytest.raises((ValueError, TypeError), match=f"^{pool.name}: {message}"):
        pool(np.ones((1, 1, 4, 5)), **attributes)


def test_illegal_arguments_of_one():
    x = np.ones((1, 1, 4, 5))
    with pytest.raises(ValueError, match=r"^max_pool2d: dilation must be at least 1, got 0$"):
        max_pool2d(x, kernel_size=2, dilation=0)
    with pytest.raises(ValueError, match=r"^max_pool2d: kernel_size .* got \(2, 2\), dilated \(4, 1\)$"):
        max_pool2d(x, kernel_size=2, dilation=(4, 1))
    with pytest.raises(TypeError, match=r"^avg_pool2d: has no attribute dilation, got 2$"):
        avg_pool2d(x, kernel_size=2, dilation=2)
    with pytest.raises(TypeError, match=r"^avg_pool2d: count_include_pad must be True or False, got None$"):
        avg_pool2d(x, kernel_size=2, count_include_pad=None)
    with pytest.raises(ValueError, match=r"^max_pool2d: x must have the axes \(N, C, H, W\), got \(4, 5\)$"):
        max_pool2d(x[0, 0], kernel_size=2)
