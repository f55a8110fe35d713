"""The command line: one file per command group, each imported only when it is asked for."""

import os
import signal
import sys

from ninefold.cli.group import LazyGroup
from ninefold.cli.report import INTERRUPTED, Interrupts, report

COMMANDS = {
    # name: (module, one line of help)
    "new": ("project", "Make a project: the one file, with data to try it on."),
    "check": ("project", "Read a project and say what is wrong, without touching data."),
    "plan": ("run", "Show what a run would do, and why."),
    "run": ("run", "Run all stages; what has not changed is not done again."),
    "status": ("status", "Is the problem solved; the nine stages; what waits for whom."),
    "why": ("why", "Trace a prediction, a step or a version back to its causes."),
    "explore": ("explore", "Profile the tables, find leaks, propose hypotheses."),
    "deploy": ("release", "Freeze the project and release a version to an endpoint."),
    "rollback": ("release", "Return an endpoint to its version before."),
    "approve": ("release", "Approve a version, by name, where the risk asks for it."),
    "up": ("up", "Serve: pages, predictions, events, the API, the loop."),
    "replay": ("replay", "Feed past production through the live endpoint."),
    "demo": ("demo", "The whole story on the flights of 2013, in two minutes."),
    "runs": ("runs", "Runs: list, show, compare, deliver, delete, export."),
    "compare": ("runs", "Set runs side by side: what differs between them."),
    "tables": ("tables", "Tables: list, show, diff, quarantine."),
    "features": ("features", "Features: list, check online against batch."),
    "models": ("models", "Models: list versions, show the competition."),
    "endpoints": ("endpoints", "Endpoints: list releases, score a file."),
    "items": ("items", "Work items: what waits for whom."),
    "users": ("accounts", "Who may use a server: add, grant, disable."),
    "tokens": ("accounts", "Tokens of programs: create, list, revoke."),
    "card": ("card", "The model card and the release report, from facts."),
    "import": ("bring", "Bring over what another tracker holds: MLflow."),
    "audit": ("audit", "Verify the ledger; export it with its verifier."),
    "doctor": ("keep", "Look for damage, and say what can be done."),
    "backup": ("keep", "Copy the whole home, verified."),
    "restore": ("keep", "Bring a backup back."),
    "upgrade": ("keep", "Bring the database of an older release up to date."),
}

cli = LazyGroup(
    name="ninefold",
    commands=COMMANDS,
    help="Nine stages, one file: a machine-learning system from the problem to the monitor, and round again.",
    epilog="Start with `ninefold demo`, or `ninefold new myproject`.",
)


def main() -> None:
    """Run the command line; every expected error becomes a sentence and an exit code."""
    Interrupts.watch()
    code = report(cli)
    if code == INTERRUPTED:
        # at once: while Python takes itself down, a library's own handling of Ctrl-C may end the process by the signal, not by the code
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    # the work is done, and its code is known: while Python takes itself down, Ctrl-C would end the process by the signal
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(code)
