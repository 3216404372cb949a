"""WRONG: {label: (operator, {NAME: function, NAME_vjp: function}, where it shows)}: forms that must be caught.

Each is correct in everything but its fault: lost accuracy, a structural error, a broken promise. Where the fault is
in one direction only, the other function is the ordinary one.
"""

from math import pi, sqrt

import numpy as np
from scipy.special import erf

from . import products
from .correct import cast
from .legal import guarded
from .plain import (
    Convolution,
    adam,
    avg_pool2d,
    batch_norm,
    binary_cross_entropy,
    conv,
    cross_entropy,
    dropout,
    elementwise,
    gru,
    layer_norm,
    linear,
    log_softmax,
    lstm,
    max_pool2d,
    mse_loss,
    norm_gradient,
    operators,
    picked,
    relu_slope,
    residual_block,
    rnn,
    sgd,
    sigmoid,
    softmax,
    softmax_of,
    softplus,
    tied_autoencoder,
    window_sizes,
)
from .products import plain, total

WRONG = {}


def wrong(label, operator, functions, where):
    mine = {name: f for name, f in functions.items() if name.removesuffix("_vjp") == operator}
    WRONG[label] = operator, guarded(mine), where


# Activations


def sigmoid_by_tanh(x):
    return 0.5 * (1 + np.tanh(0.5 * x))


def sigmoid_clamped(x):
    return sigmoid(np.clip(x, -18, 18))


def sigmoid_overflowing(x):
    return np.exp(x) / (1 + np.exp(x))


def gelu_without_tail(x, *, approximate="none"):
    bend = erf(x / sqrt(2)) if approximate == "none" else np.tanh(sqrt(2 / pi) * (x + 0.044715 * x * x * x))
    return np.where(x < -4, x.dtype.type(0), 0.5 * x * (1 + bend))


def gelu_always_tanh(x, *, approximate="none"):
    return 0.5 * x * (1 + np.tanh(sqrt(2 / pi) * (x + 0.044715 * x * x * x)))


def softplus_with_threshold(x):
    return np.where(x > 20, x, np.log1p(np.exp(np.minimum(x, 20))))


def elu_by_exp(x, *, alpha=1.0):
    return np.where(x > 0, x, alpha * (np.exp(np.minimum(x, 0)) - 1))


def relu_kink_outside(x):
    return relu_slope(x, 0) * 2 - relu_slope(x, 1)


wrong("sigmoid by tanh", "sigmoid", elementwise("sigmoid", sigmoid_by_tanh), "far: absolute error in the left tail")
wrong("sigmoid, input clamped", "sigmoid", elementwise("sigmoid", sigmoid_clamped), "far")
wrong("sigmoid overflows", "sigmoid", elementwise("sigmoid", sigmoid_overflowing), "big: NaN from x = 89 in float32")
wrong("gelu, tail zeroed", "gelu", elementwise("gelu", gelu_without_tail), "far: x < -4")
wrong("gelu, tanh form sold as erf", "gelu", elementwise("gelu", gelu_always_tanh), "normal: 1e-4 off")
wrong("softplus, threshold 20", "softplus", elementwise("softplus", softplus_with_threshold), "float64, x > 20")
wrong("elu by exp(x) - 1", "elu", elementwise("elu", elu_by_exp), "small x < 0")
wrong("relu derivative -1 at 0", "relu", elementwise("relu", slope=relu_kink_outside), "ties, zeros")


# Softmax and losses


def log_of_softmax(x, axis):
    return np.log(softmax_of(x, axis))


def minus_logsumexp(x, axis):
    """x - (max + log sum): the sum in brackets is rounded at the size of the maximum."""
    top = np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    return x - (top + np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)))


def softmax_without_maximum(x, axis):
    e = np.exp(x)
    return e / np.sum(e, axis=axis, keepdims=True)


def bce_from_probabilities(z, t):
    p = sigmoid(z)
    return -(t * np.log(p) + (1 - t) * np.log(1 - p))


def mean_over_rows(sum_over, losses):
    return sum_over(losses) / max(len(losses) if losses.ndim else 1, 1)


def no_mean(sum_over, losses):
    return sum_over(losses)


