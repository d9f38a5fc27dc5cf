import pytest

from keras_transfer_gen.transfer.pickles import licences


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ffhq-res256-mirror-paper256-noaug.pkl", "CC BY-NC-SA 4.0"),
        ("metfaces.pkl", "CC BY-NC 2.0"),
        ("afhqcat.pkl", "CC BY-NC 4.0"),
        ("stylegan2-ffhq-config-f.pkl", "FFHQ"),
        ("stylegan2-car-config-f.pkl", "LSUN: terms unknown"),
    ],
)
def test_published_files_have_known_terms(name, words):
    text = licences.licence_of(name)
    assert words in text and text.startswith(licences.NVIDIA)
    assert licences.licence_of(name, is_older=True).startswith(licences.NVIDIA_NC)


@pytest.mark.parametrize("name", ["cats.pkl", "network-snapshot-000100.pkl", "myffhq.pkl", "ffhqish.pt", ""])
def test_other_files_are_to_be_taken_for_non_commercial(name):
    assert licences.licence_of(name) == "unknown, assume non-commercial"
