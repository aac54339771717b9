"""`pipeline init --print-crontab` and `--print-systemd`."""

from pipeline_cli.commands.output import Options
from pipeline_cli.domain.schedule import crontab, listing, units
from pipeline_cli.errors import UsageError
from pipeline_cli.load.layout import init_context
from pipeline_cli.load.schedule import lacking, program
from pipeline_cli.load.schedule import options as named
from pipeline_cli.render import terminal


def run(options: Options, *, cron: bool, systemd: bool) -> int:
    """Print what runs the monitor and the rest by themselves, for this machine; write nothing."""
    if cron and systemd:
        raise UsageError(
            "--print-crontab and --print-systemd exclude each other", hint="give one of them"
        )
    if options.json:
        raise UsageError("what is printed for cron and systemd is no JSON", hint="leave --json out")
    context, _ = init_context(options.root, options.config, options.now)
    words = program(), named(context, options.config)
    without = {name: terminal.one_line(why) for name, why in lacking(context).items()}
    text = crontab(*words, without) if cron else listing(units(*words, without), without)
    terminal.write_text(text)
    return 0
