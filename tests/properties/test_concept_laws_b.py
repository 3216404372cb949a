"""Laws of recurrent networks, weight sharing, residual units, the neuron and optimizers: each rejects a small fault.

A fault is a few lines over a plain implementation, and shows under its law alone, without reference values.
"""

import numpy as np
import pytest

from oplaws import refimpl
from oplaws.conformance.engine import judge
from oplaws.properties import load
from oplaws.properties.law import registry

from ..variants import plain
from ..variants.wrong import WRONG

CONCEPTS = ("rnn", "lstm", "gru", "sharing", "residual", "neuron", "optimizers")
CELLS = {"rnn": plain.Rnn, "lstm": plain.Lstm, "gru": plain.Gru}
ORDINARY = plain.operators()
FAULTS = []

load()
LAWS = [law for law in registry.values() if law.own and law.judge.__module__.rpartition(".")[2] in CONCEPTS]


def fault(law, operator, functions, label):
    FAULTS.append(pytest.param(law, operator, functions, id=f"{law}: {operator}, {label}"))


def known(law, label):
    operator, functions, _ = WRONG[label]
    fault(law, operator, functions, label)


def changed(name, before=lambda *arrays, **_: arrays, after=lambda results, **_: results):
    """An operator whose arrays, or whose results, are changed on their way."""

    def forward(*arrays, **attributes):
        return after(ORDINARY[name](*before(*arrays, **attributes), **attributes), **attributes)

    return ORDINARY | {name: forward}


def changed_gradient(name, after):
    def vjp(dy, *arrays, **attributes):
        return after(ORDINARY[name + "_vjp"](dy, *arrays, **attributes), dy, *arrays, **attributes)

    return ORDINARY | {name + "_vjp": vjp}


# --- recurrent networks ------------------------------------------------------------------------------------------


