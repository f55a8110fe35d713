"""Names for runs that were given none: two words and a number, easy to say and to tell apart."""

import random

_HOW = (
    "amber brisk calm clear coastal copper crisp distant early eastern even fair fleet foggy gentle golden grand green hidden high "
    "icy inland keen late level light little lively lofty long low lunar mellow mild misty new noble northern open pale plain quick "
    "quiet rapid rare ready red rolling round royal rustic sandy sharp silent silver slow small smooth snowy soft solid southern "
    "spare stark steady still stony sunny swift tall tidal true upland warm western white wide wild windy winter young"
)
_WHAT = (
    "alder anchor arch aspen badger bay beacon birch bison bridge brook canyon cedar cliff cloud comet coral cove crane creek crow "
    "delta dune eagle elk elm falcon fern field finch fjord forest fox garden glacier grove gull harbor hare hawk hazel heron hill "
    "island ivy juniper kite lake lark lemur linden lynx maple marsh meadow mesa moon moss oak orchid osprey otter owl peak pine "
    "plover pond poplar prairie raven reef ridge river robin rowan sail seal shore sparrow spruce star stork summit swan tern "
    "thistle tide valley walnut wave willow wren"
)
_HOWS, _WHATS = _HOW.split(), _WHAT.split()
_random = random.Random()  # noqa: S311  a name is no secret; not the module's own, which a script may have seeded


def random_name() -> str:
    """A name such as ``quiet-otter-417``; nothing keeps two from being the same."""
    return f"{_random.choice(_HOWS)}-{_random.choice(_WHATS)}-{_random.randrange(1000)}"
