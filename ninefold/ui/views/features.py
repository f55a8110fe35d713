"""A group of features: what it is made of, who uses it, and whether it helps."""

import msgspec

from ninefold.ui.reading import Reading
from ninefold.ui.views.hypotheses import Believed, hypotheses
from ninefold.ui.views.thing import ThingPart, path_to, thing_part


class User(msgspec.Struct):
    """A thing that uses the group."""

    name: str
    noun: str
    path: str


class FeaturesPage(msgspec.Struct):
    """``columns`` are the features' names; ``tested`` the hypotheses about the group."""

    thing: ThingPart
    columns: list[str]
    users: list[User]
    tested: list[Believed]


def features(reading: Reading, name: str) -> FeaturesPage:
    """The page of a group of features."""
    part = thing_part(reading, "features", name)
    columns = [c for c in part.says.get("features", "").split(", ") if c]
    users = [User(n, reading.things[n].noun, path_to(reading.things[n].noun, n)) for n in reading.needed_by(name)]
    beliefs = {u.name for u in users if u.noun == "hypothesis"}
    return FeaturesPage(part, columns, users, [b for b in hypotheses(reading).things if b.listed.name in beliefs])
