"""How the command line answers: results as text or JSON, errors as sentences, exit codes that scripts can use."""

import errno
import io
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from ninefold.cli.visible import cut, visible, visible_lines
from ninefold.errors import NinefoldError, UsageError

DONE, FAILED, WRONG_USE, INTERRUPTED = 0, 1, 2, 130
_WIDEST, _LAST = 60, 200  # characters of a table's cells, and of those in its last column


class Interrupts:
    """Ctrl-C, remembered: what breaks after it breaks because of it. (An import that it cuts off fails with an error of its own.)"""

    came = False

    @classmethod
    def watch(cls) -> None:
        """Remember it from now on; for the main thread of a process of ours."""
        signal.signal(signal.SIGINT, cls._note)

    @classmethod
    def _note(cls, number: int, frame: object) -> None:
        cls.came = True
        raise KeyboardInterrupt


def report(cli: click.Command) -> int:
    """Run a command and return its exit code: 0 done, 1 the work failed, 2 wrong use, 130 interrupted."""
    as_json = "--json" in sys.argv
    try:
        result = cli.main(standalone_mode=False)
        return result if isinstance(result, int) else DONE
    except (KeyboardInterrupt, click.Abort):
        return _interrupted()
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except Exception as error:  # each becomes a sentence and an exit code
        return _interrupted() if Interrupts.came else _failed(error, as_json)


def _interrupted() -> int:
    print("\ninterrupted: nothing is lost; the same command goes on where it stopped", file=sys.stderr)
    return INTERRUPTED


