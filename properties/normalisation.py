"""Normalisation: the moments of what comes out, what the parameters do, and the running statistics."""

import ml_dtypes
import numpy as np

from ..refimpl import batch_norm, layer_norm
from .law import call, exact, generator, gives, identical, law, meet, picked, same, worst
from .legality import without_samples


def _axes(case):
    """The axes over which means are taken."""
    return (-1,) if case.operator is layer_norm else (0, *range(2, case.inputs[0].ndim))


def _per_channel(values, x, operator):
    return values if operator is layer_norm else np.reshape(values, (-1, *(1,) * (x.ndim - 2)))


def _moments_of_batch(asked):
    """Whether each output is normalised by the moments of the input, and there is some."""
    case = asked.case
    return case.finite and case.inputs[0].size > 0 and case.attributes.get("training", True)


def _plain(asked, x=None, **attributes):
    """The candidate with weight 1 and bias 0."""
    given, weight, bias, *statistics = asked.case.inputs
    x = given if x is None else x
    return call(asked, x, np.ones_like(weight), np.zeros_like(bias), *statistics, **attributes)


@law(layer_norm, batch_norm)
def outputs_have_known_moments(asked):
    """With weight 1 and bias 0 the outputs have mean 0 and variance v / (v + eps), v being the input's own."""
    if not _moments_of_batch(asked):
        return None
    axes, y = _axes(asked.case), _plain(asked).seen[0]
    x = exact(asked.case.inputs[0])
    d = x - np.mean(x, axis=axes, keepdims=True)
    v = np.mean(d * d, axis=axes)
    mean, square = np.mean(y, axis=axes), np.mean(y * y, axis=axes)
    return worst([
        meet("mean of y", mean, exact(np.zeros(mean.shape))),
        meet("variance of y times v + eps", square * (v + asked.case.attributes["eps"]), v),
    ])  # fmt: skip


@law(layer_norm, batch_norm)
def weight_and_bias_act_per_channel(asked):
    """f(x, weight, bias) = weight f(x, 1, 0) + bias, one of each for each channel."""
    x, weight, bias, *_ = asked.case.inputs
    if not asked.case.finite or not x.size:
        return None
    w, b = (exact(_per_channel(a, x, asked.operator)) for a in (weight, bias))
    return meet("y", asked.seen[0], _plain(asked).seen[0] * w + b)


@law(layer_norm, batch_norm, every=2)
def constant_input_gives_the_bias(asked):
    """Where all values are equal their deviation is 0, however large they are: y = bias."""
    x, weight, bias, *statistics = asked.case.inputs
    if not _moments_of_batch(asked):
        return None
    value = np.clip(x.reshape(-1)[:1].astype(np.float64), -1e4, 1e4).astype(x.dtype)
    level = np.broadcast_to(value, x.shape).copy()
    y = np.broadcast_to(_per_channel(bias.astype(np.float64), x, asked.operator), x.shape)
    return gives("y", call(asked, level, weight, bias, *statistics), y)


def _shifted(asked):
    """Numbers of little spread, and the same beside a 64: both exact in the dtype."""
    x = asked.case.inputs[0]
    step = max(2.0**-16, 2.0 ** (6 - ml_dtypes.finfo(x.dtype).nmant))
    reach = max(4, int(2.0**-7 / step))
    near = generator(asked).integers(-reach, reach + 1, x.shape) * step
    return near.astype(x.dtype), (near + 64).astype(x.dtype)


@law(layer_norm, batch_norm, every=2)
def input_may_be_shifted(asked):
    """f(x + c) = f(x) with the input's own moments, for a c beside which their spread is small."""
    if not _moments_of_batch(asked):
        return None
    here, there = (call(asked, x, *asked.case.inputs[1:]) for x in _shifted(asked))
    return meet("y", here.seen[0], there.seen[0])


@law(layer_norm, batch_norm, needs="gradient", every=2)
def gradient_of_a_shifted_input(asked):
    """f'(x + c) = f'(x) with the input's own moments, for a c beside which their spread is small."""
    if not _moments_of_batch(asked):
        return None
    cotangents = asked.case.cotangents
    here, there = (call(asked, x, *asked.case.inputs[1:], cotangents=cotangents) for x in _shifted(asked))
    return worst(
        [meet(f"d{name}", *(a.seen_gradient[i] for a in (here, there))) for i, name in enumerate(("x", "weight"))]
    )


