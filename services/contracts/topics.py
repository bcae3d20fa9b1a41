"""Every topic, declared once. Provisioning, documents, readers and tests read this."""

from dataclasses import dataclass, field
from typing import Any

from services.contracts.contact_events import InputEvent
from services.contracts.dead_letter import RecordRefused
from services.contracts.journal import Entry
from services.contracts.messages import MessageEvent
from services.contracts.settings_events import SettingsEvent

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic: what its key is, who writes and reads it, what stands in it.

    `partitions` 0 means the site's number (setting `partitions`, fixed at installation).
    `events` is the union type that every record decodes as. `dead_letters`: whether a
    `<name>-dlq` exists beside it.
    """

    name: str
    purpose: str
    key: str
    events: Any
    written_by: tuple[str, ...]
    read_by: tuple[str, ...]
    partitions: int = 0
    config: dict[str, str] = field(default_factory=dict)
    dead_letters: bool = False


CONTACT_EVENTS = Topic(
    name="contact-events",
    purpose="What happened to contacts on their channels, and what people command.",
    key="pool (on the pool's partition)",
    events=InputEvent,
    written_by=(
        "chat",
        "email",
        "forms",
        "bot",
        "conversations",
        "routing API",
        "router",
        "follower",
    ),
    read_by=("router", "follower"),
    config={"cleanup.policy": "delete", "retention.ms": str(7 * _DAY_MS)},
    dead_letters=True,
)
ROUTING_JOURNAL = Topic(
    name="routing-journal",
    purpose="The router's decisions in order: the truth about who has which contact.",
    key="none (on the partition of the input)",
    events=Entry,
    written_by=("router",),
    read_by=("router", "follower", "routing API", "chat", "email", "conversations", "bot"),
    # Kept whole until snapshots exist. Append time: the broker's clock is the router's (point 11).
    config={
        "cleanup.policy": "delete",
        "retention.ms": "-1",
        "retention.bytes": "-1",
        "message.timestamp.type": "LogAppendTime",
    },
)
MESSAGES = Topic(
    name="messages",
    purpose="What was said in conversations. Personal data lives here.",
    key="<conversation id>/<record id> (on the conversation's partition)",
    events=MessageEvent,
    written_by=("chat", "email", "forms", "bot", "conversations"),
    read_by=("chat", "email", "forms", "bot", "conversations"),
    config={
        "cleanup.policy": "compact",
        "segment.ms": str(3_600_000),
        "max.compaction.lag.ms": str(_DAY_MS),
        "delete.retention.ms": str(7 * _DAY_MS),
    },
    dead_letters=True,
)
SETTINGS = Topic(
    name="settings",
    purpose="What is configured; the newest record of each key counts.",
    key="what it configures",
    events=SettingsEvent,
    written_by=("routing API",),
    read_by=("chat", "email", "forms", "bot", "conversations", "routing API"),
    partitions=1,
    config={"cleanup.policy": "compact"},
    dead_letters=True,
)

DECLARED = (CONTACT_EVENTS, ROUTING_JOURNAL, MESSAGES, SETTINGS)


def dead_letters_of(topic: Topic) -> Topic:
    """The topic that takes the records of `topic` which a reader cannot use."""
    return Topic(
        name=f"{topic.name}-dlq",
        purpose=f"Records of {topic.name} that a reader could not use, with the reason.",
        key="<topic>/<partition>/<offset> of the record",
        events=RecordRefused,
        written_by=("follower",) if topic is CONTACT_EVENTS else topic.read_by,
        read_by=("operators",),
        partitions=1,
        config={"cleanup.policy": "delete", "retention.ms": str(30 * _DAY_MS)},
    )


ALL = (*DECLARED, *(dead_letters_of(topic) for topic in DECLARED if topic.dead_letters))
