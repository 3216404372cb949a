"""GRU by hand: gates held open or shut by infinite biases. What it shares with rnn and lstm: test_rnn.py."""

import numpy as np
import pytest

from oplaws.refimpl import gru, gru_vjp

inf = np.inf


def cell(r, z, n, h0, u=(0.0, 0.0, 0.0), d=(0.0, 0.0, 0.0), steps=1):
    """One unit whose gates see their biases and what the state's weights u bring."""
    x, h0 = np.zeros((steps, 1, 1)), np.full((1, 1, 1), h0)
    return gru(x, h0, np.zeros((3, 1)), np.array(u).reshape(3, 1), np.array([r, z, n]), np.array(d))


@pytest.mark.parametrize(
    ("gates", "h0", "h"),
    [
        ((0.0, inf, 1.0), 3.0, 3),  # z open: the state stays
        ((0.0, -inf, 1.0), 3.0, np.tanh(1.0)),  # z shut: it is replaced
        ((0.0, 0.0, inf), 3.0, 2),  # half of each
        ((-inf, -inf, inf), 3.0, 1),
    ],
)
def test_gates_by_hand(gates, h0, h):
    output, h_n = cell(*gates, h0)
    assert (output.item(), h_n.item()) == (h, h)


@pytest.mark.parametrize(("r", "h"), [(-inf, np.tanh(0.5)), (inf, np.tanh(6.5)), (0.0, np.tanh(3.5))])
def test_the_reset_gate_acts_after_the_recurrent_product(r, h):
    """n = tanh(b + r (u h + d)): the recurrent bias is reset too. Here b = 1/2, u h = 4, d = 2."""
    assert cell(r, -inf, 0.5, 2.0, u=(0.0, 0.0, 2.0), d=(0.0, 0.0, 2.0))[1].item() == h


@pytest.mark.parametrize("row", [0, 1, 2])
def test_each_gate_reads_its_own_rows(row):
    """Rows r, z, n of the weight of x, with h0 = 1, u = (0, 0, 50) and z shut unless it is the one that opens."""
    w = np.zeros((3, 1))
    w[row] = 200
    u, b = np.array([[0.0], [0], [-50]]), np.array([-100.0, -100, 0])
    one = np.ones((1, 1, 1))
    h = gru(one, 5 * one, w, u, b, np.zeros(3))[1].item()
    assert round(h, 9) == {0: -1, 1: 5, 2: 1}[row]


def test_a_state_that_stays_stays():
    output, h_n = cell(0.0, inf, -1.0, -2.5, steps=20)
    assert np.array_equal(output.reshape(20), [-2.5] * 20)
    assert h_n.item() == -2.5


def test_gradients_by_hand():
    """With every a = 0: r = z = 1/2, n = 0, q = d_n = 2 would be seen by n; here u = 0 and d_n = 0."""
    zeros, one = np.zeros((1, 1, 1)), np.ones((1, 1, 1))
    w, u = np.array([[1.0], [2], [3]]), np.array([[4.0], [5], [0]])
    dx, dh0, dw, du, db, dd = gru_vjp((8 * one, None), zeros, 2 * one, w, u, np.array([-8.0, -10, 0]), np.zeros(3))
    # da = dh (1 - z) = 4, dz = dh (h - n) z' = 8*2/4, dr = da q r' = 0; of the recurrent product n sees r da
    assert np.array_equal(db, [0, 4, 4])
    assert np.array_equal(dd, [0, 4, 2])
    assert dx.item() == 2 * 4 + 3 * 4
    assert dh0.item() == 5 * 4 + 0 * 2 + 8 * 0.5
    assert not np.any(dw)
    assert np.array_equal(du, 2 * dd[:, None])


def test_the_reset_gate_learns_from_what_it_lets_through():
    """q = d_n = 2, a_n = r q + b_n = 0 with b_n = -1: dr = da q r' = 4 * 2 / 4."""
    zeros, one = np.zeros((1, 1, 1)), np.ones((1, 1, 1))
    three = np.zeros((3, 1))
    biases = np.array([0.0, 0, -1]), np.array([0.0, 0, 2])
    *_, dw, _, db, dd = gru_vjp((8 * one, None), 3 * one, zeros, three, three, *biases)
    assert np.array_equal(db, [2, 0, 4])
    assert np.array_equal(dd, [2, 0, 2])
    assert np.array_equal(dw, 3 * db[:, None])
