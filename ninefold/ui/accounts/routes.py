"""Everything about accounts that a browser or a program may ask for."""

from ninefold.accounts.permit import Permit
from ninefold.ui.accounts import me, people, signing
from ninefold.web.route import Route


def routes(permit: Permit) -> list[Route]:
    """Signing in, one's own account, everybody's; they work on what ``permit`` asks."""
    accounts, desk = permit.accounts, permit.desk
    return [*signing.routes(accounts, desk), *me.routes(accounts, desk), *people.routes(accounts)]