@law(layer_norm, batch_norm, needs="gradient")
def gradient_sums_to_zero_over_the_mean(asked):
    """The gradient with regard to the input sums to 0 wherever a mean was subtracted: a shift changes nothing."""
    if not _moments_of_batch(asked):
        return None
    total = np.sum(asked.seen_gradient[0], axis=_axes(asked.case))
    return meet("sum of dx", total, exact(np.zeros(total.shape)))


@law(layer_norm, every=2)
def some_rows_normalised_alone(asked):
    """A row is normalised by itself, wherever it stands: some of them, in another order, as before."""
    x, *rest = asked.case.inputs
    if not asked.case.finite or x.ndim < 2 or len(x) < 2:
        return None
    some = picked(asked, len(x))
    return same("y", asked, call(asked, x[some], *rest), here=some)


# --- batch statistics --------------------------------------------------------------------------------------------


@law(batch_norm)
def batch_statistics(asked):
    """With momentum 1 the running statistics are the batch's: sum x / n, and sum (x - mean)^2 / (n - 1)."""
    if not _moments_of_batch(asked):
        return None
    axes, values = _axes(asked.case), asked.case.inputs[0]
    x, n = exact(values), values.size // values.shape[1]
    mean = np.mean(x, axis=axes, keepdims=True)
    d = x - mean
    _, found_mean, found_variance = call(asked, *asked.case.inputs, momentum=1.0).seen
    return worst([
        meet("running_mean", found_mean, np.mean(x, axis=axes)),
        meet("(n - 1) running_var", found_variance * (n - 1), np.sum(d * d, axis=axes)),
    ])  # fmt: skip


@law(batch_norm)
def running_statistics_move_by_momentum(asked):
    """running(momentum) = (1 - momentum) running + momentum running(1)."""
    m = asked.case.attributes["momentum"]
    if not _moments_of_batch(asked) or m == 1:
        return None
    new = call(asked, *asked.case.inputs, momentum=1.0).seen
    pairs = zip(("running_mean", "running_var"), asked.case.inputs[3:], asked.seen[1:], new[1:], strict=True)
    return worst([meet(name, seen, (1 - m) * exact(old) + m * full) for name, old, seen, full in pairs])


@law(batch_norm)
def statistics_are_kept(asked):
    """In evaluation the running statistics come back bit for bit; an empty batch leaves them as they are."""
    names, statistics = ("running_mean", "running_var"), asked.case.inputs[3:]
    if not asked.case.attributes["training"]:
        pairs = zip(names, statistics, asked.forward[1:], strict=True)
        return worst([identical(name, old, new, "changed in evaluation") for name, old, new in pairs])
    empty = without_samples(asked)
    return worst([gives(name, empty, old, i) for i, (name, old) in enumerate(zip(names, statistics, strict=True), 1)])


@law(batch_norm, every=2)
def evaluation_by_a_variance_of_three(asked):
    """In evaluation with running_var 3 and eps 1: y = (x - running_mean) weight / 2 + bias."""
    x, weight, bias, mean, variance = asked.case.inputs
    if asked.case.attributes["training"] or not asked.case.finite or not x.size:
        return None
    other = call(asked, x, weight, bias, mean, np.full_like(variance, 3), eps=1.0)
    w, b, m = (exact(_per_channel(a, x, batch_norm)) for a in (weight, bias, mean))
    return meet("y", other.seen[0], (exact(x) - m) * w / 2 + b)


@law(batch_norm, every=2)
def some_samples_in_evaluation(asked):
    """In evaluation a sample depends neither on its place nor on the others: some of them, in another order."""
    x, *rest = asked.case.inputs
    if asked.case.attributes["training"] or not asked.case.finite or len(x) < 2:
        return None
    some = picked(asked, len(x))
    return same("y", asked, call(asked, x[some], *rest), here=some)


@law(batch_norm, every=2)
def samples_of_a_batch_may_be_permuted(asked):
    """In training y follows a permutation of the samples."""
    x, *rest = asked.case.inputs
    if not _moments_of_batch(asked) or len(x) < 2:
        return None
    order = generator(asked).permutation(len(x))
    return same("y", asked, call(asked, x[order], *rest), here=order)
