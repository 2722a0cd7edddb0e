"""`python -m nsredis` is the command `nsredis`."""

from nsredis.cli.main import main

if __name__ == "__main__":
    main()
