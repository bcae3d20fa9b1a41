"""`python -m demo`: see `demo/README.md`."""

import sys

from demo.cli import main

if __name__ == "__main__":
    sys.exit(main())
