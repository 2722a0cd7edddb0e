"""The command `nsredis`. Each subcommand is imported when it is used, so that no command pays for another."""

from importlib import import_module
from typing import Final

import click

from nsredis import __version__

COMMANDS: Final = {
    "serve": ("nsredis.cli.serve:serve", "Run a name server node."),
    "demo": ("nsredis.cli.demo:demo", "Run two nodes on one store, with simulated brokers."),
    "register": ("nsredis.cli.register:register", "Register a broker and beat until Ctrl-C."),
    "simulate": ("nsredis.cli.simulate:simulate", "Register many brokers and beat for them."),
    "brokers": ("nsredis.cli.show:brokers", "List brokers."),
    "broker": ("nsredis.cli.show:broker", "Show one broker."),
    "topics": ("nsredis.cli.show:topics", "List topics."),
    "route": ("nsredis.cli.show:route", "Show which brokers serve a topic."),
    "explain": ("nsredis.cli.explain:explain", "Tell why a topic has its route, or none."),
    "clusters": ("nsredis.cli.show:clusters", "List clusters and their brokers."),
    "nodes": ("nsredis.cli.show:nodes", "List the name server nodes."),
    "convergence": ("nsredis.cli.convergence:convergence", "Show which nodes have applied a change."),
    "kv": ("nsredis.cli.kv:kv", "Read and write key-value configuration."),
    "settings": ("nsredis.cli.namespace_settings:settings", "Read and change the settings of the namespace."),
    "brake": ("nsredis.cli.brake:brake", "Show whom the expiry brake holds, or let them go."),
    "drain": ("nsredis.cli.drain:drain", "Take a broker group out of service, or back."),
    "watch": ("nsredis.cli.watch:watch", "Follow changes as they happen."),
    "bench": ("nsredis.cli.bench:bench", "Measure a name server."),
}
"""Name → where the command is, and its line in the list of commands."""


class LazyGroup(click.Group):
    """A group that imports a command when it is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order in which people meet them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command itself."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing one."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="nsredis")
def main() -> None:
    """A name server for RocketMQ, and for any fleet of brokers, backed by Redis."""
