"""A pool's file: what is accepted, and that every mistake is found where it stands."""

import json
from pathlib import Path

import msgspec
import pytest

from services.contracts.pool import PoolConfig
from services.router.pool_file import MAX_MISTAKES, InvalidPool, parse
from services.router.pool_yaml import MAX_BYTES, Mistake

ROOT = Path(__file__).resolve().parents[3]
GOOD = """\
pool: kaarna/service
partition: 0
languages: [fi, sv, no]
skills: [repair]
channels:
  chat: {cost: 33, max: 3}
  email: {cost: 50}
queues:
  general: {}
  chats:
    channels: [chat]
    required: {repair: 2}
fallback_queue: general
rules:
  - queue: chats
    when: {channel: chat, language: [fi, no]}
"""


def mistakes(text: str | bytes) -> list[Mistake]:
    with pytest.raises(InvalidPool) as caught:
        parse(text, partitions=6)
    return caught.value.mistakes


def changed(before: str, after: str) -> str:
    assert before in GOOD
    return GOOD.replace(before, after, 1)


def test_good_file_becomes_the_configuration() -> None:
    config = parse(GOOD, partitions=6)
    assert config.pool == "kaarna/service"
    assert config.channels["chat"].max == 3
    assert config.queues["chats"].required == {"repair": 2}
    assert config.rules[0].when == {"channel": "chat", "language": ("fi", "no")}


def test_norwegian_is_a_language_and_not_false() -> None:
    assert parse(GOOD, partitions=6).languages == ("fi", "sv", "no")


@pytest.mark.parametrize("indent", [None, 2, "\t"])
def test_json_of_a_configuration_is_the_same_configuration(indent: int | str | None) -> None:
    config = parse(GOOD, partitions=6)
    text = json.dumps(msgspec.to_builtins(config), indent=indent)
    assert parse(text.encode(), partitions=6) == config


def test_demo_pool_is_valid() -> None:
    config = parse((ROOT / "demo" / "kaarna.yaml").read_bytes(), partitions=1)
    assert set(config.channels) == {"chat", "email", "form", "bot"}
    assert config.languages == ("fi", "sv", "en")
    assert config.problems() == []


