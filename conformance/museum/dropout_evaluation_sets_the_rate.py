"""dropout | state | an evaluation sets the rate to 0, and training goes on with it | NVIDIA/Megatron-LM#411"""

from oplaws import refimpl

rates = {}


def dropout(x, *, p, training, seed):
    y = refimpl.dropout(x, p=p, training=training, seed=seed)
    rate = rates.setdefault(p, p)
    if not training:
        rates[p] = 0.0
    return refimpl.dropout(x, p=rate, training=training, seed=seed) if 0 < p < 1 else y


dropout_vjp = refimpl.dropout_vjp
