"""xAPI 1.0 and 2.0 statements (cmi5 included) in Kafka records: what each says, as an event of the contract."""
