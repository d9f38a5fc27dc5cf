"""What exported pages do in a real browser, from disk and from a static server, with the network off."""

import functools
import http.server
import threading
import time

import numpy as np
import pytest

from keras_transfer_gen.export.web.write import SINGLE, write_web
from keras_transfer_gen.maths.latent_arithmetic import spherical_interpolation
from keras_transfer_gen.maths.psnr import peak_signal_to_noise
from keras_transfer_gen.training.latents import numbered_latents, render_numbered
from tests.chromium import PageError, chromium, needs_chromium
from tests.export.web.conftest import KINDS

LEVELS = 2  # the most by which a pixel may differ from Python's


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    needs_chromium()
    with chromium(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture(scope="module")
def server(pages):
    """Address of a static server of the folders of all pages."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    handler = functools.partial(Quiet, directory=pages["labels"].parent)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def open_page(page, address):
    page.open(address)
    page.run("ktg.ready.then(() => ktg.drawn)")


def generated(page, script):
    """uint8 `[S, S, 3]` of an expression that gives RGBA."""
    values = np.array(page.run(f"Array.from({script})"), np.uint8)
    side = int(np.sqrt(len(values) // 4))
    assert (values[3::4] == 255).all()
    return values.reshape(side, side, 4)[..., :3]


def shown(page, canvas):
    """uint8 `[S, S, 3]` of what a canvas shows, two frames from now."""
    page.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))).then(() => 0)")
    size = "0, 0, FACTS.image_size, FACTS.image_size"
    return generated(page, f"document.querySelector('{canvas}').getContext('2d').getImageData({size}).data")


def set_input(page, selector, value, event="input"):
    element = f"document.querySelector('{selector}')"
    page.run(f"{element}.value = {value!r}; {element}.dispatchEvent(new Event({event!r})); 0")


def assert_near(actual, expected):
    assert actual.shape[:2] == expected.shape[:2]
    assert np.abs(actual.astype(int) - expected).max() <= LEVELS


def noise_image(servable, noise, label=None):
    """uint8 image that Python gives for noise, which is transformed as the page does."""
    factor, serve = np.float32(servable.spec.truncation), servable.functions["serve"]
    labels = {} if label is None else {"labels": np.int32([label])}

    def function(inputs):
        return serve.compute(latents=factor * noise[None], **labels)["images"]

    spec = servable.spec
    return render_numbered(lambda _: np.repeat(function(None), 32, axis=0), [0], spec, label=label)[0]


@pytest.mark.parametrize("file", ["single.html", "index.html"])
def test_pages_open_from_disk_and_draw_the_first_image_soon(page, pages, file):
    open_page(page, (pages["generator"] / file).as_uri())
    assert page.run("ktg.firstImageMs") < 3000
    assert page.run("ktg.difference") <= LEVELS
    assert page.complaints == []
    assert all(address.startswith("file:") for address in page.requests)
    assert len(page.requests) == 1 or file == "index.html"
    assert page.run("document.getElementById('error').hidden")


@pytest.mark.parametrize(("quantize", "levels"), [("float16", 5), ("int8", None)])
def test_pages_with_smaller_numbers_draw_nearly_the_same(
    page, servables, page_facts, pages, draw, tmp_path, quantize, levels
):
    folder = write_web(servables["generator"], tmp_path / "page", page_facts["generator"], quantize)
    assert (folder / SINGLE).stat().st_size < (pages["generator"] / SINGLE).stat().st_size
    open_page(page, (folder / SINGLE).as_uri())
    assert page.run("FACTS.levels") == levels and page.run("document.getElementById('error').hidden")
    assert page.complaints == []
    image, expected = generated(page, "ktg.generate(7)").astype(int), draw("generator", [0], 7)[0]
    error = np.abs(image - expected).max() if levels else peak_signal_to_noise(expected, image.astype(np.uint8))
    assert error <= levels if levels else error > 25
    first = peak_signal_to_noise(page_facts["generator"].first_image, generated(page, "ktg.generate(0)"))
    assert page.run("Math.min(ktg.psnr, 99)") == pytest.approx(min(first, 99), abs=0.01)


@pytest.mark.parametrize("kind", KINDS)
def test_a_static_server_is_asked_for_the_files_of_the_page_alone_and_pixels_agree(page, server, draw, kind):
    open_page(page, f"{server}/{kind}/index.html")
    assert page.complaints == []
    assert all(address.startswith(f"{server}/{kind}/") for address in page.requests)
    for seed in (0, 7, 2**40 + 3):
        assert_near(generated(page, f"ktg.generate({seed})"), draw(kind, [0], seed)[0])
    assert_near(generated(page, "ktg.generate(7, {number: 5, truncation: 0.4})"), draw(kind, [5], 7, 0.4)[0])
    for number, image in enumerate(draw(kind, range(16))):
        assert_near(shown(page, f"#grid button:nth-child({number + 1}) canvas"), image)


def test_noise_is_that_of_python_bit_for_bit(page, server):
    open_page(page, f"{server}/labels/index.html")
    for seed, number in [(0, 0), (3, 9), (2**32, 1), (2**53 - 1, 2**32 + 1)]:
        values = page.run(f"Array.from(RANDOM.normals([{seed}, {number}], 20000))")
        np.testing.assert_array_equal(np.float32(values), numbered_latents([number], 20000, seed)[0])
    values = page.run("Array.from({length: 200}, (_, i) => RANDOM.uniform([5, i, 1]))")
    assert values == [np.random.default_rng((5, i, 1)).random() for i in range(200)]
    for classes in (2, 10, 3_000_000_000):
        values = page.run(f"Array.from({{length: 200}}, (_, i) => RANDOM.integer([5, i, 1], {classes}))")
        assert values == [int(np.random.default_rng((5, i, 1)).integers(classes)) for i in range(200)]


@pytest.mark.parametrize("distribution", ["normal", "uniform", "truncated_normal", "sphere"])
def test_latents_follow_every_distribution(page, server, distribution):
    open_page(page, f"{server}/labels/index.html")
    values = page.run(f"Array.from(LATENTS.fromNoise(RANDOM.normals([1, 2], 500), '{distribution}', 0.7))")
    np.testing.assert_allclose(values, numbered_latents([2], 500, 1, 0.7, distribution)[0], atol=2e-6)


def test_sliders_move_the_selected_image_alone(page, server, servables, draw):
    open_page(page, f"{server}/generator/index.html")
    first, noise = draw("generator", [0])[0], numbered_latents([0], 6)[0]
    assert_near(shown(page, "#large"), first)
    set_input(page, "#sliders label:nth-of-type(2) input", "2.5")
    moved = noise + 2.5 * np.eye(6, dtype=np.float32)[-1]
    assert_near(shown(page, "#large"), noise_image(servables["generator"], moved))
    assert np.abs(shown(page, "#large").astype(int) - first).max() > 8
    assert_near(shown(page, "#grid button:first-child canvas"), first)
    page.run("document.getElementById('reset').click()")
    assert_near(shown(page, "#large"), first)


def test_images_between_two_others_lie_on_the_arc(page, server, servables):
    open_page(page, f"{server}/vae/index.html")
    start, end = numbered_latents([0, 1], servables["vae"].spec.latent_dim)
    for share in (0, 30, 100):
        set_input(page, "#share", str(share))
        noise = spherical_interpolation(start, end, [share / 100])[0]
        assert_near(shown(page, "#middle"), noise_image(servables["vae"], noise))


def test_a_class_is_chosen_for_all_images(page, server, draw):
    open_page(page, f"{server}/labels/index.html")
    assert page.run("[...document.querySelectorAll('#class option')].map((o) => o.value)") == ["", "0", "1", "2"]
    set_input(page, "#class", "2", "change")
    page.run("ktg.drawn")
    for number, image in enumerate(draw("labels", range(16), label=2)):
        assert_near(shown(page, f"#grid button:nth-child({number + 1}) canvas"), image)
    assert_near(generated(page, "ktg.generate(4, {label: 1})"), draw("labels", [0], 4, label=1)[0])
    open_page(page, f"{server}/vae/index.html")
    assert page.run("document.getElementById('class-label').hidden")


def test_keys_move_through_the_grid_and_to_the_next_seed(page, server, draw):
    open_page(page, f"{server}/generator/index.html")
    page.run("document.querySelector('#grid button').focus()")
    for key in ("ArrowRight", "ArrowDown", "Enter"):
        page.press(key)
    assert page.run("[...document.querySelectorAll('#grid button')].findIndex((b) => b.ariaPressed === 'true')") == 9
    assert_near(shown(page, "#large"), draw("generator", [9])[0])
    page.press("n")
    assert page.run("document.getElementById('seed').value") == "1"
    assert_near(shown(page, "#large"), draw("generator", [0], 1)[0])


def test_a_png_is_downloaded(page, server, draw, tmp_path):
    from PIL import Image

    open_page(page, f"{server}/generator/index.html")
    page.connection.send("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    page.run("document.getElementById('download').click()")
    file, end = tmp_path / "seed-0-image-0.png", time.monotonic() + 20
    while not file.is_file() and time.monotonic() < end:
        time.sleep(0.05)
    assert_near(np.asarray(Image.open(file).convert("RGB")), draw("generator", [0])[0])


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("ktg.generate(-1)", "seed must be a whole number from 0 to 9007199254740991. Received: -1."),
        ("ktg.generate(1.5)", "Received: 1.5."),
        ("ktg.generate(NaN)", "Received: NaN."),
        ("ktg.generate('3')", "Received: 3."),
        ("ktg.generate()", "Received: undefined."),
        ("ktg.generate(0, {label: 3})", "label must be a whole number from 0 to 2. Received: 3."),
        ("ktg.generate(0, {truncation: 0})", "truncation must be above 0 and at most 1. Received: 0."),
        ("ktg.render([1, 2])", "noise must be 6 numbers. Received: 2 numbers."),
        ("ktg.render([1, 2, 3, 4, 5, NaN])", "noise must be finite numbers. Received: NaN or infinity."),
    ],
)
def test_wrong_arguments_get_a_clear_answer(page, server, script, message):
    if not page.run("'ktg' in self && FACTS.num_classes === 3"):
        open_page(page, f"{server}/labels/index.html")
    with pytest.raises(PageError, match="RangeError") as caught:
        page.run(script)
    assert message in str(caught.value)


def test_a_wrong_seed_is_said_on_the_page_and_the_next_one_works(page, server):
    open_page(page, f"{server}/vae/index.html")
    for text in ("-3", "1.5", ""):
        set_input(page, "#seed", text)
        page.run("document.querySelector('#controls button').click()")
        assert "Seed must be a whole number from 0" in page.run("document.getElementById('error').innerText")
    with pytest.raises(PageError, match="left out: this model has no classes"):
        page.run("ktg.generate(0, {label: 0})")
    set_input(page, "#seed", "12")
    page.run("document.querySelector('#controls button').click()")
    assert page.run("document.getElementById('error').hidden")


def test_a_phone_scrolls_in_one_direction_only(page, server):
    page.resize(360, 740, phone=True)
    try:
        open_page(page, f"{server}/generator/single.html")
        assert page.run("document.documentElement.scrollWidth") <= 360
        assert page.run("[...document.querySelectorAll('main button')].every((b) => b.offsetHeight >= 40)")
    finally:
        page.resize(1200, 900)
