"""`python -m tuntas`: the command line without the installed script. Everything is in services."""

from services.cli import main

if __name__ == "__main__":
    main()
