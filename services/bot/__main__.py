"""`python -m services.bot`."""

import sys

from services.bot.app import SERVICE
from services.kit.service import main

if __name__ == "__main__":
    sys.exit(main("bot", [SERVICE]))
