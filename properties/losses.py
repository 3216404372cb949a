"""Losses: where the minimum lies, what a loss is at round numbers, reductions, and gradients from the loss itself."""

import numpy as np

from ..refimpl import binary_cross_entropy_with_logits, cross_entropy, mse_loss
from .ball import Ball
from .law import agree, blaming, call, exact, generator, gives, law, meet, worst

LOSSES = (mse_loss, cross_entropy, binary_cross_entropy_with_logits)


def _reduced(losses, reduction):
    """Losses of all elements, given as numbers, reduced."""
    total = losses if reduction == "none" else np.sum(losses)
    return total / losses.size if reduction == "mean" else total


def _judged(asked):
    return asked.case.finite and asked.case.inputs[0].size > 0


@law(*LOSSES)
def reductions_agree(asked):
    """sum = the sum of none, mean = sum / n, n being the number of losses."""
    if not _judged(asked):
        return None
    none, total, mean = (
        asked if asked.case.attributes["reduction"] == name else call(asked, *asked.case.inputs, reduction=name)
        for name in ("none", "sum", "mean")
    )
    each = none.seen[0]
    added = np.sum(each)
    return worst([meet("sum", total.seen[0], added), meet("mean", mean.seen[0], added / each.size)])


@law(*LOSSES, needs="gradient")
def gradients_share_the_cotangent(asked):
    """The gradient of none is dy times that of sum under 1; of sum likewise; of mean it is dy / n times that."""
    if not _judged(asked):
        return None
    case, (dy,) = asked.case, asked.case.cotangents
    one = call(asked, *case.inputs, cotangents=(np.ones((), dy.dtype),), reduction="sum")
    logits = case.inputs[0]
    share = exact(dy)
    if case.attributes["reduction"] == "mean":
        share = share / (len(logits) if case.operator is cross_entropy else logits.size)
    elif dy.ndim < logits.ndim and dy.ndim:
        share = np.expand_dims(share, -1)
    pairs = zip(asked.gradient_names, asked.seen_gradient, one.seen_gradient, strict=True)
    return worst([meet(name, dx, share * unit) for name, dx, unit in pairs if dx is not None and unit is not None])


@law(cross_entropy, every=2)
def impossible_classes_change_nothing(asked):
    """A further class whose logit is -inf, anywhere among the others, leaves every loss as it is."""
    if not _judged(asked):
        return None
    logits, labels = asked.case.inputs
    place = int(generator(asked).integers(logits.shape[1] + 1))
    masked = np.insert(logits, place, -np.inf, axis=1)
    other = call(asked, masked, labels + (labels >= place), cotangents=asked.case.cotangents)
    seen, expected = asked.seen[0], asked.expected[0]
    with blaming(other):  # a number as well: NaN is what 0 times -inf gives
        return agree(Ball(seen.m, seen.r + expected.r, expected.arithmetic, seen.any), other.forward[0], "loss")


# --- squares -----------------------------------------------------------------------------------------------------


@law(mse_loss)
def no_loss_at_the_target(asked):
    """mse_loss(x, x) = 0, exactly."""
    if not _judged(asked):
        return None
    x = asked.case.inputs[0]
    return gives("loss", call(asked, x, x.copy()), 0.0)


@law(mse_loss)
def prediction_and_target_may_be_exchanged(asked):
    """mse_loss(a, b) = mse_loss(b, a)."""
    if not _judged(asked):
        return None
    return meet("loss", asked.seen[0], call(asked, *asked.case.inputs[::-1]).seen[0])


@law(mse_loss)
def squares_of_whole_steps(asked):
    """mse_loss(t + d, t) is d^2, reduced, for whole numbers t and d."""
    if not _judged(asked):
        return None
    rng, x = generator(asked), asked.case.inputs[0]
    t, d = (rng.integers(-4, 5, x.shape) for _ in range(2))
    value = _reduced(np.asarray(d * d), asked.case.attributes["reduction"])
    return gives("loss", call(asked, (t + d).astype(x.dtype), t.astype(x.dtype)), value)


@law(mse_loss, needs="gradient")
def squared_error_gradient_from_the_loss(asked):
    """dprediction^2 = 4 loss dy^2 of each element, dy shared among them as the loss is; dtarget = -dprediction."""
    if not _judged(asked):
        return None
    losses = call(asked, *asked.case.inputs, reduction="none").seen[0]
    share = _share(asked)
    slope, back = asked.seen_gradient
    found = meet("dprediction^2", slope * slope, 4 * losses * (share * share))
    return found if back is None else worst([found, meet("dprediction + dtarget", slope + back, 0 * slope)])


# --- cross entropy -----------------------------------------------------------------------------------------------


