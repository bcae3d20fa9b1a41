"""`python -m services.conversations`."""

import sys

from services.conversations.app import SERVICE
from services.kit.service import main

if __name__ == "__main__":
    sys.exit(main("conversations", [SERVICE]))
