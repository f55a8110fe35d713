"""Where commands that look after a whole home find it: they need no project, and never make a home by looking for one."""

from ninefold import config
from ninefold.errors import NotFoundError
from ninefold.project.home import Home


def home_of(environment: str | None) -> Home:
    """The home that the settings name. Raises NotFoundError where there is none."""
    settings = config.load(None, environment)
    if not settings.home.is_dir():
        raise NotFoundError(
            f"there is no home at {settings.home}",
            hint="it begins with ninefold run FILE.py, nf.track() or ninefold up; or name another one in NINEFOLD_HOME",
        )
    return Home(settings, settings.project or "")