@law(cross_entropy)
def cross_entropy_of_certainty(asked):
    """With one logit 2^10 above the others the loss is 0 for its label, 2^10 for each other one."""
    if not _judged(asked):
        return None
    rng, (logits, labels) = generator(asked), asked.case.inputs
    classes = int(rng.choice((logits.shape[1], 300)))  # more than a byte can tell apart
    sure, others = rng.integers(classes, size=(2, min(len(labels), 300)))
    labels = np.where(rng.random(len(sure)) < 0.5, sure, others)
    x = np.where(np.arange(classes) == sure[:, None], 1024, 0).astype(logits.dtype)
    value = _reduced(np.where(labels == sure, 0.0, 1024.0), asked.case.attributes["reduction"])
    return gives("loss", call(asked, x, labels), value)


@law(cross_entropy)
def cross_entropy_of_every_label(asked):
    """Of one row of up to 100: e^-loss over all labels sums to 1, and loss_i - loss_k = x_k - x_i."""
    if not _judged(asked):
        return None
    logits = asked.case.inputs[0]
    row = logits[generator(asked).integers(len(logits)), :100]
    labels = np.arange(row.size)
    losses = call(asked, np.tile(row, (row.size, 1)), labels, reduction="none").seen[0]
    k = int(np.argmax(row))
    total, x = np.sum(np.exp(-losses)), exact(row)
    return worst([
        meet("sum of e^-loss", total, exact(np.ones(()))),
        meet("loss - least loss", losses - losses[k : k + 1], x[k : k + 1] - x),
    ])  # fmt: skip


@law(cross_entropy, every=2)
def cross_entropy_of_shifted_logits(asked):
    """cross_entropy(x + c, labels) = cross_entropy(x, labels), on whole numbers and a c whose exponential overflows."""
    if not _judged(asked):
        return None
    logits, labels = asked.case.inputs
    whole = np.trunc(np.clip(logits.astype(np.float64), -8, 8))
    c = 1024 if logits.dtype == np.float64 else 128
    here, there = (call(asked, x.astype(logits.dtype), labels) for x in (whole, whole - c))
    return meet("loss", here.seen[0], there.seen[0])


@law(cross_entropy, needs="gradient")
def cross_entropy_gradient_sums_to_zero(asked):
    """The gradient with regard to the logits of a row sums to 0 over the classes."""
    if not _judged(asked):
        return None
    total = np.sum(asked.seen_gradient[0], axis=1)
    return meet("sum of dlogits", total, exact(np.zeros(total.shape)))


def _share(asked):
    """The cotangent of each loss, beside the logits."""
    case, (dy,) = asked.case, asked.case.cotangents
    logits = case.inputs[0]
    if case.operator is cross_entropy:
        share = np.broadcast_to(exact(dy), logits.shape[:1])
    else:
        share = np.broadcast_to(exact(dy), logits.shape)
    return share / share.size if case.attributes["reduction"] == "mean" else share


@law(cross_entropy, needs="gradient")
def cross_entropy_gradient_from_the_loss(asked):
    """The gradient at the label's logit is (e^-loss - 1) dy, shared among the rows as the loss is."""
    if not _judged(asked):
        return None
    logits, labels = asked.case.inputs
    losses = call(asked, logits, labels, reduction="none").seen[0]
    at_label = asked.seen_gradient[0][np.arange(len(labels)), labels]
    return meet("dlogits at the label", at_label, np.expm1(-losses) * _share(asked))


# --- binary cross entropy ----------------------------------------------------------------------------------------


@law(binary_cross_entropy_with_logits)
def binary_cross_entropy_of_certainty(asked):
    """At z = 2^10 or -2^10 the loss is 0 for the target on its side, 2^10 for the other one."""
    if not _judged(asked):
        return None
    rng, z = generator(asked), asked.case.inputs[0]
    side, t = rng.integers(2, size=z.shape), rng.integers(2, size=z.shape)
    value = _reduced(1024.0 * (side != t), asked.case.attributes["reduction"])
    return gives("loss", call(asked, (1024 * (2 * side - 1)).astype(z.dtype), t.astype(z.dtype)), value)


@law(binary_cross_entropy_with_logits)
def binary_cross_entropy_by_the_exponential(asked):
    """With the target on the side of z, e^loss = 1 + e^-|z|; on the other one it is |z| more; linear in between."""
    if not _judged(asked):
        return None
    z, t = asked.case.inputs
    right = (z > 0).astype(z.dtype)
    near, far, own = (call(asked, z, target, reduction="none").seen[0] for target in (right, 1 - right, t))
    size, share = exact(np.abs(z)), np.abs(exact(t) - exact(right))
    return worst([
        meet("e^loss - 1 at the near target", np.expm1(near), np.exp(-size)),
        meet("loss at the far target", far, near + size),
        meet("loss", own, (1 - share) * near + share * far),
    ])  # fmt: skip


@law(binary_cross_entropy_with_logits, needs="gradient")
def binary_cross_entropy_gradient_from_the_loss(asked):
    """dz = (e^-loss(z, 1) - t) dy, shared among the elements as the loss is."""
    if not _judged(asked):
        return None
    z, t = asked.case.inputs
    positive = call(asked, z, np.ones_like(z), reduction="none").seen[0]
    return meet("dlogits", asked.seen_gradient[0], (np.exp(-positive) - exact(t)) * _share(asked))
