"""The reference, generated from the code: public names, commands, settings, routes, errors. ``--check`` says what is stale.

python docs/generate.py            writes docs/reference/*.md
python docs/generate.py --check    exits with 1 where a page is not what the code says
"""

import ast
import inspect
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import click

import ninefold as nf
from ninefold import config, errors

FOLDER = Path(__file__).parent / "reference"
HEAD = "<!-- Generated from the code by docs/generate.py. Edit the code, then run: make docs -->\n\n"


def pages() -> dict[str, str]:
    """Every page of the reference: file name and text."""
    made = {"python.md": python(), "commands.md": commands(), "settings.md": settings(), "routes.md": routes(), "errors.md": error_codes()}
    return {"README.md": index(list(made)), **made, "../howto/mlflow.md": mlflow()}


def index(names: list[str]) -> str:
    """The first page of the reference."""
    titles = {"python": "Public names", "commands": "Commands", "settings": "Settings", "routes": "Routes and pages", "errors": "Errors"}
    lines = [f"- [{titles[name.removesuffix('.md')]}]({name})" for name in names]
    return HEAD + "# Reference\n\nGenerated from the code; a test fails where it is stale.\n\n" + "\n".join(lines) + "\n"


# public names


def python() -> str:
    """Every public name with its signature and docstring, by the stage that it belongs to."""
    stages: dict[str, list[str]] = {}
    for name in nf.__all__:
        stages.setdefault(nf._PUBLIC[name][0].split(".")[1], []).append(name)  # noqa: SLF001  # the table of public names is ours
    order = ["problems", "sources", "tables", "metrics", "hypotheses", "features", "models", "endpoints", "monitors", "project", "notebook", "errors"]
    parts = [HEAD + "# Public names\n\n`import ninefold as nf`; each name is imported on first use.\n"]
    for stage in [*order, *(s for s in stages if s not in order)]:
        if stage in stages:
            parts.append(f"\n## {stage}\n")
            parts += [_name(name) for name in sorted(stages[stage], key=str.lower)]
    return "".join(parts)


def _name(name: str) -> str:
    value = getattr(nf, name)
    said = _attribute_doc(name)
    text = f"\n### nf.{name}\n\n{_signature(name, value)}{_prose(said or inspect.getdoc(value) or '')}\n"
    if inspect.isclass(value) and value.__module__.startswith("ninefold."):
        for method, found in _methods(value):
            text += f"\n#### nf.{name}.{method}\n\n{_signature(f'{name}.{method}', found)}{_prose(inspect.getdoc(found) or '')}\n"
    return text


def _attribute_doc(name: str) -> str:
    """The text below an assignment (``roc_auc = ...``): values have no docstring of their own."""
    module, target = nf._PUBLIC[name]  # noqa: SLF001  # as above
    value = getattr(nf, name)
    if inspect.isclass(value) or inspect.isfunction(value):
        return ""
    for path in sorted((Path(nf.__file__).parent / module.split(".")[1]).glob("*.py")):
        for statement, after in pairwise(ast.parse(path.read_text("utf-8")).body):
            named = isinstance(statement, ast.Assign) and any(isinstance(t, ast.Name) and t.id == target for t in statement.targets)
            if named and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) and isinstance(after.value.value, str):
                return inspect.cleandoc(after.value.value)
    return ""


def _methods(of: type) -> Iterator[tuple[str, Any]]:
    for name, value in vars(of).items():
        plain = value.__func__ if isinstance(value, classmethod | staticmethod) else value
        if not name.startswith("_") and (inspect.isfunction(plain) or isinstance(value, property)) and inspect.getdoc(value):
            yield name, value if isinstance(value, property) else plain


def _signature(name: str, value: Any) -> str:
    if isinstance(value, property) or not callable(value) or type(value).__module__ == "typing":
        return ""
    try:
        found = str(inspect.signature(value))
    except (TypeError, ValueError):
        return ""
    # addresses and module paths say nothing to a reader, and change
    found = re.sub(r" at 0x[0-9a-f]+", "", found)
    found = re.sub(r"\b(?:ninefold|collections|typing|pathlib)(?:\.\w+)*\.(\w+)", r"\1", found)
    return f"```python\nnf.{name}{found}\n```\n\n"


def _prose(text: str) -> str:
    """A docstring as Markdown: examples become Python blocks, as they stand."""
    lines, inside = [], False
    for line in text.splitlines():
        if line.startswith(">>>") and not inside:
            lines.append("```pycon")
            inside = True
        elif inside and not line.strip():
            lines.append("```")
            inside = False
        lines.append(line if inside else line.replace("``", "`"))
    return "\n".join([*lines, "```"] if inside else lines)


# commands


def commands() -> str:
    """Every command with the text of its ``--help``."""
    from ninefold.cli import cli

    parts = [HEAD + "# Commands\n\nExit codes: 0 done, 1 the work failed, 2 wrong use, 130 interrupted. Every command has `--json`.\n"]
    for name, command in all_commands(cli):
        parts.append(f"\n## {name}\n\n```text\n{_help(command, name)}\n```\n")
    return "".join(parts)


