"""The settings of the bot."""

from pathlib import Path

from services.kit.settings import Settings


class BotSettings(Settings, frozen=True, kw_only=True):
    """`bot_articles`: a folder with one file a company, named `<tenant>.yaml`."""

    bot_port: int = 8006
    bot_articles: Path = Path(__file__).parent / "articles"
    bot_patience: float = 600.0
    """Seconds after which a question is too old for an answer that nobody expects any more."""
    bot_conversations: int = 20_000
    """Conversations kept in memory; in older ones the bot is silent."""
