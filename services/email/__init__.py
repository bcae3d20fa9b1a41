"""E-mail: mails that arrive over SMTP become contacts, agents' answers go out over SMTP."""
