"""What laws say: the worst element against its ball, bits that must be the same, who is concerned."""

import math

import ml_dtypes
import numpy as np
import pytest

from oplaws.properties.ball import WIDE, Ball
from oplaws.properties.law import EXACT, Violation, Worst, agree, identical, law, meet, registry, worst
from oplaws.refimpl import linear, sgd, sigmoid, tanh


def ball(middle, radius):
    m = np.array(middle, float)
    return Ball(m, np.broadcast_to(np.asarray(radius, float), m.shape), WIDE)


def violated(function, *args):
    with pytest.raises(Violation) as error:
        function(*args)
    return error.value


def test_agreement_gives_the_element_nearest_to_its_bound():
    found = agree(ball([1.0, 2.0, 3.0], 0.5), np.array([1.25, 2.0, 3.0]), "y")
    assert found == Worst(0.25, 0.5, 0.5)
    assert agree(ball([1.0], 0.0), np.array([1.0]), "y").ratio == 0
    assert agree(ball(np.zeros((0, 3)), 0.0), np.zeros((0, 3)), "y") == EXACT


def test_a_value_outside_its_ball_is_shown_with_its_place():
    v = violated(agree, ball([[1.0, 2.0]], 0.5), np.array([[1.25, 4.0]]), "y")
    assert (v.kind, v.place, v.expected, v.got) == ("value", "y[0, 1]", 2.0, 4.0)
    assert v.message == "y[0, 1] is 4.0, expected 2.0"
    assert (v.worst.error, v.worst.bound, v.worst.ratio) == (2.0, 0.5, 4.0)
    assert violated(agree, ball(1.0, 0.0), np.array(2.0), "y").place == "y"


def test_nan_fails():
    v = violated(agree, ball([1.0, 2.0], 0.5), np.array([np.nan, 2.0]), "y")
    assert v.place == "y[0]"
    assert math.isinf(v.worst.ratio)


def test_balls_meet_or_do_not():
    assert meet("v", ball([1.0], 0.5), ball([1.75], 0.5)).ratio <= 1
    assert violated(meet, "v", ball([1.0], 0.25), ball([1.75], 0.25)).place == "v[0]"


def test_bits_are_compared_with_their_signs_and_nans():
    a = np.array([0.0, np.nan, 1.0], np.float32)
    assert identical("y", a, a.copy(), "differ") == EXACT
    assert identical("y", None, None, "differ") == EXACT
    assert identical("y", a[::-1], a[::-1].copy(), "differ") == EXACT
    v = violated(identical, "y", a, a * np.array([-1, 1, 1], np.float32), "differ")
    assert (v.kind, v.message, v.place) == ("value", "y[0]: differ", "y[0]")
    v = violated(identical, "y", np.array(1.0), np.array(2.0), "differ")
    assert (v.place, v.expected, v.got) == ("y", 1.0, 2.0)
    half = np.array([1, 2], ml_dtypes.bfloat16)
    assert violated(identical, "y", half, half + half, "differ").expected == 1.0


@pytest.mark.parametrize("other", [None, np.zeros(4), np.zeros(3, np.float32)])
def test_another_form_is_not_identical(other):
    v = violated(identical, "y", np.zeros(3), other, "differ")
    assert (v.kind, v.message, v.expected) == ("shape", "y: differ", "float64 array of shape (3,)")
    assert violated(identical, "y", other, np.zeros(3), "differ").got == "float64 array of shape (3,)"


def test_the_worst_of_comparisons():
    assert worst([Worst(1, 4, 0.25), None, Worst(1, 2, 0.5)]).ratio == 0.5
    assert worst([None]) is None
    assert worst([]) is None


@pytest.fixture
def declared():
    """A law that is taken back after the test."""
    before = dict(registry)
    yield lambda *targets, **facts: law(*targets, **facts)(_sentence) and registry["_sentence"]
    registry.clear()
    registry.update(before)


def _sentence(asked):
    """A sentence
    in two lines."""


def test_a_law_concerns_some_operators_or_all_or_those_of_a_fact(declared):
    some, everywhere = declared(sigmoid, tanh), declared()
    fact, gradient = declared(lambda o: o.elementwise), declared(needs="gradient", every=3)
    assert some.concerns(tanh)
    assert not some.concerns(linear)
    assert everywhere.concerns(linear)
    assert everywhere.concerns(sgd)
    assert fact.concerns(sigmoid)
    assert not fact.concerns(linear)
    assert gradient.concerns(linear)
    assert not gradient.concerns(sgd)
    assert (some.own, everywhere.own, fact.own) == (True, False, False)
    assert (gradient.every, some.every) == (3, 1)
    assert some.sentence == "A sentence in two lines."
