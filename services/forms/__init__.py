"""The forms channel: pages that work without JavaScript, and a door for programs."""
