"""What an operator is: a text, the facts declared about it, and the one door to both.

    @operator(x=data("N D"), weight=weight("O D", fan_in="D"), returns={"y": result("N O")}, source="...")
    def project(x, weight): return x @ weight.T

    @project.vjp
    def project_vjp(dy, x, weight): return dy @ weight, dy.T @ x

Positional parameters are arrays, keyword-only ones are attributes. Shapes are written as axis names: `N`, products
`groups*I`, fixed sizes `3`, and one `*spatial` for any number of axes; integer attributes may be used as names.
"""

import functools
import inspect
import itertools
import math
import numbers
import operator as python
from dataclasses import dataclass, field, replace
from typing import Any

import ml_dtypes
import numpy as np

DTYPES = {
    "float64": np.dtype(np.float64),
    "float32": np.dtype(np.float32),
    "float16": np.dtype(np.float16),
    "bfloat16": np.dtype(ml_dtypes.bfloat16),
}
FLOATS = frozenset(DTYPES.values())
HALF = frozenset((DTYPES["float16"], DTYPES["bfloat16"]))


# --- facts about arguments and results ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Array:
    """A declared array argument. `role` says which values make sense in it; `gradient` is True, False or "optional".

    `affine`: the results are affine functions of this array while the others stay as they are.
    """

    shape: str
    role: str = "data"
    optional: bool = False
    gradient: bool | str = True
    fan_in: str = ""
    affine: bool = False
    below: str = ""
    low: int = 0

    @functools.cached_property
    def axes(self):
        return tuple(Axis(token) for token in self.shape.split())


def data(shape, **facts):
    return Array(shape, "data", **facts)


def weight(shape, **facts):
    return Array(shape, "weight", **facts)


def state(shape, **facts):
    return Array(shape, "state", **facts)


def variance(shape, **facts):
    """Values that are never negative."""
    return Array(shape, "variance", **facts)


def probability(shape, **facts):
    return Array(shape, "probability", **facts)


def label(shape, below, **facts):
    """Integers from 0 to the size of axis `below`, exclusive."""
    return Array(shape, "label", gradient=False, below=below, **facts)


def length(shape, upto):
    """Integers from 1 to the size of axis `upto`, inclusive: an attribute of its own kind."""
    return Array(shape, "length", optional=True, gradient=False, below=upto, low=1)


@dataclass(frozen=True)
class Result:
    """A declared result: its axes, the closed range of its values, the arguments whose memory it may be."""

    shape: str
    low: float = -math.inf
    high: float = math.inf
    alias: tuple = ()
    differentiable: bool = True

    @functools.cached_property
    def axes(self):
        return tuple(Axis(token) for token in self.shape.split())


result = Result


@dataclass(frozen=True)
class Attribute:
    """A declared attribute: `convert` refuses what is illegal; `edges` are worth drawing, simplest first.

    `illegal` values are so in every call, `beyond` are legal in themselves but fit few calls.
    """

    convert: Any
    edges: tuple
    illegal: tuple = ()
    beyond: tuple = ()
    per_axis: bool = False


def number(*edges):
    """Any finite number."""
    return Attribute(_finite, edges)


def flag():
    return Attribute(_flag, (False, True))


def choice(*names):
    """One of some names."""

    def one_of(value):
        if not isinstance(value, str) or value not in names:
            raise ValueError(f"must be one of {', '.join(names)}")
        return value

    return Attribute(one_of, names, ("no_such_" + names[0],))


def integer(low, *edges, per_axis=False):
    """An integer of at least `low`; with `per_axis` also one for each spatial axis."""

    def at_least(value):
        if type(value) is not int and (isinstance(value, np.bool_ | bool) or not isinstance(value, numbers.Integral)):
            raise TypeError("must be an integer" + (", or one for each axis" if per_axis else ""))
        if low is not None and value < low:
            raise ValueError(f"must be at least {low}")
        return python.index(value)

    def each(value):
        return tuple(map(at_least, value)) if isinstance(value, (tuple, list)) else at_least(value)

    return Attribute(each if per_axis else at_least, edges, () if low is None else (low - 1,), (7, 1000), per_axis)


def unlisted(attribute):
    """The attribute, of which the contract does not say that illegal values must be refused."""
    return replace(attribute, illegal=(), beyond=())


def or_none(attribute):
    """The attribute, or None."""
    convert = attribute.convert
    return replace(attribute, convert=lambda v: None if v is None else convert(v), edges=(None, *attribute.edges))


def rate(*edges):
    """A number in [0, 1]."""

    def in_unit_interval(value):
        if not 0 <= _real(value) <= 1:
            raise ValueError("must lie in [0, 1]")
        return float(value)

    return Attribute(in_unit_interval, edges, (-0.25, 1.25))


