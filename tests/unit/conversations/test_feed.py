"""An agent's socket: the transcript first, then each message once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from services.conversations.feed import Came, Feed, Frame, Transcript
from services.kit import tasks
from services.kit.outbox import Lagging

pytestmark = pytest.mark.anyio


class Agent:
    """Takes frames while `open`; the transcripts shown hold all up to `known`."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self.known = 0
        self.open = asyncio.Event()
        self.open.set()
        self.some = asyncio.Condition()
        self.feed = Feed(self.send, self.load, self.load)

    async def send(self, text: str) -> None:
        await self.open.wait()
        async with self.some:
            self.got.append(text)
            self.some.notify_all()

    async def load(self, conversations: list[str]) -> Transcript:
        return Transcript(f"show {conversations}", dict.fromkeys(conversations, self.known))

    async def until(self, text: str) -> list[str]:
        async with asyncio.timeout(5), self.some:
            await self.some.wait_for(lambda: text in self.got)
        return self.got

    @asynccontextmanager
    async def running(self, *held: str) -> AsyncIterator[None]:
        task = asyncio.create_task(self.feed.run(list(held)))
        try:
            yield
        finally:
            await tasks.stop(task)


async def test_message_that_the_snapshot_holds_is_not_sent_again() -> None:
    agent = Agent()
    agent.known = 7
    agent.feed.push(Frame("v", "seven", 7))
    agent.feed.push(Frame("v", "eight", 8))
    async with agent.running("v"):
        assert await agent.until("eight") == ["show ['v']", "eight"]


async def test_transcript_of_an_assigned_conversation_comes_in_its_turn() -> None:
    agent = Agent()
    async with agent.running():
        await agent.until("show []")
        agent.known = 3
        agent.feed.push(Came("v"))
        for seq, text in ((2, "two"), (3, "three"), (4, "four")):
            agent.feed.push(Frame("v", text, seq))
        agent.feed.push(Frame("v", "typing"))
        assert await agent.until("typing") == ["show []", "show ['v']", "four", "typing"]


async def test_agent_that_takes_nothing_is_given_up_and_nobody_waited() -> None:
    agent = Agent()
    agent.open.clear()
    for seq in range(600):
        agent.feed.push(Frame("v", str(seq), seq))
    assert agent.feed.lagging.done()
    agent.open.set()
    with pytest.raises(Lagging):
        await agent.feed.run([])
