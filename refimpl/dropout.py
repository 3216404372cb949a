"""Dropout: noise that a network must not rely against.

    y = x / (1 - p) where kept, 0 where dropped; each independently dropped with probability p

The survivors are scaled up in training ("inverted" dropout), so that evaluation is the identity; the original
paper scaled down in evaluation. The mask follows from seed and shape alone: Philox is a counter-based
generator, a keyed bijection of the counter, so that neighbouring seeds give independent masks and the
gradient draws the same mask again.
"""

import numpy as np

from .operator import data, flag, integer, operator, rate, result, unlisted

P = rate(0.0, 0.5, 0.3, 0.9, 1.0)
SEED = unlisted(integer(0, 0, 1, 2**63 - 1))


def _kept(shape, p, seed):
    return np.random.Generator(np.random.Philox(key=seed)).random(shape) >= p


def _thin(x, kept, p):
    # Not x * mask: a NaN that is dropped is gone.
    return np.zeros_like(x) if p == 1 else np.where(kept, x / (1 - p), 0)


@operator(
    x=data("*shape", affine=True),
    p=P,
    training=flag(),
    seed=SEED,
    returns={"y": result("*shape", alias=("x",))},
    random=True,
    source="Srivastava et al. 2014; Hinton et al. 2012, arXiv:1207.0580",
)
def dropout(x, *, p, training, seed):
    """Drops each element on its own. In evaluation, x itself."""
    return _thin(x, _kept(x.shape, p, seed), p) if training else x


@dropout.vjp
def dropout_vjp(dy, x, *, p, training, seed):
    return (_thin(dy, _kept(x.shape, p, seed), p) if training else _copy(dy),)


@operator(
    x=data("N C *spatial", affine=True),
    p=P,
    training=flag(),
    seed=SEED,
    returns={"y": result("N C *spatial", alias=("x",))},
    random=True,
    source="Tompson et al. 2015, arXiv:1411.4280",
)
def channel_dropout(x, *, p, training, seed):
    """Drops whole channels, one draw for each (sample, channel). In evaluation, x itself."""
    return _thin(x, _kept_channels(x, p, seed), p) if training else x


@channel_dropout.vjp
def channel_dropout_vjp(dy, x, *, p, training, seed):
    return (_thin(dy, _kept_channels(x, p, seed), p) if training else _copy(dy),)


def _kept_channels(x, p, seed):
    kept = _kept(x.shape[:2], p, seed)
    return np.broadcast_to(np.reshape(kept, (*kept.shape, *(1,) * (x.ndim - 2))), x.shape)


def _copy(dy):
    # A gradient never shares memory with its cotangent.
    return 1 * dy
