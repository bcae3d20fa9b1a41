"""Conversations: the transcript of every contact on every channel, read and written by agents."""
