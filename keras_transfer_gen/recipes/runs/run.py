"""What every training command does with its RUN folder, whatever it trains: look, read, hold it, work."""

from keras_transfer_gen import files
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.runs.training_loop import prepare_tensorflow


def on_run(command, settings, reporter, read, work):
    """Starts or continues a run; a finished one stays as it is.

    Args:
        command: "finetune" or "pretrain".
        settings: `TrainSettings`, or those of a VAE.
        reporter: told of the progress.
        read: reads what the work needs, while other processes may still use the folder: called with (run, strategy).
        work: does it while the folder is held: called with (run, state, what `read` returned, strategy), where state is
            "start" or "continue". Returns the content of metrics.json.

    Returns:
        dict, the content of metrics.json.
    """
    run = RunFolder(settings.out)
    state = run.open(command, settings)
    if state == "finished":
        reporter.say(f"{run.path} had finished already: nothing to do. A larger --kimg continues it.")
        return files.read_json(run.metrics_file)
    strategy = prepare_tensorflow(settings)
    given = read(run, strategy)
    with run.held(command, settings, state):
        return work(run, state, given, strategy)
