"""`python -m services.chat`."""

import sys

from services.chat.app import SERVICE
from services.kit.service import main

if __name__ == "__main__":
    sys.exit(main("chat", [SERVICE]))
