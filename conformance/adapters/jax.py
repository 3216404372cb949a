"""JAX as a candidate, and the bridge to candidates that declare `framework = "jax"`.

`OPERATORS` says in JAX's terms what each name of the contract is; `Jax` compiles it by jax.jit, its gradient by
jax.jit of jax.vjp. JAX has no layers: normalisation, losses, recurrence and optimizers are written out of jax.nn,
jax.numpy and jax.lax as its users write them. What JAX takes and the contract calls illegal is refused.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from ..candidate import Unusable
from ..refusals import PerAxis, per_axis, require, require_axes, require_shape

Arrays = Sequence[Any]
Several = tuple[Array, ...]


# --- activations and losses --------------------------------------------------------------------------------------


def gelu(x: Array, *, approximate: str = "none") -> Array:
    require(approximate in ("none", "tanh"), f"approximate is {approximate!r}, expected none or tanh")
    return jax.nn.gelu(x, approximate=approximate == "tanh")


ELEMENTWISE: dict[str, Callable[..., Array]] = {
    "sigmoid": jax.nn.sigmoid,
    "tanh": jnp.tanh,
    "relu": jax.nn.relu,
    "leaky_relu": lambda x, *, negative_slope=0.01: jax.nn.leaky_relu(x, negative_slope),
    "elu": lambda x, *, alpha=1.0: jax.nn.elu(x, alpha),
    "gelu": gelu,
    "silu": jax.nn.silu,
    "softplus": jax.nn.softplus,
}


def activate(x: Array, activation: str) -> Array:
    if activation == "identity":
        return x
    require(activation in ELEMENTWISE, f"activation is {activation!r}, no elementwise operator")
    return ELEMENTWISE[activation](x)


def reduced(losses: Array, reduction: str) -> Array:
    require(reduction in ("none", "sum", "mean"), f"reduction is {reduction!r}, expected none, sum or mean")
    if reduction == "none":
        return losses
    return jnp.sum(losses) if reduction == "sum" else jnp.mean(losses)


def mse_loss(prediction: Array, target: Array, *, reduction: str = "mean") -> Array:
    require_shape("target", target, *prediction.shape)
    return reduced(jnp.square(prediction - target), reduction)


def cross_entropy(logits: Array, labels: Array, *, reduction: str = "mean") -> Array:
    require_axes("logits", logits, 2)
    require_shape("labels", labels, logits.shape[0])
    chosen = jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=1)
    return reduced(-chosen[:, 0], reduction)


def binary_cross_entropy_with_logits(logits: Array, targets: Array, *, reduction: str = "mean") -> Array:
    require_shape("targets", targets, *logits.shape)
    losses = -targets * jax.nn.log_sigmoid(logits) - (1 - targets) * jax.nn.log_sigmoid(-logits)
    return reduced(losses, reduction)


# --- products ----------------------------------------------------------------------------------------------------


def neuron(x: Array, weight: Array, bias: Array, *, activation: str = "sigmoid") -> Array:
    require_axes("x", x, 2)
    require_axes("weight", weight, 1)
    require_axes("bias", bias, 0)
    return activate(x @ weight + bias, activation)


def linear(x: Array, weight: Array, bias: Array | None = None) -> Array:
    require_axes("weight", weight, 2)
    y = x @ weight.T
    if bias is None:
        return y
    require_shape("bias", bias, weight.shape[0])
    return y + bias


def tied_autoencoder(
    x: Array, weight: Array, bias_hidden: Array, bias_output: Array, *, activation: str = "tanh"
) -> Array:
    require_axes("x", x, 2)
    return linear(activate(linear(x, weight, bias_hidden), activation), weight.T, bias_output)


def residual_block(x: Array, w1: Array, b1: Array, w2: Array, b2: Array) -> Array:
    residual = linear(jax.nn.relu(linear(x, w1, b1)), w2, b2)
    require_shape("x", x, *residual.shape)
    return x + residual


def convolve(
    x: Array, weight: Array, bias: Array | None, stride: Sequence[int], padding: Sequence[tuple[int, int]],
    dilation: Sequence[int], groups: int, inserted: Sequence[int],
) -> Array:  # fmt: skip
    """lax's one convolution; `inserted` counts the steps from one element of x to the next, zeros between them."""
    axes = "DHW"[-len(stride) :]
    y = lax.conv_general_dilated(
        x, weight, stride, padding, inserted, dilation,
        dimension_numbers=(f"NC{axes}", f"OI{axes}", f"NC{axes}"), feature_group_count=groups,
    )  # fmt: skip
    require(min(y.shape[2:]) > 0, f"kernel {weight.shape[2:]} and padding {padding} leave nothing of the output")
    if bias is None:
        return y
    require_shape("bias", bias, y.shape[1])
    return y + bias.reshape(-1, *(1,) * len(stride))


