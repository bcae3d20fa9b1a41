"""What there is to see at one moment, taken from journal and records: numbers and short texts."""

from collections import Counter, deque
from dataclasses import dataclass

from demo.agents.roster import Person
from demo.floor import Contact, Stage
from demo.numbers import percentiles, times_to_offer
from demo.run import Demo

CHANNELS = {"chat": "Chat", "form": "Form", "email": "E-mail", "bot": "Bot"}
HISTORY = 60


@dataclass(frozen=True, slots=True)
class ChannelLine:
    """A channel: contacts that came in by it, of them waiting, in agents' hands, over."""

    name: str
    came: int
    waiting: int
    in_hand: int
    over: int


@dataclass(frozen=True, slots=True)
class QueueLine:
    """A queue; waits in seconds."""

    name: str
    waiting: int
    longest: float
    target: float
    in_hand: int


@dataclass(frozen=True, slots=True)
class AgentLine:
    """An agent: languages by level, what is in hand as (channel, stage)."""

    name: str
    languages: tuple[str, ...]
    state: str
    used: int
    work: tuple[tuple[str, Stage], ...]


@dataclass(frozen=True, slots=True)
class Story:
    """One customer's way: how long ago it began, and where it is."""

    channel: str
    language: str
    text: str
    stage: Stage
    agent: str
    how: str
    seconds: float
    found_in_ms: int | None


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything at once. `arrivals`: contacts of each of the last seconds; `silent`: seconds
    since the journal's newest record."""

    stage: str
    open_for: float
    silent: float
    speed: float
    channels: list[ChannelLine]
    queues: list[QueueLine]
    agents: list[AgentLine]
    stories: list[Story]
    came_per_minute: int
    answered_per_minute: int
    arrivals: list[int]
    came: int
    answered: int
    solved: int
    time_to_offer: dict[str, float | None]
    wrong: dict[str, int]
    pages: dict[str, str]


class Scenes:
    """Takes scenes of a run."""

    def __init__(self, demo: Demo) -> None:
        self._demo = demo
        self._names = {person.id: person for person in demo.company.people}
        self._arrivals: deque[int] = deque(maxlen=HISTORY)
        self._second = 0
        self._came = 0
        self._times: dict[str, int] = {}

    def take(self, now_ms: int) -> Scene:
        """How it is at this moment (ms since the epoch)."""
        demo, floor = self._demo, self._demo.watch.floor
        counts = floor.counts
        self._count_arrivals(now_ms, counts.contacts_in)
        self._times = times_to_offer(floor, demo.records)
        started = demo.started_at
        return Scene(
            stage=demo.stage,
            open_for=demo.around.clock.monotonic() - started if started else 0.0,
            silent=max(0.0, (now_ms - demo.watch.newest_at) / 1000),
            speed=demo.options.speed,
            channels=self._channels(),
            queues=[self._queue(name, now_ms) for name in floor.config.queues],
            agents=[self._agent(person) for person in self._names.values()],
            stories=self._stories(now_ms),
            came_per_minute=floor.per_minute("in", now_ms),
            answered_per_minute=floor.per_minute("answered", now_ms),
            arrivals=list(self._arrivals),
            came=counts.contacts_in,
            answered=counts.completed,
            solved=counts.withdrawn["solved"],
            time_to_offer=percentiles(self._times.values()),
            wrong={
                "doubled": demo.watch.check.counts["doubly_owned"],
                "over capacity": demo.watch.check.counts["above_capacity"],
                "to absent": demo.watch.check.counts["offered_to_absent"],
            },
            pages=demo.places.pages,
        )

    def _count_arrivals(self, now_ms: int, came: int) -> None:
        second = now_ms // 1000
        if second != self._second:
            self._arrivals.append(came - self._came)
            self._second, self._came = second, came

    def _channels(self) -> list[ChannelLine]:
        floor = self._demo.watch.floor
        stages: dict[str, Counter[str]] = {name: Counter() for name in CHANNELS}
        for contact in floor.open():
            if contact.channel in stages:
                stages[contact.channel][contact.stage] += 1
        lines = []
        for name, label in CHANNELS.items():
            stage, came = stages[name], floor.counts.by_channel[name]
            waiting = stage["waiting"] + stage["offered"]
            in_hand = stage["assigned"] + stage["wrapping"]
            ours = sum(c.ours for c in floor.open() if c.channel == name)
            lines.append(ChannelLine(label, came, waiting, in_hand, came - ours))
        return lines

    def _queue(self, name: str, now_ms: int) -> QueueLine:
        floor = self._demo.watch.floor
        waiting = floor.in_queue(name)
        return QueueLine(
            name=name,
            waiting=len(waiting),
            longest=max(0.0, (now_ms - waiting[0].since) / 1000) if waiting else 0.0,
            target=floor.config.queues[name].target,
            in_hand=sum(
                c.queue == name and c.stage in ("assigned", "wrapping") for c in floor.open()
            ),
        )

    def _agent(self, person: Person) -> AgentLine:
        floor = self._demo.watch.floor
        agent = floor.agents[person.id]
        work = tuple((c.channel, c.stage) for c in agent.work.values())
        costs = {name: channel.cost for name, channel in floor.config.channels.items()}
        state = agent.presence
        if state == "available":
            state = "busy" if work else "free"
        return AgentLine(
            name=person.name,
            languages=tuple(
                sorted(
                    (lang for lang in ("fi", "sv", "en") if lang in person.skills),
                    key=lambda lang: -person.skills[lang],
                )
            ),
            state=state,
            used=sum(costs.get(channel, 100) for channel, _ in work),
            work=work,
        )

    def _stories(self, now_ms: int) -> list[Story]:
        newest = sorted(
            (c for c in self._demo.watch.floor.contacts.values() if c.ours), key=lambda c: -c.since
        )
        return [self._story(contact, now_ms) for contact in newest[:40]]

    def _story(self, contact: Contact, now_ms: int) -> Story:
        customer = self._demo.records.of_contact(contact.id)
        person = self._names.get(contact.agent)
        end = contact.over_at or now_ms
        return Story(
            channel=contact.channel,
            language=contact.language,
            text="" if customer is None else customer.question.text,
            stage=contact.stage,
            agent=person.name if person is not None else contact.agent,
            how=contact.how,
            seconds=max(0.0, (end - contact.since) / 1000),
            found_in_ms=self._times.get(contact.id),
        )
