"""How near does a small student come to its teacher, and how much faster is it? `ktg distill`, student by student.

    python benchmarks/distill.py --source noto_gan_64 --sizes 1 --seeds 1 --kimg 100 --out DIR

Runs what `ktg distill` runs, with its defaults. The RUNs stay in `runs/` of --out: an interrupted call goes on when it
is given again, a larger --kimg continues finished students, and finished ones are only timed again, so that latencies
are those of the last call. Writes `results.json` and `table.md` after each student. PSNR is to the teacher's images of
the same 500 latents; KID x 1000 of the student's and of the teacher's images is to other images of the teacher, from
which the student learnt. Latency: one image, float32 TFLite, median and 95th percentile of each thread count, a process
each. Run the last call on a quiet machine.
"""

import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # litert and result_tables, also where this file is imported

from litert import machine, timings  # noqa: E402
from made_by import made_by
from result_tables import distill_table  # noqa: E402

from keras_transfer_gen import checks, files  # noqa: E402
from keras_transfer_gen.recipes.settings.distill import DistillSettings  # noqa: E402


def main():
    options = parse()
    result = {**made_by("distill.py", options), "machine": machine()}
    result |= {"teacher": time_teacher(options), "students": []}
    try:
        for size in options.sizes:
            for seed in range(options.seeds):
                result["students"].append(distill_once(options, size, seed))
                result["load"] = round(os.getloadavg()[1], 1)
                files.write_json(options.out / "results.json", result)
                files.write_text(options.out / "table.md", distill_table(result))
    except checks.Interrupted as stop:
        print(f"{stop} Give the same command again.")
        sys.exit(130)
    print(distill_table(result))


def time_teacher(options):
    """{"source", "file_bytes", latencies} of the teacher's float32 TFLite file, which is kept in `runs/`."""
    from keras_transfer_gen.export.tflite import write_tflite
    from keras_transfer_gen.recipes.models.export import load_exported, servable_of

    file = options.out / "runs" / "teacher.tflite"
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        write_tflite(servable_of(load_exported(options.source)), file)
    return {"source": options.source, "file_bytes": file.stat().st_size, **timings(file, options.runs)}


def distill_once(options, size, seed):
    """Scores of one student, its curve and its latencies; the training is not repeated where it has finished."""
    from keras_transfer_gen.cli.console import ConsoleReporter
    from keras_transfer_gen.recipes.report.compare_runs import read_run
    from keras_transfer_gen.recipes.runs.run_folder import RunFolder
    from keras_transfer_gen.recipes.training.distill import distill

    folder = RunFolder(options.out / "runs" / f"{size:g}mb-seed{seed}")
    settings = DistillSettings(
        source=options.source, size_mb=size, out=str(folder.path), kimg=options.kimg, minutes=options.minutes, seed=seed
    )
    with ConsoleReporter() as reporter:
        metrics = distill(settings, reporter)
    kept = (
        "psnr_before", "psnr", "kid_after", "kid_floor", "precision", "recall", "megabytes", "teacher_megabytes",
        "kimg", "seconds", "images_per_second",
    )  # fmt: skip
    scores = {name: metrics[name] for name in kept}
    curve = [{"kimg": point["kimg"], "kid": point["kid"]} for point in read_run(folder.path)["records"]]
    size_and_seed = {"size_mb": size, "seed": seed, "file_bytes": folder.tflite.stat().st_size}
    return {**size_and_seed, **scores, "curve": curve, **timings(folder.tflite, options.runs)}


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", default="noto_gan_64", help="the teacher")
    parser.add_argument("--sizes", type=float, nargs="+", default=[1.0], help="MB of the students' weights in float32")
    parser.add_argument("--seeds", type=int, default=1, help="students of each size")
    parser.add_argument("--kimg", type=float, default=DistillSettings.kimg, help="of each student")
    parser.add_argument("--minutes", type=float, help="upper limit of each student's training")
    parser.add_argument("--runs", type=int, default=50, help="timed calls of each file and number of threads")
    parser.add_argument("--out", type=Path, required=True, help="folder of the results")
    return parser.parse_args()


if __name__ == "__main__":
    main()
