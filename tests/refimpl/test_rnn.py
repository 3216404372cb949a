"""Recurrent networks: what rnn, lstm and gru share, and the Elman network by hand.

A network is its step repeated. So it is taken apart: into steps, layers, directions, sequences; the parts are judged
to be what the whole returned, within the bounds, or bit for bit where small integers and relu make everything exact.
"""

import numpy as np
import pytest

from oplaws.refimpl import gru, lstm, rnn, rnn_vjp
from oplaws.refimpl.rnn import weight_shapes

T, N, I, H = 4, 3, 2, 3
NETWORKS = [(rnn, 1, 1), (lstm, 4, 2), (gru, 3, 1)]
each_network = pytest.mark.parametrize(("network", "gates", "states"), NETWORKS)
LENGTHS = np.array([2, 4, 1])


@pytest.fixture
def arguments(normal):
    """x, initial states and weights of a network, and cotangents for its results."""

    def build(gates, states, num_layers=1, bidirectional=False, batch=N, inputs=I):
        directions = 2 if bidirectional else 1
        sizes = {"H": H, "I": inputs, "directions": directions, "num_layers": num_layers}
        x = normal(T, batch, inputs)
        first = [normal(num_layers * directions, batch, H, seed=s) for s in range(states)]
        weights = [0.5 * normal(*shape, seed=i) for i, shape in enumerate(weight_shapes(gates, sizes))]
        dys = normal(T, batch, directions * H, seed=9), *(normal(*s.shape, seed=8 + i) for i, s in enumerate(first))
        return x, first, weights, dys

    return build


# --- the Elman network by hand ------------------------------------------------------------------------------------


def test_values_by_hand():
    """One unit that doubles what it remembers: 1, 2*1 + 2 + 1, 2*5 + 3 + 1; and the sum of its gradients."""
    x, h0 = np.array([1.0, 2, 3]).reshape(3, 1, 1), np.full((1, 1, 1), -0.5)
    weights = np.array([[1.0]]), np.array([[2.0]]), np.array([2.0]), np.array([-1.0])
    output, h_n = rnn(x, h0, *weights, nonlinearity="relu")
    assert np.array_equal(output.reshape(3), [1, 5, 14])
    assert np.array_equal(h_n.reshape(1), [14])
    dx, dh0, dw, du, db, dd = rnn_vjp((np.ones((3, 1, 1)), np.ones((1, 1, 1))), x, h0, *weights, nonlinearity="relu")
    # From behind: 1 + 1, then 1 + 2*2, then 1 + 2*5.
    assert np.array_equal(dx.reshape(3), [11, 5, 2])
    assert np.array_equal(dh0.reshape(1), [22])
    assert (dw.item(), du.item(), db.item(), dd.item()) == (11 + 10 + 6, -5.5 + 5 + 10, 18, 18)


def test_tanh_is_the_default():
    one, zero = np.ones((1, 1, 1)), np.zeros((1, 1, 1))
    output, _ = rnn(one, zero, np.ones((1, 1)), np.ones((1, 1)), np.ones(1), np.zeros(1))
    assert output.item() == np.tanh(2.0)


def test_a_relu_network_by_the_obvious_loop(integers):
    """Two layers, two directions, lengths, on integers: every bit."""
    x, h0 = integers(T, N, I), integers(4, N, H)
    shapes = weight_shapes(1, {"H": H, "I": I, "directions": 2, "num_layers": 2})
    weights = [np.sign(integers(*shape, seed=i)) for i, shape in enumerate(shapes)]
    output, h_n = rnn(x, h0, *weights, nonlinearity="relu", num_layers=2, bidirectional=True, lengths=LENGTHS)
    for n, length in enumerate(LENGTHS):
        sequence = list(x[:length, n])
        for layer in range(2):
            seen = []
            for direction in range(2):
                at = 2 * layer + direction
                w, u, b, d = weights[4 * at : 4 * at + 4]
                h, outputs = h0[at, n], []
                for each in sequence[::-1] if direction else sequence:
                    h = np.maximum(w @ each + u @ h + b + d, 0)
                    outputs.append(h)
                assert np.array_equal(h_n[at, n], h)
                seen.append(outputs[::-1] if direction else outputs)
            sequence = [np.concatenate(pair) for pair in zip(*seen)]
        assert np.array_equal(output[:length, n], sequence)
        assert not np.any(output[length:, n])