BCE = "binary_cross_entropy_with_logits"
wrong("log_softmax as log(softmax)", "log_softmax", log_softmax(log_of_softmax), "big, far")
wrong("log_softmax as x - (max + log sum)", "log_softmax", log_softmax(minus_logsumexp), "cancel")
wrong("softmax without the maximum", "softmax", softmax(softmax_without_maximum), "big")
wrong(
    "cross_entropy from probabilities",
    "cross_entropy",
    cross_entropy(losses=lambda x, labels: -picked(log_of_softmax(x, 1), labels)),
    "big, far",
)
wrong(
    "cross_entropy as (max + log sum) - target",
    "cross_entropy",
    cross_entropy(losses=lambda x, labels: -picked(minus_logsumexp(x, 1), labels)),
    "cancel",
)
wrong("bce from probabilities", BCE, binary_cross_entropy(losses=bce_from_probabilities), "cancel, big")
wrong("bce averaged over rows", BCE, binary_cross_entropy(mean=mean_over_rows), "mean of a matrix")
wrong("mse_loss, mean is a sum", "mse_loss", mse_loss(mean=no_mean), "mean")
wrong("cross_entropy, mean is a sum", "cross_entropy", cross_entropy(mean=no_mean), "mean")


def gradient_as_sum(functions, operator):
    """The backward pass forgets the mean's 1 / n."""
    pull = functions[operator + "_vjp"]

    def vjp(dy, *inputs, reduction="mean"):
        return pull(dy, *inputs, reduction="sum" if reduction == "mean" else reduction)

    return functions | {operator + "_vjp": vjp}


wrong("mse_loss gradient without 1/n", "mse_loss", gradient_as_sum(mse_loss(), "mse_loss"), "mean")
wrong("cross_entropy gradient without 1/n", "cross_entropy", gradient_as_sum(cross_entropy(), "cross_entropy"), "mean")


# Normalisation


def one_pass(rows):
    count = max(rows.shape[1], 1)
    mean = total(plain)(rows, (1,))[:, None] / count
    return mean, np.maximum(total(plain)(rows * rows, (1,))[:, None] / count - mean * mean, 0)


def eps_outside(rows, mean, var, weight, bias, eps):
    return (rows - mean) / (np.sqrt(var) + eps) * weight + bias


def eps_too_large(rows, mean, var, weight, bias, eps):
    return (rows - mean) / np.sqrt(var + 1.1 * eps) * weight + bias


def gradient_without_mean(g, rows, mean, var, eps, mean_of):
    """The mean's own dependence on x is forgotten."""
    return norm_gradient(g, rows, mean, var, eps, lambda a: 0 * mean_of(a) if a is g else mean_of(a))


for name, build in (("batch_norm", batch_norm), ("layer_norm", layer_norm)):
    wrong(f"{name}, one-pass variance", name, build(moments=one_pass), "cancel")
    wrong(f"{name}, eps outside the root", name, build(normalise=eps_outside), "small, normal")
    wrong(f"{name}, eps 10% too large", name, build(normalise=eps_too_large), "small, sparse, ties")
    wrong(f"{name} gradient without the mean's part", name, build(gradient=gradient_without_mean), "every regime")
wrong("batch_norm evaluation, eps 10% too large", "batch_norm", batch_norm(evaluate=eps_too_large), "small variance")
wrong("batch_norm, biased running variance", "batch_norm", batch_norm(unbiased=False), "training, small batches")
wrong(
    "batch_norm, momentum reversed",
    "batch_norm",
    batch_norm(blend=lambda old, new, momentum: momentum * old + (1 - momentum) * new),
    "training",
)


# Products in coarser arithmetic: forward, or in the gradient of the input or of the weight alone

COARSE = {
    "half": products.half,
    "TF32": products.tf32,
    "truncated TF32": products.tf32_truncated,
    "bfloat16": products.bf16,
    "bfloat16 x 3": products.bf16x3,
    "half accumulator": products.half_accumulator,
}
_WHERE = {"bfloat16 x 3": "float32, sparse; half of the other regimes"}
for label, coarse in COARSE.items():
    where = _WHERE.get(label, "float32, all but small integers")
    for part, arguments in (
        ("", (coarse, plain, plain)),
        (" in the input gradient", (plain, coarse, plain)),
        (" in the weight gradient", (plain, plain, coarse)),
    ):
        suffix = "" if label == "half accumulator" else " products"
        wrong(f"linear, {label}{suffix}{part}", "linear", linear(*arguments), where)
        wrong(f"conv2d, {label}{suffix}{part}", "conv2d", conv(2, engine=Convolution(*arguments)), where)


# float32 inside float64


