"""What an agent's screen knows of conversations."""

from typing import Any

from demo.agents.transcripts import Transcripts


def message(seq: int, text: str, kind: str = "customer") -> dict[str, Any]:
    return {"seq": seq, "from": {"kind": kind, "id": ""}, "text": text}


def conversation(*messages: dict[str, Any]) -> dict[str, Any]:
    return {
        "conversation_id": "v",
        "language": "sv-FI",
        "topic": "tyres",
        "messages": list(messages),
    }


def test_conversation_that_was_assigned_shows_its_customers_words_in_order() -> None:
    screen = Transcripts()
    one = screen.of("v")
    assert not one.known
    screen.hear(
        {"type": "assigned", "conversation": conversation(message(7, "b"), message(3, "a"))}
    )
    assert (one.known, one.language, one.topic) == (True, "sv", "tyres")
    assert one.said_after(-1) == (7, "a\nb")
    assert one.changed.is_set()


def test_new_words_are_heard_once_and_the_agents_own_are_not() -> None:
    screen = Transcripts()
    one = screen.of("v")
    screen.hear({"type": "assigned", "conversation": conversation(message(3, "a"))})
    one.changed.clear()
    for said in (message(5, "mine", "agent"), message(6, "more"), message(6, "more")):
        screen.hear({"type": "msg", "conversation_id": "v", **said})
    assert one.changed.is_set()
    assert one.said_after(3) == (6, "more")
    assert one.said_after(6) == (6, "")


def test_snapshot_after_a_lost_connection_fills_the_gap() -> None:
    screen = Transcripts()
    one = screen.of("v")
    screen.hear({"type": "assigned", "conversation": conversation(message(3, "a"))})
    shown = conversation(message(3, "a"), message(9, "said while away"))
    screen.hear({"type": "snapshot", "conversations": [shown]})
    assert one.said_after(3) == (9, "said while away")


def test_what_is_done_is_forgotten_and_frames_of_strangers_are_not_kept() -> None:
    screen = Transcripts()
    screen.hear({"type": "assigned", "conversation": conversation(message(3, "a"))})
    screen.forget("v")
    screen.hear({"type": "msg", "conversation_id": "v", **message(4, "late")})
    screen.hear({"type": "typing", "conversation_id": "v"})
    assert not screen.of("v").known
    assert screen.of("v").said_after(-1) == (-1, "")
