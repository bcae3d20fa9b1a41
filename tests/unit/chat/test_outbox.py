"""One socket's outbox: in order, bounded, and never a reason for anybody else to wait."""

import asyncio

import pytest

from services.kit import tasks
from services.kit.outbox import Lagging, Outbox

pytestmark = pytest.mark.anyio


class Wire:
    """A socket that takes frames only while `open`."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.open = asyncio.Event()
        self.open.set()
        self.some = asyncio.Condition()

    async def send(self, frame: str) -> None:
        await self.open.wait()
        async with self.some:
            self.taken.append(frame)
            self.some.notify_all()

    async def until(self, count: int) -> list[str]:
        async with asyncio.timeout(5), self.some:
            await self.some.wait_for(lambda: len(self.taken) >= count)
        return self.taken


async def test_frames_go_out_in_order() -> None:
    wire = Wire()
    outbox = Outbox(wire.send)
    outbox.push("1")
    outbox.push("2")
    running = asyncio.create_task(outbox.run())
    await wire.until(2)
    outbox.push("3")
    assert await wire.until(3) == ["1", "2", "3"]
    await tasks.stop(running)


@pytest.mark.parametrize(("frames", "characters"), [(3, 1000), (1000, 3)])
async def test_too_much_waiting_gives_the_socket_up(frames: int, characters: int) -> None:
    wire = Wire()
    wire.open.clear()
    outbox = Outbox(wire.send, max_frames=frames, max_chars=characters)
    for number in range(3):
        outbox.push(str(number))
        assert not outbox.lagging.done()
    outbox.push("3")
    assert outbox.lagging.done()
    wire.open.set()
    with pytest.raises(Lagging):
        await outbox.run()
    outbox.push("4")
    assert wire.taken == []


async def test_frame_larger_than_the_bound_goes_out_alone() -> None:
    wire = Wire()
    outbox = Outbox(wire.send, max_chars=3)
    outbox.push("longer than three")
    running = asyncio.create_task(outbox.run())
    assert await wire.until(1) == ["longer than three"]
    await tasks.stop(running)


async def test_frame_that_is_not_taken_in_time_gives_the_socket_up() -> None:
    wire = Wire()
    wire.open.clear()
    outbox = Outbox(wire.send, patience=0.01)
    outbox.push("1")
    with pytest.raises(Lagging):
        await outbox.run()
    assert outbox.lagging.done()
