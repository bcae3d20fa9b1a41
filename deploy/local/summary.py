"""What the console says about a stack: addresses when it is ready, a table on request."""

from __future__ import annotations

from collections.abc import Mapping

from deploy.local.processes import TITLES, url
from deploy.local.state import State


def ready_lines(ports: Mapping[str, int], only: str | None = None) -> list[str]:
    """`ready`, and where everything is."""
    lines = ["ready"]
    if only is None or "services" in only.split(","):
        lines += [f"  {title:<14} {url(ports, name)}" for name, title in TITLES.items()]
    lines.append(f"  {'Kafka':<14} 127.0.0.1:{ports['kafka']}")
    lines.append(f"  {'Redis':<14} 127.0.0.1:{ports['redis']}")
    return lines


def status_lines(state: State | None) -> list[str]:
    """One line for the stack, one for each process."""
    if state is None:
        return ["The local platform is not running."]
    head = "ready" if state.ready else "starting"
    lines = [f"The local platform is {head} (supervisor pid {state.pid})."]
    lines += [f"  {name:<14} pid {pid}" for name, pid in state.processes.items()]
    return lines + (ready_lines(state.ports, ",".join(state.processes))[1:] if state.ready else [])
