"""What the chat needs to know."""

from services.kit.settings import Settings


class ChatSettings(Settings, frozen=True, kw_only=True):
    """`chat_max_sockets`: customers' sockets in one process; beyond it they are asked to try
    again later. `chat_quiet_after`: seconds without a word after an agent's answer that make a
    customer quiet. `chat_index_*`: what one process keeps of conversations in memory (newest
    first); the full history is kept by the service `conversations`."""

    chat_port: int = 8003
    chat_max_sockets: int = 10_000
    chat_quiet_after: float = 60.0
    chat_index_conversations: int = 20_000
    chat_index_characters: int = 32 * 1024 * 1024
