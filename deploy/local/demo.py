"""The demo's customers and agents beside the platform, on this terminal.

The demo is in a process group of its own: Ctrl-C reaches it through here, exactly once, and while
the platform still runs, so that it can sign its agents out.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence

from deploy.local.paths import ROOT
from deploy.local.process import mortal, wait_until

MODULE = ("-m", "demo")
END_TIMEOUT = 20.0


class DemoRun:
    """One run of `python -m demo` with the settings that reach the platform."""

    def __init__(self, arguments: Sequence[str], env: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            mortal([sys.executable, *MODULE, *arguments]),
            cwd=ROOT,
            env={**os.environ, **env},
            stdin=subprocess.DEVNULL,
            process_group=0,
        )

    @property
    def over(self) -> bool:
        """Whether it has ended by itself."""
        return self._process.poll() is not None

    def end(self, *, impatient: Callable[[], bool]) -> int:
        """Its exit code; asks it to end when it has not, and waits for no longer than 20 s."""
        if not self.over:
            self._process.send_signal(signal.SIGINT)
            wait_until(lambda: self.over or impatient(), END_TIMEOUT)
            self._process.kill()
        return self._process.wait()
