"""Each law of activations, losses, linear maps, pooling and normalisation rejects a small faulty candidate of its own.

And passes the reference. A fault is a line or two over it, chosen so that the law is the one that names it.
"""

import numpy as np
import pytest

from oplaws import properties, refimpl
from oplaws.conformance.engine import judge
from oplaws.properties.law import registry
from oplaws.refimpl import log_softmax, sigmoid, softmax, softplus

from ..variants import plain

properties.load()
CONCEPTS = ("activations", "losses", "linear", "convolution", "pooling", "normalisation")
LAWS = [name for name, law in registry.items() if law.judge.__module__.rpartition(".")[2] in CONCEPTS]
FAULTS = []


def fault(law, name, **others):
    """A faulty NAME or NAME_vjp, and what else the candidate offers."""

    def register(function):
        operator = name.removesuffix("_vjp")
        FAULTS.append((law, operator, {operator: getattr(refimpl, operator), **others, name: function}))
        return function

    return register


def through_half(x):
    return x.astype(np.float16).astype(x.dtype)


# --- activations -------------------------------------------------------------------------------------------------


@fault("reflection", "gelu")
def gelu_without_tail(x, *, approximate="none"):
    return np.where(x < -3, x.dtype.type(0), refimpl.gelu(x, approximate=approximate))


@fault("left_half_by_the_exponential", "sigmoid")
def clamped(x):
    return refimpl.sigmoid(np.maximum(x, x.dtype.type(-18)))


@fault("right_half_is_the_identity", "relu")
def smooth_relu(x):
    return softplus(x)


@fault("gelu_at_tabulated_points", "gelu")
def always_the_tanh_form(x, *, approximate="none"):
    return refimpl.gelu(x, approximate="tanh")


@fault("elements_anywhere_alike", "gelu")
def other_form_beyond_the_last_vector(x, *, approximate="none"):
    """What does not fill a vector of eight takes another path."""
    flat = x.reshape(x.size)
    whole = flat.size // 8 * 8
    ends = refimpl.gelu(flat[:whole], approximate=approximate), refimpl.gelu(flat[whole:], approximate="tanh")
    return np.concatenate(ends).reshape(x.shape)


@fault("limits", "relu")
def relu_hiding_nan(x):
    return np.where(x > 0, x, x.dtype.type(0))


@fault("numbers_to_numbers", "sigmoid")
def overflowing(x):
    return np.exp(x) / (1 + np.exp(x))


@fault("slopes_are_numbers", "silu_vjp")
def quotient_of_infinities(dy, x):
    e = np.exp(-x)
    return (dy * (1 + e + x * e) / ((1 + e) * (1 + e)),)


@fault("slope_from_the_value", "tanh_vjp")
def slope_of_the_absolute_value(dy, x):
    return (dy * (1 - np.abs(refimpl.tanh(x))),)


@fault("slope_at_the_kink", "relu_vjp")
def slope_outside_the_kink(dy, x):
    return (dy * np.where(x == 0, -1, x > 0).astype(x.dtype),)


@fault("slope_times_x_from_the_value", "silu_vjp")
def slope_without_its_second_term(dy, x):
    return (dy * refimpl.sigmoid(x),)


@fault("probabilities_sum_to_one", "softmax")
def less_than_one(x, *, axis=-1):
    return refimpl.softmax(x, axis=axis) * x.dtype.type(0.999)


@fault("probabilities_relate_by_the_exponential", "softmax")
def at_another_temperature(x, *, axis=-1):
    return refimpl.softmax(x * x.dtype.type(1.01), axis=axis)


@fault("logits_may_be_shifted", "log_softmax")
def maximum_added_to_the_logarithm(x, *, axis=-1):
    top = np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    return x - (top + np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)))


@fault("classes_may_be_permuted", "softmax")
def later_classes_disliked(x, *, axis=-1):
    order = np.cumsum(np.ones_like(x), axis=axis)
    return refimpl.softmax(x, axis=axis) * (1 - order / 4096)


@fault("probabilities_of_numbers_are_numbers", "softmax")
def without_the_maximum(x, *, axis=-1):
    return np.exp(x) / np.sum(np.exp(x), axis=axis, keepdims=True)


@fault("rows_with_infinities", "softmax")
def zeros_for_nan(x, *, axis=-1):
    return np.nan_to_num(refimpl.softmax(x, axis=axis))


