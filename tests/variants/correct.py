"""CORRECT: {label: {NAME: function, NAME_vjp: function}}: forms that must never be blamed.

Each is as accurate as the contract's formula in the working dtype, by another order of summation, another
algebraic form that maintained frameworks ship, or another choice where the contract leaves one.
"""

from math import pi, prod, sqrt

import numpy as np
from scipy.sparse import csr_array
from scipy.special import erfc

from .legal import guarded
from .plain import (
    Convolution,
    batch_norm,
    binary_cross_entropy,
    conv,
    conv_size,
    cropped,
    cross_entropy,
    dropout,
    elementwise,
    gelu_slope,
    gru,
    layer_norm,
    log_sigmoid,
    log_softmax,
    log_softmax_of,
    lstm,
    max_pool2d,
    mean_by_reciprocal,
    mse_loss,
    operators,
    picked,
    relu_slope,
    rnn,
    sigmoid,
    slices,
    softmax,
    softplus,
)
from .products import backwards, blocked, fused, pairwise, sequential, shuffled, wide


def in_float64(functions):
    """float32 calls computed in float64 and rounded once."""

    def widened(function):
        def wide_inside(*arrays, **attributes):
            narrow = next(a.dtype for a in _leaves(arrays) if a.dtype.kind == "f")
            return cast(function(*cast(arrays, np.float64), **attributes), narrow)

        return wide_inside

    return {name: widened(function) for name, function in functions.items()}


def _leaves(arrays):
    for a in arrays:
        yield from _leaves(a) if isinstance(a, tuple) else () if a is None else (a,)


def cast(a, dtype):
    if isinstance(a, tuple):
        return tuple(cast(each, dtype) for each in a)
    return a if a is None or a.dtype.kind != "f" else a.astype(dtype)


# Activations


def sigmoid_by_exp(x):
    return 1 / (1 + np.exp(-x))


def silu_by_exp(x):
    return x / (1 + np.exp(-x))


def silu_slope_from_value(x):
    s = sigmoid(x)
    return s + x * s * (1 - s)


def gelu_by_erfc(x, *, approximate="none"):
    if approximate == "tanh":
        return 0.5 * x * (1 + np.tanh(sqrt(2 / pi) * x * (1 + 0.044715 * x * x)))
    return 0.5 * x * erfc(-x / sqrt(2))


def gelu_slope_by_erfc(x, *, approximate="none"):
    if approximate == "tanh":
        return gelu_slope(x, approximate="tanh")
    return 0.5 * erfc(-x / sqrt(2)) + x * (np.exp(-x * x / 2) / sqrt(2 * pi))


def softplus_by_logaddexp(x):
    return np.logaddexp(x.dtype.type(0), x)


def softplus_slope_by_exp(x):
    return np.exp(x - softplus(x))


def elu_slope_from_value(x, *, alpha=1.0):
    return np.where(x > 0, 1, alpha * np.expm1(np.minimum(x, 0)) + alpha)


def kinks(at_zero):
    """relu, leaky_relu and elu whose derivative at 0 lies `at_zero` of the way from the left slope to the right one."""

    def between(left, x):
        return np.where(x == 0, left + at_zero * (1 - left), np.where(x > 0, x.dtype.type(1), left)).astype(x.dtype)

    return {
        **elementwise("relu", slope=lambda x: relu_slope(x, at_zero)),
        **elementwise("leaky_relu", slope=lambda x, *, negative_slope=0.01: between(x.dtype.type(negative_slope), x)),
        **elementwise("elu", slope=lambda x, *, alpha=1.0: between(alpha * np.exp(np.minimum(x, 0)), x)),
    }


# Softmax and losses


def softmax_by_reciprocal(x, axis):
    e = np.exp(x - np.max(x, axis=axis, keepdims=True, initial=-np.inf))
    return e * (1 / np.sum(e, axis=axis, keepdims=True))


def softmax_gradient_product_first(dy, y, axis):
    """torch's CUDA kernel: the product y dy is formed once and used twice."""
    g = y * dy
    return g - y * np.sum(g, axis=axis, keepdims=True)


def exp_of_log_softmax(x, axis):
    return np.exp(log_softmax_of(x, axis))


def nll_by_logsumexp(logits, labels):
    """optax's form: both the target and the normaliser are taken after the shift by the maximum."""
    shifted = logits - np.max(logits, axis=1, keepdims=True)
    return np.log(np.sum(np.exp(shifted), axis=1)) - picked(shifted, labels)