def inside(functions, dtype, outer):
    def narrowed(function):
        def narrow_inside(*arrays, **attributes):
            if not any(a is not None and not isinstance(a, tuple) and a.dtype == outer for a in arrays):
                return function(*arrays, **attributes)
            return cast(function(*cast(arrays, dtype), **attributes), outer)

        return narrow_inside

    return {name: narrowed(f) for name, f in functions.items()}


_ORDINARY = operators()
_NARROW = inside(_ORDINARY, np.float32, np.float64)
for name in (
    "sigmoid",
    "gelu",
    "softmax",
    "log_softmax",
    "mse_loss",
    "cross_entropy",
    BCE,
    "neuron",
    "linear",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose2d",
    "avg_pool2d",
    "batch_norm",
    "layer_norm",
    "tied_autoencoder",
    "residual_block",
    "residual_basic_block",
    "rnn",
    "lstm",
    "gru",
    "sgd",
    "adam",
):
    wrong(f"{name}, float32 inside float64", name, _NARROW, "float64")
    if name + "_vjp" in _NARROW:
        vjp = name + "_vjp"
        wrong(f"{name} gradient, float32 inside float64", name, _ORDINARY | {vjp: _NARROW[vjp]}, "float64, gradient")


# Gradients slightly off


def scaled(operator, which, factor=1.001):
    """One entry of the gradient multiplied by a factor."""
    pull = _ORDINARY[operator + "_vjp"]

    def vjp(*arrays, **attributes):
        gradients = list(pull(*arrays, **attributes))
        if gradients[which] is not None:
            gradients[which] = gradients[which] * gradients[which].dtype.type(factor)
        return tuple(gradients)

    return _ORDINARY | {operator + "_vjp": vjp}


for name, which, entry in (
    ("sigmoid", 0, "x"),
    ("tanh", 0, "x"),
    ("gelu", 0, "x"),
    ("softmax", 0, "x"),
    ("log_softmax", 0, "x"),
    ("mse_loss", 0, "prediction"),
    ("cross_entropy", 0, "logits"),
    ("neuron", 1, "weight"),
    ("linear", 1, "weight"),
    ("conv1d", 0, "x"),
    ("conv2d", 1, "weight"),
    ("conv3d", 1, "weight"),
    ("conv_transpose2d", 1, "weight"),
    ("max_pool2d", 0, "x"),
    ("avg_pool2d", 0, "x"),
    ("batch_norm", 0, "x"),
    ("layer_norm", 1, "weight"),
    ("tied_autoencoder", 1, "weight"),
    ("residual_block", 3, "w2"),
    ("rnn", 1, "h0"),
    ("lstm", 4, "weight_hh"),
    ("gru", 2, "weight_ih"),
):
    wrong(f"{name}, gradient of {entry} times 1.001", name, scaled(name, which), "gradient")


# Structure: convolution and pooling


class IgnoresDilation(Convolution):
    def forward(self, x, weight, bias, stride, padding, dilation, groups):
        return super().forward(x, weight, bias, stride, padding, (1, 1), groups)