def softmax_of_less(x, *, axis=-1):
    return softmax(x * x.dtype.type(0.99), axis=axis)


@fault("logarithm_of_softmax", "log_softmax", softmax=softmax_of_less)
def as_it_should_be(x, *, axis=-1):
    return refimpl.log_softmax(x, axis=axis)


@fault("gradients_sum_to_zero", "softmax_vjp")
def own_class_alone(dy, x, *, axis):
    return (refimpl.softmax(x, axis=axis) * dy,)


# --- losses ------------------------------------------------------------------------------------------------------


@fault("reductions_agree", "mse_loss")
def mean_is_a_sum(prediction, target, *, reduction="mean"):
    return refimpl.mse_loss(prediction, target, reduction="sum" if reduction == "mean" else reduction)


@fault("gradients_share_the_cotangent", "cross_entropy_vjp")
def gradient_of_the_sum(dy, logits, labels, *, reduction):
    return refimpl.cross_entropy_vjp(dy, logits, labels, reduction="sum" if reduction == "mean" else reduction)


@fault("impossible_classes_change_nothing", "cross_entropy")
def one_hot_product(logits, labels, *, reduction="mean"):
    """0 times -inf is NaN."""
    one_hot = (labels[:, None] == np.arange(logits.shape[1])).astype(logits.dtype)
    losses = -np.sum(one_hot * log_softmax(logits), axis=1)
    return {"none": losses, "sum": losses.sum(), "mean": losses.mean()}[reduction]


@fault("no_loss_at_the_target", "mse_loss")
def never_zero(prediction, target, *, reduction="mean"):
    return refimpl.mse_loss(prediction, target, reduction=reduction) + prediction.dtype.type(1e-12)


@fault("prediction_and_target_may_be_exchanged", "mse_loss")
def coarse_target(prediction, target, *, reduction="mean"):
    return refimpl.mse_loss(prediction, through_half(target), reduction=reduction)


@fault("squares_of_whole_steps", "mse_loss")
def half_the_square(prediction, target, *, reduction="mean"):
    return refimpl.mse_loss(prediction, target, reduction=reduction) / 2


@fault("squared_error_gradient_from_the_loss", "mse_loss_vjp")
def half_the_gradient(dy, prediction, target, *, reduction):
    return tuple(g / 2 for g in refimpl.mse_loss_vjp(dy, prediction, target, reduction=reduction))


@fault("cross_entropy_of_certainty", "cross_entropy")
def probability_kept_from_zero(logits, labels, *, reduction="mean"):
    p = softmax(logits)[np.arange(len(labels)), labels]
    return reduced(-np.log(p + p.dtype.type(1e-9)), reduction)


@fault("cross_entropy_of_every_label", "cross_entropy")
def smoothed_labels(logits, labels, *, reduction="mean"):
    """Smoothed labels."""
    y = log_softmax(logits)
    return reduced(-0.99 * y[np.arange(len(labels)), labels] - 0.01 * np.mean(y, axis=1), reduction)


@fault("cross_entropy_of_shifted_logits", "cross_entropy")
def large_numbers_subtracted_last(logits, labels, *, reduction="mean"):
    top = np.max(logits, axis=1, initial=-np.inf)
    log_sum = np.log(np.sum(np.exp(logits - top[:, None]), axis=1))
    return reduced(top + log_sum - logits[np.arange(len(labels)), labels], reduction)


@fault("cross_entropy_gradient_sums_to_zero", "cross_entropy_vjp")
def some_classes_left_out(dy, logits, labels, *, reduction):
    right, _ = refimpl.cross_entropy_vjp(dy, logits, labels, reduction=reduction)
    return np.where(right * np.sum(right, axis=1, keepdims=True) > 0, 0, right).astype(right.dtype) * 2, None


@fault("cross_entropy_gradient_from_the_loss", "cross_entropy_vjp")
def cotangent_ignored(dy, logits, labels, *, reduction):
    p = softmax(logits) - (np.arange(logits.shape[1]) == labels[:, None])
    return p.astype(logits.dtype), None


@fault("binary_cross_entropy_of_certainty", "binary_cross_entropy_with_logits")
def clipped_probabilities(logits, targets, *, reduction="mean"):
    p = np.clip(sigmoid(logits), 1e-7, 1 - 1e-7).astype(logits.dtype)
    return reduced(-targets * np.log(p) - (1 - targets) * np.log(1 - p), reduction)


