"""The helper process that reads code which is not Python: run as a module, asked by lines."""

from pipeline_cli.formats.symbols_apart import answer
from pipeline_cli.store.apart import serve

if __name__ == "__main__":
    serve(answer)
