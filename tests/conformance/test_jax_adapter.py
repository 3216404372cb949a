"""The jax adapter: what it refuses for JAX, what it compiles, what it keeps apart."""

import importlib

import numpy as np
import pytest

import oplaws
from oplaws import refimpl
from oplaws.conformance.asked import Asked
from oplaws.conformance.candidate import Unusable, load
from oplaws.conformance.expectations import Expectations
from oplaws.properties.law import Violation, registry
from oplaws.properties.layouts import LAYOUTS, lay

jax = pytest.importorskip("jax", reason="jax is not installed")
adapter = importlib.import_module("oplaws.conformance.adapters.jax")
candidate = adapter.create()
rng = np.random.default_rng(0)


def f32(*shape):
    return rng.standard_normal(shape).astype(np.float32)


IMAGE, ROWS, STEPS = f32(2, 4, 5, 5), f32(3, 4), f32(4, 2, 3)
WEIGHTS = (f32(5, 3), f32(5, 5), f32(5), f32(5))
LABELS = np.array([0, 3, 1])
P = {"p": 0.5, "training": True, "seed": 0}


# --- what JAX takes and the contract calls illegal ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "inputs", "attributes", "message"),
    [
        ("gelu", (ROWS,), {"approximate": "erf"}, "approximate is 'erf'"),
        ("mse_loss", (ROWS, f32(4)), {}, "target has shape"),
        ("mse_loss", (ROWS, ROWS), {"reduction": "batchmean"}, "reduction is 'batchmean'"),
        ("binary_cross_entropy_with_logits", (ROWS, f32(4)), {}, "targets has shape"),
        ("cross_entropy", (ROWS, np.array([0, -1, 1])), {}, r"a label is outside 0\.\.3"),
        ("cross_entropy", (ROWS, np.array([0, 4, 1])), {}, r"a label is outside 0\.\.3"),
        ("cross_entropy", (ROWS, np.zeros((3, 4), int)), {}, "labels has shape"),
        ("cross_entropy", (ROWS, np.zeros(3, np.float32)), {}, "labels are float32"),
        ("cross_entropy", (f32(2, 4, 5), LABELS), {}, "logits has shape"),
        ("neuron", (f32(4), f32(4), f32()), {}, "x has shape"),
        ("neuron", (ROWS, f32(4, 2), f32()), {}, "weight has shape"),
        ("neuron", (ROWS, f32(4), f32(3)), {}, "bias has shape"),
        ("neuron", (ROWS, f32(4), f32()), {"activation": "selu"}, "activation is 'selu'"),
        ("linear", (ROWS, f32(4)), {}, "weight has shape"),
        ("linear", (ROWS, f32(2, 4), f32(1)), {}, "bias has shape"),
        ("conv2d", (IMAGE[0], f32(3, 4, 2, 2)), {}, "x has shape"),
        ("conv2d", (IMAGE, f32(3, 4, 2)), {}, "weight has shape"),
        ("conv2d", (IMAGE, f32(3, 4, 0, 2)), {}, "an empty kernel"),
        ("conv2d", (IMAGE, f32(3, 4, 6, 2)), {}, "leave nothing"),
        ("conv2d", (IMAGE, f32(3, 4, 2, 2), f32(1)), {}, "bias has shape"),
        ("conv2d", (IMAGE, f32(3, 4, 2, 2)), {"padding": -1}, "padding is -1"),
        ("conv2d", (IMAGE, f32(3, 4, 2, 2)), {"stride": (1,)}, "stride is"),
        ("conv2d", (IMAGE, f32(3, 4, 2, 2)), {"stride": 2.0}, "stride is 2.0|not iterable"),
        ("conv2d", (IMAGE, f32(3, 4, 2, 2)), {"dilation": 0}, "dilation is 0"),
        ("conv2d", (IMAGE, f32(3, 4, 2, 2)), {"groups": 3}, "feature_group_count"),
        ("conv_transpose2d", (IMAGE[0], f32(4, 3, 2, 2)), {}, "x has shape"),
        ("conv_transpose2d", (IMAGE, f32(4, 3, 2, 2)), {"groups": 3}, "into 3 groups"),
        ("conv_transpose2d", (IMAGE, f32(4, 3, 2, 0)), {}, "empty along an axis"),
        ("conv_transpose2d", (IMAGE[:0], f32(4, 3, 2, 2)), {"output_padding": 1}, "output_padding 1"),
        ("conv_transpose2d", (IMAGE, f32(4, 3, 2, 2)), {"padding": 3}, "leave nothing"),
        ("max_pool2d", (IMAGE[0],), {"kernel_size": 2}, "x has shape"),
        ("max_pool2d", (IMAGE,), {"kernel_size": 2, "padding": 2}, "padding 2 is above half"),
        ("max_pool2d", (IMAGE,), {"kernel_size": 3, "dilation": 3, "ceil_mode": True}, "kernel_size 3, dilation 3"),
        ("avg_pool2d", (IMAGE,), {"kernel_size": 6, "ceil_mode": True}, "kernel_size 6"),
        ("avg_pool2d", (IMAGE,), {"kernel_size": 2, "stride": 0}, "stride is 0"),
        ("batch_norm", (f32(4), *[f32(4)] * 4), {"training": False}, "x has shape"),
        ("batch_norm", (ROWS[:0], *(f32(n) for n in (4, 4, 5, 4))), {"training": False}, "running_mean has shape"),
        ("batch_norm", (ROWS, *(f32(n) for n in (1, 4, 4, 4))), {"training": True}, "weight has shape"),
        ("layer_norm", (ROWS, f32(1), f32(4)), {}, "weight has shape"),
        ("dropout", (ROWS,), {**P, "p": 1.5}, "p is 1.5"),
        ("channel_dropout", (f32(3),), P, "x has shape"),
        ("tied_autoencoder", (f32(4), f32(2, 4), f32(2), f32(4)), {}, "x has shape"),
        ("residual_block", (f32(3, 1), f32(2, 1), f32(2), f32(4, 2), f32(4)), {}, "x has shape"),
        ("residual_basic_block", (IMAGE, f32(4, 4, 5, 5), *[f32(4)] * 2, f32(4, 4, 3, 3), *[f32(4)] * 2), {}, "3 x 3"),
        ("residual_basic_block", (f32(2, 1, 3, 3), f32(4, 1, 3, 3), *[f32(4)] * 2, f32(4, 4, 3, 3), *[f32(4)] * 2), {},
         "the shortcut has shape"),
        ("rnn", (STEPS[0], f32(1, 2, 5), *WEIGHTS), {}, "x has shape"),
        ("rnn", (STEPS, f32(2, 5), *WEIGHTS), {}, "h0 has shape"),
        ("rnn", (STEPS, f32(1, 1, 5), *WEIGHTS), {}, "a state has shape"),
        ("rnn", (STEPS, f32(1, 2, 5), *WEIGHTS[:3]), {}, "got 3 weights, expected 4"),
        ("rnn", (STEPS, f32(1, 2, 5), f32(5, 4), *WEIGHTS[1:]), {}, "weight 0 has shape"),
        ("rnn", (STEPS, f32(1, 2, 5), *WEIGHTS), {"nonlinearity": "sigmoid"}, "nonlinearity is 'sigmoid'"),
        ("rnn", (STEPS, f32(1, 2, 5), *WEIGHTS), {"lengths": np.array([4])}, "lengths are not 2 integers"),
        ("rnn", (STEPS, f32(1, 2, 5), *WEIGHTS), {"lengths": np.array([4.0, 1.0])}, "lengths are not 2 integers"),
        ("rnn", (STEPS, f32(1, 2, 5), *WEIGHTS), {"lengths": np.array([5, 1])}, r"a length is outside 1\.\.4"),
        ("rnn", (STEPS, f32(1, 2, 5), *WEIGHTS), {"lengths": np.array([0, 1])}, r"a length is outside 1\.\.4"),
        ("sgd", (ROWS, f32(4), ROWS), {"lr": 0.1}, "gradient has shape"),
        ("sgd", (ROWS, ROWS, f32(4)), {"lr": 0.1}, "velocity has shape"),
        ("sgd", (ROWS, ROWS, ROWS), {"lr": 0.1, "nesterov": True}, "nesterov takes a momentum"),
        ("adam", (ROWS, f32(4), ROWS, ROWS), {"step": 1}, "gradient has shape"),
        ("adam", (ROWS, ROWS, f32(4), ROWS), {"step": 1}, "first_moment has shape"),
        ("adam", (ROWS, ROWS, ROWS, f32(4)), {"step": 1}, "second_moment has shape"),
        ("adam", (ROWS, ROWS, ROWS, ROWS), {"step": 0}, "step is 0"),
        ("adam", (ROWS, ROWS, ROWS, ROWS), {"step": 1, "beta2": 1.0}, "a beta of"),
    ],
)  # fmt: skip
def test_refuses_what_jax_would_take(name, inputs, attributes, message):
    with pytest.raises((ValueError, TypeError), match=message):
        candidate.call(name, inputs, attributes)
    with pytest.raises((ValueError, TypeError)):
        refimpl.operators[name](*inputs, **attributes)


