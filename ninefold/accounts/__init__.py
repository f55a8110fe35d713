"""People and programs that call a server: who they are, what they may do in which project."""

from ninefold.accounts.accounts import Accounts as Accounts
from ninefold.accounts.caller import Caller as Caller
from ninefold.accounts.roles import ROLES as ROLES
