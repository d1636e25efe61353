"""`python -m scoville` is the command line."""

from scoville.cli import main

if __name__ == "__main__":
    main()
