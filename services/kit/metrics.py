"""Every metric, declared once with its meaning. Base units; never an id as a label.

Each app has its own `Metrics` (and registry), so that several apps in one process are scraped
each on its own port without counting anything twice.
"""

from dataclasses import dataclass
from typing import Any, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

_LATENCY = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_WAIT = (0.1, 0.5, 1, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 14400, 86400)


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric's declaration."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    meaning: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = _LATENCY


CATALOGUE = (
    # HTTP, every service
    Metric(
        "http_request_seconds",
        "histogram",
        "Time from a request to its answer.",
        ("service", "method", "route", "status"),
    ),
    # Kafka, every service
    Metric(
        "publish_seconds",
        "histogram",
        "Time from publishing an event to the broker's acknowledgement.",
        ("service", "topic"),
    ),
    Metric("publish_in_flight", "gauge", "Events sent and not yet acknowledged.", ("service",)),
    Metric(
        "publish_refused_total",
        "counter",
        "Events not accepted (full, away) or with unknown outcome (late).",
        ("service", "reason"),
    ),
    Metric(
        "consumed_total",
        "counter",
        "Records read, by what became of them (done, refused, retried).",
        ("service", "topic", "result"),
    ),
    # Router worker
    Metric("router_inputs_total", "counter", "Input events decided.", ("source",)),
    Metric(
        "router_records_rejected_total", "counter", "Inputs journalled as rejected.", ("reason",)
    ),
    Metric("router_takeovers_total", "counter", "Partitions taken over.", ("cause",)),
    Metric("router_partitions", "gauge", "Partitions that this worker owns."),
    Metric("router_lag_records", "gauge", "Input records not yet decided.", ("partition",)),
    Metric("router_decide_seconds", "histogram", "Time of one engine step."),
    Metric("router_journal_seconds", "histogram", "Time from a decision to its durable record."),
    Metric("router_takeover_seconds", "histogram", "Time from open to active.", (), _LATENCY),
    # Follower: from the journal alone
    Metric("journal_age_seconds", "gauge", "Age of the newest valid record.", ("partition",)),
    Metric("journal_void_total", "counter", "Records of writers that were not the owner.", ()),
    Metric("router_contacts_total", "counter", "Contacts queued.", ("pool", "queue", "channel")),
    Metric(
        "router_contacts_ended_total",
        "counter",
        "Contacts that ended, by result.",
        ("pool", "queue", "channel", "result"),
    ),
    Metric(
        "router_offers_total",
        "counter",
        "Offers, by result (made, accepted, declined, expired, rescinded).",
        ("pool", "queue", "result"),
    ),
    Metric(
        "router_wait_seconds",
        "histogram",
        "Wait of contacts from their start to the assignment.",
        ("pool", "queue", "channel"),
        _WAIT,
    ),
    Metric("router_planned_load", "gauge", "Work over agents by the newest plan.", ("pool",)),
    Metric("router_overloaded", "gauge", "1 while the choice for overload holds.", ("pool",)),
    Metric(
        "router_turned_away_total",
        "counter",
        "Contacts that a queue did not take, by reason and what became of them.",
        ("pool", "queue", "reason", "action"),
    ),
    Metric(
        "router_promises_total",
        "counter",
        "Promised times, by result (kept, late, broken, cancelled).",
        ("pool", "queue", "result"),
    ),
    Metric("router_waiting", "gauge", "Contacts waiting.", ("pool", "queue")),
    Metric("router_parked", "gauge", "Contacts kept until the opening.", ("pool", "queue")),
    Metric("router_scheduled", "gauge", "Contacts whose time is to come.", ("pool", "queue")),
    Metric("router_queue_open", "gauge", "1 while the queue is open.", ("pool", "queue")),
    Metric("router_longest_wait_seconds", "gauge", "Age of the oldest waiting.", ("pool", "queue")),
    Metric("router_agents", "gauge", "Agents by state.", ("pool", "state")),
    Metric("router_assignments_open", "gauge", "Assignments in hand.", ("pool", "channel")),
    Metric("views_lag_records", "gauge", "Journal records not yet in the views.", ("partition",)),
    Metric("views_rebuilt_total", "counter", "Times that views were rebuilt.", ("reason",)),
    # Routing API
    Metric("api_agent_sockets", "gauge", "Agents' sockets open."),
    Metric("api_reply_seconds", "histogram", "Time from a command to its journalled reply."),
    # Channels
    Metric("contacts_accepted_total", "counter", "Contacts accepted at the door.", ("channel",)),
    Metric(
        "forms_returned_total",
        "counter",
        "Forms given back, by why (invalid, expired, too_quick, trap, unavailable).",
        ("reason",),
    ),
    Metric("chat_sockets", "gauge", "Customers' sockets open."),
    Metric("messages_accepted_total", "counter", "Messages accepted.", ("channel", "author")),
    Metric("email_sent_total", "counter", "Mails handed to the SMTP server.", ("result",)),
    Metric("bot_questions_total", "counter", "Questions seen by the bot.", ("result",)),
    Metric("conversations_repaired_total", "counter", "Missing contact events written again.", ()),
)
_BY_NAME = {metric.name: metric for metric in CATALOGUE}


class Metrics:
    """The metrics of one app, made on first use from the catalogue."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.registry = CollectorRegistry()
        self._made: dict[str, Counter | Gauge | Histogram] = {}
        self._children: dict[tuple[str, ...], Any] = {}

    def _get(self, name: str) -> Counter | Gauge | Histogram:
        if name not in self._made:
            metric = _BY_NAME[name]
            labels, registry = metric.labels, self.registry
            made: Counter | Gauge | Histogram
            if metric.kind == "counter":
                made = Counter(name, metric.meaning, labels, registry=registry)
            elif metric.kind == "gauge":
                made = Gauge(name, metric.meaning, labels, registry=registry)
            else:
                made = Histogram(
                    name, metric.meaning, labels, registry=registry, buckets=metric.buckets
                )
            self._made[name] = made
        return self._made[name]

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to a counter."""
        self.child(name, **labels).inc(amount)

    def set(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        self.child(name, **labels).set(value)

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Add a value (seconds) to a histogram."""
        self.child(name, **labels).observe(value)

    def clear(self, name: str) -> None:
        """Forget all label values of a gauge: what is not set again is not shown."""
        self._get(name).clear()
        self._children = {key: one for key, one in self._children.items() if key[0] != name}

    def child(self, name: str, **labels: str) -> Any:
        """prometheus-client's own object for these labels, to keep where every µs counts."""
        key = (name, *labels, *labels.values())
        child = self._children.get(key)
        if child is None:
            if "service" in _BY_NAME[name].labels:
                labels = {"service": self.service, **labels}
            metric = self._get(name)
            child = self._children[key] = metric.labels(**labels) if labels else metric
        return child

    def exposition(self) -> tuple[bytes, str]:
        """What Prometheus scrapes, and its content type."""
        return generate_latest(self.registry), CONTENT_TYPE_LATEST
