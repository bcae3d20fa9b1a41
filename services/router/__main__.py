"""`python -m services.router`: a router worker."""

import asyncio
import os
import sys

import mode.loop

mode.loop.use("uvloop")  # before faust is imported

import uvloop  # noqa: E402

from services.kit import log  # noqa: E402
from services.kit.errors import RefusedToStart, Unavailable  # noqa: E402
from services.kit.settings import load  # noqa: E402
from services.router import garbage  # noqa: E402
from services.router.app import Router  # noqa: E402
from services.router.settings import RouterSettings  # noqa: E402


def main() -> int:
    """Run until told to stop. 2: refused to start; 1: Kafka is away (a supervisor tries again)."""
    try:
        settings = load(RouterSettings, os.environ)
        log.configure("router", settings.log_level)
        garbage.tune()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(Router(settings).run())
    except RefusedToStart as error:
        print(f"router: {error}", file=sys.stderr)
        return 2
    except Unavailable as error:
        print(f"router: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
