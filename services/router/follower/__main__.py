"""`python -m services.router.follower`."""

import sys

from services.kit.service import main
from services.router.follower.app import SERVICE

if __name__ == "__main__":
    sys.exit(main("follower", [SERVICE]))
