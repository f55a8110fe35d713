"""HTTP as values: routes, dispatch, requests with limits, one shape for errors. Knows nothing of what is served."""

from ninefold.web.app import App as App
from ninefold.web.call import Answer as Answer
from ninefold.web.call import Call as Call
from ninefold.web.call import ServerEvent as ServerEvent
from ninefold.web.limits import Limits as Limits
from ninefold.web.route import Route as Route
from ninefold.web.route import route as route
from ninefold.web.shapes import UnknownCallerError as UnknownCallerError