def _real(value):
    if type(value) is not float and (isinstance(value, np.bool_ | bool) or not isinstance(value, numbers.Real)):
        raise TypeError("must be a number")
    return value


def _finite(value):
    if not math.isfinite(_real(value)):
        raise ValueError("must be finite")
    # A Python float takes the precision of the arrays that it meets; a NumPy one would impose its own.
    return float(value)


def _flag(value):
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError("must be True or False")
    return bool(value)


class Unjudged(ValueError):
    """Refused here, though the contract leaves it open: others may accept it."""


# --- axes --------------------------------------------------------------------------------------------------------


class Axis:
    """One token of a shape: a product of names and integers, or `*name` for any number of axes."""

    def __init__(self, token):
        self.token = token
        self.many = token[1:] if token.startswith("*") else ""
        self.factors = () if self.many else tuple(token.split("*"))
        self.name = token if token.isidentifier() else ""

    def __repr__(self):
        return self.token

    def unknown(self, sizes):
        return [name for name in self.factors if not name.isdigit() and name not in sizes]

    def size(self, sizes):
        return math.prod(int(name) if name.isdigit() else sizes[name] for name in self.factors)


def bind(spec, shape, sizes):
    """Match a shape against its axes: add the sizes that it fixes, or raise ValueError saying what does not fit."""
    extra = len(shape) - len(spec)
    if extra and (extra < -1 or not any(axis.many for axis in spec)):
        raise ValueError(f"must have the axes ({', '.join(map(repr, spec))})")
    at = 0
    for axis in spec:
        if axis.many:
            several = shape[at : at + extra + 1]
            if sizes.setdefault(axis.many, several) != several:
                raise ValueError(f"must have {axis!r} = {sizes[axis.many]}")
            at += extra + 1
            continue
        size = shape[at]
        if axis.name:
            if sizes.setdefault(axis.name, size) != size:
                raise ValueError(f"must have an axis {at} ({axis!r}) of size {sizes[axis.name]}")
        elif unknown := axis.unknown(sizes):
            known = math.prod(int(n) if n.isdigit() else sizes[n] for n in axis.factors if n not in unknown)
            if len(unknown) > 1 or size % known:
                raise ValueError(f"must have an axis {at} ({axis!r}) that is a multiple of {known}")
            sizes[unknown[0]] = size // known
        elif size != axis.size(sizes):
            raise ValueError(f"must have an axis {at} ({axis!r}) of size {axis.size(sizes)}")
        at += 1
    return sizes


def shape_of(spec, sizes):
    """The shape that axes have under these sizes."""
    shape = []
    for axis in spec:
        shape.extend(sizes[axis.many] if axis.many else (axis.size(sizes),))
    return tuple(shape)


# --- the door ----------------------------------------------------------------------------------------------------


def foreign(values):
    """The first array that is not a NumPy array and answers NumPy's functions itself (a ball, a graph node)."""
    for value in values:
        if type(value) is not np.ndarray and hasattr(value, "__array_function__"):
            if not isinstance(value, np.ndarray):
                return value
        elif type(value) is tuple and (inner := foreign(value)) is not None:
            return inner
    return None


def enter(door, arguments, attributes):
    """Let a foreign array answer for the door, as it would for a NumPy function; None where all are NumPy's."""
    other = foreign(arguments)
    return None if other is None else other.__array_function__(door, (type(other),), arguments, attributes)


