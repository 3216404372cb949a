"""Every operator of the contract as plain functions, built from parts that a variant may replace.

Each builder returns {NAME: function, NAME_vjp: function}; its defaults are an ordinary correct implementation,
its parameters are the product (see products.py) and whatever else the variants vary.
"""

from itertools import product as grid
from math import pi, prod, sqrt

import numpy as np
from scipy.special import erf

from .legal import per_axis
from .products import plain, total


def _zeros_if_none(dy, like):
    return np.zeros(like.shape, like.dtype) if dy is None else dy


# Elementwise


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def sigmoid_slope(x):
    s = sigmoid(x)
    return s * (1 - s)


def relu_slope(x, at_zero=0.0):
    return np.heaviside(x, x.dtype.type(at_zero))


def leaky_relu(x, *, negative_slope=0.01):
    return np.where(x > 0, x, negative_slope * x)


def leaky_relu_slope(x, *, negative_slope=0.01):
    return np.where(x > 0, x.dtype.type(1), x.dtype.type(negative_slope))


def elu(x, *, alpha=1.0):
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def elu_slope(x, *, alpha=1.0):
    return np.where(x > 0, 1, alpha * np.exp(np.minimum(x, 0)))


def _tanh_of_gelu(x):
    return np.tanh(sqrt(2 / pi) * (x + 0.044715 * x * x * x))


def gelu(x, *, approximate="none"):
    bend = erf(x / sqrt(2)) if approximate == "none" else _tanh_of_gelu(x)
    return 0.5 * x * (1 + bend)


def gelu_slope(x, *, approximate="none"):
    if approximate == "none":
        return 0.5 * (1 + erf(x / sqrt(2))) + x * np.exp(-0.5 * x * x) / sqrt(2 * pi)
    x = np.clip(x, -20, 20)  # saturated there, and x * x cannot overflow
    t = _tanh_of_gelu(x)
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * (sqrt(2 / pi) * (1 + 3 * 0.044715 * x * x))


def silu(x):
    return x * sigmoid(x)


def silu_slope(x):
    s = sigmoid(x)
    return s * (1 + x * (1 - s))


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


ELEMENTWISE = {
    "identity": (lambda x: x, np.ones_like),
    "sigmoid": (sigmoid, sigmoid_slope),
    "tanh": (np.tanh, lambda x: 1 - np.tanh(x) * np.tanh(x)),
    "relu": (lambda x: np.maximum(x, 0), relu_slope),
    "leaky_relu": (leaky_relu, leaky_relu_slope),
    "elu": (elu, elu_slope),
    "gelu": (gelu, gelu_slope),
    "silu": (silu, silu_slope),
    "softplus": (softplus, sigmoid),
}


def elementwise(name, value=None, slope=None):
    value, slope = value or ELEMENTWISE[name][0], slope or ELEMENTWISE[name][1]

    def forward(x, **attributes):
        return value(x, **attributes)

    def vjp(dy, x, **attributes):
        return (dy * slope(x, **attributes),)

    return {name: forward, name + "_vjp": vjp}


# Along an axis


def log_softmax_of(x, axis):
    shifted = x - np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


def softmax_of(x, axis):
    e = np.exp(x - np.max(x, axis=axis, keepdims=True, initial=-np.inf))
    return e / np.sum(e, axis=axis, keepdims=True)


def _softmax_gradient(dy, y, axis):
    return y * (dy - np.sum(y * dy, axis=axis, keepdims=True))


def softmax(value=softmax_of, gradient=_softmax_gradient):
    def forward(x, *, axis=-1):
        return value(x, axis)

    def vjp(dy, x, *, axis=-1):
        return (gradient(dy, softmax_of(x, axis), axis),)

    return {"softmax": forward, "softmax_vjp": vjp}


def log_softmax(value=log_softmax_of, probabilities=softmax_of):
    def forward(x, *, axis=-1):
        return value(x, axis)

    def vjp(dy, x, *, axis=-1):
        return (dy - probabilities(x, axis) * np.sum(dy, axis=axis, keepdims=True),)

    return {"log_softmax": forward, "log_softmax_vjp": vjp}


# Losses


def _mean(sum_over, losses):
    return sum_over(losses) / max(losses.size, 1)


def mean_by_reciprocal(sum_over, losses):
    return sum_over(losses) * losses.dtype.type(1 / max(losses.size, 1))


def _reduce(losses, reduction, product, mean):
    if reduction == "none":
        return losses
    return total(product)(losses) if reduction == "sum" else mean(total(product), losses)


def _spread(dy, size, reduction):
    return dy / max(size, 1) if reduction == "mean" else dy


