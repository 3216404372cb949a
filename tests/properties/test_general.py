"""The laws of every operator hold for the reference, and each of them can fail."""

import math

import numpy as np
import pytest

from oplaws import refimpl
from oplaws.conformance.engine import judge
from oplaws.properties.case import is_drawn
from oplaws.properties.law import registry
from oplaws.refimpl import operators


@pytest.mark.parametrize("name", operators)
def test_the_laws_hold_for_the_reference(name):
    report = judge("reference", [name], dtypes=["float32"], examples=6)
    assert report.passed, str(report)
    judged = {v.law for v in report.operators[name].laws if v.examples}
    concerned = {law.name for law in registry.values() if law.concerns(operators[name])}
    assert {"inputs_unchanged", "no_shared_memory", "determinism", "no_memory_of_earlier_calls"} <= judged <= concerned
    missing = {v.law for v in report.operators[name].laws if v.verdict == "missing"}
    assert not missing


def relu(x):
    return np.maximum(x, 0)


def relu_vjp(dy, x):
    return (dy * (x > 0),)


class Cache:
    """An answer remembered by where the input lies."""

    def __init__(self, function):
        self.function, self.known = function, {}

    def __call__(self, *arrays):
        where = tuple(a.ctypes.data for a in arrays)
        return self.known.setdefault(where, self.function(*arrays))


class Buffer:
    """One place for all results."""

    def __init__(self, function):
        self.function, self.places = function, {}

    def __call__(self, *arrays):
        result = self.function(*arrays)
        y = result[0] if isinstance(result, tuple) else result
        place = self.places.setdefault((y.shape, y.dtype), y)
        place[...] = y
        return (place,) if isinstance(result, tuple) else place


class Drift:
    """Another answer at every call."""

    def __init__(self, function):
        self.function, self.calls = function, 0

    def __call__(self, *arrays):
        self.calls += 1
        result = self.function(*arrays)
        one = np.asarray(self.calls, arrays[0].dtype)
        return (result[0] + one,) if isinstance(result, tuple) else result + one


def lenient_cross_entropy(logits, labels, *, reduction="mean"):
    return refimpl.cross_entropy(logits, np.clip(labels, 0, logits.shape[1] - 1), reduction=reduction)


def lenient_rnn(x, *rest, lengths=None, **attributes):
    return refimpl.rnn(x, *rest, lengths=None if lengths is None else np.clip(lengths, 1, len(x)), **attributes)


def broadcasting_mse_loss(prediction, target, *, reduction="mean"):
    shape = np.broadcast_shapes(prediction.shape, target.shape)
    arrays = (np.broadcast_to(a, shape).copy() for a in (prediction, target))
    return refimpl.mse_loss(*arrays, reduction=reduction)


def scaled_linear_vjp(dy, x, weight, bias=None):
    dx, dweight, dbias = refimpl.linear_vjp(dy, x, weight, bias)
    return dx * np.asarray(1.001, x.dtype), dweight * np.asarray(0.999, x.dtype), dbias


def first_and_last(x, kept={}):  # noqa: B006
    """A memory of calls by shape and first number."""
    key = x.shape, x.tobytes()[:8]
    return kept.setdefault(key, refimpl.relu(x)).copy()


def remembering_elu(x, *, alpha=1.0, kept=[]):  # noqa: B006
    kept.append(alpha)
    return refimpl.elu(x, alpha=kept[-2] if len(kept) % 2 == 0 else alpha)


def remembering_elu_vjp(dy, x, *, alpha=1.0, kept=[]):  # noqa: B006
    kept.append(alpha)
    return refimpl.elu_vjp(dy, x, alpha=kept[-2:][0])


def remembering_sizes(x, weight, bias=None, *, kept=[]):  # noqa: B006
    """Rows beyond those of the call before are zero."""
    y = refimpl.linear(x, weight, bias)
    rows = math.prod(x.shape[:-1])
    kept.append(rows)
    y.reshape(rows, -1)[kept[-2] if len(kept) % 2 == 0 else rows :] = 0
    return y


class InAnyOrder(Drift):
    """Another gradient at every call, where sums depend on their order: on integers they do not."""

    def __call__(self, dy, x):
        whole = np.array_equal(x, np.round(x)) and not np.array_equal(dy, np.round(dy))
        return super().__call__(dy, x) if whole else self.function(dy, x)


def in_memory_order(x):
    return refimpl.relu(x.ravel(order="K")).reshape(x.shape)


def clipping_linear_vjp(dy, x, weight, bias=None):
    return refimpl.linear_vjp(np.clip(dy, -4, 4), x, weight, bias)


