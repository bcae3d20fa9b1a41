"""The operator's question: files, changes, and that before and after share their contacts."""

import json
from pathlib import Path

import msgspec
import pytest

from services.router import pool_file
from services.router.simulator import arrivals, cli, whatif
from services.router.simulator.arrivals import InvalidArrivals, Team, changed

ROOT = Path(__file__).resolve().parents[4]
POOL = ROOT / "demo" / "kaarna.yaml"
ARRIVALS = ROOT / "demo" / "arrivals.yaml"
CONFIG = pool_file.parse(POOL.read_bytes(), partitions=1)
SMALL = """
hours: 2
contacts:
  - {channel: chat, language: fi, per_hour: 20, handling: 6, patience: 4}
  - {channel: email, language: sv, per_hour: 3, handling: 5, evenly: true}
teams:
  - {name: finnish, number: 1, skills: {fi: 5}}
  - {name: swedish, number: 1, skills: {sv: 5}}
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    file = tmp_path / "arrivals.yaml"
    file.write_text(SMALL, encoding="utf-8")
    return file


def test_arrivals_of_the_demo_fit_its_pool() -> None:
    found = arrivals.load(ARRIVALS, CONFIG)
    assert {"finnish", "seniors"} <= {team.name for team in found.teams}
    assert list(found.problems()) == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("per_hour: 20", "per_hour: 0", r"per_hour|contacts\[0\]|> 0"),
        ("hours: 2", "hour: 2", "hour"),
        ("channel: chat", "channel: fax", "'fax fi' come on a channel"),
        ("{fi: 5}", "{fj: 5}", "team finnish has fj"),
        ("name: swedish", "name: finnish", "team finnish stands twice"),
        ("hours: 2", "hours: 2\nanswer: 30", "offers on chat are over after 20 s"),
        ("hours: 2", "hours: 2\nprofile: [1.0]", "profile has 1 hours"),
        ("contacts:", "contacts: [", "line"),
    ],
)
def test_broken_arrivals_are_refused_with_file_and_reason(
    small: Path, old: str, new: str, message: str
) -> None:
    small.write_text(SMALL.replace(old, new), encoding="utf-8")
    with pytest.raises(InvalidArrivals, match=message) as refused:
        arrivals.load(small, CONFIG)
    assert str(small) in str(refused.value)


def test_people_are_added_and_taken_away(small: Path) -> None:
    before = arrivals.load(small, CONFIG)
    after = changed(before, ["2:finnish", "-1:swedish"])
    assert [team.number for team in after.teams] == [3, 0]
    for addition, message in (
        ("two:finnish", "expected NUMBER:TEAM"),
        ("1:english", "no team 'english', only finnish, swedish"),
        ("-2:finnish", "fewer than nobody"),
    ):
        with pytest.raises(InvalidArrivals, match=message):
            changed(before, [addition])
    with pytest.raises(InvalidArrivals, match="nobody is there"):
        changed(before, ["-1:finnish", "-1:swedish"])


def _play(small: Path) -> list[dict[str, whatif.Figures]]:
    before = arrivals.load(small, CONFIG)
    plans = (before, changed(before, ["2:finnish"]))
    return whatif.play(whatif.Task(config=CONFIG, plans=plans, seed=1, number=0))


def test_more_who_can_help_shorten_the_wait_of_the_same_contacts(small: Path) -> None:
    before, after = _play(small)
    for name in before:
        assert before[name].contacts == after[name].contacts
    chats = "chat fi"
    assert after[chats].wait < before[chats].wait
    assert after[chats].in_time > before[chats].in_time
    assert before["email sv"] == after["email sv"]
    assert before["all"].contacts == sum(
        one.contacts for name, one in before.items() if name != "all"
    )


def test_speed_shortens_and_company_slows_the_handling() -> None:
    found = arrivals.load(ARRIVALS, CONFIG)
    fast = Team(name="fast", number=1, skills={"fi": 5}, speed=2.0)
    slow = Team(name="slow", number=1, skills={"fi": 5})
    site = whatif.site_of(CONFIG, msgspec.structs.replace(found, teams=(fast, slow)))
    assert (site.means[:, 1] / site.means[:, 0]).tolist() == [2.0] * len(found.contacts)
    assert site.speeds == (1.0, 0.85, 0.7)
    assert [person.group for person in site.people] == [0, 1]


def test_plan_counts_the_share_of_an_agent_and_who_can(small: Path) -> None:
    found = arrivals.load(small, CONFIG)
    plan = whatif.plan_of(CONFIG, found)
    assert [(one.queue, one.channel) for one in plan.classes] == [
        ("live-fi", "chat"),
        ("writing-sv", "email"),
    ]
    # A chat takes a third of an agent for 6 minutes, an e-mail a half for 5.
    assert {(pair.k, pair.g): pair.handling for pair in plan.pairs} == {(0, 0): 118.8, (1, 1): 150}
    assert plan.rho == pytest.approx(20 / 3600 * 118.8, abs=1e-3)


def test_target_is_that_of_the_queue_the_contacts_get() -> None:
    found = arrivals.load(ARRIVALS, CONFIG)
    targets = {one.name: whatif.target(CONFIG, one) for one in found.contacts}
    assert targets["chat fi repair"] == 45
    assert targets["chat fi complaint"] == 3600
    assert targets["email fi"] == 14_400


def test_command_answers_before_and_after_with_a_plot(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    plot, out = tmp_path / "plot.svg", tmp_path / "out.json"
    with pytest.raises(SystemExit) as done:
        cli.main(
            f"whatif {POOL} --arrivals {small} --add 2:finnish --days 2 --processes 1 "
            f"--plot {plot} --json {out}".split()
        )
    assert done.value.code == 0
    printed = capsys.readouterr().out
    assert "What if 2:finnish?" in printed
    assert "chat fi" in printed
    assert "→" in printed
    assert plot.read_text(encoding="utf-8").startswith("<?xml")
    assert [one["name"] for one in json.loads(out.read_text())["lines"]][-1] == "all"


def test_command_says_when_nobody_can_help_or_the_pool_is_broken(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small.write_text(SMALL.replace("{sv: 5}", "{en: 5}"), encoding="utf-8")
    with pytest.raises(SystemExit) as done:
        cli.main(f"whatif {POOL} --arrivals {small} --days 1 --processes 1".split())
    assert done.value.code == 2
    assert "nobody here can serve: email/sv" in capsys.readouterr().err
    broken = tmp_path / "pool.yaml"
    broken.write_text("pool: x", encoding="utf-8")
    with pytest.raises(SystemExit) as done:
        cli.main(f"whatif {broken} --arrivals {small}".split())
    assert done.value.code == 2
    assert f"{broken}:1:" in capsys.readouterr().err
