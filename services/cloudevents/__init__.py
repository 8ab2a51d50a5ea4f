"""CloudEvents 1.0 in Kafka records: decoding into partner events or refusals, and encoding."""