def convolution(axes: int) -> Callable[..., Array]:
    def conv(
        x: Array, weight: Array, bias: Array | None = None, *,
        stride: PerAxis = 1, padding: PerAxis = 0, dilation: PerAxis = 1, groups: int = 1,
    ) -> Array:  # fmt: skip
        require_axes("x", x, axes + 2)
        require_axes("weight", weight, axes + 2)
        require(min(weight.shape[2:]) > 0, f"weight has shape {weight.shape}, an empty kernel")
        stride, dilation = per_axis("stride", stride, axes, 1), per_axis("dilation", dilation, axes, 1)
        around = [(p, p) for p in per_axis("padding", padding, axes, 0)]
        return convolve(x, weight, bias, stride, around, dilation, groups, (1,) * axes)

    return conv


conv2d = convolution(2)


def conv_transpose2d(
    x: Array, weight: Array, bias: Array | None = None, *,
    stride: PerAxis = 1, padding: PerAxis = 0, output_padding: PerAxis = 0, dilation: PerAxis = 1,
    groups: int = 1,
) -> Array:  # fmt: skip
    """The convolution of a stretched x with the flipped kernel: lax.conv_transpose, which has no groups."""
    require_axes("x", x, 4)
    require_axes("weight", weight, 4)
    stride, padding = per_axis("stride", stride, 2, 1), per_axis("padding", padding, 2, 0)
    output_padding, dilation = per_axis("output_padding", output_padding, 2, 0), per_axis("dilation", dilation, 2, 1)
    for extra, s, d in zip(output_padding, stride, dilation, strict=True):
        require(extra < max(s, d), f"output_padding {extra} is neither below stride {s} nor below dilation {d}")
    require(
        groups > 0 and weight.shape[0] % groups == 0, f"{weight.shape[0]} channels do not fall into {groups} groups"
    )
    require(min(x.shape[2:] + weight.shape[2:]) > 0, "x or the kernel is empty along an axis")
    within, outputs, kernel = weight.shape[0] // groups, weight.shape[1], weight.shape[2:]
    flipped = weight.reshape(groups, within, outputs, *kernel).swapaxes(1, 2)[..., ::-1, ::-1]
    ends = [d * (k - 1) - p for k, p, d in zip(kernel, padding, dilation, strict=True)]
    around = [(end, end + extra) for end, extra in zip(ends, output_padding, strict=True)]
    return convolve(x, flipped.reshape(-1, within, *kernel), bias, (1, 1), around, dilation, groups, stride)


# --- pooling -----------------------------------------------------------------------------------------------------