@fault("binary_cross_entropy_by_the_exponential", "binary_cross_entropy_with_logits")
def smoothed_targets(logits, targets, *, reduction="mean"):
    smooth = targets * targets.dtype.type(0.99) + targets.dtype.type(0.005)
    return refimpl.binary_cross_entropy_with_logits(logits, smooth, reduction=reduction)


@fault("binary_cross_entropy_gradient_from_the_loss", "binary_cross_entropy_with_logits_vjp")
def hard_targets(dy, logits, targets, *, reduction):
    pull = refimpl.binary_cross_entropy_with_logits_vjp
    return pull(dy, logits, np.round(targets), reduction=reduction)


def reduced(losses, reduction):
    if reduction == "none":
        return losses
    return np.sum(losses) / losses.dtype.type(losses.size if reduction == "mean" else 1)


# --- linear maps -------------------------------------------------------------------------------------------------


@fault("parts_add_up", "linear")
def clipped(x, weight, bias=None):
    return np.clip(refimpl.linear(x, weight, bias), -4, 4)


@fault("bias_is_added", "conv2d")
def bias_twice(x, weight, bias=None, **attributes):
    return refimpl.conv2d(x, weight, None if bias is None else bias + bias, **attributes)


@fault("unit_vectors_give_the_columns", "linear")
def weight_through_half(x, weight, bias=None):
    return refimpl.linear(x, through_half(weight), bias)


@fault("unit_vectors_in_the_gradient", "linear_vjp")
def cotangent_through_half(dy, x, weight, bias):
    return refimpl.linear_vjp(through_half(dy), x, weight, bias)


@fault("some_rows_alone", "linear")
def axes_run_through_in_the_wrong_order(x, weight, bias=None):
    """The axes before the last are run through in the wrong order."""
    y = refimpl.linear(x, weight, bias)
    return np.swapaxes(y, 0, 1).reshape(y.shape) if y.ndim == 3 else y


@fault("impulse_gives_the_kernel", "conv2d")
def kernel_flipped(x, weight, bias=None, **attributes):
    return refimpl.conv2d(x, weight[:, :, ::-1, ::-1], bias, **attributes)


@fault("impulse_in_the_gradient", "conv2d_vjp")
def gradient_flipped(dy, x, weight, bias=None, **attributes):
    dx, dweight, dbias = refimpl.conv2d_vjp(dy, x, weight, bias, **attributes)
    return dx, np.ascontiguousarray(dweight[:, :, ::-1]), dbias


