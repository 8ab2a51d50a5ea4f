"""What can go wrong with Kafka. No client is loaded for it: commands that need none start without."""


class KafkaFailure(Exception):
    """Kafka did not do what was asked."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").partition("\n")[0])


class BrokerUnavailable(KafkaFailure):
    """No broker answered within the bound: stop, back off, then resume."""


class BrokerRefused(KafkaFailure):
    """The broker answered and refused: no permission, or settings that do not fit together."""


class NotLetIn(BrokerRefused):
    """Who asks was refused: the password, the certificate or a right is not one that the cluster accepts."""


class LogMismatch(KafkaFailure):
    """The log does not hold the offset that is to be read next: someone has to decide."""

    def __init__(self, message: str, *, topic: str, partition: int, offset: int) -> None:
        super().__init__(message)
        self.topic = topic
        self.partition = partition
        self.offset = offset


class PublishFailed(KafkaFailure):
    """Some records did not reach the topic."""

    def __init__(self, message: str, *, acknowledged: int, failed: int) -> None:
        super().__init__(message)
        self.acknowledged = acknowledged
        self.failed = failed
