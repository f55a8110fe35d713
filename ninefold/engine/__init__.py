"""Steps and keys: same key, same output, no need to run. Nothing here loads an engine or a user's module."""

from ninefold.engine.plan import Difference as Difference
from ninefold.engine.plan import Planned as Planned
from ninefold.engine.plan import differences as differences
from ninefold.engine.plan import why as why
from ninefold.engine.progress import Event as Event
from ninefold.engine.progress import Result as Result
from ninefold.engine.progress import RunError as RunError
from ninefold.engine.run import Runner as Runner
from ninefold.engine.step import Output as Output
from ninefold.engine.step import Step as Step