def mse_loss(product=plain, mean=_mean):
    def forward(prediction, target, *, reduction="mean"):
        d = prediction - target
        return _reduce(d * d, reduction, product, mean)

    def vjp(dy, prediction, target, *, reduction="mean"):
        g = 2 * (prediction - target) * _spread(dy, prediction.size, reduction)
        return g, -g

    return {"mse_loss": forward, "mse_loss_vjp": vjp}


def picked(logits, labels):
    return logits[np.arange(len(labels)), labels]


def _nll(logits, labels):
    return -picked(log_softmax_of(logits, 1), labels)


def cross_entropy(product=plain, mean=_mean, losses=_nll, probabilities=softmax_of):
    def forward(logits, labels, *, reduction="mean"):
        return _reduce(losses(logits, labels), reduction, product, mean)

    def vjp(dy, logits, labels, *, reduction="mean"):
        hit = np.arange(logits.shape[1]) == labels[:, None]
        g = np.expand_dims(_spread(dy, len(labels), reduction), -1)
        return (probabilities(logits, 1) - hit) * g, None

    return {"cross_entropy": forward, "cross_entropy_vjp": vjp}


def log_sigmoid(z):
    return np.minimum(z, 0) - np.log1p(np.exp(-np.abs(z)))


def _bce_by_torch(z, t):
    return (1 - t) * z - log_sigmoid(z)


def binary_cross_entropy(
    product=plain, mean=_mean, losses=_bce_by_torch, dz=lambda z, t: sigmoid(z) - t, dt=lambda z: -z
):
    def forward(logits, targets, *, reduction="mean"):
        return _reduce(losses(logits, targets), reduction, product, mean)

    def vjp(dy, logits, targets, *, reduction="mean"):
        g = _spread(dy, logits.size, reduction)
        return dz(logits, targets) * g, dt(logits) * g

    return {"binary_cross_entropy_with_logits": forward, "binary_cross_entropy_with_logits_vjp": vjp}


# Linear maps


def linear(product=plain, to_input=None, to_weight=None):
    """The gradients' products may differ from the forward one: a library chooses a kernel for each."""
    to_input, to_weight = to_input or product, to_weight or product

    def forward(x, weight, bias=None):
        out, width = weight.shape
        rows = x.reshape(prod(x.shape[:-1]), width)
        return product(rows, weight.T, bias).reshape(x.shape[:-1] + (out,))

    def vjp(dy, x, weight, bias=None):
        out, width = weight.shape
        rows, g = x.reshape(prod(x.shape[:-1]), width), dy.reshape(prod(x.shape[:-1]), out)
        return (
            to_input(g, weight).reshape(x.shape),
            to_weight(g.T, rows),
            None if bias is None else total(product)(g, (0,)),
        )

    return {"linear": forward, "linear_vjp": vjp}


def neuron(product=plain):
    def forward(x, weight, bias, *, activation="sigmoid"):
        return +ELEMENTWISE[activation][0](product(x, weight[:, None], bias)[:, 0])

    def vjp(dy, x, weight, bias, *, activation="sigmoid"):
        dz = dy * ELEMENTWISE[activation][1](product(x, weight[:, None], bias)[:, 0])
        return dz[:, None] * weight, product(dz[None], x)[0], total(product)(dz)

    return {"neuron": forward, "neuron_vjp": vjp}


def tied_autoencoder(product=plain, uses=("encoder", "decoder")):
    def forward(x, weight, bias_hidden, bias_output, *, activation="tanh"):
        h = ELEMENTWISE[activation][0](product(x, weight.T, bias_hidden))
        return product(h, weight, bias_output)

    def vjp(dy, x, weight, bias_hidden, bias_output, *, activation="tanh"):
        value, slope = ELEMENTWISE[activation]
        a = product(x, weight.T, bias_hidden)
        da = product(dy, weight.T) * slope(a)
        parts = {"encoder": product(da.T, x), "decoder": product(value(a).T, dy)}
        return (
            product(da, weight),
            sum(parts[use] for use in uses),
            total(product)(da, (0,)),
            total(product)(dy, (0,)),
        )

    return {"tied_autoencoder": forward, "tied_autoencoder_vjp": vjp}


# Windows: convolution and pooling. A window's cells are listed along one axis, in row-major order.


def slices(kernel, out, stride, dilation):
    for offset in grid(*map(range, kernel)):
        yield (..., *(slice(o * d, o * d + (n - 1) * s + 1, s) for o, n, s, d in zip(offset, out, stride, dilation)))


def windows(x, kernel, out, stride, dilation):
    """(N, C, *size) -> (N, C, cells, *out)"""
    return np.stack([x[cut] for cut in slices(kernel, out, stride, dilation)], axis=2)