def folding_linear_vjp(dy, x, weight, bias=None):
    return refimpl.linear_vjp(np.abs(dy), x, weight, bias)


def by_sorted_numbers(x, kept=[(None, None)]):  # noqa: B006
    """A memory of the last call whose key is blind to order."""
    key = x.shape, np.sort(x, axis=None).tobytes()
    if kept[0][0] != key:
        kept[0] = key, refimpl.relu(x)
    return kept[0][1].copy()


def not_of_one_array(prediction, target, **attributes):
    y = refimpl.mse_loss(prediction, target, **attributes)
    return y + y.dtype.type(np.may_share_memory(prediction, target))


def zeros_for_an_owner(x):
    return 0 * x if x.flags.owndata else relu(x)


class TwoBuffers(Buffer):
    """Every other result in the same place."""

    def __call__(self, *arrays):
        self.places, self.others = getattr(self, "others", {}), self.places
        return super().__call__(*arrays)


def writes_beyond(x):
    y = relu(x)
    root = x
    while root.base is not None:
        root = root.base
    if root.dtype == np.uint8:
        root[:2] = 7
    return y


class Lender:
    """The result lies in what the call before was given."""

    def __init__(self):
        self.given = np.zeros(0)

    def __call__(self, x):
        y, place = relu(x), self.given
        self.given = x
        if place.dtype != x.dtype or place.size < x.size or not (place.flags.writeable and place.flags.c_contiguous):
            return y
        place = place.reshape(-1)[: x.size].reshape(x.shape)
        place[...] = y
        return place


OUTPUT = {}


def remembering(x):
    OUTPUT["y"] = refimpl.sigmoid(x)
    return np.array(OUTPUT["y"])


def remembered_slope(dy, x):
    """From the output of the last forward call, where its shape is that of x."""
    y = OUTPUT.get("y", 0)
    y = y if np.shape(y) == x.shape and y.dtype == x.dtype else refimpl.sigmoid(x)
    return (dy * (y * (1 - y)),)


WRONG = {
    "agreement": {"relu": np.abs},
    "gradient_agreement": {"relu_vjp": lambda dy, x: (dy * (x > 1),)},
    "gradient_by_mean_value": {"sigmoid_vjp": lambda dy, x: (refimpl.sigmoid_vjp(dy, x)[0] * x.dtype.type(1.001),)},
    "adjoint": {"linear_vjp": scaled_linear_vjp},
    "gradients_are_linear_in_the_cotangent": {"linear_vjp": clipping_linear_vjp},
    "gradients_are_linear_in_the_cotangent, sign": {"linear_vjp": folding_linear_vjp},
    "ranges": {"sigmoid": lambda x: refimpl.sigmoid(x) * x.dtype.type(1.001)},
    "inputs_unchanged": {"relu": lambda x: np.copyto(x, 0, casting="unsafe") or x + 0},
    "no_shared_memory": {"relu": lambda x: x.view()},
    "no_shared_memory with an earlier call": {"relu": Lender()},
    "inputs_unchanged beside them": {"relu": writes_beyond},
    "determinism": {"relu": Drift(relu)},
    "determinism of a gradient": {"relu_vjp": Drift(relu_vjp)},
    "determinism of a gradient on integers": {"relu_vjp": InAnyOrder(relu_vjp)},
    "no_memory_of_earlier_calls": {"relu": Cache(relu)},
    "no_memory_of_earlier_calls of a gradient": {"relu_vjp": Cache(relu_vjp)},
    "no_memory_of_earlier_calls in a buffer": {"relu": Buffer(relu)},
    "no_memory_of_earlier_calls in a gradient's buffer": {"relu_vjp": Buffer(relu_vjp)},
    "isolation": {"relu": lambda x: relu(x) + (x.sum() if x.size else 0)},
    "gradient_isolation": {"relu_vjp": lambda dy, x: ((dy + dy.sum()) * (x > 0),)},
    "memory_layout_changes_nothing": {"relu": in_memory_order},
    "memory_layout_changes_nothing for an owner": {"relu": zeros_for_an_owner},
    "arguments_may_be_one_array": {"mse_loss": not_of_one_array},
    "one_element_makes_a_new_call in another order": {"relu": by_sorted_numbers},
    "one_element_makes_a_new_call, its gradient": {"sigmoid": remembering, "sigmoid_vjp": remembered_slope},
    "one_element_makes_a_new_call": {"relu": first_and_last},
    "attributes_are_not_remembered": {"elu": remembering_elu},
    "attributes_are_not_remembered of a gradient": {"elu_vjp": remembering_elu_vjp},
    "sizes_are_not_remembered": {"linear": remembering_sizes},
    "an_attribute_left_out_has_its_default": {"elu": lambda x, *, alpha=2.0: refimpl.elu(x, alpha=alpha)},
    "illegal_arguments_raise: shapes": {"mse_loss": broadcasting_mse_loss},
    "illegal_arguments_raise: labels": {"cross_entropy": lenient_cross_entropy},
    "illegal_arguments_raise: lengths": {"rnn": lenient_rnn},
}