@fault("groups_are_diagonal_blocks", "conv2d")
def interleaved_groups(x, weight, bias=None, *, groups=1, **attributes):
    """Channel c is given to group c mod groups."""
    n, c, *size = x.shape
    mixed = np.swapaxes(x.reshape(n, c // groups, groups, *size), 1, 2).reshape(x.shape)
    return refimpl.conv2d(mixed, weight, bias, groups=groups, **attributes)


@fault("dilation_puts_zeros_into_the_kernel", "conv1d")
def flipped_if_dilated(x, weight, bias=None, *, dilation=1, **attributes):
    kernel = weight if dilation in (1, (1,)) else weight[:, :, ::-1]
    return refimpl.conv1d(x, kernel, bias, dilation=dilation, **attributes)


@fault("stride_skips_positions", "conv1d")
def other_positions(x, weight, bias=None, *, stride=1, **attributes):
    shifted = x if stride in (1, (1,)) else np.roll(x, 1, axis=-1)
    return refimpl.conv1d(shifted, weight, bias, stride=stride, **attributes)


@fault("padding_is_zeros_around_the_input", "conv1d")
def padded_in_one_place(x, weight, bias=None, *, padding=0, kept={}, **attributes):  # noqa: B006
    """The border is cleared when the place is taken, and not again."""
    (p,) = padding if isinstance(padding, tuple) else (padding,)
    around = np.pad(x, ((0, 0), (0, 0), (p, p)))
    place = kept.setdefault((around.shape, x.dtype), around)
    place[:, :, p : p + x.shape[2]] = x
    return refimpl.conv1d(place, weight, bias, padding=0, **attributes)


@fault("padding_is_zeros_around_the_input", "conv1d")
def edges_repeated(x, weight, bias=None, *, padding=0, **attributes):
    (p,) = padding if isinstance(padding, tuple) else (padding,)
    edges = ((0, 0), (0, 0), (p, p))
    return refimpl.conv1d(np.pad(x, edges, mode="edge"), weight, bias, padding=0, **attributes)


@fault("transposed_stride_puts_zeros_into_the_input", "conv_transpose2d")
def flipped_if_strided(x, weight, bias=None, *, stride=1, **attributes):
    kernel = weight if stride in (1, (1, 1)) else weight[:, :, ::-1]
    return refimpl.conv_transpose2d(x, kernel, bias, stride=stride, **attributes)


@fault("transposed_padding_crops_the_output", "conv_transpose2d")
def cropped_elsewhere(x, weight, bias=None, *, padding=0, **attributes):
    y = refimpl.conv_transpose2d(x, weight, bias, padding=padding, **attributes)
    return y if padding in (0, (0, 0)) else np.roll(y, 1, axis=-1)


@fault("some_images_alone", "conv2d")
def second_image_negative(x, weight, bias=None, **attributes):
    return every_second_turned(refimpl.conv2d(x, weight, bias, **attributes))


@fault("kernel_of_one_cell_is_linear", "conv2d", linear=refimpl.linear)
def coarse_convolution(x, weight, bias=None, **attributes):
    return refimpl.conv2d(x, through_half(weight), bias, **attributes)


@fault("one_more_axis_of_size_one", "conv1d", conv2d=refimpl.conv2d)
def flipped_in_one_dimension(x, weight, bias=None, **attributes):
    return refimpl.conv1d(x, weight[:, :, ::-1], bias, **attributes)


@fault("transposed_is_the_adjoint", "conv_transpose2d", conv2d=refimpl.conv2d)
def flipped_in_the_transpose(x, weight, bias=None, **attributes):
    return refimpl.conv_transpose2d(x, weight[:, :, ::-1], bias, **attributes)


def every_second_turned(y):
    return np.where((np.arange(len(y)) % 2 == 1).reshape(-1, *(1,) * (y.ndim - 1)), -y, y)


# --- pooling -----------------------------------------------------------------------------------------------------


def whole_window(x, kernel, stride, padding, out, after, count_include_pad):
    if count_include_pad:
        return np.full((1, 1, *out), kernel[0] * kernel[1], x.dtype)
    return plain.window_sizes(x, kernel, stride, padding, out, after, False)


def every_maximum(cells):
    return (cells == np.max(cells, axis=2, keepdims=True)).astype(cells.dtype)


FAULTS.append(("padding_and_ceil_mode_add_nothing", "max_pool2d", plain.max_pool2d(outside=0)))
FAULTS.append(("average_of_ones", "avg_pool2d", plain.avg_pool2d(divisor=whole_window)))
FAULTS.append(("max_pool_hands_on_each_cotangent_once", "max_pool2d", plain.max_pool2d(every_maximum)))


@fault("windows_hold_what_they_should", "avg_pool2d")
def average_hiding_nan(x, **attributes):
    return refimpl.avg_pool2d(np.nan_to_num(x), **attributes)


@fault("window_gets_its_cotangent_back", "max_pool2d_vjp")
def near_maxima_share(dy, x, **attributes):
    """Numbers that differ by less than 1/64 count as tied."""
    return refimpl.max_pool2d_vjp(dy, np.floor(x * 64), **attributes)


@fault("maximum_commutes_with_order", "max_pool2d")
def largest_in_size(x, **attributes):
    return refimpl.max_pool2d(np.abs(x), **attributes)


@fault("pooling_stride_skips_windows", "max_pool2d")
def other_windows(x, *, stride=None, **attributes):
    shifted = x if stride in (1, (1, 1)) else np.roll(x, 1, axis=-1)
    return refimpl.max_pool2d(shifted, stride=stride, **attributes)


@fault("some_planes_alone", "avg_pool2d")
def second_channel_negative(x, **attributes):
    y = refimpl.avg_pool2d(x, **attributes)
    return np.swapaxes(every_second_turned(np.swapaxes(y, 0, 1)), 0, 1)


# --- normalisation -----------------------------------------------------------------------------------------------


def one_pass(rows):
    count = max(rows.shape[1], 1)
    mean = np.sum(rows, axis=1, keepdims=True) / count
    return mean, np.maximum(np.sum(rows * rows, axis=1, keepdims=True) / count - mean * mean, 0)


one_pass_layer_norm = plain.layer_norm(moments=one_pass)
FAULTS.append(("input_may_be_shifted", "layer_norm", one_pass_layer_norm))
FAULTS.append(("batch_statistics", "batch_norm", plain.batch_norm(unbiased=False)))
old_one_weighed = plain.batch_norm(blend=lambda old, new, momentum: momentum * old + (1 - momentum) * new)
FAULTS.append(("running_statistics_move_by_momentum", "batch_norm", old_one_weighed))


@fault("outputs_have_known_moments", "layer_norm")
def eps_too_large(x, weight, bias, *, eps=1e-5):
    return refimpl.layer_norm(x, weight, bias, eps=1.1 * eps)


@fault("weight_and_bias_act_per_channel", "layer_norm")
def bias_first(x, weight, bias, *, eps=1e-5):
    return (refimpl.layer_norm(x, np.ones_like(weight), np.zeros_like(bias), eps=eps) + bias) * weight


@fault("constant_input_gives_the_bias", "layer_norm")
def constant_gives_zero(x, weight, bias, *, eps=1e-5):
    y = refimpl.layer_norm(x, weight, bias, eps=eps)
    return np.where(np.min(x, axis=-1, keepdims=True) == np.max(x, axis=-1, keepdims=True), y.dtype.type(0), y)


@fault("gradient_sums_to_zero_over_the_mean", "layer_norm_vjp")
def mean_taken_as_constant(dy, x, weight, bias, *, eps):
    _, dweight, dbias = refimpl.layer_norm_vjp(dy, x, weight, bias, eps=eps)
    return (dy * weight / np.sqrt(np.var(x, axis=-1, keepdims=True) + x.dtype.type(eps)), dweight, dbias)


@fault("gradient_of_a_shifted_input", "layer_norm_vjp")
def gradient_by_one_pass(dy, x, weight, bias, *, eps):
    return one_pass_layer_norm["layer_norm_vjp"](dy, x, weight, bias, eps=eps)


@fault("some_rows_normalised_alone", "layer_norm")
def second_row_negative(x, weight, bias, *, eps=1e-5):
    y = refimpl.layer_norm(x, weight, bias, eps=eps)
    return every_second_turned(y) if y.ndim > 1 else y


@fault("statistics_are_kept", "batch_norm")
def statistics_drift(x, weight, bias, mean, var, *, training, **attributes):
    y, mean, var = refimpl.batch_norm(x, weight, bias, mean, var, training=training, **attributes)
    return (y, mean, var) if training else (y, mean + 1, var + 1)


@fault("statistics_are_kept", "batch_norm")
def nothing_spoils_the_statistics(x, weight, bias, mean, var, *, training, momentum=0.1, **attributes):
    y, mean, var = refimpl.batch_norm(x, weight, bias, mean, var, training=training, momentum=momentum, **attributes)
    return (y, mean * np.nan, var) if training and not x.size else (y, mean, var)


@fault("evaluation_by_a_variance_of_three", "batch_norm")
def eps_outside_the_root(x, weight, bias, mean, var, *, training, eps=1e-5, **attributes):
    """eps is added to the deviation, not to the variance."""
    if not training:
        var, eps = (np.sqrt(var) + var.dtype.type(eps)) ** 2, 0.0
    return refimpl.batch_norm(x, weight, bias, mean, var, training=training, eps=eps, **attributes)


@fault("some_samples_in_evaluation", "batch_norm")
def second_sample_negative(x, weight, bias, mean, var, *, training, **attributes):
    y, mean, var = refimpl.batch_norm(x, weight, bias, mean, var, training=training, **attributes)
    return y if training else every_second_turned(y), mean, var


@fault("samples_of_a_batch_may_be_permuted", "batch_norm")
def second_sample_negative_in_training(x, weight, bias, mean, var, *, training, **attributes):
    y, mean, var = refimpl.batch_norm(x, weight, bias, mean, var, training=training, **attributes)
    return every_second_turned(y) if training else y, mean, var


@pytest.mark.parametrize(("law", "operator", "functions"), FAULTS)
def test_law_rejects_its_fault_and_passes_the_reference(law, operator, functions):
    report = judge(functions, [operator], laws=[law], examples=60, fail_fast=True, shrink=False)
    assert not report.passed, f"{law} does not see its fault"
    report = judge(refimpl, [operator], laws=[law], examples=20)
    assert report.passed, f"\n{report}"


def test_every_fault_is_of_a_law():
    assert {law for law, *_ in FAULTS} == set(LAWS)
