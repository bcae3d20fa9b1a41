"""The command line: which question, which answer."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from services.contracts.pool import PoolConfig
from services.router import pool_file
from services.router.simulator import (
    arrivals,
    compare_plot,
    compare_report,
    plots,
    reserve,
    validate,
    waits,
    whatif,
)
from services.router.simulator.centres import Centre, InvalidCentre, load, random_centres
from services.router.simulator.compare import Task, play
from services.router.simulator.experiments import EXPERIMENTS
from services.router.simulator.experiments import run as run_experiments
from services.router.simulator.parallel import run_all
from services.router.simulator.policies import CONTENDERS, USUAL
from services.router.simulator.run import NobodyComes

_ANY_PARTITION = 2**31


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command. Exit code 1: a check failed; 2: the question cannot be answered."""
    options = _parser().parse_args(arguments)
    try:
        passed = options.run(options, Console())
    except (InvalidCentre, arrivals.InvalidArrivals, NobodyComes, plots.NoPlots) as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    sys.exit(0 if passed else 1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m services.router.simulator",
        description="The router's engine in simulated contact centres.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_validate(commands)
    _add_compare(commands)
    _add_reserve(commands)
    _add_whatif(commands)
    _add_waits(commands)
    return parser


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, metavar="OUT", help="write all figures to this file")
    parser.add_argument("--processes", type=int, help="default: one per core")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="a first look, about a minute")
    size.add_argument("--full", action="store_true", help="as long as the tables of the docs need")


def _add_validate(commands: Any) -> None:
    parser = commands.add_parser("validate", help="the engine against theory and literature")
    parser.add_argument(
        "--only", default="", metavar="WORD", help="the models whose name contains this"
    )
    _common(parser)
    parser.set_defaults(run=_validate)


def _validate(options: argparse.Namespace, console: Console) -> bool:
    names = [name for name in EXPERIMENTS if options.only.lower() in name.lower()]
    share = 10.0 if options.full else 0.25 if options.quick else 1.0
    verdicts = run_experiments(names, options.seed, share, options.processes)
    validate.show(verdicts, console)
    if options.json:
        _write(options.json, validate.document(verdicts, _said(options)))
    return all(one.inside for one in verdicts)


def _add_compare(commands: Any) -> None:
    parser = commands.add_parser("compare", help="policies side by side on the same days")
    parser.add_argument(
        "--centres",
        default="random",
        help="a centre's JSON file, a folder of them, or `random` (default)",
    )
    parser.add_argument("--count", type=int, default=60, help="how many random centres")
    parser.add_argument("--rho", type=float, nargs="+", default=[0.9], help="loads")
    parser.add_argument("--policies", nargs="+", choices=sorted(CONTENDERS), default=list(USUAL))
    parser.add_argument("--days", type=int, help="days per centre and load (1, full: 4)")
    parser.add_argument("--handling", choices=["exponential", "lognormal"], default="exponential")
    parser.add_argument("--scv", type=float, default=2.0, help="of lognormal handling times")
    parser.add_argument(
        "--misestimate",
        type=float,
        default=1.0,
        metavar="FACTOR",
        help="plan with each rate and handling time too high or too low by this factor",
    )
    parser.add_argument("--plot", type=Path, metavar="OUT", help="write a picture (svg or png)")
    _common(parser)
    parser.set_defaults(run=_compare)


def _add_reserve(commands: Any) -> None:
    parser = commands.add_parser("reserve", help="chats beside the phone: whom to keep free")
    parser.add_argument("--plot", type=Path, metavar="OUT", help="write a picture (svg or png)")
    _common(parser)
    parser.set_defaults(run=_reserve)


def _reserve(options: argparse.Namespace, console: Console) -> bool:
    if options.plot:
        plots.require()
    replications = 40 if options.full else 3 if options.quick else 10
    tasks = [
        reserve.Task(reserve=kept, seed=options.seed, number=number)
        for kept in (None, *reserve.RESERVES)
        for number in range(replications)
    ]
    found = reserve.points(
        run_all(reserve.play, tasks, "replications", processes=options.processes)
    )
    reserve.show(found, console)
    _keep(options, reserve.document(found, _said(options)), partial(reserve.draw, found))
    return True