def bce_by_max(z, t):
    return np.maximum(z, 0) - z * t + np.log1p(np.exp(-np.abs(z)))


def bce_dz_by_parts(z, t):
    return (1 - t) * sigmoid(z) - t * sigmoid(-z)


def bce_dt_by_logs(z):
    return log_sigmoid(-z) - log_sigmoid(z)


# Normalisation


def welford(rows):
    """One pass, and stable: the mean moves, the spread is corrected as it does."""
    mean = m2 = np.zeros(len(rows), rows.dtype)
    for k in range(rows.shape[1]):
        d = rows[:, k] - mean
        mean = mean + d / (k + 1)
        m2 = m2 + d * (rows[:, k] - mean)
    return mean[:, None], (m2 / max(rows.shape[1], 1))[:, None]


def folded(rows, mean, var, weight, bias, eps):
    """torch's CPU form: one multiply and one add for each element."""
    scale = weight / np.sqrt(var + eps)
    return rows * scale + (bias - mean * scale)


def by_reciprocal(rows, mean, var, weight, bias, eps):
    return (rows - mean) * (1 / np.sqrt(var + eps)) * weight + bias


def layer_norm_gradient_as_torch(g, rows, mean, var, eps, mean_of):
    inv = 1 / np.sqrt(var + eps)
    b = (mean_of(g) * mean - mean_of(g * rows)) * inv * inv * inv
    return inv * g + b * rows + (-b * mean - mean_of(g) * inv)


def batch_norm_gradient_as_torch(g, rows, mean, var, eps, mean_of):
    inv = 1 / np.sqrt(var + eps)
    k = mean_of(g * (rows - mean)) * inv * inv
    return (g - mean_of(g) - (rows - mean) * k) * inv


def lerp(old, new, momentum):
    """old + momentum (new - old) from the nearer end, as torch's lerp."""
    return old + momentum * (new - old) if momentum < 0.5 else new - (new - old) * (1 - momentum)


# Convolution


