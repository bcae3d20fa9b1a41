"""Who is free for what, and who waits where: kept at hand, so that a choice need not search.

Everything here follows from agents and contacts. Agents are bits of whole numbers: "able and
free" is one `&`. Contacts with the same signature (channel, queue, priority, skills) form a line;
inside a line age order is the order of service, so only heads are compared.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from heapq import heappush

from services.contracts.base import Level, Name
from services.contracts.pool import ChannelConfig
from services.router.core.class_key import ClassKey, SkillsKey, skills_key
from services.router.core.eligibility import UNDECLARED
from services.router.core.eligibility import open_to as room
from services.router.core.line import Line, window_of
from services.router.core.model import Agent, AgentKey, Contact
from services.router.core.ordering import Ordering
from services.router.core.plan import NO_GROUP

_SignatureKey = tuple[Name, Name, int, bool, int, int, SkillsKey, SkillsKey]


def longest_idle(agent: Agent) -> AgentKey:
    """Smallest first: longest without new work, fewest skills, id."""
    return (agent.idle_since, len(agent.skills), agent.id, agent.slot)


def ungrouped(_skills: Mapping[Name, Level]) -> int:
    """Without a plan nobody is in a group of it."""
    return NO_GROUP


class Index:
    """The index of one pool. `arrived` (lines, as bits) and `freed` (agents) say what changed for
    the better since somebody looked: all that need be matched.

    Of agents, as bits: `everyone` who is known (so many as `known`), `present` who could be asked
    at all, `free` by channel who has room, `by_load` (of those in `order`, open to something) by
    units in use, `by_count` by number of skills, `by_group` by group of the plan, `barred` whose
    own limit for a channel is 0. `order` is by `key`, if `shelved` one for each number of skills.
    `skilling` counts the changes of skills and groups, `staffing` those of `present`. `unsure` says
    that it may have changed who is signed in or able: a line may have nobody left.
    """

    def __init__(self) -> None:
        self.channels: dict[Name, ChannelConfig] = {}
        self.lines: list[Line] = []
        self.waiting = 0
        self.arrived = 0
        self.freed: dict[str, Agent] = {}
        self.slots: list[Agent | None] = []
        self.everyone = 0
        self.present = 0
        self.signed_in = 0
        self.unsure = False
        self.barred: dict[Name, int] = {}
        self.free: dict[Name, int] = {}
        self.by_load: dict[int, int] = {}
        self.by_count: dict[int, int] = {}
        self.by_group: dict[int, int] = {}
        self.skilling = 0
        self.staffing = 0
        self.known = 0
        self.order = Ordering()
        self.lines_of: dict[Name, int] = {}
        self.key: Callable[[Agent], AgentKey] = longest_idle
        self.shelved = False
        self._counts: list[tuple[int, int]] = []
        self._counted = -1
        self._group_of: Callable[[Mapping[Name, Level]], int] = ungrouped
        self._by_signature: dict[_SignatureKey, int] = {}
        self._skilled: dict[Name, list[int]] = {}
        # By skill and level 0 to 5, the lines that ask for more than this level.
        self._asking: dict[Name, list[int]] = {}
        self._spare: list[int] = []
        self._ticket = 0
        self._like: dict[ClassKey, list[Line]] = {}

    def configure(
        self,
        channels: Mapping[Name, ChannelConfig],
        agents: Iterable[Agent],
        contacts: Iterable[Contact],
    ) -> None:
        """Other channels or another `key`: look at every agent again, build the lines anew."""
        waiting = [contact for contact in contacts if contact.ticket]
        self.channels = dict(channels)
        self.lines, self._by_signature, self.lines_of = [], {}, {}
        self._like, self._asking = {}, {}
        self.waiting = self.arrived = 0
        self.unsure = True
        self.order.clear()
        self.by_load = {}
        for agent in agents:
            agent.signatures = agent.signatures_seen = 0
            self.touch(agent)
        self.free = {name: mask for name, mask in self.free.items() if mask}
        for contact in waiting:
            contact.ticket = 0
            self.enqueue(contact)

    # Agents

    def place(self, agent: Agent, skills: dict[Name, Level]) -> None:
        """The agent is new or has other skills than before (`skills`, none if new)."""
        if agent.slot < 0:
            agent.slot = self._spare.pop() if self._spare else len(self.slots)
            if agent.slot == len(self.slots):
                self.slots.append(agent)
            self.slots[agent.slot] = agent
        bit = 1 << agent.slot
        for skill, level in skills.items():
            for mask in range(1, level + 1):
                self._skilled[skill][mask] &= ~bit
        for skill, level in agent.skills.items():
            masks = self._skilled.setdefault(skill, [0] * 6)
            for mask in range(1, level + 1):
                masks[mask] |= bit
        if agent.known and not self.everyone & bit:
            self.everyone |= bit
            self.known += 1
        for name in {*self.barred, *agent.limits}:
            barred = self.barred.pop(name, 0) & ~bit
            if agent.limits.get(name, 1) == 0:
                barred |= bit
            if barred:
                self.barred[name] = barred
        self.unsure = True
        _move(self.by_count, len(skills), len(agent.skills), bit)
        self._group(agent)
        self.skilling += 1
        agent.signatures = agent.signatures_seen = 0
        self.presence(agent)
        if agent.open_to:
            self.freed[agent.id] = agent

    def remove(self, agent: Agent) -> None:
        """The agent, who has no skills and is not available, is forgotten."""
        bit = 1 << agent.slot
        self.by_count[0] &= ~bit
        self.by_group[agent.group] &= ~bit
        self.skilling += 1
        self.slots[agent.slot] = None
        self._spare.append(agent.slot)
        self.freed.pop(agent.id, None)

    def regroup(self, group_of: Callable[[Mapping[Name, Level]], int]) -> None:
        """Another plan: everybody is in another group, perhaps."""
        self.by_group = {}
        self.skilling += 1
        self._group_of = group_of
        for agent in self.slots:
            if agent is not None:
                self._group(agent)

    def presence(self, agent: Agent) -> None:
        """The agent may have come or gone."""
        bit = 1 << agent.slot
        present = self.present | bit if agent.present else self.present & ~bit
        if present != self.present:
            self.present = present
            self.staffing += 1
        signed_in = self.signed_in | bit if agent.signed_in else self.signed_in & ~bit
        if signed_in != self.signed_in:
            self.signed_in = signed_in
            self.unsure = True
        self.touch(agent)

    def touch(self, agent: Agent) -> None:
        """Room or idle time may have changed: bring masks and order up to date."""
        open_to = room(agent, self.channels) if agent.present else ()
        before = agent.open_to
        if not open_to and not before:
            return
        bit = 1 << agent.slot
        free = self.free
        if open_to != before:
            for name in before:
                if name not in open_to:
                    free[name] ^= bit
            for name in open_to:
                if name not in before:
                    free[name] = free.get(name, 0) | bit
                    self.freed[agent.id] = agent
            agent.open_to = open_to
        if not open_to:
            if agent.key is not None:
                self.order.remove(agent)
                self.by_load[agent.load_seen] ^= bit
            return
        if agent.key is None or agent.load_seen != agent.used:
            if agent.key is not None:
                self.by_load[agent.load_seen] ^= bit
            agent.load_seen = agent.used
            self.by_load[agent.used] = self.by_load.get(agent.used, 0) | bit
        key = self.key(agent)
        if key != agent.key:
            if agent.key is not None:
                self.order.remove(agent)
            self.order.add(agent, key, len(agent.skills) if self.shelved else 0)

    def first_of_fewest_skills(self, candidates: int) -> Agent:
        """Of the candidates with the fewest skills the first; `shelved` must be true."""
        if self._counted != self.skilling:
            self._counted = self.skilling
            self._counts = [(count, mask) for count, mask in sorted(self.by_count.items()) if mask]
        shelves = self.order.shelves
        for count, mask in self._counts:
            if shelves.get(count):
                found = candidates & mask
                if found:
                    return self.order.first(found, count)
        raise LookupError("no candidates")

    def able(self, required: dict[Name, Level]) -> int:
        """The agents who have every required skill."""
        mask = self.everyone
        for skill, level in required.items():
            masks = self._skilled.get(skill)
            if masks is None:
                return 0
            mask &= masks[level]
        return mask

    def in_reach(self, required: dict[Name, Level], channel: Name) -> bool:
        """Whether anybody signed in could ever take such a contact."""
        return self.able(required) & self.signed_in & ~self.barred.get(channel, 0) != 0

    def able_for(self, line: Line) -> int:
        """The agents who have every skill that the line requires."""
        if line.skilling != self.skilling:
            line.able = self.able(line.required)
            line.able_count = line.able.bit_count()
            line.skilling = self.skilling
        return line.able

    def why(self, line: Line, candidates: int) -> dict[str, int | float | str]:
        """How many could take a contact of the line, and how many could not, by reason."""
        able = self.able_for(line)
        staffing = (self.skilling, self.staffing)
        if line.staffing != staffing:
            line.staffing = staffing
            line.away_count = (able & ~self.present).bit_count()
        count = candidates.bit_count()
        return {
            "candidates": count,
            "no_room": line.able_count - line.away_count - count,
            "away": line.away_count,
            "lack_skills": self.known - line.able_count,
        }

    def most_preferred(self, candidates: int, preferred: dict[Name, Level]) -> int:
        """Those of the candidates who have most of the preferred skills."""
        at_least = [candidates] + [0] * len(preferred)
        for skill, level in preferred.items():
            masks = self._skilled.get(skill)
            if masks is None:
                continue
            for count in range(len(preferred), 0, -1):
                at_least[count] |= at_least[count - 1] & masks[level]
        return next(mask for mask in reversed(at_least) if mask)

    def _group(self, agent: Agent) -> None:
        before, agent.group = agent.group, self._group_of(agent.skills)
        _move(self.by_group, before, agent.group, 1 << agent.slot)

    # Contacts

    def enqueue(self, contact: Contact) -> None:
        """The contact waits."""
        line = self._line_of(contact)
        self._ticket += 1
        contact.ticket = self._ticket
        contact.signature = line.number
        heappush(line.heap, (contact.facts.virtual_start, contact.id, contact.ticket, contact))
        line.size += 1
        bit = 1 << line.number
        self.waiting |= bit
        self.arrived |= bit

    def dequeue(self, contact: Contact) -> None:
        """The contact waits no more."""
        if not contact.ticket:
            return
        contact.ticket = 0
        line = self.lines[contact.signature]
        line.size -= 1
        if not line.size:
            self.waiting ^= 1 << line.number
        if len(line.heap) > 2 * line.size + 64:
            line.compact()

    def retry(self, contact: Contact) -> None:
        """Look at the contact again although nothing about it has changed."""
        if contact.ticket:
            self.arrived |= 1 << contact.signature

    def openings(self, agent: Agent) -> int:
        """The lines, with somebody waiting, that the agent could take a contact of now."""
        if agent.signatures_seen < len(self.lines):
            beyond = 0
            skills = agent.skills
            for skill, masks in self._asking.items():
                beyond |= masks[skills.get(skill, 0)]
            agent.signatures = (1 << len(self.lines)) - 1 & ~beyond
            agent.signatures_seen = len(self.lines)
        mask = agent.signatures & self.waiting
        if not mask:
            return 0
        channels = 0
        for name in agent.open_to:
            channels |= self.lines_of.get(name, 0)
        return mask & channels

    def waiting_in(self, key: ClassKey) -> int:
        """How many wait in the lines of that channel, queue and requirement."""
        return sum(line.size for line in self.lines_like(key))

    def lines_like(self, key: ClassKey) -> Sequence[Line]:
        """Those lines, if nobody is asked, one for each priority and preference."""
        return self._like.get(key, ())

    def settle(self) -> None:
        """Nothing is left to be matched."""
        self.arrived = 0
        self.unsure = False
        self.freed.clear()

    def look_again(self) -> None:
        """Everything is to be matched: what was left undone is not known."""
        self.arrived = self.waiting
        self.unsure = True

    def _line_of(self, contact: Contact) -> Line:
        channel = contact.facts.channel
        key = (
            channel,
            contact.queue,
            contact.urgency,
            contact.state == "queued",
            contact.step,
            window_of(contact.facts) if contact.facts.due_at else 0,
            skills_key(contact.required),
            skills_key(contact.preferred),
        )
        number = self._by_signature.get(key)
        if number is not None:
            return self.lines[number]
        line = Line(len(self.lines), contact)
        self.lines.append(line)
        for skill, level in line.required.items():
            masks = self._asking.setdefault(skill, [0] * 6)
            for less in range(level):
                masks[less] |= 1 << line.number
        if line.queued:
            self._like.setdefault(line.key, []).append(line)
        self._by_signature[key] = line.number
        self.lines_of[channel] = self.lines_of.get(channel, 0) | 1 << line.number
        if channel not in self.channels:
            self.channels[channel] = UNDECLARED
            for agent in self.slots:
                if agent is not None:
                    self.touch(agent)
        return line


def _move(masks: dict[int, int], before: int, after: int, bit: int) -> None:
    if before in masks:
        masks[before] &= ~bit
    masks[after] = masks.get(after, 0) | bit