def test_an_illegal_value_is_not_taken_for_the_legal_one_that_it_equals():
    """2.0 == 2, and True == 1: compiled functions are found again by what was written."""
    legal = (IMAGE, f32(3, 4, 2, 2))
    candidate.call("conv2d", legal, {"stride": 2})
    with pytest.raises((ValueError, TypeError)):
        candidate.call("conv2d", legal, {"stride": 2.0})


def test_has_every_operator_of_the_contract():
    assert set(candidate.operators) == set(refimpl.operators)
    with pytest.raises(LookupError, match="no operator 'selu'"):
        candidate.call("selu", (ROWS,), {})


# --- memory ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_change_no_result(layout):
    x, weight = rng.integers(-4, 5, (2, 4, 5, 5)).astype(np.float32), rng.integers(-4, 5, (6, 2, 3, 3)).astype("f4")
    attributes = {"groups": 2, "padding": (1, 0)}
    (y,) = candidate.call("conv2d", (lay(x, layout), lay(weight, layout), None), attributes)
    np.testing.assert_array_equal(y, refimpl.conv2d(x, weight, None, **attributes))
    dy = np.ones_like(y)
    given = [lay(a, layout) for a in (x, weight, dy)]
    dx, dweight, dbias = candidate.vjp("conv2d", (*given[:2], None), attributes, (given[2],))
    expected = refimpl.conv2d_vjp(dy, x, weight, None, **attributes)
    np.testing.assert_array_equal(dx, expected[0])
    np.testing.assert_array_equal(dweight, expected[1])
    assert dbias is None


