"""How every service does I/O: settings, HTTP, Kafka, clock, logs, metrics, identity. The only
importer of kafka-python, and of aiokafka beside the router's own worker."""
