"""The command `oplaws`. Each subcommand loads what it needs when it runs, so that the command itself starts at once.

Status 0: it holds. 1: it does not. 2: it could not be tried, one line on standard error. 130: interrupted.
"""

from __future__ import annotations

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


json_option = click.option("--json", "json_file", metavar="FILE", type=click.Path(), help="Write the result as JSON.")


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
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, metavar="N", help="Which cases are drawn."
)
@click.option(
    "--max-seconds", type=click.FloatRange(0, min_open=True), metavar="S", help="At most S for each operator and dtype."
)
@click.option("--fail-fast", is_flag=True, help="Stop at the first failure.")
@listed("--require", "Operators that must be offered, with gradients; or all.")
@click.option("--expectations", type=click.Path(), metavar="FILE", help="Known failures, TOML.")
@click.option(
    "--output", type=click.Path(), default=".oplaws", show_default=True, metavar="DIR", help="Where results go."
)
@click.option("--traceback", "traces", is_flag=True, help="Show the candidate's own tracebacks.")
@json_option
def run(candidate: str, json_file: str | None, traces: bool, max_seconds: float | None, **options: Any) -> int:
    """Judge CANDIDATE: an adapter, a module, a file, or an object in one (file.py:name)."""
    from .conformance.engine import judge
    from .conformance.report import Display

    options["require"] = options["require"] or ()
    if max_seconds is not None:
        options["max_seconds"] = max_seconds
    writable(options["output"], json_file)
    display = Display()
    with display:
        report = judge(candidate, progress=display.advance, start=display.start, **options)
    display.show(report, traces)
    if json_file:
        report.save(json_file)
    return INTERRUPTED if report.interrupted else HOLDS if report.passed else FAILS


def writable(folder: str, json_file: str | None) -> None:
    """Say at once, not after the run, that results cannot be written."""
    if Path(folder).exists() and not Path(folder).is_dir():
        raise click.UsageError(f"--output {folder}: is a file; name a folder")
    for option, place in (("--output", Path(folder)), ("--json", Path(json_file).parent if json_file else None)):
        if place is not None:
            try:
                place.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise click.UsageError(f"{option} {place}: cannot be written to: {error.strerror}") from None
    if json_file and Path(json_file).is_dir():
        raise click.UsageError(f"--json {json_file}: is a folder; name a file")


@oplaws.command("list")
@click.argument("what", metavar="operators|laws|candidates")
@json_option
def list_(what: str, json_file: str | None) -> int:
    """List operators, laws or candidates, a line each."""
    from .conformance import catalogue

    rows = catalogue.rows(what)
    width = max(len(name) for name, _ in rows)
    for name, text in rows:
        click.echo(f"{name:{width}}  {text}")
    return catalogue.save(json_file, dict(rows))


@oplaws.command()
@click.argument("name")
@json_option
def explain(name: str, json_file: str | None) -> int:
    """Explain an operator or a law in full."""
    from .conformance import catalogue

    text = catalogue.explain(name)
    click.echo(text)
    return catalogue.save(json_file, {"name": name, "text": text})


@oplaws.command()
@click.argument("file", type=click.Path())
@click.option("--candidate", metavar="C", help="Judge another candidate on the case.")
@click.option("--traceback", "traces", is_flag=True, help="Show the candidate's own traceback.")
@json_option
def replay(file: str, candidate: str | None, traces: bool, json_file: str | None) -> int:
    """Judge one counterexample again: status 1 while it still fails, 0 when it no longer does."""
    from .conformance.replay import replay as again

    outcome = again(file, candidate)
    click.echo(outcome.explain(traces))
    if json_file:
        outcome.save(json_file)
    return FAILS if outcome.fails else HOLDS


def main(arguments: list[str] | None = None) -> None:
    """Run the command; a user's mistake is one line on standard error and status 2."""
    try:
        status = oplaws.main(arguments, prog_name="oplaws", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else "")
        status = NOT_TRIED
    except click.ClickException as error:
        status = mistake(error.format_message())
    except (click.Abort, KeyboardInterrupt):
        status = INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        status = INTERRUPTED
    except Exception as error:
        if not is_mistake(error):
            raise
        status = mistake(str(error))
    sys.exit(status or HOLDS)


def is_mistake(error: Exception) -> bool:
    from .conformance.candidate import Unusable

    return isinstance(error, Unusable)


def mistake(message: str) -> int:
    click.echo("oplaws: " + " ".join(message.split()), err=True)
    return NOT_TRIED
