"""Settings: defaults, what each text becomes, and what is refused in which words."""

from pathlib import Path

import msgspec
import pytest

from domain.vocabulary import PARTNERS
from services.settings import Settings, SettingsRefused, described, read_settings

SALES_END = 1_593_450_000_000_000  # 2020-06-29T17:00:00Z


def problems(environment: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsRefused) as refused:
        read_settings(environment)
    assert str(refused.value) == "\n".join(refused.value.problems)
    return refused.value.problems


def test_the_defaults_are_an_embedded_run() -> None:
    settings = read_settings({})
    assert (settings.kafka_bootstrap, settings.database_url) == ("", "")
    assert settings.state_dir == Path(".tuntas")
    assert (settings.api_host, settings.api_port) == ("127.0.0.1", 8000)
    assert settings.topic_partitions == 6
    assert settings.package_sales_end is None  # as the database has it
    assert (settings.evaluator_tokens, settings.partner_tokens) == (frozenset(), {})


def test_an_empty_text_stands_for_the_default() -> None:
    names = [setting.name for setting in described({})]
    assert read_settings(dict.fromkeys(names, "")) == read_settings({})


def test_every_text_becomes_its_value() -> None:
    settings = read_settings(
        {
            "HOME": "/home/evaluator",
            "TUNTAS_KAFKA_BOOTSTRAP": "kafka-1:9092, [::1]:9093",
            "TUNTAS_DATABASE_URL": "postgresql://tuntas:s3cret@db:5432/tuntas",
            "TUNTAS_API_PORT": "0",
            "TUNTAS_PACKAGE_SALES_END": "2020-06-30T00:00:00+07:00",
            "TUNTAS_EVALUATOR_TOKENS": "first-token-of-staff, second-token-of-staff",
            "TUNTAS_PARTNER_TOKENS": "pijar-mahir:one-of-pijar-mahir,pijar-mahir:two-of-pijar-mahir,"
            "sisnaker:token-of-sisnaker",
            "TUNTAS_BATCH_RECORDS": "500",
            "TUNTAS_LOG_LEVEL": "debug",
        }
    )
    assert settings.kafka_bootstrap == "kafka-1:9092,[::1]:9093"
    assert settings.database_url == "postgresql://tuntas:s3cret@db:5432/tuntas"
    assert settings.api_port == 0
    assert settings.package_sales_end == SALES_END
    assert settings.evaluator_tokens == {"first-token-of-staff", "second-token-of-staff"}
    assert settings.partner_tokens == {
        "one-of-pijar-mahir": "pijar-mahir",
        "two-of-pijar-mahir": "pijar-mahir",
        "token-of-sisnaker": "sisnaker",
    }
    assert settings.batch_records == 500
    assert settings.log_level == "debug"
    assert read_settings({"TUNTAS_LOG_LEVEL": "INFO"}).log_level == "info"
    assert "s3cret" not in repr(settings)


def test_the_partners_of_a_process_are_named_or_all() -> None:
    assert read_settings({}).partners == frozenset(PARTNERS)
    some = {"TUNTAS_PARTNERS": "pintaria, sisnaker", "TUNTAS_SERVER_NUMBER": "3"}
    assert read_settings(some).partners == {"pintaria", "sisnaker"}
    assert read_settings(some).server_number == 3
    (problem,) = problems({"TUNTAS_PARTNERS": "pintaria,nobody"})
    assert problem.startswith("TUNTAS_PARTNERS names 'nobody'; the partners are bukalapak, ")
    assert problems({"TUNTAS_SERVER_NUMBER": "128"})


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(AttributeError, match="immutable"):
        read_settings({}).api_port = 1  # type: ignore[misc]


def test_every_default_has_the_type_of_its_field() -> None:
    values = msgspec.structs.asdict(read_settings({}))
    for field in msgspec.structs.fields(Settings):
        assert msgspec.convert(values[field.name], field.type) == values[field.name]


def test_a_mistyped_name_is_refused_with_the_nearest() -> None:
    assert problems({"TUNTAS_KAFKA_BOOTSTRAPS": "a:1"}) == [
        "TUNTAS_KAFKA_BOOTSTRAPS is not a setting; did you mean TUNTAS_KAFKA_BOOTSTRAP?"
    ]
    assert problems({"TUNTAS_FOO": ""}) == [
        "TUNTAS_FOO is not a setting; `tuntas settings` lists those there are."
    ]


def test_names_of_tests_and_of_others_are_let_through() -> None:
    assert read_settings({"TUNTAS_TEST_KAFKA": "apache", "PATH": "/bin"}) == read_settings({})


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("API_PORT", "http", "is 'http', which is no whole number from 0 to 65535."),
        ("API_PORT", "65536", "is '65536', which is no whole number from 0 to 65535."),
        ("BATCH_RECORDS", "0", "is '0', which is no whole number from 1 to 50000."),
        ("ANSWERS", "maybe", "is 'maybe', which is none of on, off."),
        ("LOG_LEVEL", "loud", "is 'loud', which is none of debug, info, warning, error."),
        ("KAFKA_BOOTSTRAP", "kafka", "names 'kafka', which is not host:port."),
        ("KAFKA_BOOTSTRAP", "a:1,b:70000", "names 'b:70000', which is not host:port."),
        ("DATABASE_URL", "host=db", "is not a URL that starts with postgresql://."),
        (
            "PACKAGE_SALES_END",
            "2020-06-30T00:00:00",
            "is '2020-06-30T00:00:00', which has no offset: add Z or an offset such as +07:00.",
        ),
        ("PARTNER_TOKENS", "s3cret", "has an entry that is not partner:token."),
        (
            "PARTNER_TOKENS",
            "pijar-mahir:s3cret-of-both-of-them,sisnaker:s3cret-of-both-of-them",
            "gives sisnaker a token that another partner has.",
        ),
        (
            "EVALUATOR_TOKENS",
            "s3cret s3cret",
            "holds a token with characters that a bearer token cannot have.",
        ),
    ],
)
def test_a_text_that_cannot_be_read_is_refused(name: str, text: str, sentence: str) -> None:
    assert problems({f"TUNTAS_{name}": text}) == [f"TUNTAS_{name} {sentence}"]


