"""``up``: the server."""

import ipaddress
import os
import signal
from collections.abc import Iterable
from pathlib import Path

import click

from ninefold import config
from ninefold.cli.report import Say, command, project_option
from ninefold.clock import SimulatedClock, SystemClock, iso, micros
from ninefold.errors import NotFoundError, UsageError
from ninefold.ledger.roles import Role
from ninefold.project.home import Home, open_home
from ninefold.project.live.clocks import back_to_now, replayed_until

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@command("ninefold up --port 9009")
@project_option
@click.option("--host", help="The address to listen on (default: this machine only).")
@click.option("--port", type=click.IntRange(0, 65535), help="The port (default 9009; 0: any free one).")
@click.option("--allow-host", "hosts", multiple=True, metavar="NAME", help="A name by which it may be called besides its own address.")
@click.option("--allow-origin", "origins", multiple=True, metavar="URL", help="Another site whose pages may call it.")
@click.option("--proxies", metavar="ADDRESS,...", help="Proxies whose X-Forwarded headers are believed.")
@click.option("--replay-at", metavar="TIME", hidden=True, help="Serve a replay: a simulated clock that stands at TIME until the replay moves it.")
@click.option("--now", "live", is_flag=True, help="Judge by this machine's clock again, after a replay.")
def up(
    say: Say,
    project: Path | None,
    environment: str | None,
    host: str | None,
    port: int | None,
    hosts: tuple[str, ...],
    origins: tuple[str, ...],
    proxies: str | None,
    replay_at: str | None,
    live: bool,
) -> None:
    """Serve pages, predictions, events, the API and the loop, on one port, until Ctrl-C.

    After a replay the clock stands where the replay ended, until --now. Other machines are served once there are accounts:
    ninefold users add NAME --administrator.
    """
    from ninefold.accounts import Accounts
    from ninefold.logs import setup
    from ninefold.server.app import build
    from ninefold.server.runtime import Runtime
    from ninefold.web.drain import serve

    setup()
    # a stop that was asked for ends like Ctrl-C: journals moved, the ledger's last checkpoint signed
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    home = _home(project, environment)
    address = host or home.settings.host
    if address not in LOOPBACK and not Accounts(home.ledger).people.administrators():
        raise UsageError(
            f"{address} can be reached from other machines, and there is no administrator yet who could sign in",
            hint="add one: ninefold users add NAME --administrator; or serve this machine only",
        )
    token = os.environ.get("NINEFOLD_REPLAY_TOKEN") if replay_at else None
    if replay_at and not token:
        raise UsageError("a replay needs a token in NINEFOLD_REPLAY_TOKEN", hint="ninefold replay starts the server for you")
    with Role(home.settings.home, "server").hold("ninefold up"), home:
        if live:
            back_to_now(home)
        stands = micros(replay_at) if replay_at else replayed_until(home)
        clock = SimulatedClock(stands) if stands is not None else SystemClock()
        runtime = Runtime(home, clock, replay=token)
        runtime.start()

        def ready(at: str, bound: int) -> None:
            url = f"http://{'localhost' if at in LOOPBACK else at}:{bound}"
            say.result(
                {"url": url, "project": home.project, "endpoints": sorted(runtime.services)},
                lambda: say.line(
                    f"{home.project or 'ninefold'} is up at {url}"
                    + (f" · its clock stands at {iso(clock.now())}" if stands is not None else "")
                    + " · Ctrl-C stops it"
                ),
            )

        settings = home.settings
        app = build(runtime, hosts=[*settings.hosts, *hosts], origins=[*settings.origins, *origins])
        trusted = trusted_proxies(proxies.split(",") if proxies is not None else settings.proxies)
        serve(app, address, port if port is not None else settings.port, on_ready=ready, proxies=trusted)


def trusted_proxies(given: Iterable[str]) -> str:
    """Addresses and networks of proxies, as uvicorn takes them. UsageError for anything else: whoever is believed may be anybody.

    >>> trusted_proxies(["10.0.0.7", " 10.1.0.0/16"])
    '10.0.0.7,10.1.0.0/16'
    """
    found = [one.strip() for one in given if one.strip()]
    for one in found:
        try:
            ipaddress.ip_network(one)
        except ValueError:
            raise UsageError(f'"{one}" is no address of a proxy', hint="give addresses or networks: 10.0.0.7, 10.1.0.0/16") from None
    return ",".join(found)


def _home(project: Path | None, environment: str | None) -> Home:
    """The home to serve; a directory in which nothing has run yet is served too: events and pages work without a project."""
    if project is not None:
        from ninefold.project.reading.read import locate

        # a name that is no path may be that of a module, as for run; what is neither is refused, not left out
        named = project.absolute() if project.exists() else locate(str(project))
        try:
            return open_home(named, environment)
        except NotFoundError:
            pass  # nothing has run yet
    from ninefold.runs.meant import meant

    settings = config.load(None, environment)
    home = Home(settings, "")
    home.project = meant(home.ledger, settings.project)
    return home
