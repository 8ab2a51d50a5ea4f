"""The intake: from Kafka records to committed outcomes and answers, lane by lane."""
