import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from keras_transfer_gen.checks import UserError
from keras_transfer_gen.data import decode
from keras_transfer_gen.data.decode import Frame, UnusableError, decode_image, decode_pillow, recognise
from keras_transfer_gen.data.image_set import Original

RANDOM = np.random.default_rng(0)
KINDS = ["BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP"]


def encoded(image, kind="PNG", **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def decoded(image, kind="PNG", frame=None, **options):
    return decode_image(encoded(image, kind, **options), kind, frame or Frame(32))[0]


def noise(height=32, width=32, channels=3):
    return RANDOM.integers(0, 256, (height, width, channels), np.uint8)


@pytest.mark.parametrize(("kind", "options"), [("PNG", {}), ("BMP", {}), ("TIFF", {}), ("WEBP", {"lossless": True})])
def test_decode_keeps_every_pixel_of_lossless_formats(kind, options):
    pixels = noise()
    content = encoded(Image.fromarray(pixels), kind, **options)
    fitted, original = decode_image(content, recognise("x", content[:32]), Frame(32))
    assert fitted.dtype == np.uint8 and fitted.shape == (32, 32, 3)
    np.testing.assert_array_equal(fitted, pixels)
    assert (original.format, original.mode, original.width, original.height) == (kind, "RGB", 32, 32)


def test_decode_gif_takes_the_first_frame():
    first, second = (Image.new("RGB", (32, 32), colour) for colour in ((10, 20, 30), (200, 0, 0)))
    fitted = decoded(first, "GIF", save_all=True, append_images=[second])
    np.testing.assert_array_equal(fitted, np.broadcast_to(np.uint8([10, 20, 30]), (32, 32, 3)))


def test_decode_pillow_equals_decoding_a_file_and_leaves_the_image_alone():
    exif = Image.Exif()
    exif[274] = 6
    pixels = noise(40, 64)
    content = encoded(Image.fromarray(pixels), exif=exif)
    image = Image.open(io.BytesIO(content))  # not loaded yet
    fitted, original = decode_pillow(image, Frame(32))
    expected, same = decode_image(content, "PNG", Frame(32))
    np.testing.assert_array_equal(fitted, expected)
    assert original == same and (original.width, original.height) == (40, 64)
    np.testing.assert_array_equal(np.asarray(image), pixels)
    assert decode_pillow(Image.new("LA", (9, 5)), Frame(32))[1] == Original("array", "LA", 9, 5)


def test_decode_pillow_gives_the_reason_of_unusable_images(monkeypatch):
    cut = Image.open(io.BytesIO(encoded(Image.fromarray(noise(64, 64)))[:-2000]))
    with pytest.raises(UnusableError, match="^truncated image$"):
        decode_pillow(cut, Frame(32))
    monkeypatch.setattr(decode, "MAX_PIXELS", 1000)
    with pytest.raises(UnusableError, match="^0.00205 million pixels: over the limit"):
        decode_pillow(Image.new("RGB", (64, 32)), Frame(32))


def test_decode_averages_whole_blocks():
    pixels = noise(96, 96)
    expected = np.round(pixels.reshape(32, 3, 32, 3, 3).mean((1, 3)))
    assert np.abs(decoded(Image.fromarray(pixels)) - expected).max() <= 1  # Pillow rounds after each direction
    nearest = pixels[1::3, 1::3]
    assert np.abs(nearest - expected).max() > 50


def test_decode_antialiases_other_factors():
    stripes = np.zeros((80, 80, 3), np.uint8)
    stripes[:, ::2] = 255
    fitted = decoded(Image.fromarray(stripes)).astype(int)
    assert np.abs(fitted[:, 2:-2] - 127).max() < 40
    assert np.abs(stripes[:: 80 // 32, :: 80 // 32][:32, :32].astype(int) - 127).max() == 128


def test_decode_crops_the_middle_square():
    pixels = noise(32, 50)
    np.testing.assert_array_equal(decoded(Image.fromarray(pixels)), pixels[:, 9:41])
    tall = noise(51, 32)
    np.testing.assert_array_equal(decoded(Image.fromarray(tall)), tall[9:41])


def test_decode_pads_with_the_background():
    pixels = noise(32, 64)
    fitted = decoded(Image.fromarray(pixels), frame=Frame(64, resize_mode="pad", background="#0a141e"))
    np.testing.assert_array_equal(fitted[16:48], pixels)
    np.testing.assert_array_equal(fitted[:16], np.broadcast_to(np.uint8([10, 20, 30]), (16, 64, 3)))
    line = decoded(Image.new("RGB", (640, 1)), frame=Frame(64, resize_mode="pad"))
    assert (line == 0).all(-1).sum() == 64 and (line == 255).all(-1).sum() == 63 * 64


def test_decode_enlarges_small_images():
    fitted = decoded(Image.new("RGB", (5, 3), (1, 2, 3)))
    np.testing.assert_array_equal(fitted, np.broadcast_to(np.uint8([1, 2, 3]), (32, 32, 3)))


def test_decode_makes_one_channel_of_colours():
    pixels = noise()
    luma = np.round(pixels @ np.array([0.299, 0.587, 0.114]))[..., None]
    assert np.abs(decoded(Image.fromarray(pixels), frame=Frame(32, 1)) - luma).max() <= 1
    grey = noise(channels=1)
    np.testing.assert_array_equal(decoded(Image.fromarray(grey[..., 0]), frame=Frame(32, 1)), grey)


def over(colours, alpha, ground):
    share = alpha[..., None] / 255
    return colours * share + np.float64(ground) * (1 - share)


@pytest.mark.parametrize("ground", ["white", "black", (10, 200, 90)])
def test_decode_composites_alpha_on_the_background(ground):
    pixels = noise(channels=4)
    expected = over(pixels[..., :3], pixels[..., 3], decode.parse_colour(ground))
    fitted = decoded(Image.fromarray(pixels), frame=Frame(32, background=ground))
    assert np.abs(fitted - expected).max() <= 1
    assert np.abs(pixels[..., :3] - expected).max() > 50  # what dropping the alpha channel gives
    grey = noise(channels=2)
    expected = over(np.repeat(grey[..., :1], 3, -1), grey[..., 1], decode.parse_colour(ground))
    image = Image.merge("LA", [Image.fromarray(grey[..., band]) for band in (0, 1)])
    fitted = decoded(image, frame=Frame(32, background=ground))
    assert np.abs(fitted - expected).max() <= 1


def test_decode_reads_palettes():
    index = RANDOM.integers(0, 4, (32, 32), np.uint8)
    palette = np.uint8([[255, 0, 0], [0, 255, 0], [0, 0, 255], [9, 8, 7]])
    image = Image.frombytes("P", (32, 32), index.tobytes())
    image.putpalette(palette.ravel().tolist())
    np.testing.assert_array_equal(decoded(image), palette[index])
    np.testing.assert_array_equal(decoded(image, "GIF"), palette[index])
    clear = np.where((index == 2)[..., None], np.uint8([255, 255, 255]), palette[index])
    np.testing.assert_array_equal(decoded(image, transparency=2), clear)
    np.testing.assert_array_equal(decoded(image, "GIF", transparency=2), clear)
    half = decoded(image, transparency=bytes([255, 128, 255, 0]), frame=Frame(32, background="black"))
    np.testing.assert_array_equal(half[index == 1], np.broadcast_to([0, 128, 0], half[index == 1].shape))
    np.testing.assert_array_equal(half[index == 3], 0)


def test_decode_reads_a_transparent_colour():
    pixels = noise(channels=1)[..., 0]
    pixels[0, 0] = 77
    fitted = decoded(Image.fromarray(pixels), transparency=77)
    np.testing.assert_array_equal(fitted[..., 0], np.where(pixels == 77, 255, pixels))


def test_decode_reads_bilevel_images():
    bits = RANDOM.integers(0, 2, (32, 32)).astype(bool)
    np.testing.assert_array_equal(decoded(Image.fromarray(bits))[..., 1], bits * np.uint8(255))


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_decode_turns_cmyk_into_rgb(kind):
    ink = Image.merge("CMYK", [Image.new("L", (32, 32), level) for level in (255, 0, 0, 0)])
    fitted = decoded(ink, kind).astype(int)
    assert np.abs(fitted - [0, 255, 255]).max() <= 3


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_decode_scales_16_bit_grey(kind):
    levels = np.linspace(0, 65535, 1024).astype(np.uint16).reshape(32, 32)
    image = Image.fromarray(levels)
    fitted = decoded(image, kind, Frame(32, 1))[..., 0]
    np.testing.assert_array_equal(fitted, np.round(levels / 257))
    clipped = np.minimum(levels, 255)
    assert (clipped != fitted).mean() > 0.9


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.float32([[0, 0.5], [0.25, 1]]), [[0, 128], [64, 255]]),
        (np.float32([[0, 100], [200, 255]]), [[0, 100], [200, 255]]),
        (np.float32([[-2, 0], [1, 2]]), [[0, 128], [191, 255]]),
        (np.int32([[0, 1], [128, 255]]), [[0, 1], [128, 255]]),
        (np.int32([[0, 257], [25700, 65535]]), [[0, 1], [100, 255]]),
        (np.int32([[0, 10**6], [2 * 10**6, 4 * 10**6]]), [[0, 64], [128, 255]]),
        (np.float32([[7e5, 7e5], [7e5, 7e5]]), [[0, 0], [0, 0]]),
    ],
)
def test_decode_scales_32_bit_grey(values, expected):
    image = Image.fromarray(np.kron(values, np.ones((16, 16), values.dtype)))
    fitted = decoded(image, "TIFF", Frame(32, 1))[..., 0]
    np.testing.assert_array_equal(fitted, np.kron(expected, np.ones((16, 16))))


