"""The number by which customers know their case, the same on every channel."""

import hashlib

# No vowels (no words by chance), none of 0 O 1 I L U: they are misread and misheard.
_ALPHABET = "23456789BCDFGHJKMNPQRSTVWXYZ"
_LENGTH = 9


def case_number(contact_id: str) -> str:
    """`7KM-X4P-9RD`: three groups that can be read out on the phone; the same for the same id.

    28⁹ ≈ 10¹³ values: among a million cases two are alike with a chance of about 5 %.
    """
    rest = int.from_bytes(hashlib.sha256(b"case:" + contact_id.encode()).digest(), "big")
    signs = []
    for _ in range(_LENGTH):
        rest, digit = divmod(rest, len(_ALPHABET))
        signs.append(_ALPHABET[digit])
    text = "".join(signs)
    return f"{text[:3]}-{text[3:6]}-{text[6:]}"