class InterleavedGroups(Convolution):
    """Channel c is given to group c mod groups, where blocks of neighbouring channels are meant."""

    def forward(self, x, weight, bias, stride, padding, dilation, groups):
        n, c, *size = x.shape
        mixed = np.swapaxes(x.reshape(n, c // groups, groups, *size), 1, 2).reshape(x.shape)
        return super().forward(mixed, weight, bias, stride, padding, dilation, groups)


class FlippedKernel(Convolution):
    def forward(self, x, weight, *rest):
        return super().forward(x, weight[:, :, ::-1, ::-1], *rest)


class WithoutBias(Convolution):
    def forward(self, x, weight, bias, *rest):
        return super().forward(x, weight, None, *rest)


class GradientIgnoresStride(Convolution):
    def input_gradient(self, dy, weight, size, stride, padding, dilation, groups):
        return super().input_gradient(dy, weight, size, (1, 1), padding, dilation, groups)


class SwappedAxes(Convolution):
    """The stride of the rows is used for the columns, and the other way round."""

    def forward(self, x, weight, bias, stride, *rest):
        return super().forward(x, weight, bias, stride[::-1], *rest)


for label, engine, where in (
    ("ignores dilation", IgnoresDilation(), "dilation > 1"),
    ("channels interleaved among groups", InterleavedGroups(), "groups > 1, 2 channels and more in each"),
    ("kernel flipped", FlippedKernel(), "every kernel but 1x1"),
    ("bias dropped", WithoutBias(), "bias"),
    ("stride's axes swapped", SwappedAxes(), "stride differs by axis"),
    ("input gradient ignores the stride", GradientIgnoresStride(), "stride > 1, gradient"),
):
    wrong(f"conv2d, {label}", "conv2d", conv(2, engine=engine), where)


def every_maximum(cells):
    return (cells == np.max(cells, axis=2, keepdims=True)).astype(cells.dtype)


def wrong_divisor(flag):
    """The divisor of the other flag, where count_include_pad is `flag`."""

    def divisor(*geometry):
        *geometry, count_include_pad = geometry
        return window_sizes(*geometry, count_include_pad != (count_include_pad == flag))

    return divisor


def whole_window(x, kernel, stride, padding, out, after, count_include_pad):
    """Always the kernel's area, also where ceil_mode reaches beyond the padding."""
    if count_include_pad:
        return np.full((1, 1, *out), kernel[0] * kernel[1], x.dtype)
    return window_sizes(x, kernel, stride, padding, out, after, False)


wrong("max_pool2d padded with 0", "max_pool2d", max_pool2d(outside=0), "padding, negative values")
wrong("max_pool2d, every tied maximum gets all", "max_pool2d", max_pool2d(every_maximum), "ties: a law, not the bound")
wrong(
    "avg_pool2d counts no padding", "avg_pool2d", avg_pool2d(divisor=wrong_divisor(True)), "padding, count_include_pad"
)
wrong(
    "avg_pool2d counts padding", "avg_pool2d", avg_pool2d(divisor=wrong_divisor(False)), "padding, no count_include_pad"
)
wrong(
    "avg_pool2d divides by the kernel's area", "avg_pool2d", avg_pool2d(divisor=whole_window), "ceil_mode, last window"
)


# Structure: linear maps, residual units, dropout


def twice(x, weight, bias=None):
    y = _ORDINARY["linear"](x, weight, bias)
    return y if bias is None else y + bias


wrong("linear, bias doubled", "linear", _ORDINARY | {"linear": twice}, "bias")
wrong(
    "linear, bias dropped",
    "linear",
    _ORDINARY | {"linear": lambda x, weight, bias=None: _ORDINARY["linear"](x, weight)},
    "bias",
)
wrong(
    "tied_autoencoder, gradient of the encoder alone",
    "tied_autoencoder",
    tied_autoencoder(uses=("encoder",)),
    "gradient",
)
wrong(
    "tied_autoencoder, gradient of the decoder alone",
    "tied_autoencoder",
    tied_autoencoder(uses=("decoder",)),
    "gradient",
)
_STRAIGHT = residual_block(skip=False)
wrong("residual_block, skip dropped", "residual_block", _STRAIGHT, "every regime")
wrong(
    "residual_block, skip dropped in the gradient",
    "residual_block",
    _ORDINARY | {"residual_block_vjp": _STRAIGHT["residual_block_vjp"]},
    "gradient",
)


def _kept_more(shape, p, seed):
    return np.random.default_rng(int(seed)).random(shape) >= 0.99 * p


def _kept_by_next_seed(shape, p, seed):
    return np.random.default_rng(int(seed) + 1).random(shape) >= p


def _kept_whatever_the_seed(shape, p, seed):
    return np.random.default_rng(0).random(shape) >= p


for name in ("dropout", "channel_dropout"):
    wrong(f"{name} without scaling", name, dropout(name, rescale=lambda x, p: x.copy()), "training")
    wrong(
        f"{name} scaled by 1/p",
        name,
        dropout(name, rescale=lambda x, p: x / p if p else x.copy()),
        "training, p != 1/2",
    )
    wrong(f"{name}, rate 1% too low", name, dropout(name, _kept_more), "statistics")
    wrong(f"{name}, another mask backwards", name, dropout(name, kept_backwards=_kept_by_next_seed), "gradient")
    wrong(f"{name} ignores the seed", name, dropout(name, _kept_whatever_the_seed), "two seeds")
wrong(
    "channel_dropout drops single elements",
    "channel_dropout",
    {"channel_dropout" + suffix: dropout()["dropout" + suffix] for suffix in ("", "_vjp")},
    "training",
)


# Structure: recurrent networks


def first_bias_only(b_ih, b_hh):
    return b_ih, None


def first_bias_twice(b_ih, b_hh):
    return b_ih, b_ih


for name, build in (("rnn", rnn), ("lstm", lstm), ("gru", gru)):
    wrong(f"{name}, recurrent bias dropped", name, build(biases=first_bias_only), "every regime but zeros")
    wrong(f"{name}, input bias doubled", name, build(biases=first_bias_twice), "every regime but zeros")
    wrong(f"{name}, reverse direction from T", name, build(own_end=False), "bidirectional with lengths")
for order in ("figo", "iofg", "igfo"):
    wrong(f"lstm, gates in the order {order}", "lstm", lstm(order=order), "every regime but zeros")
wrong("gru, update gate reversed", "gru", gru(blend=lambda n, z, h: z * n + (1 - z) * h), "every regime")


def _half_state(functions, operator):
    """A result of the forward pass rounded to half on its way out."""
    forward = functions[operator]

    def rounded(*arrays, **attributes):
        y, *finals = forward(*arrays, **attributes)
        return (y.astype(np.float16).astype(y.dtype), *finals)

    return functions | {operator: rounded}


wrong("lstm, output through half", "lstm", _half_state(lstm(), "lstm"), "every regime")


# Optimizers


def adam_uncorrected(
    parameter,
    gradient,
    first_moment,
    second_moment,
    *,
    step,
    lr=1e-3,
    beta1=0.9,
    beta2=0.999,
    eps=1e-8,
    weight_decay=0.0,
):
    _, m, v = adam(
        parameter,
        gradient,
        first_moment,
        second_moment,
        step=step,
        lr=lr,
        beta1=beta1,
        beta2=beta2,
        eps=eps,
        weight_decay=weight_decay,
    )
    return parameter - lr * m / (np.sqrt(v) + eps), m, v


def adam_eps_inside(
    parameter,
    gradient,
    first_moment,
    second_moment,
    *,
    step,
    lr=1e-3,
    beta1=0.9,
    beta2=0.999,
    eps=1e-8,
    weight_decay=0.0,
):
    _, m, v = adam(
        parameter,
        gradient,
        first_moment,
        second_moment,
        step=step,
        lr=lr,
        beta1=beta1,
        beta2=beta2,
        eps=eps,
        weight_decay=weight_decay,
    )
    return parameter - lr * (m / (1 - beta1**step)) / np.sqrt(v / (1 - beta2**step) + eps), m, v


def adam_step_from_zero(*arrays, step, **attributes):
    return adam(*arrays, step=max(step - 1, 1), **attributes)


def adam_constants_in_float32(
    parameter,
    gradient,
    first_moment,
    second_moment,
    *,
    step,
    lr=1e-3,
    beta1=0.9,
    beta2=0.999,
    eps=1e-8,
    weight_decay=0.0,
):
    """1 - 0.999 formed in float32 is 4e-5 off."""
    b1, b2, one = np.float32(beta1), np.float32(beta2), np.float32(1)
    g = gradient + weight_decay * parameter
    m = float(b1) * first_moment + float(one - b1) * g
    v = float(b2) * second_moment + float(one - b2) * (g * g)
    change = lr * (m / float(one - b1**step)) / (np.sqrt(v / float(one - b2**step)) + eps)
    return parameter - change, m, v


def adam_decoupled_decay(parameter, gradient, first_moment, second_moment, *, lr=1e-3, weight_decay=0.0, **rest):
    p, m, v = adam(parameter, gradient, first_moment, second_moment, lr=lr, **rest)
    return p - lr * weight_decay * parameter, m, v


def sgd_nesterov_old_velocity(
    parameter, gradient, velocity, *, lr, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False
):
    p, v = sgd(parameter, gradient, velocity, lr=lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay)
    g = gradient + weight_decay * parameter
    return (parameter - lr * (g + momentum * velocity) if nesterov else p), v


def sgd_damped_first_step(parameter, gradient, velocity, *, dampening=0.0, momentum=0.0, **rest):
    """Dampening applied also where momentum is 0."""
    if momentum == 0 and dampening:
        g = gradient * (1 - dampening)
        return sgd(parameter, g, velocity, momentum=0.0, **rest)
    return sgd(parameter, gradient, velocity, dampening=dampening, momentum=momentum, **rest)


def sgd_sharing_the_gradient(
    parameter, gradient, velocity, *, lr, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False
):
    """Plain SGD hands the gradient itself back as velocity."""
    p, v = sgd(
        parameter,
        gradient,
        velocity,
        lr=lr,
        momentum=momentum,
        dampening=dampening,
        weight_decay=weight_decay,
        nesterov=nesterov,
    )
    return p, gradient if momentum == 0 and weight_decay == 0 else v


for label, function, where in (
    ("without bias correction", adam_uncorrected, "small steps"),
    ("eps inside the root", adam_eps_inside, "small moments"),
    ("step counted from 0", adam_step_from_zero, "step > 1"),
    ("constants in float32", adam_constants_in_float32, "every regime"),
    ("decoupled weight decay", adam_decoupled_decay, "weight_decay"),
):
    wrong(f"adam, {label}", "adam", {"adam": function}, where)
for label, function, where in (
    ("nesterov with the old velocity", sgd_nesterov_old_velocity, "nesterov"),
    ("dampening without momentum", sgd_damped_first_step, "momentum 0, dampening"),
    ("velocity shares the gradient", sgd_sharing_the_gradient, "aliasing; momentum 0, weight_decay 0"),
):
    wrong(f"sgd, {label}", "sgd", {"sgd": function}, where)


# Broken promises


def linear_cached_by_shape():
    """The packed weight is looked up by its shape: a second weight of that shape meets the first one's copy."""
    packed = {}

    def forward(x, weight, bias=None):
        stored = packed.setdefault((weight.shape, weight.dtype), weight.copy())
        return _ORDINARY["linear"](x, stored, bias)

    return _ORDINARY | {"linear": forward}


def tanh_in_one_buffer():
    """One output buffer per shape and dtype: a later call overwrites an earlier result."""
    buffers = {}

    def forward(x):
        out = buffers.setdefault((x.shape, x.dtype), np.empty(x.shape, x.dtype))
        return np.tanh(x, out=out)

    return _ORDINARY | {"tanh": forward}


def relu_in_place(x):
    if x.flags.writeable:
        return np.maximum(x, 0, out=x).copy()
    return np.maximum(x, 0)


def relu_view(x):
    return np.maximum(x, 0) if np.any(~(x >= 0)) else x[...]


def layer_norm_scaling_its_cotangent(dy, x, weight, bias, *, eps=1e-5):
    result = _ORDINARY["layer_norm_vjp"](dy, x, weight, bias, eps=eps)
    if dy.flags.writeable:
        dy *= weight
    return result


def by_memory_order(x, weight, bias=None):
    """Reads the buffer as if it were contiguous."""
    if x.size and not x.flags.c_contiguous and min(x.strides) > 0:
        x = np.lib.stride_tricks.as_strided(x, strides=np.empty(x.shape, x.dtype).strides)
    return _ORDINARY["linear"](x, weight, bias)


wrong("linear, weights cached by shape", "linear", linear_cached_by_shape(), "state")
wrong("tanh, results in one buffer", "tanh", tanh_in_one_buffer(), "state: an earlier result changes")
wrong("relu mutates its input", "relu", elementwise("relu", relu_in_place), "writable inputs")
wrong("relu returns a view of its input", "relu", elementwise("relu", relu_view), "aliasing; no negative elements")
wrong(
    "layer_norm gradient mutates the cotangent",
    "layer_norm",
    _ORDINARY | {"layer_norm_vjp": layer_norm_scaling_its_cotangent},
    "writable cotangents",
)
wrong("sigmoid returns a list", "sigmoid", elementwise("sigmoid", lambda x: sigmoid(x).tolist()), "type of the result")
wrong(
    "softplus returns float64", "softplus", elementwise("softplus", lambda x: softplus(x).astype(np.float64)), "float32"
)
wrong("linear reads strided inputs as contiguous", "linear", _ORDINARY | {"linear": by_memory_order}, "layout")


# NaN, empty batches, illegal arguments


def relu_hiding_nan(x):
    return np.where(x > 0, x, x.dtype.type(0))


def failing_on_empty(x, weight, bias=None):
    if x.shape[0] == 0:
        raise ZeroDivisionError("empty batch")
    return _ORDINARY["linear"](x, weight, bias)


wrong("relu hides NaN", "relu", elementwise("relu", relu_hiding_nan), "special")
wrong("linear fails on an empty batch", "linear", _ORDINARY | {"linear": failing_on_empty}, "batch of 0")
# These two stand outside the guard.
WRONG["dropout accepts any p"] = "dropout", dropout(), "illegal arguments"
WRONG["avg_pool2d accepts any padding"] = "avg_pool2d", avg_pool2d(), "illegal arguments"
