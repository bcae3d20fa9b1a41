"""Where the platform is: from the environment, else from the running local platform, else the
default ports."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from services.kit.settings import Settings, load

ROOT = Path(__file__).resolve().parents[1]
STATE = ROOT / ".local" / "run" / "state.json"
SHARED_QUESTIONS = ROOT.parent / "shared" / "data" / "bot" / "banking77" / "train.csv"
POOL_FILE = ROOT / "demo" / "kaarna.yaml"

TENANT = "kaarna"
POOL = "kaarna/service"
FORM = "car-service"
MAILBOXES = {
    "fi": "palvelu@kaarna.example",
    "sv": "kund@kaarna.example",
    "en": "service@kaarna.example",
}


class _Ports(Settings, frozen=True, kw_only=True):
    api_port: int = 8001
    conversations_port: int = 8002
    chat_port: int = 8003
    forms_port: int = 8004
    email_port: int = 8005
    bot_port: int = 8006
    smtp_port: int = 8025
    smtp_out: str = "127.0.0.1:8026"


@dataclass(frozen=True, slots=True)
class Places:
    """Base addresses of the doors, and what the journal's reader needs (`settings`)."""

    settings: Settings
    api: str
    conversations: str
    chat: str
    forms: str
    email: str
    bot: str
    smtp: tuple[str, int]
    mailbox: tuple[str, int]
    """Where the platform hands its e-mail over: the customers' mail server listens there."""

    @property
    def ready(self) -> tuple[str, ...]:
        """Addresses that answer 200 when the service behind them does its work."""
        bases = (self.api, self.conversations, self.chat, self.forms, self.email, self.bot)
        return tuple(f"{base}/readyz" for base in bases)

    @property
    def pages(self) -> dict[str, str]:
        """What a person can open in a browser."""
        return {
            "Form": f"{self.forms}/forms/{POOL}/{FORM}?lang=fi",
            "Chat": f"{self.chat}/chat/{POOL}?lang=fi",
            "API": f"{self.api}/docs",
        }


def find_places(environ: Mapping[str, str], state: Path = STATE) -> Places:
    """The environment wins over what the local platform wrote down."""
    settings = load(_Ports, {**_written_down(state), **environ})
    host = settings.host if settings.host != "0.0.0.0" else "127.0.0.1"  # noqa: S104
    out_host, _, out_port = settings.smtp_out.rpartition(":")

    def base(port: int) -> str:
        return f"http://{host}:{port}"

    return Places(
        settings=settings,
        api=base(settings.api_port),
        conversations=base(settings.conversations_port),
        chat=base(settings.chat_port),
        forms=base(settings.forms_port),
        email=base(settings.email_port),
        bot=base(settings.bot_port),
        smtp=(host, settings.smtp_port),
        mailbox=(out_host or "127.0.0.1", int(out_port)),
    )


def _written_down(state: Path) -> dict[str, str]:
    try:
        document = json.loads(state.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return {str(name): str(value) for name, value in document.get("env", {}).items()}
