"""What every benchmark has: percentiles, the machine, a table, a JSON file."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile; NaN of nothing."""
    if not values:
        return float("nan")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered)) - 1))]


def machine() -> dict[str, Any]:
    """What the figures were taken on."""
    memory = Path("/proc/meminfo").read_text(encoding="ascii").split()[1]
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(int(memory) / 1024 / 1024, 1),
        "python": platform.python_version(),
    }


def memory_mb(pid: int) -> float:
    """Resident memory of a process in MB (10^6 bytes)."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    return float("nan")


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has had, all its threads, in seconds; NaN once it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return float("nan")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def machine_cpu_seconds() -> float:
    """Processor time that the whole machine has spent on work, in seconds."""
    with Path("/proc/stat").open(encoding="ascii") as stat:
        user, nice, system, _idle, _iowait, irq, softirq = map(int, stat.readline().split()[1:8])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def show(title: str, rows: Sequence[Mapping[str, Any]], out: Path | None) -> None:
    """Print the rows as a table and write them as JSON."""
    table(title, rows)
    if out is not None:
        write(title, rows, out)


def table(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print the rows."""
    made = Table(title=title)
    for column in rows[0]:
        made.add_column(column, justify="right")
    for row in rows:
        made.add_row(*(f"{v:,.1f}" if isinstance(v, float) else str(v) for v in row.values()))
    Console().print(made)


def write(title: str, rows: Sequence[Mapping[str, Any]], out: Path) -> None:
    """Write the rows and the machine as JSON."""
    out.parent.mkdir(parents=True, exist_ok=True)
    document = {"title": title, "machine": machine(), "rows": list(rows)}
    out.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
