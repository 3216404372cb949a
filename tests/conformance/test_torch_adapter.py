"""The torch adapter: what it refuses for torch, what it hands over, what it keeps apart."""

import functools
import importlib
import sys
from dataclasses import replace

import ml_dtypes
import numpy as np
import pytest

import oplaws
from oplaws import refimpl
from oplaws.conformance.asked import Asked
from oplaws.conformance.candidate import Unusable, load
from oplaws.conformance.expectations import Expectations
from oplaws.properties.law import Violation, registry
from oplaws.properties.layouts import LAYOUTS, lay

torch = pytest.importorskip("torch")
adapter = importlib.import_module("oplaws.conformance.adapters.torch")
candidate = adapter.create()
rng = np.random.default_rng(0)


def f32(*shape):
    return rng.standard_normal(shape).astype(np.float32)


IMAGE, ROWS, STEPS = f32(2, 4, 5, 5), f32(3, 4), f32(4, 2, 3)
WEIGHTS = (f32(5, 3), f32(5, 5), f32(5), f32(5))
LABELS = np.array([0, 3, 1])


# --- what torch takes and the contract calls illegal -------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "inputs", "attributes", "message"),
    [
        ("mse_loss", (ROWS, f32(4)), {}, "target has shape"),
        ("mse_loss", (ROWS, ROWS), {"reduction": "batchmean"}, "reduction is 'batchmean'"),
        ("cross_entropy", (ROWS, np.array([0, -100, 1])), {}, r"a label is outside 0\.\.3"),
        ("cross_entropy", (ROWS, np.array([0, 4, 1])), {}, r"a label is outside 0\.\.3"),
        ("cross_entropy", (ROWS, ROWS), {}, "labels has shape"),
        ("cross_entropy", (ROWS, np.zeros(3, np.float32)), {}, "labels are torch.float32"),
        ("cross_entropy", (IMAGE, LABELS), {}, "logits has shape"),
        ("neuron", (ROWS, f32(4), f32(3)), {}, "bias has shape"),
        ("neuron", (ROWS, f32(4), f32()), {"activation": "selu"}, "activation is 'selu'"),
        ("linear", (ROWS, f32(4)), {}, "weight has shape"),
        ("linear", (ROWS, f32(2, 4), f32(1)), {}, "bias has shape"),
        ("conv2d", (IMAGE[0], f32(3, 4, 2, 2)), {}, "x has shape"),
        ("conv2d", (IMAGE, f32(3, 4, 2, 2)), {"padding": "same"}, "padding is 'same'"),
        ("conv2d", (IMAGE, f32(3, 4, 2, 2)), {"padding": -1}, "padding is -1"),
        ("conv2d", (IMAGE, f32(3, 4, 2, 2)), {"stride": (1,)}, "stride is"),
        ("conv2d", (IMAGE, f32(3, 4, 2, 2)), {"dilation": 0}, "dilation is 0"),
        ("conv_transpose2d", (IMAGE[0], f32(4, 3, 2, 2)), {}, "x has shape"),
        ("conv_transpose2d", (IMAGE[:0], f32(4, 3, 2, 2)), {"output_padding": 1}, "output_padding 1"),
        ("conv_transpose2d", (IMAGE, f32(4, 3, 2, 2)), {"padding": 3}, "padding .* leaves nothing"),
        ("max_pool2d", (IMAGE[0],), {"kernel_size": 2}, "x has shape"),
        ("max_pool2d", (IMAGE,), {"kernel_size": 2, "padding": 2}, "padding 2 is above half"),
        ("max_pool2d", (IMAGE,), {"kernel_size": 3, "dilation": 3, "ceil_mode": True}, "kernel_size 3, dilation 3"),
        ("avg_pool2d", (IMAGE,), {"kernel_size": 6, "ceil_mode": True}, "kernel_size 6"),
        ("avg_pool2d", (IMAGE,), {"kernel_size": 2, "stride": 0}, "stride is 0"),
        ("batch_norm", (ROWS[:0], *(f32(n) for n in (4, 4, 5, 4))), {"training": False}, "running_mean has shape"),
        ("batch_norm", (ROWS, *(f32(n) for n in (1, 4, 4, 4))), {"training": True}, "weight has shape"),
        ("channel_dropout", (f32(3),), {"p": 0.5, "training": True, "seed": 0}, "x has shape"),
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
    ],
)  # fmt: skip
def test_refuses_what_torch_would_take(name, inputs, attributes, message):
    with pytest.raises(ValueError, match=message):
        candidate.call(name, inputs, attributes)
    with pytest.raises((ValueError, TypeError)):
        refimpl.operators[name](*inputs, **attributes)


