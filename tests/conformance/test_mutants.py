"""Mutants that nobody chose: what is drawn, who judges it, and that the verdicts are right where they are known."""

import json
import os
import time
from pathlib import Path

import pytest

from oplaws import refimpl
from oplaws.conformance.candidate import Unusable
from oplaws.conformance.mutants import Place, alone, draw, judged_on, made, main, mutants, places, texts, verdict


def the(file, change, before):
    """The one mutant of a kind whose line holds this text."""
    (mutant,) = [mutant for mutant in changed(file, change) if before in mutant.before]
    return mutant


def changed(file, change):
    found = [made(place) for place in places([file]) if place.change.endswith(change)]
    return [mutant for mutant in found if mutant]


def judged(mutant, folder):
    ((_, result, error),) = alone(verdict, [(mutant, folder)], jobs=1)
    assert not error
    return result


# what is drawn


def test_the_same_seed_draws_the_same():
    files = ["linear", "sharing"]
    first = draw(12, 3, files)
    assert len(first) == 12
    assert draw(12, 3, files) == first
    assert draw(6, 3, files) == first[:6]
    assert draw(12, 4, files) != first


def test_every_mutant_is_another_program_and_every_file_has_some():
    drawn = draw(60, 0, ["linear", "neuron"])
    sources = {(mutant.place.file, mutant.source) for mutant in drawn}
    assert len(sources) == len(drawn)
    assert all(mutant.before != mutant.after for mutant in drawn)
    assert {place.file for place in places()} == set(texts())


def test_neither_bits_nor_shifts_are_drawn():
    changes = {place.change for place in places()}
    assert "core/ReplaceBinaryOperator_Add_Sub" in changes
    assert not [change for change in changes if "Shift" in change or "Bit" in change or "Invert" in change]


def test_nothing_is_drawn_on_which_no_result_depends():
    declared = range(line_of("neuron", "@operator(") + 1, line_of("neuron", "def neuron("))
    assert not [place for place in places(["neuron"]) if place.line in declared]
    forms = [mutant.after for mutant in changed("losses", "_Mul_Add") if "slope = forms(" in mutant.before]
    assert len(forms) == 2  # the products of the first form, and none of the second


def line_of(file, begin):
    lines = (Path(refimpl.__file__).parent / f"{file}.py").read_text("utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.startswith(begin))


# who judges it


def test_a_concept_is_judged_on_its_own_operators_the_changed_one_first():
    place = Place("dropout", "", 0, line_of("dropout", "def channel_dropout_vjp"))
    assert judged_on(place) == ["channel_dropout", "dropout"]
    assert judged_on(Place("lstm", "", 0, line_of("lstm", "def step("))) == ["lstm"]


def test_what_is_shared_is_judged_on_those_that_use_it():
    def users(file, name):
        return set(judged_on(Place(file, "", 0, line_of(file, f"def {name}("))))

    assert users("words", "winners") == {"max_pool2d", "avg_pool2d"}  # of the file that imports it
    assert users("words", "lerp") == {"layer_norm", "batch_norm", "sgd", "adam", "gru"}
    composed = {o.name for o in refimpl.operators.values() if o.gradient and o.gradient.text is None}
    assert users("backprop", "vjp") == users("backprop", "matmul_vjp") == composed


# the verdicts


def test_a_change_that_changes_nothing_survives(tmp_path):
    assert judged(the("dropout", "_Eq_GtE", "p == 1"), tmp_path / "m").verdict == "survived"  # p is at most 1


def test_a_change_that_is_felt_is_killed_by_a_law(tmp_path):
    found = judged(the("linear", "_Add_Sub", "y + bias"), tmp_path / "m")
    assert (found.verdict, found.operator) == ("killed", "linear")
    assert "agreement" in found.laws
    assert found.cases < 25


def test_a_gradient_that_is_gone_is_killed(tmp_path):
    assert judged(the("linear", "RemoveDecorator", "@linear.vjp"), tmp_path / "m").verdict == "killed"


def test_what_cannot_be_imported_is_broken(tmp_path):
    found = judged(the("neuron", "RemoveDecorator", "@operator("), tmp_path / "m")
    assert found.verdict == "broken"


def test_a_process_that_ends_or_hangs_is_told():
    errors = [error for _, _, error in alone(os._exit, [(3,)], jobs=1)]
    errors += [error for _, _, error in alone(time.sleep, [(60,)], jobs=1, seconds=0.1)]
    assert ["ended with 3" in errors[0], "ended with -9" in errors[1]] == [True, True]


def test_the_command(tmp_path, capsys):
    options = ["--count", "4", "--files", "linear.py", "--jobs", "1", "--output", str(tmp_path)]
    assert main([*options, "--json", str(tmp_path / "all.json")]) == 0
    shown = capsys.readouterr().out
    assert "linear.py" in shown
    whole = json.loads((tmp_path / "all.json").read_text())
    counted = len(whole["mutants"]) - whole["broken"]
    assert f"killed {whole['killed']} of {counted}" in shown
    grown = [json.loads(line) for line in (tmp_path / "mutants.jsonl").read_text().splitlines()]
    assert len(grown) == 4
    assert all(mutant in whole["mutants"] for mutant in grown)


def test_a_mistake_is_told_in_one_line(tmp_path, capsys):
    assert main(["--files", "nothing.py", "--output", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("mutants: file nothing.py holds no text of the reference")
    with pytest.raises(Unusable, match="profile"):
        mutants(profile="slow")