@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_a_relu_network_that_is_never_silent_is_affine(integers, lengths):
    """In each array but w_hh, which is applied again and again: f(a + v) - f(a) = <f'(a), v>, on integers every bit."""
    x, h0 = np.abs(integers(T, N, I)), np.abs(integers(4, N, H))
    shapes = weight_shapes(1, {"H": H, "I": I, "directions": 2, "num_layers": 2})
    arrays = [x, h0, *(np.abs(np.sign(integers(*shape, seed=i))) + 1 for i, shape in enumerate(shapes))]
    attributes = {"nonlinearity": "relu", "num_layers": 2, "bidirectional": True, "lengths": lengths}
    dys = integers(T, N, 2 * H), integers(4, N, H, seed=1)
    gradients = rnn_vjp(dys, *arrays, **attributes)
    for i, a in enumerate(arrays):
        if i < 2 or i % 4 != 3:
            v = np.abs(integers(*a.shape, seed=7))
            moved = rnn(*arrays[:i], a + v, *arrays[i + 1 :], **attributes)
            rise = sum(np.sum(dy * (up - y)) for dy, up, y in zip(dys, moved, rnn(*arrays, **attributes)))
            assert rise == np.sum(gradients[i] * v), f"array {i}"


# --- taking networks apart ----------------------------------------------------------------------------------------


@each_network
def test_steps(arguments, within, network, gates, states):
    x, first, weights, _ = arguments(gates, states)
    output, *last = network(x, *first, *weights)
    for t in range(T):
        step, *first = network(x[t : t + 1], *first, *weights)
        assert np.array_equal(step[0], output[t])
        assert np.array_equal(first[0][0], output[t])
    assert np.array_equal(first, last)


@each_network
def test_layers(arguments, network, gates, states):
    x, first, weights, _ = arguments(gates, states, num_layers=3)
    output, *last = network(x, *first, *weights, num_layers=3)
    for layer in range(3):
        own = [s[layer : layer + 1] for s in first]
        x, *end = network(x, *own, *weights[4 * layer : 4 * layer + 4])
        assert np.array_equal(np.concatenate(end), [s[layer] for s in last])
    assert np.array_equal(x, output)


@each_network
@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_directions(arguments, network, gates, states, lengths):
    """The reverse direction is a run over each sequence, turned round at its own end."""
    x, first, weights, _ = arguments(gates, states, bidirectional=True)
    output, *last = network(x, *first, *weights, bidirectional=True, lengths=lengths)

    def turned(x):
        ends = np.full(N, T) if lengths is None else lengths
        return np.stack([np.concatenate([x[:n, i][::-1], x[n:, i]]) for i, n in enumerate(ends)], axis=1)

    ahead, *end = network(x, *(s[:1] for s in first), *weights[:4], lengths=lengths)
    back, *begin = network(turned(x), *(s[1:] for s in first), *weights[4:], lengths=lengths)
    assert np.array_equal(output, np.concatenate([ahead, turned(back)], axis=-1))
    assert np.array_equal(last, [np.concatenate(pair) for pair in zip(end, begin)])


@each_network
@pytest.mark.parametrize("attributes", [{}, {"num_layers": 2, "bidirectional": True}])
def test_each_sequence_alone(arguments, within, gradient_within, network, gates, states, attributes):
    """With lengths, values and gradients are those of each sequence by itself, whatever stands behind its end."""
    x, first, weights, dys = arguments(gates, states, **attributes)
    for n, length in enumerate(LENGTHS):
        x[length:, n] = np.nan
    results = network(x, *first, *weights, **attributes, lengths=LENGTHS)
    dx, *rest = network.gradient(dys, x, *first, *weights, **attributes, lengths=LENGTHS)
    total = [0] * len(weights)
    for n, length in enumerate(LENGTHS):
        arrays = x[:length, n : n + 1], *(s[:, n : n + 1] for s in first), *weights
        alone = results[0][:length, n : n + 1], *(s[:, n : n + 1] for s in results[1:])
        within(network, arrays, attributes, alone)
        assert not np.any(results[0][length:, n])
        assert not np.any(dx[length:, n])
        own_dys = dys[0][:length, n : n + 1], *(dy[:, n : n + 1] for dy in dys[1:])
        own = network.gradient(own_dys, *arrays, **attributes)
        mine = dx[:length, n : n + 1], *(ds[:, n : n + 1] for ds in rest[:states])
        gradient_within(network, arrays, attributes, own_dys, (*mine, *own[1 + states :]))
        total = [a + b for a, b in zip(total, own[1 + states :])]
    lengths = {**attributes, "lengths": LENGTHS}
    gradient_within(network, (x, *first, *weights), lengths, dys, (dx, *rest[:states], *total))


