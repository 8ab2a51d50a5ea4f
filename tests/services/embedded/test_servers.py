"""Each embedded server starts, does its work, and stops; what it keeps is what it promises."""

from pathlib import Path

import psycopg2
import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.admin import NewTopic

from services.embedded import leash
from services.embedded.apache_kafka import ApacheKafka
from services.embedded.broker import Broker, EmbeddedBroker
from services.embedded.leash import ServerFailed
from services.embedded.postgres import EmbeddedPostgres
from tests.conftest import own_server


def query(url: str, statement: str) -> str:
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            row = cursor.fetchone()
            assert row is not None
            return str(row[0])
    finally:
        connection.close()


def create_topic(broker: Broker, topic: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    admin.create_topics([NewTopic(topic, 1, 1)])
    admin.close()


def produce(broker: Broker, topic: str, value: bytes, compression: str | None = None) -> None:
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap, compression_type=compression)
    producer.send(topic, value, key=b"PRK-1").get(timeout=10)
    producer.close()


def first_record(broker: Broker, topic: str) -> tuple[bytes, bytes]:
    consumer = KafkaConsumer(
        topic,
        bootstrap_servers=broker.bootstrap,
        auto_offset_reset="earliest",
        consumer_timeout_ms=20_000,
    )
    record = next(consumer)
    consumer.close()
    return record.key, record.value


def test_postgres_is_version_18_and_durable() -> None:
    with own_server() as server:
        url = server.database_url()
        assert query(url, "SHOW server_version").startswith("18.")
        assert query(url, "SHOW fsync") == "on"
        assert query(url, "SHOW full_page_writes") == "on"
        assert query(url, "SHOW synchronous_commit") == "on"


def test_each_test_has_an_empty_database(database_url: str) -> None:
    statement = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
    assert query(database_url, statement) == "0"
    query(database_url, "CREATE TABLE kept (a int); SELECT 1")
    assert query(database_url, statement) == "1"


def test_postgres_keeps_its_data_over_a_clean_stop_and_over_a_kill(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "data")
    server.start()
    query(server.create_database("tuntas"), "CREATE TABLE kept (a int); SELECT 1")
    server.stop()
    assert not (tmp_path / "data" / "postmaster.pid").exists()

    server.start()
    query(server.create_database("tuntas"), "INSERT INTO kept VALUES (7) RETURNING a")
    server.kill()

    with server:
        assert query(server.create_database("tuntas"), "SELECT a FROM kept") == "7"


def test_postgres_refuses_a_second_owner(
    postgres_server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leash, "PREDECESSOR_SECONDS", 0.2)
    with pytest.raises(ServerFailed, match="Another process keeps the server"):
        EmbeddedPostgres(postgres_server.data_dir).start()
    assert query(postgres_server.database_url(), "SELECT 1") == "1"


def test_postgres_in_a_folder_too_deep_for_a_socket(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / ("deep" * 25) / "data") as server:
        assert query(server.database_url(), "SELECT 1") == "1"


@pytest.mark.kafka
def test_the_broker_takes_and_gives_a_record(kafka_broker: Broker) -> None:
    create_topic(kafka_broker, "embedded.one-record")
    produce(kafka_broker, "embedded.one-record", b"{}")
    assert first_record(kafka_broker, "embedded.one-record") == (b"PRK-1", b"{}")


@pytest.mark.kafka
@pytest.mark.parametrize("compression", ["gzip", "snappy", "lz4", "zstd"])
def test_every_compression_that_a_partner_may_choose_is_read(
    kafka_broker: Broker, compression: str
) -> None:
    topic = f"embedded.{compression}"
    create_topic(kafka_broker, topic)
    produce(kafka_broker, topic, b"{}" * 1_000, compression)
    assert first_record(kafka_broker, topic) == (b"PRK-1", b"{}" * 1_000)


@pytest.mark.kafka
def test_the_broker_says_which_log_it_keeps(kafka_broker: Broker) -> None:
    admin = KafkaAdminClient(bootstrap_servers=kafka_broker.bootstrap)
    assert admin.describe_cluster()["cluster_id"] == kafka_broker.log_id
    admin.close()


def test_the_embedded_broker_has_a_new_log_at_every_start(tmp_path: Path) -> None:
    broker = EmbeddedBroker(tmp_path)
    with broker:
        first = broker.log_id
        create_topic(broker, "before")
    with broker:
        assert broker.log_id != first
        create_topic(broker, "before")  # refused if it were there still
        produce(broker, "before", b"2")
        assert first_record(broker, "before") == (b"PRK-1", b"2")


@pytest.mark.slow
@pytest.mark.apache
def test_apache_kafka_keeps_its_log_over_a_kill(tmp_path: Path) -> None:
    broker = ApacheKafka(tmp_path)
    broker.start()
    log_id = broker.log_id
    create_topic(broker, "kept")
    produce(broker, "kept", b"1")
    broker.kill()
    with broker:
        assert broker.log_id == log_id
        assert first_record(broker, "kept") == (b"PRK-1", b"1")
