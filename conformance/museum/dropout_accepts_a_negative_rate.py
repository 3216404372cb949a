"""dropout | illegal-accepted | p below 0 is not refused | tracel-ai/burn#2694"""

from oplaws import refimpl


def dropout(x, *, p, training, seed):
    if p < 0:
        return x / (1 - p) if training else x.copy()
    return refimpl.dropout(x, p=p, training=training, seed=seed)


dropout_vjp = refimpl.dropout_vjp
