"""The command `oplaws`. Each subcommand loads what it needs when it runs, so that the command itself starts at once.

Status 0: it holds. 1: it does not. 2: it could not be tried, one line on standard error. 130: interrupted.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from . import __version__

HOLDS, FAILS, NOT_TRIED, INTERRUPTED = 0, 1, 2, 130


def names(_context: click.Context, _parameter: click.Parameter, value: str | None) -> list[str] | None:
    """A comma-separated list; None where the option was not given."""
    if value is None:
        return None
    found = [name.strip() for name in value.split(",") if name.strip()]
    if not found:
        raise click.BadParameter("is an empty list; name at least one, separated by commas")
    return found


def listed(option: str, text: str) -> Callable[[Any], Any]:
    return click.option(option, callback=names, metavar="A,B", help=text)


def writable_file(_context: click.Context, _parameter: click.Parameter, value: str | None) -> Path | None:
    """Say at once, not after the run, that the result cannot be written."""
    if value is None:
        return None
    path = Path(value)
    if path.is_dir():
        raise click.BadParameter(f"{path} is a folder; name a file")
    made(path.parent)
    return path


def writable_folder(_context: click.Context, _parameter: click.Parameter, value: str) -> Path:
    path = Path(value)
    if path.exists() and not path.is_dir():
        raise click.BadParameter(f"{path} is a file; name a folder")
    made(path)
    return path


def made(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise click.BadParameter(f"{folder} cannot be written to: {error.strerror}; name another place") from None


json_option = click.option(
    "--json", "json_file", callback=writable_file, metavar="FILE", help="Write the result as JSON."
)


def output_option(default: str) -> Callable[[Any], Any]:
    text = "Where counterexamples and results go."
    return click.option(
        "--output", callback=writable_folder, default=default, show_default=True, metavar="DIR", help=text
    )


jobs_option = click.option(
    "--jobs", type=click.IntRange(1), metavar="N", help="Processes at a time; default: one a core."
)
seed_option = click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, metavar="N", help="Which cases are drawn."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="oplaws")
def oplaws() -> None:
    """The conformance suite of neural-network operators: judge any implementation against the laws."""


@oplaws.command()
@click.argument("candidate")
@listed("--operators", "Only these operators (NAME, or file.py:NAME for one of your own).")
@listed("--laws", "Only these laws.")
@listed("--dtypes", "Only these dtypes; default: every one that the candidate declares.")
@click.option(
    "--profile",
    default="quick",
    show_default=True,
    metavar="quick|standard|thorough",
    help="25, 200 or 1,500 examples.",
)
@click.option("--examples", type=click.IntRange(1), metavar="N", help="Examples for each operator and dtype.")
@seed_option
@click.option(
    "--max-seconds", type=click.FloatRange(0, min_open=True), metavar="S", help="At most S for each operator and dtype."
)
@click.option("--fail-fast", is_flag=True, help="Stop at the first failure.")
@listed("--require", "Operators that must be offered, with gradients; or all.")
@click.option("--expectations", type=click.Path(), metavar="FILE", help="Known failures, TOML.")
@output_option(".oplaws")
@jobs_option
@click.option("--traceback", "traces", is_flag=True, help="Show the candidate's own tracebacks.")
@json_option
def run(candidate: str, json_file: Path | None, traces: bool, max_seconds: float | None, **options: Any) -> int:
    """Judge CANDIDATE: an adapter, a module, a file, or an object in one (file.py:name)."""
    from .conformance.engine import judge
    from .conformance.report import Display

    options["require"] = options["require"] or ()
    if max_seconds is not None:
        options["max_seconds"] = max_seconds
    display = Display()
    with display:
        report = judge(candidate, witness=True, progress=display.advance, start=display.start, **options)
    display.show(report, traces)
    if json_file:
        report.save(json_file)
    return INTERRUPTED if report.interrupted else HOLDS if report.passed else FAILS


@oplaws.command("list")
@click.argument("what", metavar="operators|laws|candidates")
@json_option
def list_(what: str, json_file: Path | None) -> int:
    """List operators, laws or candidates, a line each."""
    from .conformance import catalogue

    rows = catalogue.rows(what)
    width = max(len(name) for name, _ in rows)
    for name, text in rows:
        click.echo(f"{name:{width}}  {text}")
    return saved(json_file, dict(rows))


@oplaws.command()
@click.argument("name")
@json_option
def explain(name: str, json_file: Path | None) -> int:
    """Explain NAME in full: an operator, also one of your own (file.py:NAME), or a law."""
    from .conformance import catalogue

    text = catalogue.explain(name)
    click.echo(text)
    return saved(json_file, {"name": name, "text": text})


def saved(path: Path | None, data: dict[str, str]) -> int:
    """The same as JSON, if a file is named."""
    if path:
        from .conformance.report import to_text, write_whole

        write_whole(path, to_text(data))
    return HOLDS


@oplaws.command()
@click.argument("file", type=click.Path())
@click.option("--candidate", metavar="C", help="Judge another candidate on the case.")
@click.option("--traceback", "traces", is_flag=True, help="Show the candidate's own traceback.")
@json_option
def replay(file: str, candidate: str | None, traces: bool, json_file: Path | None) -> int:
    """Judge one counterexample again: status 1 while it still fails, 0 when it no longer does."""
    from .conformance.replay import replay as again

    outcome = again(file, candidate)
    click.echo(outcome.explain(traces))
    if json_file:
        outcome.save(json_file)
    return FAILS if outcome.fails else HOLDS


@oplaws.command()
@click.argument("folder", required=False, type=click.Path())
@click.option("--seeds", default="0", show_default=True, metavar="0,1,2", help="Each fault is judged under each.")
@click.option("--laws-only", is_flag=True, help="Without the reference's values.")
@click.option("--profile", default="quick", show_default=True, metavar="quick|standard|thorough")
@output_option(".oplaws/power")
@jobs_option
@json_option
def power(folder: str | None, seeds: str, json_file: Path | None, **options: Any) -> int:
    """Judge each faulty candidate of FOLDER (default: the project's museum): all must fail."""
    from .conformance.power import power as judge_all
    from .conformance.report import Display

    try:
        numbers = tuple(dict.fromkeys(int(seed) for seed in seeds.split(",")))
    except ValueError:
        raise click.UsageError(f"--seeds {seeds}: must be numbers separated by commas, such as 0,1,2") from None
    display = Display()
    with display:
        outcome = judge_all(folder, numbers, start=display.start, progress=display.advance, **options)
    outcome.show(display.console)
    if json_file:
        outcome.save(json_file)
    return FAILS if outcome.survivors else HOLDS


@oplaws.command()
@click.argument("candidates", nargs=-1)
@click.option("--examples", type=click.IntRange(1), default=10_000, show_default=True, metavar="N", help="In all.")
@listed("--operators", "Only these operators.")
@seed_option
@output_option(".oplaws/soundness")
@jobs_option
@click.option("--log", callback=writable_file, metavar="FILE", help="Append a line of JSON for each candidate.")
@json_option
def soundness(candidates: tuple[str, ...], json_file: Path | None, **options: Any) -> int:
    """Judge correct implementations (default: reference and torch): nothing may be blamed."""
    from .conformance.report import Display
    from .conformance.soundness import soundness as judge_all

    display = Display()
    with display:
        outcome = judge_all(candidates, start=display.start, progress=display.advance, **options)
    outcome.show(display.console)
    if json_file:
        outcome.save(json_file)
    return INTERRUPTED if outcome.interrupted else HOLDS if not outcome.alarms else FAILS


def main(arguments: list[str] | None = None) -> None:
    """Run the command; a user's mistake is one line on standard error and status 2."""
    try:
        status = oplaws.main(arguments, prog_name="oplaws", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else "")
        status = NOT_TRIED
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        hint = f"; see {context.command_path} --help" if context else ""
        status = mistake(error.format_message().rstrip(".") + hint)
    except (click.Abort, KeyboardInterrupt):
        status = INTERRUPTED
    except SystemExit:  # click and rich end so where the reader of a pipe has read enough
        status = INTERRUPTED
    except OSError as error:
        status = mistake(f"{error.filename or 'a file'}: {error.strerror or error}")
    except Exception as error:
        if not is_mistake(error):
            sys.excepthook(type(error), error, error.__traceback__)  # the judge's own fault, not the candidate's
        status = mistake(str(error) if is_mistake(error) else f"the judge itself failed: {type(error).__name__}")
    sys.exit(status or HOLDS)


def command() -> None:
    """The command by itself: exit handlers and threads that a candidate left behind have no say in its status."""
    try:
        main()
    except SystemExit as end:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(end.code if isinstance(end.code, int) else HOLDS)


def is_mistake(error: Exception) -> bool:
    from .conformance.candidate import Unusable

    return isinstance(error, Unusable)


def mistake(message: str) -> int:
    click.echo("oplaws: " + " ".join(message.split()), err=True)
    return NOT_TRIED