class Flattener:
    """The result of the call before loses its shape, though no value."""

    def __init__(self):
        self.before = np.zeros(0)

    def __call__(self, x):
        self.before.shape = (-1,)
        self.before = relu(x)
        return self.before


def test_a_result_keeps_its_shape():
    report = judge({"relu": Flattener(), "relu_vjp": relu_vjp}, ["relu"], examples=10, shrink=0)
    assert "aliasing" in {f.counterexample.violation.kind for f in report.failures}


def test_a_result_stays_as_it_is_for_several_calls():
    report = judge({"relu": TwoBuffers(relu), "relu_vjp": relu_vjp}, ["relu"], examples=10, shrink=0)
    assert "aliasing" in {f.counterexample.violation.kind for f in report.failures}


@pytest.mark.parametrize("what", WRONG)
def test_a_law_fails_where_it_should(what):
    law = what.split()[0].rstrip(":,")
    changed, *_ = WRONG[what]
    name = changed.removesuffix("_vjp")
    right = {name: getattr(refimpl, name), f"{name}_vjp": getattr(refimpl, f"{name}_vjp")}
    report = judge({**right, **WRONG[what]}, [name], [law], ["float64"], examples=60, shrink=False)
    assert [v.law for v in report.failures] == [law]
    assert judge(right, [name], [law], ["float64"], examples=60).passed


def test_calls_that_are_never_made_are_no_neighbours_either():
    asked = []

    def max_pool2d(x, **attributes):
        asked.append(is_drawn(operators["max_pool2d"], [x.shape], attributes))
        return refimpl.max_pool2d(x, **attributes)

    assert judge({"max_pool2d": max_pool2d}, ["max_pool2d"], ["attributes_are_not_remembered"], examples=60).passed
    assert len(asked) > 100
    assert all(asked)


@pytest.mark.parametrize(
    ("length", "stride", "dilation", "drawn"),
    [(1, 2, 2, False), (1, 2, (2,), False), (1, 2, 1, True), (1, 3, 2, True), (2, 2, 2, True)],
)
@pytest.mark.parametrize("name", ["conv1d", "conv2d", "conv3d"])
def test_a_convolution_that_touches_nothing_is_drawn_unless_a_process_dies_of_it(name, length, stride, dilation, drawn):
    axes = int(name[4])
    last = dilation if isinstance(dilation, int) else (1,) * (axes - 1) + dilation
    shapes = [(1, 4, *(5,) * (axes - 1), length), (2, 2, *(1,) * axes), None]
    attributes = {"stride": stride, "padding": 1, "dilation": last, "groups": 2}
    assert is_drawn(operators[name], shapes, attributes) is drawn


@pytest.mark.parametrize(
    "function",
    [lambda x, *, alpha: refimpl.elu(x, alpha=alpha), lambda x, **given: refimpl.elu(x, alpha=given["alpha"])],
)
def test_a_candidate_may_demand_every_attribute(function):
    laws = ["an_attribute_left_out_has_its_default", "determinism"]
    assert judge({"elu": function}, ["elu"], laws, ["float64"], examples=20).passed


def test_a_candidate_that_declares_no_determinism_is_not_held_to_it():
    drifts = {"relu": Drift(relu), "deterministic": False}
    report = judge(drifts, ["relu"], ["determinism", "isolation", "ranges"], ["float32"], examples=8)
    verdicts = {v.law: v.verdict for v in report.operators["relu"].laws}
    assert verdicts == {"determinism": "skipped", "isolation": "skipped", "ranges": "pass"}


def test_evaluation_may_return_the_input_itself_and_training_may_not():
    def dropout(x, *, p, training, seed):
        refimpl.dropout(x, p=p, training=training, seed=seed)
        return x

    report = judge({"dropout": dropout}, ["dropout"], ["no_shared_memory"], ["float32"], examples=30)
    (failure,) = report.failures
    assert failure.counterexample.case.attributes["training"]
