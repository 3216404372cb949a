"""Optimizer steps by hand, and runs of several against PyTorch."""

import numpy as np
import pytest

from oplaws.refimpl import adam, sgd

P, G, V = np.array([8.0, 8]), np.array([4.0, -4]), np.array([2.0, 2])


@pytest.mark.parametrize(
    ("attributes", "parameter", "velocity"),
    [
        ({"lr": 0.5}, [6, 10], [4, -4]),
        ({"lr": 0.5, "momentum": 0.5}, [5.5, 9.5], [5, -3]),
        ({"lr": 0.5, "momentum": 0.5, "dampening": 0.5}, [6.5, 8.5], [3, -1]),
        ({"lr": 0.5, "momentum": 0.5, "dampening": 1.0}, [7.5, 7.5], [1, 1]),
        ({"lr": 0.5, "dampening": 0.5}, [6, 10], [4, -4]),  # without momentum there is nothing to dampen
        ({"lr": 0.5, "weight_decay": 0.25}, [5, 9], [6, -2]),
        ({"lr": 0.5, "momentum": 0.5, "weight_decay": 0.25}, [4.5, 8.5], [7, -1]),
        ({"lr": 0.5, "momentum": 0.5, "nesterov": True}, [4.75, 10.75], [5, -3]),
        ({"lr": 0.5, "momentum": 0.5, "nesterov": True, "weight_decay": 0.25}, [3.25, 9.25], [7, -1]),
        ({"lr": 0}, [8, 8], [4, -4]),
        ({"lr": 1, "momentum": 1}, [2, 10], [6, -2]),
    ],
)
def test_sgd_by_hand(attributes, parameter, velocity):
    p, v = sgd(P, G, V, **attributes)
    assert np.array_equal(p, parameter)
    assert np.array_equal(v, velocity)
    assert not np.shares_memory(p, P)
    assert not np.shares_memory(v, G)


def test_the_first_step_of_adam_is_lr_in_the_gradients_direction():
    """At step 1 the corrected moments are g and g²: lr g / (|g| + eps), whatever the betas."""
    zero = np.zeros(2)
    p, m, v = adam(P, G, zero, zero, step=1, lr=0.5, beta1=0.5, beta2=0.75, eps=0)
    assert np.array_equal(p, [7.5, 8.5])
    assert np.array_equal(m, [2, -2])
    assert np.array_equal(v, [4, 4])
    assert np.array_equal(adam(P, G, zero, zero, step=1, lr=0.5, beta1=0.5, beta2=0.75, eps=4)[0], [7.75, 8.25])


def test_adam_by_hand():
    """Step 2 with betas 1/2 and 3/4: m = (3, -1), corrected by 3/4; v = 3/4 * 3.25 + 4, corrected by 7/16."""
    second = np.array([4.0, 4])
    p, m, v = adam(P, G, V, second, step=2, lr=0.75, beta1=0.5, beta2=0.75, eps=0)
    assert np.array_equal(m, [3, -1])
    assert np.array_equal(v, [7, 7])
    assert np.array_equal(p, 8 - np.array([3.0, -1]) / 4)
    # Decay enters the gradient, and so both moments: g = (6, -2)
    _, m, v = adam(P, G, V, second, step=2, beta1=0.5, beta2=0.75, weight_decay=0.25)
    assert np.array_equal(m, [4, 0])
    assert np.array_equal(v, [12, 4])


def test_adam_without_memory_is_a_step_of_signs():
    p, m, v = adam(P, G, V, V, step=7, lr=1, beta1=0, beta2=0, eps=0)
    assert np.array_equal(p, [7, 9])
    assert np.array_equal(m, G)
    assert np.array_equal(v, G * G)


