"""``users`` and ``tokens``: who may use a server, and the tokens of programs."""

import sys
from typing import Any

import click
import msgspec

from ninefold import clock, config
from ninefold.accounts import Accounts
from ninefold.accounts.people import Person
from ninefold.accounts.roles import EVERYWHERE, ROLES
from ninefold.cli.noun import noun
from ninefold.cli.person import person
from ninefold.cli.report import Say, command, table
from ninefold.cli.times import when
from ninefold.errors import UsageError
from ninefold.project.home import Home
from ninefold.storage.durable import make_folder
from ninefold.units import duration

_in = click.option("--in", "environment", metavar="NAME", help="The environment (default: dev).")
_name = click.argument("name")
_role = click.argument("role", metavar="ROLE", type=click.Choice(list(ROLES)))
_stdin = click.option("--password-stdin", is_flag=True, help="Read the password from standard input: one line.")


def _where(function: Any) -> Any:
    """In which project: said each time, because for all of them is much."""
    function = click.option("--everywhere", is_flag=True, help="In every project.")(function)
    return click.option("--project", "-p", help="In this project.")(function)


def _project(project: str | None, everywhere: bool) -> str:
    if (project is None) != everywhere:
        raise UsageError("in which project?", hint="say --project NAME, or --everywhere")
    return EVERYWHERE if project is None else project


def _home(environment: str | None) -> Home:
    """The home of the settings; it is made where there is none: accounts may come first."""
    settings = config.load(None, environment)
    make_folder(settings.home, mode=0o700)
    return Home(settings, settings.project or "")


def _password(name: str, from_stdin: bool) -> str:
    """A password from the terminal, or a line of standard input; never an argument, which everybody on the machine could read."""
    if from_stdin or not sys.stdin.isatty():
        line = sys.stdin.readline().rstrip("\r\n")
        if not line:
            raise UsageError("there is no password on standard input", hint="write it as one line, or call it on a terminal")
        return line
    text: str = click.prompt(f"password for {name}", hide_input=True, confirmation_prompt=True, err=True)
    return text


@command("ninefold users add ada --administrator", name="add")
@_name
@click.option("--administrator", is_flag=True, help="An administrator of every project; the first account has to be one.")
@click.option("--role", "roles", multiple=True, type=click.Choice(list(ROLES)), help="A role from the start; may be given several times.")
@_where
@click.option("--full-name", default="", help="The name as people write it.")
@click.option("--email", default="", help="The e-mail address; it is in no fact.")
@click.option("--service", is_flag=True, help="A program: it has no password, only tokens.")
@click.option("--no-password", is_flag=True, help="Without a password: signs in by an identity provider, or with tokens.")
@_stdin
@_in
def add(
    say: Say,
    name: str,
    administrator: bool,
    roles: tuple[str, ...],
    project: str | None,
    everywhere: bool,
    full_name: str,
    email: str,
    service: bool,
    no_password: bool,
    password_stdin: bool,
    environment: str | None,
) -> None:
    """Add an account. The password is asked for on the terminal, or read from standard input.

    From the first account on, whoever calls a server of this home has to sign in, also on this machine.
    """
    place = _project(project, everywhere) if roles else ""
    with _home(environment) as home:
        accounts, actor = Accounts(home.ledger), person(home)
        if not administrator and not accounts.people.exist():
            raise UsageError(
                "the first account has to be an administrator: who else would let others in?", hint=f"ninefold users add {name} --administrator"
            )
        password = None if service or no_password else _password(name, password_stdin)
        made = accounts.people.add(name, password=password, full_name=full_name, email=email, kind="service" if service else "person", actor=actor)
        if administrator:
            accounts.grants.give(name, "administrator", actor=actor)
        for role in roles:
            accounts.grants.give(name, role, place, actor=actor)
        value = _shown(accounts, made)
    next_ = f"; it signs in with a token: ninefold tokens create --for {name} --name NAME" if password is None else ""
    say.result(value, f"{name} has an account{next_}")


@command("ninefold users list", name="list")
@_in
def list_(say: Say, environment: str | None) -> None:
    """All accounts with their roles."""
    with _home(environment) as home:
        accounts = Accounts(home.ledger)
        found = [_shown(accounts, one) for one in accounts.people.all()]
    rows = [[u["name"], u["kind"], u["state"], _roles(u["roles"]), u["full_name"], when(u["created"])] for u in found]
    nobody = "there are no accounts: whoever is at this machine may do everything\nnext: ninefold users add NAME --administrator"
    say.result(found, table(["name", "kind", "state", "roles", "full name", "since"], rows) if rows else nobody)


@command("ninefold users disable ada")
@_name
@_in
def disable(say: Say, name: str, environment: str | None) -> None:
    """Shut an account: its sessions end and its tokens are revoked, at once. It stays on record."""
    with _home(environment) as home:
        people = Accounts(home.ledger).people
        before = people.get(name).state
        people.disable(name, actor=person(home))
    done = f"{name} was shut out already" if before == "disabled" else f"{name} is shut out; its tokens are revoked for good"
    say.result({"name": name, "state": "disabled"}, done)


