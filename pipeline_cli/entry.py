"""Start the program: the console script and `python -m pipeline_cli` both enter here.

Owns the few lines that must run before the command line is imported; decides nothing.
"""

import gc


def main() -> int:
    """Import and run the command line; return its exit code (`cli.md`, exit codes)."""
    # What is imported lives until the end. The collector finds nothing in it and costs a tenth
    # of the start, so it rests; then it comes as rarely as suits a program that makes few cycles
    # and ends soon.
    gc.disable()
    try:
        from pipeline_cli.cli.boundary import run

        gc.freeze()
        gc.set_threshold(20_000)
        gc.enable()
        code = run()
        # What is left ends with the process; to look through it for garbage would be in vain.
        gc.freeze()
        return code
    except KeyboardInterrupt:
        return 130