def test_decode_refuses_pixels_that_are_not_numbers():
    with pytest.raises(UnusableError, match="^pixels that are not numbers$"):
        decoded(Image.fromarray(np.full((32, 32), np.nan, np.float32)), "TIFF")


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_decode_applies_exif_orientation(kind, orientation):
    upright = noise(32, 48)
    # How a camera stores the upright image under each tag, in NumPy.
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: np.rot90(upright, 2).transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[274] = orientation
    options = {"lossless": True} if kind == "WEBP" else {}
    content = encoded(Image.fromarray(np.ascontiguousarray(stored)), kind, exif=exif, **options)
    fitted, original = decode_image(content, kind, Frame(32))
    np.testing.assert_array_equal(fitted, upright[:, 8:40])
    assert (original.width, original.height) == (48, 32)
    grey = decode_image(content, kind, Frame(32, 1))[0]
    np.testing.assert_array_equal(grey[..., 0], np.asarray(Image.fromarray(upright[:, 8:40]).convert("L")))


def test_decode_survives_a_broken_exif_block():
    content = encoded(Image.new("RGB", (32, 32), (9, 9, 9)), "PNG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff\xff")
    assert (decode_image(content, "PNG", Frame(32))[0] == 9).all()


def test_decode_of_a_large_jpeg_equals_a_full_decode():
    smooth = np.asarray(Image.fromarray(noise(12, 16)).resize((1600, 1200), Image.Resampling.BICUBIC))
    content = encoded(Image.fromarray(smooth), "JPEG", quality=95)
    fitted = decode_image(content, "JPEG", Frame(64))[0].astype(int)
    full = Image.open(io.BytesIO(content)).resize((64, 64), Image.Resampling.LANCZOS, box=(200, 0, 1400, 1200))
    assert np.abs(fitted - np.asarray(full)).max() <= 4


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("kind", KINDS)
def test_decode_names_truncated_images(kind, share):
    content = encoded(Image.fromarray(noise(64, 64)), kind)
    assert recognise("x", content[:32]) == kind
    reason = "truncated" if share == 0.5 and kind != "TIFF" else "(truncated|broken)"
    with pytest.raises(UnusableError, match=f"^{reason} image$"):
        decode_image(content[: int(len(content) * share)], kind, Frame(32))


