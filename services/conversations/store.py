"""The transcripts of all conversations, in SQLite: a view of `messages`, made anew at each start.

In SQLite and not in memory, because transcripts are kept for ever and a process must not grow with
them: a bounded cache is in memory, the rest in a file that has no name and is gone with the
process, whatever ends it. All calls of one `Store` come from one thread.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from services.contracts.conversation import writer
from services.contracts.messages import (
    ConversationStarted,
    CreatedMessage,
    DeliveryRecorded,
    MessageCreated,
    StartedConversation,
)
from services.kit.messages import Heard

_SCHEMA = """
CREATE TABLE heads (conversation TEXT PRIMARY KEY, head BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE messages (
  conversation TEXT, seq INTEGER, record TEXT, kind TEXT, author TEXT, cid TEXT, message TEXT,
  body BLOB,
  PRIMARY KEY (conversation, seq)
) WITHOUT ROWID;
CREATE UNIQUE INDEX doubles ON messages (conversation, kind, author, cid);
CREATE TABLE deliveries (
  conversation TEXT, message TEXT, status TEXT, detail TEXT, PRIMARY KEY (conversation, message)
) WITHOUT ROWID;
CREATE TABLE handled (
  conversation TEXT, tenant TEXT, agent TEXT, PRIMARY KEY (conversation, tenant, agent)
) WITHOUT ROWID;
"""
_heads = msgspec.json.Decoder(StartedConversation)
_bodies = msgspec.json.Decoder(CreatedMessage)
_encode = msgspec.json.Encoder().encode


class Said(NamedTuple):
    """A message at its place; `status` and `detail`: what became of one that had to be sent."""

    seq: int
    message: CreatedMessage
    status: str = ""
    detail: str = ""


class Taken(NamedTuple):
    """What a batch brought: heads, messages that are no doubles, deliveries."""

    heads: list[ConversationStarted]
    said: list[Said]
    delivered: list[DeliveryRecorded]


class Store:
    """`cache` in bytes."""

    def __init__(self, cache: int) -> None:
        # An empty name: a private file, without a name from its first moment.
        self._db = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._db.execute(f"PRAGMA cache_size = -{cache // 1024}")
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Forget everything."""
        self._db.close()

    def take(self, batch: Sequence[Heard]) -> Taken:
        """Take records in, in their order."""
        taken = Taken([], [], [])
        self._db.execute("BEGIN")
        for heard in batch:
            match heard.event:
                case None:
                    self._erase(heard.conversation, heard.record)
                case ConversationStarted() as head:
                    self._take_head(head)
                    taken.heads.append(head)
                case MessageCreated(data=message):
                    if self._take_message(heard, message):
                        taken.said.append(Said(heard.raw.offset, message))
                case DeliveryRecorded() as delivery:
                    self._take_delivery(delivery)
                    taken.delivered.append(delivery)
        self._db.execute("COMMIT")
        return taken

    def handle(self, rows: Iterable[tuple[str, str, str]]) -> None:
        """These agents have or had these conversations: (conversation, tenant, agent)."""
        self._db.execute("BEGIN")
        self._db.executemany("INSERT OR IGNORE INTO handled VALUES (?, ?, ?)", rows)
        self._db.execute("COMMIT")

    def head(self, conversation_id: str) -> StartedConversation | None:
        """How the conversation began: the newest contact's, the first of its doubles."""
        row = self._db.execute(
            "SELECT head FROM heads WHERE conversation = ?", (conversation_id,)
        ).fetchone()
        return None if row is None else _heads.decode(row[0])

    def handled(self, conversation_id: str, tenant: str, agent: str) -> bool:
        """Whether the agent has or had the conversation."""
        found = self._db.execute(
            "SELECT 1 FROM handled WHERE conversation = ? AND tenant = ? AND agent = ?",
            (conversation_id, tenant, agent),
        )
        return found.fetchone() is not None

    def find(self, conversation_id: str, kind: str, author: str, cid: str) -> Said | None:
        """A message by who wrote it and its cid."""
        row = self._db.execute(
            "SELECT seq, body FROM messages"
            " WHERE conversation = ? AND kind = ? AND author = ? AND cid = ?",
            (conversation_id, kind, author, cid),
        ).fetchone()
        return None if row is None else Said(row[0], _bodies.decode(row[1]))

    def after(self, conversation_id: str, seq: int, limit: int) -> list[Said]:
        """Messages above `seq`, the oldest first."""
        rows = self._db.execute(
            _SELECT + " AND m.seq > ? ORDER BY m.seq LIMIT ?", (conversation_id, seq, limit)
        )
        return [_said(row) for row in rows]

    def newest(self, conversation_id: str, limit: int, characters: int) -> list[Said]:
        """The newest messages in order, `limit` at most and (beyond one) about `characters`."""
        found: list[Said] = []
        rows = self._db.execute(_SELECT + " ORDER BY m.seq DESC LIMIT ?", (conversation_id, limit))
        for row in rows:
            found.append(_said(row))
            characters -= len(found[-1].message.text)
            if characters <= 0:
                break
        return found[::-1]

    def _take_head(self, head: ConversationStarted) -> None:
        data = head.data
        known = self.head(data.conversation_id)
        if known is None or known.contact_id != data.contact_id:
            self._db.execute(
                "INSERT OR REPLACE INTO heads VALUES (?, ?)", (data.conversation_id, _encode(data))
            )

    def _take_message(self, heard: Heard, message: CreatedMessage) -> bool:
        place = (message.conversation_id, heard.raw.offset, heard.record)
        done = self._db.execute(
            "INSERT OR IGNORE INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (*place, *writer(message), message.message_id, _encode(message)),
        )
        return done.rowcount > 0

    def _take_delivery(self, delivery: DeliveryRecorded) -> None:
        data = delivery.data
        self._db.execute(
            "INSERT OR REPLACE INTO deliveries VALUES (?, ?, ?, ?)",
            (data.conversation_id, data.message_id, data.status, data.detail),
        )

    def _erase(self, conversation_id: str, record: str) -> None:
        if record == "head":
            self._db.execute("DELETE FROM heads WHERE conversation = ?", (conversation_id,))
        elif record.endswith(".sent"):
            self._db.execute(
                "DELETE FROM deliveries WHERE conversation = ? AND message = ?",
                (conversation_id, record.removesuffix(".sent")),
            )
        else:
            self._db.execute(
                "DELETE FROM messages WHERE conversation = ? AND record = ?",
                (conversation_id, record),
            )


_SELECT = """
SELECT m.seq, m.body, d.status, d.detail FROM messages m
LEFT JOIN deliveries d
  ON d.conversation = m.conversation AND d.message = m.message
WHERE m.conversation = ?"""


def _said(row: tuple[int, bytes, str | None, str | None]) -> Said:
    seq, body, status, detail = row
    return Said(seq, _bodies.decode(body), status or "", detail or "")
