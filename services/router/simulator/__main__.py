"""`python -m services.router.simulator`: see README.md."""

from services.router.simulator.cli import main

if __name__ == "__main__":
    main()