@each_network
def test_what_is_asked_of_an_output_past_the_end_is_not_heard(arguments, network, gates, states):
    x, first, weights, dys = arguments(gates, states, num_layers=2, bidirectional=True)
    attributes = {"num_layers": 2, "bidirectional": True, "lengths": LENGTHS}
    before = network.gradient(dys, x, *first, *weights, **attributes)
    for n, length in enumerate(LENGTHS):
        dys[0][length:, n] = np.nan
    for got, expected in zip(network.gradient(dys, x, *first, *weights, **attributes), before):
        assert np.array_equal(got, expected)


@each_network
def test_lengths_of_all_steps_are_none(arguments, network, gates, states):
    x, first, weights, dys = arguments(gates, states)
    for dtype in (np.int8, np.uint64):
        full = np.full(N, T, dtype)
        for got, expected in zip(network(x, *first, *weights, lengths=full), network(x, *first, *weights)):
            assert np.array_equal(got, expected)
        gradients = (network.gradient(dys, x, *first, *weights, lengths=lengths) for lengths in (full, None))
        for got, expected in zip(*gradients):
            assert np.array_equal(got, expected)


@each_network
def test_nan_reaches_later_steps_of_its_sequence(arguments, network, gates, states):
    x, first, weights, _ = arguments(gates, states)
    x[1, 2] = np.nan
    output, *last = network(x, *first, *weights)
    expected = np.zeros((T, N, H), bool)
    expected[1:, 2] = True
    assert np.array_equal(np.isnan(output), expected)
    for state in last:
        assert np.array_equal(np.isnan(state[0]), expected[-1])


@each_network
def test_the_past_is_all_that_a_step_sees(arguments, network, gates, states):
    x, first, weights, dys = arguments(gates, states)
    doutput = np.zeros_like(dys[0])
    doutput[1] = dys[0][1]
    dx, *_ = network.gradient((doutput, *[None] * states), x, *first, *weights)
    assert np.all(np.any(dx[:2], axis=(1, 2)))
    assert not np.any(dx[2:])


@each_network
def test_no_sequences(arguments, network, gates, states):
    x, first, weights, dys = arguments(gates, states, num_layers=2, bidirectional=True, batch=0)
    attributes = {"num_layers": 2, "bidirectional": True}
    for lengths in (None, np.ones(0, int)):
        output, *last = network(x, *first, *weights, **attributes, lengths=lengths)
        assert output.shape == (T, 0, 2 * H)
        assert [s.shape for s in last] == [(4, 0, H)] * states
        dx, *rest = network.gradient(dys, x, *first, *weights, **attributes, lengths=lengths)
        assert dx.shape == x.shape
        for dw, w in zip(rest[states:], weights):
            assert np.array_equal(dw, np.zeros_like(w))


# --- PyTorch ------------------------------------------------------------------------------------------------------


@each_network
@pytest.mark.parametrize(("num_layers", "bidirectional"), [(1, False), (2, True)])
@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_against_torch(agrees_with_torch, arguments, network, gates, states, num_layers, bidirectional, lengths):
    def function(torch, x, *arrays):
        first, weights = arrays[:states], arrays[states:]
        packed = torch.nn.utils.rnn.PackedSequence
        options = (True, num_layers, 0.0, False, bidirectional)
        hx = first if states == 2 else first[0]
        run = {1: torch.rnn_tanh, 3: torch.gru, 4: torch.lstm}[gates]
        if lengths is None:
            return run(x, hx, weights, *options, False)
        padded = torch.nn.utils.rnn.pack_padded_sequence(x, torch.tensor(lengths), enforce_sorted=False)
        order = padded.sorted_indices
        hx = tuple(s[:, order] for s in first) if states == 2 else first[0][:, order]
        data, *last = run(padded.data, padded.batch_sizes, hx, weights, *options)
        ended = packed(data, padded.batch_sizes, order, padded.unsorted_indices)
        output, _ = torch.nn.utils.rnn.pad_packed_sequence(ended, total_length=x.shape[0])
        return output, *(s[:, padded.unsorted_indices] for s in last)

    x, first, weights, _ = arguments(gates, states, num_layers, bidirectional)
    attributes = {"num_layers": num_layers, "bidirectional": bidirectional}
    if lengths is not None:
        attributes["lengths"] = lengths
    agrees_with_torch(network, function, x, *first, *weights, **attributes)


