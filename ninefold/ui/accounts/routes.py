"""Everything about accounts that a browser or a program may ask for."""

from ninefold.accounts.oidc.flow import Flow
from ninefold.accounts.permit import Permit
from ninefold.ui.accounts import me, people, signing
from ninefold.web.route import Route


def routes(permit: Permit, flow: Flow | None = None) -> list[Route]:
    """Signing in (also by the identity provider of ``flow``), one's own account, everybody's; they work on what ``permit`` asks."""
    accounts, desk = permit.accounts, permit.desk
    return [*signing.routes(accounts, desk, flow), *me.routes(accounts, desk), *people.routes(accounts)]
