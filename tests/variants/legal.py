"""What the contract forbids, checked in one place: a variant is caught for its fault, not for bad manners."""

from functools import wraps
from itertools import product as grid

import numpy as np

ELEMENTWISE = ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu", "silu", "softplus")


def need(holds, message):
    if not holds:
        raise ValueError(message)


def per_axis(value, axes):
    """An attribute given once, or once for each spatial axis."""
    values = (value,) * axes if np.ndim(value) == 0 else tuple(value)
    need(len(values) == axes, f"expected one int or {axes}, got {value!r}")
    return tuple(int(v) for v in values)


def guarded(functions):
    """The same functions, behind the contract's checks and with floating-point warnings off."""
    return {name: _guard(name, function) for name, function in functions.items()}


def _guard(name, function):
    skip = 1 if name.endswith("_vjp") else 0
    check = CHECKS[name.removesuffix("_vjp")]

    @wraps(function)
    def conforming(*arrays, **attributes):
        check(*arrays[skip:], **attributes)
        with np.errstate(all="ignore"):
            return function(*arrays, **attributes)

    return conforming


def _anything(x):
    pass


def _leaky_relu(x, *, negative_slope=0.01):
    pass


def _elu(x, *, alpha=1.0):
    pass


def _gelu(x, *, approximate="none"):
    need(approximate in ("none", "tanh"), f"approximate: {approximate!r}")


def _along_axis(x, *, axis=-1):
    need(-x.ndim <= axis < x.ndim, f"axis {axis} of {x.ndim}")


def _reduction(reduction):
    need(reduction in ("none", "sum", "mean"), f"reduction: {reduction!r}")


def _pairs(a, b, *, reduction="mean"):
    need(a.shape == b.shape, f"shapes {a.shape} and {b.shape}")
    _reduction(reduction)


def _cross_entropy(logits, labels, *, reduction="mean"):
    need(logits.ndim == 2 and labels.shape == logits.shape[:1], f"shapes {logits.shape} and {labels.shape}")
    need(labels.dtype.kind in "iu", f"labels of {labels.dtype}")
    need(np.all((labels >= 0) & (labels < logits.shape[1])), "label outside 0..C-1")
    _reduction(reduction)


def _neuron(x, weight, bias, *, activation="sigmoid"):
    need(x.ndim == 2 and weight.shape == x.shape[1:] and bias.shape == (), "shapes")
    need(activation in ("identity", *ELEMENTWISE), f"activation: {activation!r}")


def _linear(x, weight, bias=None):
    need(x.ndim >= 1 and weight.ndim == 2 and weight.shape[1] == x.shape[-1], f"{x.shape} and {weight.shape}")
    need(bias is None or bias.shape == weight.shape[:1], "bias")


def _spans(stride, padding, dilation, axes):
    stride, padding, dilation = (per_axis(a, axes) for a in (stride, padding, dilation))
    need(min(stride) >= 1 and min(dilation) >= 1 and min(padding) >= 0, "stride, dilation or padding")
    return stride, padding, dilation


def _conv(axes):
    def check(x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1):
        need(x.ndim == weight.ndim == axes + 2, f"{x.shape} and {weight.shape}")
        need(groups >= 1 and x.shape[1] % groups == 0 and weight.shape[0] % groups == 0, f"groups {groups}")
        need(weight.shape[1] * groups == x.shape[1], f"{x.shape} and {weight.shape}, groups {groups}")
        need(bias is None or bias.shape == weight.shape[:1], "bias")
        _, padding, dilation = _spans(stride, padding, dilation, axes)
        need(
            all(n + 2 * p > d * (k - 1) for n, k, p, d in zip(x.shape[2:], weight.shape[2:], padding, dilation)),
            "kernel larger than padded input",
        )

    return check


def _conv_transpose2d(x, weight, bias=None, *, stride=1, padding=0, output_padding=0, dilation=1, groups=1):
    need(x.ndim == weight.ndim == 4 and weight.shape[0] == x.shape[1], f"{x.shape} and {weight.shape}")
    need(groups >= 1 and x.shape[1] % groups == 0, f"groups {groups}")
    need(bias is None or bias.shape == (weight.shape[1] * groups,), "bias")
    stride, padding, dilation = _spans(stride, padding, dilation, 2)
    extra = per_axis(output_padding, 2)
    need(all(0 <= e < max(s, d) for e, s, d in zip(extra, stride, dilation)), "output_padding")
    need(
        all(
            (n - 1) * s - 2 * p + d * (k - 1) + e + 1 > 0
            for n, s, p, d, k, e in zip(x.shape[2:], stride, padding, dilation, weight.shape[2:], extra)
        ),
        "empty output",
    )


