"""Whether the gallery of `ktg serve` stands a crowd: requests at a time, errors, times, and the memory it takes.

    python benchmarks/serve_load.py [--model noto_gan_64] [--clients 200] [--seconds 60]
        [--out benchmarks/results/serve_load]

Starts `ktg serve` on a free port of this machine. Each client keeps a connection open and asks for one image after the
other: one of 32 of a new seed, which has to be generated, the others of seeds that were generated already. Prints one
JSON line.
"""

import argparse
import collections
import datetime
import http.client
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import urllib.parse
from pathlib import Path

import numpy as np

from keras_transfer_gen import files

POPULAR = 20  # seeds that most requests are about
SHARE_OF_OTHERS = 1 / 32  # as when visitors look at one page of 32 images after the other
START = "from keras_transfer_gen.cli.main import main; main()"


def start_gallery(model):
    """(process, host, port) of a gallery that answers."""
    command = [sys.executable, "-c", START, "serve", model, "--port", "0", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    text = ""
    while not text.rstrip().endswith("}"):
        line = process.stdout.readline()
        if not line:
            raise SystemExit("the gallery ended before it answered")
        text += line
    parts = urllib.parse.urlsplit(json.loads(text)["address"])
    return process, parts.hostname, parts.port


def megabytes(process):
    """Resident memory of a process, in MB."""
    with open(f"/proc/{process.pid}/statm", encoding="ascii") as stream:
        return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def growth(memory):
    """MB by which the last quarter of the measurements is above the second; in the first one everything is new."""
    values = [value for _, value in memory]
    quarter = len(values) // 4
    return round(float(np.mean(values[-quarter:]) - np.mean(values[quarter : 2 * quarter])), 1)


def visit(host, port, number, end, answers):
    """Asks for images until a moment; notes (status or name of an error, seconds) of each."""
    draw = random.Random(number)
    connection = http.client.HTTPConnection(host, port, timeout=60)
    while time.perf_counter() < end:
        seed = draw.randrange(10**6) if draw.random() < SHARE_OF_OTHERS else draw.randrange(POPULAR)
        begin = time.perf_counter()
        try:
            connection.request("GET", f"/api/runs/0/images/{seed}/{draw.randrange(32)}.png")
            answer = connection.getresponse()
            is_png = answer.read()[:4] == b"\x89PNG"
            outcome = answer.status if is_png or answer.status != 200 else "no PNG"
        except (OSError, http.client.HTTPException) as error:
            outcome = type(error).__name__
            connection.close()
        answers.append((outcome, time.perf_counter() - begin))
    connection.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="noto_gan_64", help="model whose gallery is asked")
    parser.add_argument("--clients", type=int, default=200, help="that ask at a time")
    parser.add_argument("--seconds", type=float, default=60, help="how long")
    parser.add_argument("--out", type=Path, help="folder for results.json")
    options = parser.parse_args()
    process, host, port = start_gallery(options.model)
    try:
        answers, memory = [], []
        begin = time.perf_counter()
        end = begin + options.seconds
        clients = [
            threading.Thread(target=visit, args=(host, port, number, end, answers)) for number in range(options.clients)
        ]
        for client in clients:
            client.start()
        while time.perf_counter() < end:
            memory.append((round(time.perf_counter() - begin, 1), round(megabytes(process), 1)))
            time.sleep(options.seconds / 24)
        for client in clients:
            client.join()
        process.send_signal(signal.SIGINT)
        code = process.wait(60)
    finally:
        process.kill()
        process.communicate()
    seconds = np.array([seconds for _, seconds in answers])
    results = {
        "date": datetime.date.today().isoformat(),
        "command": f"python benchmarks/serve_load.py --clients {options.clients} --seconds {options.seconds:g}",
        "model": options.model,
        "cpus": os.cpu_count(),
        "requests": len(answers),
        "outcomes": {str(outcome): count for outcome, count in collections.Counter(o for o, _ in answers).items()},
        "requests_per_second": round(len(answers) / options.seconds, 1),
        "seconds_p50": round(float(np.median(seconds)), 3),
        "seconds_p95": round(float(np.percentile(seconds, 95)), 3),
        "seconds_max": round(float(seconds.max()), 3),
        "megabytes": memory,
        "megabytes_growth": growth(memory),
        "exit_code": code,
    }
    print(json.dumps({name: value for name, value in results.items() if name != "megabytes"}))
    if options.out:
        files.write_json(options.out / "results.json", results)


if __name__ == "__main__":
    main()