def test_compiled_functions_are_let_go(monkeypatch):
    few = adapter.create()
    monkeypatch.setattr(few, "kept", 2)
    for n in range(1, 6):
        (y,) = few.call("relu", (np.ones(n, np.float32),), {})
        np.testing.assert_array_equal(y, 1)
        assert len(few.compiled) <= 2


# --- gradients, empty batches, seeds -----------------------------------------------------------------------------


def test_a_cotangent_of_none_is_zero():
    inputs = (STEPS, f32(1, 2, 5), f32(1, 2, 5), f32(20, 3), f32(20, 5), f32(20), f32(20))
    output, h_n, c_n = candidate.call("lstm", inputs, {})
    some = candidate.vjp("lstm", inputs, {}, (np.ones_like(output), None, None))
    full = candidate.vjp("lstm", inputs, {}, (np.ones_like(output), np.zeros_like(h_n), np.zeros_like(c_n)))
    for a, b in zip(some, full, strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_has_no_gradient_gives_none():
    inputs = (ROWS, f32(4), f32(4), f32(4), np.abs(f32(4)))
    found = candidate.vjp("batch_norm", inputs, {"training": True}, (ROWS, None, None))
    assert [a is None for a in found] == [False] * 3 + [True] * 2
    assert candidate.vjp("cross_entropy", (ROWS, LABELS), {}, (np.float32(1),))[1] is None
    assert candidate.vjp("linear", (ROWS, f32(2, 4), None), {}, (f32(3, 2),))[2] is None


@pytest.mark.parametrize("lengths", [None, np.zeros(0, np.int64)])
def test_an_empty_batch(lengths):
    inputs = (STEPS[:, :0], f32(1, 0, 5), *WEIGHTS)
    output, h_n = candidate.call("rnn", inputs, {"lengths": lengths})
    assert output.shape == (4, 0, 5)
    assert h_n.shape == (1, 0, 5)
    _, _, *found = candidate.vjp("rnn", inputs, {"lengths": lengths}, (output, h_n))
    for gradient, weight in zip(found, WEIGHTS, strict=True):
        np.testing.assert_array_equal(gradient, 0 * weight)


def test_lengths_in_any_order():
    inputs, lengths = (STEPS, f32(2, 2, 5), *WEIGHTS, *WEIGHTS), np.array([2, 4])
    output, h_n = candidate.call("rnn", inputs, {"lengths": lengths, "bidirectional": True})
    np.testing.assert_array_equal(output[2:, 0], 0)
    np.testing.assert_array_equal(output[1, 0, :5], h_n[0, 0])
    np.testing.assert_array_equal(output[0, 0, 5:], h_n[1, 0])


def test_what_stands_behind_a_sequence_s_end_reaches_no_gradient():
    x = STEPS.copy()
    x[2:, 0] = np.nan
    inputs, lengths = (x, f32(1, 2, 5), *WEIGHTS), {"lengths": np.array([2, 4])}
    results = candidate.call("rnn", inputs, lengths)
    dx, *others = candidate.vjp("rnn", inputs, lengths, results)
    assert all(np.isfinite(a).all() for a in (*results, dx, *others))
    np.testing.assert_array_equal(dx[2:, 0], 0)


@pytest.mark.parametrize("name", ["dropout", "channel_dropout"])
def test_masks_follow_seed_and_shape(name):
    ones = np.ones((4, 6, 3, 2), np.float32)
    (y,) = candidate.call(name, (ones,), {**P, "seed": 7})
    for layout in LAYOUTS:
        np.testing.assert_array_equal(candidate.call(name, (lay(ones, layout),), {**P, "seed": 7})[0], y)
    np.testing.assert_array_equal(candidate.vjp(name, (ones,), {**P, "seed": 7}, (ones,))[0], y)
    for seed in (8, 7 + 2**32, 7 + 2**62):
        assert (candidate.call(name, (ones,), {**P, "seed": seed})[0] != y).any()


def test_subnormals_are_flushed_as_declared():
    (y,) = candidate.call("relu", (np.float32([1e-40, 1e-30]),), {})
    np.testing.assert_array_equal(y, np.float32([0, 1e-30]))
    assert candidate.flushes_subnormals


# --- known failures ----------------------------------------------------------------------------------------------


@pytest.mark.skipif(not jax.__version__.startswith("0.10.2"), reason="the findings are of JAX 0.10.2")
def test_findings_are_real_and_narrow():
    """Each stored case fails as the finding says; the reference passes it, and another failure is not it."""
    judged = load("jax")
    findings = Expectations.of(judged).findings
    assert findings
    for finding in findings:
        with pytest.raises(Violation) as found:
            registry[finding.case_law].judge(Asked(judged, finding.case))
        assert finding.matches(finding.case, found.value)
        assert registry[finding.case_law].judge(Asked(load("reference"), finding.case)) is not None
        assert not finding.matches(finding.case, Violation("shape", "", expected=1.0, got=0.0))


# --- as a candidate ----------------------------------------------------------------------------------------------


def test_names_that_do_not_exist():
    with pytest.raises(Unusable, match="no candidate 'jax:tpu': the jax adapter is jax"):
        load("jax:tpu")


@pytest.mark.parametrize("spec", ["jax", "jax:optimized"])
def test_is_judged(spec):
    report = oplaws.judge(spec, ["linear"], laws=["agreement", "gradient_agreement"])
    assert report.passed, str(report)