def all_commands(group: click.Group, prefix: str = "ninefold") -> Iterator[tuple[str, click.Command]]:
    """The commands of a group and of the groups in it, by their full names; those announced and not there are left out."""
    context = click.Context(group)
    for name in group.list_commands(context):
        try:
            command = group.get_command(context, name)
        except ModuleNotFoundError:
            continue
        if command is None or command.hidden:
            continue
        yield f"{prefix} {name}", command
        if isinstance(command, click.Group):
            yield from all_commands(command, f"{prefix} {name}")


def _help(command: click.Command, name: str) -> str:
    with click.Context(command, info_name=name, max_content_width=110, terminal_width=110, help_option_names=["-h", "--help"]) as context:
        return "\n".join(line.rstrip() for line in command.get_help(context).splitlines())


# settings


def settings() -> str:
    """Every setting with what it means, and its variable."""
    rows = [f"| `{key}` | {_variable(key)} | {text} |" for key, text in config.KEYS.items()]
    return (
        HEAD
        + "# Settings\n\nIn pyproject.toml, under `[tool.ninefold]`; an environment overrides them under `[tool.ninefold.environments.NAME]` and is\n"
        "chosen by `--in NAME` or `NINEFOLD_IN`. Variables override both. Relative paths begin at the\n"
        "folder of pyproject.toml.\n\n| setting | variable | what |\n| --- | --- | --- |\n"
        + "\n".join(rows)
        + "\n\n## Variables alone\n\n| variable | what |\n| --- | --- |\n"
        "| `NINEFOLD_IN` | The environment. |\n| `XDG_STATE_HOME` | Where anchors lie without the setting `anchor`. |\n"
        "| `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_REGION`, `AWS_ENDPOINT_URL` | For `s3://`. |\n"
    )


def _variable(key: str) -> str:
    return "" if key in {"connections", "oidc"} else f"`NINEFOLD_{key.upper()}`"


# routes


def routes() -> str:
    """Every route of the server, from its route table."""
    parts = [HEAD + "# Routes and pages\n\nAny page is also JSON under `/api`. Errors have one shape: [errors](errors.md).\n"]
    for title, kinds in (("Doors and API", {"json", "upload", "stream", "events", "raw"}), ("Pages", {"page"})):
        ours = [r for r in sorted(route_table(), key=lambda r: r.path) if r.kind in kinds and r.speaks == "ninefold"]
        rows = [f"| `{r.method} {r.path}` | {r.summary} | {_who(r)} |" for r in ours]
        parts.append(f"\n## {title}\n\n| route | what | who |\n| --- | --- | --- |\n" + "\n".join(rows) + "\n")
    return "".join(parts)


def route_table() -> list[Any]:
    """The routes of a server, as it would serve them."""
    from ninefold.project.home import Home
    from ninefold.server.app import build
    from ninefold.server.runtime import Runtime

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "pyproject.toml").write_text("[tool.ninefold]\n")
        with Home(config.load(root), "project") as home:
            return list(build(Runtime(home)).routes)


def _who(route: Any) -> str:
    """The roles of a route, and where they must have been given."""
    if isinstance(route.who, str):
        return str(route.who)
    roles = ", ".join(sorted(route.who))
    return f"{roles} (of every project)" if route.reach == "server" else roles


# MLflow's protocol


def mlflow() -> str:
    """The page for those who come from MLflow, with the table of its endpoints as the code declares them."""
    from ninefold.protocols.mlflow.routes import ENDPOINTS

    begin, end = "<!-- endpoints: generated from the code by make docs -->\n", "<!-- end -->"
    page = (FOLDER.parent / "howto" / "mlflow.md").read_text("utf-8")
    rows = [f"| `{each.verb} {each.under[0]}{each.path}` | {each.summary} | {each.need} |" for each in ENDPOINTS]
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}\n| endpoint | what | clients' need |\n| --- | --- | --- |\n" + "\n".join(rows) + f"\n\n{end}{after}"


# errors


def error_codes() -> str:
    """Every kind of error: its code, the status over HTTP, what it means."""
    from ninefold.web.shapes import status_of

    found = [c for c in vars(errors).values() if inspect.isclass(c) and issubclass(c, errors.NinefoldError)]
    rows = []
    for kind in found:
        text = (inspect.getdoc(kind) or "").splitlines()[0].replace("``", "`")
        rows.append(f"| `{kind.code}` | `{kind.__name__}` | {_status(kind, status_of)} | {text} |")
    return (
        HEAD
        + "# Errors\n\nEvery message says what was given and what was expected; `hint` says what to do, `where` names the place. Over HTTP and with\n"
        '`--json`: `{"error": {"code", "message", "hint", "where"}}`.\n\n| code | class | HTTP status | what |\n| --- | --- | --- | --- |\n'
        + "\n".join(rows)
        + "\n"
    )


def _status(kind: type[errors.NinefoldError], status_of: Callable[[errors.NinefoldError], int]) -> int:
    made = kind([]) if kind is errors.DeclarationErrors else kind("")  # type: ignore[arg-type]
    return status_of(made)


def main(words: list[str]) -> int:
    """Write the pages, or compare them."""
    stale = [name for name, text in pages().items() if not (FOLDER / name).exists() or (FOLDER / name).read_text("utf-8") != text]
    if "--check" in words:
        print("stale: " + ", ".join(stale) + "\nrun: make docs" if stale else "the reference says what the code says")
        return 1 if stale else 0
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, "utf-8")
    print(f"{len(stale)} pages written")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
