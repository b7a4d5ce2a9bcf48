"""The acts of people in words. They are told from above (whatsmassive/templatetags/log_entries.py), by their names."""

from typing import Any

ACT_WORDS: dict[str, Any] = {}
"""{`campaign.start`: translated words}; an act without words is called by its name."""


def act_words(act: str) -> str:
    return str(ACT_WORDS.get(act, act))
