import types

import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.models.load import load_gan
from keras_transfer_gen.recipes.models.resolve import resolve_model
from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.recipes.settings.distill import DistillSettings
from keras_transfer_gen.recipes.training.family import Source
from keras_transfer_gen.recipes.training.gan.student import IMAGE_SEED, StudentFamily
from keras_transfer_gen.transfer.regularizers.imitation import Imitation
from tests import generator_fixtures

pytestmark = pytest.mark.usefixtures("quick_scores")


@pytest.fixture
def run(source_file, tmp_path):
    """What the family asks of a `Run`."""
    settings = DistillSettings(source=source_file, size_mb=0.02, out=tmp_path, images=12, precision="float32")
    folder = types.SimpleNamespace(checkpoints=tmp_path / "checkpoints")
    notes = {}
    return types.SimpleNamespace(
        settings=settings, folder=folder, reporter=SILENT, batch_per_replica=32, note=notes.update, noted=notes
    )


def test_images_of_the_teacher_stand_for_real_ones_and_the_student_imitates_it(run, source_file):
    family, teacher = StudentFamily(), load_gan(source_file)
    source = Source(teacher, resolve_model(str(source_file)))
    images = family.draw_images(run, source)
    np.testing.assert_array_equal(images.image_set.images, teacher.generate(12, seed=IMAGE_SEED))
    notes = family.measure_source(run, source, images)
    assert notes["arithmetic"] == "float32" and notes["kid_floor"]["n_fake"] == 12
    student = family.model_from_source(run, source)
    assert np.isfinite(run.noted["psnr_before"]) and student.step == 0 and student.compiled
    (imitation,) = [part for part in student.regularizers if isinstance(part, Imitation)]
    assert imitation._teacher.network is None
    family.set_teacher(student, source)
    assert imitation._teacher.network is teacher.ema_generator
    assert all(layer.trainable for layer in student.generator.layers)


def test_teachers_with_classes_are_refused(run):
    folder = generator_fixtures.folder_of("labelled")
    run.settings = DistillSettings(source=folder, size_mb=0.02, out=run.settings.out)
    with pytest.raises(checks.UserError, match="a GAN without classes"):
        StudentFamily().open_source(run)