@pytest.mark.parametrize("kind", KINDS)
def test_decode_never_fails_otherwise_on_damaged_bytes(kind):
    content = encoded(Image.fromarray(noise(32, 32)), kind)
    random = np.random.default_rng(1)
    for _ in range(40):
        damaged = bytearray(content)
        for position in random.integers(0, len(content), 8):
            damaged[position] = random.integers(256)
        try:
            fitted = decode_image(bytes(damaged), kind, Frame(32))[0]
        except UnusableError as reason:
            assert len(str(reason)) < 80
        else:
            assert fitted.shape == (32, 32, 3)


def png_header(width, height):
    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(10**6))) + chunk(b"IEND", b"")


def with_size(kind, size):
    """A small image whose header claims another size."""
    content = bytearray(encoded(Image.new("RGB", (16, 16)), kind))
    if kind == "BMP":
        content[18:26] = struct.pack("<ii", size, size)
    elif kind == "GIF":
        content[6:10] = struct.pack("<HH", size, size)
    elif kind == "JPEG":
        start = content.index(b"\xff\xc0")
        content[start + 5 : start + 9] = struct.pack(">HH", size, size)
    elif kind == "TIFF":
        for tag in (256, 257):
            keys = [struct.pack("<HHI", tag, width, 1) for width in (3, 4)]
            start = next(content.index(key) for key in keys if key in content)
            content[start : start + 12] = struct.pack("<HHII", tag, 4, 1, size)
    return bytes(content)


@pytest.mark.parametrize("kind", ["BMP", "GIF", "JPEG", "TIFF"])
def test_decode_checks_the_claimed_size_first(kind):
    with pytest.raises(UnusableError, match="^3.6 billion pixels: over the limit of 50 million$"):
        decode_image(with_size(kind, 60000), kind, Frame(32))