@pytest.mark.parametrize(
    ("before", "after", "line", "column", "field", "message"),
    [
        ("cost: 33", "cost: 133", 6, 16, "channels.chat.cost", "a whole number up to 100, got 133"),
        ("cost: 33", "cost: 0", 6, 16, "channels.chat.cost", "a whole number from 1, got 0"),
        ("cost: 33", "cost: much", 6, 16, "channels.chat.cost", "a whole number, got a text"),
        ("max: 3}", "max: 1.5}", 6, 25, "channels.chat.max", "a whole number, got a number"),
        ("max: 3}", "mx: 3}", 6, 20, "channels.chat.mx", "did you mean max?"),
        ("{cost: 50}", "50", 7, 10, "channels.email", "a mapping, got 50"),
        ("{cost: 50}", "", 7, 9, "channels.email", "a mapping, got nothing"),
        ("  email:", "  e mail:", 7, 3, "channels.e mail", "without spaces, got e mail"),
        ("partition: 0", "partition: 6", 2, 12, "partition", "0 to 5"),
        (
            "partition: 0",
            "partition: true",
            2,
            12,
            "partition",
            "a whole number, got true or false",
        ),
        ("pool: kaarna/service", "pool: Kaarna", 1, 7, "pool", "tenant/pool in lower-case"),
        ("partition: 0\n", "", 1, 1, "partition", "partition is missing"),
        ("[fi, sv, no]", "fi", 3, 12, "languages", "a list, got a text"),
        ("language: [fi, no]", "language: [fi, 3]", 16, 42, "rules[0].when.language[1]", "a text"),
        ("  general: {}", "  general: {}\n  general: {}", 10, 3, "queues.general", "line 9"),
        ("repair: 2", "repair: 6", 12, 24, "queues.chats.required.repair", "up to 5, got 6"),
        ("repair: 2", "repiar: 2", 12, 16, "queues.chats.required.repiar", "did you mean repair?"),
        ("[chat]", "[chat, fax]", 11, 22, "queues.chats.channels[1]", "no channel fax"),
        ("e: general", "e: generic", 13, 17, "fallback_queue", "did you mean general?"),
        ("e: general", "e: chats", 11, 5, "queues.chats.channels", "takes every channel"),
        ("queue: chats", "queue: chat", 15, 12, "rules[0].queue", "no queue chat"),
        ("channel: chat", "channel: fax", 16, 21, "rules[0].when.channel", "no channel fax"),
        ("channel: chat", "channel: email", 16, 21, "rules[0].when.channel", "never holds"),
        ("[fi, no]", "[fi, de]", 16, 42, "rules[0].when.language[1]", "no language de"),
        ("[fi, no]", "[]", 16, 27, "rules[0].when.language", "at least one value"),
        ("channel: chat", "colour: red", 16, 12, "rules[0].when.colour", "field.<name>"),
        ("skills: [repair]", "skills: &a [repair]", 4, 9, "skills", "anchors and aliases"),
        ("skills: [repair]", "skills: *a", 4, 9, "skills", "anchors and aliases"),
        ("skills: [repair]", "skills: !!set [repair]", 4, 9, "skills", "is not allowed"),
        ("skills: [repair]", "skills: [repair", 5, 9, "", "not YAML"),
        ("skills: [repair]", "skills: [re\x07pair]", 4, 12, "", "U+0007"),
        ("skills: [repair]", "skills: [repair]\n---\na: 1", 5, 1, "", "expected one document"),
        ("skills: [repair]", "? [repair]\n: 1", 4, 3, "", "a plain word as key"),
        ("skills: [repair]", f"skills: {'[' * 20}", 4, 21, f"skills{'[0]' * 12}", "too deeply"),
    ],
)
def test_mistake_is_named_with_its_place_and_what_was_expected(
    before: str, after: str, line: int, column: int, field: str, message: str
) -> None:
    found = mistakes(changed(before, after))
    assert (line, column, field) in [(m.line, m.column, m.field) for m in found]
    assert any(message in m.message for m in found), found


def test_all_mistakes_are_named_at_once_in_the_order_of_the_text() -> None:
    text = changed("cost: 33", "cost: 0").replace("repair: 2", "repair: 9")
    assert [(m.line, m.field) for m in mistakes(text)] == [
        (6, "channels.chat.cost"),
        (12, "queues.chats.required.repair"),
    ]


def test_pool_without_channels_or_queues_is_refused() -> None:
    text = '{"pool": "a/b", "partition": 0, "channels": {}, "queues": {}, "fallback_queue": "q"}'
    assert {m.field for m in mistakes(text)} == {"channels", "queues", "fallback_queue"}


@pytest.mark.parametrize("text", ["", "# only a comment\n", "[]", "just words", "null"])
def test_text_that_is_no_mapping_is_refused(text: str) -> None:
    assert mistakes(text)[0].line == 1


def test_bytes_that_are_not_utf8_are_refused_at_their_place() -> None:
    found = mistakes(b"pool: kaarna/service\nskills: [\xff]\n")
    assert (found[0].line, found[0].column) == (2, 10)


def test_text_over_the_limit_is_refused_unread() -> None:
    assert "at most" in mistakes("# " + "x" * MAX_BYTES)[0].message


def test_flood_of_mistakes_is_cut() -> None:
    text = GOOD + "".join(f"key{number}: 1\n" for number in range(10 * MAX_MISTAKES))
    assert len(mistakes(text)) == MAX_MISTAKES


def test_what_the_engine_calls_a_problem_is_refused_here() -> None:
    good = msgspec.to_builtins(parse(GOOD, partitions=6))
    broken: list[dict[str, object]] = [
        {"fallback_queue": "gone"},
        {"queues": {"general": {"channels": ["fax"]}}},
        {"rules": [{"queue": "gone"}]},
        {"rules": [{"queue": "chats", "when": {"colour": "red"}}]},
    ]
    for change in broken:
        assert msgspec.convert(good | change, PoolConfig).problems()
        assert mistakes(json.dumps(good | change))