@dataclass(eq=False)
class Operator:
    """An operator: `text` is its formula, everything else is declared. Call it on arrays, balls or graph nodes alike.

    Raises ValueError or TypeError naming the operator, the argument and what it got.
    """

    text: Any
    arrays: dict
    attributes: dict
    results: dict
    source: str
    check: Any = None
    derive: Any = None
    elementwise: bool = False
    random: bool = False
    avoid: tuple = ()
    variadic: str = ""
    gradient: Any = field(default=None, repr=False)

    def __post_init__(self):
        self.name = self.text.__name__
        self.__name__, self.__doc__, self.__module__ = self.name, self.text.__doc__, self.text.__module__
        parameters = inspect.signature(self.text).parameters.values()
        self.defaults = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is not p.empty}
        self.positions = [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.VAR_POSITIONAL)]
        self.variadic = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), "")
        self.required = sum(p.kind is p.POSITIONAL_OR_KEYWORD and p.default is p.empty for p in parameters)
        keywords = {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}
        if set(self.positions) != set(self.arrays) or keywords != set(self.attributes):
            raise TypeError(f"{self.name}: the declaration and the parameters of its text differ")
        if any(self.declared(i).gradient for i in range(len(self.positions))):
            self.gradient = Gradient(self)

    def __repr__(self):
        return f"<operator {self.name}>"

    def declared(self, position):
        """The declaration of the array at a position."""
        return self.arrays[self.argument(position)]

    def argument(self, position):
        """The name of the argument at a position."""
        return self.positions[min(position, len(self.positions) - 1)]

    def __call__(self, *arrays, **attributes):
        if (answer := enter(self, arrays, attributes)) is not None:
            return answer
        arrays, attributes, _ = self.admit(arrays, attributes)
        return self.round(self.run(self.widen(arrays), attributes), self.dtype(arrays))

    def run(self, arrays, attributes):
        """The text itself, on arguments that were admitted."""
        return self.text(*arrays, **attributes)

    def complete(self, arrays, attributes):
        """The arguments with the optional arrays that were left out as None, and the attributes' defaults."""
        absent = len(self.positions) - bool(self.variadic) - len(arrays)
        return (*arrays, *(None,) * absent), {**self.defaults, **attributes}

    def vjp(self, text):
        """Register the gradient's text, `NAME_vjp(dy, *arrays, **attributes)`: one result for each array."""
        self.gradient = Gradient(self, text)
        return self.gradient

    def dtype(self, arrays):
        return next((a.dtype for a in arrays if a is not None and a.dtype in FLOATS), None)

    @staticmethod
    def widen(arrays):
        return tuple([a.astype(np.float32) if a is not None and a.dtype in HALF else a for a in arrays])

    @staticmethod
    def round(values, dtype):
        if isinstance(values, tuple):
            return tuple(Operator.round(v, dtype) for v in values)
        if values is None or values.dtype == dtype:
            return values
        with np.errstate(over="ignore"):
            return values.astype(dtype)

    def sizes(self, arrays, attributes):
        """The size of every axis, bound from the shapes; raises ValueError where they do not fit."""
        sizes = {k: v for k, v in attributes.items() if type(v) is int}
        sizes.update(self.derive(attributes) if self.derive else {})
        for name, spec, array in self.named(arrays):
            if array is not None and spec.shape != "...":
                self._blame(name, array.shape, bind, spec.axes, array.shape, sizes)
        return sizes

    def named(self, arrays):
        """Each array with the name and the declaration of its argument."""
        names = itertools.chain(self.positions, itertools.repeat(self.variadic))
        return [(name, self.arrays[name], array) for name, array in zip(names, arrays)]  # noqa: B905

    def result_shapes(self, arrays, attributes):
        """The shapes of the results: from the declared axes, or by running the text where those do not tell."""
        arrays, attributes, sizes = self.admit(arrays, attributes)
        try:
            return [shape_of(spec.axes, sizes) for spec in self.results.values()]
        except KeyError:
            results = self.run(self.widen(arrays), attributes)
            return [y.shape for y in (results if isinstance(results, tuple) else (results,))]

    def admit(self, arrays, attributes):
        """Arrays, complete attributes and sizes; raises ValueError or TypeError for every illegal argument."""
        limit = math.inf if self.variadic else len(self.positions)
        if not self.required <= len(arrays) <= limit:
            raise TypeError(f"{self.name}: takes the arrays {', '.join(self.positions)}, got {len(arrays)} arrays")
        if unknown := attributes.keys() - self.attributes.keys():
            raise TypeError(f"{self.name}: has no attribute {min(unknown)}, got {attributes[min(unknown)]!r}")
        arrays, attributes = self.complete(arrays, attributes)
        if missing := self.attributes.keys() - attributes.keys():
            raise TypeError(f"{self.name}: {min(missing)} must be given, got nothing")
        dtype, named, lengths = None, self.named(arrays), []
        for name, spec, array in named:
            dtype = self._blame(name, array, _admit_array, spec, array, dtype)
        for name, attribute in self.attributes.items():
            value = attributes[name]
            if not isinstance(attribute, Array):
                attributes[name] = self._blame(name, value, attribute.convert, value)
            elif value is not None:
                lengths.append((name, attribute, value))
                self._blame(name, value, _admit_array, attribute, value, dtype)
        sizes = self.sizes(arrays, attributes)
        for name, spec, array in lengths:
            self._blame(name, array.shape, bind, spec.axes, array.shape, sizes)
        if self.check:
            try:
                self.check([None if a is None else a.shape for a in arrays], attributes, sizes)
            except (ValueError, TypeError) as error:
                raise type(error)(f"{self.name}: {error}") from None
        for name, spec, array in (*named, *lengths):
            if spec.below and array is not None and array.size:
                high = sizes[spec.below] - 1 + spec.low
                bad = (array < spec.low) | (array > high)
                if np.any(bad):
                    got = array[bad].flat[0]
                    raise ValueError(f"{self.name}: {name} must lie in {spec.low}..{high}, got {got}")
        return arrays, attributes, sizes

    def _blame(self, argument, got, function, *args):
        try:
            return function(*args)
        except (ValueError, TypeError) as error:
            what = got if not isinstance(got, np.ndarray) else f"{got.dtype} array of shape {got.shape}"
            raise type(error)(f"{self.name}: {argument} {error}, got {what!r}") from None


