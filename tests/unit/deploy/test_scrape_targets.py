"""Prometheus looks at every process of the platform, where compose runs it."""

from tests.support.compose import compose, default_ports, module_of, scrape_jobs


def test_exactly_the_processes_of_compose_are_scraped_on_their_ports() -> None:
    ports = default_ports()
    expected = {
        f"{name}:{ports[module]}"
        for name, service in compose().items()
        if (module := module_of(service)) in ports
    }
    (targets,) = scrape_jobs().values()
    assert len(targets) == len(set(targets)) == len(ports)
    assert set(targets) == expected