def _add_whatif(commands: Any) -> None:
    parser = commands.add_parser("whatif", help="a pool on a day, before and after a change")
    parser.add_argument("pool", type=Path, metavar="POOL.yaml")
    parser.add_argument("--arrivals", type=Path, required=True, metavar="ARRIVALS.yaml")
    parser.add_argument(
        "--add",
        action="append",
        default=[],
        metavar="NUMBER:TEAM",
        help="more people in a team, or (--add=-1:TEAM) fewer; may stand more than once",
    )
    parser.add_argument("--days", type=int, help="days to simulate (20, quick: 5, full: 200)")
    parser.add_argument("--plot", type=Path, metavar="OUT", help="write a picture (svg or png)")
    _common(parser)
    parser.set_defaults(run=_whatif)


def _whatif(options: argparse.Namespace, console: Console) -> bool:
    if options.plot:
        plots.require()
    config = _pool(options.pool)
    before = arrivals.load(options.arrivals, config)
    staffings = (before, arrivals.changed(before, options.add)) if options.add else (before,)
    days = options.days or (200 if options.full else 5 if options.quick else 20)
    tasks = [
        whatif.Task(config=config, plans=staffings, seed=options.seed, number=number)
        for number in range(days)
    ]
    found = whatif.lines(run_all(whatif.play, tasks, "days", processes=options.processes))
    title = f"What if {', '.join(options.add)}?" if options.add else "As it is"
    whatif.show(found, config, f"{title} ({days} days)", console)
    _keep(options, whatif.document(found, _said(options)), partial(whatif.draw_plot, found))
    return True


def _pool(path: Path) -> PoolConfig:
    try:
        config = pool_file.parse(path.read_bytes(), partitions=_ANY_PARTITION)
    except OSError as error:
        raise arrivals.InvalidArrivals(f"{path}: {error.strerror}") from error
    except pool_file.InvalidPool as error:
        mistakes = "\n".join(
            f"{path}:{one.line}:{one.column}: {one.field}: {one.message}" for one in error.mistakes
        )
        raise arrivals.InvalidArrivals(mistakes) from error
    return config


def _add_waits(commands: Any) -> None:
    parser = commands.add_parser("waits", help="are expected waits honest?")
    parser.add_argument("--centres", default="random", help="as for compare")
    parser.add_argument("--count", type=int, default=12, help="how many random centres")
    parser.add_argument("--rho", type=float, nargs="+", default=[0.8, 0.9, 1.0, 1.1], help="loads")
    parser.add_argument("--days", type=int, help="days in a row per centre and load (2, full: 6)")
    parser.add_argument("--plot", type=Path, metavar="OUT", help="write a reliability plot")
    _common(parser)
    parser.set_defaults(run=_waits)


def _waits(options: argparse.Namespace, console: Console) -> bool:
    if options.plot:
        plots.require()
    days = options.days or (6 if options.full else 2)
    tasks = [
        waits.Task(centre=centre, number=number, rho=rho, seed=options.seed, days=days)
        for rho in options.rho
        for number, centre in _centres(options)
    ]
    told = run_all(waits.play, tasks, "centres and loads", processes=options.processes)
    found = [waits.calibration(rho, told) for rho in options.rho]
    waits.show(found, console)
    _keep(
        options,
        waits.document(found) | {"options": _said(options)},
        partial(waits.draw_reliability, found),
    )
    return all(one.kept for one in found)


def _compare(options: argparse.Namespace, console: Console) -> bool:
    if options.plot:
        plots.require()
    centres = _centres(options)
    days = options.days or (4 if options.full else 1)
    tasks = [
        Task(
            centre=centre,
            number=number,
            rho=rho,
            policies=tuple(options.policies),
            seed=options.seed,
            days=days,
            handling=options.handling,
            scv=options.scv,
            misestimate=options.misestimate,
        )
        for rho in options.rho
        for number, centre in centres
    ]
    rows = run_all(play, tasks, "centres and loads", processes=options.processes)
    compare_report.show(rows, console)
    _keep(options, compare_report.document(rows, _said(options)), partial(compare_plot.draw, rows))
    return True


def _centres(options: argparse.Namespace) -> list[tuple[int, Centre]]:
    if options.centres == "random":
        centres = random_centres(options.count, options.seed)
    else:
        centres = load(Path(options.centres))
    numbered = list(enumerate(centres))
    return numbered[:: max(1, len(numbered) // 6)] if options.quick else numbered


def _said(options: argparse.Namespace) -> dict[str, Any]:
    return {
        name: str(value) if isinstance(value, Path) else value
        for name, value in vars(options).items()
        if name not in {"run", "json", "plot", "processes"}
    }


def _keep(
    options: argparse.Namespace, document: dict[str, Any], plot: Callable[[Path], None]
) -> None:
    """Write what was asked for."""
    if options.json:
        _write(options.json, document)
    if options.plot:
        plot(options.plot)


def _write(out: Path, document: dict[str, Any]) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
