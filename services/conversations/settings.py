"""What the service needs to know."""

from typing import Annotated

import msgspec

from services.kit.settings import Settings


class ConversationsSettings(Settings, frozen=True, kw_only=True):
    """`conversations_cache`: bytes of the transcripts' index kept in memory; the rest of it lies in
    a file without a name. `conversations_repair_grace`: seconds that a contact event may come
    after its conversation before it is looked for."""

    conversations_port: int = 8002
    conversations_cache: Annotated[int, msgspec.Meta(ge=1024 * 1024)] = 64 * 1024 * 1024
    conversations_repair_grace: Annotated[float, msgspec.Meta(ge=0)] = 10.0