def first_state_for_every_layer(x, h0, *weights, bidirectional, **_):
    wide = 2 if bidirectional else 1
    return x, np.concatenate([h0[:wide]] * (len(h0) // wide)), *weights


def reverse_half_first(results, bidirectional, **_):
    output, *last = results
    return (np.roll(output, output.shape[-1] // 2, axis=-1) if bidirectional else output, *last)


def reverse_half_not_turned(results, bidirectional, **_):
    output, *last = results
    half = output.shape[-1] // 2
    turned = np.concatenate([output[..., :half], output[::-1, :, half:]], axis=-1)
    return (turned if bidirectional else output, *last)


class Forgetful(plain.Sweeps):
    """The state is lost between blocks of time."""

    def __init__(self, block):
        super().__init__()
        self.block = block

    def sweep(self, cell, x, states, weights, lengths):
        outputs, tape = [], []
        for start in range(0, len(x), self.block):
            y, last, saved = super().sweep(cell, x[start : start + self.block], states, weights, lengths - start)
            states = [np.zeros_like(s) for s in last]
            outputs.append(y)
            tape += saved
        return np.concatenate(outputs), last, tape


class Truncated(plain.Sweeps):
    """Backpropagation through time goes back 35 steps and no further."""

    def unsweep(self, cell, dy, dstates, x, saved, weights):
        dx, dfirst, dweights = super().unsweep(cell, dy, dstates, x, saved, weights)
        return dx, [np.zeros_like(d) for d in dfirst] if len(x) > 35 else dfirst, dweights


def states_sorted_by_length(x, h0, *weights, lengths, **_):
    return x, h0 if lengths is None else h0[:, np.argsort(-lengths, kind="stable")], *weights


def last_state_through_half(results, **_):
    return results[0], results[1].astype(np.float16).astype(results[1].dtype)


def grid_from_the_largest_input(x, *rest, **_):
    """Dynamic quantization, padding included."""
    step = np.max(np.abs(x), initial=1e-9) * x.dtype.type(3e-7)
    return np.round(x / step) * step, *rest


def cotangents_past_the_end_come_in(gradients, cotangents, x, *_, lengths, **__):
    dx, dh, *rest = gradients
    if lengths is not None and cotangents[0] is not None:
        past = np.arange(len(x))[:, None] >= lengths
        dh = dh + np.sum(cotangents[0] * past[:, :, None], axis=(0, 2))[:, None]
    return (dx, dh, *rest)


def mean_over_the_batch(gradients, cotangents, x, *_, **__):
    dx, dh, *dweights = gradients
    return (dx, dh, *(dw / x.dtype.type(max(x.shape[1], 1)) for dw in dweights))


def recurrent_weight_transposed(x, h0, *weights, **_):
    return x, h0, *(w.T if i % 4 == 1 else w for i, w in enumerate(weights))


class Clipped(plain.Lstm):
    def forward(self, from_input, recur, h, c):
        h, c, saved = super().forward(from_input, recur, h, c)
        return h, np.clip(c, -50, 50), saved


class Overflowing(plain.Lstm):
    """A gate far beyond saturation is taken for its argument."""

    def split(self, a):
        far = np.where(np.abs(a) > 100, a, 0)
        return [gate + part for gate, part in zip(super().split(a), np.split(far, 4, axis=1))]


fault("layers_are_composed", "gru", changed("gru", first_state_for_every_layer), "first state for all layers")
fault("two_directions_are_two_networks", "rnn", changed("rnn", after=reverse_half_first), "reverse half first")
fault("two_directions_are_two_networks", "lstm", changed("lstm", after=reverse_half_not_turned), "reverse not turned")
known("two_directions_are_two_networks", "gru, reverse direction from T")
fault("sequences_can_be_continued", "lstm", plain.recurrent("lstm", plain.Lstm, Forgetful(2)), "state lost after 2")
fault("a_sequence_is_the_same_alone", "gru", changed("gru", states_sorted_by_length), "states in another order")
fault("last_states_are_the_last_outputs", "rnn", changed("rnn", after=last_state_through_half), "h_n through half")
fault("padding_is_not_seen", "lstm", changed("lstm", grid_from_the_largest_input), "grid from the largest input")
fault("padding_has_no_gradient", "rnn", changed_gradient("rnn", cotangents_past_the_end_come_in), "cotangent leaks")
fault("gradients_add_over_the_batch", "gru", changed_gradient("gru", mean_over_the_batch), "mean over the batch")
known("gradients_of_a_step_come_of_one_cotangent", "lstm, gradient of weight_hh times 1.001")
known("gradients_of_a_step_come_of_one_cotangent", "gru, gradient of weight_ih times 1.001")
fault("rnn_step_is_read_unit_by_unit", "rnn", changed("rnn", recurrent_weight_transposed), "weight_hh transposed")
known("lstm_gates_are_read_off", "lstm, gates in the order iofg")
known("gru_gates_are_read_off", "gru, update gate reversed")
for law, name in (
    ("relu_and_a_permutation_carry_the", "rnn"),
    ("forget_one_and_input_zero_carry_the", "lstm"),
    ("update_one_carries_the", "gru"),
):
    kept = "cell" if name == "lstm" else "state"
    fault(f"{law}_{kept}", name, plain.recurrent(name, CELLS[name], Forgetful(40)), "state lost after 40 steps")
    fault(f"{law}_gradient", name, plain.recurrent(name, CELLS[name], Truncated()), "truncated after 35 steps")
clipped = plain.recurrent("lstm", Clipped, plain.Sweeps())
fault("forget_one_and_input_zero_carry_the_cell", "lstm", clipped, "cells clipped at 50")
overflowing = plain.recurrent("lstm", Overflowing, plain.Sweeps())
fault("cells_grow_by_one_at_most", "lstm", overflowing, "gates far beyond saturation")
doubled = plain.gru(blend=lambda n, z, h: np.where(z == 0, n + n, (1 - z) * n + z * h))
fault("states_stay_between_the_old_and_one", "gru", doubled, "new state doubled where z is 0")

# What the message of a law says that reads units: which reading of the arrays explains what they show.
LOOKS = {
    "rnn, recurrent bias dropped": "bias_hh looks left out",
    "rnn, input bias doubled": "bias_ih looks counted twice, bias_hh left out",
    "lstm, recurrent bias dropped": "bias_hh looks left out",
    "lstm, gates in the order figo": "the gates' order looks like f, i, g, o",
    "lstm, gates in the order iofg": "the gates' order looks like i, o, f, g",
    "gru, input bias doubled": "bias_ih looks counted twice, bias_hh left out",
    "gru, update gate reversed": "the update gate looks like the share of the new",
}


# --- weight sharing, residual units, the neuron ------------------------------------------------------------------


def square_weight_not_transposed(x, weight, bias_hidden, bias_output, *, activation):
    f = plain.ELEMENTWISE[activation][0]
    encoder = weight if len(weight) == weight.shape[1] else weight.T
    return f(x @ encoder + bias_hidden) @ weight + bias_output


def branch_of_the_activated_input(x, w1, b1, w2, b2):
    return ORDINARY["residual_block"](np.maximum(x, 0), w1, b1, w2, b2) + np.minimum(x, 0)


def skip_activated_in_place(x, w1, b1, w2, b2):
    return ORDINARY["residual_block"](x, w1, b1, w2, b2) - np.minimum(x, 0)


def skip_dropped(gradients, dy, *_, **__):
    return (gradients[0] - dy, *gradients[1:])


def shortcut_not_strided(x, w1, gamma1, beta1, w2, gamma2, beta2, w_projection=None, *, stride=1, **_):
    """The projection reads the last pixel of each window in place of the first."""
    shifted = np.roll(x, 1 - stride, axis=(2, 3))
    arrays = (w1, gamma1, beta1, w2, gamma2, beta2)
    if w_projection is None or stride == 1:
        return x, *arrays, w_projection
    return shifted, *arrays, w_projection


def no_mask_of_the_last_relu(gradients, dy, *_, **__):
    dx, *rest = gradients
    return (np.where(dx == 0, dy, dx) if dx.shape == dy.shape else dx, *rest)


def eps_fixed(*arrays, eps, **attributes):
    return ORDINARY["residual_basic_block"](*arrays, eps=1e-5, **attributes)


def gelu_by_tanh(x, weight, bias, *, activation):
    s = ORDINARY["neuron"](x, weight, bias, activation="identity")
    return ORDINARY["gelu"](s, approximate="tanh") if activation == "gelu" else plain.ELEMENTWISE[activation][0](s)


fault(
    "decoding_transposes_the_encoder",
    "tied_autoencoder",
    ORDINARY | {"tied_autoencoder": square_weight_not_transposed},
    "square weight not transposed",
)
known("a_shared_weight_sums_the_gradients_of_its_uses", "tied_autoencoder, gradient of the encoder alone")
known("a_shared_weight_sums_the_gradients_of_its_uses", "tied_autoencoder, gradient of the decoder alone")
fault(
    "a_block_without_branch_is_the_identity",
    "residual_block",
    ORDINARY | {"residual_block": skip_activated_in_place},
    "skip activated in place",
)
fault(
    "a_block_without_branch_hands_on_the_cotangent",
    "residual_block",
    changed_gradient("residual_block", skip_dropped),
    "skip dropped",
)
fault(
    "a_branch_adds_the_same_wherever_its_input_comes_from",
    "residual_block",
    ORDINARY | {"residual_block": branch_of_the_activated_input},
    "branch of relu(x)",
)
fault(
    "a_basic_block_without_branch_is_its_shortcut",
    "residual_basic_block",
    changed("residual_basic_block", shortcut_not_strided),
    "last pixel of each stride",
)
fault(
    "a_basic_block_without_branch_hands_on_the_cotangent",
    "residual_basic_block",
    changed_gradient("residual_basic_block", no_mask_of_the_last_relu),
    "last relu without a mask",
)
fault(
    "norms_undo_the_scale_of_the_kernels",
    "residual_basic_block",
    ORDINARY | {"residual_basic_block": eps_fixed},
    "eps fixed",
)
fault("a_neuron_activates_its_sum", "neuron", ORDINARY | {"neuron": gelu_by_tanh}, "gelu in its tanh form")
fault(
    "a_neuron_without_activation_is_affine",
    "neuron",
    changed("neuron", lambda x, w, b, **_: (x, w, b + b)),
    "bias counted twice",
)
fault(
    "inputs_of_a_neuron_are_interchangeable",
    "neuron",
    changed("neuron", lambda x, w, b, **_: (x, w[::-1], b)),
    "weights reversed",
)
known("gradients_of_a_neuron_come_of_one_factor", "neuron, gradient of weight times 1.001")


# --- optimizers --------------------------------------------------------------------------------------------------


def sgd_blended(parameter, gradient, velocity, *, lr, **rest):
    """The step as a blend of the parameter and a target."""
    p, v = ORDINARY["sgd"](parameter, gradient, velocity, lr=lr, **rest)
    return (1 - lr) * parameter + lr * (parameter + (p - parameter) / lr), v


def adam_first_moment_damped_by_beta2(parameter, gradient, first_moment, second_moment, *, beta1, beta2, **rest):
    p, _, v = ORDINARY["adam"](
        parameter, gradient, first_moment, second_moment, beta1=beta1, beta2=beta2, weight_decay=0.0, **rest
    )
    return p, beta1 * first_moment + (1 - beta2) * gradient, v


known("weight_decay_enters_the_gradient", "adam, decoupled weight decay")
fault("nothing_moves_without_a_gradient", "sgd", ORDINARY | {"sgd": sgd_blended}, "step as a blend")
known("velocity_is_a_damped_sum_of_gradients", "sgd, dampening without momentum")
known("sgd_follows_its_velocity", "sgd, nesterov with the old velocity")
known("moments_are_running_means", "adam, constants in float32")
known("adam_steps_by_its_corrected_moments", "adam, without bias correction")
known("adam_steps_by_its_corrected_moments", "adam, eps inside the root")


# --- tests -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("law", "operator", "functions"), FAULTS)
def test_each_law_rejects_its_fault(law, operator, functions):
    assert not judge(functions, [operator], laws=[law], fail_fast=True, shrink=False).passed


def test_each_law_has_a_fault():
    assert {param.values[0] for param in FAULTS} == {law.name for law in LAWS}


@pytest.mark.parametrize(
    "operator", sorted({o.name for law in LAWS for o in refimpl.operators.values() if law.concerns(o)})
)
def test_the_reference_and_a_plain_implementation_pass(operator):
    laws = [law.name for law in LAWS if law.concerns(refimpl.operators[operator])]
    for candidate in (refimpl, ORDINARY):
        report = judge(candidate, [operator], laws=laws, examples=12, seed=1, shrink=False)
        assert report.passed, f"\n{report}"


@pytest.mark.parametrize("label", LOOKS)
def test_a_fault_of_a_gate_is_named(label):
    operator, functions, _ = WRONG[label]
    law = next(law.name for law in LAWS if "read" in law.name and law.concerns(refimpl.operators[operator]))
    report = judge(functions, [operator], laws=[law], dtypes=["float32"], examples=2, shrink=False)
    assert LOOKS[label] in str(report)
