import numpy as np
import tensorflow as tf

from keras_transfer_gen.streams import ImageStream


def test_stream_is_a_dataset_of_its_epoch():
    images = np.arange(24, dtype=np.uint8).reshape(6, 2, 2, 1)
    epoch = tf.data.Dataset.from_tensor_slices(images).batch(2)
    stream = ImageStream(epoch, epoch.repeat().skip, 3, 2, image_set="the images")
    assert isinstance(stream, tf.data.Dataset) and stream.element_spec == epoch.element_spec
    assert np.array_equal(np.concatenate(list(stream.as_numpy_iterator())), images)
    assert np.array_equal(next(stream.from_step(4).as_numpy_iterator()), images[2:4])
    assert (stream.steps_per_epoch, stream.batch_size, stream.image_set) == (3, 2, "the images")
