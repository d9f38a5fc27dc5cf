"""Images a second of the GAN step with one and two replicas, and with two processes, each with pinned threads.

    python benchmarks/engine/replicas.py [--steps 20] [--out benchmarks/results/engine/replicas]

64 px, 32 images a step in all. Each way is a process of its own (two for the workers), started anew in every round:
one replica with both cores, one replica with one core, two replicas in one process (MirroredStrategy on two logical
CPUs), and two workers (MultiWorkerMirroredStrategy by TF_CONFIG) with a core each. The last line is JSON with
"images_per_second" of each.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

import interleaved

BATCH, SIZE = 32, 64
WAYS = {  # name -> (replicas in a process, processes, cores of a process)
    "one replica": (1, 1, 2),
    "one replica, one core": (1, 1, 1),
    "two replicas": (2, 1, 2),
    "two workers": (1, 2, 1),
}


def free_ports(number):
    """Ports that were free a moment ago."""
    sockets = [socket.socket() for _ in range(number)]
    for part in sockets:
        part.bind(("127.0.0.1", 0))
    ports = [part.getsockname()[1] for part in sockets]
    for part in sockets:
        part.close()
    return ports


def measure(way, steps):
    """Images a second of one round: the chief's number."""
    _, processes, cores = WAYS[way]
    ports, running = free_ports(processes), []
    available = sorted(os.sched_getaffinity(0))
    for index in range(processes):
        environment = {**os.environ, "TF_NUM_INTRAOP_THREADS": str(cores), "TF_CPP_MIN_LOG_LEVEL": "3"}
        if processes > 1:
            cluster = {"worker": [f"127.0.0.1:{port}" for port in ports]}
            environment["TF_CONFIG"] = json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}})
        pinned = available[index * cores : (index + 1) * cores] or available
        command = [sys.executable, __file__, "--way", way, "--steps", str(steps), "--cores", *map(str, pinned)]
        running.append(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL))
    answers = [process.communicate(timeout=600)[0] for process in running]
    return float(answers[0].decode().strip().splitlines()[-1])


def run_way(way, steps):
    """Prints the images a second of this process's part in a way; called in a process of its own."""
    import numpy as np
    import tensorflow as tf

    replicas, processes, _ = WAYS[way]
    if replicas > 1:
        cpu = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * replicas)
        strategy = tf.distribute.MirroredStrategy(
            [f"CPU:{n}" for n in range(replicas)], cross_device_ops=tf.distribute.ReductionToOneDevice()
        )
    else:
        strategy = tf.distribute.MultiWorkerMirroredStrategy() if processes > 1 else tf.distribute.get_strategy()

    import keras

    from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
    from keras_transfer_gen.training.gan import GAN

    keras.utils.set_random_seed(0)
    with strategy.scope():
        gan = GAN(*build_dcgan(SIZE))
        gan.compile(penalty=None)
    part = BATCH // (replicas * processes)
    images = np.random.default_rng(0).integers(0, 256, (part, SIZE, SIZE, 3), dtype=np.uint8)
    step = tf.function(lambda: strategy.run(gan.train_step, args=(tf.constant(images),)))
    step()
    gan.step.numpy()
    start = time.perf_counter()
    for _ in range(steps):
        step()
    gan.step.numpy()
    print(BATCH * steps / (time.perf_counter() - start), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=2, help="rounds")
    parser.add_argument("--steps", type=int, default=20, help="timed steps of a round")
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=list(WAYS))
    parser.add_argument("--out", type=Path, help="folder for results.json")
    parser.add_argument("--way", choices=list(WAYS), help=argparse.SUPPRESS)
    parser.add_argument("--cores", nargs="+", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        os.sched_setaffinity(0, options.cores)
        run_way(options.way, options.steps)
        return
    result, speeds = interleaved.measured_here(), {way: [] for way in options.ways}
    for _ in range(options.repeats):
        for way in options.ways:
            speeds[way].append(measure(way, options.steps))
            print(f"{way}: {speeds[way][-1]:.1f} images/s", flush=True)
    result["images_per_second"] = {way: round(statistics.median(values), 1) for way, values in speeds.items()}
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "results.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