def test_an_unknown_partner_is_refused_with_those_there_are() -> None:
    (problem,) = problems({"TUNTAS_PARTNER_TOKENS": "pijar:s3cret"})
    assert problem.startswith("TUNTAS_PARTNER_TOKENS names 'pijar'; the partners are bukalapak, ")
    assert "s3cret" not in problem


def test_staff_and_a_partner_cannot_share_a_token() -> None:
    environment = {
        "TUNTAS_EVALUATOR_TOKENS": "a-token-of-staff,one-token-of-both",
        "TUNTAS_PARTNER_TOKENS": "sisnaker:one-token-of-both",
    }
    assert problems(environment) == [
        "TUNTAS_PARTNER_TOKENS holds a token of TUNTAS_EVALUATOR_TOKENS; each needs its own."
    ]


SECURED = {
    "TUNTAS_KAFKA_BOOTSTRAP": "kafka:9094",
    "TUNTAS_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
    "TUNTAS_KAFKA_USERNAME": "tuntas-ingest",
    "TUNTAS_KAFKA_PASSWORD_FILE": "/secrets/password",
    "TUNTAS_KAFKA_CA_FILE": "/secrets/ca.pem",
}


def test_a_secured_kafka() -> None:
    settings = read_settings(SECURED)
    assert settings.kafka_sasl_mechanism == "SCRAM-SHA-512"
    assert settings.kafka_password_file == Path("/secrets/password")
    assert settings.kafka_ca_file == Path("/secrets/ca.pem")
    assert settings.kafka_certificate_file is None
    assert read_settings({}).kafka_security_protocol == "PLAINTEXT"


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (
            {"KAFKA_BOOTSTRAP": ""},
            (
                "TUNTAS_KAFKA_SECURITY_PROTOCOL is SASL_SSL, but TUNTAS_KAFKA_BOOTSTRAP names no broker: the embedded "
                "one speaks PLAINTEXT."
            ),
        ),
        (
            {"KAFKA_USERNAME": ""},
            "TUNTAS_KAFKA_SECURITY_PROTOCOL is SASL_SSL, so TUNTAS_KAFKA_USERNAME is needed.",
        ),
        (
            {"KAFKA_PASSWORD_FILE": ""},
            "TUNTAS_KAFKA_SECURITY_PROTOCOL is SASL_SSL, so TUNTAS_KAFKA_PASSWORD_FILE is needed.",
        ),
        (
            {"KAFKA_USERNAME": "a,b"},
            "TUNTAS_KAFKA_USERNAME holds ',', which a user name cannot have.",
        ),
        (
            {"KAFKA_KEY_FILE": "/secrets/key.pem"},
            "TUNTAS_KAFKA_KEY_FILE is set, but TUNTAS_KAFKA_CERTIFICATE_FILE is not.",
        ),
        (
            {"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT"},
            "TUNTAS_KAFKA_CA_FILE is set, but TUNTAS_KAFKA_SECURITY_PROTOCOL is SASL_PLAINTEXT: it would not be used.",
        ),
        (
            {"KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_USERNAME": ""},
            "TUNTAS_KAFKA_PASSWORD_FILE is set, but TUNTAS_KAFKA_SECURITY_PROTOCOL is SSL: nobody would ask for it.",
        ),
    ],
)
def test_settings_of_a_secured_kafka_that_do_not_go_together(
    changed: dict[str, str], sentence: str
) -> None:
    environment = SECURED | {f"TUNTAS_{name}": text for name, text in changed.items()}
    assert problems(environment) == [sentence]


def test_all_problems_are_told_at_once() -> None:
    told = problems({"TUNTAS_API_PORT": "x", "TUNTAS_BATCH_RECORDS": "x", "TUNTAS_PORT": "1"})
    assert [problem.split()[0] for problem in told] == [
        "TUNTAS_PORT",
        "TUNTAS_API_PORT",
        "TUNTAS_BATCH_RECORDS",
    ]


def test_what_is_described_is_complete_and_keeps_secrets() -> None:
    lines = described(
        {
            "TUNTAS_DATABASE_URL": "postgresql://tuntas:s3:cret@db/tuntas?pass%77ord=s3cret&application_name=x",
            "TUNTAS_EVALUATOR_TOKENS": "s3cret,s3cret2",
            "TUNTAS_PARTNER_TOKENS": "sisnaker:s3cret",
            "TUNTAS_API_PORT": "9000",
        }
    )
    assert len(lines) == len(msgspec.structs.fields(Settings))
    assert all(line.meaning for line in lines)
    shown = {line.name: (line.value, line.default) for line in lines}
    assert shown["TUNTAS_DATABASE_URL"] == (
        "postgresql://tuntas:•••@db/tuntas?pass%77ord=•••&application_name=x",
        "",
    )
    assert shown["TUNTAS_EVALUATOR_TOKENS"] == ("•••,•••", "")
    assert shown["TUNTAS_PARTNER_TOKENS"] == ("sisnaker:•••", "")
    assert shown["TUNTAS_API_PORT"] == ("9000", "8000")
    assert shown["TUNTAS_PACKAGE_SALES_END"] == ("2020-06-30T00:00:00+07:00",) * 2
