"""The second witness: PyTorch in float64 stands beside the reference, and neither judges alone where both can speak."""

import numpy as np
import pytest

from oplaws import refimpl
from oplaws.conformance.engine import judge
from oplaws.conformance.witness import Witness

pytest.importorskip("torch", reason="the second witness is PyTorch")
TANH, LINEAR = refimpl.operators["tanh"], refimpl.operators["linear"]


def test_a_wrong_reference_does_not_pass_for_itself(monkeypatch):
    monkeypatch.setattr(TANH, "text", lambda x: 0.999 * np.tanh(x))
    options = {"dtypes": ["float32"], "examples": 5, "shrink": False}
    assert judge("reference", ["tanh"], ["agreement"], **options).passed
    (failure,) = judge("reference", ["tanh"], ["agreement"], **options, witness=True).failures
    assert failure.counterexample.violation.kind == "judges"
    assert "the judges disagree: y" in str(failure)
    assert "to PyTorch in float64" in str(failure)


def test_a_wrong_gradient_of_the_reference_likewise(monkeypatch):
    gradient = LINEAR.gradient.text
    monkeypatch.setattr(LINEAR.gradient, "text", lambda dy, *arrays: gradient(2 * dy, *arrays))
    options = {"dtypes": ["float64"], "examples": 5, "shrink": False}
    assert judge("reference", ["linear"], ["gradient_agreement"], **options).failures == []
    (failure,) = judge("reference", ["linear"], ["gradient_agreement"], **options, witness=True).failures
    assert "the judges disagree: dx" in str(failure)


@pytest.mark.parametrize("name", ["gelu", "conv2d", "batch_norm", "lstm", "dropout"])
def test_both_agree(name):
    report = judge("reference", [name], ["agreement", "gradient_agreement", "determinism"], examples=8, witness=True)
    assert report.passed


def test_pytorch_is_no_witness_of_itself():
    from oplaws.conformance.candidate import load

    assert Witness.beside(load("torch")) is None
    assert Witness.beside(load("reference")) is not None


def test_where_pytorch_is_absent_the_reference_stands_alone(monkeypatch):
    from oplaws.conformance.candidate import load

    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert Witness.beside(load("reference")) is None
