"""dropout | determinism | draws come from the global generator, not the seeded one | harvard-edge/cs249r_book#1869"""

import secrets

from oplaws import refimpl


def dropout(x, *, p, training, seed):
    return refimpl.dropout(x, p=p, training=training, seed=secrets.randbelow(2**63))


dropout_vjp = refimpl.dropout_vjp
