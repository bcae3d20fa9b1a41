"""What an agent's screen shows of conversations: as the conversations' socket tells it."""

import asyncio
from typing import Any


class Transcript:
    """One conversation. `known`: its head and its messages so far have come; `changed` is set at
    each news."""

    def __init__(self) -> None:
        self.known = False
        self.language = "en"
        self.topic = ""
        self.changed = asyncio.Event()
        self._customer: dict[int, str] = {}

    def take(self, conversation: dict[str, Any]) -> None:
        """A whole conversation, as a frame or the API shows it."""
        if "language" in conversation:
            self.language = str(conversation["language"]).split("-")[0]
            self.topic = str(conversation.get("topic", ""))
            self.known = True
        for message in conversation.get("messages", ()):
            self.add(message)
        self.changed.set()

    def add(self, message: dict[str, Any]) -> None:
        """One message; a double changes nothing."""
        if message["from"]["kind"] == "customer":
            self._customer[message["seq"]] = message["text"]
        self.changed.set()

    def said_after(self, seq: int) -> tuple[int, str]:
        """What the customer has said after this, and the seq of the last of it."""
        new = {number: text for number, text in sorted(self._customer.items()) if number > seq}
        return max(new, default=seq), "\n".join(new.values())


class Transcripts:
    """All that one agent sees."""

    def __init__(self) -> None:
        self._by_id: dict[str, Transcript] = {}

    def of(self, conversation_id: str) -> Transcript:
        """A conversation, empty as long as nothing is known of it."""
        return self._by_id.setdefault(conversation_id, Transcript())

    def forget(self, conversation_id: str) -> None:
        """It is done."""
        self._by_id.pop(conversation_id, None)

    def hear(self, frame: dict[str, Any]) -> None:
        """A frame of the socket."""
        match frame["type"]:
            case "snapshot":
                for conversation in frame["conversations"]:
                    self.of(conversation["conversation_id"]).take(conversation)
            case "assigned":
                conversation = frame["conversation"]
                self.of(conversation["conversation_id"]).take(conversation)
            case "msg" if frame["conversation_id"] in self._by_id:
                self.of(frame["conversation_id"]).add(frame)
            case _:
                pass