def test_defaults():
    explicit = {"lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0}
    for got, expected in zip(adam(P, G, V, P, step=3), adam(P, G, V, P, step=3, **explicit)):
        assert np.array_equal(got, expected)


def test_nan_stays_in_its_element():
    for at in range(3):
        arrays = [P.copy(), G.copy(), V.copy()]
        arrays[at][0] = np.nan
        for result in (*sgd(*arrays, lr=1, momentum=0.5, weight_decay=0.5), *adam(*arrays, P, step=1)):
            assert not np.isnan(result[1])
        assert np.isnan(sgd(*arrays, lr=1, momentum=0.5, weight_decay=0.5)[0][0])
        assert np.isnan(adam(*arrays, P, step=1)[0][0])


def test_optimizers_have_no_gradient():
    assert sgd.gradient is None
    assert adam.gradient is None


# --- PyTorch ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "attributes",
    [
        {"lr": 0.1},
        {"lr": 0.1, "momentum": 0.9, "dampening": 0.5, "weight_decay": 0.01},
        {"lr": 0.1, "momentum": 0.9, "nesterov": True},
        {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-3, "weight_decay": 0.01},
    ],
)
def test_steps_against_torch(normal, within, attributes, dtype):
    """Three steps, each judged from the state in which PyTorch was before it."""
    torch = pytest.importorskip("torch")
    parameter = torch.nn.Parameter(torch.tensor(normal(5, 3).astype(dtype)))
    ours, kind, operator = dict(attributes), torch.optim.SGD, sgd
    if "betas" in attributes:
        (ours["beta1"], ours["beta2"]), kind, operator = ours.pop("betas"), torch.optim.Adam, adam
    names = ("momentum_buffer",) if operator is sgd else ("exp_avg", "exp_avg_sq")
    optimizer = kind([parameter], **attributes)
    states = [np.zeros((5, 3), dtype) for _ in names]
    for step in (1, 2, 3):
        before = parameter.detach().numpy().copy()
        gradient = normal(5, 3, seed=step).astype(dtype)
        parameter.grad = torch.tensor(gradient)
        optimizer.step()
        kept = [optimizer.state[parameter].get(name) for name in names]
        after = [gradient if s is None else s.numpy().copy() for s in kept]  # no velocity without momentum
        if operator is adam:
            ours["step"] = step
        # PyTorch begins with the first gradient as velocity, undampened.
        if step > 1 or "dampening" not in attributes:
            within(operator, (before, gradient, *states), ours, (parameter.detach().numpy().copy(), *after))
        states = after


# --- what is refused ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sgd(P, G, V), r"^sgd: lr must be given, got nothing$"),
        (lambda: sgd(P, G[:1], V, lr=1), r"^sgd: gradient must have \*shape = \(2,\), got \(1,\)$"),
        (lambda: sgd(P, G, None, lr=1), r"^sgd: velocity must be a NumPy array, got None$"),
        (
            lambda: sgd(P, G, V, lr=1, nesterov=True),
            r"^sgd: nesterov needs momentum > 0 and dampening = 0, got momentum = 0.0 and dampening = 0.0$",
        ),
        (
            lambda: sgd(P, G, V, lr=1, nesterov=True, momentum=0.5, dampening=0.5),
            r"^sgd: nesterov needs .* got momentum = 0.5 and dampening = 0.5$",
        ),
        (lambda: sgd(P, G, V, lr="1"), r"^sgd: lr must be a number, got '1'$"),
        (lambda: adam(P, G, V, V), r"^adam: step must be given, got nothing$"),
        (lambda: adam(P, G, V, V, step=0), r"^adam: step must be at least 1, got 0$"),
        (lambda: adam(P, G, V, V, step=1.0), r"^adam: step must be an integer, got 1.0$"),
        (lambda: adam(P, G, V, V, step=1, beta1=1), r"^adam: beta1 must lie in \[0, 1\), got 1.0$"),
        (lambda: adam(P, G, V, V, step=1, beta2=-0.5), r"^adam: beta2 must lie in \[0, 1\), got -0.5$"),
        (lambda: adam(P, G, V, V[:1], step=1), r"^adam: second_moment must have \*shape = \(2,\), got \(1,\)$"),
    ],
)
def test_illegal_arguments(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()
