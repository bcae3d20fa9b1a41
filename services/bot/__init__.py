"""The bot: answers what it knows for certain, beside the queue, and is silent otherwise."""
