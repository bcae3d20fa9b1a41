"""The bot's answers, once for each question, whoever asks it to look: the door or the topic."""

from services.bot import core
from services.bot.adapters import Platform
from services.bot.articles import Articles
from services.contracts.messages import CreatedMessage, MessageCreated, MessageEvent
from services.kit.clock import Clock
from services.kit.log_reader import Raw
from services.kit.metrics import Metrics


class Answering:
    """`patience`: seconds after which a question is left alone. Raises `Unavailable`."""

    def __init__(
        self,
        articles: dict[str, Articles],
        platform: Platform,
        clock: Clock,
        metrics: Metrics,
        patience: float,
    ) -> None:
        self._articles = articles
        self._platform = platform
        self._clock = clock
        self._metrics = metrics
        self._patience_ms = round(patience * 1000)

    async def handle(self, event: MessageEvent, raw: Raw) -> None:
        """A record of the topic: answer it if a customer asked it elsewhere than at our door."""
        if not isinstance(event, MessageCreated) or event.source == core.CHANNEL:
            return
        question = event.data
        if question.author.kind != "customer" or question.channel not in core.SERVED:
            return
        if self._clock.now_ms() - question.at > self._patience_ms:
            self._count("late")
            return
        # Most of what is said is no question of ours: nothing is looked up for that.
        if all(one.find(question.text, "") is None for one in self._articles.values()):
            self._count("unknown")
            return
        await self.answer(question, raw.offset)

    async def answer(self, question: CreatedMessage, offset: int) -> str | None:
        """The answer, durable in the conversation; None: the bot is silent.

        `offset` is the question's place in the topic.
        """
        known = await self._platform.conversation(question.conversation_id)
        if known is None or known.head is None:
            return None
        given = known.answers.get(core.answer_id(question))
        if given is not None:
            return given
        head = known.head.data
        said = core.reply(
            self._articles.get(head.pool),
            head,
            question.text,
            await self._platform.contact(head),
            wants_person=known.wants_person(offset),
            has_spoken=bool(known.answers),
        )
        if isinstance(said, str):
            self._count(said)
            return None
        await self._platform.write(core.answer_of(question, said, self._clock.now_ms()))
        self._count("answered")
        return said.text

    def _count(self, result: str) -> None:
        self._metrics.count("bot_questions_total", result=result)
