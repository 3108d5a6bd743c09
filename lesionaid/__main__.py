"""``python -m lesionaid``."""

from lesionaid.cli import main

if __name__ == "__main__":
    main()