def pool(
    x: Array, start: float, join: Callable[..., Array], kernel_size: PerAxis, stride: PerAxis | None,
    padding: PerAxis, dilation: PerAxis, ceil_mode: bool,
) -> tuple[Array, Sequence[Any]]:  # fmt: skip
    """lax.reduce_window, and for both axes the places where its windows begin and the kernel's size."""
    require_axes("x", x, 4)
    kernel_size, padding = per_axis("kernel_size", kernel_size, 2, 1), per_axis("padding", padding, 2, 0)
    stride = kernel_size if stride is None else per_axis("stride", stride, 2, 1)
    dilation = per_axis("dilation", dilation, 2, 1)
    around, begins = [(0, 0), (0, 0)], []
    for size, k, s, p, d in zip(x.shape[2:], kernel_size, stride, padding, dilation, strict=True):
        require(p <= k // 2, f"padding {p} is above half of kernel_size {k}")
        room = size + 2 * p - d * (k - 1) - 1
        require(room >= 0, f"kernel_size {k}, dilation {d} exceed {size} and padding {p}")
        last = -(-room // s) if ceil_mode and -(-room // s) * s < size + p else room // s
        around.append((p, p + max(last * s - room, 0)))
        begins.append(np.arange(last + 1) * s - p)
    whole = (1, 1)
    y = lax.reduce_window(x, start, join, whole + kernel_size, whole + stride, around, None, whole + dilation)
    return y, list(zip(begins, kernel_size, padding, x.shape[2:], strict=True))


def max_pool2d(
    x: Array, *, kernel_size: PerAxis, stride: PerAxis | None = None, padding: PerAxis = 0,
    dilation: PerAxis = 1, ceil_mode: bool = False,
) -> Array:  # fmt: skip
    y, _ = pool(x, -np.inf, lax.max, kernel_size, stride, padding, dilation, ceil_mode)
    return y


def avg_pool2d(
    x: Array, *, kernel_size: PerAxis, stride: PerAxis | None = None, padding: PerAxis = 0,
    ceil_mode: bool = False, count_include_pad: bool = True,
) -> Array:  # fmt: skip
    y, places = pool(x, 0.0, lax.add, kernel_size, stride, padding, 1, ceil_mode)
    counts = []
    for begin, k, p, size in places:
        low, high = (-p, size + p) if count_include_pad else (0, size)
        counts.append(np.minimum(begin + k, high) - np.maximum(begin, low))
    return y / np.outer(*counts).astype(x.dtype)


# --- normalisation -----------------------------------------------------------------------------------------------


def normalised(x: Array, axes: tuple[int, ...], eps: float, weight: Array, bias: Array) -> Several:
    """(x - mean) / sqrt(var + eps) weight + bias, and both moments: jax.nn.standardize would form E x² - (E x)²."""
    mean, variance = jnp.mean(x, axes, keepdims=True), jnp.var(x, axes, keepdims=True)
    return jax.nn.standardize(x, axes, mean, variance, eps) * weight + bias, mean, variance


def batch_norm(
    x: Array, weight: Array, bias: Array, running_mean: Array, running_var: Array, *,
    training: bool, momentum: float = 0.1, eps: float = 1e-5,
) -> Several:  # fmt: skip
    channels = {"weight": weight, "bias": bias, "running_mean": running_mean, "running_var": running_var}
    require(x.ndim >= 2, f"x has shape {x.shape}, expected (N, C, ...)")
    for name, array in channels.items():
        require_shape(name, array, x.shape[1])
    shape, axes = (-1, *(1,) * (x.ndim - 2)), (0, *range(2, x.ndim))
    weight, bias = weight.reshape(shape), bias.reshape(shape)
    if not training:
        mean, var = running_mean.reshape(shape), running_var.reshape(shape)
        return jax.nn.standardize(x, axes, mean, var, eps) * weight + bias, running_mean, running_var
    y, mean, var = normalised(x, axes, eps, weight, bias)
    if not x.size:
        return y, running_mean, running_var
    n = x.size // x.shape[1]
    moved = [
        (1 - momentum) * running + momentum * batch.reshape(-1)
        for running, batch in ((running_mean, mean), (running_var, var * (n / (n - 1))))
    ]
    return y, *moved


def layer_norm(x: Array, weight: Array, bias: Array, *, eps: float = 1e-5) -> Array:
    require_shape("weight", weight, *x.shape[-1:])
    require_shape("bias", bias, *x.shape[-1:])
    return normalised(x, (-1,), eps, weight, bias)[0]


def residual_basic_block(
    x: Array, w1: Array, gamma1: Array, beta1: Array, w2: Array, gamma2: Array, beta2: Array,
    w_projection: Array | None = None, *, stride: PerAxis = 1, eps: float = 1e-5,
) -> Array:  # fmt: skip
    for weight, size in ((w1, 3), (w2, 3), (w_projection, 1)):
        require(weight is None or weight.shape[2:] == (size, size), f"a kernel is not {size} x {size}")

    def norm(z: Array, gamma: Array, beta: Array) -> Array:
        return batch_norm(z, gamma, beta, gamma, gamma, training=True, eps=eps)[0]

    z = jax.nn.relu(norm(conv2d(x, w1, stride=stride, padding=1), gamma1, beta1))
    z = norm(conv2d(z, w2, padding=1), gamma2, beta2)
    shortcut = x if w_projection is None else conv2d(x, w_projection, stride=stride)
    require_shape("the shortcut", shortcut, *z.shape)
    return jax.nn.relu(shortcut + z)


# --- dropout -----------------------------------------------------------------------------------------------------


def thinned(x: Array, shape: Sequence[int], p: float, training: bool, seed: Any) -> Array:
    require(0 <= p <= 1, f"p is {p}, expected a probability")
    if not training:
        return x
    if p == 1:
        return jnp.zeros_like(x)
    kept = jax.random.bernoulli(jax.random.key(seed), 1 - p, shape)
    return jnp.where(kept, x / (1 - p), 0)


def dropout(x: Array, *, p: float, training: bool, seed: Any) -> Array:
    return thinned(x, x.shape, p, training, seed)


def channel_dropout(x: Array, *, p: float, training: bool, seed: Any) -> Array:
    require(x.ndim >= 2, f"x has shape {x.shape}, expected (N, C, ...)")
    return thinned(x, x.shape[:2] + (1,) * (x.ndim - 2), p, training, seed)


# --- recurrent networks ------------------------------------------------------------------------------------------


def recur(
    step: Callable[..., Several], gates: int, x: Array, states: Several, weights: Several,
    num_layers: int, bidirectional: bool, lengths: Any,
) -> Several:  # fmt: skip
    """`step(ih, states, u, b, d)` by lax.scan over time; where a sequence has ended its states stay."""
    directions = 2 if bidirectional else 1
    require_axes("x", x, 3)
    require_axes("h0", states[0], 3)
    (steps, batch, features), hidden = x.shape, states[0].shape[2]
    for state in states:
        require_shape("a state", state, num_layers * directions, batch, hidden)
    count = 4 * num_layers * directions
    require(len(weights) == count > 0, f"got {len(weights)} weights, expected {count}")
    for i, weight in enumerate(weights):
        columns = ((features if i < 4 * directions else hidden * directions,), (hidden,), (), ())[i % 4]
        require_shape(f"weight {i}", weight, gates * hidden, *columns)
    runs = jnp.ones((steps, 1, 1), bool) if lengths is None else (jnp.arange(steps)[:, None] < lengths)[..., None]
    x, last = jnp.where(runs, x, 0), []
    for layer in range(num_layers):
        outputs = []
        for direction in range(directions):
            at = layer * directions + direction
            w, *hidden_weights = weights[4 * at : 4 * at + 4]

            def move(states: Several, now: Several, hidden_weights: Any = hidden_weights) -> tuple[Several, Array]:
                ih, run = now
                new = step(ih, states, *hidden_weights)
                states = tuple(jnp.where(run, a, b) for a, b in zip(new, states, strict=True))
                return states, jnp.where(run, states[0], 0)

            end, output = lax.scan(move, tuple(s[at] for s in states), (x @ w.T, runs), reverse=direction == 1)
            outputs.append(output)
            last.append(end)
        x = jnp.concatenate(outputs, -1)
    return x, *map(jnp.stack, zip(*last, strict=True))


def rnn(
    x: Array, h0: Array, *weights: Array, nonlinearity: str = "tanh",
    num_layers: int = 1, bidirectional: bool = False, lengths: Any = None,
) -> Several:  # fmt: skip
    require(nonlinearity in ("tanh", "relu"), f"nonlinearity is {nonlinearity!r}, expected tanh or relu")

    def step(ih: Array, states: Several, u: Array, b: Array, d: Array) -> Several:
        return (ELEMENTWISE[nonlinearity](ih + b + states[0] @ u.T + d),)

    return recur(step, 1, x, (h0,), weights, num_layers, bidirectional, lengths)


def lstm_step(ih: Array, states: Several, u: Array, b: Array, d: Array) -> Several:
    h, c = states
    i, f, g, o = jnp.split(ih + b + h @ u.T + d, 4, -1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    return jax.nn.sigmoid(o) * jnp.tanh(c), c


def lstm(
    x: Array, h0: Array, c0: Array, *weights: Array,
    num_layers: int = 1, bidirectional: bool = False, lengths: Any = None,
) -> Several:  # fmt: skip
    return recur(lstm_step, 4, x, (h0, c0), weights, num_layers, bidirectional, lengths)


def gru_step(ih: Array, states: Several, u: Array, b: Array, d: Array) -> Several:
    (h,) = states
    (xr, xz, xn), (hr, hz, hn) = jnp.split(ih + b, 3, -1), jnp.split(h @ u.T + d, 3, -1)
    z = jax.nn.sigmoid(xz + hz)
    return ((1 - z) * jnp.tanh(xn + jax.nn.sigmoid(xr + hr) * hn) + z * h,)


def gru(
    x: Array, h0: Array, *weights: Array,
    num_layers: int = 1, bidirectional: bool = False, lengths: Any = None,
) -> Several:  # fmt: skip
    return recur(gru_step, 3, x, (h0,), weights, num_layers, bidirectional, lengths)


# --- optimizers --------------------------------------------------------------------------------------------------


def sgd(
    parameter: Array, gradient: Array, velocity: Array, *,
    lr: float, momentum: float = 0.0, dampening: float = 0.0, weight_decay: float = 0.0,
    nesterov: bool = False,
) -> Several:  # fmt: skip
    require_shape("gradient", gradient, *parameter.shape)
    require_shape("velocity", velocity, *parameter.shape)
    require(not nesterov or (momentum != 0 and dampening == 0), "nesterov takes a momentum and no dampening")
    g = gradient + weight_decay * parameter
    v = momentum * velocity + (1 - dampening) * g if momentum else g
    return parameter - lr * (g + momentum * v if nesterov else v), v


def adam(
    parameter: Array, gradient: Array, first_moment: Array, second_moment: Array, *, step: int,
    lr: float = 1e-3, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8, weight_decay: float = 0.0,
) -> Several:  # fmt: skip
    require_shape("gradient", gradient, *parameter.shape)
    require_shape("first_moment", first_moment, *parameter.shape)
    require_shape("second_moment", second_moment, *parameter.shape)
    require(step >= 1, f"step is {step}, expected at least 1")
    require(0 <= beta1 < 1 and 0 <= beta2 < 1, f"a beta of {beta1} and {beta2} is outside [0, 1)")
    g = gradient + weight_decay * parameter
    m = beta1 * first_moment + (1 - beta1) * g
    v = beta2 * second_moment + (1 - beta2) * jnp.square(g)
    corrected_m, corrected_v = m / (1 - beta1**step), v / (1 - beta2**step)
    return parameter - lr * corrected_m / (jnp.sqrt(corrected_v) + eps), m, v


OPERATORS: dict[str, Callable[..., Any]] = {
    **ELEMENTWISE,
    "softmax": lambda x, *, axis=-1: jax.nn.softmax(x, axis),
    "log_softmax": lambda x, *, axis=-1: jax.nn.log_softmax(x, axis),
    "mse_loss": mse_loss,
    "cross_entropy": cross_entropy,
    "binary_cross_entropy_with_logits": binary_cross_entropy_with_logits,
    "neuron": neuron,
    "linear": linear,
    "conv1d": convolution(1),
    "conv2d": conv2d,
    "conv3d": convolution(3),
    "conv_transpose2d": conv_transpose2d,
    "max_pool2d": max_pool2d,
    "avg_pool2d": avg_pool2d,
    "batch_norm": batch_norm,
    "layer_norm": layer_norm,
    "dropout": dropout,
    "channel_dropout": channel_dropout,
    "tied_autoencoder": tied_autoencoder,
    "residual_block": residual_block,
    "residual_basic_block": residual_basic_block,
    "rnn": rnn,
    "lstm": lstm,
    "gru": gru,
    "sgd": sgd,
    "adam": adam,
}
STATISTICS = {"batch_norm": (3, 4)}  # inputs of floating point that have no gradient


def require_indices(name: str, inputs: Arrays, attributes: dict[str, Any]) -> None:
    """Labels and lengths in range: compiled code does not look at values."""
    if name == "cross_entropy":
        labels, classes = inputs[1], inputs[0].shape[-1]
        require(labels.dtype.kind in "iu", f"labels are {labels.dtype}")
        require(bool(np.all((labels >= 0) & (labels < classes))), f"a label is outside 0..{classes - 1}")
    if (lengths := attributes.get("lengths")) is not None:
        (steps, batch, *_), lengths = inputs[0].shape, np.asarray(lengths)
        require(lengths.shape == (batch,) and lengths.dtype.kind in "iu", f"lengths are not {batch} integers")
        require(bool(np.all((lengths >= 1) & (lengths <= steps))), f"a length is outside 1..{steps}")


# --- the candidate -----------------------------------------------------------------------------------------------


def place(device: str) -> Any:
    """A device of JAX's. JAX makes float64 into float32 unless it is told not to: from now on, in the whole process."""
    jax.config.update("jax_enable_x64", True)
    platform, _, number = device.partition(":")
    try:
        return jax.devices(platform)[int(number or 0)]
    except (RuntimeError, IndexError, ValueError):
        known = ", ".join(sorted({d.platform for d in jax.devices()}))
        raise Unusable(f"device {device!r}: jax {jax.__version__} finds no such device; it has {known}") from None


def gradients(function: Callable[..., Any], arrays: Arrays, cotangents: Arrays, fixed: Sequence[int]) -> Several:
    """The gradient of function(*arrays) by jax.vjp, one for each array; `fixed` are those that have none."""
    leaves = {
        i: array
        for i, array in enumerate(arrays)
        if array is not None and jnp.issubdtype(array.dtype, jnp.floating) and i not in fixed
    }

    def of_leaves(leaves: dict[int, Any]) -> Any:
        return function(*(leaves.get(i, array) for i, array in enumerate(arrays)))

    results, pull = jax.vjp(of_leaves, leaves)
    ys = results if isinstance(results, tuple) else (results,)
    dys = tuple(jnp.zeros_like(y) if dy is None else dy for y, dy in zip(ys, cotangents, strict=True))
    (found,) = pull(dys if isinstance(results, tuple) else dys[0])
    return tuple(found.get(i) for i in range(len(arrays)))


class Jax:
    """NumPy in, NumPy out, what jax.jit made of an operator in between: once for all shapes, attributes and dtypes."""

    version = jax.__version__
    device = "cpu"
    dtypes = ("float32", "float64")
    operators = tuple(OPERATORS)
    flushes_subnormals = True  # XLA sets the processor so while its code runs
    kept = 128  # compiled functions: each takes megabytes, and mappings of memory, of which a process has few

    def __init__(self, name: str, options: dict[str, Any] | None = None) -> None:
        self.name, self.options, self.place = name, options, place(self.device)
        self.compiled: dict[Any, Callable[..., Any]] = {}

    def call(self, name: str, inputs: Arrays, attributes: dict[str, Any]) -> Arrays:
        results = self._run(name, inputs, attributes, None)
        return results if isinstance(results, tuple) else (results,)

    def vjp(self, name: str, inputs: Arrays, attributes: dict[str, Any], cotangents: Arrays) -> Arrays:
        found: Arrays = self._run(name, inputs, attributes, cotangents)
        return found

    def _run(self, name: str, inputs: Arrays, attributes: dict[str, Any], cotangents: Arrays | None) -> Any:
        if name not in OPERATORS:
            raise LookupError(f"the jax adapter has no operator {name!r}")
        require_indices(name, inputs, attributes)
        constants = {k: v for k, v in attributes.items() if k != "seed" and not isinstance(v, np.ndarray)}
        data = {k: v for k, v in attributes.items() if k not in constants}
        given = inputs if cotangents is None else (*inputs, *cotangents)
        forms = [None if a is None else (a.shape, a.dtype.name) for a in given]
        key = repr((name, cotangents is None, constants, sorted(data), forms))
        if key not in self.compiled:
            if len(self.compiled) >= self.kept:
                self.compiled.clear()
                jax.clear_caches()
            function = _forward(name, constants) if cotangents is None else _backward(name, constants)
            self.compiled[key] = jax.jit(function, compiler_options=self.options)
        with jax.default_device(self.place):
            arguments = [_copies(inputs)] if cotangents is None else [_copies(inputs), _copies(cotangents)]
            return _results(self.compiled[key](*arguments, data))


def _forward(name: str, constants: dict[str, Any]) -> Callable[..., Any]:
    return lambda arrays, data: OPERATORS[name](*arrays, **constants, **data)


def _backward(name: str, constants: dict[str, Any]) -> Callable[..., Any]:
    def backward(arrays: Arrays, cotangents: Arrays, data: dict[str, Any]) -> Several:
        function = partial(OPERATORS[name], **constants, **data)
        return gradients(function, arrays, cotangents, STATISTICS.get(name, ()))

    return backward


class Bridge:
    """Functions of somebody else's on JAX arrays, called with NumPy arrays; what is no JAX array comes back unchanged.

    Arrays are copied, for `jnp.asarray` may work on the caller's memory; JAX has no way to write to it.
    """

    def __init__(self, device: str) -> None:
        self.place = place(device)

    def call(self, function: Callable[..., Any], inputs: Arrays, attributes: dict[str, Any]) -> Any:
        with jax.default_device(self.place):
            return _results(function(*_copies(inputs), **_keywords(attributes)))

    def vjp(
        self, function: Callable[..., Any], vjp: Callable[..., Any] | None, inputs: Arrays,
        attributes: dict[str, Any], cotangents: Arrays, fixed: Sequence[int] = (),
    ) -> Any:  # fmt: skip
        """By `vjp` where there is one, else by jax.vjp; `fixed` are the inputs that have no gradient."""
        with jax.default_device(self.place):
            arrays, keywords, given = _copies(inputs), _keywords(attributes), _copies(cotangents)
            if vjp is not None:
                return _results(vjp(tuple(given) if len(given) > 1 else given[0], *arrays, **keywords))
            return _results(gradients(partial(function, **keywords), arrays, given, fixed))


def _copies(arrays: Arrays) -> list[Any]:
    return [None if array is None else jnp.array(array) for array in arrays]


def _keywords(attributes: dict[str, Any]) -> dict[str, Any]:
    return {name: jnp.array(v) if isinstance(v, np.ndarray) else v for name, v in attributes.items()}


def _results(results: Any) -> Any:
    return tuple(map(_result, results)) if type(results) is tuple else _result(results)


def _result(result: Any) -> Any:
    return np.asarray(result) if isinstance(result, jax.Array) else result


# XLA takes 30 to 600 ms for a function of a few numbers, most of it for the speed of the machine code.
PLAIN = {
    "xla_backend_optimization_level": 0,
    "xla_cpu_use_fusion_emitters": False,
    "xla_cpu_parallel_codegen_split_count": 1,
}


def create(spec: str = "jax") -> Jax:
    if spec == "jax":
        return Jax(spec, PLAIN)
    if spec == "jax:optimized":
        return Jax(spec)
    raise LookupError(f"no candidate {spec!r}: the jax adapter is jax or jax:optimized")
