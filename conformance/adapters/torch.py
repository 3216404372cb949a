"""PyTorch as a candidate: each operator by torch's own function, its gradient by torch's autograd.

`OPERATORS` says in torch's terms what each name of the contract is; `Torch` is the one call and the one vjp
around them. Composed here for want of a torch function: neuron, tied_autoencoder and the residual units. What
torch takes and the contract calls illegal (a label of -100, shapes that broadcast, one image) is refused.
"""

import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import ml_dtypes
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence
from torch.optim.adam import adam as adam_step
from torch.optim.sgd import sgd as sgd_step

from ..candidate import Unusable
from ..refusals import PerAxis, per_axis, require, require_axes, require_shape

Arrays = Sequence[Any]
Tensors = tuple[Tensor, ...]


def reduced(reduction: str) -> str:
    require(reduction in ("none", "sum", "mean"), f"reduction is {reduction!r}, expected none, sum or mean")
    return reduction


# torch's softplus returns x itself above a threshold. Its 20 is too low for float64, and infinity overflows;
# at 40 log(1 + e^x) has long rounded to x in every dtype, and neither e^x nor its product with dy overflows.
ELEMENTWISE: dict[str, Callable[..., Tensor]] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": lambda x, *, negative_slope=0.01: F.leaky_relu(x, negative_slope),
    "elu": lambda x, *, alpha=1.0: F.elu(x, alpha),
    "gelu": lambda x, *, approximate="none": F.gelu(x, approximate=approximate),
    "silu": lambda x: F.silu(x, inplace=False),
    "softplus": lambda x: F.softplus(x, threshold=40.0),
}


def activate(x: Tensor, activation: str) -> Tensor:
    if activation == "identity":
        return x
    require(activation in ELEMENTWISE, f"activation is {activation!r}, no elementwise operator")
    return ELEMENTWISE[activation](x)


def mse_loss(prediction: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    require_shape("target", target, *prediction.shape)
    return F.mse_loss(prediction, target, reduction=reduced(reduction))


def cross_entropy(logits: Tensor, labels: Tensor, *, reduction: str = "mean") -> Tensor:
    require_axes("logits", logits, 2)
    require_shape("labels", labels, logits.shape[0])
    require(not labels.is_floating_point() and labels.dtype != torch.bool, f"labels are {labels.dtype}")
    labels, classes = labels.long(), logits.shape[1]
    require(bool(((labels >= 0) & (labels < classes)).all()), f"a label is outside 0..{classes - 1}")
    return F.cross_entropy(logits, labels, reduction=reduced(reduction))


def binary_cross_entropy_with_logits(logits: Tensor, targets: Tensor, *, reduction: str = "mean") -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, targets, reduction=reduced(reduction))


def neuron(x: Tensor, weight: Tensor, bias: Tensor, *, activation: str = "sigmoid") -> Tensor:
    require_axes("bias", bias, 0)
    return activate(torch.mv(x, weight) + bias, activation)


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    require_axes("weight", weight, 2)
    if bias is not None:
        require_shape("bias", bias, weight.shape[0])
    return F.linear(x, weight, bias)


def convolution(kernel: Callable[..., Tensor], axes: int) -> Callable[..., Tensor]:
    def convolve(
        x: Tensor, weight: Tensor, bias: Tensor | None = None, *,
        stride: PerAxis = 1, padding: PerAxis = 0, dilation: PerAxis = 1, groups: int = 1,
    ) -> Tensor:  # fmt: skip
        require_axes("x", x, axes + 2)
        stride, dilation = per_axis("stride", stride, axes, 1), per_axis("dilation", dilation, axes, 1)
        return kernel(x, weight, bias, stride, per_axis("padding", padding, axes, 0), dilation, groups)

    return convolve


conv2d = convolution(F.conv2d, 2)


