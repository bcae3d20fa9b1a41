"""The settings of the e-mail service."""

from services.kit.settings import Settings

ROUTES = (
    "palvelu@kaarna.example=kaarna/service:fi,"
    "service@kaarna.example=kaarna/service:en,"
    "kund@kaarna.example=kaarna/service:sv"
)


class EmailSettings(Settings, frozen=True, kw_only=True):
    """`email_routes`: `address=tenant/pool:language`, separated by commas (`routes.py`)."""

    email_port: int = 8005
    smtp_port: int = 8025
    smtp_out: str = "127.0.0.1:8026"
    """Host and port of the SMTP server that takes the answers."""
    smtp_hostname: str = "mail.kaarna.example"
    """What we call ourselves in SMTP."""
    email_routes: str = ROUTES
    smtp_max_bytes: int = 10 * 1024 * 1024
    """The largest mail that is taken."""
    smtp_max_connections: int = 32
    smtp_timeout: float = 120.0
    """Seconds from one SMTP command to the next, and for the whole of a mail's content."""
    smtp_out_timeout: float = 30.0
    """Seconds for each step of handing a mail over."""
    email_patience: float = 600.0
    """Seconds for which a temporary refusal of one mail (4xx) is tried again."""
    email_conversations: int = 20_000
    """Conversations kept in memory; the others are read from the topic when they are needed."""