@command("ninefold users enable ada")
@_name
@_in
def enable(say: Say, name: str, environment: str | None) -> None:
    """Open a disabled account again. Tokens that were revoked stay revoked."""
    with _home(environment) as home:
        people = Accounts(home.ledger).people
        before = people.get(name).state
        people.enable(name, actor=person(home))
    say.result({"name": name, "state": "active"}, f"{name} may sign in already" if before == "active" else f"{name} may sign in again")


@command("ninefold users grant ada scientist --project flights")
@_name
@_role
@_where
@_in
def grant(say: Say, name: str, role: str, project: str | None, everywhere: bool, environment: str | None) -> None:
    """Give an account a role in a project, or everywhere."""
    place = _project(project, everywhere)
    with _home(environment) as home:
        Accounts(home.ledger).grants.give(name, role, place, actor=person(home))
    say.result({"name": name, "role": role, "project": place}, f"{name} is {role} in {_places(place)}: {ROLES[role]}")


@command("ninefold users revoke ada scientist --project flights")
@_name
@_role
@_where
@_in
def revoke(say: Say, name: str, role: str, project: str | None, everywhere: bool, environment: str | None) -> None:
    """Take a role back, at once."""
    place = _project(project, everywhere)
    with _home(environment) as home:
        Accounts(home.ledger).grants.take(name, role, place, actor=person(home))
    say.result({"name": name, "role": role, "project": place}, f"{name} is not {role} in {_places(place)} any more")


@command("ninefold users password ada")
@_name
@_stdin
@_in
def password(say: Say, name: str, password_stdin: bool, environment: str | None) -> None:
    """Give an account a new password. Its sessions end; its tokens stay."""
    with _home(environment) as home:
        people = Accounts(home.ledger).people
        people.get(name)
        people.set_password(name, _password(name, password_stdin), actor=person(home))
    say.result({"name": name}, f"{name} has a new password")


@command("ninefold tokens create --for ada --name laptop --expires 90d")
@click.option("--for", "who", required=True, metavar="NAME", help="Whose token it is.")
@click.option("--name", required=True, help="What it is for.")
@click.option("--project", "-p", help="Only for this project.")
@click.option("--role", "roles", multiple=True, type=click.Choice(list(ROLES)), help="Only these of its owner's roles; may be given several times.")
@click.option("--expires", default="90d", show_default=True, metavar="90d|never", help="After how long it ends.")
@_in
def create(say: Say, who: str, name: str, project: str | None, roles: tuple[str, ...], expires: str, environment: str | None) -> None:
    """Make a token and show it, this once. It may what its owner may, or less.

    MLflow's clients take it in MLFLOW_TRACKING_TOKEN, other programs as Authorization: Bearer.
    """
    until = None if expires == "never" else clock.now() + duration(expires)
    with _home(environment) as home:
        made, text = Accounts(home.ledger).tokens.create(who, name, project=project, roles=list(roles) or None, expires=until, actor=person(home))

    def told() -> None:
        say.line(text)
        click.echo(f"it is shown this once; {f'it ends {when(until)}' if until else 'it does not end'} · ninefold tokens revoke {made.id}", err=True)

    say.result({**msgspec.to_builtins(made), "token": text}, told)


@command("ninefold tokens list --for ada", name="list")
@click.option("--for", "who", metavar="NAME", help="Only those of this account.")
@click.option("--all", "also_old", is_flag=True, help="Revoked and expired ones too.")
@_in
def list_tokens(say: Say, who: str | None, also_old: bool, environment: str | None) -> None:
    """The tokens, without their secrets; when each was last used, to the minute."""
    with _home(environment) as home:
        tokens, now = Accounts(home.ledger).tokens, clock.now()
        every = tokens.of(who) if who else tokens.all()
    found = [t for t in every if also_old or (t.revoked is None and (t.expires is None or t.expires > now))]
    rows = [
        [t.id, t.who, t.name, t.project or "every", ", ".join(t.roles) if t.roles else "its owner's", when(t.expires), when(t.used), when(t.revoked)]
        for t in found
    ]
    text = table(["token", "of", "name", "project", "roles", "ends", "last used", "revoked"], rows) if rows else "there are no tokens"
    say.result(msgspec.to_builtins(found), text)


@command("ninefold tokens revoke 0199c1f2", name="revoke")
@click.argument("token")
@_in
def revoke_token(say: Say, token: str, environment: str | None) -> None:
    """Revoke a token by its id: at once in the server, for good."""
    with _home(environment) as home:
        gone = Accounts(home.ledger).tokens.revoke(token, actor=person(home))
    say.result(msgspec.to_builtins(gone), f'the token "{gone.name}" of {gone.who} is revoked')


def _shown(accounts: Accounts, one: Person) -> dict[str, Any]:
    roles = {project: sorted(given) for project, given in accounts.grants.of(one.name).items()}
    return {**msgspec.to_builtins(one), "roles": roles}


def _roles(roles: dict[str, list[str]]) -> str:
    return "; ".join(f"{_places(project)}: {', '.join(given)}" for project, given in roles.items())


def _places(project: str) -> str:
    return "every project" if project == EVERYWHERE else project


users = noun("users", "Who may use a server, and with which roles.", add, list_, grant, revoke, password, disable, enable)
tokens = noun("tokens", "Tokens of programs: create, list, revoke.", create, list_tokens, revoke_token)
