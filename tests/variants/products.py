"""Matrix products in every order and precision that the variants need.

A product takes a (..., M, K), b (..., K, N) and an optional addend `start`, and returns a b + start in the
dtype of a. Sums are products with ones (`total`), so one choice settles the arithmetic of a whole operator.
"""

import numpy as np

WIDER = {"float32": np.float64, "float64": np.longdouble}


def plain(a, b, start=None):
    y = a @ b
    return y if start is None else y + start


def total(product):
    """The sum over some axes (default: all), in the order and precision of the product."""

    def sum_over(x, axes=None):
        axes = tuple(range(x.ndim)) if axes is None else axes
        kept = [n for k, n in enumerate(x.shape) if k not in axes]
        count = int(np.prod([x.shape[k] for k in axes], dtype=int))
        rows = np.moveaxis(x, axes, range(len(axes))).reshape(count, int(np.prod(kept, dtype=int)))
        return product(np.ones((1, count), x.dtype), rows).reshape(kept)

    return sum_over


# Orders of summation: all of them correct.


def _accumulate(a, b, start, order, step):
    shape = np.broadcast_shapes(a.shape[:-2], b.shape[:-2]) + (a.shape[-2], b.shape[-1])
    y = np.zeros(shape, a.dtype) if start is None else np.array(np.broadcast_to(start, shape))
    for k in order:
        y = step(y, a[..., :, k, None], b[..., None, k, :])
    return y


def _add(y, a, b):
    return y + a * b


def _fused(y, a, b):
    wide = WIDER[a.dtype.name]
    return (y.astype(wide) + a.astype(wide) * b.astype(wide)).astype(a.dtype)


def sequential(a, b, start=None):
    """One accumulator that starts from the bias: the plain triple loop."""
    return _accumulate(a, b, start, range(a.shape[-1]), _add)


def backwards(a, b, start=None):
    return _accumulate(a, b, start, reversed(range(a.shape[-1])), _add)


def shuffled(a, b, start=None):
    return _accumulate(a, b, start, np.random.default_rng(7).permutation(a.shape[-1]), _add)


def fused(a, b, start=None):
    """Product and sum rounded once per step."""
    return _accumulate(a, b, start, range(a.shape[-1]), _fused)


def blocked(a, b, start=None, size=5):
    """Partial sums of `size` products, as a tiled kernel forms them."""
    y = None
    for k in range(0, max(a.shape[-1], 1), size):
        part = sequential(a[..., k : k + size], b[..., k : k + size, :])
        y = part if y is None else y + part
    return y if start is None else y + start


def pairwise(a, b, start=None):
    def halve(low, high):
        if high - low < 2:
            return sequential(a[..., low:high], b[..., low:high, :])
        middle = (low + high) // 2
        return halve(low, middle) + halve(middle, high)

    y = halve(0, a.shape[-1])
    return y if start is None else y + start


def wide(a, b, start=None):
    """Sums in the next wider type, rounded once."""
    wider = WIDER[a.dtype.name]
    y = a.astype(wider) @ b.astype(wider)
    return (y if start is None else y + start).astype(a.dtype)


# Coarser arithmetic sold as float32. Float64 stays untouched: no library degrades it.


def keep_bits(x, bits, nearest=True):
    """float32 with `bits` explicit bits of significand: 10 is TF32, 7 is bfloat16."""
    drop = 23 - bits
    raw = np.ascontiguousarray(x).view(np.uint32)
    carry = (1 << (drop - 1)) - 1 + ((raw >> drop) & 1) if nearest else 0
    kept = ((raw + carry) >> drop << drop).astype(np.uint32).view(np.float32)
    return np.where(np.isfinite(x), kept, x)


def coarse(rounding):
    """Operands rounded before they are multiplied, sums in float32."""

    def product(a, b, start=None):
        if a.dtype != np.float32:
            return plain(a, b, start)
        return plain(rounding(a), rounding(b), start)

    return product


half = coarse(lambda x: x.astype(np.float16).astype(np.float32))
tf32 = coarse(lambda x: keep_bits(x, 10))
tf32_truncated = coarse(lambda x: keep_bits(x, 10, nearest=False))
bf16 = coarse(lambda x: keep_bits(x, 7))


def bf16x3(a, b, start=None):
    """Each operand split in two bfloat16 parts; the product of the small parts is left out."""
    if a.dtype != np.float32:
        return plain(a, b, start)
    big_a, big_b = keep_bits(a, 7), keep_bits(b, 7)
    small_a, small_b = keep_bits(a - big_a, 7), keep_bits(b - big_b, 7)
    return plain(big_a, big_b, plain(big_a, small_b, plain(small_a, big_b, start)))


def half_accumulator(a, b, start=None):
    """Exact products, running sum kept in float16."""
    if a.dtype != np.float32:
        return plain(a, b, start)

    def step(y, a, b):
        return (y + a * b).astype(np.float16).astype(np.float32)

    y = _accumulate(a, b, None, range(a.shape[-1]), step)
    return y if start is None else y + start
