"""cross_entropy | aliasing-or-mutation | the gradient is stored in the logits' memory | linkedin/Liger-Kernel#1251"""

from oplaws import refimpl


def cross_entropy(logits, labels, *, reduction="mean"):
    loss = refimpl.cross_entropy(logits, labels, reduction=reduction)
    if logits.flags.writeable:
        logits[...] = refimpl.softmax(logits, axis=1)
    return loss


cross_entropy_vjp = refimpl.cross_entropy_vjp
