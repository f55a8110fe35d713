"""What the project's file said, as a fact: cards and reports quote it, so that no sentence of theirs comes from a file that changed since."""

from ninefold.ids import digest, digest_of
from ninefold.ledger import Fact
from ninefold.project.home import Home
from ninefold.project.reading.described import describe
from ninefold.project.reading.graph import Graph
from ninefold.project.reading.place import shown

KIND = "project.declared"


def record(home: Home, graph: Graph, run: str | None = None) -> Fact:
    """The fact of what ``graph`` declares: each thing's text, documentation and settings, and the digests of the files that were
    read. Written where anything differs from the last; else the last.
    """
    things = describe(graph)
    files = {shown(path, graph.root): digest(data) for path, data in sorted(graph.files.items())}
    said = digest_of([things, files])
    last = home.ledger.last(KIND, subject(home.project))
    if last is not None and last.body["digest"] == said:
        return last
    return home.ledger.record(KIND, subject(home.project), {"digest": said, "files": files, "things": things}, run=run)


def subject(project: str) -> str:
    """What such a fact is about.

    >>> subject("flights")
    'flights/project'
    """
    return f"{project}/project"
