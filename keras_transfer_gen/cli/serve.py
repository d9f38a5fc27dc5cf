"""`ktg serve`."""

from typing import Annotated

import typer

from keras_transfer_gen import checks
from keras_transfer_gen.cli import options as o
from keras_transfer_gen.cli.exits import guarded
from keras_transfer_gen.cli.source_options import SourceOptions, with_source_options

HOST, PORT = "127.0.0.1", 8000


@guarded
@with_source_options
@checks.named(source="model")
def serve(
    model: o.Model,
    options: SourceOptions,
    compare: Annotated[
        str | None, typer.Option("--compare", help="A second model, shown beside the first with the same latents.")
    ] = None,
    port: Annotated[int, typer.Option("--port", help="Port to listen on; 0 takes a free one.")] = PORT,
    host: Annotated[
        str, typer.Option("--host", help="Name or address to listen on. Others than this machine need --token.")
    ] = HOST,
    token: Annotated[
        str | None, typer.Option("--token", help="What visitors must know, 16 characters or more.")
    ] = None,
    rate: Annotated[
        float | None, typer.Option("--rate", help="Requests a second of one client. Default: 500; with --host 50.")
    ] = None,
    json: o.Json = False,
    debug: o.Debug = False,
) -> None:
    """Look at a model's images in the browser: a local gallery, with picks as a zip file. Ctrl-C ends it."""
    from keras_transfer_gen.recipes.gallery.server import address_of, check_address, open_socket

    host, port, token, rate = check_address(host, port, token, rate)
    refs = [options.prefetch(model)]
    if compare is not None:
        with checks.named(source="compare"):
            refs.append(options.prefetch(compare))
    listener, models = open_socket(host, port), []
    try:
        from keras_transfer_gen.cli.console import print_json
        from keras_transfer_gen.recipes.gallery import server
        from keras_transfer_gen.recipes.gallery.served_model import open_served

        models += [open_served(ref, options.overrides) for ref in refs]
        address = address_of(listener, host, token)
        ready = server.create_server(models, listener, host, token, rate)
        print_json({"address": address}) if json else print(f"{address}  (Ctrl-C ends it)", flush=True)
        server.run(ready)
    finally:
        listener.close()
        for served in models:
            served.close()