class ByOffsets(Convolution):
    """One small product for each offset of the kernel, added in place; nothing is unrolled."""

    def offsets(self, weight, out, stride, dilation):
        return zip(slices(weight.shape[2:], out, stride, dilation), np.ndindex(*weight.shape[2:]))

    def grouped(self, x, groups):
        return x.reshape(len(x), groups, x.shape[1] // groups, *x.shape[2:])

    def forward(self, x, weight, bias, stride, padding, dilation, groups):
        out = conv_size(x.shape[2:], weight.shape[2:], stride, padding, dilation)
        edges = [(0, 0), (0, 0), *((p, p) for p in padding)]
        padded = self.grouped(np.pad(x, edges), groups)
        w = self.matrix_by_offset(weight, groups)
        y = np.zeros((len(x), groups, len(weight) // groups, prod(out)), x.dtype)
        if bias is not None:
            y = y + bias.reshape(groups, len(bias) // groups, 1)
        for cut, offset in self.offsets(weight, out, stride, dilation):
            cells = padded[cut].reshape(len(x), groups, weight.shape[1], prod(out))
            y = self.product(w[(..., *offset)], cells, y)
        return y.reshape(len(x), len(weight), *out)

    def matrix_by_offset(self, weight, groups):
        return weight.reshape(groups, len(weight) // groups, *weight.shape[1:])


class ByStuffing(Convolution):
    """The input gradient as a convolution of the cotangent, spread by the stride, with the flipped kernel."""

    def input_gradient(self, dy, weight, size, stride, padding, dilation, groups):
        kernel, axes = weight.shape[2:], len(size)
        margins = [d * (k - 1) for d, k in zip(dilation, kernel)]
        whole = [n + 2 * p for n, p in zip(size, padding)]
        stuffed = np.zeros(dy.shape[:2] + tuple(n + m for n, m in zip(whole, margins)), dy.dtype)
        stuffed[(..., *(slice(m, m + (n - 1) * s + 1, s) for m, n, s in zip(margins, dy.shape[2:], stride)))] = dy
        split = weight.reshape(groups, len(weight) // groups, *weight.shape[1:])
        flipped = np.flip(np.swapaxes(split, 1, 2), range(3, 3 + axes))
        flipped = flipped.reshape(groups * weight.shape[1], len(weight) // groups, *kernel)
        ones, zeros = (1,) * axes, (0,) * axes
        return cropped(self.forward(stuffed, flipped, None, ones, zeros, dilation, groups), padding, size)


class ByToeplitz(Convolution):
    """A sparse matrix from all inputs to all outputs; its transpose is the input gradient."""

    def toeplitz(self, weight, size, stride, padding, dilation, groups):
        kernel = weight.shape[2:]
        out = conv_size(size, kernel, stride, padding, dilation)
        cells = np.arange(prod(size)).reshape(size) + 1
        cells = np.pad(cells, [(p, p) for p in padding])  # 0: padding, which has no column
        rows, columns, values = [], [], []
        for cut, offset in zip(slices(kernel, out, stride, dilation), np.ndindex(*kernel)):
            seen = cells[cut].reshape(prod(out))
            places = np.flatnonzero(seen)
            for o in range(len(weight)):
                first = o // (len(weight) // groups) * weight.shape[1]
                for c in range(weight.shape[1]):
                    rows.append(o * prod(out) + places)
                    columns.append((first + c) * prod(size) + seen[places] - 1)
                    values.append(np.full(len(places), weight[(o, c, *offset)]))
        shape = (len(weight) * prod(out), groups * weight.shape[1] * prod(size))
        entries = np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))
        return csr_array(entries, shape=shape), out

    def forward(self, x, weight, bias, stride, padding, dilation, groups):
        matrix, out = self.toeplitz(weight, x.shape[2:], stride, padding, dilation, groups)
        y = (matrix @ np.ascontiguousarray(x.reshape(len(x), prod(x.shape[1:])).T)).T
        y = y.reshape(len(x), len(weight), *out)
        return np.array(y) if bias is None else y + bias.reshape(len(bias), *(1,) * len(out))

    def input_gradient(self, dy, weight, size, stride, padding, dilation, groups):
        matrix, _ = self.toeplitz(weight, size, stride, padding, dilation, groups)
        dx = (csr_array(matrix.T) @ np.ascontiguousarray(dy.reshape(len(dy), prod(dy.shape[1:])).T)).T
        return np.array(dx.reshape(len(dy), groups * weight.shape[1], *size))


# Pooling


def last_maximum(cells):
    count = cells.shape[2]
    winner = count - 1 - np.argmax(cells[:, :, ::-1], axis=2)
    return (np.arange(count)[:, None, None] == winner[:, :, None]).astype(cells.dtype)


def split_equally(cells):
    tied = (cells == np.max(cells, axis=2, keepdims=True)).astype(cells.dtype)
    return tied / np.maximum(np.sum(tied, axis=2, keepdims=True), 1)


# Optimizers


def sgd_fused(parameter, gradient, velocity, *, lr, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
    """Each scaled sum a fused multiply-add, as torch's add_(g, alpha=...) compiles to."""

    def scaled_sum(a, factor, b):
        factor = a.dtype.type(factor)
        return wide(np.full((1, 1), factor), b.reshape(1, b.size), a.reshape(1, a.size)).reshape(a.shape)

    g = scaled_sum(gradient, weight_decay, parameter)
    v = g if momentum == 0 else scaled_sum(momentum * velocity, 1 - dampening, g)
    step = scaled_sum(g, momentum, v) if nesterov else v
    return scaled_sum(parameter, -lr, step), v


def sgd_without_zero_terms(
    parameter, gradient, velocity, *, lr, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False
):
    g = gradient + weight_decay * parameter if weight_decay else gradient.copy()
    v = momentum * velocity + (1 - dampening) * g if momentum else g
    return parameter - (g + v * momentum if nesterov else v) * lr, v


def adam_folded(
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
    """torch's form: both bias corrections leave the arrays."""
    g = gradient + weight_decay * parameter if weight_decay else gradient
    m = lerp(first_moment, g, 1 - beta1)
    v = beta2 * second_moment + (1 - beta2) * g * g
    denominator = np.sqrt(v) / sqrt(1 - beta2**step) + eps
    return parameter - (lr / (1 - beta1**step)) * (m / denominator), m, v


def adam_corrected_moments(
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
    g = gradient + weight_decay * parameter
    m = beta1 * first_moment + (1 - beta1) * g
    v = beta2 * second_moment + (1 - beta2) * (g * g)
    m_hat, v_hat = m * (1 / (1 - beta1**step)), v * (1 / (1 - beta2**step))
    return parameter - lr * (m_hat * (1 / (np.sqrt(v_hat) + eps))), m, v


def _convolutions(engine):
    return conv(1, engine=engine) | conv(2, engine=engine) | conv(3, engine=engine)


_TABLE = {
    "ordinary": operators(),
    "float64 inside, rounded once": in_float64(operators()),
    "sequential sums from the bias": operators(sequential),
    "sums backwards": operators(backwards),
    "sums shuffled": operators(shuffled),
    "sums in blocks": operators(blocked),
    "sums in pairs": operators(pairwise),
    "fused multiply-add": operators(fused),
    "wide accumulator": operators(wide),
    "mean by the reciprocal of the count": (
        mse_loss(mean=mean_by_reciprocal)
        | cross_entropy(mean=mean_by_reciprocal)
        | binary_cross_entropy(mean=mean_by_reciprocal)
    ),
    "sigmoid and silu by one exp": (
        elementwise("sigmoid", sigmoid_by_exp, lambda x: sigmoid(x) * sigmoid(-x))
        | elementwise("silu", silu_by_exp, silu_slope_from_value)
    ),
    "gelu by erfc": elementwise("gelu", gelu_by_erfc, gelu_slope_by_erfc),
    "softplus by logaddexp": elementwise("softplus", softplus_by_logaddexp, softplus_slope_by_exp),
    "elu gradient from the value": elementwise("elu", slope=elu_slope_from_value),
    "derivative at the kink: left": kinks(0.0),
    "derivative at the kink: middle": kinks(0.5),
    "derivative at the kink: right": kinks(1.0),
    "softmax by one reciprocal": softmax(softmax_by_reciprocal),
    "softmax gradient, product first": softmax(gradient=softmax_gradient_product_first),
    "probabilities as exp of log_softmax": (
        log_softmax(probabilities=exp_of_log_softmax) | cross_entropy(probabilities=exp_of_log_softmax)
    ),
    "cross entropy by shifted logsumexp": cross_entropy(losses=nll_by_logsumexp),
    "bce by max": binary_cross_entropy(losses=bce_by_max),
    "bce gradients by autodiff of the form": binary_cross_entropy(dz=bce_dz_by_parts, dt=bce_dt_by_logs),
    "normalisation by Welford": batch_norm(moments=welford) | layer_norm(moments=welford),
    "normalisation by reciprocal": (
        batch_norm(normalise=by_reciprocal, evaluate=by_reciprocal) | layer_norm(normalise=by_reciprocal)
    ),
    "batch_norm folded": batch_norm(normalise=folded, evaluate=folded),
    "normalisation gradients as torch's": (
        batch_norm(gradient=batch_norm_gradient_as_torch) | layer_norm(gradient=layer_norm_gradient_as_torch)
    ),
    "running statistics by lerp": batch_norm(blend=lerp),
    "convolution by offsets": _convolutions(ByOffsets()),
    "convolution by offsets, fused": _convolutions(ByOffsets(fused)),
    "convolution gradient by the flipped kernel": _convolutions(ByStuffing()),
    "convolution by a Toeplitz matrix": _convolutions(ByToeplitz()),
    "max_pool2d ties to the last": max_pool2d(last_maximum),
    "max_pool2d ties shared": max_pool2d(split_equally),
    "dropout by a factor": (
        dropout(rescale=lambda x, p: x * (1 / (1 - p)))
        | dropout("channel_dropout", rescale=lambda x, p: x * (1 / (1 - p)))
    ),
    "recurrent, step by step": rnn(hoisted=False) | lstm(hoisted=False) | gru(hoisted=False),
    "recurrent, gradients over N, then T": rnn(staged=True) | lstm(staged=True) | gru(staged=True),
    "recurrent, step by step from the bias, staged": (
        rnn(sequential, hoisted=False, staged=True)
        | lstm(sequential, hoisted=False, staged=True)
        | gru(sequential, hoisted=False, staged=True)
    ),
    "gru as n + z (h - n)": gru(blend=lambda n, z, h: n + z * (h - n)),
    "optimizers, fused": {"sgd": sgd_fused, "adam": adam_folded},
    "optimizers, other order": {"sgd": sgd_without_zero_terms, "adam": adam_corrected_moments},
}
CORRECT = {label: guarded(functions) for label, functions in _TABLE.items()}
