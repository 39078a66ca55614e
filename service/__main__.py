"""``python -m service`` is the ``plainline`` command."""

from service.cli import main

if __name__ == "__main__":
    main(prog_name="plainline")
