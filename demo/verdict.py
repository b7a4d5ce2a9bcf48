"""Whether what the product says agrees with what the far sides' raw journals say.

Both sides know an attempt by the id that we gave it. An arrival counts where the far side took the text over: what it
refused (429, 500) never became a message, and what it recognised by its id was not delivered again. So:

- each arrival that was taken over is an attempt of a message in MongoDB;
- each message that is sent, delivered or read was taken over exactly once, over all of its attempts;
- the counts that campaigns show are those of their messages;
- `duplicates` is how many texts somebody got beyond the one, by raw arrivals.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

REACHED = ("sent", "delivered", "read")


@dataclass(frozen=True, slots=True)
class Stored:
    """A message as MongoDB has it, with every id that a far side may know one of its attempts by."""

    campaign: str
    phone: str
    status: str
    attempts: tuple[str, ...]


@dataclass(slots=True)
class Verdict:
    received: int = 0
    duplicates: int = 0
    differences: list[str] = field(default_factory=list)


def judge(
    messages: Iterable[Stored], taken_over: Iterable[str], *, counts: Mapping[str, Mapping[str, int]] | None = None
) -> Verdict:
    """Compare the messages with the ids of the arrivals that the far sides took over, repeated ones repeated.

    `counts` are what each campaign says of its messages, by status.
    """
    arrivals = Counter(taken_over)
    states: dict[str, Counter[str]] = {name: Counter() for name in counts or {}}
    verdict = Verdict()
    known: set[str] = set()
    for message in messages:
        known.update(message.attempts)
        states.setdefault(message.campaign, Counter())[message.status] += 1
        texts = sum(arrivals[attempt] for attempt in message.attempts)
        verdict.received += min(texts, 1)
        verdict.duplicates += max(0, texts - 1)
        place = f"{message.campaign}, {message.phone}: {message.status}"
        if message.status in REACHED and texts != 1:
            verdict.differences.append(f"{place}, and arrived {texts} times")
        elif message.status not in REACHED and message.status != "uncertain" and texts:
            verdict.differences.append(f"{place}, and yet arrived {texts} times")
    for name, said in (counts or {}).items():
        if +Counter(said) != states[name]:
            verdict.differences.append(f"{name} counts {dict(+Counter(said))}, and has {dict(states[name])}")
    strangers = [attempt for attempt in arrivals if attempt not in known]
    verdict.differences += [f"an arrival that no message knows: {attempt}" for attempt in strangers]
    return verdict
