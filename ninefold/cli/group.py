"""A click group that knows its commands' names and one line of help each, and imports a command only to run it."""

from importlib import import_module
from keyword import iskeyword

import click

from ninefold import __version__
from ninefold.errors import closest


class LazyGroup(click.Group):
    """Commands by name: (module below ``ninefold.cli``, one line of help)."""

    def __init__(self, *, name: str, commands: dict[str, tuple[str, str]], help: str, epilog: str = "") -> None:
        super().__init__(name=name, help=help, epilog=epilog, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
        self.lazy = commands
        self.params.append(
            click.Option(["--version"], is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version and exit.")
        )

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.lazy:
            return None
        module = import_module(f"ninefold.cli.{self.lazy[cmd_name][0]}")
        command: click.Command = getattr(module, f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self.lazy.items()])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.lazy and not args[0].startswith("-"):
            raise click.UsageError(f'there is no command "{args[0]}"; {closest(args[0], self.lazy)}', ctx)
        return super().resolve_command(ctx, args)


def _version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        click.echo(f"ninefold {__version__}")
        ctx.exit()