# --- what is refused ---------------------------------------------------------------------------------------------


@each_network
@pytest.mark.parametrize(
    ("change", "attributes", "message"),
    [
        (lambda x, s, w: (x[0], *s, *w), {}, r"x must have the axes \(T, N, I\), got \(3, 2\)$"),
        (lambda x, s, w: (x, s[0][0], *s[1:], *w), {}, r"h0 must have the axes \(num_layers\*directions, N, H\)"),
        (lambda x, s, w: (x, s[0][:, :2], *s[1:], *w), {}, r"h0 must have an axis 1 \(N\) of size 3, got \(1, 2, 3\)$"),
        (lambda x, s, w: (x, *s, *w), {"num_layers": 2}, r"h0 must have an axis 0 \(num_layers\*directions\) of size"),
        (
            lambda x, s, w: (x, *s, *w),
            {"bidirectional": True},
            r"h0 must have an axis 0 .* of size 2, got \(1, 3, 3\)$",
        ),
        (lambda x, s, w: (x, *s, *w[:3]), {}, r"weights must be 4 arrays, 4 for each layer and direction, got 3$"),
        (lambda x, s, w: (x, *s, *w, *w), {}, r"weights must be 4 arrays, 4 for each layer and direction, got 8$"),
        (lambda x, s, w: (x, *s, w[0].T, *w[1:]), {}, r"weights must have the shape \(\d+, 2\) at 0, got \(2, \d+\)$"),
        (lambda x, s, w: (x, *s, *w[:3], w[3][1:]), {}, r"weights must have the shape \(\d+,\) at 3, got \(\d+,\)$"),
        (lambda x, s, w: (x, *s, None, *w[1:]), {}, r"weights must be a NumPy array, got None$"),
        (lambda x, s, w: (x, *s, *w), {"num_layers": 0}, r"num_layers must be at least 1, got 0$"),
        (lambda x, s, w: (x, *s, *w), {"bidirectional": 2}, r"bidirectional must be True or False, got 2$"),
        (lambda x, s, w: (x, *s, *w), {"lengths": np.array([0, 4, 1])}, r"lengths must lie in 1\.\.4, got 0$"),
        (lambda x, s, w: (x, *s, *w), {"lengths": np.array([5, 4, 1])}, r"lengths must lie in 1\.\.4, got 5$"),
        (
            lambda x, s, w: (x, *s, *w),
            {"lengths": np.array([4, 1])},
            r"lengths must have an axis 0 \(N\) of size 3, got",
        ),
        (
            lambda x, s, w: (x, *s, *w),
            {"lengths": [4, 1, 1]},
            r"lengths must be a NumPy array or None, got \[4, 1, 1\]$",
        ),
        (lambda x, s, w: (x, *s, *w), {"lengths": np.ones(3)}, r"lengths must hold integers, got 'float64 array"),
    ],
)
def test_illegal_arguments(arguments, network, gates, states, change, attributes, message):
    x, first, weights, _ = arguments(gates, states)
    with pytest.raises((ValueError, TypeError), match=f"^{network.name}: {message}"):
        network(*change(x, first, weights), **attributes)


def test_illegal_names(arguments):
    x, first, weights, dys = arguments(1, 1)
    with pytest.raises(ValueError, match=r"^rnn: nonlinearity must be one of tanh, relu, got 'sigmoid'$"):
        rnn(x, *first, *weights, nonlinearity="sigmoid")
    with pytest.raises(ValueError, match=r"^rnn: nonlinearity must be one of tanh, relu, got 'sigmoid'$"):
        rnn_vjp(dys, x, *first, *weights, nonlinearity="sigmoid")
    with pytest.raises(TypeError, match=r"^lstm: has no attribute nonlinearity, got 'relu'$"):
        lstm(x, *first, *first, *weights, nonlinearity="relu")
    with pytest.raises(ValueError, match=r"^lstm: c0 must have an axis 2 \(H\) of size 3, got \(1, 3, 2\)$"):
        lstm(x, *first, first[0][..., :2], *weights)