def conv_transpose2d(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, *,
    stride: PerAxis = 1, padding: PerAxis = 0, output_padding: PerAxis = 0, dilation: PerAxis = 1,
    groups: int = 1,
) -> Tensor:  # fmt: skip
    require_axes("x", x, 4)
    stride, padding = per_axis("stride", stride, 2, 1), per_axis("padding", padding, 2, 0)
    output_padding, dilation = per_axis("output_padding", output_padding, 2, 0), per_axis("dilation", dilation, 2, 1)
    for extra, s, d in zip(output_padding, stride, dilation, strict=True):  # torch does not look at an empty batch
        require(extra < max(s, d), f"output_padding {extra} is neither below stride {s} nor below dilation {d}")
    y = F.conv_transpose2d(x, weight, bias, stride, padding, output_padding, groups, dilation)
    require(y.shape[2] > 0 and y.shape[3] > 0, f"padding {padding} leaves nothing of the output")
    return y


def window(
    x: Tensor, kernel_size: PerAxis, stride: PerAxis | None, padding: PerAxis, dilation: PerAxis
) -> tuple[Any, Any, Any, Any]:
    """The arguments of a pooling. torch halves the dilated kernel, and ceil_mode lets it exceed the input."""
    require_axes("x", x, 4)
    kernel_size, padding = per_axis("kernel_size", kernel_size, 2, 1), per_axis("padding", padding, 2, 0)
    stride = kernel_size if stride is None else per_axis("stride", stride, 2, 1)
    dilation = per_axis("dilation", dilation, 2, 1)
    for size, k, p, d in zip(x.shape[2:], kernel_size, padding, dilation, strict=True):
        require(p <= k // 2, f"padding {p} is above half of kernel_size {k}")
        require(d * (k - 1) < size + 2 * p, f"kernel_size {k}, dilation {d} exceed {size} and padding {p}")
    return kernel_size, stride, padding, dilation


def max_pool2d(
    x: Tensor, *, kernel_size: PerAxis, stride: PerAxis | None = None, padding: PerAxis = 0,
    dilation: PerAxis = 1, ceil_mode: bool = False,
) -> Tensor:  # fmt: skip
    kernel_size, stride, padding, dilation = window(x, kernel_size, stride, padding, dilation)
    return F.max_pool2d(x, kernel_size, stride, padding, dilation, ceil_mode)


def avg_pool2d(
    x: Tensor, *, kernel_size: PerAxis, stride: PerAxis | None = None, padding: PerAxis = 0,
    ceil_mode: bool = False, count_include_pad: bool = True,
) -> Tensor:  # fmt: skip
    kernel_size, stride, padding, _ = window(x, kernel_size, stride, padding, 1)
    return F.avg_pool2d(x, kernel_size, stride, padding, ceil_mode, count_include_pad)


def batch_norm(
    x: Tensor, weight: Tensor, bias: Tensor, running_mean: Tensor, running_var: Tensor, *,
    training: bool, momentum: float = 0.1, eps: float = 1e-5,
) -> Tensors:  # fmt: skip
    channels = {"weight": weight, "bias": bias, "running_mean": running_mean, "running_var": running_var}
    for name, array in channels.items():
        require_shape(name, array, x.shape[1])
    running_mean, running_var = running_mean.clone(), running_var.clone()  # torch updates them in place
    y = F.batch_norm(x, running_mean, running_var, weight, bias, training, momentum, eps)
    return y, running_mean, running_var


def layer_norm(x: Tensor, weight: Tensor, bias: Tensor, *, eps: float = 1e-5) -> Tensor:
    return F.layer_norm(x, x.shape[-1:], weight, bias, eps)


@contextmanager
def seeded(device: Any, seed: int) -> Iterator[None]:
    """Lends to `seed` the generator from which torch's dropouts draw."""
    cpu = device.type == "cpu"
    generator = torch.default_generator if cpu else torch.cuda.default_generators[device.index]
    state = generator.get_state()
    try:
        generator.manual_seed(int(seed))
        yield
    finally:
        generator.set_state(state)


# Dropouts draw in the order of memory: with one layout, the mask follows from seed and shape alone.


def dropout(x: Tensor, *, p: float, training: bool, seed: int) -> Tensor:
    with seeded(x.device, seed):
        return torch.dropout(x.contiguous(), p, training)


def channel_dropout(x: Tensor, *, p: float, training: bool, seed: int) -> Tensor:
    require(x.ndim >= 2, f"x has shape {tuple(x.shape)}, expected (N, C, ...)")
    with seeded(x.device, seed):
        return torch.feature_dropout(x.contiguous(), p, training)


def tied_autoencoder(
    x: Tensor, weight: Tensor, bias_hidden: Tensor, bias_output: Tensor, *, activation: str = "tanh"
) -> Tensor:
    require_axes("x", x, 2)
    return linear(activate(linear(x, weight, bias_hidden), activation), weight.T, bias_output)


def residual_block(x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor) -> Tensor:
    residual = linear(torch.relu(linear(x, w1, b1)), w2, b2)
    require_shape("x", x, *residual.shape)
    return x + residual


def residual_basic_block(
    x: Tensor, w1: Tensor, gamma1: Tensor, beta1: Tensor, w2: Tensor, gamma2: Tensor, beta2: Tensor,
    w_projection: Tensor | None = None, *, stride: PerAxis = 1, eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    for weight, size in ((w1, 3), (w2, 3), (w_projection, 1)):
        require(weight is None or weight.shape[2:] == (size, size), f"a kernel is not {size} x {size}")
    z = conv2d(x, w1, stride=stride, padding=1)
    z = torch.relu(F.batch_norm(z, None, None, gamma1, beta1, training=True, eps=eps))
    z = F.batch_norm(conv2d(z, w2, padding=1), None, None, gamma2, beta2, training=True, eps=eps)
    shortcut = x if w_projection is None else conv2d(x, w_projection, stride=stride)
    require_shape("the shortcut", shortcut, *z.shape)
    return torch.relu(shortcut + z)


def recur(
    kernel: Callable[..., Any], gates: int, x: Tensor, states: Tensors, weights: Tensors,
    num_layers: int, bidirectional: bool, lengths: Any,
) -> Any:  # fmt: skip
    """`kernel` is the function under torch.nn.RNN, LSTM or GRU, which takes the weights as arguments."""
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

    def run(states: Tensors, *data: Tensor, **layout: bool) -> Any:
        state = states if len(states) > 1 else states[0]
        options = {"has_biases": True, "num_layers": num_layers, "dropout": 0.0, "train": True}
        return kernel(*data, hx=state, params=weights, **options, bidirectional=bidirectional, **layout)

    if lengths is not None:
        lengths = np.asarray(lengths)
        require(lengths.shape == (batch,) and lengths.dtype.kind in "iu", f"lengths are not {batch} integers")
        require(bool(np.all((lengths >= 1) & (lengths <= steps))), f"a length is outside 1..{steps}")
    if lengths is None or batch == 0:  # an empty batch cannot be packed
        return run(states, x, batch_first=False)
    packed = pack_padded_sequence(x, torch.from_numpy(lengths.astype(np.int64)), enforce_sorted=False)
    states = tuple(state.index_select(1, packed.sorted_indices) for state in states)
    data, *states_n = run(states, packed.data, packed.batch_sizes)
    output, _ = pad_packed_sequence(PackedSequence(data, *packed[1:]), total_length=steps)
    return output, *(state.index_select(1, packed.unsorted_indices) for state in states_n)


def rnn(
    x: Tensor, h0: Tensor, *weights: Tensor, nonlinearity: str = "tanh",
    num_layers: int = 1, bidirectional: bool = False, lengths: Any = None,
) -> Any:  # fmt: skip
    kernels = {"tanh": torch.rnn_tanh, "relu": torch.rnn_relu}
    require(nonlinearity in kernels, f"nonlinearity is {nonlinearity!r}, expected tanh or relu")
    return recur(kernels[nonlinearity], 1, x, (h0,), weights, num_layers, bidirectional, lengths)


def lstm(
    x: Tensor, h0: Tensor, c0: Tensor, *weights: Tensor,
    num_layers: int = 1, bidirectional: bool = False, lengths: Any = None,
) -> Any:  # fmt: skip
    return recur(torch.lstm, 4, x, (h0, c0), weights, num_layers, bidirectional, lengths)


def gru(
    x: Tensor, h0: Tensor, *weights: Tensor,
    num_layers: int = 1, bidirectional: bool = False, lengths: Any = None,
) -> Any:  # fmt: skip
    return recur(torch.gru, 3, x, (h0,), weights, num_layers, bidirectional, lengths)


# The functions under torch.optim, which change the parameter and the state they are given.


def sgd(
    parameter: Tensor, gradient: Tensor, velocity: Tensor, *,
    lr: float, momentum: float = 0.0, dampening: float = 0.0, weight_decay: float = 0.0,
    nesterov: bool = False,
) -> Tensors:  # fmt: skip
    require_shape("gradient", gradient, *parameter.shape)
    require_shape("velocity", velocity, *parameter.shape)
    require(not nesterov or (momentum != 0 and dampening == 0), "nesterov takes a momentum and no dampening")
    new, velocity = parameter.clone(), velocity.clone()
    sgd_step(
        [new], [gradient], [velocity], lr=lr, momentum=momentum, dampening=dampening,
        weight_decay=weight_decay, nesterov=nesterov, maximize=False,
    )  # fmt: skip
    if momentum == 0:  # torch then keeps no velocity
        velocity = gradient.add(parameter, alpha=weight_decay) if weight_decay else gradient
    return new, velocity


def adam(
    parameter: Tensor, gradient: Tensor, first_moment: Tensor, second_moment: Tensor, *, step: int,
    lr: float = 1e-3, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8, weight_decay: float = 0.0,
) -> Tensors:  # fmt: skip
    require_shape("gradient", gradient, *parameter.shape)
    require_shape("first_moment", first_moment, *parameter.shape)
    require_shape("second_moment", second_moment, *parameter.shape)
    require(step >= 1, f"step is {step}, expected at least 1")
    new, m, v = parameter.clone(), first_moment.clone(), second_moment.clone()
    steps_before = torch.tensor(step - 1, dtype=torch.float64)
    adam_step(
        [new], [gradient], [m], [v], [], [steps_before], lr=lr, beta1=beta1, beta2=beta2, eps=eps,
        weight_decay=weight_decay, amsgrad=False, maximize=False,
    )  # fmt: skip
    return new, m, v


OPERATORS: dict[str, Callable[..., Any]] = {
    **ELEMENTWISE,
    "softmax": lambda x, *, axis=-1: torch.softmax(x, axis),
    "log_softmax": lambda x, *, axis=-1: torch.log_softmax(x, axis),
    "mse_loss": mse_loss,
    "cross_entropy": cross_entropy,
    "binary_cross_entropy_with_logits": binary_cross_entropy_with_logits,
    "neuron": neuron,
    "linear": linear,
    "conv1d": convolution(F.conv1d, 1),
    "conv2d": conv2d,
    "conv3d": convolution(F.conv3d, 3),
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


def compiled(functions: dict[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """Each by torch.compile, for every shape anew: beyond a limit it would go on uncompiled, and not say so."""
    config = torch._dynamo.config
    config.recompile_limit = config.accumulated_recompile_limit = 2**31 - 1
    torch._logging.set_logs(dynamo=logging.ERROR)
    with warnings.catch_warnings():  # of its own modules
        warnings.simplefilter("ignore")
        return {name: torch.compile(function, dynamic=False) for name, function in functions.items()}


def to_tensor(array: Any) -> Tensor:
    """A tensor on the array's own memory wherever torch takes its layout, for layouts are judged too."""
    array = np.asarray(array)
    if array.dtype == ml_dtypes.bfloat16:
        return to_tensor(array.view(np.uint16)).view(torch.bfloat16)
    if not array.flags.aligned:
        array = array.copy()
    try:
        if array.flags.writeable:
            return torch.from_numpy(array)
        with warnings.catch_warnings():  # that nobody may write to it
            warnings.simplefilter("ignore")
            return torch.from_numpy(array)
    except ValueError:  # negative strides, strides that split an element, foreign byte order
        return torch.from_numpy(array.astype(array.dtype.newbyteorder("="), order="C"))


def to_array(tensor: Tensor) -> Any:
    if tensor.dtype == torch.bfloat16:
        return tensor.view(torch.uint16).numpy().view(ml_dtypes.bfloat16)
    return tensor.numpy()


def memory(tensor: Tensor) -> int:
    return int(tensor.untyped_storage().data_ptr())


def floating(tensors: Arrays) -> list[int]:
    return [i for i, tensor in enumerate(tensors) if tensor is not None and tensor.is_floating_point()]


def autodiff(run: Callable[[], Any], tensors: Arrays, leaves: Sequence[int], cotangents: Arrays) -> list[Tensor | None]:
    """The gradient of run() with regard to each of the tensors, None for those that are no leaves."""
    for i in leaves:
        tensors[i].requires_grad_()
    with torch.enable_grad():
        results = run()
    results = results if isinstance(results, tuple) else (results,)
    for result in results:
        if not isinstance(result, Tensor):
            raise TypeError(f"a result is a {type(result).__name__}, not a torch.Tensor: it has no gradient")
    pairs = [(y, dy) for y, dy in zip(results, cotangents, strict=True) if y.requires_grad]
    ys = [y for y, _ in pairs]
    dys = [torch.zeros_like(y) if dy is None else dy for y, dy in pairs]
    found = torch.autograd.grad(ys, [tensors[i] for i in leaves], dys, materialize_grads=True)
    gradients = dict(zip(leaves, found, strict=True))
    return [gradients.get(i) for i in range(len(tensors))]


def apart(tensors: Arrays, inputs: Arrays) -> list[Tensor | None]:
    """Each in memory of its own: what torch returns may be an input or a cotangent itself."""
    taken = {memory(tensor) for tensor in inputs if tensor is not None}
    result = []
    for tensor in tensors:
        if tensor is not None:
            tensor = tensor.clone() if memory(tensor) in taken else tensor
            taken.add(memory(tensor))
        result.append(tensor)
    return result


class Torch:
    """NumPy in, NumPy out, torch on one device in between."""

    dtypes = ("float32", "float64")
    operators = tuple(OPERATORS)

    def __init__(self, name: str, place: Any, functions: dict[str, Callable[..., Any]] = OPERATORS) -> None:
        cuda = place.type == "cuda"
        self.name, self.place, self.functions = name, place, functions
        self.device = torch.cuda.get_device_name(place) if cuda else "cpu"
        self.version = f"{torch.__version__} (TF32 off)" if cuda else str(torch.__version__)
        self.deterministic = not cuda  # some gradients are added up atomically there
        self.precision: dict[str, str] = {}
        # cuDNN chooses among all its algorithms, Winograd and FFT included.
        convolutions = ("conv1d", "conv2d", "conv3d", "conv_transpose2d", "residual_basic_block")
        self.algorithms = dict.fromkeys(convolutions, "fast") if cuda else {}

    def call(self, name: str, inputs: Arrays, attributes: dict[str, Any]) -> Arrays:
        tensors = self._tensors(inputs)
        return self._arrays(self._run(name, tensors, attributes), tensors)

    def vjp(self, name: str, inputs: Arrays, attributes: dict[str, Any], cotangents: Arrays) -> Arrays:
        tensors, given = self._tensors(inputs), self._tensors(cotangents)
        leaves = [i for i in floating(tensors) if i not in STATISTICS.get(name, ())]
        found = autodiff(lambda: self._run(name, tensors, attributes), tensors, leaves, given)
        return self._arrays(found, [*tensors, *given])

    def _run(self, name: str, tensors: Arrays, attributes: dict[str, Any]) -> Tensors:
        if name not in self.functions:
            raise LookupError(f"the torch adapter has no operator {name!r}")
        results = self.functions[name](*tensors, **attributes)
        return results if isinstance(results, tuple) else (results,)

    def _tensors(self, arrays: Arrays) -> Arrays:
        return [None if array is None else to_tensor(array).to(self.place) for array in arrays]

    def _arrays(self, tensors: Arrays, inputs: Arrays) -> Arrays:
        return tuple(None if tensor is None else to_array(tensor.cpu()) for tensor in apart(tensors, inputs))


class Bridge:
    """Functions of somebody else's on tensors, called with arrays. They are judged as they are: nothing is refused
    or mended for them, and what is no tensor is handed back unchanged, to be judged as that.

    A function gets tensors on the arrays' own memory wherever torch takes it, so that what is written to or shared
    is seen; what it writes to a copy is written back. Memory shared on another device is not seen.
    """

    def __init__(self, device: str) -> None:
        try:
            self.place = torch.device(device)
            torch.empty(0, device=self.place)
        except (RuntimeError, AssertionError) as error:  # an assertion where torch was built without it
            reason = str(error).splitlines()[0]
            raise Unusable(f"device {device!r}: torch {torch.__version__} does not take it: {reason}") from None

    def call(self, function: Callable[..., Any], inputs: Arrays, attributes: dict[str, Any]) -> Any:
        with self._lent(inputs, attributes) as (tensors, keywords):
            return self._results(function(*tensors, **keywords))

    def vjp(
        self, function: Callable[..., Any], vjp: Callable[..., Any] | None, inputs: Arrays,
        attributes: dict[str, Any], cotangents: Arrays, fixed: Sequence[int] = (),
    ) -> Any:  # fmt: skip
        """By `vjp` where there is one, else by autograd; `fixed` are the inputs that have no gradient."""
        with self._lent([*inputs, *cotangents], attributes) as (tensors, keywords):
            tensors, given = tensors[: len(inputs)], tensors[len(inputs) :]
            if vjp is not None:
                return self._results(vjp(tuple(given) if len(given) > 1 else given[0], *tensors, **keywords))
            leaves = [i for i in floating(tensors) if i not in fixed]
            found = autodiff(lambda: function(*tensors, **keywords), tensors, leaves, given)
            return self._results(tuple(apart(found, [*tensors, *given])))

    @contextmanager
    def _lent(self, arrays: Arrays, attributes: dict[str, Any]) -> Iterator[tuple[list[Any], dict[str, Any]]]:
        tensors = [None if array is None else self._tensor(array) for array in arrays]
        keywords = {k: self._tensor(v) if isinstance(v, np.ndarray) else v for k, v in attributes.items()}
        yield tensors, keywords
        for array, tensor in zip((*arrays, *attributes.values()), (*tensors, *keywords.values()), strict=True):
            if isinstance(array, np.ndarray):
                now = to_array(tensor.detach().cpu())
                if not np.may_share_memory(array, now) and array.tobytes() != now.tobytes():
                    array.flags.writeable = True
                    array[...] = now

    def _tensor(self, array: Any) -> Tensor:
        return to_tensor(array).to(self.place)

    def _results(self, results: Any) -> Any:
        return tuple(map(self._result, results)) if type(results) is tuple else self._result(results)

    def _result(self, result: Any) -> Any:
        if type(result) is not Tensor:
            return result
        if result.device.type != self.place.type:
            raise TypeError(f"a result is on {result.device}, expected {self.place}")
        return to_array(result.detach().cpu())


def create(spec: str = "torch") -> Torch:
    """The candidate named `torch`, `torch:parallel`, `torch:compile`, or `torch:cuda`: no TF32, repeatable algorithms.

    `torch` computes in one thread: waiting for a second one costs more than cases of this size. `torch:parallel` keeps
    the number that PyTorch has chosen.
    """
    cpu = torch.device("cpu")
    if spec == "torch:parallel":
        return Torch(spec, cpu)
    torch.set_num_threads(1)
    if spec == "torch":
        return Torch(spec, cpu)
    if spec == "torch:compile":
        return Torch(spec, cpu, compiled(OPERATORS))
    if spec != "torch:cuda":
        raise LookupError(
            f"no candidate {spec!r}: the torch adapter is torch, torch:parallel, torch:compile or torch:cuda"
        )
    if not torch.cuda.is_available():
        raise LookupError(f"{spec}: torch {torch.__version__} finds no CUDA device")
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction = False
    torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
    return Torch(spec, torch.device("cuda", torch.cuda.current_device()))
