"""`python -m bench`: every benchmark, one after the other."""

from bench import router_partition, time_to_offer

if __name__ == "__main__":
    router_partition.main()
    time_to_offer.main()
