"""Settings for a command: from the environment, with the addresses of a run under way where none are named."""

import os

import msgspec
import typer

from services.postgres.migrations.fitness import check_database
from services.running import run_file
from services.settings import Settings, SettingsRefused, read_settings
from services.unworkable import SETTING_EXIT_CODE


def given_settings() -> Settings:
    """The settings of the environment; ends the command with exit code 2 and a sentence when they cannot be used."""
    try:
        return read_settings(os.environ)
    except SettingsRefused as refused:
        for problem in refused.problems:
            typer.secho(problem, fg="red", err=True)
        raise typer.Exit(SETTING_EXIT_CODE) from None


def reached_settings() -> Settings:
    """As `given_settings`, but Kafka and PostgreSQL are those of the embedded run under way unless both are named."""
    settings = given_settings()
    if settings.kafka_bootstrap and settings.database_url:
        return settings
    run = run_file.read(settings.state_dir)
    if run is None:
        typer.secho(
            f"No run is under way in {settings.state_dir}. Start one with `tuntas up`, or name your servers in "
            "TUNTAS_KAFKA_BOOTSTRAP and TUNTAS_DATABASE_URL.",
            fg="red",
            err=True,
        )
        raise typer.Exit(SETTING_EXIT_CODE)
    return msgspec.structs.replace(
        settings,
        kafka_bootstrap=settings.kafka_bootstrap or run.kafka_bootstrap,
        database_url=settings.database_url or run.database_url,
    )


def usable_database() -> Settings:
    """As `database_settings`, of a database that this version works with; raises DatabaseUnfit, PostgresError."""
    settings = database_settings()
    check_database(settings.database_url)
    return settings


def database_settings() -> Settings:
    """As `reached_settings`, for a command that needs the database only."""
    settings = given_settings()
    return settings if settings.database_url else reached_settings()


def kafka_settings() -> Settings:
    """As `reached_settings`, for a command that needs Kafka only."""
    settings = given_settings()
    return settings if settings.kafka_bootstrap else reached_settings()