def _admit_array(spec, array, dtype):
    if array is None and spec.optional:
        return dtype
    if not isinstance(array, (np.ndarray, np.generic)):
        raise TypeError("must be a NumPy array" + (" or None" if spec.optional else ""))
    if spec.role in ("label", "length"):
        if array.dtype.kind not in "iu":
            raise TypeError("must hold integers")
        return dtype
    if array.dtype not in FLOATS:
        raise TypeError(f"must be one of {', '.join(DTYPES)}")
    if dtype is not None and array.dtype != dtype:
        raise TypeError(f"must be {dtype} like the arrays before it")
    return array.dtype


class Gradient:
    """The vector-Jacobian product of an operator: `NAME_vjp(cotangent, *arrays, **attributes)`.

    One entry for each array, None where it is absent or not differentiable. Without a text of its own it is found by
    reverse accumulation through the operator's text.
    """

    def __init__(self, operator, text=None):
        self.operator, self.text = operator, text
        self.name = self.__name__ = operator.name + "_vjp"
        self.__doc__ = f"Gradient of {operator.name}: the cotangents of its arrays, given those of its results."

    def __repr__(self):
        return f"<gradient of {self.operator.name}>"

    def __call__(self, cotangent, *arrays, **attributes):
        if (answer := enter(self, (cotangent, *arrays), attributes)) is not None:
            return answer
        forward = self.operator
        arrays, attributes, sizes = forward.admit(arrays, attributes)
        given = cotangent if len(forward.results) > 1 else (cotangent,)
        if not isinstance(given, tuple) or len(given) != len(forward.results):
            raise TypeError(f"{self.name}: cotangent must be a tuple of {len(forward.results)}, got {type(cotangent)}")
        if cotangent is None:
            raise TypeError(f"{self.name}: cotangent must be an array, got None")
        dtype = forward.dtype(arrays)
        for (name, spec), dy in zip(forward.results.items(), given, strict=True):
            if dy is not None and (not isinstance(dy, (np.ndarray, np.generic)) or dy.dtype != dtype):
                raise TypeError(f"{self.name}: the cotangent of {name} must be a {dtype} array, got {type(dy)}")
            axes = spec.axes
            if dy is not None and all(axis.many in sizes if axis.many else not axis.unknown(sizes) for axis in axes):
                forward._blame(f"the cotangent of {name}", dy.shape, bind, axes, dy.shape, sizes)
        widened = forward.widen(given) if len(given) > 1 else forward.widen(given)[0]
        return forward.round(self.run(widened, forward.widen(arrays), attributes), dtype)

    def run(self, cotangent, arrays, attributes):
        """The gradient on admitted arguments, cotangents that are None filled with zeros."""
        forward = self.operator
        arrays, attributes = forward.complete(arrays, attributes)
        if isinstance(cotangent, tuple) and any(dy is None for dy in cotangent):
            sizes = forward.sizes(arrays, attributes)
            like = next(a for a in (*cotangent, *arrays) if a is not None)
            cotangent = tuple(
                np.zeros_like(like, shape=shape_of(spec.axes, sizes)) if dy is None else dy
                for dy, spec in zip(cotangent, forward.results.values(), strict=True)
            )
        if self.text is not None:
            return self.text(cotangent, *arrays, **attributes)
        from .backprop import vjp

        return vjp(lambda *a: forward.text(*a, **attributes), arrays, cotangent)


def operator(*, returns, source, check=None, derive=None, elementwise=False, random=False, avoid=(), **arguments):
    """Declare an operator: its arrays and attributes by name, its results, its source, and what else is known of it.

    check(shapes, attributes, sizes) raises ValueError for what the axes cannot say, and may add to the sizes those of
    the results; derive(attributes) gives sizes that follow from attributes; `avoid` names the regimes of values that
    are not to be drawn for it.
    """

    def declare(text):
        names = [p.name for p in inspect.signature(text).parameters.values() if p.kind is not p.KEYWORD_ONLY]
        arrays = {name: arguments[name] for name in names if name in arguments}
        attributes = {name: spec for name, spec in arguments.items() if name not in arrays}
        return Operator(text, arrays, attributes, returns, source, check, derive, elementwise, random, avoid)

    return declare
