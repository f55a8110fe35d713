"""Groups of commands, one for each noun: ``ninefold tables list``."""

from pathlib import Path
from typing import Any

import click

from ninefold.errors import closest
from ninefold.project.home import Home, open_home


class Noun(click.Group):
    """A group whose commands are named as functions are; a wrong name is answered with the nearest right one."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            raise click.UsageError(f'"{self.name}" has no command "{args[0]}"; {closest(args[0], self.commands)}', ctx)
        return super().resolve_command(ctx, args)


def noun(name: str, help: str, *commands: click.Command) -> Noun:
    """The group ``name`` of these commands."""
    return Noun(name, commands=list(commands), help=help, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})


def in_project(function: Any) -> Any:
    """``--project`` and ``--in``, for commands about a project that has run."""
    function = click.option("--in", "environment", metavar="NAME", help="The environment (default: dev).")(function)
    file = click.Path(path_type=Path)
    return click.option("--project", "-p", type=file, help="The project's file (default: the one that ran here last).")(function)


def home_of(project: Path | None, environment: str | None) -> Home:
    """The home of the project that a command names."""
    return open_home(project.absolute() if project else None, environment)