def _pool(x, kernel_size, stride, padding, dilation):
    need(x.ndim == 4, f"x of shape {x.shape}")
    kernel = per_axis(kernel_size, 2)
    _, padding, dilation = _spans(kernel if stride is None else stride, padding, dilation, 2)
    need(min(kernel) >= 1, "kernel_size")
    need(all(p <= k // 2 for p, k in zip(padding, kernel)), "padding above kernel_size // 2")
    need(all(n + 2 * p > d * (k - 1) for n, k, p, d in zip(x.shape[2:], kernel, padding, dilation)), "kernel too large")


def _max_pool2d(x, *, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    _pool(x, kernel_size, stride, padding, dilation)


def _avg_pool2d(x, *, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
    _pool(x, kernel_size, stride, padding, 1)


def _batch_norm(x, weight, bias, running_mean, running_var, *, training, momentum=0.1, eps=1e-5):
    need(x.ndim >= 2, f"x of shape {x.shape}")
    need(all(a.shape == x.shape[1:2] for a in (weight, bias, running_mean, running_var)), "shapes")


def _layer_norm(x, weight, bias, *, eps=1e-5):
    need(x.ndim >= 1 and weight.shape == bias.shape == x.shape[-1:], "shapes")


def _dropout(x, *, p, training, seed):
    need(0 <= p <= 1, f"p = {p}")


def _channel_dropout(x, *, p, training, seed):
    need(x.ndim >= 2, f"x of shape {x.shape}")
    need(0 <= p <= 1, f"p = {p}")


def _tied_autoencoder(x, weight, bias_hidden, bias_output, *, activation="tanh"):
    need(x.ndim == weight.ndim == 2 and x.shape[1] == weight.shape[1], "shapes")
    need(bias_hidden.shape == weight.shape[:1] and bias_output.shape == weight.shape[1:], "biases")
    need(activation in ("identity", *ELEMENTWISE), f"activation: {activation!r}")


def _residual_block(x, w1, b1, w2, b2):
    _linear(x, w1, b1)
    need(w2.shape == (x.shape[-1], w1.shape[0]) and b2.shape == x.shape[-1:], "shapes")


def _residual_basic_block(x, w1, gamma1, beta1, w2, gamma2, beta2, w_projection=None, *, stride=1, eps=1e-5):
    need(x.ndim == 4 and w1.ndim == w2.ndim == 4, "shapes")
    out = w1.shape[0]
    need(w1.shape == (out, x.shape[1], 3, 3) and w2.shape == (out, out, 3, 3), "kernels")
    need(all(a.shape == (out,) for a in (gamma1, beta1, gamma2, beta2)), "norms")
    stride = per_axis(stride, 2)
    need(min(stride) >= 1, "stride")
    if w_projection is None:
        size = tuple((n - 1) // s + 1 for n, s in zip(x.shape[2:], stride))
        need((out, *size) == x.shape[1:], "the identity shortcut does not fit")
    else:
        need(w_projection.shape == (out, x.shape[1], 1, 1), "w_projection")


def _recurrent(gates, states):
    def check(x, *rest, num_layers=1, bidirectional=False, lengths=None, nonlinearity="tanh"):
        need(nonlinearity in ("tanh", "relu"), f"nonlinearity: {nonlinearity!r}")
        directions = 2 if bidirectional else 1
        initial, weights = rest[:states], rest[states:]
        need(x.ndim == 3 and num_layers >= 1 and len(initial) == states, "x, states or num_layers")
        need(len(weights) == 4 * num_layers * directions, f"{len(weights)} weights")
        steps, batch, features = x.shape
        hidden = initial[0].shape[-1]
        need(all(s.shape == (num_layers * directions, batch, hidden) for s in initial), "states")
        for k, (layer, _) in enumerate(grid(range(num_layers), range(directions))):
            w_ih, w_hh, b_ih, b_hh = weights[4 * k : 4 * k + 4]
            width = features if layer == 0 else hidden * directions
            need(w_ih.shape == (gates * hidden, width) and w_hh.shape == (gates * hidden, hidden), "weights")
            need(all(b is None or b.shape == (gates * hidden,) for b in (b_ih, b_hh)), "biases")
        if lengths is not None:
            lengths = np.asarray(lengths)
            need(lengths.shape == (batch,) and np.all((lengths >= 1) & (lengths <= steps)), "lengths")

    return check


def _same_shape(*arrays):
    need(len({a.shape for a in arrays}) == 1, f"shapes {[a.shape for a in arrays]}")


def _sgd(parameter, gradient, velocity, *, lr, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
    _same_shape(parameter, gradient, velocity)
    need(not nesterov or (momentum > 0 and dampening == 0), "nesterov needs momentum and no dampening")


def _adam(
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
    _same_shape(parameter, gradient, first_moment, second_moment)
    need(step >= 1, f"step {step}")


CHECKS = {
    **dict.fromkeys(ELEMENTWISE, _anything),
    "leaky_relu": _leaky_relu,
    "elu": _elu,
    "gelu": _gelu,
    "softmax": _along_axis,
    "log_softmax": _along_axis,
    "mse_loss": _pairs,
    "binary_cross_entropy_with_logits": _pairs,
    "cross_entropy": _cross_entropy,
    "neuron": _neuron,
    "linear": _linear,
    "conv1d": _conv(1),
    "conv2d": _conv(2),
    "conv3d": _conv(3),
    "conv_transpose2d": _conv_transpose2d,
    "max_pool2d": _max_pool2d,
    "avg_pool2d": _avg_pool2d,
    "batch_norm": _batch_norm,
    "layer_norm": _layer_norm,
    "dropout": _dropout,
    "channel_dropout": _channel_dropout,
    "tied_autoencoder": _tied_autoencoder,
    "residual_block": _residual_block,
    "residual_basic_block": _residual_basic_block,
    "rnn": _recurrent(1, 1),
    "lstm": _recurrent(4, 2),
    "gru": _recurrent(3, 1),
    "sgd": _sgd,
    "adam": _adam,
}
