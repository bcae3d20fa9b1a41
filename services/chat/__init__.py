"""The chat: customers' conversations over REST and WebSocket, and a page to try it."""
