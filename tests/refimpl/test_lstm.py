"""LSTM by hand: gates held open or shut by infinite biases. What it shares with rnn and gru: test_rnn.py."""

import numpy as np
import pytest

from oplaws.refimpl import lstm, lstm_vjp

inf = np.inf


def cell(i, f, g, o, c0, steps=1):
    """One unit whose gates see nothing but their biases: output, h_n and c_n."""
    x, h0 = np.zeros((steps, 1, 1)), np.zeros((1, 1, 1))
    return lstm(x, h0, np.full((1, 1, 1), c0), np.zeros((4, 1)), np.zeros((4, 1)), np.array([i, f, g, o]), np.zeros(4))


@pytest.mark.parametrize(
    ("gates", "c0", "c", "h"),
    [
        ((-inf, inf, 1.0, inf), 3.0, 3, np.tanh(3.0)),  # a wire
        ((inf, -inf, inf, inf), 3.0, 1, np.tanh(1.0)),  # overwritten
        ((inf, inf, inf, inf), 3.0, 4, np.tanh(4.0)),  # added to
        ((-inf, -inf, 1.0, inf), 3.0, 0, 0),  # forgotten
        ((inf, inf, -inf, -inf), 3.0, 2, 0),  # kept, not shown
        ((0.0, 0.0, inf, 0.0), 3.0, 2, np.tanh(2.0) / 2),  # half of each
    ],
)
def test_gates_by_hand(gates, c0, c, h):
    output, h_n, c_n = cell(*gates, c0)
    assert (output.item(), h_n.item(), c_n.item()) == (h, h, c)


def test_a_wire_carries_the_cell_as_far_as_you_like():
    output, _, c_n = cell(-inf, inf, 1.0, inf, 1.5, steps=50)
    assert c_n.item() == 1.5
    assert np.array_equal(output.reshape(50), [np.tanh(1.5)] * 50)


@pytest.mark.parametrize("through", ["input", "state"])
def test_each_gate_reads_its_own_rows(through):
    """Rows i, f, g, o: a weight of 100 opens its gate alone, the others stay shut by a bias of -100."""
    for row, name in enumerate("ifgo"):
        x, h0 = np.full((1, 1, 1), float(through == "input")), np.full((1, 1, 1), float(through == "state"))
        w, u, bias = np.zeros((4, 1)), np.zeros((4, 1)), np.array([-100.0, -100, 50, -100])
        (w if through == "input" else u)[row] = -150 if name == "g" else 200
        bias[0] = bias[0] if name != "g" else 100
        _, h_n, c_n = lstm(x, h0, np.full((1, 1, 1), 5.0), w, u, bias, np.zeros(4))
        assert round(c_n.item(), 9) == {"i": 1, "f": 5, "g": -1, "o": 0}[name]
        assert round(h_n.item(), 9) == 0


def test_gradients_by_hand():
    """With every a = 0: i = f = o = 1/2, g = 0; c = c0 / 2, and from dc alone each gate's own product."""
    zeros, one = np.zeros((1, 1, 1)), np.ones((1, 1, 1))
    w, u = np.array([[1.0], [2], [3], [4]]), np.array([[5.0], [6], [7], [8]])
    dx, dh0, dc0, dw, du, db, dd = lstm_vjp(
        (None, None, 8 * one), zeros, zeros, 4 * one, w, u, np.zeros(4), np.zeros(4)
    )
    # da = dc (g i', c0 f', i g', 0) = 8 (0, 4/4, 1/2, 0)
    assert np.array_equal(db, [0, 8, 4, 0])
    assert np.array_equal(dd, db)
    assert (dx.item(), dh0.item(), dc0.item()) == (2 * 8 + 3 * 4, 6 * 8 + 7 * 4, 4)
    assert not np.any(dw)
    assert not np.any(du)


def test_the_output_gate_sees_tanh_of_the_new_cell():
    zeros, one = np.zeros((1, 1, 1)), np.ones((1, 1, 1))
    four = np.zeros((4, 1))
    *_, db, _ = lstm_vjp((one, None, None), zeros, zeros, 4 * one, four, four, np.zeros(4), np.zeros(4))
    t = np.tanh(2.0)
    assert np.array_equal(db, [0, 0.5 * (1 - t * t) * 4 * 0.25, 0.5 * (1 - t * t) * 0.5, t * 0.25])
