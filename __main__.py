"""`python -m aqe` is the `aqe` command."""

from .cli.main import main

if __name__ == "__main__":
    main()