def fold(cells, size, kernel, stride, dilation):
    """The adjoint of `windows`."""
    x = np.zeros(cells.shape[:2] + tuple(size), cells.dtype)
    for k, cut in enumerate(slices(kernel, cells.shape[3:], stride, dilation)):
        x[cut] += cells[:, :, k]
    return x


def _padded(x, before, after, value=0):
    edges = [(0, 0), (0, 0), *zip(before, after)]
    return np.pad(x, edges, constant_values=value)


def cropped(x, before, size):
    return np.array(x[(..., *(slice(b, b + n) for b, n in zip(before, size)))])


def conv_size(size, kernel, stride, padding, dilation):
    return tuple(
        (n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in zip(size, kernel, stride, padding, dilation)
    )


class Convolution:
    """y = w * x by a matrix of windows, and its two adjoints; attributes are one int per axis."""

    def __init__(self, product=plain, to_input=None, to_weight=None):
        self.product, self.to_input, self.to_weight = product, to_input or product, to_weight or product

    def columns(self, x, kernel, out, stride, padding, dilation, groups):
        cells = windows(_padded(x, padding, padding), kernel, out, stride, dilation)
        return cells.reshape(len(x), groups, x.shape[1] // groups * prod(kernel), prod(out))

    def matrix(self, weight, groups):
        return weight.reshape(groups, weight.shape[0] // groups, prod(weight.shape[1:]))

    def forward(self, x, weight, bias, stride, padding, dilation, groups):
        out = conv_size(x.shape[2:], weight.shape[2:], stride, padding, dilation)
        columns = self.columns(x, weight.shape[2:], out, stride, padding, dilation, groups)
        start = None if bias is None else bias.reshape(groups, len(bias) // groups, 1)
        return self.product(self.matrix(weight, groups), columns, start).reshape(len(x), len(weight), *out)

    def input_gradient(self, dy, weight, size, stride, padding, dilation, groups):
        kernel, out = weight.shape[2:], dy.shape[2:]
        g = dy.reshape(len(dy), groups, dy.shape[1] // groups, prod(out))
        cells = self.to_input(np.swapaxes(self.matrix(weight, groups), 1, 2), g)
        cells = cells.reshape(len(dy), groups * weight.shape[1], prod(kernel), *out)
        whole = [n + 2 * p for n, p in zip(size, padding)]
        return cropped(fold(cells, whole, kernel, stride, dilation), padding, size)

    def weight_gradient(self, dy, x, kernel, stride, padding, dilation, groups):
        out = dy.shape[2:]
        columns = self.columns(x, kernel, out, stride, padding, dilation, groups)
        per_group, count = dy.shape[1] // groups, len(x) * prod(out)
        g = np.moveaxis(dy.reshape(len(x), groups, per_group, prod(out)), 0, 2).reshape(groups, per_group, count)
        columns = np.moveaxis(columns, 0, 2).reshape(groups, columns.shape[2], count)
        dw = self.to_weight(g, np.swapaxes(columns, 1, 2))
        return dw.reshape(dy.shape[1], x.shape[1] // groups, *kernel)


def conv(axes, product=plain, engine=None):
    engine, sum_over = engine or Convolution(product), total(product)

    def forward(x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1):
        spans = [per_axis(a, axes) for a in (stride, padding, dilation)]
        return engine.forward(x, weight, bias, *spans, groups)

    def vjp(dy, x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1):
        spans = [per_axis(a, axes) for a in (stride, padding, dilation)]
        return (
            engine.input_gradient(dy, weight, x.shape[2:], *spans, groups),
            engine.weight_gradient(dy, x, weight.shape[2:], *spans, groups),
            None if bias is None else sum_over(dy, (0, *range(2, dy.ndim))),
        )

    return {f"conv{axes}d": forward, f"conv{axes}d_vjp": vjp}


def conv_transpose2d(product=plain):
    """A convolution read backwards: its forward is the input gradient, its input gradient the forward."""
    engine, sum_over = Convolution(product), total(product)

    def forward(x, weight, bias=None, *, stride=1, padding=0, output_padding=0, dilation=1, groups=1):
        spans = stride, padding, dilation = [per_axis(a, 2) for a in (stride, padding, dilation)]
        size = [
            (n - 1) * s - 2 * p + d * (k - 1) + e + 1
            for n, s, p, d, k, e in zip(
                x.shape[2:], stride, padding, dilation, weight.shape[2:], per_axis(output_padding, 2)
            )
        ]
        y = engine.input_gradient(x, weight, size, *spans, groups)
        return y if bias is None else y + bias[:, None, None]

    def vjp(dy, x, weight, bias=None, *, stride=1, padding=0, output_padding=0, dilation=1, groups=1):
        spans = [per_axis(a, 2) for a in (stride, padding, dilation)]
        # output_padding may leave room for one more window, which the forward never wrote
        dx = cropped(engine.forward(dy, weight, None, *spans, groups), (0, 0), x.shape[2:])
        dw = engine.weight_gradient(x, dy, weight.shape[2:], *spans, groups)
        return dx, dw, None if bias is None else sum_over(dy, (0, 2, 3))

    return {"conv_transpose2d": forward, "conv_transpose2d_vjp": vjp}


def _pool_geometry(x, kernel_size, stride, padding, dilation, ceil_mode):
    kernel = per_axis(kernel_size, 2)
    stride = kernel if stride is None else per_axis(stride, 2)
    padding, dilation = per_axis(padding, 2), per_axis(dilation, 2)
    out, after = [], []
    for n, k, s, p, d in zip(x.shape[2:], kernel, stride, padding, dilation):
        span = d * (k - 1) + 1
        count = (n + 2 * p - span + (s - 1 if ceil_mode else 0)) // s + 1
        if ceil_mode and (count - 1) * s >= n + p:
            count -= 1
        out.append(count)
        after.append(max(p, (count - 1) * s + span - n - p))
    return kernel, stride, padding, dilation, tuple(out), after


def _first(cells):
    return (np.arange(cells.shape[2])[:, None, None] == np.argmax(cells, 2)[:, :, None]).astype(cells.dtype)


def max_pool2d(share=_first, outside=-np.inf):
    """`share` says how a window's cotangent is divided among its cells."""

    def cut(x, kernel_size, stride, padding, dilation, ceil_mode):
        kernel, stride, padding, dilation, out, after = _pool_geometry(
            x, kernel_size, stride, padding, dilation, ceil_mode
        )
        padded = _padded(x, padding, after, outside)
        return windows(padded, kernel, out, stride, dilation), padded.shape[2:], kernel, stride, dilation, padding

    def forward(x, *, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
        return np.max(cut(x, kernel_size, stride, padding, dilation, ceil_mode)[0], axis=2)

    def vjp(dy, x, *, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
        cells, size, kernel, stride, dilation, padding = cut(x, kernel_size, stride, padding, dilation, ceil_mode)
        weights = share(cells)
        given = np.where(weights > 0, dy[:, :, None] * weights, 0)  # a NaN goes to the winner alone
        return (cropped(fold(given, size, kernel, stride, dilation), padding, x.shape[2:]),)

    return {"max_pool2d": forward, "max_pool2d_vjp": vjp}


def window_sizes(x, kernel, stride, padding, out, after, count_include_pad):
    inside = np.ones((1, 1, *x.shape[2:]), x.dtype)
    counted = _padded(inside, padding, padding, 1 if count_include_pad else 0)
    counted = _padded(counted, (0, 0), [a - p for a, p in zip(after, padding)])
    return np.sum(windows(counted, kernel, out, stride, (1, 1)), axis=2)


def avg_pool2d(product=plain, divisor=window_sizes):
    def forward(x, *, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
        kernel, stride, padding, dilation, out, after = _pool_geometry(x, kernel_size, stride, padding, 1, ceil_mode)
        cells = windows(_padded(x, padding, after), kernel, out, stride, dilation)
        return total(product)(cells, (2,)) / divisor(x, kernel, stride, padding, out, after, count_include_pad)

    def vjp(dy, x, *, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
        kernel, stride, padding, dilation, out, after = _pool_geometry(x, kernel_size, stride, padding, 1, ceil_mode)
        g = dy / divisor(x, kernel, stride, padding, out, after, count_include_pad)
        cells = np.broadcast_to(g[:, :, None], (*g.shape[:2], prod(kernel), *out))
        size = [n + p + a for n, p, a in zip(x.shape[2:], padding, after)]
        return (cropped(fold(cells, size, kernel, stride, dilation), padding, x.shape[2:]),)

    return {"avg_pool2d": forward, "avg_pool2d_vjp": vjp}


# Normalisation: of the rows of a matrix. Moments are columns.


def two_pass(product=plain):
    def moments(rows):
        count = max(rows.shape[1], 1)
        mean = total(product)(rows, (1,))[:, None] / count
        d = rows - mean
        return mean, total(product)(d * d, (1,))[:, None] / count

    return moments


def centred(rows, mean, var, weight, bias, eps):
    return (rows - mean) / np.sqrt(var + eps) * weight + bias


def norm_gradient(g, rows, mean, var, eps, mean_of):
    """g: the cotangent of the normalised value."""
    inv = 1 / np.sqrt(var + eps)
    xhat = (rows - mean) * inv
    return inv * (g - mean_of(g) - xhat * mean_of(g * xhat))


def _means(product):
    return lambda rows: total(product)(rows, (1,))[:, None] / max(rows.shape[1], 1)


def batch_norm(
    product=plain,
    moments=None,
    normalise=centred,
    evaluate=centred,
    gradient=norm_gradient,
    unbiased=True,
    blend=lambda old, new, momentum: (1 - momentum) * old + momentum * new,
):
    moments = moments or two_pass(product)

    def rows_of(x):
        return np.moveaxis(x, 1, 0).reshape(x.shape[1], x.size // max(x.shape[1], 1))

    def back(rows, x):
        swapped = (x.shape[1], x.shape[0], *x.shape[2:])
        return np.ascontiguousarray(np.moveaxis(rows.reshape(swapped), 0, 1))

    def forward(x, weight, bias, running_mean, running_var, *, training, momentum=0.1, eps=1e-5):
        rows, weight, bias = rows_of(x), weight[:, None], bias[:, None]
        if not training:
            y = evaluate(rows, running_mean[:, None], running_var[:, None], weight, bias, eps)
            return back(y, x), running_mean.copy(), running_var.copy()
        if rows.shape[1] == 0:
            return np.zeros_like(x), running_mean.copy(), running_var.copy()
        mean, var = moments(rows)
        count = rows.shape[1]
        spread = var[:, 0] * (count / (count - 1) if unbiased and count > 1 else 1)
        return (
            back(normalise(rows, mean, var, weight, bias, eps), x),
            blend(running_mean, mean[:, 0], momentum),
            blend(running_var, spread, momentum),
        )

    def vjp(cotangents, x, weight, bias, running_mean, running_var, *, training, momentum=0.1, eps=1e-5):
        rows, dy = rows_of(x), rows_of(_zeros_if_none(cotangents[0], x))
        mean, var = moments(rows) if training else (running_mean[:, None], running_var[:, None])
        inv = 1 / np.sqrt(var + eps)
        dweight = total(product)(dy * ((rows - mean) * inv), (1,))
        g = dy * weight[:, None]
        dx = gradient(g, rows, mean, var, eps, _means(product)) if training else g * inv
        return back(dx, x), dweight, total(product)(dy, (1,)), None, None

    return {"batch_norm": forward, "batch_norm_vjp": vjp}


def layer_norm(product=plain, moments=None, normalise=centred, gradient=norm_gradient):
    moments = moments or two_pass(product)

    def rows_of(x):
        return x.reshape(prod(x.shape[:-1]), x.shape[-1])

    def forward(x, weight, bias, *, eps=1e-5):
        return normalise(rows_of(x), *moments(rows_of(x)), weight, bias, eps).reshape(x.shape)

    def vjp(dy, x, weight, bias, *, eps=1e-5):
        rows, dy = rows_of(x), rows_of(dy)
        mean, var = moments(rows)
        xhat = (rows - mean) / np.sqrt(var + eps)
        dx = gradient(dy * weight, rows, mean, var, eps, _means(product))
        return dx.reshape(x.shape), total(product)(dy * xhat, (0,)), total(product)(dy, (0,))

    return {"layer_norm": forward, "layer_norm_vjp": vjp}


# Dropout


def _kept(shape, p, seed):
    return np.random.default_rng(int(seed)).random(shape) >= p


def _rescale(x, p):
    return x / (1 - p)


def dropout(name="dropout", kept=_kept, kept_backwards=None, rescale=_rescale):
    def drop(x, p, training, seed, kept):
        if not training:
            return x.copy()
        if p == 1:
            return np.zeros_like(x)
        shape = x.shape if name == "dropout" else x.shape[:2] + (1,) * (x.ndim - 2)
        return np.where(kept(shape, p, seed), rescale(x, p), x.dtype.type(0))

    def forward(x, *, p, training, seed):
        return drop(x, p, training, seed, kept)

    def vjp(dy, x, *, p, training, seed):
        return (drop(dy, p, training, seed, kept_backwards or kept),)

    return {name: forward, name + "_vjp": vjp}


# Residual units


def residual_block(product=plain, skip=True):
    layer = linear(product)
    apply, pull = layer["linear"], layer["linear_vjp"]

    def forward(x, w1, b1, w2, b2):
        y = apply(np.maximum(apply(x, w1, b1), 0), w2, b2)
        return x + y if skip else y

    def vjp(dy, x, w1, b1, w2, b2):
        a = apply(x, w1, b1)
        dh, dw2, db2 = pull(dy, np.maximum(a, 0), w2, b2)
        dx, dw1, db1 = pull(dh * relu_slope(a), x, w1, b1)
        return dy + dx if skip else dx, dw1, db1, dw2, db2

    return {"residual_block": forward, "residual_block_vjp": vjp}


def residual_basic_block(product=plain):
    engine, norm = Convolution(product), batch_norm(product)

    def normed(x, gamma, beta, eps):
        rest = np.zeros_like(gamma)
        return norm["batch_norm"](x, gamma, beta, rest, rest, training=True, eps=eps)[0]

    def unnormed(dy, x, gamma, beta, eps):
        rest = np.zeros_like(gamma)
        return norm["batch_norm_vjp"]((dy, None, None), x, gamma, beta, rest, rest, training=True, eps=eps)[:3]

    one, second = (1, 1), ((1, 1), (1, 1), (1, 1), 1)

    def first(stride):
        return stride, one, one, 1

    def corner(stride):
        return stride, (0, 0), one, 1

    def trunk(x, w1, gamma1, beta1, w2, stride, eps):
        a = engine.forward(x, w1, None, *first(stride))
        b = normed(a, gamma1, beta1, eps)
        return a, b, engine.forward(np.maximum(b, 0), w2, None, *second)

    def sum_before_relu(x, w_projection, stride, c, gamma2, beta2, eps):
        shortcut = x if w_projection is None else engine.forward(x, w_projection, None, *corner(stride))
        return shortcut + normed(c, gamma2, beta2, eps)

    def forward(x, w1, gamma1, beta1, w2, gamma2, beta2, w_projection=None, *, stride=1, eps=1e-5):
        stride = per_axis(stride, 2)
        _, _, c = trunk(x, w1, gamma1, beta1, w2, stride, eps)
        return np.maximum(sum_before_relu(x, w_projection, stride, c, gamma2, beta2, eps), 0)

    def vjp(dy, x, w1, gamma1, beta1, w2, gamma2, beta2, w_projection=None, *, stride=1, eps=1e-5):
        stride = per_axis(stride, 2)
        a, b, c = trunk(x, w1, gamma1, beta1, w2, stride, eps)
        dy = dy * relu_slope(sum_before_relu(x, w_projection, stride, c, gamma2, beta2, eps))
        dc, dgamma2, dbeta2 = unnormed(dy, c, gamma2, beta2, eps)
        dw2 = engine.weight_gradient(dc, np.maximum(b, 0), (3, 3), *second)
        db = engine.input_gradient(dc, w2, b.shape[2:], *second) * relu_slope(b)
        da, dgamma1, dbeta1 = unnormed(db, a, gamma1, beta1, eps)
        dw1 = engine.weight_gradient(da, x, (3, 3), *first(stride))
        dx = engine.input_gradient(da, w1, x.shape[2:], *first(stride))
        if w_projection is None:
            return dx + dy, dw1, dgamma1, dbeta1, dw2, dgamma2, dbeta2, None
        dx = dx + engine.input_gradient(dy, w_projection, x.shape[2:], *corner(stride))
        dprojection = engine.weight_gradient(dy, x, (1, 1), *corner(stride))
        return dx, dw1, dgamma1, dbeta1, dw2, dgamma2, dbeta2, dprojection

    return {"residual_basic_block": forward, "residual_basic_block_vjp": vjp}


# Recurrent networks. A cell takes the input part of its gates and the old states; it returns the new states and
# what its backward step needs. backward(dh, dc, saved) -> cotangents of both gate parts, of h (direct) and of c.


class Rnn:
    gates, states = 1, 1

    def __init__(self, nonlinearity="tanh"):
        self.relu = nonlinearity == "relu"

    def forward(self, from_input, recur, h, c):
        a = recur(h, from_input)
        h = np.maximum(a, 0) if self.relu else np.tanh(a)
        return h, c, h

    def backward(self, dh, dc, h):
        da = dh * (relu_slope(h) if self.relu else 1 - h * h)
        return da, da, np.zeros_like(dh), dc


class Lstm:
    gates, states = 4, 2

    def __init__(self, order="ifgo"):
        self.order = order

    def split(self, a):
        parts = dict(zip(self.order, np.split(a, 4, axis=1)))
        return sigmoid(parts["i"]), sigmoid(parts["f"]), np.tanh(parts["g"]), sigmoid(parts["o"])

    def forward(self, from_input, recur, h, c):
        i, f, g, o = self.split(recur(h, from_input))
        new = f * c + i * g
        return o * np.tanh(new), new, (i, f, g, o, c, np.tanh(new))

    def backward(self, dh, dc, saved):
        i, f, g, o, c, t = saved
        dc = dc + dh * o * (1 - t * t)
        parts = {
            "i": dc * g * i * (1 - i),
            "f": dc * c * f * (1 - f),
            "g": dc * i * (1 - g * g),
            "o": dh * t * o * (1 - o),
        }
        da = np.concatenate([parts[name] for name in self.order], axis=1)
        return da, da, np.zeros_like(dh), dc * f


def _blend(n, z, h):
    return (1 - z) * n + z * h


class Gru:
    gates, states = 3, 1

    def __init__(self, blend=_blend):
        self.blend = blend

    def forward(self, from_input, recur, h, c):
        inner = recur(h, None)
        xr, xz, xn = np.split(from_input, 3, axis=1)
        hr, hz, hn = np.split(inner, 3, axis=1)
        r, z = sigmoid(xr + hr), sigmoid(xz + hz)
        n = np.tanh(xn + r * hn)
        return self.blend(n, z, h), c, (r, z, n, hn, h)

    def backward(self, dh, dc, saved):
        r, z, n, hn, h = saved
        dn = dh * (1 - z) * (1 - n * n)
        dz = dh * (h - n) * z * (1 - z)
        dr = dn * hn * r * (1 - r)
        return np.concatenate([dr, dz, dn], axis=1), np.concatenate([dr, dz, dn * r], axis=1), dh * z, dc


def _own_end(x, lengths):
    """Each sequence reversed within its own length; its own inverse."""
    t = np.arange(len(x))[:, None]
    return x[np.where(t < lengths, lengths - 1 - t, t), np.arange(x.shape[1])]


def _within(y, lengths):
    return np.where((np.arange(len(y))[:, None] < lengths)[:, :, None], y, y.dtype.type(0))


class Sweeps:
    """All layers and directions of a recurrent operator.

    hoisted: the input products of all steps at once; staged: weight gradients summed over N, then over T;
    own_end False: the reverse direction starts at T, whatever the lengths.
    """

    def __init__(self, product=plain, hoisted=True, staged=False, own_end=True, biases=lambda b_ih, b_hh: (b_ih, b_hh)):
        self.product, self.hoisted, self.staged, self.own_end, self.biases = product, hoisted, staged, own_end, biases

    def turn(self, x, direction, ends):
        return _own_end(x, ends) if direction else x

    def ends(self, direction, lengths, steps):
        return lengths if self.own_end or direction == 0 else np.full_like(lengths, steps)

    def run(self, cell, x, states, weights, layers, directions, lengths):
        lengths = np.full(x.shape[1], len(x)) if lengths is None else np.asarray(lengths)
        finals, tape = [], []
        for layer in range(layers):
            outputs = []
            for d in range(directions):
                k = layer * directions + d
                ends = self.ends(d, lengths, len(x))
                seen = self.turn(x, d, ends)
                y, last, saved = self.sweep(cell, seen, [s[k] for s in states], weights[4 * k : 4 * k + 4], ends)
                outputs.append(_within(self.turn(y, d, ends), lengths))
                finals.append(last)
                tape.append((seen, saved))
            x = np.concatenate(outputs, axis=2)
        return (x, *(np.stack(s) for s in zip(*finals))), tape, lengths

    def sweep(self, cell, x, states, weights, lengths):
        w_ih, w_hh, b_ih, b_hh = weights
        b_ih, b_hh = self.biases(b_ih, b_hh)
        steps, batch, width = x.shape
        if self.hoisted:
            inner = self.product(x.reshape(steps * batch, width), w_ih.T, b_ih).reshape(steps, batch, len(w_ih))
        else:
            inner = [self.product(step, w_ih.T, b_ih) for step in x]

        def recur(h, start):
            a = self.product(h, w_hh.T, start)
            return a if b_hh is None else a + b_hh

        h, c = states[0], states[-1]
        outputs, saved = [], []
        for t in range(steps):
            alive = (t < lengths)[:, None]
            new_h, new_c, memory = cell.forward(inner[t], recur, h, c)
            saved.append((h, memory, alive))
            outputs.append(new_h)
            h, c = np.where(alive, new_h, h), np.where(alive, new_c, c)
        return np.stack(outputs), (h, c)[: cell.states], saved

    def pull(self, cell, cotangents, x, states, weights, layers, directions, lengths):
        results, tape, lengths = self.run(cell, x, states, weights, layers, directions, lengths)
        dy, *dstates = [_zeros_if_none(d, like) for d, like in zip(cotangents, results)]
        hidden = states[0].shape[2]
        dweights, dinitial = [None] * len(weights), [None] * (layers * directions)
        for layer in reversed(range(layers)):
            dx = 0
            for d in range(directions):
                k = layer * directions + d
                ends = self.ends(d, lengths, len(dy))
                g = self.turn(_within(dy[:, :, d * hidden : (d + 1) * hidden], lengths), d, ends)
                dseen, dinitial[k], dweights[4 * k : 4 * k + 4] = self.unsweep(
                    cell, g, [s[k] for s in dstates], *tape[k], weights[4 * k : 4 * k + 4]
                )
                dx = dx + self.turn(dseen, d, ends)
            dy = dx
        return (dy, *(np.stack(s) for s in zip(*dinitial)), *dweights)

    def unsweep(self, cell, dy, dstates, x, saved, weights):
        w_ih, w_hh, b_ih, b_hh = weights
        dh, dc = dstates[0], dstates[-1]
        from_input, from_state = [None] * len(x), [None] * len(x)
        for t in reversed(range(len(x))):
            _, memory, alive = saved[t]
            da_input, da_state, direct, dc_before = cell.backward(dh + dy[t], dc, memory)
            from_input[t], from_state[t] = np.where(alive, da_input, 0), np.where(alive, da_state, 0)
            dh = np.where(alive, direct + self.product(from_state[t], w_hh), dh)
            dc = np.where(alive, dc_before, dc)
        before = [h for h, _, _ in saved]
        dx = np.stack([self.product(a, w_ih) for a in from_input])
        # a bias that the forward leaves out or uses twice keeps the gradient of a single use: forward faults only
        return (
            dx,
            (dh, dc)[: cell.states],
            [
                self.outer(from_input, x),
                self.outer(from_state, before),
                None if b_ih is None else self.column(from_input),
                None if b_hh is None else self.column(from_state),
            ],
        )

    def outer(self, a, x):
        if self.staged:
            return sum(self.product(at.T, xt) for at, xt in zip(a, x))
        return self.product(np.concatenate(a).T, np.concatenate(list(x)))

    def column(self, a):
        sum_over = total(self.product)
        return sum(sum_over(at, (0,)) for at in a) if self.staged else sum_over(np.concatenate(a), (0,))


def recurrent(name, cell, sweeps):
    def directions(bidirectional):
        return 2 if bidirectional else 1

    def forward(x, *rest, num_layers=1, bidirectional=False, lengths=None, **attributes):
        made = cell(**attributes)
        return sweeps.run(
            made, x, rest[: made.states], rest[made.states :], num_layers, directions(bidirectional), lengths
        )[0]

    def vjp(cotangents, x, *rest, num_layers=1, bidirectional=False, lengths=None, **attributes):
        made = cell(**attributes)
        return sweeps.pull(
            made,
            cotangents,
            x,
            rest[: made.states],
            rest[made.states :],
            num_layers,
            directions(bidirectional),
            lengths,
        )

    return {name: forward, name + "_vjp": vjp}


def rnn(product=plain, **how):
    return recurrent("rnn", Rnn, Sweeps(product, **how))


def lstm(product=plain, order="ifgo", **how):
    return recurrent("lstm", lambda: Lstm(order), Sweeps(product, **how))


def gru(product=plain, blend=_blend, **how):
    return recurrent("gru", lambda: Gru(blend), Sweeps(product, **how))


# Optimizers: constants are formed in Python floats, as the contract's formula has them.


def sgd(parameter, gradient, velocity, *, lr, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
    g = gradient + weight_decay * parameter
    v = g if momentum == 0 else momentum * velocity + (1 - dampening) * g
    return parameter - lr * (g + momentum * v if nesterov else v), v


def adam(
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
    change = lr * (m / (1 - beta1**step)) / (np.sqrt(v / (1 - beta2**step)) + eps)
    return parameter - change, m, v


def operators(product=plain):
    """Every operator, with all its sums and products formed by `product`."""
    table = {}
    for name in ELEMENTWISE:
        if name != "identity":
            table |= elementwise(name)
    for build in (
        mse_loss,
        cross_entropy,
        binary_cross_entropy,
        linear,
        neuron,
        tied_autoencoder,
        conv_transpose2d,
        avg_pool2d,
        batch_norm,
        layer_norm,
        residual_block,
        residual_basic_block,
        rnn,
        lstm,
        gru,
    ):
        table |= build(product)
    for axes in (1, 2, 3):
        table |= conv(axes, product)
    return (
        table
        | softmax()
        | log_softmax()
        | max_pool2d()
        | dropout()
        | dropout("channel_dropout")
        | {"sgd": sgd, "adam": adam}
    )
