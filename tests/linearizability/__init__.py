"""Histories of a lane's row under concurrent workers, checked by Porcupine, which was not written here."""
