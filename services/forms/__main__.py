"""`python -m services.forms`."""

import sys

from services.forms.app import SERVICE
from services.kit.service import main

if __name__ == "__main__":
    sys.exit(main("forms", (SERVICE,)))
