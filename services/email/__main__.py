"""`python -m services.email`."""

import sys

from services.email.app import SERVICE
from services.kit.service import main

if __name__ == "__main__":
    sys.exit(main("email", [SERVICE]))
