"""The words that NumPy lacks: windows and their adjoint, the weights of a maximum. More in test_operator.py."""

import numpy as np

from oplaws.refimpl.words import fold, lerp, per_axis, windows, winners


def test_windows_by_hand():
    x = np.arange(7.0)
    assert np.array_equal(windows(x, (3,), (2,), (1,)), [[0, 1, 2], [2, 3, 4], [4, 5, 6]])
    assert np.array_equal(windows(x, (2,), (1,), (4,)), [[0, 4], [1, 5], [2, 6]])
    image = np.arange(6.0).reshape(1, 2, 3)
    assert np.array_equal(windows(image, (2, 2), (1, 1), (1, 1))[0, 0], [[[0, 1], [3, 4]], [[1, 2], [4, 5]]])


def test_fold_by_hand():
    """What overlaps is added up, what no window meets is 0."""
    cells = np.array([[1.0, 2, 3], [10, 20, 30]])
    assert np.array_equal(fold(cells, (6,), (2,), (1,)), [1, 2, 13, 20, 30, 0])
    assert np.array_equal(fold(cells, (7,), (1,), (2,)), [1, 10, 2, 20, 3, 30, 0])
    assert fold(np.ones((0, 2, 3)), (4,), (1,), (1,)).shape == (0, 4)
    assert fold(cells.astype(np.float32), (6,), (2,), (1,)).dtype == np.float32


def test_winners_by_hand():
    nan, inf = np.nan, np.inf
    cells = np.array([[1.0, 5, 5], [-inf, -inf, -inf], [7, nan, nan], [inf, nan, 0], [-inf, -3, -3]])
    expected = [[0, 1, 0], [1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 1, 0]]
    assert np.array_equal(winners(cells), expected)


def test_lerp_by_hand():
    a, b = np.array([0.0, 8]), np.array([4.0, -8])
    for t, between in ((0, a), (1, b), (0.25, [1, 4])):
        assert np.array_equal(lerp(a, b, t), between)


def test_per_axis_leaves_lists_as_long_as_they_are():
    assert per_axis((1, 2, 3), 2) == (1, 2, 3)