def test_decode_refuses_a_bomb_before_it_is_unpacked(monkeypatch):
    for kind in ("PNG", "WEBP"):
        monkeypatch.setattr(decode.DECODERS[kind], "load", lambda image: pytest.fail("the bomb was unpacked"))
    with pytest.raises(UnusableError, match="^10 billion pixels: over the limit of 50 million$"):
        decode_image(png_header(100_000, 100_000), "PNG", Frame(32))
    with pytest.raises(UnusableError, match="^1.2 billion pixels: over"):
        decode_image(png_header(40_000, 30_000), "PNG", Frame(32))
    with pytest.raises(UnusableError, match="^50.4 million pixels: over"):
        decode_image(png_header(7_100, 7_100), "PNG", Frame(32))
    canvas = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + (16382).to_bytes(3, "little") * 2
    frame = encoded(Image.new("RGB", (16, 16)), "WEBP", lossless=True)[12:]
    with pytest.raises(UnusableError, match="^268 million pixels: over|image$"):
        decode_image(b"RIFF" + struct.pack("<I", len(canvas + frame)) + canvas + frame, "WEBP", Frame(32))


def test_decode_of_large_images_is_serial_and_right(monkeypatch):
    monkeypatch.setattr(decode, "SERIAL_PIXELS", 100)
    pixels = noise()
    np.testing.assert_array_equal(decoded(Image.fromarray(pixels)), pixels)
    assert not decode._large_images.locked()


@pytest.mark.parametrize(
    ("name", "head", "reason"),
    [
        ("a.png", b"", "empty file"),
        ("a.png", b"hello, this is text", "not an image"),
        ("noext", b"hello", "not an image"),
        ("a.odd ending of a name", b"hello", "not an image"),
        ("a.txt", b"BM is how this text begins, no more", "not an image: .txt"),
        ("b.JSON", b"{}", "not an image: .json"),
        ("a.svg", b"<svg/>", "unsupported format: .svg"),
        ("a.jpg", b"\0\0\0\x20ftypavif\0\0\0\0", "unsupported format: .avif"),
        ("a.jpg", b"\0\0\0\x20ftypheic\0\0\0\0", "unsupported format: .heic"),
        ("a.psd", b"8BPS\0\1", "unsupported format: .psd"),
        ("a.NEF", b"MM\0*\0\0\0\x08", "unsupported format: .nef"),
    ],
)
def test_recognise_says_why_not(name, head, reason):
    with pytest.raises(UnusableError) as caught:
        recognise(name, head)
    assert str(caught.value) == reason


def test_recognise_goes_by_content_not_by_name():
    assert recognise("really.jpg", encoded(Image.new("L", (4, 4)))[:32]) == "PNG"
    assert recognise("really.txt", encoded(Image.new("L", (4, 4)), "JPEG")[:32]) == "JPEG"


@pytest.mark.parametrize(
    "colour", ["nothing", "#12345", (1, 2), (1, 2, 300), (1, 2, 3, 4), "#11223344", 7, (0.1, 0.2, 0.3)]
)
def test_frame_refuses_what_is_no_colour(colour):
    with pytest.raises(UserError, match=r"`background` must be a colour.*--background"):
        Frame(64, 3, "crop", colour)


def test_frame_refuses_unknown_settings():
    with pytest.raises(UserError, match=r"`resize_mode` must be one of 'crop', 'pad'.*--resize-mode"):
        Frame(64, 3, "stretch")
    for side in (3, 1025, 64.0):
        with pytest.raises(UserError, match="`image_size` must be an integer from 4 to 1024.*--image-size"):
            Frame(side)
    with pytest.raises(UserError, match="`channels` must be one of 1, 3"):
        Frame(48, 4)
    assert Frame(48).shape == (48, 48, 3)
    assert Frame(28, 1, background="white").background == (255, 255, 255)


def test_decode_upright_keeps_the_size_and_turns_the_image():
    pixels = noise(20, 30)
    exif = Image.Exif()
    exif[274] = 6
    image = decode.decode_upright(encoded(Image.fromarray(pixels), exif=exif), "PNG")
    assert image.mode == "RGB" and image.size == (20, 30)
    np.testing.assert_array_equal(np.asarray(image), np.rot90(pixels, -1))
    clear = decode.decode_upright(encoded(Image.new("RGBA", (4, 4), (0, 0, 0, 0))), "PNG", "#ff0000")
    assert clear.getpixel((0, 0)) == (255, 0, 0)
    with pytest.raises(UnusableError, match="truncated image"):
        decode.decode_upright(encoded(Image.fromarray(pixels))[:-40], "PNG")
