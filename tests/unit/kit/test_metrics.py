import pytest

from services.kit.metrics import Metrics


def test_metrics_are_exposed_with_their_labels_and_the_name_of_the_service() -> None:
    metrics = Metrics("chat")
    metrics.count("publish_refused_total", reason="full")
    metrics.count("publish_refused_total", 2, reason="full")
    metrics.set("chat_sockets", 7)
    metrics.observe("publish_seconds", 0.02, topic="messages")
    value = metrics.registry.get_sample_value
    labels = {"service": "chat", "reason": "full"}
    assert value("publish_refused_total", labels) == 3
    assert value("chat_sockets") == 7
    bucket = {"service": "chat", "topic": "messages", "le": "0.025"}
    assert value("publish_seconds_bucket", bucket) == 1
    assert value("publish_seconds_bucket", bucket | {"le": "0.01"}) == 0
    body, content_type = metrics.exposition()
    assert b"# HELP chat_sockets Customers' sockets open." in body
    assert content_type.startswith("text/plain")


def test_apps_in_one_process_count_apart() -> None:
    one, other = Metrics("chat"), Metrics("forms")
    one.set("chat_sockets", 1)
    assert b"chat_sockets" not in other.exposition()[0]


def test_metric_that_was_not_declared_is_refused() -> None:
    with pytest.raises(KeyError):
        Metrics("chat").count("misspelt_total")


def test_label_that_was_not_declared_is_refused() -> None:
    with pytest.raises(ValueError, match="label"):
        Metrics("chat").count("publish_refused_total", reason="full", contact="c1")
    with pytest.raises(ValueError, match="label"):
        Metrics("chat").count("publish_refused_total")


def test_what_is_not_set_again_after_clear_is_not_shown() -> None:
    metrics = Metrics("follower")
    metrics.set("router_waiting", 3, pool="kaarna/service", queue="live-fi")
    metrics.set("router_waiting", 1, pool="kaarna/service", queue="live-sv")
    metrics.clear("router_waiting")
    metrics.set("router_waiting", 2, pool="kaarna/service", queue="live-fi")
    exposed = metrics.exposition()[0].decode()
    assert 'queue="live-fi"} 2.0' in exposed
    assert "live-sv" not in exposed
