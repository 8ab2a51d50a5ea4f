"""What kafka-python raises, in words for people: each error's name once."""

import pytest
from kafka import errors as driver

from services.kafka.errors import translated
from services.kafka.failures import BrokerRefused, BrokerUnavailable, KafkaFailure


@pytest.mark.parametrize(
    ("raised", "kind", "said"),
    [
        (
            driver.KafkaTimeoutError("Unable to bootstrap from ['127.0.0.1:9']"),
            BrokerUnavailable,
            "While asking: KafkaTimeoutError: Unable to bootstrap from ['127.0.0.1:9']",
        ),
        (driver.KafkaTimeoutError(), BrokerUnavailable, "While asking: KafkaTimeoutError"),
        (OSError("no route"), BrokerUnavailable, "While asking: OSError: no route"),
        (OSError(), BrokerUnavailable, "While asking: OSError"),
        (
            driver.InvalidTopicError("x"),
            BrokerRefused,
            "While asking: [Error 17] InvalidTopicError: x",
        ),
    ],
)
def test_an_error_says_its_name_once(
    raised: Exception, kind: type[KafkaFailure], said: str
) -> None:
    with pytest.raises(kind) as found, translated("asking"):
        raise raised
    assert str(found.value) == said