def test_has_every_operator_of_the_contract():
    assert set(candidate.operators) == set(refimpl.operators)
    with pytest.raises(LookupError, match="no operator 'selu'"):
        candidate.call("selu", (ROWS,), {})


# --- memory ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", ["contiguous", "fortran", "strided", "offset", "readonly", "broadcast"])
def test_torch_works_on_the_layout_itself(layout):
    array = lay(np.broadcast_to(f32(1, 5), (3, 5)).copy(), layout)
    tensor = adapter.to_tensor(array)
    assert tensor.data_ptr() == array.__array_interface__["data"][0]
    assert tensor.stride() == tuple(stride // 4 for stride in array.strides)
    np.testing.assert_array_equal(tensor.numpy(), array)


@pytest.mark.parametrize("dtype", [np.float32, ml_dtypes.bfloat16, np.int64])
@pytest.mark.parametrize("layout", ["negative", "unaligned"])
def test_what_torch_does_not_take_is_copied(layout, dtype):
    array = lay(np.arange(15).reshape(3, 5).astype(dtype), layout)
    tensor = adapter.to_tensor(array)
    np.testing.assert_array_equal(adapter.to_array(tensor), array)
    assert adapter.to_array(tensor).dtype == dtype


def test_a_foreign_byte_order_is_copied():
    array = np.arange(3, dtype=">f4")
    np.testing.assert_array_equal(adapter.to_tensor(array).numpy(), array)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_change_no_result(layout):
    """Not its bits either: what is summed here are small integers."""
    x, weight = rng.integers(-4, 5, (2, 4, 5, 5)).astype(np.float32), rng.integers(-4, 5, (6, 2, 3, 3)).astype("f4")
    attributes = {"groups": 2, "padding": (1, 0)}
    (plain,) = candidate.call("conv2d", (x, weight, None), attributes)
    (y,) = candidate.call("conv2d", (lay(x, layout), lay(weight, layout), None), attributes)
    np.testing.assert_array_equal(y, plain)
    np.testing.assert_array_equal(y, refimpl.conv2d(x, weight, None, **attributes))
    dy = np.ones_like(plain)
    given = [lay(a, layout) for a in (x, weight, dy)]
    dx, dweight, dbias = candidate.vjp("conv2d", (*given[:2], None), attributes, (given[2],))
    expected = refimpl.conv2d_vjp(dy, x, weight, None, **attributes)
    np.testing.assert_array_equal(dx, expected[0])
    np.testing.assert_array_equal(dweight, expected[1])
    assert dbias is None


SELF = {
    "dropout in evaluation": ("dropout", (ROWS,), {"p": 0.5, "training": False, "seed": 1}),
    "one state, T = 1": ("rnn", (f32(1, 2, 3), f32(1, 2, 5), *WEIGHTS), {}),
    "sgd without momentum": ("sgd", (ROWS, ROWS + 1, ROWS), {"lr": 0.1}),
    "running statistics": ("batch_norm", (ROWS, *(f32(4) for _ in range(3)), np.abs(f32(4))), {"training": False}),
}


@pytest.mark.parametrize("case", SELF)
def test_results_have_memory_of_their_own(case):
    name, inputs, attributes = SELF[case]
    before = [a.copy() for a in inputs]
    results = candidate.call(name, inputs, attributes)
    for i, result in enumerate(results):
        assert not any(np.may_share_memory(result, other) for other in (*inputs, *results[:i]))
        result += 1
    for a, b in zip(inputs, before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_gradient_that_is_the_cotangent_is_copied():
    dy = np.ones_like(ROWS)
    (dx,) = candidate.vjp("dropout", (ROWS,), {"p": 0.5, "training": False, "seed": 1}, (dy,))
    np.testing.assert_array_equal(dx, dy)
    assert not np.may_share_memory(dx, dy)


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


@pytest.mark.parametrize("name", ["dropout", "channel_dropout"])
def test_masks_follow_seed_and_shape_and_leave_the_generator_alone(name):
    state = torch.get_rng_state()
    attributes = {"p": 0.5, "training": True, "seed": 7}
    ones = np.ones((4, 6, 3, 2), np.float32)
    (y,) = candidate.call(name, (ones,), attributes)
    for layout in LAYOUTS:
        np.testing.assert_array_equal(candidate.call(name, (lay(ones, layout),), attributes)[0], y)
    np.testing.assert_array_equal(candidate.vjp(name, (ones,), attributes, (ones,))[0], y)
    assert (candidate.call(name, (ones,), {**attributes, "seed": 8})[0] != y).any()
    assert torch.equal(torch.get_rng_state(), state)


def test_results_in_bfloat16():
    """The dtype that NumPy and torch do not have in common."""
    x = ROWS.astype(ml_dtypes.bfloat16)
    (y,) = candidate.call("relu", (x,), {})
    assert y.dtype == ml_dtypes.bfloat16
    np.testing.assert_array_equal(y, np.maximum(x, 0))


# --- known failures ----------------------------------------------------------------------------------------------


@pytest.mark.skipif(not torch.__version__.startswith("2.13.0"), reason="the findings are of PyTorch 2.13.0")
def test_findings_are_real_and_narrow():
    """Each stored case fails as the finding says; with other values, another layout or another failure it is not it."""
    judged = load("torch")
    findings = Expectations.of(judged).findings
    assert len(findings) >= 5
    for finding in findings:
        with pytest.raises(Violation) as found:
            registry[finding.case_law].judge(Asked(judged, finding.case))
        assert finding.matches(finding.case, found.value)
        assert registry[finding.case_law].judge(Asked(load("reference"), finding.case)) is not None
        if "layout" in finding.when:
            plain = replace(finding.case, layouts=("contiguous",) * len(finding.case.layouts))
            assert not finding.matches(plain, found.value)
        else:
            assert not finding.matches(finding.case, Violation("shape", "", expected=1.0, got=0.0))


# --- what it is called -------------------------------------------------------------------------------------------


def test_names_that_do_not_exist_and_devices_that_are_not_there():
    with pytest.raises(Unusable, match="no candidate 'torch:tpu': the torch adapter is torch, torch:parallel, "):
        load("torch:tpu")
    if not torch.cuda.is_available():
        with pytest.raises(Unusable, match=r"torch:cuda: torch 2\S+ finds no CUDA device") as found:
            load("torch:cuda")
        assert "\n" not in str(found.value)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_cuda():
    report = oplaws.judge("torch:cuda", ["linear", "conv2d", "dropout", "lstm"])
    assert report.passed, str(report)


@pytest.mark.skipif(sys.platform == "win32", reason="torch.compile needs a C++ compiler")
def test_compiled_functions_are_judged_like_others(monkeypatch):
    """Traced and decomposed as torch.compile does, but run by torch: its C++ compiler takes a minute."""
    monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend="aot_eager"))
    for limit in ("recompile_limit", "accumulated_recompile_limit"):  # which the adapter lifts
        monkeypatch.setattr(torch._dynamo.config, limit, getattr(torch._dynamo.config, limit))
    compiled = load("torch:compile")
    x, weight = f32(3, 4), f32(2, 4)
    (y,) = compiled.call("linear", (x, weight, None), {})
    np.testing.assert_array_equal(y, candidate.call("linear", (x, weight, None), {})[0])
    assert compiled.vjp("linear", (x, weight, None), {}, (y,))[1].shape == (2, 4)
    torch._dynamo.reset()
