"""dropout | state | the same call a second time draws another mask | chainer/chainer#2071"""

from oplaws import refimpl

calls = {}


def dropout(x, *, p, training, seed):
    key = x.shape, p, seed
    calls[key] = calls.get(key, -1) + 1
    return refimpl.dropout(x, p=p, training=training, seed=(seed + calls[key]) % 2**63)


dropout_vjp = refimpl.dropout_vjp
