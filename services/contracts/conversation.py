"""What follows from a conversation's records alone, alike for all who write and read them."""

from services.contracts.contact_events import ContactOpened, OpenedContact
from services.contracts.messages import ConversationStarted, CreatedMessage

Writer = tuple[str, str, str]


def writer(message: CreatedMessage) -> Writer:
    """Author's kind, author's id and `cid`: what makes two records of a conversation doubles of
    one message. The one with the lowest offset counts."""
    return message.author.kind, message.author.id, message.cid


def contact_opened(head: ConversationStarted, source: str) -> ContactOpened:
    """The contact event that belongs to a conversation's head: the same for the channel that
    publishes it first and for whoever has to write it again. Its id is the contact's."""
    data = head.data
    return ContactOpened(
        id=data.contact_id,
        source=source,
        time=head.time,
        subject=data.contact_id,
        traceparent=head.traceparent,
        data=OpenedContact(
            pool=data.pool,
            contact_id=data.contact_id,
            conversation_id=data.conversation_id,
            channel=data.channel,
            opened_at=data.opened_at,
            language=data.language,
            topic=data.topic,
            tier=data.tier,
            customer=data.customer_id,
            fields=data.fields,
        ),
    )
