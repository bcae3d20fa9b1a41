"""`python -m services`: all HTTP services and the follower in one process, for development, the
demo and small sites. The same factories as each service alone."""

import sys

from services.bot.app import SERVICE as BOT
from services.chat.app import SERVICE as CHAT
from services.conversations.app import SERVICE as CONVERSATIONS
from services.email.app import SERVICE as EMAIL
from services.forms.app import SERVICE as FORMS
from services.kit.service import main
from services.router.api.app import SERVICE as ROUTING_API
from services.router.follower.app import SERVICE as FOLLOWER

ALL = (ROUTING_API, CONVERSATIONS, CHAT, FORMS, EMAIL, BOT, FOLLOWER)

if __name__ == "__main__":
    sys.exit(main("services", ALL))
