"""Real Apache Kafka on this machine without containers: jars from Maven, run by Java 17."""

from services.embedded.apache_kafka.broker import ApacheKafka
from services.embedded.apache_kafka.jars import missing_programs

__all__ = ["ApacheKafka", "missing_programs"]