def _failed(error: Exception, as_json: bool) -> int:
    """Say what failed, and the exit code for it."""
    if isinstance(error, NinefoldError):
        _say_error(error, as_json)
        return WRONG_USE if isinstance(error, UsageError) else FAILED
    if isinstance(error, click.ClickException):
        if as_json:
            print(json.dumps({"error": {"code": "usage", "message": error.format_message(), "hint": "", "where": ""}}))
        else:
            error.show(told := io.StringIO())
            click.echo(visible_lines(told.getvalue()), err=True, nl=False)
        return WRONG_USE
    if isinstance(error, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    # the last net: a mistake of ours is one line too, and says how to see more
    _say_error(system_error(error) if isinstance(error, OSError) else unforeseen(error), as_json)
    return FAILED


def _say_error(error: NinefoldError, as_json: bool) -> None:
    if os.environ.get("NINEFOLD_TRACE"):
        traceback.print_exception(error)
    if as_json:
        print(json.dumps({"error": {"code": error.code, "message": error.message, "hint": error.hint, "where": error.where}}))
        return
    errors: Any = getattr(error, "errors", None) or [error]
    told: dict[tuple[str, str], list[str]] = {}
    for one in errors.values() if isinstance(errors, dict) else errors:
        # several steps may fail for one reason: it is said once
        told.setdefault((one.message.rpartition('" failed: ')[2], one.hint), []).append(str(one))
    for (_, hint), texts in told.items():
        more = f" (and {len(texts) - 1} more for the same reason)" if len(texts) > 1 else ""
        click.echo(click.style("error: ", fg="red", bold=True) + visible_lines(texts[0]) + more, err=True)
        if hint:
            click.echo("  " + visible_lines(hint).replace("\n", "\n  "), err=True)


def system_error(error: OSError) -> NinefoldError:
    """What the operating system refused, as a sentence with a way out.

    >>> print(system_error(PermissionError(13, "Permission denied", "/home/ada/.ninefold")))
    /home/ada/.ninefold: permission denied
    """
    hints = {
        errno.ENOSPC: "free some space there; what was acknowledged is safe, and the same command goes on where it stopped",
        errno.EROFS: "the file system is read-only; name another home: NINEFOLD_HOME=/somewhere/else",
        errno.EADDRINUSE: "another program has that port; choose another one: --port 0 takes any that is free",
    }
    denied = "it may not be read or written by you: mend its permissions, or name another home: NINEFOLD_HOME=/somewhere/else"
    hint = denied if isinstance(error, PermissionError) else hints.get(error.errno or 0, "")
    said = "the disk is full" if error.errno == errno.ENOSPC else (error.strerror or str(error)).lower()
    told = NinefoldError(said, hint=hint, where=str(error.filename or ""))
    told.__cause__ = error
    return told


def unforeseen(error: Exception) -> NinefoldError:
    """A mistake of ours, in one line."""
    last = traceback.extract_tb(error.__traceback__)[-1:]
    place = f" ({Path(last[0].filename).name}:{last[0].lineno})" if last else ""
    told = NinefoldError(
        f"ninefold itself failed: {type(error).__name__}: {error}{place}",
        hint="this should not happen; NINEFOLD_TRACE=1 shows the trace to report with it",
    )
    told.__cause__ = error
    return told


class Say:
    """What a command prints: text for people, one JSON document for programs."""

    def __init__(self, as_json: bool) -> None:
        self.json = as_json

    def result(self, value: Any, text: Callable[[], None] | str) -> None:
        """The command's answer: ``value`` as JSON, or ``text``."""
        if self.json:
            print(json.dumps(value, default=str, allow_nan=False), flush=True)  # a server says where it is, and goes on
        elif callable(text):
            text()
        else:
            click.echo(visible_lines(text))

    def line(self, text: str = "", **style: Any) -> None:
        """A line for people; nothing in JSON mode."""
        if not self.json:
            shown = visible_lines(text)
            click.echo(click.style(shown, **style) if style else shown)

    def event(self, name: str, **values: Any) -> None:
        """Progress for programs: one JSON line on standard error; nothing for people."""
        if self.json:
            print(json.dumps({"event": name, **values}, default=str), file=sys.stderr, flush=True)


def table(headers: Sequence[str], rows: Iterable[Sequence[Any]], *, right: Sequence[int] = ()) -> str:
    """Rows in columns, aligned, each one line; ``right`` are the columns with numbers. What is too long for a cell is cut.

    >>> print(table(["name", "rows"], [["a", 10], ["bc", 2]], right=[1]))
    name  rows
    a       10
    bc       2
    """
    most = [_WIDEST] * (len(headers) - 1) + [_LAST] * bool(headers)
    cells = [[cut(visible(str(c)), m) if c is not None else "" for c, m in zip(row, most, strict=True)] for row in rows]
    widths = [max(len(h), *(len(r[i]) for r in cells)) if cells else len(h) for i, h in enumerate(headers)]

    def one(row: Sequence[str]) -> str:
        return "  ".join(c.rjust(w) if i in right else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))).rstrip()

    return "\n".join([one(headers), *(one(r) for r in cells)])


def command(example: str, **settings: Any) -> Callable[[Callable[..., Any]], click.Command]:
    """A command with ``--json`` and an example in its help; the function gets ``say`` first."""

    def wrap(function: Callable[..., Any]) -> click.Command:
        def callback(as_json: bool, **given: Any) -> Any:
            return function(Say(as_json), **given)

        callback.__doc__ = function.__doc__
        callback.__click_params__ = getattr(function, "__click_params__", [])  # type: ignore[attr-defined]
        name = settings.pop("name", function.__name__.rstrip("_").replace("_", "-"))
        made: click.Command = click.command(name, epilog=f"Example: {example}", **settings)(callback)  # type: ignore[no-untyped-call]
        made.params.append(click.Option(["--json", "as_json"], is_flag=True, help="Answer with one JSON document."))
        return made

    return wrap


def project_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """``[PROJECT]`` and ``--in NAME``, for commands that work on a project."""
    function = click.option("--in", "environment", metavar="NAME", help="The environment (default: dev).")(function)
    return click.argument("project", required=False, metavar="[PROJECT]", type=click.Path(path_type=Path))(function)
