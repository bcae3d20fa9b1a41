"""`python -m services.router.api`."""

import sys

from services.kit.service import main
from services.router.api.app import SERVICE

if __name__ == "__main__":
    sys.exit(main("routing-api", [SERVICE]))
