"""The shipped articles, and conversations with the bot."""

from services.bot.articles import Articles, read_articles
from services.bot.settings import BotSettings
from services.contracts.messages import Author, CreatedMessage, StartedConversation

POOL = "kaarna/service"
AT = 1_750_000_000_000
CONVERSATION = "c" * 32


def shipped() -> Articles:
    """Kaarna's."""
    return read_articles(BotSettings().bot_articles)[POOL]


def head(**values: object) -> StartedConversation:
    """The head of a chat."""
    return StartedConversation(
        **{  # type: ignore[arg-type]
            "conversation_id": CONVERSATION,
            "contact_id": "d" * 32,
            "pool": POOL,
            "channel": "chat",
            "opened_at": AT,
            "language": "fi",
        }
        | values
    )


def question(text: str = "Milloin olette auki?", **values: object) -> CreatedMessage:
    """What a customer said."""
    return CreatedMessage(
        **{  # type: ignore[arg-type]
            "conversation_id": CONVERSATION,
            "message_id": "m1",
            "cid": "m1",
            "author": Author(kind="customer"),
            "channel": "chat",
            "at": AT,
            "text": text,
        }
        | values
    )
