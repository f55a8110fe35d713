"""Finding the route of a request: a dictionary for fixed paths, one regular expression per method for the others."""

import re
from collections.abc import Sequence
from urllib.parse import unquote_to_bytes

from ninefold.errors import DeclarationError, NotFoundError, UsageError, closest
from ninefold.web.route import Route

_PARAM = re.compile(r"\{(\w+)(:path)?\}")
_UNRESERVED = re.compile(r"%(2[DdEe]|3[0-9]|4[1-9A-Fa-f]|5[0-9AaFf]|6[1-9A-Fa-f]|7[0-9AaEe])")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class MethodError(UsageError):
    """The path exists, but not for that method; ``allow`` says which there are."""

    code = "method"

    def __init__(self, method: str, path: str, allow: Sequence[str]) -> None:
        super().__init__(f"{method} is not possible on {path}", hint=f"it takes {', '.join(allow)}")
        self.allow = tuple(allow)


class Dispatcher:
    """All routes, found by method and the raw (still percent-encoded) path.

    >>> from ninefold.web.route import route
    >>> show = route("GET", "/api/tables/{name}", lambda call, name: name, who="public")
    >>> find = Dispatcher([show]).find
    >>> find("GET", "/api/tables/a%2Fb")[1]
    {'name': 'a/b'}
    """

    def __init__(self, routes: Sequence[Route]) -> None:
        self.routes = tuple(routes)
        self._fixed: dict[tuple[str, str], Route] = {}
        by_method: dict[str, list[Route]] = {}
        seen: dict[tuple[str, str], Route] = {}
        for each in routes:
            shape = (each.method, _PARAM.sub(lambda m: "{:path}" if m[2] else "{}", each.path))
            if shape in seen:
                raise DeclarationError(f"two routes for {each.method} {each.path}", hint=f"the other is {seen[shape].path}")
            seen[shape] = each
            if each.fixed:
                self._fixed[each.method, each.path] = each
            else:
                by_method.setdefault(each.method, []).append(each)
        self._patterns = {method: _Patterns(some) for method, some in by_method.items()}
        self.methods = sorted({each.method for each in routes})

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """The route and its parameters, decoded once. NotFoundError with the nearest path, MethodError with what is allowed."""
        if "%" in path:
            path = _UNRESERVED.sub(lambda m: chr(int(m[1], 16)), path)
        found = self._look(method, path)
        if found is None and method == "HEAD":
            found = self._look("GET", path)
        if found is not None:
            return found
        allow = self.allowed(path)
        if allow:
            raise MethodError(method, path, allow)
        raise NotFoundError(f"there is nothing at {path[:200]}", hint=closest(path[:200], {each.path for each in self.routes}))

    def allowed(self, path: str) -> list[str]:
        """The methods that a path takes; HEAD with GET, OPTIONS with any."""
        methods = {method for method in self.methods if self._look(method, path) is not None}
        return sorted(methods | ({"HEAD"} if "GET" in methods else set()) | {"OPTIONS"}) if methods else []

    def _look(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        if (fixed := self._fixed.get((method, path))) is not None:
            return fixed, {}
        patterns = self._patterns.get(method)
        return patterns.match(path) if patterns is not None else None


class _Patterns:
    """The parametrised routes of one method as a single alternation, the most literal first."""

    def __init__(self, routes: list[Route]) -> None:
        ordered = sorted(routes, key=lambda each: [_rank(part) for part in each.path.split("/")])
        self._by_group: dict[int, tuple[Route, tuple[int, ...]]] = {}
        pieces, group = [], 0
        for each in ordered:
            group += 1
            count = len(_PARAM.findall(each.path))
            self._by_group[group] = (each, tuple(range(group + 1, group + 1 + count)))
            pieces.append("(" + _regex(each.path) + ")")
            group += count
        self._regex = re.compile("|".join(pieces))

    def match(self, path: str) -> tuple[Route, dict[str, str]] | None:
        match = self._regex.fullmatch(path)
        if match is None or match.lastindex is None:
            return None
        found, groups = self._by_group[match.lastindex]
        return found, {name: decode(match[g]) for name, g in zip(found.params, groups, strict=True)}


def decode(text: str) -> str:
    """A path parameter, percent-decoded once. UsageError for bytes that are no UTF-8, control characters and ``..`` segments.

    >>> decode("late%20flights")
    'late flights'
    """
    if "%" in text:
        try:
            text = unquote_to_bytes(text).decode()
        except UnicodeDecodeError:
            raise UsageError("the path is not UTF-8", hint="percent-encode it as UTF-8") from None
    if _CONTROL.search(text):
        raise UsageError("the path has control characters", hint="write the path that is meant")
    if ".." in text and ".." in re.split(r"[/\\]", text):
        raise UsageError('the path has ".." in it', hint="write the path that is meant")
    return text


def _rank(part: str) -> int:
    return 2 if part.endswith(":path}") else 1 if "{" in part else 0


def _regex(path: str) -> str:
    pieces, last = [], 0
    for match in _PARAM.finditer(path):
        pieces += [re.escape(path[last : match.start()]), "(.+)" if match[2] else "([^/]+)"]
        last = match.end()
    return "".join(pieces) + re.escape(path[last:])
