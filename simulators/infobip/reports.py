"""What becomes of accepted messages: reported by webhook, a hundred in a call, or kept until it is asked for."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass

from simulators.infobip.words import Json, report
from simulators.sms_gateway.behaviour import Behaviour
from simulators.sms_gateway.callbacks import Callbacks
from simulators.sms_gateway.journal import Accepted

IN_A_CALL = 100


@dataclass(frozen=True, slots=True)
class Reported:
    """An accepted message and where its reports go; they are kept where `url` is empty."""

    message: Accepted
    id: str
    url: str
    data: str
    bulk: str
    at: float


class Reports(Callbacks):
    """Reports of all messages of a request together, as Infobip bundles them."""

    kept: deque[Json]
    texts: deque[Json]

    def begin(self) -> None:
        """Forget what nobody has asked for."""
        self.kept, self.texts = deque(), deque()

    def report_all(self, behaviour: Behaviour, messages: Sequence[Reported]) -> None:
        if behaviour.callbacks and messages:
            self.start(self._report_all(behaviour, messages))

    async def _report_all(self, behaviour: Behaviour, messages: Sequence[Reported]) -> None:
        states = list(behaviour.callbacks)
        if behaviour.callback_shuffle and self._control.random.random() < behaviour.callback_shuffle:
            self._control.random.shuffle(states)
        for state in states:
            await asyncio.sleep(
                (behaviour.callback_delay_ms + behaviour.callback_jitter_ms * self._control.random.random()) / 1000
            )
            by_url: dict[str, list[Json]] = defaultdict(list)
            for each in messages:
                each.message.state = state
                told = report(each.id, each.message.to, state, bulk=each.bulk, data=each.data, at=each.at)
                by_url[each.url or behaviour.callback_url].append(told)
            self.kept.extend(by_url.pop("", ()))
            for url, results in by_url.items():
                for place in range(0, len(results), IN_A_CALL):
                    times = 1 + (self._control.random.random() < behaviour.callback_duplicate)
                    for _ in range(times):
                        await self._deliver(url, {"results": results[place : place + IN_A_CALL]}, "json")

    def receive(self, text: Json, url: str) -> None:
        """A person's text."""
        if url:
            told = {"results": [text], "messageCount": 1, "pendingMessageCount": 0}
            self.start(self._deliver(url, told, "json"))
        else:
            self.texts.append(text)


def taken(kept: deque[Json], limit: int) -> list[Json]:
    """The oldest ones, which are not given again."""
    return [kept.popleft() for _ in range(min(limit, len(kept)))]
