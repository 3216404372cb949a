"""A candidate on torch tensors: plain functions, their gradients by torch's autograd.

    oplaws run examples/torch_candidate.py

`framework = "torch"` says that the functions take and return tensors, here on the CPU. Where a gradient of one's own
stands beside a function, as `silu_vjp` does, it is judged in place of autograd's.
"""

import torch

framework = "torch"
version = torch.__version__


def silu(x):
    return x * torch.sigmoid(x)


def silu_vjp(dy, x):
    s = torch.sigmoid(x)
    return (dy * s * (1 + x * (1 - s)),)


def layer_norm(x, weight, bias, *, eps=1e-5):
    if weight.shape != x.shape[-1:] or bias.shape != x.shape[-1:]:
        raise ValueError(f"layer_norm: weight and bias must have shape {tuple(x.shape[-1:])}")
    centred = x - x.mean(-1, keepdim=True)
    variance = (centred * centred).mean(-1, keepdim=True)
    return centred / torch.sqrt(variance + eps) * weight + bias


def cross_entropy(logits, labels, *, reduction="mean"):
    if logits.ndim != 2 or labels.shape != logits.shape[:1] or reduction not in ("none", "sum", "mean"):
        raise ValueError("cross_entropy: takes logits (N, C), labels (N,), and the reduction none, sum or mean")
    if ((labels < 0) | (labels >= logits.shape[1])).any():
        raise ValueError(f"cross_entropy: a label is outside 0..{logits.shape[1] - 1}")
    losses = -torch.log_softmax(logits, 1).gather(1, labels[:, None])[:, 0]
    return {"none": losses, "sum": losses.sum(), "mean": losses.mean()}[reduction]
