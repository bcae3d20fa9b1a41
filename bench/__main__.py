"""`python -m bench`: every benchmark, one after the other."""

from bench import engine, router_partition, time_to_offer

if __name__ == "__main__":
    engine.main()
    router_partition.main()
    time_to_offer.main()
